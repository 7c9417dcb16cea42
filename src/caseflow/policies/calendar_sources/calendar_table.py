"""What every source of a calendar gives: its days as plain dates, before a policy lays anything over them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import attrs

from caseflow.core.time.calendar import Calendar, Hours
from caseflow.errors import BadInput

WORKING_WEEK = (0, 1, 2, 3, 4)
"""Monday to Friday: what a source means that says nothing of the week."""
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@attrs.frozen(kw_only=True)
class CalendarTable:
    """A calendar as its source has it.

    Attributes:
        name: how policies name it.
        first: the first certain day.
        last: the last certain day.
        week: the source's own working weekdays, Monday is 0.
        holidays: rest days; those that fall on rest weekdays anyway change nothing.
        makeup: working days that fall on rest weekdays.
        source: where the data come from.
        hours: the office hours of a working day.
        half: days with other hours.
        is_written: whether people wrote it: holidays on rest weekdays then stay in it, for their names.
    """

    name: str
    first: date
    last: date
    week: tuple[int, ...] = WORKING_WEEK
    holidays: Mapping[date, str] = attrs.field(factory=dict[date, str])
    makeup: Mapping[date, str] = attrs.field(factory=dict[date, str])
    source: str = ""
    hours: Hours = ()
    half: Mapping[date, Hours] = attrs.field(factory=dict[date, Hours])
    is_written: bool = False

    def rests(self, day: date) -> bool:
        """Whether the office is closed on that day."""
        return day in self.holidays or (day.weekday() not in self.week and day not in self.makeup)

    def within(self) -> CalendarTable:
        """The table without the days before `first` and after `last`, of which nothing is certain."""
        return attrs.evolve(
            self,
            holidays=_between(self.holidays, self.first, self.last),
            makeup=_between(self.makeup, self.first, self.last),
        )

    def checked(self, place: str) -> CalendarTable:
        """The table, when every day in it can be meant.

        Args:
            place: what stands before the key in an error, such as the file's name.

        Raises:
            BadInput: a day lies outside the horizon, a make-up day is a holiday too or a working weekday
                anyway, or a day has hours on which the office is closed.
        """
        for key, days in (("holidays", self.holidays), ("makeup", self.makeup), ("half", self.half)):
            for day in days:
                inside(day, self.first, self.last, what=f"{place}{key}.{day}")
        for day in sorted(self.makeup):
            if day in self.holidays:
                raise BadInput("holiday-and-makeup", what=f"{place}makeup.{day}", found=day.isoformat())
            if day.weekday() in self.week:
                raise BadInput(
                    "makeup-on-weekday", what=f"{place}makeup.{day}", found=DAY_NAMES[day.weekday()]
                )
        for day in self.half:
            if self.rests(day):
                raise BadInput("half-on-rest-day", what=f"{place}half.{day}", found=day.isoformat())
        return self

    def calendar(self) -> Calendar:
        """The calendar of core that it describes.

        Raises:
            BadInput: the week is empty, the horizon turned, or a day both holiday and make-up day.
        """
        return Calendar(
            name=self.name, first=self.first, last=self.last, week=self.week, holidays=self.holidays,
            makeup=self.makeup, source=self.source, hours=self.hours, half=self.half,
        )  # fmt: skip


def inside(day: date, first: date, last: date, *, what: str) -> None:
    """Nothing, when the day lies inside the horizon.

    Raises:
        BadInput: it does not.
    """
    if not first <= day <= last:
        raise BadInput("outside-calendar", what=what, found=day.isoformat(), first=first, last=last)


def date_of(value: object, *, what: str) -> date:
    """A day as files have it: a date of TOML, or the text ``2025-01-26``.

    Raises:
        BadInput: it is written another way, or is no day.
    """
    if type(value) is date:
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise BadInput("bad-date", what=what, found=str(value)[:40])


def days_from(first: date, end: date) -> Iterator[date]:
    """Every day from `first` on, before `end`."""
    day = first
    while day < end:
        yield day
        day += timedelta(days=1)


def on_weekdays(days: Mapping[date, str], week: tuple[int, ...]) -> dict[date, str]:
    """The days that fall on these weekdays, in order."""
    return {day: name for day, name in sorted(days.items()) if day.weekday() in week}


def off_weekdays(days: Mapping[date, str], week: tuple[int, ...]) -> dict[date, str]:
    """The days that fall on none of these weekdays, in order."""
    return {day: name for day, name in sorted(days.items()) if day.weekday() not in week}


def _between(days: Mapping[date, str], first: date, last: date) -> dict[date, str]:
    return {day: name for day, name in sorted(days.items()) if first <= day <= last}
