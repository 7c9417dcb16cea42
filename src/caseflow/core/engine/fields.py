"""The fields of a command: whether they are what the action's table says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from caseflow.core.bounds import (
    EARLIEST,
    LARGEST_INT,
    LATEST,
    LONGEST_NAME,
    LONGEST_STRING,
    LONGEST_TEXT,
    MOST_NAMES,
)
from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition, refusal
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Command, Withheld
from caseflow.core.personal_data import personal_data
from caseflow.core.policy import FieldRule
from caseflow.core.time.instants import micros
from caseflow.errors import BadInput, Refusal

Check = Callable[[FieldRule, Any], str]
"""The code of what is wrong with a value of a field; empty when nothing is."""
_UNSEEN = "\u115f\u1160\u3164\uffa0"
"""Letters of Hangul that only fill a place."""
SHORTEST_SECRET = 32
"""Characters of a secret: fewer could be guessed."""
_SHA256 = re.compile("[0-9a-f]{64}")


SHOWS_PERSONAL_DATA = "text-shows-personal-data"
_MOST_PLACES = 20
"""So many places a refusal names."""


def has_word(text: str) -> bool:
    """Whether the text says anything: a letter, a character or a figure, not only blanks and signs."""
    return any(sign.isalnum() and sign not in _UNSEEN for sign in text)


def wrong_field(rules: CompiledPolicy, case: Case, row: Transition, command: Command) -> Refusal | None:
    """The refusal for a field that is unknown, missing or of the wrong type; `None` when all are right."""
    values, known = command.fields, row.fields
    for name, value in values.items():
        rule = known.get(name)
        if rule is None:
            return refusal(
                "field-unknown", rules, case, command, found=name, missing=tuple(known), rule="fields"
            )
        wrong = _MISTAKES[rule.type](rule, value)
        if rule.type == "text" and not wrong and _says_nothing(row, name, command):
            wrong = "text-without-word"
        if wrong:
            path = f"fields.{name}"
            shown = name if rule.type == "secret" else f"{name}={value!r:.80}"
            if wrong == SHOWS_PERSONAL_DATA:
                shown = _places(rule, name, value)
            return refusal(wrong, rules, case, command, found=shown, rule=path)
    for name in row.required:
        value = values.get(name, "")
        if type(value) is str and not value.strip() and name not in dict(command.texts):
            absent = _absent(row, command)
            return refusal("field-missing", rules, case, command, missing=absent, rule="fields")
    return None


def _places(rule: FieldRule, name: str, value: str) -> str:
    """Where a text shows personal data: field, rule and offsets, and nothing of the text itself."""
    places = personal_data(value, rule.without)
    return ", ".join(f"{name}[{place.start}:{place.end}]={place.rule}" for place in places[:_MOST_PLACES])


def _absent(row: Transition, command: Command) -> tuple[str, ...]:
    """The required fields that are left out, or say nothing."""
    present = {name for name, value in command.fields.items() if type(value) is not str or value.strip()}
    return tuple(sorted(row.required - present - dict(command.texts).keys()))


def _says_nothing(row: Transition, name: str, command: Command) -> bool:
    """Whether a text has no word that must have one: public, required, or the reason for being late."""
    must = name in row.worded or (name == "reason" and command.effective_us is not None)
    return must and not has_word(command.fields[name])


def mistake(rule: FieldRule, value: Any) -> str:
    """The code of what is wrong with a value; empty when nothing is."""
    return _MISTAKES[rule.type](rule, value)


def from_text(rules: Mapping[str, FieldRule], values: Mapping[str, str]) -> dict[str, Any]:
    """Fields read from text, as a log or a form has them; empty ones are left out.

    Names stand apart by spaces.

    Raises:
        BadInput: a text that is no int, bool or instant.
    """
    fields: dict[str, Any] = {}
    for name, text in values.items():
        rule = rules.get(name)
        if text == "":
            continue
        if rule is None or rule.type in _AS_IT_IS:
            fields[name] = text
        else:
            fields[name] = _read(rule.type, name, text)
    return fields


def plain(value: list[Any] | tuple[Any, ...] | Withheld | date | str | int | None) -> Any:
    """A field's value as events keep it: datetimes become epoch microseconds, dates text, lists tuples.

    A value of a class of one's own, such as an enum's or a template's text, is kept as what it is underneath.
    """
    match value:
        case list() | tuple():
            return tuple(map(plain, value))
        case datetime():
            return micros(value)
        case date():
            return date.isoformat(value)
        case Withheld() | bool():
            return value
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case _:
            return value


PLAIN = frozenset({str, int, bool})
"""Types whose values are kept as they are."""


def _line_mistake(longest: int) -> Check:
    """The check of one line of text, of so many characters at the most."""

    def check(rule: FieldRule, value: Any) -> str:
        if type(value) is not str:
            return "field-not-text"
        if rule.choices and value not in rule.choices:
            return "field-not-a-choice"
        return "" if len(value) <= longest and value.isprintable() else "field-not-printable"

    return check


def _int_mistake(rule: FieldRule, value: Any) -> str:
    if type(value) is not int:
        return "field-not-int"
    low, high = rule.min, rule.max
    outside = (low is not None and value < low) or (high is not None and value > high)
    return "field-out-of-range" if outside or abs(value) > LARGEST_INT else ""


def _instant_mistake(rule: FieldRule, value: Any) -> str:
    if type(value) is int and not EARLIEST <= value <= LATEST:
        return "field-out-of-range"
    return _int_mistake(rule, value)


def _bool_mistake(rule: FieldRule, value: Any) -> str:
    return "" if type(value) is bool else "field-not-bool"


def _sha256_mistake(rule: FieldRule, value: Any) -> str:
    return "" if type(value) is str and _SHA256.fullmatch(value) else "field-not-sha256"


def _date_mistake(rule: FieldRule, value: Any) -> str:
    try:
        return "" if date.fromisoformat(value).isoformat() == value else "field-not-date"
    except (TypeError, ValueError):
        return "field-not-date"


def _names_mistake(rule: FieldRule, value: tuple[Any, ...] | str | int | None) -> str:
    if type(value) is not tuple or not all(type(name) is str for name in value):
        return "field-not-names"
    if not value or len(value) > MOST_NAMES or not all(value):
        return "field-not-names"
    if not all(len(name) <= LONGEST_STRING and name.isprintable() for name in value):
        return "field-not-printable"
    return "field-not-a-choice" if rule.choices and not set(value) <= set(rule.choices) else ""


def secret_hash(secret: Any) -> Any:
    """The SHA-256 of a secret, in hexadecimal figures; what is none, or too short for one, as it is."""
    if type(secret) is not str or not SHORTEST_SECRET <= len(secret) <= LONGEST_STRING:
        return secret
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _secret_mistake(rule: FieldRule, value: Any) -> str:
    return "" if type(value) is str and _SHA256.fullmatch(value) else "field-not-secret"


def text_mistake(rule: FieldRule, value: Any) -> str:
    """The code of what is wrong with a text; empty when nothing is."""
    if type(value) is not str:
        return "field-not-text"
    if len(value) > LONGEST_TEXT:
        return "text-too-long"
    if "\x00" in value:
        return "text-with-nul"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "text-with-surrogate"
    return SHOWS_PERSONAL_DATA if rule.without and personal_data(value, rule.without) else ""


_MISTAKES: dict[str, Check] = {
    "text": text_mistake,
    "string": _line_mistake(LONGEST_STRING),
    "unit": _line_mistake(LONGEST_NAME),
    "name": _line_mistake(LONGEST_NAME),
    "int": _int_mistake,
    "instant": _instant_mistake,
    "bool": _bool_mistake,
    "date": _date_mistake,
    "sha256": _sha256_mistake,
    "names": _names_mistake,
    "secret": _secret_mistake,
}
"""Field type -> check; ``name``, an id, is of built-in actions alone."""


_AS_IT_IS = frozenset({"text", "string", "unit", "name", "sha256", "date", "secret"})
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
