"""How instants and days read on a page: in the office's zone, no finer than they are."""

from __future__ import annotations

from datetime import date

from caseflow.core.instants import moment, office_days


def clock_time(us: int, zone: str) -> str:
    """An instant in the zone: ``2025-01-26 00:00``.

    Seconds and microseconds only where they are not zero; the offset only where summer time makes the same
    hour happen twice.
    """
    at = moment(us, zone)
    unit = "microseconds" if at.microsecond else "seconds" if at.second else "minutes"
    text = at.replace(tzinfo=None).isoformat(sep=" ", timespec=unit)
    twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return text + at.isoformat()[-6:] if twice else text


def last_day(breach_us: int, zone: str) -> date:
    """The day in the zone on which an act is last on time, given the first instant that is late."""
    return date.fromordinal(office_days(zone).day_of(breach_us - 1))
