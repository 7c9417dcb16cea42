"""An action with an actor who may take it and fields that fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.testing.moves.actors import UNITS, fitting_actors
from caseflow.testing.moves.digits import Digits
from caseflow.testing.moves.fields import SAID, fitting_fields


@value
class Move(Value):
    """An action with its actor and fields: what `caseflow.Desk.act` takes."""

    action: str
    by: Actor
    fields: dict[str, Any]


def fitting(
    rules: Rules,
    case: Case,
    action: str,
    number: int = 0,
    *,
    units: Sequence[str] = UNITS,
    others: Sequence[str] = (),
    said: str = SAID,
) -> Move | None:
    """The action with a fitting actor and fitting fields; `None` when nobody may take it.

    State, role and fields fit where the state accepts the action; guards may still refuse.
    """
    digits = Digits(number)
    actors = fitting_actors(rules, case, action, units=units)
    if not actors:
        return None
    by = digits.one_of(actors)
    fields = fitting_fields(rules, case, action, digits.left, units=units, others=others, said=said)
    if action == "submit" and rules.role(by).scope == "own":
        fields.pop("citizen", None)  # who asks for themselves is the citizen
    return Move(action, by, fields)
