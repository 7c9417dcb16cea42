"""From TOML, or a table as JSON gives it, to a typed `Policy`, noting every key that does not fit."""

from __future__ import annotations

import math
import re
import types
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeGuard, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec

from caseflow.core.bounds import LARGEST_INT, LONGEST_LABEL, LONGEST_NAME, MOST_LEVELS
from caseflow.core.policy import Policy
from caseflow.core.policy_keys import Scalar, When
from caseflow.core.time.calendar import Calendar
from caseflow.errors import BadInput, PolicyError, Problem
from caseflow.i18n import is_visible
from caseflow.policies.calendar_sources.calendar_text import place_of

MOST_PARTS = 100
"""Parts of a dotted key; the parser takes time and memory by their square."""

_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.){0,200}+"|'[^'\n]{0,200}+')"""
_DOTTED = re.compile(rf"(?<![\w\\-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MOST_PARTS}}}", re.ASCII)
_T = TypeVar("_T")
_WRONG = object()
"""What a value that does not fit is read as; it is left out."""


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


class Notes:
    """The problems found so far in one file."""

    def __init__(self, file: str, problems: list[Problem] | None = None) -> None:
        self.file = file
        self.problems: list[Problem] = [] if problems is None else problems

    def of(self, file: str) -> Notes:
        """Notes on another file that go to the same list."""
        return Notes(file, self.problems)

    def add(self, path: str, code: str, value: object = "") -> None:
        """Note one problem at a key path."""
        self.problems.append(Problem(self.file, path, code, str(value)[:200]))


def policy_from(table: Mapping[str, Any], notes: Notes) -> Policy | None:
    """The policy a table describes, without the parts that do not fit, which are noted.

    `None` when too much is missing to make one.
    """
    policy: Policy | None = _build(Policy, table, "", notes)
    return policy


def policy_from_document(document: Mapping[str, Any]) -> Policy:
    """The policy that `Policy.document` described, calendars included.

    Raises:
        PolicyError: the document is not one.
    """
    notes = Notes("stored policy")
    policy = policy_from(document.get("policy", {}), notes)
    if policy is None or notes.problems:
        raise PolicyError(notes.problems)
    try:
        calendars = msgspec.convert(document.get("calendars"), dict[str, dict[str, Any]])
        tables = {name: Calendar.from_document(table) for name, table in calendars.items()}
    except (BadInput, ValueError) as error:
        raise PolicyError([Problem(notes.file, "calendars", "calendar-unavailable", str(error))]) from error
    return attrs.evolve(policy, tables=tables)


def built(cls: type[_T], table: object, notes: Notes) -> _T | None:
    """The value of an attrs class that a table describes; `None` with the problems noted."""
    before = len(notes.problems)
    result: _T = _build(cls, table, "", notes)
    return result if len(notes.problems) == before else None


def partly(cls: type[_T], table: object, notes: Notes) -> _T | None:
    """The value that a table describes without the parts that do not fit, which are noted.

    `None` when too much is missing to make one.
    """
    result: _T | None = _build(cls, table, "", notes)
    return result


