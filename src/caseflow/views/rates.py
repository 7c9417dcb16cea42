"""Response, resolution and satisfaction rate (响应率、解决率、满意率), each with what it is a share of."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import sqrt
from statistics import NormalDist

from caseflow.core.engine.evaluation import score_of
from caseflow.core.evaluation_rule import EvaluationRule
from caseflow.core.model.case import Assessment, Case, Rating
from caseflow.core.value import Value
from caseflow.errors import BadInput

CONFIDENCE = 0.95
"""Of both bounds together."""


class Rate(Value):
    """So many of so many; ``of`` names what the denominator counts.

    Rates of one denominator are compared exactly, with ``<`` and its like. Two of different things never
    are, nor is one of nothing.
    """

    numerator: int
    denominator: int
    of: str

    @property
    def value(self) -> Fraction | None:
        """The share, exactly; nothing where there is nothing it could be a share of."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    def compared(self, other: Rate) -> int:
        """Below 0 where the other one is greater, above where it is less, 0 where they are equal.

        Raises:
            BadInput: ``unlike-rates``: they are of different things, or one of nothing.
        """
        if self.of != other.of or not self.denominator or not other.denominator:
            raise BadInput("unlike-rates", what=str(self), found=str(other))
        return self.numerator * other.denominator - other.numerator * self.denominator

    def __lt__(self, other: Rate) -> bool:
        return self.compared(other) < 0

    def __le__(self, other: Rate) -> bool:
        return self.compared(other) <= 0

    def __gt__(self, other: Rate) -> bool:
        return self.compared(other) > 0

    def __ge__(self, other: Rate) -> bool:
        return self.compared(other) >= 0

    def __str__(self) -> str:
        return f"{self.numerator} of {self.denominator} {self.of}"


def wilson_bounds(rate: Rate, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Between which bounds the true rate lies, by Wilson's score interval; 0 and 1 for a rate of nothing.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22
    (1927).
    """
    n, z = rate.denominator, NormalDist().inv_cdf(0.5 + confidence / 2)
    if not n:
        return 0.0, 1.0
    share, square = rate.numerator / n, z * z
    middle = share + square / (2 * n)
    half = z * sqrt(share * (1 - share) / n + square / (4 * n * n))
    scale = 1 + square / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


class Growth(Value):
    """A change against an earlier count, which is its denominator."""

    now: int
    before: int

    @property
    def percent(self) -> Fraction | None:
        """By how many percent of the earlier count, exactly; nothing where that was none."""
        return Fraction(100 * (self.now - self.before), self.before) if self.before else None


def response_rate(cases: Iterable[Case]) -> Rate:
    """响应率: of all cases but those merged into others, those in whose present cycle a reply stands."""
    answered = [case.has_reply for case in cases if not case.facts.primary]
    return Rate(sum(answered), len(answered), of="cases")


def resolution_rate(cases: Iterable[Case]) -> Rate:
    """解决率: of the cases whose citizen said whether the matter is resolved, those where it is.

    By the rating of the present cycle that stands, and the policy's ``evaluation.resolution``.
    """
    answers = [rating.resolved for rating in _ratings(cases) if rating.resolved is not None]
    return Rate(sum(answers), len(answers), of="rated for resolution")


def satisfaction_rate(cases: Iterable[Case]) -> Rate:
    """满意率: of the cases rated with a verdict that says something, those of a satisfied citizen.

    By the rating of the present cycle that stands, and the policy's ``evaluation.satisfaction``. Who said
    that they do not know (不了解) is in neither number, nor is who said nothing.
    """
    answers = [rating.satisfied for rating in _ratings(cases) if rating.satisfied is not None]
    return Rate(sum(answers), len(answers), of="rated for satisfaction")


def _ratings(cases: Iterable[Case]) -> Iterable[Rating]:
    return (case.rating for case in cases if case.rating is not None)


def assessment_score(rule: EvaluationRule, assessment: Assessment) -> Fraction | None:
    """What the authority's assessment comes to, 1 to 5: the mean of its axes by their weights.

    An axis that was left out, or of which the answer says nothing, has no weight; nothing where that is so of
    all. Without axes of the policy's own, efficiency and effect count alike.

    Args:
        rule: the evaluation of the policy that the case pins.
        assessment: one of ``case.facts.assessments``.
    """
    weights = {name: axis.weight for name, axis in rule.assessment.items()} or {"efficiency": 1, "effect": 1}
    marks = assessment.marks
    scores = {name: score_of(rule, name, marks[name]) for name in weights if name in marks}
    weight = sum(weights[name] for name, score in scores.items() if score)
    return Fraction(sum(weights[name] * score for name, score in scores.items()), weight) if weight else None
