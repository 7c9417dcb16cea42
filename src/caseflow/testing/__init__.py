"""The test kit: what a portal's tests need to prove its deadlines. A name is loaded when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caseflow.testing.story import Story, StoryLine, story_of, together, told
    from caseflow.testing.timeline import Timeline
    from caseflow.testing.timeline_case import TimelineTestCase

__all__ = ["Story", "StoryLine", "Timeline", "TimelineTestCase", "story_of", "together", "told"]

_HOMES = {
    "Story": "story",
    "StoryLine": "story",
    "Timeline": "timeline",
    "TimelineTestCase": "timeline_case",
    "story_of": "story",
    "together": "story",
    "told": "story",
}
"""Name -> the module of this folder that it lives in."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
