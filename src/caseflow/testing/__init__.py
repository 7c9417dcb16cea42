"""The test kit: what a portal's tests need to prove its deadlines. A name is loaded when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caseflow.testing.golden import GoldenHistory, record
    from caseflow.testing.golden_check import accept_golden, check_golden, compared
    from caseflow.testing.golden_file import golden_files, read_golden, write_golden
    from caseflow.testing.story import Story, StoryLine, story_of, together, told
    from caseflow.testing.timeline import Timeline
    from caseflow.testing.timeline_case import TimelineTestCase

__all__ = [
    "GoldenHistory",
    "Story",
    "StoryLine",
    "Timeline",
    "TimelineTestCase",
    "accept_golden",
    "check_golden",
    "compared",
    "golden_files",
    "read_golden",
    "record",
    "story_of",
    "together",
    "told",
    "write_golden",
]

_HOMES = {
    "GoldenHistory": "golden",
    "Story": "story",
    "StoryLine": "story",
    "Timeline": "timeline",
    "TimelineTestCase": "timeline_case",
    "accept_golden": "golden_check",
    "check_golden": "golden_check",
    "compared": "golden_check",
    "golden_files": "golden_file",
    "read_golden": "golden_file",
    "record": "golden",
    "story_of": "story",
    "together": "story",
    "told": "story",
    "write_golden": "golden_file",
}
"""Name -> the module of this folder that it lives in."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
