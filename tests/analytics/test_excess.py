"""Counts against their own past: the exact test, false alarms under the level, what is planted is found."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from math import comb, prod
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from caseflow import BadInput
from caseflow.analytics import Occurrence, Search, excesses
from caseflow.analytics.count_tests import POISSON, greatest_usual, shapes, tail
from caseflow.core.time.instants import DAY, micros
from tests.analytics.generated import FIRST, NOON, Draw, end, log, poisson, wider

counts = st.integers(0, 30)


def searched(rows: list[Occurrence], *, weeks: int = 13, **options: object) -> Search:
    return excesses(rows, until=end(weeks), days=7, since=FIRST, **options)  # type: ignore[arg-type]  # by the caller


def exact(count: int, past: int, windows: int, shape: int | None) -> Fraction:
    """The tail by whole numbers alone; `None` for Poisson's shape."""
    total, tails = count + past, Fraction(0)
    for number in range(count, total + 1):
        if shape is None:
            tails += (
                comb(total, number)
                * Fraction(1, windows + 1) ** number
                * Fraction(windows, windows + 1) ** (total - number)
            )
        else:
            one, rest = shape, windows * shape
            tails += (
                comb(total, number)
                * Fraction(prod(range(one, one + number)) * prod(range(rest, rest + total - number)))
                / prod(range(one + rest, one + rest + total))
            )
    return tails


def one_tail(count: int, past: int, windows: int, shape: float) -> float:
    tails = tail(np.array([count]), np.array([past]), np.array([windows]), np.array([shape]))
    return float(tails[0])


@given(counts, st.integers(0, 60), st.integers(1, 20), st.sampled_from([None, 1, 2, 7, 40]))
def test_the_tail_is_that_of_whole_numbers(count: int, past: int, windows: int, shape: int | None) -> None:
    """Binomial for Poisson counts, beta-binomial for wider ones, to eight digits, however small."""
    plain = float(exact(count, past, windows, shape))
    assert one_tail(count, past, windows, shape or POISSON) == pytest.approx(plain, rel=1e-8, abs=0)


@given(st.integers(0, 60), st.integers(1, 20), st.sampled_from([POISSON, 0.5, 3.0]), st.floats(1e-6, 0.2))
def test_the_bound_is_the_last_count_that_is_usual(
    past: int, windows: int, shape: float, threshold: float
) -> None:
    """At the bound the tail is above the threshold, one further it is not."""
    bound = greatest_usual(past, windows, shape, threshold=threshold, most=400)
    assert one_tail(bound, past, windows, shape) > threshold
    assert bound == 399 or one_tail(bound + 1, past, windows, shape) <= threshold


@pytest.mark.parametrize("draw", [poisson, wider])
def test_false_alarms_stay_under_the_level(draw: Draw) -> None:
    """Where nothing is out of the way, at most one log in twenty has an alarm, by chance at the most."""
    logs = 60
    alarmed = sum(bool(searched(log(seed, draw)).excesses) for seed in range(logs))
    assert alarmed <= stats.binom.ppf(0.99, logs, 0.05)


@pytest.mark.soak
@pytest.mark.parametrize("draw", [poisson, wider])
@pytest.mark.parametrize("weeks", [9, 13, 27])
def test_false_alarms_stay_under_the_level_in_many_logs(draw: Draw, weeks: int) -> None:
    """The same over 600 logs, of short and of long pasts; printed with -s."""
    logs = 600
    alarmed = sum(bool(searched(log(seed, draw, weeks=weeks), weeks=weeks).excesses) for seed in range(logs))
    print(f"{draw.__name__}, {weeks} weeks: an alarm in {alarmed} of {logs} logs")
    assert alarmed <= stats.binom.ppf(0.99, logs, 0.05)


