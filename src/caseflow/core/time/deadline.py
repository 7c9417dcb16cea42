"""From a start and a length to the first instant that is late.

An act at ``t`` is on time if and only if ``t < breach``. Days are counted by `day_count`, running time by
`stretches`: both go through time in order and say why, which is what an explanation shows; `breach` gives
only the answer, and does not walk where plain addition leads to the same day.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Container, Generator, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import DAY, HOUR, OfficeDays
from caseflow.core.time.pauses import Breach, Pause, merged
from caseflow.core.time.running_time import used_up
from caseflow.core.time.span import Counting, Ends, First, PausedDay, Roll, Span
from caseflow.core.value import Value
from caseflow.errors import BadInput


def breach(span: Span, start: int, pauses: Sequence[Pause], days: OfficeDays) -> Breach:
    """The first instant that is late.

    Args:
        span: the length and the way to count it.
        start: epoch microseconds.
        pauses: in any order, overlapping or not; their union is what counts.
        days: the office's days.

    Boundary:
        Days breach at a local midnight, or when the office closes; running time one microsecond after it is
        used up.
    """
    if not span.counting.is_by_days:
        return used_up(span, start, pauses, days)
    base, certain = base_day(span, start, days)
    counted = from_base(span, base, taken_days(span, pauses, days), days)
    return counted if certain or counted.at_us is None else Breach(counted.at_us, False)


# -- days --------------------------------------------------------------------------------------------------


class CountedDay(NamedTuple):
    """One day of a count.

    Attributes:
        day: its ordinal.
        counted: the running count when it ended.
        why: ``start``, ``counts``, ``month`` (on the way to a corresponding day or a date that was set),
            ``before`` (day 1 is yet to come), ``rest``, ``paused``, ``no-such-day``, ``rolled`` or ``last``.
        is_asked: whether the calendar was asked about it.
    """

    day: int
    counted: int
    why: str
    is_asked: bool = False


class TakenDays:
    """The days that pauses take: intervals in order, and from which day on an open pause takes them all."""

    __slots__ = ("_begins", "_ends", "open_from")

    def __init__(self, intervals: Sequence[tuple[int, int]] = (), open_from: int | None = None) -> None:
        self._begins = [first for first, _ in intervals]
        self._ends = [last for _, last in intervals]
        self.open_from = open_from

    def __bool__(self) -> bool:
        return bool(self._ends) or self.open_from is not None

    def __contains__(self, day: int) -> bool:
        turn = bisect_left(self._ends, day)
        return turn < len(self._ends) and self._begins[turn] <= day

    def never_ends(self, day: int) -> bool:
        """Whether an open pause takes that day and all that follow."""
        return self.open_from is not None and day >= self.open_from


NO_DAYS = TakenDays()


def taken_days(span: Span, pauses: Sequence[Pause], days: OfficeDays) -> TakenDays:
    """The days that the pauses take from the count, by the span's rule.

    Boundary:
        A pause that begins when the day ends, at midnight or at closing, comes after that day. No day whose
        end an open pause holds is ever the last, whatever the rule: while it is open nothing breaches.
    """
    if not pauses:
        return NO_DAYS
    closed, opened = merged(pauses)
    intervals: list[tuple[int, int]] = []
    for begin, end in closed:
        match span.paused_day:
            case PausedDay.ENDS:
                intervals.append((_first_ending(span, begin, days), _first_ending(span, end, days) - 1))
            case PausedDay.TOUCHED:
                intervals.append((_first_ending(span, begin, days), days.day_of(end - 1)))
            case PausedDay.WHOLE:
                intervals.append((_first_whole(begin, days), days.day_of(end) - 1))
    if opened is None:
        return TakenDays(_not_empty(intervals))
    if span.paused_day is not PausedDay.WHOLE:
        return TakenDays(_not_empty(intervals), _first_ending(span, opened, days))
    # A day in part of closed pauses may have been the last before the open one joined them.
    open_from = _first_ending(span, min(begin for begin, end in pauses if end is None), days)
    intervals.append((_first_whole(opened, days), open_from - 1))
    return TakenDays(_not_empty(intervals), open_from)


def _not_empty(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(first, last) for first, last in intervals if last >= first]


def _first_whole(at: int, days: OfficeDays) -> int:
    """The first day that begins at the instant or later."""
    day = days.day_of(at)
    return day + (days.midnight(day) < at)


def _first_ending(span: Span, at: int, days: OfficeDays) -> int:
    """The first day that ends after the instant."""
    day = days.day_of(at)
    return day if at < _end_of(span, day, days) else day + 1


def _end_of(span: Span, day: int, days: OfficeDays) -> int:
    """When the day ends: at midnight, or when the office closes if it is open that day."""
    if span.ends is Ends.CLOSING and span.calendar is not None:
        hours = span.calendar.open_hours(day)
        if hours:
            return days.at(day, hours[-1][1], is_end=True)
    return days.midnight(day + 1)


def base_day(span: Span, start: int, days: OfficeDays) -> tuple[int, bool]:
    """The day from which days are counted, and whether it is certain.

    It is the start's; after the cut-off, or on a rest day, where there is a cut-off, it is the next working
    day. Without pauses the answer depends on this day alone.
    """
    day, calendar = days.day_of(start), span.calendar
    if span.cut_off < 0 or calendar is None:
        return day, True
    certain = calendar.is_certain(day)
    if calendar.is_working(day) and start < days.at(day, span.cut_off):
        return day, certain
    day = calendar.working_day(day + 1)
    while not days.exists(day):
        day = calendar.working_day(day + 1)
    return day, certain and calendar.is_certain(day)


def from_base(span: Span, base: int, taken: TakenDays, days: OfficeDays) -> Breach:
    """The first late instant of a count by days, from its base day.

    Where no pause takes a day, days and months are added and none is walked over. That holds while every
    date in between exists: a date that the zone skipped shows by the length, and then all are walked over.
    """
    last, certain = _walked(span, base, taken) if taken else _added(span, base)
    if last is None:
        return Breach(None, True)
    end = days.midnight(last + 1)
    if end - days.midnight(base) < (last + 1 - base) * DAY - 12 * HOUR:
        last, certain = _walked(span, base, taken, _Skipped(days))
        if last is None:
            return Breach(None, True)
        end = days.midnight(last + 1)
    if span.ends is Ends.CLOSING and span.calendar is not None:
        return Breach(_end_of(span, last, days), certain and span.calendar.is_certain(last))
    return Breach(end, certain)


def _added(span: Span, base: int) -> tuple[int | None, bool]:
    """The last day where no pause takes any, and whether it is certain."""
    is_mixed = span.months and span.days
    if is_mixed or span.last_day is not None or span.first is First.NEXT_WORKING_DAY:
        return _walked(span, base, NO_DAYS)
    earlier = span.first is First.SAME_DAY
    calendar = span.calendar
    if span.months:
        last = _month_end(span, base) if span.is_by_months else corresponding(base, span.months)
    elif not span.days:
        return base, True
    elif span.counting is Counting.NATURAL or calendar is None:
        last = base + span.days - earlier
    else:
        last = calendar.nth_working_day(base - earlier, span.days)
        return last, calendar.is_certain(base + 1 - earlier) and calendar.is_certain(last)
    if calendar is None or (span.roll is Roll.NONE and span.counting is not Counting.WORKING):
        return last, True
    certain = calendar.is_certain(last)
    last = calendar.working_day(last)
    return last, certain and calendar.is_certain(last)


def _walked(span: Span, base: int, taken: TakenDays, skipped: Container[int] = ()) -> tuple[int | None, bool]:
    """The last day and whether it is certain, day by day."""
    calendar, certain = span.calendar, True
    if span.first is First.NEXT_WORKING_DAY and calendar is not None and _counts_days_first(span):
        certain = calendar.is_certain(calendar.working_day(base + 1))
    for day, _, why, is_asked in day_count(span, base, taken, skipped):
        if is_asked and calendar is not None and not calendar.is_certain(day):
            certain = False
        if why == "last":
            return day, certain
    return None, True


def _counts_days_first(span: Span) -> bool:
    """Whether day 1 matters: days are counted from the start on, not months, and not to a date."""
    return bool(span.days) and not span.is_by_months and span.last_day is None


def day_count(span: Span, base: int, taken: TakenDays, skipped: Container[int] = ()) -> Iterator[CountedDay]:
    """Count from the base day to the last day, in order.

    Ends without a last day when an open pause takes every further day. The calendar is only asked about days
    that nothing else already ruled out, and about the last day when it may roll.

    Args:
        span: the length, by days.
        base: the base day.
        taken: the days that pauses take.
        skipped: dates that the zone never had.
    """
    count, day = span.days, base
    rolls = span.counting is Counting.WORKING or span.roll is not Roll.NONE
    last: int | None
    if not (span.first is First.SAME_DAY and (span.is_by_months or _counts_days_first(span))):
        if count or span.months or span.last_day is not None:
            yield CountedDay(base, 0, "start")
            day += 1
        else:
            rolls = False
    if span.last_day is not None or span.is_by_months:
        end = _month_end(span, base) if span.last_day is None else span.last_day
        last = yield from _toward(day, end, taken, skipped)
        if count and last is not None:
            yield CountedDay(last, 0, "month")
            last = yield from _onward(span, last + 1, taken, skipped)
        if span.last_day is not None:
            rolls = rolls and bool(count or span.months)
            if span.months and last is not None:
                yield CountedDay(last, count, "counts")
                last = yield from _toward(last + 1, corresponding(last, span.months), taken, skipped)
    elif count:
        if span.first is First.NEXT_WORKING_DAY and span.calendar is not None:
            while day in skipped or not span.calendar.is_working(day):
                yield CountedDay(day, 0, "no-such-day" if day in skipped else "before", day not in skipped)
                day += 1
        last = yield from _onward(span, day, taken, skipped)
        if span.months and last is not None:
            yield CountedDay(last, count, "counts", span.counting is Counting.WORKING)
            last = yield from _toward(last + 1, corresponding(last, span.months), taken, skipped)
    else:
        last = yield from _toward(day, corresponding(base, span.months), taken, skipped)
    if last is not None:
        yield from _to_rest(span.calendar if rolls else None, last, count, taken, skipped)


def _toward(
    day: int, end: int, taken: TakenDays, skipped: Container[int]
) -> Generator[CountedDay, None, int | None]:
    """From that day to the end, which each taken day puts off by one; returns it, not yet counted."""
    if end < day:
        return end
    while day < end or day in taken or taken.never_ends(day):
        if taken.never_ends(day):
            return None
        is_taken = day in taken and day not in skipped
        end += is_taken
        yield CountedDay(day, 0, "paused" if is_taken else "month")
        day += 1
    return max(day, end)


def _onward(
    span: Span, day: int, taken: TakenDays, skipped: Container[int]
) -> Generator[CountedDay, None, int | None]:
    """From that day on until so many days counted; returns the last of them, not yet counted."""
    calendar = span.calendar if span.counting is Counting.WORKING else None
    count = 0
    while not taken.never_ends(day):
        if day in skipped:
            yield CountedDay(day, count, "no-such-day")
        elif day in taken:
            yield CountedDay(day, count, "paused")
        elif calendar is not None and not calendar.is_working(day):
            yield CountedDay(day, count, "rest", True)
        else:
            count += 1
            if count == span.days:
                return day
            yield CountedDay(day, count, "counts", calendar is not None)
        day += 1
    return None


def _to_rest(
    calendar: Calendar | None, day: int, count: int, taken: TakenDays, skipped: Container[int]
) -> Iterator[CountedDay]:
    """From the day that ends the count to the one that can be the last: no rest day where it rolls, and none
    that a pause takes.
    """
    end = day
    while not taken.never_ends(day):
        if day in skipped:
            yield CountedDay(day, count, "no-such-day")
        elif day in taken:
            yield CountedDay(day, count, "paused")
        elif calendar is not None and not calendar.is_working(day):
            yield CountedDay(day, count, "rolled" if day == end else "rest", True)
        else:
            yield CountedDay(day, count, "last", calendar is not None)
            return
        day += 1


class _Skipped:
    """The dates that the zone never had."""

    def __init__(self, days: OfficeDays) -> None:
        self._days = days

    def __contains__(self, day: object) -> bool:
        return isinstance(day, int) and not self._days.exists(day)


class DayCount(Value):
    """One day of a count, explained."""

    day: int
    ends_us: int
    counted: int
    """The running count when the day ended; 0 on the start day."""
    counts: bool
    why: str
    """As in `CountedDay`; ``cut-off`` for days that precede the one from which is counted."""
    note: str = ""
    """The calendar's word for the day: a holiday's name, ``weekend``, ``past-horizon``, or empty."""


def walk(span: Span, start: int, pauses: Sequence[Pause], days: OfficeDays) -> Iterator[DayCount]:
    """Explain a count by days: every day from the start's to the last, in order, and why it counted or not.

    Ends without a last day when an open pause takes every further day.
    """
    base, _ = base_day(span, start, days)
    has_rolled = False
    for day in range(days.day_of(start), base):
        note = span.calendar.reason(day) if span.calendar is not None else ""
        yield DayCount(day, days.midnight(day + 1), 0, counts=False, why="cut-off", note=note)
    for day, counted, why, is_asked in day_count(span, base, taken_days(span, pauses, days), _Skipped(days)):
        has_rolled = has_rolled or why == "rolled"
        is_in = bool(counted or span.months) or span.last_day is not None
        counts = why in ("counts", "month", "rolled") or (why == "last" and is_in and not has_rolled)
        note = span.calendar.reason(day) if is_asked and span.calendar is not None else ""
        ends = days.midnight(day + 1)
        if why == "last":
            late = breach(span, start, pauses, days).at_us
            ends = ends if late is None else late
        yield DayCount(day, ends, counted, counts=counts, why=why, note=note)


def _month_end(span: Span, base: int) -> int:
    """The last day of a count by months: the corresponding day, or, if the base day is day 1, the one before.

    Where there is no corresponding day it is the month's last in either case (BGB §188 III, 민법 §160 III).
    """
    end = corresponding(base, span.months)
    has_day = date.fromordinal(end).day == date.fromordinal(base).day
    return end - 1 if span.first is First.SAME_DAY and has_day else end


def corresponding(day: int, months: int) -> int:
    """The corresponding day so many months later, else that month's last (民法典 §202, BGB §188)."""
    if not months:
        return day
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > date.max.year:
        raise BadInput("no-such-date", what="deadline", found=f"{months} months after {start}")
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()
