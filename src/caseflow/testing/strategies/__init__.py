"""Hypothesis strategies for time, calendars, policies, people and cases; import it ``as cs``.

Every strategy takes any policy: a `Policy`, the name of a shipped one, the path of a file, or a strategy
that draws one, such as `policies()`.
"""

from caseflow.testing.strategies.broken import BrokenPolicy, broken_policies
from caseflow.testing.strategies.calendars import calendars
from caseflow.testing.strategies.illegal import IllegalCommand, illegal_commands
from caseflow.testing.strategies.instants import Instant, boundaries, boundary_instants
from caseflow.testing.strategies.people import actors
from caseflow.testing.strategies.policies import policies
from caseflow.testing.strategies.script import Script, Step
from caseflow.testing.strategies.timelines import cases, legal_commands, timelines

__all__ = [
    "BrokenPolicy",
    "IllegalCommand",
    "Instant",
    "Script",
    "Step",
    "actors",
    "boundaries",
    "boundary_instants",
    "broken_policies",
    "calendars",
    "cases",
    "illegal_commands",
    "legal_commands",
    "policies",
    "timelines",
]
