"""The desk, the one door through which cases are changed: load, decide, append."""

from caseflow.desk.adopter import Adoption, Granted, Holder, LegacyCase, Paused
from caseflow.desk.case_list import CaseCounts, Page
from caseflow.desk.desk import AsyncDesk, Desk
from caseflow.desk.hooks import Happened, Hooks
from caseflow.desk.migrator import Migration
from caseflow.desk.sweeper import Sweep

__all__ = [
    "Adoption", "AsyncDesk", "CaseCounts", "Desk", "Granted", "Happened", "Holder", "Hooks", "LegacyCase",
    "Migration", "Page", "Paused", "Sweep",
]  # fmt: skip
