"""A line of time laid on a page: where an instant lies, and which dates stand below it."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.core.instants import DAY, HOUR, moment, office_days
from caseflow.core.values import Value, value

CLOSEST = 52.0
"""The least distance of two dates."""
CLOSEST_HOURS = 80.0
"""The least distance of two hours, which may bear a date."""
_LETTER = 6.2
"""How wide a digit of a date is."""
_HOURS = (1, 2, 3, 6, 12)
_DAYS = (1, 2, 3, 5, 7, 10, 14, 28, 56, 91, 182, 364)


@value
class TimeAxis(Value):
    """Instants from ``begin_us`` to ``end_us`` between ``left`` and ``right``, in the zone's wall clock."""

    begin_us: int
    end_us: int
    left: float
    right: float
    zone: str

    def at(self, us: int) -> float:
        """Where the instant lies; never outside."""
        span = max(self.end_us - self.begin_us, 1)
        part = min(max((us - self.begin_us) / span, 0.0), 1.0)
        return round(self.left + part * (self.right - self.left), 1)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Places and dates (or hours, when it is all within a few days), in order; none touches another."""
        taken = self.left - 40
        for x, text in self._candidates():
            half = len(text) * _LETTER / 2
            if x - half > taken and x + half <= self.right + 20:
                taken = x + half + 6
                yield x, text

    def _candidates(self) -> Iterator[tuple[float, str]]:
        per_hour = (self.right - self.left) / max((self.end_us - self.begin_us) / HOUR, 1e-9)
        hours = next((n for n in _HOURS if n * per_hour >= CLOSEST_HOURS), None)
        if hours is not None:
            yield from self._hours(hours)
            return
        days = next((n for n in _DAYS if n * 24 * per_hour >= CLOSEST), 728)
        office, year = office_days(self.zone), 0
        day = office.day_of(self.begin_us)
        while (us := office.midnight(day)) <= self.end_us:
            if us >= self.begin_us:
                at = moment(us, self.zone)
                yield self.at(us), f"{at:%m-%d}" if at.year == year else f"{at:%Y-%m-%d}"
                year = at.year
            day += days

    def _hours(self, hours: int) -> Iterator[tuple[float, str]]:
        office, day = office_days(self.zone), 0
        us = office.midnight(office.day_of(self.begin_us))
        while us <= self.end_us:
            at = moment(us, self.zone)
            if us >= self.begin_us:
                yield self.at(us), f"{at:%H:%M}" if at.toordinal() == day else f"{at:%m-%d %H:%M}"
                day = at.toordinal()
            us += hours * HOUR


def roomy(begin_us: int, end_us: int) -> tuple[int, int]:
    """The span with a little room on both sides, an hour at least."""
    room = max((end_us - begin_us) // 40, HOUR if end_us - begin_us < DAY else 6 * HOUR)
    return begin_us - room, end_us + room
