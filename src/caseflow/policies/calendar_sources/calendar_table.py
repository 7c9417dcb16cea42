"""What every source of a calendar gives: its days as plain dates, before a policy lays anything over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import attrs

from caseflow.core.bounds import LONGEST_LABEL
from caseflow.core.time.calendar import Calendar, Hours, hours_of
from caseflow.errors import BadInput
from caseflow.i18n import is_visible
from caseflow.policies.calendar_sources.calendar_text import calendar_text
from caseflow.policies.parse import is_list, is_table, toml_table

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


# -- from a file ---------------------------------------------------------------------------------------------


_T = TypeVar("_T")
KEYS = ("name", "first", "last", "week", "source", "hours", "holidays", "makeup", "half")


def table_file(path: Path) -> CalendarTable:
    """What a TOML table file says.

    The file has ``name``, ``first`` and ``last`` (the horizon), optionally ``week`` (``["mon", ...]``),
    ``source`` and ``hours`` (``["08:30-12:00", ...]``), and the tables ``[holidays]`` and ``[makeup]`` of
    ``2025-01-26 = "春节"`` and ``[half]`` of ``2025-12-24 = ["08:30-12:00"]``. A holiday on a rest weekday is
    taken as it stands and changes nothing; tables of public offices hold them.

    Raises:
        BadInput: the file cannot be read, a key is unknown, missing or of another shape, a day lies outside
            the horizon, a make-up day is a working weekday anyway, hours are out of order.
    """
    place = f"{path.name}: "
    table = toml_table(calendar_text(path).encode(), what=path.name)
    for key in table:
        if key not in KEYS:
            raise BadInput("unknown-key", what=f"{place}{key}", found=key)
    for key in ("name", "first", "last"):
        if key not in table:
            raise BadInput("missing-key", what=f"{place}{key}")
    return CalendarTable(
        name=_text(table["name"], f"{place}name"),
        first=date_of(table["first"], what=f"{place}first"),
        last=date_of(table["last"], what=f"{place}last"),
        week=_week(table.get("week", list(DAY_NAMES[:5])), f"{place}week"),
        source=_text(table.get("source", ""), f"{place}source"),
        hours=_hours(table.get("hours", []), f"{place}hours"),
        holidays=_days(table, "holidays", place, _text),
        makeup=_days(table, "makeup", place, _text),
        half=_days(table, "half", place, _hours),
        is_written=True,
    ).checked(place)


def _days(table: dict[str, Any], key: str, place: str, read: Callable[[Any, str], _T]) -> dict[date, _T]:
    days = table.get(key, {})
    if not is_table(days):
        value = '["08:30-12:00"]' if key == "half" else '"..."'
        expected = f"expected the table [{key}] of lines {table['first']} = {value}"
        raise BadInput("wrong-type", what=f"{place}{key}", found=f"{type(days).__name__}, {expected}")
    return {
        date_of(day, what=f"{place}{key}.{day}"): read(value, f"{place}{key}.{day}")
        for day, value in days.items()
    }


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise BadInput("wrong-type", what=what, found=f"{type(value).__name__}, expected a text")
    if len(value) > LONGEST_LABEL or not is_visible(value):
        raise BadInput("out-of-bounds", what=what, found=f"{value!r:.80}, at most {LONGEST_LABEL} that print")
    return value


def _hours(value: Any, what: str) -> Hours:
    if not is_list(value):
        raise BadInput("wrong-type", what=what, found=f"{type(value).__name__}, expected a list")
    return hours_of(value, what=what)


def _week(value: Any, what: str) -> tuple[int, ...]:
    if not is_list(value):
        raise BadInput("wrong-type", what=what, found=f"{type(value).__name__}, expected a list")
    for day in value:
        if day not in DAY_NAMES:
            raise BadInput("unknown-weekday", what=what, found=str(day)[:40])
    if not value:
        raise BadInput("empty-week", what=what, found="[]")
    return tuple(DAY_NAMES.index(day) for day in value)
