"""caseflow: the life of a citizen's inquiry inside a government portal, with deadlines that escalate."""

from caseflow.calendars import load_calendar, read_calendar
from caseflow.clock import ManualClock, SystemClock
from caseflow.config import load_policy
from caseflow.core.calendars import Calendar
from caseflow.core.case import Card, Case, ClockRun
from caseflow.core.commands import Actor, Command
from caseflow.core.policy import Policy
from caseflow.core.terms import HandlingStep, Stage
from caseflow.desk import Adoption, Desk, Happened, Page, Sweep
from caseflow.desk.legacy import Granted, LegacyCase, Paused
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
from caseflow.stores.memory import MemoryStore
from caseflow.stores.sqlite import SqliteStore

__version__ = "0.1.0"

__all__ = [
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
    "read_calendar",
]
