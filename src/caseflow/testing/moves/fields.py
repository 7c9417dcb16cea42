"""Fields that fit an action's table of types, and the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from caseflow.core.case import Case
from caseflow.core.documents import documents_of
from caseflow.core.instants import DAY
from caseflow.core.policy import FieldRule
from caseflow.core.rules import Row, Rules
from caseflow.testing.moves.actors import UNITS
from caseflow.testing.moves.digits import Digits
from caseflow.testing.moves.rows import row_of

SAID = "路灯不亮"
"""What texts say unless something else is given; a text ends with its field's name."""


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
    standing = [name for name, card in documents_of(rules.tellings.documents, case) if card.stands]
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
