"""Running time, elapsed or while the office is open: its stretches between pauses, and when it is used up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from caseflow.core.bounds import LATEST
from caseflow.core.time.instants import OfficeDays
from caseflow.core.time.office_time import office_time
from caseflow.core.time.pauses import Breach, Pause, merged
from caseflow.core.time.span import Counting, First, Span
from caseflow.core.value import Value
from caseflow.errors import BadInput


class Stretch(Value):
    """A piece of time in which running time did one thing. Instants in epoch microseconds."""

    begin_us: int
    end_us: int | None
    """``None`` for a pause that is still open."""
    ran_us: int
    """How long the clock had run when the piece ended."""
    why: str
    """``runs``, ``paused``, ``closed`` (the office is), or ``used-up``: it runs until nothing is left, which
    is still on time."""


def stretches(span: Span, start: int, pauses: Sequence[Pause], days: OfficeDays) -> Iterator[Stretch]:
    """Running time piece by piece, in order, until it is used up or a pause is left open.

    Boundary:
        The last instant on time ends the last piece; one microsecond later is late. A pause that begins
        just when the time is used up still defers that.
    """
    left, now, turn = span.budget_us, start, 0
    closed, opened = merged(pauses)
    halts: list[Pause] = [*closed, *([] if opened is None else [(opened, None)])]
    for opens, closes in _openings(span, start, days):
        if opens > now:
            yield Stretch(now, opens, span.budget_us - left, "closed")
            now = opens
        while closes is None or now < closes:
            while turn < len(halts) and (ends := halts[turn][1]) is not None and ends <= now:
                turn += 1
            begin, end = halts[turn] if turn < len(halts) else (None, None)
            if begin is None or (closes is not None and begin > closes):
                until, is_used_up = closes, closes is None or closes - now >= left
            else:
                until, is_used_up = begin, begin - now > left
            if is_used_up or until is None:
                yield Stretch(now, now + left, span.budget_us, "used-up")
                return
            if until > now:
                left -= until - now
                yield Stretch(now, until, span.budget_us - left, "runs")
                now = until
            if begin is not None and begin <= now:
                halted = end if closes is None or end is None else min(end, closes)
                if halted is None or halted > now:
                    yield Stretch(now, halted, span.budget_us - left, "paused")
                if halted is None:
                    return
                now = halted
                if now == closes:
                    break


def _openings(span: Span, start: int, days: OfficeDays) -> Iterator[tuple[int, int | None]]:
    """From when to when the clock may run: always, or while the office is open."""
    calendar = span.calendar
    if span.counting is Counting.ELAPSED or calendar is None:
        yield start, None
        return
    for opens, closes in office_time(calendar, days).openings(_first_office_day(span, start, days)):
        if closes > start:
            yield max(opens, start), closes


def _first_office_day(span: Span, start: int, days: OfficeDays) -> int:
    return days.day_of(start) + (span.first is First.NEXT_WORKING_DAY)


def used_up(span: Span, start: int, pauses: Sequence[Pause], days: OfficeDays) -> Breach:
    """The first late instant of running time: by addition without pauses, else after the last stretch."""
    if span.budget_us < 0:  # so long before another rung that it is late from the first
        return Breach(start, True)
    calendar = span.calendar if span.counting is Counting.OFFICE else None
    end: int | None = start
    if pauses or not span.budget_us:
        for piece in stretches(span, start, pauses, days):
            end = piece.end_us
        if end is None:
            return Breach(None, True)
    elif calendar is None:
        return Breach(_dated(start + span.budget_us + 1), True)
    else:
        first = _first_office_day(span, start, days)
        end = office_time(calendar, days).used_up(start, first, span.budget_us)
    if calendar is None:
        return Breach(_dated(end + 1), True)
    reached = (_first_office_day(span, start, days), days.day_of(max(start, end - 1)))
    return Breach(_dated(end + 1), all(map(calendar.is_certain, reached)))


def _dated(us: int) -> int:
    if us > LATEST:
        raise BadInput("no-such-date", what="deadline", found=f"{us} microseconds")
    return us
