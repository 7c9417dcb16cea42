"""Actors: those who may take an action, and those who may not."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.rules import Rules
from caseflow.errors import BadInput
from caseflow.testing.moves import UNITS, fitting_actors, row_of, unfitting_actor
from caseflow.testing.strategies.given import PolicyLike, for_policy

UNFITTING = 32
"""How many numbers are asked for someone who may not; every role has fewer ways not to fit."""


def actors(
    policy: PolicyLike = "wuhu",
    *,
    action: str | None = None,
    case: Case | None = None,
    fitting: bool = True,
    units: Sequence[str] = UNITS,
) -> st.SearchStrategy[Actor]:
    """People of the policy's roles.

    With an action: those who may take it on the case, or, not ``fitting``, those who may not: another role,
    another unit, another citizen, a role that the policy lacks. Without: anyone of any role.

    Shrinks to the policy's first role and the first unit.

    Args:
        policy: a policy, its name or path, or a strategy that draws one.
        action: what they want to do; any when left out.
        case: to which case; one that is not submitted yet when left out.
        fitting: whether they may.
        units: the units of those who may act for any.

    Raises:
        BadInput: an action that no state knows, ``fitting=False`` without an action, nobody who fits.
    """
    if action is None and not fitting:
        raise BadInput("bad-option", what="fitting", found="False without an action, expected an action")

    def build(rules: Rules) -> st.SearchStrategy[Actor]:
        if action is None:
            return st.sampled_from(anyone(rules, units))
        known = Case("c1") if case is None else case
        if row_of(rules, known, action) is None:
            raise BadInput("bad-option", what="action", found=f"{action}, unknown to {rules.policy.name}")
        found = fitting_actors(rules, known, action, units=units) if fitting else _unfit(rules, known, action)
        if not found:
            raise BadInput("bad-option", what="action", found=f"{action}, which nobody may take now")
        return st.sampled_from(found)

    return for_policy(policy, build)


def anyone(rules: Rules, units: Sequence[str] = UNITS) -> tuple[Actor, ...]:
    """One citizen for each role of scope ``own``, one person for each unit and every other role."""
    found: list[Actor] = []
    for role, rights in rules.policy.roles.items():
        inside = ("",) if rights.scope == "own" else units
        found += [Actor(f"{role}-1", role=role, unit=unit) for unit in inside]
    return tuple(found) or (Actor("nobody-1", role="nobody"),)


def _unfit(rules: Rules, case: Case, action: str) -> tuple[Actor, ...]:
    found = (unfitting_actor(rules, case, action, number) for number in range(UNFITTING))
    return tuple(dict.fromkeys(pair[0] for pair in found if pair is not None))
