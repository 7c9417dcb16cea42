"""How far the scorers of proposals agree: Fleiss' kappa, as statsmodels computes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from caseflow.core.model import events as e
from caseflow.core.value import Value
from caseflow.desk.desk import Desk
from caseflow.errors import BadInput


class Scores(Value):
    """The points that each scorer gave one proposal, in the order in which they were given."""

    proposal: str
    points: tuple[int, ...]

    @property
    def mean(self) -> float:
        """Their mean; 0 when nobody scored it."""
        return sum(self.points) / len(self.points) if self.points else 0.0


class Agreement(Value):
    """How far scorers agree beyond chance.

    Attributes:
        kappa: Fleiss' kappa (Fleiss 1971, Psychological Bulletin 76, 378-382): 1 for full agreement, 0 for
            what chance alone would bring, below 0 for less. Points count as kinds: 4 is as far from 5 as 1
            is. `None` when all gave one and the same value, where chance explains everything.
        proposals: over how many proposals; raters: how many scored each of them.
    """

    kappa: float | None
    proposals: int
    raters: int


def scores_of(desk: Desk, proposals: Iterable[str]) -> tuple[Scores, ...]:
    """What was scored of each proposal, in the order given."""
    return tuple(
        Scores(
            case_id,
            tuple(
                int(str(dict(event.fields)["points"]))
                for event in desk.history(case_id)
                if isinstance(event, e.Acted) and event.action == "score"
            ),
        )
        for case_id in proposals
    )


def agreement(scores: Sequence[Scores]) -> Agreement:
    """How far they agree over these proposals, each of which as many scored. Needs the extra ``analytics``.

    Raises:
        BadInput: no proposal, fewer than two scorers, or not as many of each: the coefficient is for the same
            number of raters throughout.
    """
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa  # brings all of scipy

    by_number = defaultdict[int, int](int)
    for one in scores:
        by_number[len(one.points)] += 1
    if len(by_number) != 1 or min(by_number) < 2:
        raise BadInput("bad-option", what="scores", found=f"scorers -> proposals {dict(by_number)}")
    (raters,) = by_number
    table, kinds = aggregate_raters([one.points for one in scores])
    kappa = float(fleiss_kappa(table, method="fleiss")) if len(kinds) > 1 else None
    return Agreement(kappa, len(scores), raters)


def ranked(scores: Iterable[Scores]) -> tuple[Scores, ...]:
    """By mean points, the best first; equal ones by id, which says nothing of either."""
    return tuple(sorted(scores, key=lambda one: (-one.mean, one.proposal)))
