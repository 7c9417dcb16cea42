"""A calendar from the JSON of the public project holiday-cn (github.com/NateScarlet/holiday-cn).

And how far the yearly notices of the State Council (国务院办公厅节假日安排) can be trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from caseflow.errors import BadInput
from caseflow.policies.calendar_sources.calendar_table import CalendarTable, date_of
from caseflow.policies.calendar_sources.calendar_text import calendar_text
from caseflow.policies.parse import is_list, is_table


def holiday_cn(paths: Iterable[Path], *, name: str) -> CalendarTable:
    """The years of these files, one year a file; a file may also hold a list of years.

    The horizon is 20 December of the last year whose notice is in it, the first day 1 January of the first
    year. A year before its notice, which the project keeps as a file without days, ends the calendar.

    Raises:
        BadInput: a file cannot be read or has another shape, a year comes twice or is left out, no year's
            notice is out, or a make-up day is a working weekday anyway.
    """
    years: dict[int, tuple[Path, Mapping[str, Any]]] = {}
    for path in sorted(paths):
        for year, document in _years(path):
            if year in years:
                raise BadInput("year-twice", what=path.name, found=year)
            years[year] = (path, document)
    holidays, makeup, known = dict[date, str](), dict[date, str](), list[int]()
    for year, (path, document) in sorted(years.items()):
        days = tuple(_days(document, year, path))
        if last_noticed(day for day, _, _ in days) != year:
            continue
        if known and year != known[-1] + 1:
            raise BadInput("year-missing", what=path.name, found=known[-1] + 1)
        known.append(year)
        for day, title, is_off in days:  # a later notice wins over an earlier one
            kept, dropped = (holidays, makeup) if is_off else (makeup, holidays)
            kept[day] = title
            dropped.pop(day, None)
    if not known:
        raise BadInput("no-notice", what=name, found=", ".join(map(str, sorted(years))) or "-")
    span = f"{known[0]}-{known[-1]}" if len(known) > 1 else str(known[0])
    table = CalendarTable(
        name=name,
        first=date(known[0], 1, 1),
        last=last_certain(known[-1]),
        holidays=holidays,
        makeup=makeup,
        source=f"国务院办公厅节假日安排, holiday-cn {span}",
    )
    return table.within().checked("")


def _years(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        document = json.loads(calendar_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput("bad-json", what=path.name, found=str(error)) from error
    for part in document if is_list(document) else [document]:
        if not is_table(part):
            raise BadInput(
                "wrong-type", what=path.name, found=f"{type(part).__name__}, expected a year's table"
            )
        for key, kind in (("year", int), ("days", list)):
            if key not in part:
                raise BadInput("missing-key", what=f"{path.name}: {key}")
            if type(part[key]) is not kind:
                text = f"{type(part[key]).__name__}, expected {kind.__name__}"
                raise BadInput("wrong-type", what=f"{path.name}: {key}", found=text)
        yield part["year"], part


def _days(document: Mapping[str, Any], year: int, path: Path) -> Iterator[tuple[date, str, bool]]:
    """Each day with its holiday's name, and whether it is off."""
    for index, row in enumerate(document["days"]):
        place = f"{path.name}: days[{index}]"
        if not is_table(row):
            raise BadInput("wrong-type", what=place, found=f"{type(row).__name__}, expected a table")
        for key, kind in (("name", str), ("date", str), ("isOffDay", bool)):
            if key not in row:
                raise BadInput("missing-key", what=f"{place}.{key}")
            if type(row[key]) is not kind:
                text = f"{type(row[key]).__name__}, expected {kind.__name__}"
                raise BadInput("wrong-type", what=f"{place}.{key}", found=text)
        day = date_of(row["date"], what=f"{place}.date")
        if abs(day.year - year) > 1:
            raise BadInput("year-differs", what=f"{place}.date", found=row["date"], year=year)
        yield day, row["name"], row["isOffDay"]


def last_noticed(days: Iterable[date]) -> int | None:
    """The last year whose notice is out, by the days that notices name; `None` where none is.

    A year's notice names the first of October. A year without a day from September on only has what its
    predecessor's notice moved there.
    """
    return max((day.year for day in days if day.month >= 9), default=None)


def first_noticed(days: Iterable[date]) -> int | None:
    """The first year whose notice is out; `None` where none is.

    A year of which only days in December are named has them from its successor's notice.
    """
    return min((day.year for day in days if day.month < 12), default=None)


def last_certain(year: int) -> date:
    """The last certain day of that year: 20 December; later days are moved by the following year's notice."""
    return date(year, 12, 20)
