"""Calendars by where they are kept: a file or an installed package, and what a policy lays over them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import attrs

from caseflow.core.policy import CalendarSource
from caseflow.core.time.calendar import Calendar, hours_of
from caseflow.errors import BadInput
from caseflow.policies.calendar_sources.calendar_table import (
    DAY_NAMES,
    WORKING_WEEK,
    CalendarTable,
    date_of,
    inside,
    off_weekdays,
    on_weekdays,
    table_file,
)
from caseflow.policies.calendar_sources.holiday_cn import holiday_cn

PROVIDERS = {"chinesecalendar": "cn", "holidays": "holidays"}
"""Installed packages that know calendars -> the extra that brings them."""
KINDS = (".toml", ".ics", ".json")
"""How the names of calendar files end."""


def load_calendar(
    name: str,
    *,
    file: Path | None = None,
    provider: str = "",
    week: tuple[int, ...] = WORKING_WEEK,
    country: str = "",
    subdivision: str = "",
    last: str = "",
) -> Calendar:
    """The calendar of that name, from a file or a provider.

    Args:
        name: how policies call it; ``CN`` without a file or provider is ``chinesecalendar``.
        file: a table (``.toml``), an iCalendar file (``.ics``) or the JSON of holiday-cn (``.json``).
        provider: ``chinesecalendar`` or ``holidays``.
        week: working weekdays, Monday is 0; a table file's own unless they are given.
        country: for ``holidays``: its ISO 3166-1 code.
        subdivision: for ``holidays``: a part of the country.
        last: for ``holidays``, and for an iCalendar file if wanted: the last certain day, ``2026-12-31``.

    Raises:
        BadInput: the file is no calendar, or the provider is unknown, not installed, or does not know it.
    """
    source = CalendarSource(
        file=str(file or ""),
        provider=provider,
        week=week,
        country=country,
        subdivision=subdivision,
        last=last,
    )
    return calendar_from(name, source, Path())


def read_calendar(path: Path) -> Calendar:
    """A calendar from a file: a table, an iCalendar file, or the JSON of holiday-cn, by its ending.

    A table has ``name``, ``first`` and ``last`` (the horizon), optionally ``week`` (``["mon", ...]``),
    ``source`` and ``hours`` (``["08:30-12:00", "14:00-17:30"]``), and the tables ``[holidays]`` and
    ``[makeup]`` of ``2025-01-26 = "春节"`` and ``[half]`` of ``2025-12-24 = ["08:30-12:00"]``.

    Raises:
        BadInput: the file cannot be read, or a key is unknown, missing or of the wrong type; it names the
            file and the key.
    """
    return load_calendar(path.stem, file=path)


def calendar_named(name: str, directory: Path) -> Calendar:
    """The calendar whose table file is ``NAME.toml`` in the directory.

    Raises:
        BadInput: the name is a path, there is no such file, or it is no calendar.
    """
    if not name or name in (".", "..") or any(sign in name for sign in "/\\:\0"):
        raise BadInput("calendar-name", what="calendar", found=name[:40])
    return read_calendar(directory / f"{name}.toml")


def calendar_from(name: str, source: CalendarSource, folder: Path) -> Calendar:
    """The calendar that a policy describes: its source, and what the policy lays over it.

    Loading twice gives one digest, as long as files and packages are the same.

    Args:
        name: the key in ``calendars``.
        source: what the policy says of it.
        folder: where the policy stands; files are relative to it.

    Raises:
        BadInput: as `load_calendar`; or a day of ``closed`` or ``half`` lies outside the horizon, or has
            hours while the office is closed.
    """
    return _laid_over(_table(name, source, folder), source)


def working_week(source: CalendarSource) -> tuple[int, ...]:
    """The working weekdays that the policy names, Monday is 0; empty when it names none.

    Raises:
        BadInput: a rest day has no such name, or no working day is left.
    """
    for day in source.weekend:
        if day not in DAY_NAMES:
            raise BadInput("unknown-weekday", what="weekend", found=day[:40])
    if source.weekend:
        week = tuple(index for index, day in enumerate(DAY_NAMES) if day not in source.weekend)
        if not week:
            raise BadInput("empty-week", what="weekend", found=", ".join(source.weekend))
        return week
    return () if source.week == WORKING_WEEK else source.week


def _table(name: str, source: CalendarSource, folder: Path) -> CalendarTable:
    if source.file:
        return _table_of_file(name, source, folder)
    provider = source.provider or ("chinesecalendar" if name == "CN" else "")
    if not provider:
        raise BadInput("no-source", what=name)
    if provider not in PROVIDERS:
        raise BadInput("unknown-provider", what="provider", found=provider)
    try:
        if provider == "chinesecalendar":
            from caseflow.policies.calendar_sources.chinese_calendar import chinese_calendar

            return chinese_calendar(name)
        from caseflow.policies.calendar_sources.holidays_package import holidays_package
    except ImportError as error:
        raise BadInput("extra-needed", what="provider", found=provider, extra=PROVIDERS[provider]) from error
    return holidays_package(
        name, country=source.country, subdivision=source.subdivision, last=source.last,
        week=working_week(source),
    )  # fmt: skip


def _table_of_file(name: str, source: CalendarSource, folder: Path) -> CalendarTable:
    path = folder / source.file
    match path.suffix.lower():
        case ".toml":
            return table_file(path)
        case ".json":
            return holiday_cn(_paths(path), name=name)
        case ".ics":
            try:
                from caseflow.policies.calendar_sources.ical_file import ical_file
            except ImportError as error:
                raise BadInput("extra-needed", what="file", found="icalendar", extra="ical") from error
            return ical_file(path, name=name, last=source.last)
        case _:
            raise BadInput("calendar-kind", what="file", found=source.file)


def _paths(path: Path) -> tuple[Path, ...]:
    """The one file, or those in its folder whose name fits the pattern: ``holiday-cn/20*.json``."""
    if path.is_file():
        return (path,)
    return tuple(path.parent.glob(path.name)) or (path,)


def _laid_over(table: CalendarTable, source: CalendarSource) -> Calendar:
    """The table with the policy's week, closed days, hours and half days.

    A make-up day that the week makes an ordinary one, and a half day on which the office rests now, go.
    """
    week = working_week(source) or table.week
    closed = {_inside(day, table, f"closed.{day}"): reason for day, reason in source.closed.items()}
    holidays = table.holidays if table.is_written else on_weekdays(table.holidays, week)
    makeup = {day: why for day, why in off_weekdays(table.makeup, week).items() if day not in closed}
    days = attrs.evolve(table, week=week, holidays={**holidays, **closed}, makeup=makeup)
    half = {day: hours for day, hours in table.half.items() if not days.rests(day)}
    for text, hours in source.half.items():
        day = _inside(text, table, f"half.{text}")
        if days.rests(day):
            raise BadInput("half-on-rest-day", what=f"half.{text}", found=text)
        half[day] = hours_of(hours, what=f"half.{text}")
    ordinary = hours_of(source.hours, what="hours") or table.hours
    if half and not ordinary:
        raise BadInput("half-needs-hours", what="half", found=min(half).isoformat())
    return attrs.evolve(days, hours=ordinary, half=half).calendar()


def _inside(day: str, table: CalendarTable, what: str) -> date:
    value = date_of(day, what=what)
    inside(value, table.first, table.last, what=what)
    return value
