"""A calendar from an iCalendar file (RFC 5545): its all-day events are the days that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
from dateutil.rrule import rrulestr
from icalendar import Calendar as Component

from caseflow.errors import BadInput
from caseflow.policies.calendar_sources.calendar_table import CalendarTable, date_of, days_from
from caseflow.policies.calendar_sources.calendar_text import calendar_text
from caseflow.policies.calendar_sources.holiday_cn import first_noticed, last_certain, last_noticed
from caseflow.policies.parse import is_list

MAKEUP_WORDS = ("班", "make-up", "makeup")
"""What a summary or category holds whose day is a make-up working day: 补班, 上班(补春节假期), (班)."""
SPECIAL_DAY = {"WORK-HOLIDAY": False, "ALTERNATE-WORKDAY": True}
"""The values of Apple's X-APPLE-SPECIAL-DAY -> whether the day is a make-up day."""
UNSUPPORTED = ("RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
"""Properties of recurrence that are told, not guessed at."""
RULE_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST")
"""The parts of a yearly rule that are followed."""
LONGEST = 366
"""Days of one event; more cannot be a holiday."""
UNREADABLE = (ValueError, LookupError, AttributeError, TypeError, OverflowError)
"""What `icalendar` raises over files that are none: mostly its own ValueErrors, but not only."""
FURTHEST = date(9998, 12, 31)
"""No recurrence is followed beyond; an event that begins then still ends within the years there are."""


@attrs.frozen(kw_only=True)
class _Event:
    """One event: its name, days, rule of recurrence, and whether they are worked on."""

    place: str
    title: str
    first: date
    length: int
    rule: str
    is_makeup: bool

    @property
    def is_endless(self) -> bool:
        """Whether it comes back every year, for ever."""
        return bool(self.rule) and "UNTIL=" not in self.rule and "COUNT=" not in self.rule

    def days(self, last: date) -> Iterator[date]:
        """Its days, those that begin after `last` left out."""
        starts: Iterable[date] = [self.first]
        if self.rule:
            begin, end = (datetime(day.year, day.month, day.day) for day in (self.first, min(last, FURTHEST)))
            rule = rrulestr(self.rule, dtstart=begin, ignoretz=True)
            starts = [start.date() for start in rule.between(begin, end, inc=True)]
        for start in starts:
            yield from days_from(start, start + timedelta(days=self.length))


def ical_file(path: Path, *, name: str, last: str = "") -> CalendarTable:
    """The days of an iCalendar file: every all-day event is a rest day, or a make-up working day.

    A make-up day is one whose summary or category holds ``班``, ``make-up`` or ``makeup``. In a file that
    marks days as Apple's holiday calendars do (``X-APPLE-SPECIAL-DAY``), only the marked ones are taken:
    the others are festivals on which people work. Events may last several days, and come back by a yearly
    RRULE. Cancelled events are left out.

    Args:
        path: the file.
        name: what the calendar is called.
        last: the last certain day. When left out, the end of the last year that has an event; or, in a file
            with make-up days, 20 December of the last year whose notice is out, since the next one moves
            the days after it. The first is 1 January of the first year that has an event. Where there are
            events that do not come back, only their years count for this.

    Raises:
        BadInput: the file cannot be read or is no iCalendar; an event is not all-day, or comes back in a
            way that is not supported; all come back, one for ever, and `last` is left out; a year has no
            event.
    """
    parts = _components(path)
    events = tuple(_events(parts, path))
    if not events:
        raise BadInput("no-events", what=path.name)
    first, end = _horizon(events, path, last=last)
    holidays, makeup = dict[date, str](), dict[date, str]()
    for event in events:
        for day in event.days(end):
            (makeup if event.is_makeup else holidays).setdefault(day, event.title)
    named = {day.year for day in (*holidays, *makeup)}
    for year in range(first.year, end.year + 1):
        if year not in named:
            raise BadInput("year-missing", what=path.name, found=year)
    table = CalendarTable(
        name=name, first=first, last=end, holidays=holidays, makeup=makeup, source=_source(parts, path)
    )
    return table.within().checked(f"{path.name}: ")


def _horizon(events: Sequence[_Event], path: Path, *, last: str) -> tuple[date, date]:
    """The first and the last certain day."""
    once = [event for event in events if not event.rule] or events
    end = date_of(last, what="last") if last else None
    days = list[date]()
    for event in once:
        if event.is_endless and end is None:
            raise BadInput("last-needed", what=event.place, found=event.title)
        days += event.days(end or FURTHEST)
    if not days:
        raise BadInput("no-events", what=path.name)
    by_notice = any(event.is_makeup for event in events)
    since = (first_noticed(days) if by_notice else None) or min(days).year
    until = last_noticed(days) if by_notice else None
    return date(since, 1, 1), end or (last_certain(until) if until else date(max(days).year, 12, 31))


def _components(path: Path) -> list[Any]:
    """The calendars of the file, one as a rule."""
    text = calendar_text(path)
    try:
        parts = Component.from_ical(text, multiple=True)
    except UNREADABLE as error:
        raise BadInput("bad-icalendar", what=path.name, found=str(error)[:80]) from error
    calendars = [part for part in parts if part.name == "VCALENDAR"]
    if not calendars:
        raise BadInput("bad-icalendar", what=path.name, found="no whole VCALENDAR")
    return calendars


def _events(parts: Iterable[Any], path: Path) -> Iterator[_Event]:
    """The events that are rest days or make-up days, in the order of the file."""
    rows = [row for part in parts for row in part.walk("VEVENT")]
    is_marked = any(str(row.get("X-APPLE-SPECIAL-DAY", "")) in SPECIAL_DAY for row in rows)
    for index, row in enumerate(rows):
        special = SPECIAL_DAY.get(str(row.get("X-APPLE-SPECIAL-DAY", "")))
        if str(row.get("STATUS", "")).upper() == "CANCELLED" or (is_marked and special is None):
            continue
        yield _event(row, special, f"{path.name}: VEVENT {index + 1}")


def _event(row: Any, special: bool | None, place: str) -> _Event:
    title = " ".join(str(row.get("SUMMARY", "")).split())
    place = f"{place} ({title[:40]})" if title else place
    for key, problem in row.errors:
        raise BadInput("bad-icalendar", what=place, found=f"{key or 'a line'}: {problem}"[:80])
    for key in UNSUPPORTED:
        if key in row:
            raise BadInput("ical-unsupported", what=place, found=key)
    first, length = _span(row, place)
    return _Event(
        place=place, title=title, first=first, length=length, rule=_rule(row, first, place),
        is_makeup=_is_makeup(row, title) if special is None else special,
    )  # fmt: skip


def _span(row: Any, place: str) -> tuple[date, int]:
    """The first day, and how many there are: DTEND is the day after the last."""
    try:
        first, end = row.start, row.end
    except UNREADABLE as error:
        raise BadInput("bad-icalendar", what=place, found=str(error)[:80]) from error
    if type(first) is not date or type(end) is not date:
        raise BadInput("not-all-day", what=place, found=first)
    length = max((end - first).days, 1)  # some programs write the same day twice
    if end < first or length > LONGEST:
        raise BadInput("bad-icalendar", what=place, found=f"DTSTART {first}, DTEND {end}")
    return first, length


def _rule(row: Any, first: date, place: str) -> str:
    rule = row.get("RRULE")
    if rule is None:
        return ""
    text = "" if isinstance(rule, list) else str(rule.to_ical().decode())
    parts = {key: value for key, _, value in (part.partition("=") for part in text.split(";"))}
    is_yearly = parts.get("FREQ") == "YEARLY" and parts.keys() <= set(RULE_PARTS)
    if not is_yearly or "0" in (parts.get("INTERVAL"), parts.get("COUNT")):
        raise BadInput("ical-unsupported", what=place, found=f"RRULE {text}".strip())
    try:
        rrulestr(text, dtstart=datetime(first.year, first.month, first.day), ignoretz=True)
    except ValueError as error:
        raise BadInput("ical-unsupported", what=place, found=f"RRULE {text}: {error}") from error
    return text


def _is_makeup(row: Any, title: str) -> bool:
    categories = row.get("CATEGORIES", [])
    lists = categories if is_list(categories) else [categories]
    words = [title, *(str(word) for part in lists for word in part.cats)]
    return any(mark in word.lower() for mark in MAKEUP_WORDS for word in words)


def _source(parts: list[Any], path: Path) -> str:
    title = str(parts[0].get("X-WR-CALNAME", ""))
    return f"{title}, {path.name}" if title else path.name
