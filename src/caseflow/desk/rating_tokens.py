"""One-time tokens by which people without an account rate: made, taken apart, and who rates by them."""

from __future__ import annotations

from datetime import datetime
from secrets import token_urlsafe

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.fields import SHORTEST_SECRET
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.errors import Refusal, Refused

BEARER = "bearer"
"""The id of whoever rates by a token, where it is not known who asked."""
_BYTES = 32
_SEPARATOR = "."


class RatingToken(Value):
    """A one-time token, told once: what is stored is its hash.

    Attributes:
        case: the case after it was issued.
        token: what the citizen is given, in a link or a message; it names the case as well.
        until: the first instant at which it is good for nothing any more, in the office's zone; none where
            its calendar does not know.
    """

    case: Case
    token: str
    until: datetime | None


def new_secret() -> str:
    """A secret of 256 bits."""
    return token_urlsafe(_BYTES)


def token_of(rules: CompiledPolicy, case: Case, secret: str) -> RatingToken:
    """The token that was issued last for the case, of this secret."""
    invitation, window = case.facts.invitation, rules.token_window
    until = None if invitation is None or window is None else window.breach(invitation.at_us).at_us
    at = None if until is None else moment(until, rules.policy.timezone)
    return RatingToken(case, f"{secret}{_SEPARATOR}{case.id}", at)


def secret_and_case(token: object) -> tuple[str, str]:
    """The secret and the id of the case.

    Raises:
        Refused: ``token-unknown``: it has not the form of one.
    """
    secret, _, case_id = token.partition(_SEPARATOR) if isinstance(token, str) else ("", "", "")
    if len(secret) < SHORTEST_SECRET or not case_id:
        raise unknown_token()
    return secret, case_id


def bearer_of(rules: CompiledPolicy, case: Case) -> Actor:
    """Who rates by a token: the citizen, in the first role that rates its own cases.

    Raises:
        Refused: ``token-unknown``: the policy knows no such role.
    """
    rate = rules.policy.actions.get("rate")
    for role in () if rate is None else rate.roles:
        if rules.policy.roles[role].scope == "own":
            return Actor(case.citizen or BEARER, role=role)
    raise unknown_token()


def unknown_token() -> Refused:
    """The one answer to whoever brings a token that is none: it says nothing of any case."""
    return Refused(Refusal(code="token-unknown", action="rate", state="", rule="actions.rate.fields.token"))


def used_token(rules: CompiledPolicy, case: Case) -> Refused:
    """The answer to whoever rates by a token again, in other words."""
    rule = rules.policy.actions["rate"]
    refusal = Refusal(
        code="token-used", action="rate", state=case.state, rule="actions.rate.fields.token",
        source=rule.source,
    )  # fmt: skip
    return Refused(refusal, case_id=case.id)
