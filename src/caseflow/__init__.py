"""caseflow: the life of a citizen's inquiry inside a government portal, with deadlines that escalate."""

from caseflow.clock import ManualClock, SystemClock
from caseflow.core.engine.machine import machine
from caseflow.core.model.case import Card, Case
from caseflow.core.model.commands import ELSEWHERE, Actor, Command
from caseflow.core.model.sla import ClockRun
from caseflow.core.policy import HandlingStep, Policy, Stage
from caseflow.core.time.calendar import Calendar
from caseflow.desk import Adoption, Desk, Happened, Migration, Page, Sweep
from caseflow.desk.adopter import Granted, LegacyCase, Paused
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
from caseflow.stores.memory import MemoryStore
from caseflow.stores.sqlite import SqliteStore

__version__ = "0.1.0"

__all__ = [
    "ELSEWHERE",
    "Actor",
    "Adoption",
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
    "KeyReused",
    "LegacyCase",
    "LogError",
    "ManualClock",
    "MemoryStore",
    "Migration",
    "Page",
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
    "machine",
    "read_calendar",
]
