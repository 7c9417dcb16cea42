"""Who would take an action on a case: an actor that the policy's table of roles allows, if there is one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.commands import SYSTEM, Actor, Command
from caseflow.core.judging import is_authorized
from caseflow.core.rules import Row, Rules


def who_acts(
    rules: Rules, case: Case, action: str, *, role: str = "", unit: str = "", late: bool = False
) -> Actor:
    """The first actor that may take the action on the case, in the order in which the policy lists roles.

    A role of scope ``own`` is the citizen whose case it is, one of scope ``unit`` acts for the unit that
    holds the case, and a report comes from the first co-handling unit. When nobody may, it is who comes
    nearest, so that the desk says what is wrong.

    Args:
        rules: the rules of the case.
        case: the case as it is; `Case(id)` before its submission.
        action: the action's name.
        role: only this role.
        unit: the unit the actor acts for, instead of the one that holds the case.
        late: whether the actor must have the right to record facts late.
    """
    row = rules.table.get(case.state, {}).get(action)
    acts_for = unit or _unit(case, row)
    nearest: Actor | None = None
    for name in (role,) if role else _roles(rules, action, row):
        actor = _actor(rules, case, name, acts_for, asked=unit)
        nearest = nearest or actor
        if row is None or (late and not rules.role(actor).backdate):
            continue
        if is_authorized(rules, case, row, Command(action, actor)) is None:
            return actor
    return nearest or Actor("nobody", role="nobody")


def _roles(rules: Rules, action: str, row: Row | None) -> Iterator[str]:
    rule = rules.policy.actions.get(action)
    listed = rule.roles if rule else ()
    yield from listed
    if row is not None:
        yield from (name for name in row.scopes if name not in listed and name != SYSTEM.role)


def _unit(case: Case, row: Row | None) -> str:
    helpers = case.facts.co_handlers
    return helpers[0] if row is not None and row.event is e.Reported and helpers else case.unit


def _actor(rules: Rules, case: Case, role: str, unit: str, *, asked: str) -> Actor:
    rights = rules.roles.get(role)
    scope = rights.scope if rights else "any"
    if scope == "own":
        return _person(case.citizen or f"{role}-{case.id}", role, asked)
    if scope == "unit" or asked:
        return _person(f"{role}-{unit}" if unit else role, role, unit)
    return _person(role, role, "")


@lru_cache(maxsize=4096)
def _person(name: str, role: str, unit: str) -> Actor:
    return Actor(name, role=role, unit=unit)
