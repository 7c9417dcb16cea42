"""TOML that people write, held to its bounds before it is parsed: policies, calendars, mappings, settings."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from typing import Any

from caseflow.core.bounds import MOST_LEVELS
from caseflow.errors import BadInput
from caseflow.policies.calendar_sources.calendar_text import place_of

MOST_PARTS = 100
"""Parts of a dotted key; the parser takes time and memory by their square."""

_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.){0,200}+"|'[^'\n]{0,200}+')"""
_DOTTED = re.compile(rf"(?<![\w\\-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MOST_PARTS}}}", re.ASCII)


def toml_table(raw: bytes, *, what: str) -> dict[str, Any]:
    """The table that UTF-8 text describes, with or without a byte order mark.

    Raises:
        BadInput: it is not UTF-8 or not TOML, a number has more digits than Python reads, or it is nested
            too deeply.
    """
    import tomllib  # a tenth of the time of importing caseflow, and needed only here

    try:
        text = raw.removeprefix(BOM_UTF8).decode()
        if _DOTTED.search(text):
            raise BadInput("too-deep", what=what, found=f"a key of more than {MOST_PARTS} parts")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise BadInput("not-utf8", what=what, found=place_of(error)) from error
    except ValueError as error:  # or a number of too many digits
        raise BadInput("bad-toml", what=what, found=str(error)) from error
    except RecursionError:
        raise BadInput("too-deep", what=what, found=f"more than {MOST_LEVELS} levels") from None
    if depth(table) > MOST_LEVELS:
        raise BadInput("too-deep", what=what, found=f"more than {MOST_LEVELS} levels")
    return table


def depth(table: object) -> int:
    """How deeply tables and lists are nested."""
    deepest, level = 0, [table]
    while level:
        deepest += 1
        level = [part for value in level for part in _parts(value)]
    return deepest


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
