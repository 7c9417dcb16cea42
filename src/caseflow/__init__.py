"""caseflow: the life of a citizen's inquiry inside a government portal, with deadlines that escalate.

A name is loaded when it is first used, so that a program pays for the store that it has and for no other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caseflow.clock import ManualClock, SystemClock
    from caseflow.core.engine.machine import machine
    from caseflow.core.model.case import Card, Case
    from caseflow.core.model.clock_run import ClockRun
    from caseflow.core.model.commands import ELSEWHERE, Actor, Command
    from caseflow.core.policy import HandlingStep, Policy, Stage
    from caseflow.core.time.calendar import Calendar
    from caseflow.desk import Adoption, AsyncDesk, Desk, Happened, Migration, Page, Sweep
    from caseflow.desk.adopter import Granted, Holder, LegacyCase, PastRating, Paused
    from caseflow.errors import (
        BadInput,
        CaseflowError,
        KeyReused,
        LogError,
        PolicyError,
        Refusal,
        Refused,
        Stale,
        StoreBusy,
        StoreError,
        UnknownCase,
    )
    from caseflow.policies.calendars import load_calendar, read_calendar
    from caseflow.policies.load import load_policy
    from caseflow.policies.unit_register import load_units
    from caseflow.stores.memory import MemoryStore
    from caseflow.stores.sqlite import SqliteStore

__version__ = "0.1.0"

__all__ = [
    "ELSEWHERE",
    "Actor",
    "Adoption",
    "AsyncDesk",
    "BadInput",
    "Calendar",
    "Card",
    "Case",
    "CaseflowError",
    "ClockRun",
    "Command",
    "Desk",
    "Granted",
    "HandlingStep",
    "Happened",
    "Holder",
    "KeyReused",
    "LegacyCase",
    "LogError",
    "ManualClock",
    "MemoryStore",
    "Migration",
    "Page",
    "PastRating",
    "Paused",
    "Policy",
    "PolicyError",
    "Refusal",
    "Refused",
    "SqliteStore",
    "Stage",
    "Stale",
    "StoreBusy",
    "StoreError",
    "Sweep",
    "SystemClock",
    "UnknownCase",
    "load_calendar",
    "load_policy",
    "load_units",
    "machine",
    "read_calendar",
]

_HOMES = {
    "clock": "ManualClock SystemClock",
    "core.engine.machine": "machine",
    "core.model.case": "Card Case",
    "core.model.commands": "ELSEWHERE Actor Command",
    "core.model.clock_run": "ClockRun",
    "core.policy": "HandlingStep Policy Stage",
    "core.time.calendar": "Calendar",
    "desk": "Adoption AsyncDesk Desk Happened Migration Page Sweep",
    "desk.adopter": "Granted Holder LegacyCase PastRating Paused",
    "errors": "BadInput CaseflowError KeyReused LogError PolicyError Refusal Refused Stale "
    "StoreBusy StoreError UnknownCase",
    "policies.calendars": "load_calendar read_calendar",
    "policies.load": "load_policy",
    "policies.unit_register": "load_units",
    "stores.memory": "MemoryStore",
    "stores.sqlite": "SqliteStore",
}
"""Module below this one -> the public names that it has; those above, as type checkers read them."""
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}


if not TYPE_CHECKING:  # to a type checker, a name that is none of these stays an error

    def __getattr__(name: str) -> object:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
