"""Hypothesis strategies for time, calendars, policies, people and cases; import it ``as cs``.

Every strategy takes any policy: a `Policy`, the name of a shipped one, the path of a file, or a strategy
that draws one, such as `policies()`.
"""

from caseflow.testing.step import Step
from caseflow.testing.strategies.calendar_strategies import calendars
from caseflow.testing.strategies.command_strategies import IllegalCommand, actors, illegal_commands
from caseflow.testing.strategies.instant_strategies import Instant, boundaries, boundary_instants
from caseflow.testing.strategies.policy_faults import BrokenPolicy, broken_policies
from caseflow.testing.strategies.policy_strategies import policies
from caseflow.testing.strategies.timeline_script import Script
from caseflow.testing.strategies.timeline_strategies import cases, legal_commands, timelines

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
