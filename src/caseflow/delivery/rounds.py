"""What a round of a relay did, in numbers."""

from __future__ import annotations

from collections.abc import Sequence

from caseflow import outbox as o
from caseflow.core.values import Value, value


@value
class Round(Value):
    """What a relay did with the notices it claimed; each is counted once."""

    claimed: int = 0
    sent: int = 0
    retried: int = 0
    dead: int = 0
    cancelled: int = 0
    collapsed: int = 0

    def plus(self, other: Round) -> Round:
        """Both together."""
        pairs = zip(type(self)._parts(self), type(self)._parts(other), strict=True)
        return Round(*[mine + theirs for mine, theirs in pairs])


def counted(claimed: int, outcomes: Sequence[o.Outcome]) -> Round:
    """The outcomes of a batch; what was left for another time counts as retried."""

    def count(status: str) -> int:
        return sum(outcome.status == status for outcome in outcomes)

    left = claimed - len(outcomes)
    return Round(
        claimed, count(o.SENT), count(o.RETRY) + left, count(o.DEAD), count(o.CANCELLED), count(o.COLLAPSED)
    )
