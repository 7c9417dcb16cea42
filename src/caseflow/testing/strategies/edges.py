"""Where days, holidays, horizons and summer time begin and end: plain look-ups, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from caseflow.core.calendars import Calendar
from caseflow.core.instants import DAY, EARLIEST, LATEST, OfficeDays, moment
from caseflow.core.values import Value, value

AHEAD = 400
"""Days looked ahead for the next holiday, make-up day and summer-time changes: a year, and some."""


@value
class Edge(Value):
    """An instant at which something changes, the kind of it, and what it is in words."""

    us: int
    kind: str
    about: str


def day_edges(days: OfficeDays, instants: Iterable[int]) -> Iterator[Edge]:
    """The local midnights around each instant."""
    around = {day for us in instants for day in (days.day_of(us), days.day_of(us) + 1)}
    for day in sorted(around):
        yield Edge(days.midnight(day), "day", "midnight")


_RUNS: dict[str, tuple[tuple[int, int, str], ...]] = {}
"""The stretches of calendars met before, by content hash; a calendar itself has none."""
MOST_RUNS = 256
"""How many calendars' stretches are remembered."""


def _named_runs(table: Calendar) -> tuple[tuple[int, int, str], ...]:
    """Stretches of days that the table names alike, as ``(first, last, name)``, in the order of time."""
    if table.digest not in _RUNS:
        if len(_RUNS) >= MOST_RUNS:
            _RUNS.clear()
        _RUNS[table.digest] = _stretches(table)
    return _RUNS[table.digest]


def _stretches(table: Calendar) -> tuple[tuple[int, int, str], ...]:
    runs: list[tuple[int, int, str]] = []
    for day in sorted({**table.holidays, **table.makeup}):
        kind = "make-up day" if day in table.makeup else "holiday"
        name = f"{kind} {table.makeup.get(day) or table.holidays[day]}".strip()
        if runs and runs[-1][1] == day - 1 and runs[-1][2] == name:
            runs[-1] = (runs[-1][0], day, name)
        else:
            runs.append((day, day, name))
    return tuple(runs)


def calendar_edges(table: Calendar, days: OfficeDays, start: int, until: int) -> Iterator[Edge]:
    """The edges of holidays and make-up days between two instants and of the next ones, and the horizon."""
    first, last = days.day_of(start), days.day_of(until)
    met: set[str] = set()
    for begin, end, name in _named_runs(table):
        if not first <= end <= first + AHEAD:
            continue
        kind = name.partition(" ")[0]
        if begin <= last or kind not in met:
            yield Edge(days.midnight(begin), "calendar", f"the start of the {name}")
            yield Edge(days.midnight(end + 1), "calendar", f"the end of the {name}")
        met.add(kind)
    yield Edge(days.midnight(table.last.toordinal() + 1), "horizon", f"the horizon of {table.name}")


@lru_cache(maxsize=1024)
def zone_edges(zone: str, start: int) -> tuple[Edge, ...]:
    """The next summer-time changes after an instant, two at the most."""
    found: list[Edge] = []
    us = max(start, EARLIEST + DAY)
    for _ in range(AHEAD):
        following = us + DAY
        if len(found) == 2 or following > LATEST - DAY:
            break
        if moment(us, zone).utcoffset() != moment(following, zone).utcoffset():
            found.append(Edge(_change(zone, us, following), "zone", f"a change of the clock in {zone}"))
        us = following
    return tuple(found)


def _change(zone: str, before: int, after: int) -> int:
    """The first instant of the new offset, between an instant of the old and one of the new."""
    old = moment(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if moment(middle, zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
