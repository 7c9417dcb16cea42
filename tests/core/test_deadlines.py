"""Deadlines, boundary by boundary: the day before, the day, the day after."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import breach, walk
from caseflow.core.time.instants import micros, moment, office_days
from caseflow.core.time.pauses import Pause
from caseflow.core.time.span import Span
from caseflow.errors import BadInput
from caseflow.policies.calendars import load_calendar

SCENARIOS = Path(__file__).resolve().parents[2].parent / "shared" / "scenarios" / "deadlines.csv"
SHANGHAI = "Asia/Shanghai"
MARCH = Calendar(
    name="M",
    first=date(2025, 3, 3),
    last=date(2025, 3, 14),
    holidays={date(2025, 3, 12): "植树节"},
    makeup={date(2025, 3, 8): "补班"},
)
"""Two weeks from Monday 3 March: Wednesday the 12th is a holiday, Saturday the 8th a make-up day."""


def rows() -> list[dict[str, str]]:
    if not SCENARIOS.is_file():
        return []
    with SCENARIOS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pauses_of(text: str) -> list[Pause]:
    pairs = (pair.split("/") for pair in text.split())
    return [(micros(begin), micros(end) if end else None) for begin, end in pairs]


def late(
    start: str, days: int = 5, counting: str = "natural", *, pauses: str = "", zone: str = SHANGHAI,
    roll: str = "none", calendar: Calendar | None = None, hours: int = 0,
) -> str:  # fmt: skip
    """The first late instant as local text; ``never``, or with a ``?`` when it is only "not before"."""
    span = Span.of(days or None, hours=hours or None, counting=counting, roll=roll, calendar=calendar)
    found = breach(span, micros(start), pauses_of(pauses), office_days(zone))
    if found.at_us is None:
        return "never"
    return moment(found.at_us, zone).isoformat() + ("" if found.certain else "?")


@pytest.mark.skipif(not SCENARIOS.is_file(), reason="shared/scenarios is not beside this checkout")
def test_the_scenarios_were_found() -> None:
    """The file of scenarios holds rows; an empty one would prove nothing."""
    assert len(rows()) > 80


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_every_scenario_has_its_first_late_instant(row: dict[str, str]) -> None:
    """Each row of the scenarios comes to its ``breach_at``, and `walk` ends on the same day."""
    span = Span.of(
        int(row["days"]),
        counting=row["counting"],
        roll=row["roll"],
        calendar=load_calendar(row["calendar"]),
    )
    start, pauses, days = micros(row["start"]), pauses_of(row["pauses"]), office_days(row["timezone"])
    found = breach(span, start, pauses, days)
    assert found.at_us == (micros(row["breach_at"]) if row["breach_at"] else None)
    assert found.certain
    if row["counting"] != "elapsed":
        last = [day.ends_us for day in walk(span, start, pauses, days) if day.why == "last"]
        assert last == ([found.at_us] if found.at_us is not None else [])


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2025-03-03T23:59:59.999999+08:00", "2025-03-09T00:00:00+08:00"),
        ("2025-03-04T00:00:00+08:00", "2025-03-10T00:00:00+08:00"),
        ("2025-03-04T00:00:00.000001+08:00", "2025-03-10T00:00:00+08:00"),
        ("2025-03-03T15:59:59.999999+00:00", "2025-03-09T00:00:00+08:00"),
        ("2025-03-03T16:00:00+00:00", "2025-03-10T00:00:00+08:00"),
    ],
)
def test_the_start_day_is_the_offices_day(start: str, expected: str) -> None:
    """The last microsecond of a day and the first of the next start different counts, whatever the offset."""
    assert late(start) == expected


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ("2025-03-05T12:00+08:00/2025-03-05T23:59:59.999999+08:00", "2025-03-09T00:00:00+08:00"),
        ("2025-03-05T12:00+08:00/2025-03-06T00:00+08:00", "2025-03-10T00:00:00+08:00"),
        ("2025-03-05T23:59:59.999999+08:00/2025-03-06T00:00+08:00", "2025-03-10T00:00:00+08:00"),
        ("2025-03-06T00:00+08:00/2025-03-06T23:59:59.999999+08:00", "2025-03-09T00:00:00+08:00"),
        ("2025-03-06T00:00+08:00/2025-03-07T00:00+08:00", "2025-03-10T00:00:00+08:00"),
        # Two that touch are one: midnight lies inside the union although neither holds it.
        ("2025-03-05T12:00+08:00/2025-03-06T00:00+08:00 2025-03-06T00:00+08:00/2025-03-06T01:00+08:00",
         "2025-03-10T00:00:00+08:00"),
        # The same pause twice counts once.
        ("2025-03-05T12:00+08:00/2025-03-06T12:00+08:00 2025-03-05T12:00+08:00/2025-03-06T12:00+08:00",
         "2025-03-10T00:00:00+08:00"),
        # It covers the last day's end exactly, one microsecond less, and begins at it.
        ("2025-03-08T23:00+08:00/2025-03-09T00:00+08:00", "2025-03-10T00:00:00+08:00"),
        ("2025-03-08T23:00+08:00/2025-03-08T23:59:59.999999+08:00", "2025-03-09T00:00:00+08:00"),
        ("2025-03-09T00:00+08:00/2025-03-20T00:00+08:00", "2025-03-09T00:00:00+08:00"),
        ("2025-03-08T23:59:59.999999+08:00/", "never"),
        ("2025-03-09T00:00+08:00/", "2025-03-09T00:00:00+08:00"),
        # Before the start, over the start, and an open one beside a closed one.
        ("2025-02-01T00:00+08:00/2025-03-03T09:30+08:00", "2025-03-09T00:00:00+08:00"),
        ("2025-02-01T00:00+08:00/2025-03-04T00:00+08:00", "2025-03-09T00:00:00+08:00"),
        ("2025-02-01T00:00+08:00/2025-03-05T00:00+08:00", "2025-03-10T00:00:00+08:00"),
        ("2025-03-05T00:00+08:00/ 2025-03-04T00:00+08:00/2025-03-06T00:00+08:00", "never"),
    ],
)  # fmt: skip
def test_a_day_ends_paused_if_the_pause_holds_its_midnight(pauses: str, expected: str) -> None:
    """Counting days, only what is paused at a day's end matters: ``a < midnight <= b``."""
    assert late("2025-03-03T09:30:00+08:00", pauses=pauses) == expected


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ("", "2025-03-04T09:30:00.000001+08:00"),
        ("2025-03-04T09:29:59.999999+08:00/2025-03-04T10:00+08:00", "2025-03-04T10:00:00.000002+08:00"),
        ("2025-03-04T09:30+08:00/2025-03-04T10:00+08:00", "2025-03-04T10:00:00.000001+08:00"),
        ("2025-03-04T09:30:00.000001+08:00/2025-03-04T10:00+08:00", "2025-03-04T09:30:00.000001+08:00"),
        ("2025-03-04T09:30+08:00/", "never"),
        ("2025-03-04T09:30:00.000001+08:00/", "2025-03-04T09:30:00.000001+08:00"),
        ("2025-03-03T09:30+08:00/2025-03-03T09:30:00.000001+08:00", "2025-03-04T09:30:00.000002+08:00"),
        ("2025-03-02T00:00+08:00/2025-03-03T09:30+08:00", "2025-03-04T09:30:00.000001+08:00"),
    ],
)
def test_elapsed_time_is_late_one_microsecond_after_the_budget(pauses: str, expected: str) -> None:
    """Exactly so much is on time; a pause that begins as the budget is used up still defers the breach."""
    start = "2025-03-03T09:30:00+08:00"
    assert late(start, 1, "elapsed", pauses=pauses) == expected
    assert late(start, 0, "elapsed", hours=24, pauses=pauses) == expected


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2025-03-06T10:00+08:00", 1, "2025-03-08T00:00:00+08:00"),  # Friday counts
        ("2025-03-07T10:00+08:00", 1, "2025-03-09T00:00:00+08:00"),  # Saturday is a make-up day
        ("2025-03-08T10:00+08:00", 1, "2025-03-11T00:00:00+08:00"),  # Sunday rests
        ("2025-03-11T10:00+08:00", 1, "2025-03-14T00:00:00+08:00"),  # Wednesday is a holiday
        ("2025-03-12T10:00+08:00", 1, "2025-03-14T00:00:00+08:00"),  # so asking on it or before is the same
        ("2025-03-13T10:00+08:00", 1, "2025-03-15T00:00:00+08:00"),  # the last certain day
        ("2025-03-14T10:00+08:00", 1, "2025-03-16T00:00:00+08:00?"),  # one past the horizon
        ("2025-03-13T10:00+08:00", 3, "2025-03-17T00:00:00+08:00?"),
        ("2025-03-01T10:00+08:00", 1, "2025-03-03T00:00:00+08:00?"),  # 2 March lies before the first day
        ("2025-03-02T10:00+08:00", 1, "2025-03-04T00:00:00+08:00"),  # the first certain day
    ],
)
def test_working_days_follow_the_calendar_to_its_horizon(start: str, days: int, expected: str) -> None:
    """Rest days are skipped, make-up days count; past the calendar it is "not before", as if all worked."""
    assert late(start, days, "working", calendar=MARCH) == expected