def test_wider_counts_would_alarm_by_the_poisson_test() -> None:
    """What is taken for the dispersion is what keeps those logs quiet."""
    alarmed = 0
    for seed in range(10):
        cells = Counter((one.kind, one.place, (one.at_us - NOON) // (7 * DAY)) for one in log(seed, wider))
        names = sorted({(kind, place) for kind, place, _ in cells})
        now = np.array([cells[(*name, 12)] for name in names])
        past = np.array([sum(cells[(*name, week)] for week in range(12)) for name in names])
        plain = tail(now, past, np.full(len(names), 12), np.full(len(names), POISSON))
        alarmed += bool((stats.false_discovery_control(plain) <= 0.05).any())
    assert alarmed >= 8


def test_the_shape_is_recovered_from_many_cells() -> None:
    """From 300 cells of shape 2 a shape a little wider at the most; from Poisson's hardly any width."""
    chance = np.random.default_rng(1)
    group = np.zeros(300, dtype=np.int64)
    wide = chance.poisson(6 * chance.gamma(2, 1 / 2, (300, 12)))
    assert 1.5 <= shapes([(group, wide)], 1)[0] <= 2.2
    assert shapes([(group, chance.poisson(6, (300, 12)))], 1)[0] >= 30


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(0, 9), st.integers(0, 7))
def test_a_planted_excess_is_found(seed: int, kind: int, place: int) -> None:
    """Sixty cases more than usual in one cell of eighty are told of, first of all, with all their ids."""
    rows = log(seed, poisson, weeks=9, planted={(kind, place): 60})
    search = searched(rows, weeks=9)
    first = search.excesses[0]
    assert (first.kind, first.place) == (f"k{kind}", f"p{place}")
    own = [row.id for row in rows if (row.kind, row.place) == (f"k{kind}", f"p{place}")]
    assert first.cases == tuple(sorted(one for one in own if one.split("-")[2] == "8"))
    assert first.expected * first.windows == len(own) - first.count
    assert first.bound < first.count
    assert first.p <= search.threshold <= search.level


ROWS = log(3, wider, weeks=9, planted={(2, 3): 30, (4, 4): 25})


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    """Rows in any order give the same search."""
    rows = list(ROWS)
    Random(seed).shuffle(rows)
    assert searched(rows, weeks=9) == searched(ROWS, weeks=9)


def test_ties_do_not_matter() -> None:
    """Cases of one day at one instant count as those spread over it."""
    spread = [row.replace(at_us=row.at_us + (number % 43_000) * 10**6) for number, row in enumerate(ROWS)]
    assert searched(spread, weeks=9) == searched(ROWS, weeks=9)


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        ("2025-03-30T23:59:59.999999+08:00", 0),
        ("2025-03-31T00:00:00+08:00", 1),
        ("2025-04-06T23:59:59.999999+08:00", 1),
        ("2025-04-07T00:00:00+08:00", 0),
    ],
)
def test_the_window_is_whole_days_of_the_office(at: str, counts: int) -> None:
    """From the first instant of its first day up to the last of its last day, there."""
    new = Occurrence("new", "never before", "p0", micros(at))
    search = searched([*log(1, poisson, kinds=2, places=2), new])
    assert search.window.since == date(2025, 3, 31)
    assert sum(one.count for one in search.too_new) == counts


def test_too_little_past_is_told_and_not_judged() -> None:
    """A kind that nobody had used, and a log of a few weeks, are named and not guessed at."""
    new = [Occurrence(f"new-{number}", "new", "p0", NOON + 12 * 7 * DAY) for number in range(50)]
    search = searched([*log(2, poisson), *new])
    assert [(one.kind, one.count, one.windows) for one in search.too_new] == [("new", 50, 0)]
    assert all(one.kind != "new" for one in search.excesses)
    short = searched(log(2, poisson, weeks=6, planted={(0, 0): 100}), weeks=6)
    assert (short.excesses, short.looked_at, short.windows) == ((), 0, 5)
    assert short.too_new[0].count >= 100


def test_a_season_is_no_excess_against_like_periods() -> None:
    """What comes every winter exceeds the autumn before it, and not the winters of earlier years."""
    rows: list[Occurrence] = []
    chance = np.random.default_rng(5)
    day = date(2021, 1, 1)
    while day < date(2025, 1, 1):
        for kind, mean in (("heating", 6.0 if day.month in (12, 1, 2) else 0.3), ("street light", 1.0)):
            rows += [
                Occurrence(f"{kind}-{day}-{number}", kind, "p0", micros(f"{day}T12:00:00+08:00"))
                for number in range(chance.poisson(mean))
            ]
        day += timedelta(days=1)
    like = excesses(rows, until=date(2024, 12, 29), days=28)
    assert (like.baseline, like.windows, like.excesses) == ("like-periods", 10, ())
    recent = excesses(rows, until=date(2024, 12, 29), days=28, since=date(2024, 3, 4))
    assert (recent.baseline, recent.windows) == ("recent", 9)
    assert [one.kind for one in recent.excesses] == ["heating"]


def test_no_rows_are_no_problem() -> None:
    """Nothing is looked at, and nothing is told of."""
    search = excesses([], until=end(), days=7)
    assert (search.excesses, search.too_new, search.looked_at, search.threshold) == ((), (), 0, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"days": 0},
        {"days": 365},
        {"level": 0.0},
        {"level": 1.0},
        {"level": float("nan")},
        {"least_windows": 1},
    ],
)
def test_numbers_out_of_bounds_are_refused(options: dict[str, float]) -> None:
    """The message names the option."""
    with pytest.raises(BadInput, match=next(iter(options))):
        excesses([], until=end(), **{"days": 7, **options})  # type: ignore[arg-type]  # as the table has it
