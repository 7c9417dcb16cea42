"""A country's public holidays from the ``holidays`` package, asked year by year and in one language."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

import holidays as package
from holidays.registry import COUNTRIES

from caseflow.errors import BadInput
from caseflow.policies.calendar_sources.calendar_table import DAY_NAMES, CalendarTable, date_of, inside
from caseflow.policies.calendar_sources.holiday_cn import last_certain

YEARS = 10
"""The first certain day is 1 January so many years before the year of the last one."""


def holidays_package(
    name: str, *, country: str, subdivision: str = "", last: str, week: tuple[int, ...] = ()
) -> CalendarTable:
    """The public holidays of a country or a part of it, days observed instead and make-up days included.

    The names are in the country's own language, whatever the environment says, so that loading twice gives
    one table. Half days and other categories of the package are left out: say ``half`` and ``closed``.

    Args:
        name: what the calendar is called.
        country: an ISO 3166-1 code that the package knows, or an alias of it such as ``UK``.
        subdivision: an ISO 3166-2 code without the country, or an alias of the package.
        last: the last certain day; the package guesses on without end. The first is 1 January ten years
            before, or of the first year that the package knows.
        week: the working weekdays that the policy names; none to go by the package's weekend, which must
            then be Saturday and Sunday.

    Raises:
        BadInput: the package knows no such country or subdivision, it does not reach to `last`, or its
            weekend is another one and `week` says nothing.
    """
    entity = _entity(country)
    _check_subdivision(entity, country, subdivision)
    end = date_of(last, what="last")
    first = date(max(end.year - YEARS, entity.start_year), 1, 1)
    inside(end, date(entity.start_year, 1, 1), date(entity.end_year, 12, 31), what="last")
    # A year moves days of its neighbours: New Year observed on 31 December, days swapped over the turn.
    years = range(max(first.year - 1, entity.start_year), min(end.year + 1, entity.end_year) + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of years that are too early for some countries
        days = package.country_holidays(
            country, subdiv=subdivision or None, years=years, expand=False, language=entity.default_language
        )
    if not week and set(days.weekend) != {5, 6}:
        rest = ", ".join(f'"{DAY_NAMES[day]}"' for day in sorted(days.weekend))
        raise BadInput("weekend-needed", what="weekend", found=country, missing=f"weekend = [{rest}]")
    _check_china(days, end)
    return CalendarTable(
        name=name,
        first=first,
        last=end,
        holidays={day: title for day, title in days.items() if day not in days.weekend_workdays},
        makeup=dict.fromkeys(sorted(days.weekend_workdays), "make-up day"),
        source=f"holidays {version('holidays')}, {country}{f'-{subdivision}' if subdivision else ''}",
    ).within()


def _entity(country: str) -> Any:
    codes = package.list_supported_countries()
    if country not in codes:
        names = {code: code for code in codes}
        names |= {name: code for module, (long, code, *_) in COUNTRIES.items()
                  for name in (module, long)}  # fmt: skip
        raise BadInput("unknown-country", what="country", found=country, missing=_near(country, names))
    return getattr(package, country)


def _check_subdivision(entity: Any, country: str, subdivision: str) -> None:
    known = (*entity.subdivisions, *entity.subdivisions_aliases)
    if subdivision and subdivision not in known:
        near = _near(subdivision, {name: name for name in known})
        raise BadInput(
            "unknown-subdivision", what="subdivision", found=f"{country} {subdivision}", missing=near
        )


def _near(word: str, names: Mapping[str, str]) -> str:
    """What names that look like the word stand for; the first of all where none does."""
    folded = {name.casefold(): code for name, code in names.items()}
    close = get_close_matches(word.casefold(), folded, n=5, cutoff=0.6) or sorted(folded)[:12]
    return ", ".join(dict.fromkeys(folded[name] for name in close)) or "-"


def _check_china(days: Any, end: date) -> None:
    """Without a year's notice the package gives China's statutory days alone, and says nothing of it."""
    if days.country != "CN":
        return
    limit = last_certain(max((day.year for day in days.weekend_workdays), default=end.year))
    if end > limit:
        raise BadInput("past-horizon", what="last", found="holidays CN", last=limit)
