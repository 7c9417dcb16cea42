"""Calendars with holidays, make-up days and a horizon, drawn as an office might publish them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from caseflow.core.time.calendar import Calendar
from caseflow.errors import BadInput
from caseflow.testing.strategies.arguments import check_count

WEEKS = ((0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5), (6, 0, 1, 2, 3), (0, 1, 2, 3, 4, 5, 6), (2,))
"""Working weekdays that are drawn, Monday is 0: the usual week, six days, Sunday to Thursday, all, one."""
HOURS = (("09:00-17:00",), ("08:30-12:00", "14:00-17:30"), ("00:00-24:00",))
"""Opening hours that are drawn: through the day, with a break at noon, day and night."""
LONGEST = 9
"""Days of the longest holiday, weekends within it included."""


def calendars(
    *,
    name: str = "office",
    first: date = date(2025, 1, 1),
    min_days: int = 30,
    max_days: int = 400,
    max_holidays: int = 4,
    max_makeup: int = 4,
    weeks: Sequence[Sequence[int]] = WEEKS,
    hours: Sequence[Sequence[str]] = HOURS,
) -> st.SearchStrategy[Calendar]:
    """Calendars of an office.

    Shrinks to the first week given, no holidays, no make-up days, and the furthest horizon; holidays shrink
    to single early days.

    Args:
        name: how policies name it.
        first: the first certain day.
        min_days, max_days: how many days are certain, at least and at most.
        max_holidays: stretches of holidays; each has 1 to 9 days, those on rest days left out.
        max_makeup: make-up working days, on days that the week has as rest days.
        weeks: working weekdays to choose from, Monday is 0.
        hours: opening hours to choose from; some working days are half days, open until noon.

    Raises:
        BadInput: a count that is none, more days at least than at most, an empty week.
    """
    check_count(max_days, what="max_days", least=1, most=36_500)
    check_count(min_days, what="min_days", least=1, most=max_days)
    check_count(max_holidays, what="max_holidays", least=0, most=100)
    check_count(max_makeup, what="max_makeup", least=0, most=100)
    if not weeks or not all(set(week) and set(week) <= set(range(7)) for week in weeks):
        raise BadInput("empty-week", what=f"calendar {name}", found=str(weeks)[:80])
    offsets = st.integers(0, max_days - 1)
    holidays = st.lists(st.tuples(offsets, st.integers(1, LONGEST)), max_size=max_holidays)

    def build(
        week: Sequence[int],
        shorter: int,
        rest: list[tuple[int, int]],
        extra: list[int],
        opening: Sequence[str],
        shortened: list[int],
    ) -> Calendar:
        last = first + timedelta(days=max_days - 1 - shorter)
        free = (first + timedelta(days=at + day) for at, length in rest for day in range(length))
        extra_days = (first + timedelta(days=at) for at in extra)
        return Calendar(
            name=name,
            first=first,
            last=last,
            week=tuple(week),
            holidays={day: "holiday" for day in free if day.weekday() in week and day <= last},
            makeup={day: "make-up day" for day in extra_days if day.weekday() not in week and day <= last},
            hours=tuple(opening),
            half={first + timedelta(days=at): ("09:00-12:00",) for at in shortened} if opening else {},
        )

    return st.builds(
        build,
        week=st.sampled_from(list(weeks)),
        shorter=st.integers(0, max_days - min_days),
        rest=holidays,
        extra=st.lists(offsets, max_size=max_makeup),
        opening=st.sampled_from(list(hours)),
        shortened=st.lists(offsets, max_size=2),
    )
