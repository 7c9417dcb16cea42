"""findings(policy) -> what is wrong with a policy that can be used, each with the way that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from caseflow.core.lint import clocks, delays, horizon, people
from caseflow.core.lint.finding import Finding
from caseflow.core.lint.graph import Graph
from caseflow.core.policy import Policy
from caseflow.core.rules import Rules


def findings(policy: Policy, *, today: date | None = None) -> tuple[Finding, ...]:
    """What the policy gets wrong although it can be used.

    Args:
        policy: one that `load_policy` accepted.
        today: the day from which calendars must reach the last rungs, in the office's zone; without it
            horizons are not looked at.

    Returns:
        Findings about states, then each clock in the policy's order, then guards, then roles; empty when
        there are none.
    """
    return tuple(_all(Rules(policy), today))


def _all(rules: Rules, today: date | None) -> Iterator[Finding]:
    yield from clocks.of_states(rules)
    for plan in rules.plans:
        graph = Graph(rules, (plan,))
        yield from clocks.of_clock(rules, plan, graph)
        yield from delays.of_clock(rules, plan, graph)
        yield from people.of_clock(rules, plan, graph)
        if today is not None:
            yield from horizon.of_clock(rules, plan, today)
    yield from delays.of_guards(rules)
    yield from people.of_roles(rules)
