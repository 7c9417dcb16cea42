"""Errors as problem documents (RFC 9457) with the HTTP status that fits, in the reader's language."""

from __future__ import annotations

from datetime import datetime

import attrs

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.time.instants import moment
from caseflow.errors import (
    BadInput,
    CaseflowError,
    KeyReused,
    Refusal,
    Refused,
    Stale,
    StoreBusy,
    UnknownCase,
)
from caseflow.i18n import Lang, text
from caseflow.views.documents import JsonDocument, Labelled
from caseflow.views.labels import PolicyLabels

MEDIA_TYPE = "application/problem+json"
"""Of a problem document in a response."""
TYPE = "urn:caseflow:problem:"
"""What the ``type`` of a problem begins with; its code follows."""

FORBIDDEN = frozenset({
    "role-may-not", "not-your-case", "not-your-unit", "of-that-unit", "not-your-document", "may-not-backdate",
    "may-not-adopt", "may-not-read", "token-unknown",
})  # fmt: skip
"""Codes of refusals that depend on who asks: 403."""
UNPROCESSABLE = frozenset({
    "field-missing", "field-unknown", "field-not-text", "field-not-a-choice", "field-not-printable",
    "field-not-int", "field-not-date", "field-not-bool", "field-out-of-range", "field-not-names",
    "field-not-sha256", "field-not-secret", "text-too-long", "text-without-word", "text-shows-personal-data",
    "text-with-nul", "text-with-surrogate",
    "bad-case-id", "unknown-action", "extension-unit", "extension-too-long", "clock-ambiguous",
    "in-the-future", "before-submission", "nothing-to-redact", "takes-effect-when-recorded",
    "policy-not-offered", "primary-unknown", "no-document", "no-card", "card-ambiguous",
    "unknown-unit", "unit-not-yet", "unit-dissolved", "unit-ended",
})  # fmt: skip
"""Codes of refusals that depend on what was sent, whatever state the case is in: 422."""


_STATUSES = {"not-signed-in": 401, "body-too-large": 413, "store-unreachable": 503}
"""Codes that are about the request itself, or about a database that may be back in a moment."""


class ProblemDocument(JsonDocument, kw_only=True):
    """A problem by RFC 9457, with what a program or a page may need of it.

    Attributes:
        type: ``urn:caseflow:problem:`` and the code.
        title: what kind of problem it is, in words.
        status: the HTTP status.
        detail: what is wrong here and the way out, in words, with labels.
        instance: the id of the case; empty for none.
        code: stable; programs decide by it.
        action: what was asked for.
        missing: what would help: fields, roles, or actions that would be accepted, with their labels.
        possible_from: from when the same command would be possible, where time decides.
        possible_until: the first instant at which it was too late, where time decides.
        source: the legal source that the policy names.
        retry_after: seconds after which the same request may succeed; ``null`` where it would not.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    code: str
    action: Labelled | None = None
    missing: tuple[Labelled, ...] = ()
    possible_from: datetime | None = None
    possible_until: datetime | None = None
    source: str = ""
    retry_after: int | None = None


def status_of(error: CaseflowError) -> int:
    """The HTTP status of an error.

    400 what was sent cannot be read, 403 this actor may not, 404 no such case, 409 the case does not allow
    it as it stands, or moved on, 422 what was sent is not what the action takes, 503 try again later, 500
    anything else.
    """
    if error.code in _STATUSES:
        return _STATUSES[error.code]
    match error:
        case Refused():
            return _status_of_code(error.code)
        case UnknownCase():
            return 404
        case Stale():
            return 409
        case KeyReused():
            return 422
        case BadInput():
            return 400
        case StoreBusy():
            return 503
        case _:
            return 500


def problem(
    error: CaseflowError, rules: CompiledPolicy | None = None, *, lang: Lang = "en"
) -> ProblemDocument:
    """The problem document of an error.

    What went wrong inside (a store, a hook, a policy) is told by its title alone: what it says of the machine
    is for the log.

    Args:
        rules: those of the case, for labels; without them keys stand in their place.
    """
    if isinstance(error, Refused):
        return problem_of(error.refusal, rules, case_id=error.case_id, lang=lang)
    status = status_of(error)
    title = _title(status, lang)
    return ProblemDocument(
        type=TYPE + error.code,
        title=title,
        status=status,
        detail=error.text(lang) if status < 500 else title,
        instance=str(error.data.get("case", "")),
        code=error.code,
        retry_after=1 if isinstance(error, StoreBusy | Stale) else None,
    )


def problem_of(
    refused: Refusal, rules: CompiledPolicy | None = None, *, case_id: str = "", lang: Lang = "en"
) -> ProblemDocument:
    """The problem document of a refusal."""
    status, zone = _status_of_code(refused.code), rules.policy.timezone if rules else "UTC"
    missing = tuple(Labelled(key=key, label=_label(rules, refused, key, lang)) for key in refused.missing)
    action = _label(rules, refused, refused.action, lang)
    return ProblemDocument(
        type=TYPE + refused.code,
        title=_title(status, lang),
        status=status,
        detail=_in_words(refused, rules, lang),
        instance=case_id,
        code=refused.code,
        action=Labelled(key=refused.action, label=action) if refused.action else None,
        missing=missing,
        possible_from=_second(refused.possible_from, zone),
        possible_until=_second(refused.possible_until, zone),
        source=refused.source,
    )


def _title(status: int, lang: Lang) -> str:
    return text(f"problems.{status}", lang)


def _status_of_code(code: str) -> int:
    if code in FORBIDDEN:
        return 403
    return 422 if code in UNPROCESSABLE else 409


def _second(us: int | None, zone: str) -> datetime | None:
    return None if us is None else moment(us, zone).replace(microsecond=0)


def _in_words(refused: Refusal, rules: CompiledPolicy | None, lang: Lang) -> str:
    """The text of the refusal with labels in the places of keys."""
    if rules is None:
        return refused.text(lang)
    labels = PolicyLabels(rules, lang)
    named = attrs.evolve(
        refused,
        action=labels.action(refused.action),
        state=labels.state(refused.state),
        missing=tuple(_label(rules, refused, key, lang) for key in refused.missing),
        found=_label(rules, refused, refused.found, lang),
    )
    return named.text(lang)


def _label(rules: CompiledPolicy | None, refused: Refusal, key: str, lang: Lang) -> str:
    """What people read for a key that a refusal names: of an action, a field, a role, a clock or a state."""
    if rules is None:
        return key
    labels, policy = PolicyLabels(rules, lang), rules.policy
    if key in rules.fields.get(refused.action, {}) and refused.code.startswith(("field", "text")):
        return labels.field(key, refused.action)
    if key in policy.actions:
        return labels.action(key)
    if key in policy.roles:
        return labels.role(key)
    if key in policy.clocks:
        return labels.clock(key)
    return labels.state(key)
