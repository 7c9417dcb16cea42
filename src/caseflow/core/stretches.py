"""Elapsed time piece by piece: when a clock ran, when it was paused, and how much had run by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from caseflow.core.counting import Pause, Span, merged
from caseflow.core.instants import DAY, HOUR
from caseflow.core.values import Value, value


@value
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
