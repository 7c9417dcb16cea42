"""Who may take an action on a case as it stands, and who may not."""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.core.case import Case
from caseflow.core.commands import SYSTEM, Actor
from caseflow.core.rules import Rules
from caseflow.testing.moves.rows import row_of

UNITS = ("城管局", "住建局", "水务集团")
"""The units that moves speak of unless others are given."""
STRANGER = "陌生单位"
"""A unit that holds no case."""


def fitting_actors(
    rules: Rules, case: Case, action: str, *, units: Sequence[str] = UNITS
) -> tuple[Actor, ...]:
    """Everyone who may take the action on the case as it stands, one or more for each role, in the policy's
    order of roles.

    A role of scope ``own`` acts as the case's citizen, one of scope ``unit`` for the unit that holds the case
    and, where the action admits them, for each co-handling unit. Empty when nobody may.
    """
    row = row_of(rules, case, action)
    if row is None:
        return ()
    helpers = case.facts.co_handlers
    found: list[Actor] = []
    for role in rules.policy.roles:
        scope = row.scopes.get(role)
        if scope == "own":
            citizen = case.citizen if case.version else f"{role}-1"
            found += [Actor(citizen, role=role)] if citizen else []
        elif scope == "unit":
            inside = (case.unit, *(helpers if row.rule.co_handlers else ()))
            found += [Actor(f"{role}-1", role=role, unit=unit) for unit in dict.fromkeys(inside) if unit]
        elif scope == "any":
            inside = (case.unit, *helpers) if case.unit else (*helpers, units[0])
            found += [Actor(f"{role}-1", role=role, unit=unit) for unit in dict.fromkeys(inside)]
    return tuple(found)


def fitting_actor(
    rules: Rules, case: Case, action: str, number: int = 0, *, units: Sequence[str] = UNITS
) -> Actor | None:
    """One of `fitting_actors`, by the number; `None` when nobody may."""
    found = fitting_actors(rules, case, action, units=units)
    return found[abs(number) % len(found)] if found else None


def unfitting_actor(rules: Rules, case: Case, action: str, number: int = 0) -> tuple[Actor, str] | None:
    """Somebody who may not take the action on the case, and the code of the refusal; `None` for an action
    that no state knows.
    """
    row = row_of(rules, case, action)
    if row is None:
        return None
    found = [(Actor("nobody-1", role="nobody", unit=case.unit), "role-may-not")]
    for role, rights in rules.roles.items():
        scope = row.scopes.get(role)
        if role == SYSTEM.role:
            continue  # the desk lets nobody act as the system, whatever the table says
        if scope is None:
            found.append((_of_role(role, rights.scope, case), "role-may-not"))
        elif scope == "own" and case.version:
            found.append((Actor("somebody-else", role=role), "not-your-case"))
        elif scope == "unit":
            code = "not-your-unit" if case.unit else "no-unit"
            helpers = () if row.rule.co_handlers else case.facts.co_handlers
            outside = (STRANGER, *(unit for unit in helpers if unit != case.unit))
            found += [(Actor(f"{role}-1", role=role, unit=unit), code) for unit in outside]
    actor, code = found[abs(number) % len(found)]
    return actor, code


def _of_role(role: str, scope: str, case: Case) -> Actor:
    """Someone of the role for whom the case is their own."""
    return Actor(case.citizen if scope == "own" and case.citizen else f"{role}-1", role=role, unit=case.unit)
