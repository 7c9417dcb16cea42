"""The parts of a simulation: office time, delays, chance and survival, each by its promise."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import office_days
from caseflow.simulation.arrivals import OfficeTime, RandomStreams
from caseflow.simulation.delays import Delay
from caseflow.simulation.fit import Survival, distance
from caseflow.simulation.scenario import Office, quarter

CALENDAR = Calendar(
    name="T",
    first=date(2025, 1, 1),
    last=date(2025, 12, 31),
    holidays={date(2025, 3, 5): "假"},
    makeup={date(2025, 3, 8): "补"},
)
WEEK: dict[str, tuple[float, ...]] = dict.fromkeys(
    ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), (0.5,) * 24
)


def time_of(office: Office, zone: str = "Asia/Shanghai", *, calendar: Calendar | None = None) -> OfficeTime:
    first, last = date(2025, 3, 3).toordinal(), date(2025, 4, 6).toordinal()
    return OfficeTime(office, office_days(zone), calendar=calendar, first=first, last=last)


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


NINE_TO_FIVE = Office(hours=("09:00-12:00", "13:30-17:00"))
AFTER = {
    # a Monday; 6.5 hours a day
    "inside": ("2025-03-03T09:00", 2, "2025-03-03T11:00"),
    "before opening": ("2025-03-03T07:00", 1, "2025-03-03T10:00"),
    "over lunch": ("2025-03-03T11:00", 2, "2025-03-03T14:30"),
    "over night": ("2025-03-03T16:00", 2, "2025-03-04T10:00"),
    "over a weekend": ("2025-03-07T16:30", 1, "2025-03-10T09:30"),
    "no hours at night": ("2025-03-03T22:00", 0, "2025-03-04T09:00"),
    "no hours by day": ("2025-03-03T10:07", 0, "2025-03-03T10:07"),
    "a second": ("2025-03-03T09:00", 1 / 3600, "2025-03-03T09:00:01"),
}


@pytest.mark.parametrize(("since", "hours", "then"), AFTER.values(), ids=AFTER)
def test_office_hours_run_while_the_office_works(since: str, hours: float, then: str) -> None:
    """So many office hours later is the instant that a clock stopped outside the hours would show."""
    assert time_of(NINE_TO_FIVE).after(at(since), hours) == at(then)


def test_a_holiday_is_worked_as_sunday_and_a_makeup_day_as_friday() -> None:
    """Time stands still on the calendar's rest days and runs on its make-up days."""
    plain, counted = time_of(NINE_TO_FIVE), time_of(NINE_TO_FIVE, calendar=CALENDAR)
    wednesday = at("2025-03-05T00:00"), at("2025-03-06T00:00")
    saturday = at("2025-03-08T00:00"), at("2025-03-09T00:00")
    assert (plain.between(*wednesday), counted.between(*wednesday)) == (6.5, 0)
    assert (plain.between(*saturday), counted.between(*saturday)) == (0, 6.5)


def test_summer_time_moves_no_opening_hour() -> None:
    """On the day that loses an hour the office still opens at nine by its own wall clock."""
    time = time_of(Office(hours=("09:00-17:00",), days=("sun", "mon")), "America/New_York")
    assert time.after(at("2025-03-09T00:00", "America/New_York"), 0) == at(
        "2025-03-09T09:00", "America/New_York"
    )
    every = time_of(Office(week=WEEK), "America/New_York")
    day = at("2025-03-09T00:00", "America/New_York"), at("2025-03-10T00:00", "America/New_York")
    assert every.between(*day) == 11.5


@given(
    since=st.integers(at("2025-03-03T00:00"), at("2025-03-20T00:00")),
    hours=st.floats(0, 60),
    office=st.sampled_from([NINE_TO_FIVE, Office(week=WEEK | {"sun": (0.0,) * 24})]),
)
@settings(derandomize=True, database=None, deadline=None, max_examples=300)
def test_so_many_hours_later_lie_so_many_hours_between(since: int, hours: float, office: Office) -> None:
    """`after` and `between` are inverse, to the second."""
    time = time_of(office, calendar=CALENDAR)
    then = time.after(since, hours)
    assert then is not None
    assert then >= since
    assert time.between(since, then) == pytest.approx(hours, abs=1 / 3600)


