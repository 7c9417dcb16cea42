"""The fields of a command: whether they are what the action's table says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.guards import refusal
from caseflow.core.instants import micros
from caseflow.core.policy import FieldRule
from caseflow.core.rules import Row, Rules
from caseflow.errors import BadInput, Refusal

LONGEST_STRING = 500
"""Characters of a ``string`` or ``unit``: these stay in events for ever and are no place for prose."""
MOST_NAMES = 100
"""Names in one ``names``."""
LONGEST_TEXT = 100_000
"""Characters of a ``text``."""

_SHA256 = re.compile("[0-9a-f]{64}")


def wrong_field(rules: Rules, case: Case, row: Row, command: Command) -> Refusal | None:
    """The refusal for a field that is unknown, missing or of the wrong type; `None` when all are right."""
    given, known = command.fields, row.fields
    for name, found in given.items():
        rule = known.get(name)
        if rule is None:
            return refusal(
                "field-unknown", rules, case, command, found=name, missing=tuple(known), rule="fields"
            )
        wrong = _MISTAKES[rule.type](rule, found)
        if wrong:
            path = f"fields.{name}"
            return refusal(wrong, rules, case, command, found=f"{name}={found!r:.80}", rule=path)
    for name in row.required:
        if given.get(name, "") == "" and not any(name == text for text, _ in command.texts):
            sealed = {text for text, _ in command.texts}
            absent = tuple(
                sorted(field for field in row.required if given.get(field, "") == "" and field not in sealed)
            )
            return refusal("field-missing", rules, case, command, missing=absent, rule="fields")
    return None


def mistake(rule: FieldRule, found: Any) -> str:
    """The code of what is wrong with a value; empty when nothing is."""
    return _MISTAKES[rule.type](rule, found)


def _string_mistake(rule: FieldRule, found: Any) -> str:
    if type(found) is not str:
        return "field-not-text"
    if rule.choices and found not in rule.choices:
        return "field-not-a-choice"
    return "" if len(found) <= LONGEST_STRING and found.isprintable() else "field-not-printable"


def _int_mistake(rule: FieldRule, found: Any) -> str:
    if type(found) is not int:
        return "field-not-int"
    low, high = rule.min, rule.max
    outside = (low is not None and found < low) or (high is not None and found > high)
    return "field-out-of-range" if outside or abs(found) >= 1 << 63 else ""


def _bool_mistake(rule: FieldRule, found: Any) -> str:
    return "" if type(found) is bool else "field-not-bool"


def _sha256_mistake(rule: FieldRule, found: Any) -> str:
    return "" if type(found) is str and _SHA256.fullmatch(found) else "field-not-sha256"


def _names_mistake(rule: FieldRule, found: Any) -> str:
    if type(found) is not tuple or not all(type(name) is str for name in found):
        return "field-not-names"
    if not found or len(found) > MOST_NAMES or not all(found):
        return "field-not-names"
    fits = all(len(name) <= LONGEST_STRING and name.isprintable() for name in found)
    return "" if fits else "field-not-printable"


def _text_mistake(rule: FieldRule, found: Any) -> str:
    if type(found) is not str:
        return "field-not-text"
    if len(found) > LONGEST_TEXT:
        return "text-too-long"
    if "\x00" in found:
        return "text-with-nul"
    try:
        found.encode()
    except UnicodeEncodeError:
        return "text-with-surrogate"
    return ""


_MISTAKES: dict[str, Callable[[FieldRule, Any], str]] = {
    "text": _text_mistake,
    "string": _string_mistake,
    "unit": _string_mistake,
    "int": _int_mistake,
    "instant": _int_mistake,
    "bool": _bool_mistake,
    "sha256": _sha256_mistake,
    "names": _names_mistake,
}
"""Field type -> check; the keys are the types a policy may use."""


def from_text(rules: Mapping[str, FieldRule], given: Mapping[str, str]) -> dict[str, Any]:
    """Fields read from text, as a log or a form has them; empty ones are left out.

    Names stand apart by spaces.

    Raises:
        BadInput: a text that is no int, bool or instant.
    """
    made: dict[str, Any] = {}
    for name, text in given.items():
        rule = rules.get(name)
        if text == "":
            continue
        if rule is None or rule.type in _AS_IT_IS:
            made[name] = text
        else:
            made[name] = _read(rule.type, name, text)
    return made


_AS_IT_IS = frozenset({"text", "string", "unit", "sha256"})
_BOOLS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _read(kind: str, name: str, text: str) -> int | bool | tuple[str, ...]:
    if kind == "instant":
        return micros(text, what=name)
    if kind == "bool":
        if text.lower() not in _BOOLS:
            raise BadInput("bad-bool", what=name, found=text)
        return _BOOLS[text.lower()]
    if kind == "names":
        return tuple(text.split())
    try:
        return int(text)
    except ValueError as error:
        raise BadInput("bad-int", what=name, found=text) from error


def plain(found: Any) -> Any:
    """A field's value as events keep it: datetimes become epoch microseconds, lists tuples."""
    if type(found) is list:
        return tuple(found)
    return micros(found) if type(found) is datetime else found
