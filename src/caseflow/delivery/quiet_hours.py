"""When a person may be told: not in quiet hours, or once a day with all that came; days are the office's."""

from __future__ import annotations

import re
from functools import cache

from caseflow.core.time.instants import OfficeDays
from caseflow.core.value import Value
from caseflow.errors import BadInput

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class TellingTimes(Value):
    """When somebody may be told, in minutes of the office's day.

    Attributes:
        quiet: ``(from, to)``; over midnight where the first is the later one. `None` for no quiet hours.
        digest: when all that came since the day before is told in one message; `None` for at once.
    """

    quiet: tuple[int, int] | None = None
    digest: int | None = None

    def from_us(self, known_us: int, now_us: int, days: OfficeDays) -> int:
        """The first instant, from now on, at which something is told; now itself if it may be told now.

        Args:
            known_us: since when it waits to be told.
        """
        at = now_us
        if self.digest is not None:
            day = days.day_of(known_us)
            today = days.at(day, self.digest)
            at = max(now_us, today if known_us <= today else days.at(day + 1, self.digest))
        return self._awake_from(at, days)

    def _awake_from(self, us: int, days: OfficeDays) -> int:
        if self.quiet is None:
            return us
        begin, end = self.quiet
        today = days.day_of(us)
        for day in (today - 1, today):
            wakes = days.at(day + (begin > end), end)
            if days.at(day, begin) <= us < wakes:
                return wakes
        return us


@cache
def telling_times(quiet: str, digest: str) -> TellingTimes:
    """The times as a directory or a configuration says them.

    Args:
        quiet: ``22:00-07:00``, from the first minute up to the last, which is not quiet any more; empty for
            none.
        digest: ``08:30``; empty for none.

    Raises:
        BadInput: ``bad-telling-time``.
    """
    hours, time = _HOURS.fullmatch(quiet), _TIME.fullmatch(digest)
    if quiet and (hours is None or hours[1] + hours[2] == hours[3] + hours[4]):
        raise BadInput("bad-telling-time", what="quiet", found=quiet[:80])
    if digest and time is None:
        raise BadInput("bad-telling-time", what="digest", found=digest[:80])
    return TellingTimes(
        quiet=(_minutes(hours[1], hours[2]), _minutes(hours[3], hours[4])) if hours else None,
        digest=_minutes(time[1], time[2]) if time else None,
    )


def _minutes(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)
