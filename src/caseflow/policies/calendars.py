"""Calendars from where they are kept: a table file, or the ``chinesecalendar`` package."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from caseflow.core.time.calendar import Calendar
from caseflow.errors import BadInput

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def load_calendar(
    name: str,
    *,
    file: Path | None = None,
    provider: str = "",
    week: tuple[int, ...] = (0, 1, 2, 3, 4),
) -> Calendar:
    """The calendar of that name, from a table file or a provider.

    Raises:
        BadInput: the file is no calendar, or the provider is unknown or not installed.
    """
    if file is not None:
        return read_calendar(file)
    if provider not in ("", "chinesecalendar") or (not provider and name != "CN"):
        raise BadInput(
            "calendar-unavailable", found=f"{name}: no file, and the provider {provider or 'none'}"
        )
    try:
        from caseflow.policies.chinese_calendar import chinese_calendar
    except ImportError as error:
        advice = "chinesecalendar is not installed; install the extra `cn`, or name a table file"
        raise BadInput("calendar-unavailable", found=advice) from error
    return chinese_calendar(name, week=week)


def read_calendar(path: Path) -> Calendar:
    """A calendar from a TOML table file.

    The file has ``name``, ``first`` and ``last`` (the horizon), optionally ``week`` (``["mon", ...]``) and
    ``source``, and the tables ``[holidays]`` and ``[makeup]`` of ``2025-01-26 = "春节"``.

    Raises:
        BadInput: the file cannot be read, or a key is unknown, missing or of the wrong type.
    """
    import tomllib  # as in `caseflow.policies.load`

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("calendar-unavailable", found=f"{path}: {error}") from error
    unknown = table.keys() - {"name", "first", "last", "week", "source", "holidays", "makeup"}
    if unknown:
        raise BadInput("calendar-unavailable", found=f"{path}: unknown key {min(unknown)}")
    try:
        week = tuple(_DAYS.index(day) for day in table.get("week", _DAYS[:5]))
        return Calendar(
            name=table["name"],
            first=_day(table["first"]),
            last=_day(table["last"]),
            week=week,
            holidays={_day(day): str(name) for day, name in table.get("holidays", {}).items()},
            makeup={_day(day): str(name) for day, name in table.get("makeup", {}).items()},
            source=table.get("source", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("calendar-unavailable", found=f"{path}: {error}") from error


def _day(value: Any) -> date:
    if type(value) is date:
        return value
    return date.fromisoformat(value)