@pytest.mark.parametrize(
    ("start", "days", "pauses", "expected"),
    [
        ("2025-03-06T10:00+08:00", 1, "", "2025-03-08T00:00:00+08:00"),  # last day Friday stays
        ("2025-03-06T10:00+08:00", 2, "", "2025-03-09T00:00:00+08:00"),  # make-up Saturday stays
        ("2025-03-06T10:00+08:00", 3, "", "2025-03-11T00:00:00+08:00"),  # Sunday rolls to Monday
        ("2025-03-10T10:00+08:00", 2, "", "2025-03-14T00:00:00+08:00"),  # the holiday rolls to Thursday
        ("2025-03-10T10:00+08:00", 2, "2025-03-13T12:00+08:00/2025-03-14T00:00+08:00",
         "2025-03-15T00:00:00+08:00"),  # a paused day cannot be rolled onto
        ("2025-03-10T10:00+08:00", 2, "2025-03-13T12:00+08:00/", "never"),
        ("2025-03-10T10:00+08:00", 5, "", "2025-03-16T00:00:00+08:00?"),  # the last day is unknown
        ("2025-02-20T10:00+08:00", 12, "", "2025-03-05T00:00:00+08:00"),  # only the last day is asked about
    ],
)  # fmt: skip
def test_a_last_day_of_rest_rolls_on(start: str, days: int, pauses: str, expected: str) -> None:
    """Natural days roll from a rest day to the next working day that does not end paused."""
    assert late(start, days, roll="next-working-day", pauses=pauses, calendar=MARCH) == expected


