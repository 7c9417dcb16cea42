"""An evaluation by the policy's scales: fields of rate and assess, what answers count for, and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

import attrs

from caseflow.core.evaluation_rule import SCORE, Axis, EvaluationRule
from caseflow.core.model.case import Case
from caseflow.core.model.events import FieldValue
from caseflow.core.policy import Action, FieldRule, Policy

STARS = 5
"""The most stars of an axis without a scale; the least is 1."""


def with_axes(policy: Policy) -> Policy:
    """The policy with the axes of its evaluation written out, as fields of ``rate`` and ``assess``."""
    rule = policy.evaluation
    fields = {"rate": _fields(rule, rule.axes), "assess": _fields(rule, rule.assessment)}
    if rule.causes:
        labels = {name: cause.labels for name, cause in rule.causes.items()}
        fields["rate"]["causes"] = FieldRule(type="names", choices=tuple(labels), choice_labels=labels)
    actions = {name: _with_fields(action, fields.get(name, {})) for name, action in policy.actions.items()}
    return attrs.evolve(policy, actions=actions) if any(fields.values()) else policy


def _with_fields(action: Action, fields: dict[str, FieldRule]) -> Action:
    return attrs.evolve(action, fields=fields | action.fields) if fields else action


def _fields(rule: EvaluationRule, axes: Mapping[str, Axis]) -> dict[str, FieldRule]:
    fields: dict[str, FieldRule] = {}
    for name, axis in axes.items():
        field = FieldRule(type="int", min=1, max=STARS)
        if axis.scale in rule.scales:
            labels = {key: verdict.labels for key, verdict in rule.scales[axis.scale].verdicts.items()}
            field = FieldRule(choices=tuple(labels), choice_labels=labels)
        fields[name] = attrs.evolve(field, required=axis.required, labels=axis.labels)
    return fields


def unasked(rule: EvaluationRule, action: str) -> frozenset[str]:
    """The fields of the built-in action that are none under this policy."""
    is_asked: dict[str, dict[str, object]] = {
        "rate": {SCORE: rule.satisfaction == SCORE, "token": rule.token_days, "causes": rule.causes},
        "assess": {name: not rule.assessment or name in rule.assessment for name in ("efficiency", "effect")},
    }
    return frozenset(name for name, needed in is_asked.get(action, {}).items() if not needed)


def score_of(rule: EvaluationRule, axis: str, value: FieldValue) -> int:
    """What an answer on an axis counts for, 1 to 5; 0 for nothing."""
    if isinstance(value, int):
        return value
    named = rule.axes.get(axis) or rule.assessment.get(axis)
    scale = None if named is None else rule.scales.get(named.scale)
    verdict = scale.verdicts.get(value) if scale is not None and isinstance(value, str) else None
    return 0 if verdict is None else verdict.score


def verdict_of(rule: EvaluationRule, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a rating comes to, as its event says it, by the fields that were given."""
    verdict: dict[str, Any] = {}
    for name, axis in (("satisfied", rule.satisfaction), ("resolved", rule.resolution)):
        score = score_of(rule, axis, fields[axis]) if axis in fields else 0
        if score:
            verdict[name] = score >= rule.satisfied
        if score and name == "satisfied" and axis != SCORE:
            verdict["overall"] = score
    return verdict


def bears_token(case: Case, token: object) -> bool:
    """Whether that is the hash of a token of the case that was not revoked, used or not.

    Every one is looked at, each in a time that does not depend on how much of it is right.
    """
    invitation = case.facts.invitation
    hashes = [rating.token for rating in case.facts.ratings if rating.token]
    hashes += [] if invitation is None else [invitation.token]
    return isinstance(token, str) and sum(compare_digest(known, token) for known in hashes) > 0
