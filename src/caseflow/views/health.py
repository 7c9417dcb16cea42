"""How a portal's sweeps, relays and calendars stand, as a document, and which limits are passed."""

from __future__ import annotations

from datetime import date, datetime

from caseflow.core.value import Value
from caseflow.views.documents import JsonDocument


class HealthLimits(Value):
    """Up to where a portal is well; ``None`` sets no limit, so that the number is only told.

    A load balancer takes an instance away that is not well: no other instance can mend a dead letter, so by
    default only the two lags count, at which sweeps or relays do not run.

    Attributes:
        sweep_lag, relay_lag: seconds; a quarter of an hour.
        dead_letters, quarantined, waiting: how many there may be.
        calendar_days: how many days, at least, each calendar must reach from today.
    """

    sweep_lag: float | None = 900
    relay_lag: float | None = 900
    dead_letters: int | None = None
    quarantined: int | None = None
    waiting: int | None = None
    calendar_days: int | None = None


class CalendarEnd(JsonDocument):
    """A calendar of the desk's rules: its last certain day, and the days till then, less than 0 when past."""

    name: str
    last_day: date
    days_left: int


class HealthDocument(JsonDocument):
    """How a store's sweeps, relays and calendars stand: counts and seconds, so that anyone may see it.

    Attributes:
        is_healthy: whether no limit is passed.
        beyond: the names of those that are, as fields of this document; ``calendar_days`` for calendars.
        at: when it was looked at.
        sweep_lag: for how many seconds the earliest rung has been due that could be fired; 0 without any.
        relay_lag: for how many seconds the notice waits that became ready first; 0 without any.
        dead_letters: notices that were given up; 1000 stands for as many or more.
        quarantined: cases that are due and set aside, before the first that is not; 100 for as many or more.
        waiting: cases with a rung that waits for a calendar to reach further.
        calendars: of the rules for new cases, in the order in which they end.
    """

    is_healthy: bool
    beyond: tuple[str, ...]
    at: datetime
    sweep_lag: float
    relay_lag: float
    dead_letters: int
    quarantined: int
    waiting: int
    calendars: tuple[CalendarEnd, ...]

    def held_to(self, limits: HealthLimits) -> HealthDocument:
        """The same with what these limits say of it."""
        beyond = [
            name
            for name in ("sweep_lag", "relay_lag", "dead_letters", "quarantined", "waiting")
            if (limit := getattr(limits, name)) is not None and getattr(self, name) > limit
        ]
        days = limits.calendar_days
        if days is not None and any(one.days_left < days for one in self.calendars):
            beyond.append("calendar_days")
        return self.replace(is_healthy=not beyond, beyond=tuple(beyond))