def test_past_the_horizon_the_answer_is_the_earliest_possible() -> None:
    """Whatever calendar comes to be known later, no deadline falls before the "not before" said today."""
    start, days = "2025-03-10T10:00+08:00", 6
    unknown = late(start, days, "working", calendar=MARCH)
    assert unknown == "2025-03-18T00:00:00+08:00?"
    for holiday in (15, 16, 17, 18):
        longer = Calendar(
            name="M", first=MARCH.first, last=date(2025, 4, 30), holidays={date(2025, 3, 12): "植树节"},
            makeup={date(2025, 3, 15): "补班", date(2025, 3, 16): "补班"} if holiday > 16 else {},
        )  # fmt: skip
        assert late(start, days, "working", calendar=longer) >= unknown.rstrip("?")


def test_an_uncertain_day_that_is_paused_is_not_asked_about() -> None:
    """A day past the horizon that ends paused does not count whatever it is, so nothing becomes unknown."""
    start, until = "2025-02-28T10:00+08:00", "2025-03-03T00:00+08:00"
    both, one = f"2025-03-01T12:00+08:00/{until}", f"2025-03-02T12:00+08:00/{until}"
    assert late(start, 1, "working", pauses=both, calendar=MARCH) == "2025-03-04T00:00:00+08:00"
    assert late(start, 1, "working", pauses=one, calendar=MARCH) == "2025-03-02T00:00:00+08:00?"


def test_the_chinese_calendar_ends_on_20_december() -> None:
    """The horizon is 20 December of the last year, since later notices change the days after it."""
    known = load_calendar("CN")
    assert (known.last.month, known.last.day) == (12, 20)
    assert known.is_certain(known.last.toordinal())
    assert not known.is_certain(known.last.toordinal() + 1)
    year = known.last.year
    assert late(f"{year}-12-01T10:00+08:00", 30, "working", calendar=known).endswith("?")
    assert not late(f"{year}-12-01T10:00+08:00", 5, "working", calendar=known).endswith("?")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "one-length"),
        ({"days": -1}, "bad-count"),
        ({"days": 1, "hours": 1, "counting": "elapsed"}, "one-length"),
        ({"hours": 5}, "length-unfit"),
        ({"hours": 5, "counting": "working", "calendar": MARCH}, "length-unfit"),
        (
            {"days": 1, "counting": "elapsed", "roll": "next-working-day", "calendar": MARCH},
            "term-needs-days",
        ),
        ({"days": 1, "counting": "working"}, "calendar-needed"),
        ({"days": 1, "roll": "next-working-day"}, "calendar-needed"),
        ({"days": 1, "counting": "business"}, "bad-term"),
        ({"days": 1, "roll": "previous"}, "bad-term"),
    ],
)
def test_a_span_that_means_nothing_is_refused(given: dict[str, object], code: str) -> None:
    """Counts below 1, hours in days, a roll with elapsed time, a missing calendar: each has its code."""
    with pytest.raises(BadInput) as caught:
        Span.of(**given)  # type: ignore[arg-type]  # wrong values are the point
    assert caught.value.code == code
