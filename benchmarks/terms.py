"""Deadlines by themselves: of days not met before, of a day met already, and beside other libraries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import holidays
import numpy as np
from workalendar.asia import China

from benchmarks.report import Row, at_most, faster
from benchmarks.timing import Work, interleaved, seconds
from caseflow import Calendar, load_calendar
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.policy import ClockRule, Rung
from caseflow.core.time import office_time
from caseflow.core.time.deadline import breach
from caseflow.core.time.instants import DAY, OfficeDays, micros, office_days
from caseflow.core.time.span import Span

ZONE = "Asia/Shanghai"
FIRST = date(2023, 1, 3)
"""Of 2023, the last year that every one of the libraries knows for China."""
STARTS = 200
WORKING = 20


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Microseconds a deadline, ours and each peer's."""
    table = _table()
    rolled = {"months": 1, "roll": "next-working-day"}
    lengths = {
        "20 working days": {"days": WORKING, "counting": "working"},
        "one month, rolled": rolled,
        "40 office hours": {"hours": 40, "counting": "office"},
    }
    works: dict[str, Work] = {}
    for name, keys in lengths.items():
        works[f"{name}, first time"] = _first_time(Span.of(**keys, calendar=table), table)  # type: ignore[arg-type]
        works[f"{name}, day met already"] = _met(keys, table)
    works |= {"numpy": _numpy(table), "workalendar": _workalendar(), "holidays": _holidays()}
    result = interleaved(works, rounds=3 if quick else 11)
    ours = result["20 working days, first time"]
    return (
        *(
            at_most(name, result[name] * 1e6, must=30 if "first" in name else 1, unit="us")
            for name in works
            if "," in name
        ),
        faster("20 working days, first time", ours, result["numpy"], "numpy.busday_offset, no make-up days"),
        faster("20 working days, first time", ours, result["workalendar"], "workalendar", must=1),
        faster("20 working days, first time", ours, result["holidays"], "holidays"),
    )


def _table() -> Calendar:
    known = load_calendar("CN")
    return Calendar.from_document({**known.document(), "hours": ["08:30-12:00", "14:00-17:30"]})


def _starts() -> tuple[int, ...]:
    return tuple(micros(f"{FIRST}T09:30:00+08:00") + day * DAY for day in range(STARTS))


def _each(call: Callable[[int], object]) -> float:
    starts = _starts()

    def work() -> None:
        for start in starts:
            call(start)

    return seconds(work) / len(starts)


def _first_time(span: Span, table: Calendar) -> Work:
    """Each round by days and openings that nobody has asked for yet."""

    def work() -> float:
        days = OfficeDays(ZONE)
        office_time.forget()
        return _each(lambda start: breach(span, start, (), days))

    return work


def _met(keys: dict[str, object], table: Calendar) -> Work:
    rule = {key: keys[key] for key in ("counting", "roll") if key in keys}
    length = {key: keys[key] for key in keys if key not in rule}
    clock = CompiledClock(
        "reply",
        ClockRule(rungs=(Rung(level="late", **length),), **rule),  # type: ignore[arg-type]
        order=0,
        days=office_days(ZONE),
        calendar=table,
    )
    return lambda: _each(clock.dues)


def _dates() -> tuple[date, ...]:
    return tuple(FIRST + timedelta(days=day) for day in range(STARTS))


def _each_date(call: Callable[[date], date]) -> Work:
    dates = _dates()
    call(dates[0])

    def work() -> None:
        for day in dates:
            call(day)

    return lambda: seconds(work) / len(dates)


def _numpy(table: Calendar) -> Work:
    """One call a date, as a portal asks; the calendar and the dates are made before."""
    calendar = np.busdaycalendar(holidays=[date.fromordinal(day) for day in table.holidays])
    dates: Sequence[np.datetime64] = [np.datetime64(day) for day in _dates()]

    def work() -> None:
        for day in dates:
            np.busday_offset(day, WORKING, roll="backward", busdaycal=calendar)

    return lambda: seconds(work) / len(dates)


def _workalendar() -> Work:
    calendar = China()
    return _each_date(lambda day: calendar.add_working_days(day, WORKING))


def _holidays() -> Work:
    calendar = holidays.country_holidays("CN", years=FIRST.year)
    return _each_date(lambda day: calendar.get_nth_working_day(day, WORKING))
