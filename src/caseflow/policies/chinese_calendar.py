"""The Chinese public calendar from the ``chinesecalendar`` package, with the horizon it deserves."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version

import chinese_calendar as package

from caseflow.core.time.calendar import Calendar


@lru_cache(maxsize=8)
def chinese_calendar(name: str = "CN", *, week: tuple[int, ...] = (0, 1, 2, 3, 4)) -> Calendar:
    """Holidays and make-up days of the State Council's notices, as the installed package knows them.

    The horizon is 20 December of the package's last year: its years are those of which notices were out,
    and late-December days were changed by the notices of the following year.
    """
    known = (*package.holidays, *package.workdays)
    first, last = min(known).year, max(known).year
    while max(day for day in known if day.year == last) < date(last, 9, 1):
        last -= 1  # a year whose notice is not in it yet only has the days its predecessor's notice moved
    holidays: dict[date, str] = {}
    makeup: dict[date, str] = {}
    day, end = date(first, 1, 1), date(last, 12, 20)
    while day <= end:
        working = package.is_workday(day)
        if working and day.weekday() not in week:
            makeup[day] = _name(package.workdays.get(day))
        elif not working and day.weekday() in week:
            holidays[day] = _name(package.holidays.get(day))
        day += timedelta(days=1)
    return Calendar(
        name=name,
        first=date(first, 1, 1),
        last=end,
        week=week,
        holidays=holidays,
        makeup=makeup,
        source=f"国务院办公厅节假日安排, chinesecalendar {version('chinesecalendar')}",
    )


def _name(key: object) -> str:
    names: dict[str, str] = {holiday.value: holiday.chinese for holiday in package.Holiday}
    return names.get(str(key), str(key or ""))
