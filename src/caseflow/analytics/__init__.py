"""Figures of many cases: tables and boards to publish, and recurring problems to put right.

It needs the extra ``analytics``. What is asked for is imported when it is asked for: a board needs no
comparison of texts, nor the other way round.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# At once, since the function bears the name of its module, which else would stand in its place.
from caseflow.analytics.occurrences import Occurrence, occurrences

if TYPE_CHECKING:
    from caseflow.analytics.decisions import Opening, dismiss, evidence, open_rectification
    from caseflow.analytics.excess import Excess, Period, Search, TooNew, excesses
    from caseflow.analytics.proposals import Proposal, Proposals, proposals_of, propose
    from caseflow.analytics.repeated_texts import near_duplicates

__all__ = [
    "Excess",
    "Occurrence",
    "Opening",
    "Period",
    "Proposal",
    "Proposals",
    "Search",
    "TooNew",
    "dismiss",
    "evidence",
    "excesses",
    "near_duplicates",
    "occurrences",
    "open_rectification",
    "proposals_of",
    "propose",
]

_MODULES = {
    "decisions": ("Opening", "dismiss", "evidence", "open_rectification"),
    "excess": ("Excess", "Period", "Search", "TooNew", "excesses"),
    "proposals": ("Proposal", "Proposals", "proposals_of", "propose"),
    "repeated_texts": ("near_duplicates",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """The public name, from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
