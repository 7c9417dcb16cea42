"""The test kit: what a portal's tests need to prove its deadlines. A name is loaded when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caseflow.testing.contract.http_contract import HttpContract
    from caseflow.testing.contract.notifier_contract import NotifierContract, Received
    from caseflow.testing.contract.store_contract import StoreContract
    from caseflow.testing.contract.store_machine import StoreMachine, walk_beside_a_dict
    from caseflow.testing.golden.golden_check import accept_golden, check_golden, compared
    from caseflow.testing.golden.golden_history import (
        GoldenHistory,
        golden_files,
        read_golden,
        record,
        write_golden,
    )
    from caseflow.testing.laws.laws import LawBroken, Violation
    from caseflow.testing.laws.life import Life
    from caseflow.testing.laws.policy_laws import LawsReport, PolicyLaws, laws_as_test, policy_laws
    from caseflow.testing.laws.world import Engine
    from caseflow.testing.timeline.stored_story import Story, StoryLine, story_of, together, told
    from caseflow.testing.timeline.timeline import Timeline, TimelineTestCase

__all__ = [
    "Engine", "GoldenHistory", "HttpContract", "LawBroken", "LawsReport", "Life", "NotifierContract",
    "PolicyLaws", "Received", "StoreContract", "StoreMachine", "Story", "StoryLine", "Timeline",
    "TimelineTestCase", "Violation", "accept_golden", "check_golden", "compared", "golden_files",
    "laws_as_test", "policy_laws", "read_golden", "record", "story_of", "together", "told",
    "walk_beside_a_dict", "write_golden",
]  # fmt: skip

_HOMES = {
    "contract.http_contract": "HttpContract",
    "contract.notifier_contract": "NotifierContract Received",
    "contract.store_contract": "StoreContract",
    "contract.store_machine": "StoreMachine walk_beside_a_dict",
    "golden.golden_check": "accept_golden check_golden compared",
    "golden.golden_history": "GoldenHistory golden_files read_golden record write_golden",
    "laws.laws": "LawBroken Violation",
    "laws.life": "Life",
    "laws.policy_laws": "LawsReport PolicyLaws laws_as_test policy_laws",
    "laws.world": "Engine",
    "timeline.stored_story": "Story StoryLine story_of together told",
    "timeline.timeline": "Timeline TimelineTestCase",
}
"""Module of this folder -> the public names that live in it."""
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        if error.name not in ("hypothesis", "httpx", "pytest"):
            raise
        raise ImportError(
            f"caseflow.testing.{name} needs {error.name}: pip install 'caseflow-gov[testing]'"
        ) from error