def is_table(data: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether data of no known type are a table, whose keys are names as in TOML and JSON."""
    return isinstance(data, Mapping)


def is_list(data: object) -> TypeGuard[Sequence[Any]]:
    """Whether they are a list, as files have it, or a tuple, as code writes it."""
    return isinstance(data, list | tuple)


def _build(cls: Any, table: object, path: str, notes: Notes) -> Any:
    if not is_table(table):
        notes.add(path or ".", "wrong-type", f"{type(table).__name__}, expected a table")
        return _WRONG if path else None
    if cls is When:
        return _condition(table, path, notes)
    fields: dict[str, Any] = {}
    hints = _hints(cls)
    for key, value in table.items():
        if key not in hints:
            notes.add(_join(path, key), "unknown-key", key)
        elif value is not None:
            name, hint = hints[key]
            read = _read(hint, value, _join(path, key), notes)
            if read is not _WRONG:
                fields[name] = read
    missing = [field.name for field in attrs.fields(cls) if field.default is attrs.NOTHING and field.init]
    for name in missing:
        if name not in table:  # no required key is called otherwise in a file
            notes.add(_join(path, name), "missing-key")
        if name not in fields:
            return _WRONG if path else None
    return cls(**fields)


def _condition(table: Mapping[str, Any], path: str, notes: Notes) -> When:
    """A condition as files have it: ``{ kind = [...], not = { region = [...] } }``."""
    admitted = {name: values for name, values in table.items() if name != "not"}
    lists = dict[str, tuple[Scalar, ...]]
    admits = _read(lists, admitted, path, notes)
    excludes = _read(lists, table.get("not", {}), _join(path, "not"), notes)
    return When(admits, {} if excludes is _WRONG else excludes)


@cache
def _hints(cls: Any) -> dict[str, tuple[str, Any]]:
    """Key in a file -> the attribute's name and type."""
    types_of = get_type_hints(cls)
    kept = (field for field in attrs.fields(cls) if field.metadata.get("document", True))
    return {field.metadata.get("key", field.name): (field.name, types_of[field.name]) for field in kept}


def _read(hint: Any, value: object, path: str, notes: Notes) -> Any:
    wrong = _out_of_bounds(value, within=hint is Any)
    if wrong:
        notes.add(path, "out-of-bounds", wrong)
        return _WRONG
    if hint is Any:
        return value
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        parts = [part for part in get_args(hint) if part is not type(None)]
        if type(value) in parts:
            return value
        if len(parts) > 1:
            expected = " or ".join(part.__name__ for part in parts)
            notes.add(path, "wrong-type", f"{type(value).__name__}, expected {expected}")
            return _WRONG
        return _read(parts[0], value, path, notes)
    if origin is dict:
        if not is_table(value):
            notes.add(path, "wrong-type", f"{type(value).__name__}, expected a table")
            return _WRONG
        inner = get_args(hint)[1]
        for key in map(str, value):
            if len(key) > LONGEST_NAME or not key.isprintable():
                notes.add(path, "bad-name", repr(key)[:80])
                return _WRONG
        read = {str(key): _read(inner, part, _join(path, str(key)), notes) for key, part in value.items()}
        return {key: part for key, part in read.items() if part is not _WRONG}
    if origin is tuple:
        if not is_list(value):
            notes.add(path, "wrong-type", f"{type(value).__name__}, expected a list")
            return _WRONG
        inner = get_args(hint)[0]
        parts = [_read(inner, part, f"{path}[{index}]", notes) for index, part in enumerate(value)]
        return tuple(part for part in parts if part is not _WRONG)
    if attrs.has(hint):
        return _build(hint, value, path, notes)
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        notes.add(path, "not-finite", value)
        return _WRONG
    if type(value) is not hint:
        notes.add(path, "wrong-type", f"{type(value).__name__}, expected {hint.__name__}")
        return _WRONG
    return value


def _out_of_bounds(value: object, *, within: bool) -> str:
    """What is wrong with the length or size of a value, and the bound; empty for nothing.

    Args:
        within: whether what a table or list holds is looked at as well.
    """
    if isinstance(value, str) and len(value) > LONGEST_LABEL:
        return f"{len(value)} characters, at most {LONGEST_LABEL}"
    if isinstance(value, str) and not value.isprintable() and not is_visible(value):
        return f"{value!r:.80} has characters that do not print"
    if type(value) is int and abs(value) > LARGEST_INT:
        return f"a whole number beyond {LARGEST_INT}"
    if within and (is_table(value) or is_list(value)):
        parts: Iterable[object] = (*value, *value.values()) if is_table(value) else value
        return next(filter(None, (_out_of_bounds(part, within=True) for part in parts)), "")
    return ""


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
