"""Two clocks: the system's, and one that only moves when told to."""

from __future__ import annotations

import time
from datetime import datetime

from caseflow.core.time.instants import DAY, HOUR, SECOND, micros, moment
from caseflow.errors import BadInput


def seconds_running() -> float:
    """Seconds since some unknown moment, never set back: for how long a thing takes, not for when it is."""
    return time.perf_counter()


class SystemClock:
    """The machine's time."""

    def now_us(self) -> int:
        """Epoch microseconds (UTC)."""
        return time.time_ns() // 1000

    def now(self) -> datetime:
        """The time as an aware datetime (UTC)."""
        return moment(self.now_us())


class ManualClock:
    """A clock for tests and replays: it stands still until it is moved.

    >>> clock = ManualClock("2025-03-03T09:30:00+08:00")
    >>> clock.advance(days=6)
    >>> clock.now().isoformat()
    '2025-03-09T01:30:00+00:00'
    """

    __slots__ = ("_now",)

    def __init__(self, start: datetime | str | int) -> None:
        """Begin at an aware datetime, its ISO 8601 text with an offset, or epoch microseconds."""
        self._now = micros(start, what="start")

    def now_us(self) -> int:
        """Epoch microseconds (UTC)."""
        return self._now

    def now(self) -> datetime:
        """The time as an aware datetime (UTC)."""
        return moment(self._now)

    def advance(self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> None:
        """Move on by so much running time; a day is 24 hours.

        Raises:
            BadInput: the sum is negative; use `set` to go back on purpose.
        """
        by = days * DAY + hours * HOUR + (minutes * 60 + seconds) * SECOND
        if by < 0:
            raise BadInput("clock-moves-back", what="advance", found=f"{by} us")
        self._now += by

    def set(self, to: datetime | str | int) -> None:
        """Stand at that instant, later or earlier."""
        self._now = micros(to, what="to")
