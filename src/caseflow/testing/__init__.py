"""The test kit: what a portal's tests need to prove its deadlines. A name is loaded when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caseflow.testing.contract import StoreContract
    from caseflow.testing.contract.walk import StoreMachine, walk_beside_a_dict
    from caseflow.testing.golden import GoldenHistory, record
    from caseflow.testing.golden_check import accept_golden, check_golden, compared
    from caseflow.testing.golden_file import golden_files, read_golden, write_golden
    from caseflow.testing.story import Story, StoryLine, story_of, together, told
    from caseflow.testing.timeline import Timeline
    from caseflow.testing.timeline_case import TimelineTestCase

__all__ = [
    "GoldenHistory",
    "StoreContract",
    "StoreMachine",
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
    "walk_beside_a_dict",
    "write_golden",
]

_HOMES = {
    "GoldenHistory": "golden",
    "StoreContract": "contract",
    "StoreMachine": "contract.walk",
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
    "walk_beside_a_dict": "contract.walk",
}
"""Name -> the module of this folder that it lives in."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        if error.name not in ("hypothesis", "pytest"):
            raise
        raise ImportError(
            f"caseflow.testing.{name} needs {error.name}: pip install 'caseflow-gov[testing]'"
        ) from error
