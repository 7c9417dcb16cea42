"""What the public may see of a case: an allow-list, and nothing else."""

from __future__ import annotations

from datetime import datetime

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.rights import PUBLIC
from caseflow.core.model.case import Case, Rating
from caseflow.core.model.events import FieldValue
from caseflow.core.policy import Stage
from caseflow.core.time.instants import moment
from caseflow.core.value import Value


class PublicCard(Value):
    """A standing card: its level, the unit it was issued to, and since when, in the office's zone."""

    level: str
    unit: str
    effective_at: datetime


class PublicLink(Value):
    """A link that the policies of both ends let anyone see; ``inward`` when it leads from the other case."""

    type: str
    case: str
    inward: bool


class PublicCase(Value):
    """A case as anyone may see it.

    No texts, no citizen, no actor, no internal note, no annulled card, no reminder. Which texts are
    published is the portal's decision, case by case (外网公开反馈). Reply, score and axes are those of the
    present cycle that stand: a case that was reopened is unanswered until it is answered again. Causes of
    dissatisfaction are not shown, nor any rating where the action ``rate`` has another ``audience``.
    """

    id: str
    kind: str
    stage: Stage
    state: str
    unit: str
    submitted_at: datetime
    replied_at: datetime | None
    score: int | None
    axes: tuple[tuple[str, FieldValue], ...]
    cards: tuple[PublicCard, ...]
    links: tuple[PublicLink, ...] = ()


def public_view(rules: CompiledPolicy, case: Case) -> PublicCase:
    """The public's view of the case; instants in the office's zone."""
    zone, axes = rules.policy.timezone, rules.policy.evaluation.axes
    replies, rating = [reply.at_us for reply in case.replies], _public_rating(rules, case)
    return PublicCase(
        id=case.id,
        kind=case.origin.kind,
        stage=case.stage,
        state=case.state,
        unit=case.unit,
        submitted_at=case.submitted_at,
        replied_at=moment(min(replies), zone) if replies else None,
        score=(rating.score or None) if rating else None,
        axes=tuple((name, rated) for name, rated in rating.fields if name in axes) if rating else (),
        cards=tuple(
            PublicCard(card.level, card.unit, card.effective_at) for card in case.cards if card.stands
        ),
        links=tuple(
            PublicLink(link.type, link.case, link.inward) for link in case.facts.links if link.is_public
        ),
    )


def _public_rating(rules: CompiledPolicy, case: Case) -> Rating | None:
    rule = rules.policy.actions.get("rate")
    return case.rating if rule is not None and rule.audience in ("", PUBLIC) else None
