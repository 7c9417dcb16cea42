"""Working days: a calendar as versioned data that says how far it can be trusted."""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import attrs
import msgspec

from caseflow.errors import BadInput


def _sorted_week(week: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(week)))


def _frozen_dates(value: Mapping[date, str]) -> dict[int, str]:
    return {day.toordinal(): name for day, name in sorted(value.items())}


Hours = tuple[tuple[int, int], ...]
"""When an office is open on one day: from and to, in minutes after midnight, in order and apart."""

_DAY = 24 * 60
_TIME = re.compile("([01][0-9]|2[0-4]):([0-5][0-9])")


def minutes_of(text: str, *, what: str = "hours") -> int:
    """A time of day, ``17:30``, in minutes after midnight; ``24:00`` is the day's end.

    Raises:
        BadInput: the text is none.
    """
    match = _TIME.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match else _DAY + 1
    if minutes > _DAY:
        raise BadInput("bad-time-of-day", what=what, found=text)
    return minutes


def hours_of(texts: Iterable[str], *, what: str = "hours") -> Hours:
    """Office hours as files have them, ``["08:30-12:00", "14:00-17:30"]``.

    Raises:
        BadInput: a text is no time, or they are not in order and apart.
    """
    hours: list[tuple[int, int]] = []
    for text in texts:
        begin, _, end = str(text).partition("-")
        opens, closes = minutes_of(begin, what=what), minutes_of(end, what=what)
        if closes <= opens or (hours and opens < hours[-1][1]):
            raise BadInput("bad-opening", what=what, found=str(text))
        hours.append((opens, closes))
    return tuple(hours)


def _hours(openings: Iterable[Any]) -> Hours:
    parts = tuple(openings)
    return hours_of(parts) if any(isinstance(part, str) for part in parts) else parts


def _hours_by_day(table: Mapping[date, Iterable[Any]]) -> dict[int, Hours]:
    return {day.toordinal(): _hours(hours) for day, hours in sorted(table.items())}


def _texts(hours: Hours) -> list[str]:
    return [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in hours]


def _as_dates(table: Mapping[int, str]) -> str:
    """A table of ordinals as people read it."""
    return "{" + ", ".join(f"{date.fromordinal(day)}: {name!r}" for day, name in table.items()) + "}"


