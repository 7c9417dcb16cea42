"""What a count is given and gives: pauses and their union, and the first late instant."""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.core.bounds import Instant
from caseflow.core.value import Value

Pause = tuple[Instant, Instant | None]
"""``[a, b)`` in epoch microseconds; ``None`` for a pause that is still open."""


class Breach(Value):
    """The first late instant (``None``: none while a pause is open), and whether it is certain.

    An uncertain one is the earliest it can be: the calendar ends before the count does.
    """

    at_us: int | None
    certain: bool


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
