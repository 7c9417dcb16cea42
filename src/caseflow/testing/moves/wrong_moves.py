"""Moves that are refused for one field, each with the code of its refusal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from caseflow.core.case import Case
from caseflow.core.fields import LONGEST_STRING, LONGEST_TEXT
from caseflow.core.policy import FieldRule
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.testing.moves.actors import UNITS
from caseflow.testing.moves.fitting_moves import Move, fitting
from caseflow.testing.moves.rows import row_of


@value
class Wrong(Value):
    """A move that is refused, and the code of the refusal."""

    move: Move
    code: str


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
