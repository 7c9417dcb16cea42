"""The Chinese public calendar from the ``chinesecalendar`` package, with the horizon it deserves."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from importlib.metadata import version

import chinese_calendar as package

from caseflow.policies.calendar_sources.calendar_table import CalendarTable
from caseflow.policies.calendar_sources.holiday_cn import last_certain, last_noticed


@lru_cache(maxsize=8)
def chinese_calendar(name: str = "CN") -> CalendarTable:
    """Holidays and make-up days of the State Council's notices, as the installed package knows them.

    The horizon is 20 December of the package's last year: its years are those of which notices were out,
    and late-December days were changed by the notices of the following year.
    """
    known = (*package.holidays, *package.workdays)
    return CalendarTable(
        name=name,
        first=date(min(known).year, 1, 1),
        last=last_certain(last_noticed(known) or min(known).year),
        holidays={day: _name(key) for day, key in package.holidays.items()},
        makeup={day: _name(key) for day, key in package.workdays.items()},
        source=f"国务院办公厅节假日安排, chinesecalendar {version('chinesecalendar')}",
    ).within()


def _name(key: object) -> str:
    names: dict[str, str] = {holiday.value: vars(holiday)["chinese"] for holiday in package.Holiday}
    return names.get(str(key), str(key or ""))
