"""Who may take an action on a case as it stands, who may not, and who takes it when nobody is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition
from caseflow.core.engine.remedies import is_stranger
from caseflow.core.engine.rights import is_authorized
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.commands import SYSTEM, Actor, Command

UNITS = ("城管局", "住建局", "水务集团")
"""The units that generated commands speak of unless others are given."""
STRANGER = "陌生单位"
"""A unit that holds no case."""


def row_of(rules: CompiledPolicy, case: Case, action: str) -> Transition | None:
    """The action's row in the case's state; where the state has none, that of another state; `None` for an
    action that no state knows.
    """
    here = rules.table.get(case.state, {}).get(action)
    return here or next((rows[action] for rows in rules.table.values() if action in rows), None)


def accepted_actions(rules: CompiledPolicy, case: Case) -> tuple[str, ...]:
    """The actions that the case's state accepts, in the policy's order, guards and roles aside."""
    here = rules.table.get(case.state, {})
    return tuple(action for action in rules.policy.actions if action in here)


# -- who may, and who may not ------------------------------------------------------------------------------


def permitted_actors(
    rules: CompiledPolicy, case: Case, action: str, *, units: Sequence[str] = UNITS
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
    actors: list[Actor] = []
    for role in rules.policy.roles:
        scope = row.scopes.get(role)
        if scope == "own":
            citizen = case.citizen if case.version else f"{role}-1"
            actors += [Actor(citizen, role=role)] if citizen else []
        elif scope == "unit":
            inside = (case.unit, *(helpers if row.rule.co_handlers else ()))
            actors += [Actor(f"{role}-1", role=role, unit=unit) for unit in dict.fromkeys(inside) if unit]
        elif scope == "any":
            inside = (case.unit, *helpers) if case.unit else (*helpers, units[0])
            actors += [Actor(f"{role}-1", role=role, unit=unit) for unit in dict.fromkeys(inside)]
    return tuple(actors)


def permitted_actor(
    rules: CompiledPolicy, case: Case, action: str, number: int = 0, *, units: Sequence[str] = UNITS
) -> Actor | None:
    """One of `permitted_actors`, by the number; `None` when nobody may."""
    actors = permitted_actors(rules, case, action, units=units)
    return actors[abs(number) % len(actors)] if actors else None


def forbidden_actors(rules: CompiledPolicy, case: Case, action: str) -> tuple[tuple[Actor, str], ...]:
    """Those who may not take the action on the case, one or more for each role, each with the code of the
    refusal; the first has a role that the policy lacks. Empty for an action that no state knows.
    """
    row = row_of(rules, case, action)
    if row is None:
        return ()
    actors = [(Actor("nobody-1", role="nobody", unit=case.unit), "role-may-not")]
    for role, rights in rules.roles.items():
        scope = row.scopes.get(role)
        if role == SYSTEM.role:
            continue  # the desk lets nobody act as the system, whatever the table says
        if scope is None:
            citizen = case.citizen if rights.scope == "own" and case.citizen else f"{role}-1"
            actors.append((Actor(citizen, role=role, unit=case.unit), "role-may-not"))
        elif scope == "own" and case.version:
            actors.append((Actor("somebody-else", role=role), "not-your-case"))
        elif scope == "unit":
            helpers = () if row.rule.co_handlers else case.facts.co_handlers
            outside = (STRANGER, *(unit for unit in helpers if unit != case.unit))
            for unit in outside:  # a helper is no stranger, and is told that nobody holds the case
                code = "not-your-unit" if case.unit or unit == STRANGER else "no-unit"
                actors.append((Actor(f"{role}-1", role=role, unit=unit), code))
    return tuple(actors)


def all_actors(rules: CompiledPolicy, units: Sequence[str] = UNITS) -> tuple[Actor, ...]:
    """One citizen for each role of scope ``own``, one person for each unit and every other role."""
    actors: list[Actor] = []
    for role, rights in rules.policy.roles.items():
        inside = ("",) if rights.scope == "own" else units
        actors += [Actor(f"{role}-1", role=role, unit=unit) for unit in inside]
    return tuple(actors) or (Actor("nobody-1", role="nobody"),)


# -- who acts when nobody is named -------------------------------------------------------------------------


def default_actor(
    rules: CompiledPolicy, case: Case, action: str, *, role: str = "", unit: str = "", late: bool = False
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
    acts_for = unit or _acting_unit(case, row)
    nearest: Actor | None = None
    for name in (role,) if role else _roles(rules, action, row):
        actor = _actor_of(rules, case, name, acts_for, is_unit_named=bool(unit))
        nearest = nearest or actor
        if row is None or (late and not rules.role(actor).backdate):
            continue
        if is_authorized(rules, case, row, Command(action, actor)) is None:
            return actor
    if nearest is not None and not role and is_stranger(rules, case, Command(action, nearest)):
        nearest = next(_of_everything(rules, case, acts_for), nearest)  # who is told where the case stands
    return nearest or Actor("nobody", role="nobody")


def _of_everything(rules: CompiledPolicy, case: Case, unit: str) -> Iterator[Actor]:
    for name, rights in rules.policy.roles.items():
        if rights.everything:
            yield _actor_of(rules, case, name, unit, is_unit_named=False)


def _roles(rules: CompiledPolicy, action: str, row: Transition | None) -> Iterator[str]:
    rule = rules.policy.actions.get(action)
    listed = rule.roles if rule else ()
    yield from listed
    if row is not None:
        yield from (name for name in row.scopes if name not in listed and name != SYSTEM.role)


def _acting_unit(case: Case, row: Transition | None) -> str:
    helpers = case.facts.co_handlers
    return helpers[0] if row is not None and row.event is e.Reported and helpers else case.unit


def _actor_of(rules: CompiledPolicy, case: Case, role: str, unit: str, *, is_unit_named: bool) -> Actor:
    rights = rules.roles.get(role)
    scope = rights.scope if rights else "any"
    if scope == "own":
        return _person(case.citizen or f"{role}-{case.id}", role, unit if is_unit_named else "")
    if scope == "unit" or is_unit_named:
        return _person(f"{role}-{unit}" if unit else role, role, unit)
    return _person(role, role, "")


@lru_cache(maxsize=4096)
def _person(name: str, role: str, unit: str) -> Actor:
    return Actor(name, role=role, unit=unit)
