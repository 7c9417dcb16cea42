"""A unit's deadlines as a calendar that its people subscribe to: what a portal's feed hands out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from caseflow.core.model.case import Case
from caseflow.core.units import present_name
from caseflow.desk import Desk
from caseflow.errors import is_of_the_store
from caseflow.i18n import Lang
from caseflow.ports import Quarantined
from caseflow.views.icalendar import ONE_DAY, DueRung, due_rungs, icalendar

_log = logging.getLogger("caseflow.desk")

CONTENT_TYPE = "text/calendar; charset=utf-8"
"""What a portal says of it."""
PAGE = 500
"""Cases that are read at once."""


def unit_calendar(
    desk: Desk, unit: str, *, name: str = "", lang: Lang = "en", alarm: timedelta | None = ONE_DAY
) -> str:
    """The iCalendar of every rung to come in the cases that the unit holds, the earliest first by case.

    Clocks of other units in these cases are left out, and so is a case that cannot be read, which the log
    ``caseflow.desk`` names. Nothing in it is a personal text.

    Args:
        desk: its clock gives DTSTAMP.
        unit: who holds the cases.
        name: what programs call the calendar; the unit by default.
        lang: of labels and phrases.
        alarm: how long before a deadline it reminds; `None` for never.
    """
    unit = present_name(desk.units, unit)
    return icalendar(_dues(desk, unit, lang), name=name or unit, now_us=desk.clock.now_us(), alarm=alarm)


def _dues(desk: Desk, unit: str, lang: Lang) -> Iterator[DueRung]:
    cursor = ""
    while True:
        page = desk.cases(unit=unit, helping=False, limit=PAGE, cursor=cursor)
        for case in page:
            if case.next_due_us is None:
                return  # the rest has nothing due
            try:
                rungs = tuple(due_rungs(desk.rules_of(case), _own(case, unit), lang=lang))
            except Exception as error:  # its rules, or a zone that there is not: the others are in it
                if is_of_the_store(error):
                    raise
                one = Quarantined.of("case", case.id, error)
                _log.error("%s %s is set aside: %s", one.kind, one.name, one.code)
                continue
            yield from rungs
        cursor = page.cursor
        if not cursor:
            return


def _own(case: Case, unit: str) -> Case:
    """The case without other units' clocks."""
    if all(run.subject in ("", unit) for run in case.clocks):
        return case
    return case.replace(clocks=tuple(run for run in case.clocks if run.subject in ("", unit)))
