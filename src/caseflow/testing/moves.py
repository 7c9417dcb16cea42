"""For any policy, case and action: an actor who may take it and fields that fit, or wrong ones on request.

Everything is drawn from one integer by its digits: 0 is the simplest choice everywhere, and the same integer
always gives the same move. Nothing here knows a particular policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from caseflow.core.case import Case
from caseflow.core.commands import SYSTEM, Actor
from caseflow.core.documents import documents_of
from caseflow.core.fields import LONGEST_STRING, LONGEST_TEXT
from caseflow.core.instants import DAY
from caseflow.core.policy import FieldRule
from caseflow.core.rules import Row, Rules
from caseflow.core.values import Value, value

UNITS = ("城管局", "住建局", "水务集团")
"""The units that moves speak of unless others are given."""
STRANGER = "陌生单位"
"""A unit that holds no case."""
SAID = "路灯不亮"
"""What texts say unless something else is given; a text ends with its field's name."""


@value
class Move(Value):
    """An action with its actor and fields: what `caseflow.Desk.act` takes."""

    action: str
    by: Actor
    fields: dict[str, Any]


@value
class Wrong(Value):
    """A move that is refused, and the code of the refusal."""

    move: Move
    code: str


class Digits:
    """Choices read off an integer, digit by digit in fitting bases; 0 chooses the first always."""

    def __init__(self, number: int) -> None:
        self.left = abs(number)

    def below(self, base: int) -> int:
        """A number from 0 to base - 1."""
        self.left, digit = divmod(self.left, max(base, 1))
        return digit

    def one_of(self, things: Sequence[Any]) -> Any:
        """One of the things; the first for 0."""
        return things[self.below(len(things))]


def row_of(rules: Rules, case: Case, action: str) -> Row | None:
    """The action's row in the case's state; where the state has none, that of another state; `None` for an
    action that no state knows.
    """
    here = rules.table.get(case.state, {}).get(action)
    return here or next((rows[action] for rows in rules.table.values() if action in rows), None)


def accepted(rules: Rules, case: Case) -> tuple[str, ...]:
    """The actions that the case's state accepts, in the policy's order, guards and roles aside."""
    here = rules.table.get(case.state, {})
    return tuple(action for action in rules.policy.actions if action in here)


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


def fitting_fields(
    rules: Rules,
    case: Case,
    action: str,
    number: int = 0,
    *,
    units: Sequence[str] = UNITS,
    others: Sequence[str] = (),
    said: str = SAID,
) -> dict[str, Any]:
    """Fields that the action's table of types accepts: all required ones, and optional ones by the number.

    Number 0 gives the required fields alone.

    Args:
        rules, case, action: what the fields are for.
        number: chooses; the same number gives the same fields.
        units: the units that ``unit`` fields name.
        others: ids of other cases, for ``merge``.
        said: how texts begin.
    """
    row = row_of(rules, case, action)
    if row is None:
        return {}
    digits, made = Digits(number), dict[str, Any]()
    for name, rule in row.fields.items():
        needed = name in row.required
        if needed or digits.below(2):
            made[name] = _fitting(rules, case, row, name, rule, needed, digits, units, others, said)
    return {name: found for name, found in made.items() if found is not None}


def _fitting(
    rules: Rules,
    case: Case,
    row: Row,
    name: str,
    rule: FieldRule,
    needed: bool,
    digits: Digits,
    units: Sequence[str],
    others: Sequence[str],
    said: str,
) -> Any:
    known = _OF_OLD.get((row.action, name))
    found = known(rules, case, digits, others) if known is not None else None
    if found is not None:
        return found
    if rule.type == "text":
        return f"{said} {name}"
    if rule.type == "unit":
        return digits.one_of(units)
    if rule.type == "string":
        return _string(rules, name, rule, needed, digits)
    if rule.type == "int":
        return _int(rule, digits)
    if rule.type == "instant":
        return max(case.acted_us, case.submitted_us) + digits.below(30) * DAY
    if rule.type == "names":
        return (f"{name}-{1 + digits.below(3)}",)
    if rule.type == "sha256":
        return f"{digits.below(256):064x}"
    return bool(digits.below(2))


def _string(rules: Rules, name: str, rule: FieldRule, needed: bool, digits: Digits) -> str:
    """A choice; or, where a clock asks for values of the field, one of those; or a plain word."""
    choices = [choice for choice in rule.choices if choice or not needed]
    if not choices and name in ("kind", "urgency", "channel", "region"):
        asked = (getattr(plan.rule.when, name) for plan in rules.plans)
        choices = sorted({found for values in asked for found in values})
    return str(digits.one_of(choices)) if choices else f"{name}-{1 + digits.below(3)}"


