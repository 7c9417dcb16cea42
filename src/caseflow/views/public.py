"""What the public may see of a case: an allow-list, and nothing else."""

from __future__ import annotations

from datetime import datetime

from caseflow.core.case import Case
from caseflow.core.instants import moment
from caseflow.core.rules import Rules
from caseflow.core.terms import Stage
from caseflow.core.values import Value, value


@value
class PublicCard(Value):
    """A standing card: its level, the unit it was issued to, and since when, in the office's zone."""

    level: str
    unit: str
    effective_at: datetime


@value
class PublicCase(Value):
    """A case as anyone may see it.

    No texts, no citizen, no actor, no internal note, no annulled card, no reminder. Which texts are
    published is the portal's decision, case by case (外网公开反馈).
    """

    id: str
    kind: str
    stage: Stage
    state: str
    unit: str
    submitted_at: datetime
    replied_at: datetime | None
    score: int | None
    cards: tuple[PublicCard, ...]


def public_view(rules: Rules, case: Case) -> PublicCase:
    """The public's view of the case; instants in the office's zone."""
    zone = rules.policy.timezone
    replies = [reply.at_us for reply in case.facts.replies if reply.retracted_us is None]
    ratings = case.facts.ratings
    return PublicCase(
        case.id,
        case.origin.kind,
        case.stage,
        case.state,
        case.unit,
        case.submitted_at,
        moment(min(replies), zone) if replies else None,
        ratings[-1].score if ratings else None,
        tuple(PublicCard(card.level, card.unit, card.effective_at) for card in case.cards if card.stands),
    )
