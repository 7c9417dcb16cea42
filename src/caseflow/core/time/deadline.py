"""From a start and a number of days to the first instant that is late.

`walk` counts day by day and says why each day counted, `stretches` does so for elapsed time; `breach` gives
only the answer. An act at ``t`` is on time if and only if ``t < breach``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import DAY, HOUR, LATEST, OfficeDays
from caseflow.core.value import Value
from caseflow.errors import BadInput

LONGEST = 36_525
"""Days of the longest count, a hundred years: more is a slip of the pen, and may lead past the last date."""

Pause = tuple[int, int | None]
"""``[a, b)`` in epoch microseconds; ``None`` for a pause that is still open."""


class Counting(StrEnum):
    """What "n days" means."""

    NATURAL = "natural"
    """自然日: the start day is excluded, the n-th following day is the last (民法典 §201, §203)."""
    WORKING = "working"
    """工作日: the same, counting only working days of the calendar, make-up days included."""
    ELAPSED = "elapsed"
    """So much running time after the start; exactly so much is still on time (超过)."""


class Roll(StrEnum):
    """What happens when the last day is a rest day."""

    NONE = "none"
    NEXT_WORKING_DAY = "next-working-day"
    """It moves on to the next working day (民法典 §203)."""


class Span(Value):
    """A length of legal time: so many days or hours, counted in one way."""

    days: int
    hours: int
    counting: Counting
    roll: Roll
    calendar: Calendar | None

    @classmethod
    def of(
        cls,
        days: int = 0,
        *,
        hours: int = 0,
        counting: str = Counting.NATURAL,
        roll: str = Roll.NONE,
        calendar: Calendar | None = None,
    ) -> Span:
        """A checked span.

        Raises:
            BadInput: a count below 1, hours or a roll that do not fit the counting, a missing calendar.
        """
        try:
            kind, rolling = Counting(counting), Roll(roll)
        except ValueError as error:
            raise BadInput("bad-counting", what="counting", found=f"{counting}, {roll}") from error
        if (days < 1 and hours < 1) or days < 0 or hours < 0 or (days and hours):
            raise BadInput("bad-count", what="days or hours", found=f"{days} days, {hours} hours")
        if days > LONGEST or hours > LONGEST * 24:
            raise BadInput("too-long", what="days or hours", found=f"{days} days, {hours} hours")
        if hours and kind is not Counting.ELAPSED:
            raise BadInput("hours-need-elapsed", what="counting", found=kind)
        if rolling is not Roll.NONE and kind is Counting.ELAPSED:
            raise BadInput("roll-needs-days", what="roll", found=rolling)
        if calendar is None and (kind is Counting.WORKING or rolling is not Roll.NONE):
            raise BadInput("calendar-needed", what="calendar", found="none")
        return cls(days, hours, kind, rolling, calendar)

    def longer(self, days: int) -> Span:
        """The span with so many days more."""
        return self.replace(days=self.days + days)


class Breach(Value):
    """The first late instant (``None``: none while a pause is open), and whether it is certain.

    An uncertain one is the earliest it can be: the calendar ends before the count does.
    """

    at_us: int | None
    certain: bool


class DayCount(Value):
    """One day of a count: what it was and why it counted or not."""

    day: int
    ends_us: int
    counted: int
    """The running count when the day ended; 0 on the start day."""
    counts: bool
    why: str
    """``start``, ``counts``, ``rest``, ``paused``, ``no-such-day``, ``rolled`` or ``last``."""
    note: str = ""
    """The calendar's word for the day: a holiday's name, ``weekend``, ``past-horizon``, or empty."""


def breach(span: Span, start: int, pauses: Sequence[Pause], days: OfficeDays) -> Breach:
    """The first instant that is late.

    Args:
        span: the length and the way to count it.
        start: epoch microseconds; its local day is day 0.
        pauses: in any order, overlapping or not; their union is what counts.
        days: the office's days.

    Boundary:
        ``natural`` and ``working`` breach at a local midnight; ``elapsed`` one microsecond after the
        budget is used up.
    """
    if span.counting is Counting.ELAPSED:
        return _elapsed(span, start, pauses)
    if span.counting is Counting.NATURAL and not pauses and span.roll is Roll.NONE:
        first = days.day_of(start)
        end = days.midnight(first + span.days + 1)
        # Summer time moves the length by an hour or two; a date the zone skipped takes a whole day.
        if end - days.midnight(first) > span.days * DAY + 12 * HOUR:
            return Breach(end, True)
    certain = True
    for day in walk(span, start, pauses, days):
        certain = certain and day.note != "past-horizon"
        if day.why == "last":
            return Breach(day.ends_us, certain)
    return Breach(None, True)


def walk(span: Span, start: int, pauses: Sequence[Pause], days: OfficeDays) -> Iterator[DayCount]:
    """Count by days and explain each: from the start day to the last day, in order.

    Ends without a last day when an open pause covers every further day end. The calendar is only asked
    about days that nothing else already ruled out, and about the last day when it may roll.
    """
    closed, opened = merged(pauses)
    working = span.counting is Counting.WORKING
    rolls = span.roll is Roll.NEXT_WORKING_DAY
    day, count, turn = days.day_of(start), 0, 0
    yield DayCount(day, days.midnight(day + 1), 0, False, "start")
    while True:
        day += 1
        end = days.midnight(day + 1)
        if opened is not None and opened < end:
            return
        while turn < len(closed) and closed[turn][1] < end:
            turn += 1
        if end == days.midnight(day):
            yield DayCount(day, end, count, False, "no-such-day")
            continue
        if turn < len(closed) and closed[turn][0] < end:
            yield DayCount(day, end, count, False, "paused")
            continue
        needs_calendar = working or (rolls and count >= span.days - 1)
        calendar = span.calendar if needs_calendar else None
        rest = calendar is not None and not calendar.is_working(day)
        note = calendar.reason(day) if calendar is not None else ""
        if rest and (working or count >= span.days):
            yield DayCount(day, end, count, False, "rest", note=note)
            continue
        count += 1
        if count < span.days:
            yield DayCount(day, end, count, True, "counts", note=note)
        elif rest:
            yield DayCount(day, end, count, True, "rolled", note=note)
        else:
            yield DayCount(day, end, min(count, span.days), count == span.days, "last", note=note)
            return


def _elapsed(span: Span, start: int, pauses: Sequence[Pause]) -> Breach:
    left = span.hours * HOUR + span.days * DAY + 1
    now = start
    closed, opened = merged(pauses)
    for begin, end in closed:
        ran = max(begin - now, 0)
        if ran >= left:
            return Breach(_dated(now + left), True)
        left -= ran
        now = max(now, end)
    if opened is not None and opened - now < left:
        return Breach(None, True)
    return Breach(_dated(now + left), True)


def _dated(us: int) -> int:
    if us > LATEST:
        raise BadInput("no-such-date", what="deadline", found=f"{us} microseconds")
    return us


def merged(pauses: Sequence[Pause]) -> tuple[list[tuple[int, int]], int | None]:
    """The union of the pauses: closed ones in order, apart from each other, and the start of an open one."""
    opens = [begin for begin, end in pauses if end is None]
    opened = min(opens) if opens else None
    closed: list[tuple[int, int]] = []
    for begin, end in sorted((b, e) for b, e in pauses if e is not None):
        if closed and begin <= closed[-1][1]:
            closed[-1] = (closed[-1][0], max(closed[-1][1], end))
        else:
            closed.append((begin, end))
    while opened is not None and closed and closed[-1][1] >= opened:
        opened = min(opened, closed.pop()[0])
    return closed, opened


# -- elapsed time piece by piece ------------------------------------------------------------------------


class Stretch(Value):
    """A piece of time in which an elapsed clock did one thing. Instants in epoch microseconds."""

    begin_us: int
    end_us: int | None
    """``None`` for a pause that is still open."""
    ran_us: int
    """How long the clock had run when the piece ended."""
    why: str
    """``runs``, ``paused``, or ``used-up``: it runs until nothing is left, which is still on time."""


def stretches(span: Span, start: int, pauses: Sequence[Pause]) -> Iterator[Stretch]:
    """Explain an elapsed count: its pieces in order, until it is used up or a pause is left open.

    Boundary:
        The last instant on time ends the last piece; one microsecond later is late.
    """
    left = whole = span.days * DAY + span.hours * HOUR
    now = start
    closed, opened = merged(pauses)
    for begin, end in closed:
        if begin - now > left:
            break
        if begin > now:
            left -= begin - now
            yield Stretch(now, begin, whole - left, "runs")
        if end > now:
            yield Stretch(max(begin, now), end, whole - left, "paused")
            now = end
    if opened is None or opened - now > left:
        yield Stretch(now, now + left, whole, "used-up")
        return
    if opened > now:
        left -= opened - now
        yield Stretch(now, opened, whole - left, "runs")
    yield Stretch(max(opened, now), None, whole - left, "paused")
