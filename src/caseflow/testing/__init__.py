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
    from caseflow.testing.laws.broken import LawBroken, Violation
    from caseflow.testing.laws.engine import Engine
    from caseflow.testing.laws.life import Life
    from caseflow.testing.laws.running import LawsReport, PolicyLaws, laws_as_test, policy_laws
    from caseflow.testing.notifier_contract import NotifierContract, Received
    from caseflow.testing.story import Story, StoryLine, story_of, together, told
    from caseflow.testing.timeline import Timeline
    from caseflow.testing.timeline_case import TimelineTestCase

__all__ = [
    "Engine",
    "GoldenHistory",
    "LawBroken",
    "LawsReport",
    "Life",
    "NotifierContract",
    "PolicyLaws",
    "Received",
    "StoreContract",
    "StoreMachine",
    "Story",
    "StoryLine",
    "Timeline",
    "TimelineTestCase",
    "Violation",
    "accept_golden",
    "check_golden",
    "compared",
    "golden_files",
    "laws_as_test",
    "policy_laws",
    "read_golden",
    "record",
    "story_of",
    "together",
    "told",
    "walk_beside_a_dict",
    "write_golden",
]

_HOMES = {
    "Engine": "laws.engine",
    "GoldenHistory": "golden",
    "NotifierContract": "notifier_contract",
    "Received": "notifier_contract",
    "LawBroken": "laws.broken",
    "LawsReport": "laws.running",
    "Life": "laws.life",
    "PolicyLaws": "laws.running",
    "StoreContract": "contract",
    "StoreMachine": "contract.walk",
    "Story": "story",
    "StoryLine": "story",
    "Timeline": "timeline",
    "TimelineTestCase": "timeline_case",
    "Violation": "laws.broken",
    "accept_golden": "golden_check",
    "check_golden": "golden_check",
    "compared": "golden_check",
    "golden_files": "golden_file",
    "laws_as_test": "laws.running",
    "policy_laws": "laws.running",
    "read_golden": "golden_file",
    "record": "golden",
    "story_of": "story",
    "together": "story",
    "told": "story",
    "walk_beside_a_dict": "contract.walk",
    "write_golden": "golden_file",
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
