"""Ranks: bounds and limits as SciPy has them, a least number, ties."""

from __future__ import annotations

from datetime import date

import pytest
from scipy.stats import binom, binomtest

from caseflow.analytics.ranks import CHANCE, funnel_limits, ranked
from caseflow.views.board_rows import Board, BoardRow, Figure
from caseflow.views.rates import Rate, wilson_bounds


def rate(numerator: int, denominator: int) -> Rate:
    return Rate(numerator, denominator, of="rated for satisfaction")


def board_of(
    *figures: tuple[Figure, ...], measures: tuple[str, ...] = ("satisfaction_rate",), least: int = 5
) -> Board:
    rows = tuple(BoardRow((f"unit-{number}",), row) for number, row in enumerate(figures))
    return Board(
        "b",
        ("unit",),
        since=date(2025, 1, 1),
        until=date(2026, 1, 1),
        measures=measures,
        least=least,
        rows=rows,
    )


@pytest.mark.parametrize(
    ("numerator", "denominator"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (91_234, 220_000)]
)
def test_the_bounds_are_wilsons(numerator: int, denominator: int) -> None:
    """As another implementation computes them."""
    expected = binomtest(numerator, denominator).proportion_ci(0.95, method="wilson")
    assert wilson_bounds(rate(numerator, denominator)) == pytest.approx(
        (expected.low, expected.high), abs=1e-12
    )


@pytest.mark.parametrize("denominator", [1, 2, 10, 57, 200])
@pytest.mark.parametrize("share", [(1, 2), (1, 100), (9, 10), (0, 5), (5, 5)])
def test_the_limits_are_of_the_binomial_distribution(denominator: int, share: tuple[int, int]) -> None:
    """The outermost counts that are not rarer than half of the chance, summed up one by one."""
    whole, p = rate(*share), share[0] / share[1]
    counts = range(denominator + 1)
    masses = [float(binom.pmf(count, denominator, p)) for count in counts]
    low = next(count for count in counts if sum(masses[: count + 1]) > CHANCE / 2)
    high = next(count for count in reversed(counts) if sum(masses[count:]) > CHANCE / 2)
    assert funnel_limits(rate(0, denominator), whole) == (low, high)


def test_the_best_is_ranked_by_what_is_certain() -> None:
    """Nineteen of twenty come before five of five; with fewer than the least number there is no rank."""
    ordered = ranked(
        board_of((rate(5, 5),), (rate(19, 20),), (rate(3, 3),), (rate(10, 20),)), "satisfaction_rate"
    )
    assert [(row.key[0], row.standing.rank, row.standing.remark) for row in ordered.rows] == [
        ("unit-1", 1, ""), ("unit-0", 2, ""), ("unit-3", 3, ""), ("unit-2", None, "too-few"),
    ]  # fmt: skip


def test_the_worst_is_ranked_by_what_is_certain() -> None:
    """Two of twenty come before none of five: of the latter it is less certain that it is bad."""
    ordered = ranked(board_of((rate(0, 5),), (rate(2, 20),)), "satisfaction_rate", best=False)
    assert [row.key[0] for row in ordered.rows] == ["unit-1", "unit-0"]


def test_equal_values_share_a_rank() -> None:
    """And the next one is left out."""
    ordered = ranked(
        board_of((rate(8, 10),), (rate(9, 10),), (rate(8, 10),), (rate(1, 10),)), "satisfaction_rate"
    )
    assert [row.standing.rank for row in ordered.rows] == [1, 2, 2, 4]


def test_what_chance_does_not_explain_is_said() -> None:
    """Forty of a hundred, where all have ninety in a hundred, lie below."""
    ordered = ranked(board_of((rate(40, 100),), (rate(900, 900),)), "satisfaction_rate")
    assert [(row.key[0], row.standing.remark) for row in ordered.rows] == [
        ("unit-1", "above"),
        ("unit-0", "below"),
    ]


def test_the_quickest_come_first() -> None:
    """Lengths are ranked as they are, of those with enough replies."""
    measures = ("replied", "reply_time_median")
    ordered = ranked(board_of((9, 50), (9, 20), (4, 1), (9, 20), measures=measures), "reply_time_median")
    assert [(row.key[0], row.standing.rank) for row in ordered.rows] == [
        ("unit-1", 1), ("unit-3", 1), ("unit-0", 3), ("unit-2", None),
    ]  # fmt: skip
