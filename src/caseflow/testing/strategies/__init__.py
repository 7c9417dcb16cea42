"""Hypothesis strategies for time, policies, calendars and cases; import it ``as cs``."""

from caseflow.testing.strategies.broken import BrokenPolicy, broken_policies
from caseflow.testing.strategies.calendars import calendars
from caseflow.testing.strategies.instants import Instant, boundaries, boundary_instants
from caseflow.testing.strategies.policies import policies

__all__ = [
    "BrokenPolicy",
    "Instant",
    "boundaries",
    "boundary_instants",
    "broken_policies",
    "calendars",
    "policies",
]