def test_past_the_last_day_nothing_is_known() -> None:
    """An instant after the simulated days is told as none."""
    assert time_of(NINE_TO_FIVE).after(at("2025-04-04T16:00"), 2) is None


@pytest.mark.parametrize(
    ("text", "slot"),
    [("00:00", 0), ("08:30", 34), ("24:00", 96), ("08:20", -1), ("8", -1), ("25:00", -1), ("x:00", -1)],
)
def test_opening_hours_lie_on_quarters(text: str, slot: int) -> None:
    """HH:MM on a quarter of an hour is read; anything else is not."""
    assert quarter(text) == slot


def test_a_delay_has_the_quantiles_it_was_written_with() -> None:
    """At a written percent stand the written hours, and between two of them the delay lies between theirs."""
    delay = Delay(quantiles={"10": 1.0, "50": 8.0, "90": 40.0})
    assert [delay.at(share) for share in (0.1, 0.5, 0.9)] == pytest.approx([1, 8, 40])
    assert [delay.at(share) for share in (0.01, 0.99)] == pytest.approx([1, 40])
    assert 8 < (delay.at(0.7) or 0) < 40


def test_a_median_and_a_spread_make_a_log_normal_delay() -> None:
    """Half take at most the median, 84 % at most the spread times as long."""
    delay = Delay(median=4, spread=2.5)
    assert delay.at(0.5) == pytest.approx(4)
    assert delay.at(0.841345) == pytest.approx(10, rel=1e-4)
    assert Delay(median=4).at(0.99) == 4


def test_never_is_the_last_share() -> None:
    """The share that never happens lies above all others, whose distribution it leaves as it is."""
    delay = Delay(quantiles={"0": 1.0, "100": 3.0}, never=0.2)
    assert delay.at(0.81) is None
    assert delay.at(0.7999999) == pytest.approx(3, rel=1e-4)


def test_a_question_has_one_answer() -> None:
    """Seed, case, question and turn decide, each of them, and nothing else does."""
    answer = RandomStreams(1, 7).roll("wait")
    assert RandomStreams(1, 7).roll("wait") == answer
    others = [
        RandomStreams(2, 7).roll("wait"),
        RandomStreams(1, 8).roll("wait"),
        RandomStreams(1, 7).roll("work"),
        RandomStreams(1, 7).roll("wait", 1),
    ]
    assert len({answer, *others}) == 5


def test_answers_are_spread_evenly() -> None:
    """Of 20,000 cases each tenth of the answers gets a tenth, within four standard deviations."""
    tenths = [0] * 10
    for case in range(20_000):
        tenths[int(RandomStreams(3, case).roll("wait") * 10)] += 1
    assert all(abs(count - 2000) < 4 * (20_000 * 0.09) ** 0.5 for count in tenths)


def test_picks_go_by_weight() -> None:
    """A weight of 0 is never picked, and three times the weight is picked three times as often."""
    picked = [RandomStreams(1, case).pick("unit", {"a": 3, "b": 1, "c": 0}) for case in range(8000)]
    assert "c" not in picked
    assert picked.count("a") / picked.count("b") == pytest.approx(3, rel=0.1)
    with pytest.raises(ValueError, match="unit"):
        RandomStreams(1, 1).pick("unit", {"a": 0})


def test_open_cases_count_while_they_are_seen() -> None:
    """The product limit (Kaplan and Meier) of a sample with losses between its ends, done by hand."""
    sample = [(6, True)] * 3 + [(6, False), (7, True), (9, False), (10, True), (10, False), (11, False)]
    survival = Survival.of(sample)
    assert list(survival.times) == [6, 7, 10]
    assert [1 - share for share in survival.shares] == pytest.approx(
        [6 / 9, 6 / 9 * 4 / 5, 6 / 9 * 4 / 5 * 2 / 3]
    )
    assert (survival.quantile(0.3), survival.quantile(0.9)) == (6, None)
    assert survival.by(7.5) == pytest.approx(1 - 6 / 9 * 4 / 5)


def test_the_distance_is_the_greatest_gap() -> None:
    """Equal samples lie 0 apart, disjoint ones 1, and a half that moved lies a half apart."""
    one = Survival.of([(1, True), (2, True)])
    assert distance(one, one) == 0
    assert distance(one, Survival.of([(3, True), (4, True)])) == 1
    assert distance(one, Survival.of([(1, True), (5, True)])) == 0.5
