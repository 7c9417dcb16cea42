"""Instants as a test writes them, and the office's days counted forward from one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import micros, moment, zone_info
from caseflow.errors import BadInput


def instant_of(at: datetime | date | str | int, zone: str, *, what: str) -> int:
    """The instant as epoch microseconds; what has no offset is the office's own wall clock.

    Args:
        at: a datetime, a date (its midnight), their ISO 8601 text, or epoch microseconds.
        zone: the office's zone.
        what: how a message names it.

    Raises:
        BadInput: text that is neither.
    """
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError as error:
            raise BadInput("bad-instant", what=what, found=at) from error
    if isinstance(at, date) and not isinstance(at, datetime):
        at = datetime.combine(at, time())
    if isinstance(at, datetime) and at.utcoffset() is None:
        at = at.replace(tzinfo=zone_info(zone))
    return micros(at, what=what)


def days_later(us: int, days: int, zone: str) -> int:
    """The same time of day so many days later by the office's wall clock.

    Where summer time skips that time it is as long after the gap as it would be into it; where it comes
    twice, the first.

    Raises:
        BadInput: there is no such date.
    """
    local = moment(us, zone)
    if not days:
        return us
    try:
        later = local.replace(tzinfo=None) + timedelta(days=days)
    except OverflowError as error:
        raise BadInput("bad-instant", what="days", found=f"{days} days later") from error
    return micros(later.replace(tzinfo=zone_info(zone)))


def working_days_later(us: int, days: int, zone: str, calendar: Calendar) -> int:
    """The same time of day on the n-th working day after the day of the instant.

    Raises:
        BadInput: the calendar ends before that day.
    """
    day = begin = moment(us, zone).toordinal()
    left = days
    while left:
        day += 1
        if not calendar.is_certain(day):
            raise BadInput("past-horizon", what="working_days", found=calendar.name, last=calendar.last)
        left -= calendar.is_working(day)
    return days_later(us, day - begin, zone)
