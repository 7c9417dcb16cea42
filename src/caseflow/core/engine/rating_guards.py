"""Why a case may not be rated: it was, by somebody whose word counts more, or the token is not good."""

from __future__ import annotations

from hmac import compare_digest

from caseflow.core.engine.compiled_policy import CompiledPolicy, refusal
from caseflow.core.model.case import Case, Rating
from caseflow.core.model.commands import Command
from caseflow.errors import Refusal


def not_rated(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """What was replied last is not rated yet; what was taken back, or replied before, does not count."""
    return None if rating_of_last_reply(case) is None else refusal("already-rated", rules, case, command)


def rating_of_last_reply(case: Case) -> Rating | None:
    """The rating that stands in the present cycle, unless there was another reply since."""
    rating = case.rating if case.facts.ratings else None
    if rating is None or any(reply.at_us > rating.at_us for reply in case.replies):
        return None
    return rating


def not_over_the_citizen(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """What the citizen said of the last reply themselves is changed by nobody else. Every rating asks it."""
    rating = rating_of_last_reply(case)
    if rating is None or not rating.is_own or "token" in command.fields or command.by.id == case.citizen:
        return None
    return refusal("rated-by-citizen", rules, case, command)


def token_is_good(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """A one-time token by which it is rated was issued for this cycle, is not used, and its time not over.

    Every rating asks for this.
    """
    token = command.fields.get("token")
    if token is None:
        return None
    invitation = case.facts.invitation
    if any(rating.token == token for rating in case.facts.ratings):
        return refusal("token-used", rules, case, command, rule="fields.token")
    if invitation is None or not compare_digest(invitation.token, token):
        return refusal("token-unknown", rules, case, command, rule="fields.token")
    window = rules.token_window
    over = None if window is None else window.breach(invitation.at_us).at_us
    if invitation.cycle == case.facts.cycle and (over is None or at < over):
        return None
    return refusal("token-expired", rules, case, command, rule="fields.token", possible_until=over)
