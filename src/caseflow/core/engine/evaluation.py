"""An evaluation by the policy's scales: fields of rate and assess, what answers count for, and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

import attrs

from caseflow.core.evaluation_rule import SCORE, Axis, Evaluation
from caseflow.core.model.case import Case
from caseflow.core.policy import Action, FieldRule, Policy

STARS = 5
"""The most stars of an axis without a scale; the least is 1."""
CAUSES = "causes"
"""The field of ``rate`` in which the causes of dissatisfaction are named."""


def with_axes(policy: Policy) -> Policy:
    """The policy with the axes of its evaluation written out, as fields of ``rate`` and ``assess``."""
    rule = policy.evaluation
    fields = {"rate": _fields(rule, rule.axes), "assess": _fields(rule, rule.assessment)}
    if rule.causes:
        labels = {name: cause.labels for name, cause in rule.causes.items()}
        fields["rate"][CAUSES] = FieldRule(type="names", choices=tuple(labels), choice_labels=labels)
    actions = {name: _with_fields(action, fields.get(name, {})) for name, action in policy.actions.items()}
    return attrs.evolve(policy, actions=actions) if any(fields.values()) else policy


def _with_fields(action: Action, fields: dict[str, FieldRule]) -> Action:
    return attrs.evolve(action, fields=fields | action.fields) if fields else action


def _fields(rule: Evaluation, axes: Mapping[str, Axis]) -> dict[str, FieldRule]:
    fields: dict[str, FieldRule] = {}
    for name, axis in axes.items():
        said = {"required": axis.required, "labels": axis.labels}
        if axis.scale in rule.scales:
            labels = {key: verdict.labels for key, verdict in rule.scales[axis.scale].verdicts.items()}
            fields[name] = FieldRule(choices=tuple(labels), choice_labels=labels, **said)
        else:
            fields[name] = FieldRule(type="int", min=1, max=STARS, **said)
    return fields


def unasked(rule: Evaluation, action: str) -> frozenset[str]:
    """The fields of the built-in action that are none under this policy."""
    if action == "rate":
        score = () if rule.satisfaction == SCORE else (SCORE,)
        return frozenset((*score, *(() if rule.token_days else ("token",))))
    if action == "assess" and rule.assessment:
        return frozenset({"efficiency", "effect"} - rule.assessment.keys())
    return frozenset()


def score_of(rule: Evaluation, axis: str, value: str | int) -> int:
    """What an answer on an axis counts for, 1 to 5; 0 for nothing."""
    if isinstance(value, int):
        return value
    named = rule.axes.get(axis) or rule.assessment.get(axis)
    scale = None if named is None else rule.scales.get(named.scale)
    verdict = None if scale is None else scale.verdicts.get(value)
    return 0 if verdict is None else verdict.score


def verdict_of(rule: Evaluation, fields: Mapping[str, Any]) -> dict[str, Any]:
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
