"""A calendar from a table file: TOML that people write, every key of which is checked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from caseflow.core.bounds import LONGEST_LABEL
from caseflow.core.time.calendar import Hours, hours_of
from caseflow.errors import BadInput
from caseflow.i18n import is_visible
from caseflow.policies.calendar_sources.calendar_table import DAY_NAMES, CalendarTable, date_of
from caseflow.policies.calendar_sources.calendar_text import calendar_text
from caseflow.policies.parse import is_list, is_table, toml_table

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
