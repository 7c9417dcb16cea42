"""Findings about roles that never act, and about notices and documents that reach nobody."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.core.clocks import ClockPlan
from caseflow.core.commands import SYSTEM
from caseflow.core.lint.finding import Finding, finding
from caseflow.core.lint.graph import Graph
from caseflow.core.policy import Rung
from caseflow.core.rules import Rules


def of_roles(rules: Rules) -> Iterator[Finding]:
    """Roles without anything to do, and actions without anyone who may take them."""
    policy, graph = rules.policy, Graph(rules)
    told = {role for clock in policy.clocks.values() for rung in clock.rungs for role in rung.recipients}
    told |= {role for notice in policy.notices.values() for role in notice.to}
    acting = {role for action in policy.actions.values() for role in action.roles}
    for name, rights in policy.roles.items():
        if not rights.everything and name not in told | acting:
            yield finding("role-idle", f"roles.{name}", role=name)
    timed = {rung.then for clock in policy.clocks.values() for rung in clock.rungs}
    everyone = any(role.everything for role in policy.roles.values())
    for name, action in policy.actions.items():
        path = f"actions.{name}.roles"
        if not action.roles and not everyone and name not in timed:
            yield finding("action-for-nobody", path, action=name)
        spots = [spot for spot in graph.spots if name in rules.table[spot.state]]
        if action.co_handlers or not graph.complete or not spots or any(spot.held for spot in spots):
            continue
        for role in action.roles:
            if policy.roles[role].scope == "unit":
                states = ", ".join(dict.fromkeys(spot.state or "start" for spot in spots))
                yield finding("role-never-acts", path, role=role, action=name, states=states)


def of_clock(rules: Rules, plan: ClockPlan, graph: Graph) -> Iterator[Finding]:
    """Rungs whose notice or document reaches nobody."""
    roles = rules.policy.roles
    alone = next((spot for spot in graph.spots if spot.clocks[0].runs and not spot.held), None)
    for index, rung in enumerate(plan.rule.rungs):
        path, level = f"clocks.{plan.name}.rungs[{index}]", rung.level
        told = [roles[name] for name in rung.recipients]
        if not told:
            yield finding("notice-to-nobody", f"{path}.recipients", level=level)
        elif all(role.everything for role in told):
            names = ", ".join(rung.recipients)
            yield finding("notice-to-program", f"{path}.recipients", level=level, roles=names)
        elif alone is not None and not plan.rule.subject and all(role.scope == "unit" for role in told):
            names, way = ", ".join(rung.recipients), graph.way_to(alone)
            yield finding(
                "notice-without-unit", f"{path}.recipients",
                way=way, level=level, roles=names, state=alone.state,
            )  # fmt: skip
        if rung.document and not _has_office(rules, rung):
            yield finding("document-without-office", f"{path}.document", level=level, document=rung.document)


def _has_office(rules: Rules, rung: Rung) -> bool:
    """Whether someone over all cases, who is no program, is told, and so can issue the document."""
    roles = [rules.policy.roles[name] for name in rung.recipients if name != SYSTEM.role]
    return any(role.scope == "any" and not role.everything for role in roles)
