"""Deadlines by plain datetime arithmetic: day by day, sharing no code with the engine's counting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from caseflow.core.calendars import Calendar
from caseflow.core.instants import zone_info
from caseflow.core.policy import ClockRule, Policy, Rung

Pauses = Sequence[tuple[int, int | None]]
Late = tuple[int | None, bool]
"""The first late instant, `None` while an open pause defers it; and whether it is certain."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)
LONGEST = 40_000
"""Days that a count may take; far more than any deadline."""


class Arithmetic:
    """The deadlines of one policy; remembered, since the same ones are asked for again and again."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[tuple[object, ...], Late] = {}

    def late(self, clock: str, rung: int, since: int, pauses: Pauses, grants: Pauses) -> Late:
        """When the rung of the clock is first late, counted from the facts alone.

        Args:
            clock, rung: the clock's name, and the rung's place in its ladder.
            since: the start, epoch microseconds.
            pauses: ``(from, to)``, in any order.
            grants: ``(granted at, days)``; each adds its days if the rung was not yet due when it was given.
        """
        asked = (clock, rung, since, tuple(pauses), tuple(grants))
        known = self._known.get(asked)
        if known is None:
            known = self._known[asked] = self._counted(clock, rung, since, pauses, grants)
        return known

    def _counted(self, clock: str, rung: int, since: int, pauses: Pauses, grants: Pauses) -> Late:
        rule = self._policy.clocks[clock]
        calendar = self._policy.tables.get(rule.calendar)
        longer = 0
        for granted_at, days in sorted(grants):
            late, certain = self._one(rule, rule.rungs[rung], calendar, longer, since, pauses)
            if late is None or not certain or late > granted_at:
                longer += days or 0
        return self._one(rule, rule.rungs[rung], calendar, longer, since, pauses)

    def _one(
        self, rule: ClockRule, rung: Rung, calendar: Calendar | None, longer: int, since: int, pauses: Pauses
    ) -> Late:
        if rule.counting == "elapsed":
            hours = rung.hours + 24 * (rung.days + longer)
            return _after_running(since, timedelta(hours=hours) // _MICROSECOND + 1, pauses), True
        zone = self._policy.timezone
        return _after_days(rule, rung.days + longer, calendar, zone, since, pauses)


def _after_running(since: int, budget: int, pauses: Pauses) -> int | None:
    """The first instant by which so much time has run outside the pauses."""
    edges = sorted(
        {since, *(edge for pause in pauses for edge in pause if edge is not None and edge > since)}
    )
    for begin, end in zip(edges, [*edges[1:], None], strict=True):
        halted = any(a <= begin and (b is None or begin < b) for a, b in pauses)
        if not halted and (end is None or end - begin >= budget):
            return begin + budget
        if end is not None and not halted:
            budget -= end - begin
    return None


def _after_days(
    rule: ClockRule, days: int, calendar: Calendar | None, zone: str, since: int, pauses: Pauses
) -> Late:
    """The midnight after the last day."""
    day = _moment(since).astimezone(zone_info(zone)).date()
    asks_always, rolls = rule.counting == "working", rule.roll == "next-working-day"
    counted, certain = 0, True
    for _ in range(LONGEST):
        day += _ONE_DAY
        midnight = midnight_of(zone, day + _ONE_DAY)
        if any(b is None and a < midnight for a, b in pauses):
            return None, True
        if midnight == midnight_of(zone, day) or any(a < midnight <= (b or 0) for a, b in pauses):
            continue
        rests = False
        if calendar is not None and (asks_always or (rolls and counted >= days - 1)):
            certain = certain and calendar.first <= day <= calendar.last
            rests = _rests(calendar, day)
        if rests and (asks_always or counted >= days):
            continue
        counted += 1
        if counted >= days and not rests:
            return midnight, certain
    raise ArithmeticError(f"no last day within {LONGEST} days")


def _rests(calendar: Calendar, day: date) -> bool:
    if not calendar.first <= day <= calendar.last or day.toordinal() in calendar.makeup:
        return False
    return day.weekday() not in calendar.week or day.toordinal() in calendar.holidays


@lru_cache(maxsize=1 << 16)
def midnight_of(zone: str, day: date) -> int:
    """The first instant of the local day, epoch microseconds; after the gap where a gap holds midnight."""
    info = zone_info(zone)
    local = datetime(day.year, day.month, day.day, tzinfo=info)
    first, second = (_micros(local.replace(fold=fold)) for fold in (0, 1))
    if _moment(first).astimezone(info).replace(tzinfo=None) == local.replace(tzinfo=None):
        return first
    at = min(first, second)
    while _moment(at).astimezone(info).date() < day:
        at += 1_000_000
    return at


def _moment(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