@attrs.frozen(kw_only=True)
class Calendar:
    """Which days of an office are working days, and from when to when that is certain.

    Args:
        name: how policies name it (``CN``).
        first: the first certain day.
        last: the last certain day, the horizon; later days are unknown, never guessed.
        week: working weekdays, Monday is 0.
        holidays: rest days that fall on working weekdays, with their names.
        makeup: make-up working days (补班) that fall on other weekdays, with their names.
        source: where the data come from.
        hours: when the office is open on a working day, as ``["08:30-12:00", "14:00-17:30"]``; empty where
            nobody counts office hours.
        half: days with other hours than these.

    Raises:
        BadInput: an empty week, ``last`` before ``first``, a day both holiday and make-up day, hours out of
            order.
    """

    name: str
    first: date
    last: date
    week: tuple[int, ...] = attrs.field(default=(0, 1, 2, 3, 4), converter=_sorted_week)
    holidays: dict[int, str] = attrs.field(factory=dict[Any, str], converter=_frozen_dates, repr=_as_dates)
    makeup: dict[int, str] = attrs.field(factory=dict[Any, str], converter=_frozen_dates, repr=_as_dates)
    source: str = ""
    hours: Hours = attrs.field(default=(), converter=_hours)
    half: dict[int, Hours] = attrs.field(factory=dict[Any, Hours], converter=_hours_by_day, repr=False)
    _horizon: tuple[int, int] = attrs.field(init=False, eq=False, repr=False)
    _works: list[int] = attrs.field(init=False, eq=False, repr=False, factory=list[int])
    digest: str = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check the table and compute its content hash."""
        if not self.week or not set(self.week) <= set(range(7)):
            raise BadInput("empty-week", what=f"calendar {self.name}", found=str(self.week))
        if self.last < self.first:
            raise BadInput("bad-horizon", what=f"calendar {self.name}", found=f"{self.first}..{self.last}")
        both = self.holidays.keys() & self.makeup.keys()
        if both:
            twice = date.fromordinal(min(both)).isoformat()
            raise BadInput("holiday-and-makeup", what=f"calendar {self.name}", found=twice)
        object.__setattr__(self, "_horizon", (self.first.toordinal(), self.last.toordinal()))
        text = json.dumps(self.document(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest())

    def is_certain(self, day: int) -> bool:
        """Whether the day (an ordinal) lies inside the horizon."""
        return self._horizon[0] <= day <= self._horizon[1]

    def is_working(self, day: int) -> bool:
        """Whether the day (an ordinal) is a working day; past the horizon every day counts as one.

        So a deadline counted over uncertain days is the earliest it can be: "not before".
        """
        if not self._horizon[0] <= day <= self._horizon[1]:
            return True
        if day in self.makeup:
            return True
        return (day - 1) % 7 in self.week and day not in self.holidays

    def working_day(self, day: int) -> int:
        """That day (an ordinal), or the first working day after it."""
        while not self.is_working(day):
            day += 1
        return day

    def nth_working_day(self, day: int, nth: int) -> int:
        """The n-th working day after that day (an ordinal), 1 or more; past the horizon every day is one.

        It is looked up: the certain working days are listed once, and the days around them only added.
        """
        first, last = self._horizon
        if day < first - 1:
            before = first - 1 - day
            if nth <= before:
                return day + nth
            day, nth = first - 1, nth - before
        if day >= last:
            return day + nth
        works = self._works or self._list_working_days()
        turn = bisect_right(works, day) + nth - 1
        return works[turn] if turn < len(works) else last + turn - len(works) + 1

    def _list_working_days(self) -> list[int]:
        first, last = self._horizon
        self._works[:] = filter(self.is_working, range(first, last + 1))
        return self._works

    def open_hours(self, day: int) -> Hours:
        """When the office is open on that day (an ordinal); empty on a rest day."""
        if not self.is_working(day):
            return ()
        return self.half.get(day, self.hours) if self.half else self.hours

    @property
    def full_day(self) -> int:
        """The minutes of a day of ordinary hours."""
        return sum(closes - opens for opens, closes in self.hours)

    def reason(self, day: int) -> str:
        """Why the day is what it is: the holiday's or make-up day's name, ``weekend`` or empty."""
        if not self.is_certain(day):
            return "past-horizon"
        named = self.makeup.get(day) or self.holidays.get(day)
        return named or ("" if (day - 1) % 7 in self.week else "weekend")

    def document(self) -> dict[str, Any]:
        """The calendar as JSON-able data; `from_document` reads it back."""
        document: dict[str, Any] = {
            "name": self.name,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "week": list(self.week),
            "holidays": {date.fromordinal(day).isoformat(): name for day, name in self.holidays.items()},
            "makeup": {date.fromordinal(day).isoformat(): name for day, name in self.makeup.items()},
            "source": self.source,
        }
        if self.hours:
            document["hours"] = _texts(self.hours)
        if self.half:
            document["half"] = {date.fromordinal(day).isoformat(): _texts(h) for day, h in self.half.items()}
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Calendar:
        """The calendar that `document` described.

        Raises:
            BadInput: its parts do not fit together.
            ValueError: it is none.
        """
        table = msgspec.convert(document, _Document)
        return cls(
            name=table.name,
            first=table.first,
            last=table.last,
            week=table.week,
            holidays=table.holidays,
            makeup=table.makeup,
            source=table.source,
            hours=table.hours,
            half=table.half,
        )


class _Document(msgspec.Struct):
    """A calendar's document by its types."""

    name: str
    first: date
    last: date
    week: tuple[int, ...]
    holidays: dict[date, str]
    makeup: dict[date, str]
    source: str
    hours: tuple[str, ...] = ()
    half: dict[date, tuple[str, ...]] = {}