def _int(rule: FieldRule, digits: Digits) -> int:
    """Small, and inside the bounds; the bounds themselves first."""
    low, high = rule.min, rule.max
    if low is None:
        low = 0 if high is None else min(0, high)
    reach = 10 if high is None else min(high - low + 1, 1000)
    at = digits.below(reach)
    return low + at


_Known = Callable[[Rules, Case, Digits, Sequence[str]], Any]


def _primary(rules: Rules, case: Case, digits: Digits, others: Sequence[str]) -> Any:
    return digits.one_of([*(other for other in others if other != case.id), case.id][:3])


def _open_rectification(rules: Rules, case: Case, digits: Digits, others: Sequence[str]) -> Any:
    waiting = [item.id for item in case.facts.rectifications if item.verified_us is None]
    return digits.one_of(waiting) if waiting else None


def _clock(rules: Rules, case: Case, digits: Digits, others: Sequence[str]) -> Any:
    if case.facts.extension is not None:
        return case.facts.extension.clock or None
    running = [run.clock for run in case.clocks if run.is_running]
    return digits.one_of(running) if running else None


def _days(rules: Rules, case: Case, digits: Digits, others: Sequence[str]) -> int:
    return 1 + digits.below(max(rules.policy.limits.extension_days, 1))


def _texts(rules: Rules, case: Case, digits: Digits, others: Sequence[str]) -> tuple[str, ...]:
    return (digits.one_of(("title", "reason", "text", "body")),)


def _document(rules: Rules, case: Case, digits: Digits, others: Sequence[str]) -> Any:
    standing = [name for name, card in documents_of(rules, case) if card.stands]
    return digits.one_of(standing) if standing else None


_OF_OLD: dict[tuple[str, str], _Known] = {
    ("merge", "primary"): _primary,
    ("verify_rectification", "rectification"): _open_rectification,
    ("request_extension", "clock"): _clock,
    ("request_extension", "days"): _days,
    ("grant_extension", "clock"): _clock,
    ("grant_extension", "days"): _days,
    ("redact", "fields"): _texts,
    ("sign_receipt", "document"): _document,
}
"""Fields of built-in actions that must fit more than their type: (action, field) -> what fits the case."""


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


def wrong_fields(
    rules: Rules, case: Case, action: str, number: int = 0, *, units: Sequence[str] = UNITS
) -> tuple[Wrong, ...]:
    """Every way in which one field of a fitting move can be wrong, each with the code of its refusal.

    Empty when nobody may take the action. The codes hold where the state accepts the action.
    """
    move, row = fitting(rules, case, action, number, units=units), row_of(rules, case, action)
    if move is None or row is None:
        return ()
    found = [Wrong(move.replace(fields={**move.fields, "no_such_field": 1}), "field-unknown")]
    for name in sorted(row.required):
        left = {field: part for field, part in move.fields.items() if field != name}
        found.append(Wrong(move.replace(fields=left), "field-missing"))
        if row.fields[name].type in ("text", "string", "unit") and not row.fields[name].choices:
            found.append(Wrong(move.replace(fields={**left, name: ""}), "field-missing"))
    for name, rule in row.fields.items():
        for part, code in _mistakes(rule):
            found.append(Wrong(move.replace(fields={**move.fields, name: part}), code))
    return tuple(found)


def _mistakes(rule: FieldRule) -> list[tuple[Any, str]]:
    """Values that the rule refuses, each with its code."""
    match rule.type:
        case "text":
            return [
                (7, "field-not-text"),
                ("字" * (LONGEST_TEXT + 1), "text-too-long"),
                ("a\x00b", "text-with-nul"),
                ("a\ud800b", "text-with-surrogate"),
            ]
        case "string" | "unit":
            long = (("x" * (LONGEST_STRING + 1)), "field-not-printable")
            if rule.choices:
                return [(7, "field-not-text"), ("no such choice", "field-not-a-choice")]
            return [(7, "field-not-text"), long, ("a\nb", "field-not-printable")]
        case "int" | "instant":
            wrong: list[tuple[Any, str]] = [("7", "field-not-int"), (True, "field-not-int")]
            wrong += [] if rule.min is None else [(rule.min - 1, "field-out-of-range")]
            wrong += [] if rule.max is None else [(rule.max + 1, "field-out-of-range")]
            return [*wrong, (1 << 63, "field-out-of-range")]
        case "names":
            return [("title", "field-not-names"), ((), "field-not-names"), (("a\nb",), "field-not-printable")]
        case "bool":
            return [(1, "field-not-bool"), ("true", "field-not-bool")]
        case _:
            return [("abc", "field-not-sha256"), (7, "field-not-sha256")]
