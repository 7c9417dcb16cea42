"""The form of an action: its fields with labels, types and bounds, and the JSON Schema for a page."""

from __future__ import annotations

from typing import Any

from caseflow.core.bounds import LONGEST_NAME, LONGEST_STRING, LONGEST_TEXT, MOST_NAMES
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.fields import SHORTEST_SECRET
from caseflow.core.policy import FieldRule
from caseflow.i18n import Lang
from caseflow.views.available_actions import Allowed
from caseflow.views.documents import JsonDocument, Labelled
from caseflow.views.labels import PolicyLabels
from caseflow.views.problem import ProblemDocument, problem_of


class FieldDocument(JsonDocument):
    """One field of an action.

    Attributes:
        type: as in a policy's file: ``text``, ``string``, ``unit``, ``int``, ``bool``, ``date``, ``instant``,
            ``sha256``, ``names`` or ``secret``.
        choices: the values it may have, each with its label; empty for any.
        min, max: bounds of a number.
        max_length: characters of a text, or names of a list.
    """

    name: str
    label: str
    type: str
    required: bool
    choices: tuple[Labelled, ...]
    min: int | None
    max: int | None
    max_length: int | None


class ActionDocument(JsonDocument):
    """An action on a case: whether this actor may take it now, or the problem that stands in the way.

    ``schema`` is the JSON Schema (2020-12) of its fields, with labels as titles.
    """

    action: Labelled
    is_allowed: bool
    problem: ProblemDocument | None
    fields: tuple[FieldDocument, ...]
    schema: dict[str, Any]


class ActionsDocument(JsonDocument):
    """Every action of the policy, in its order."""

    actions: tuple[ActionDocument, ...]


def actions_document(
    rules: CompiledPolicy, every: tuple[Allowed, ...], *, case_id: str = "", lang: Lang = "en"
) -> ActionsDocument:
    """What `Desk.allowed` answers, in a language."""
    return ActionsDocument(actions=tuple(_action(rules, one, case_id, lang) for one in every))


def form_schema(rules: CompiledPolicy, action: str, *, lang: Lang = "en") -> dict[str, Any]:
    """The JSON Schema (2020-12) of an action's fields, as its policy and the library bound them.

    What it admits is of the right form; whether the action is possible, the desk decides.

    Raises:
        KeyError: the policy has no such action.
    """
    fields = rules.fields[action]
    labels = PolicyLabels(rules, lang)
    required = sorted(name for name, rule in fields.items() if rule.required)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": labels.action(action),
        "type": "object",
        "properties": {name: _property(labels, action, name, rule) for name, rule in fields.items()},
        "required": required,
        "additionalProperties": False,
    }


def _action(rules: CompiledPolicy, one: Allowed, case_id: str, lang: Lang) -> ActionDocument:
    labels = PolicyLabels(rules, lang)
    schema = form_schema(rules, one.action, lang=lang)
    schema["required"] = sorted({*schema["required"], *one.required})
    return ActionDocument(
        action=Labelled(key=one.action, label=labels.action(one.action)),
        is_allowed=one.is_allowed,
        problem=None if one.refusal is None else problem_of(one.refusal, rules, case_id=case_id, lang=lang),
        fields=tuple(
            FieldDocument(
                name=name,
                label=labels.field(name, one.action),
                type=rule.type,
                required=name in schema["required"],
                choices=tuple(
                    Labelled(key=value, label=labels.choice(name, value, one.action))
                    for value in rule.choices
                ),
                min=rule.min,
                max=rule.max,
                max_length=_LENGTHS.get(rule.type),
            )
            for name, rule in one.fields.items()
        ),
        schema=schema,
    )


_LENGTHS = {
    "text": LONGEST_TEXT,
    "string": LONGEST_STRING,
    "unit": LONGEST_NAME,
    "name": LONGEST_NAME,
    "sha256": 64,
    "names": MOST_NAMES,
    "secret": LONGEST_STRING,
}
"""The most characters of a field's type, or names of a list."""


def _property(labels: PolicyLabels, action: str, name: str, rule: FieldRule) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": labels.field(name, action), **_FORMS[rule.type]}
    if rule.choices:
        named = {value: labels.choice(name, value, action) for value in rule.choices}
        options: dict[str, Any] = {"enum": list(rule.choices)}
        if rule.choice_labels:
            options = {"oneOf": [{"const": value, "title": label} for value, label in named.items()]}
        if rule.type == "names":
            schema["items"] = {"type": "string", **options}
        else:
            schema |= options
    if rule.min is not None:
        schema["minimum"] = rule.min
    if rule.max is not None:
        schema["maximum"] = rule.max
    return schema


_FORMS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "maxLength": LONGEST_TEXT},
    "string": {"type": "string", "maxLength": LONGEST_STRING},
    "unit": {"type": "string", "maxLength": LONGEST_NAME},
    "name": {"type": "string", "maxLength": LONGEST_NAME},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "instant": {"type": "string", "format": "date-time"},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "secret": {"type": "string", "minLength": SHORTEST_SECRET, "maxLength": LONGEST_STRING},
    "names": {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_STRING},
        "minItems": 1,
        "maxItems": MOST_NAMES,
    },
}
"""Field type -> what JSON may stand there; a test holds each against what the desk takes."""
