"""Dues that a clock remembers are those that are counted anew."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from caseflow.core.model.compiled_clock import CompiledClock, Window
from caseflow.core.policy import ClockRule, Rung
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import breach
from caseflow.core.time.instants import SECOND, micros, office_days
from caseflow.core.time.span import Span

HOURS = ["08:30-12:00", "14:00-17:30"]
LENGTHS: list[dict[str, Any]] = [{"hours": 40}, {"hours": 7}, {"minutes": 1}]


def office(hours: list[str]) -> Calendar:
    """Easter week of 2023 in Berlin, with the last Sunday of March before it."""
    holidays = {date(2023, 4, 7): "Karfreitag", date(2023, 4, 10): "Ostermontag"}
    return Calendar(
        name="B", first=date(2023, 1, 1), last=date(2023, 4, 20), holidays=holidays, hours=hours,
        half={date(2023, 4, 6): ["08:30-12:00"]},
    )  # fmt: skip


def starts(zone: str) -> list[int]:
    """Every 17 minutes of four weeks, and each edge of every day's hours."""
    days, first = office_days(zone), micros("2023-03-20T00:00:00+01:00")
    edges = [
        days.at(date(2023, 3, 20).toordinal() + day, minutes) + off
        for day in range(28)
        for minutes in (0, 510, 720, 840, 1050)
        for off in (-1, 0, 1, 2)
    ]
    return [*edges, *range(first, first + 28 * 86_400 * SECOND, 17 * 60 * SECOND), *edges]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Shanghai"])
@pytest.mark.parametrize(
    ("counting", "first", "hours"),
    [
        ("office", "next-day", HOURS),
        ("office", "next-day", ["00:00-24:00"]),
        ("office", "next-working-day", HOURS),
        ("elapsed", "next-day", HOURS),
    ],
)
def test_running_time_is_remembered_as_it_is_counted(
    zone: str, counting: Any, first: Any, hours: list[str]
) -> None:
    """Whatever was asked before, and past the calendar's end, each rung is due when it is by itself."""
    calendar, days = office(hours), office_days(zone)
    rule = ClockRule(
        rungs=tuple(Rung(level=f"r{turn}", **length) for turn, length in enumerate(LENGTHS)),
        counting=counting,
        first=first,
    )
    clock = CompiledClock("c", rule, order=0, days=days, calendar=calendar)
    spans = [Span.of(**length, counting=counting, first=first, calendar=calendar) for length in LENGTHS]
    for start in starts(zone):
        dues, unknown = clock.dues(start)
        lates = [breach(span, start, (), days) for span in spans]
        assert dues == tuple(late.at_us for late in lates), start
        assert [not unknown >> rung & 1 for rung in range(3)] == [late.certain for late in lates], start


@pytest.mark.parametrize(
    "span",
    [
        Span.of(days=3, counting="working", calendar=office(HOURS)),
        Span.of(days=3, counting="working", cut_off="16:00", calendar=office(HOURS)),
        Span.of(months=1, roll="next-working-day", calendar=office(HOURS)),
        Span.of(hours=30, counting="elapsed"),
    ],
    ids=["days", "cut-off", "month", "elapsed"],
)
def test_a_window_ends_as_a_deadline_does(span: Span) -> None:
    """From any start, the same day asked for again included."""
    days = office_days("Europe/Berlin")
    window = Window(span, days)
    for start in starts("Europe/Berlin"):
        assert window.breach(start) == breach(span, start, (), days)
