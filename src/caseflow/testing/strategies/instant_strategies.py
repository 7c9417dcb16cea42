"""Instants around every boundary of a policy: the microsecond before, the instant itself, the one after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from hypothesis import strategies as st

from caseflow.core.bounds import EARLIEST, LATEST
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import DAY, OfficeDays, micros, moment
from caseflow.core.time.pauses import Pause
from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.testing.step import office_text
from caseflow.testing.strategies.arguments import PolicyLike, check_among, for_policy, rules_for, start_of

KINDS = ("start", "rung", "pause", "day", "calendar", "zone", "horizon")
"""The kinds of boundaries, plainest first: examples shrink in this order."""
SHIFTS = ((0, ""), (-1, "1 us before "), (1, "1 us after "))
"""What is drawn at each boundary, plainest first."""

PauseSpan = tuple[datetime | str | int, datetime | str | int | None]


class Instant(Value):
    """An instant and why it is interesting.

    Attributes:
        us: epoch microseconds.
        zone: the office's zone.
        about: every boundary that lies there or a microsecond away, such as ``1 us before yellow of reply``.
        kind: one of `KINDS`, the plainest where several meet.
    """

    us: int
    zone: str
    about: str
    kind: str

    @property
    def at(self) -> datetime:
        """The instant in the office's zone."""
        return moment(self.us, self.zone)

    def __repr__(self) -> str:
        return f"Instant({office_text(self.us, self.zone)}, {self.about})"


def boundary_instants(
    policy: PolicyLike,
    *,
    start: datetime | str | int | None = None,
    pauses: Sequence[PauseSpan] = (),
    case: Case | None = None,
    kinds: Sequence[str] = KINDS,
) -> st.SearchStrategy[Instant]:
    """Instants at which something changes for a case of the policy, and a microsecond to either side.

    These are: the start; the first late instant of every rung; the edges of pauses; local midnights around
    each of them; the edges of holidays and make-up days; summer-time changes of the zone; the first instant
    past a calendar's horizon. None lies before the start. Every kind is drawn about equally often.

    Shrinks to the start, then to the first rung, exactly at it.

    Args:
        policy: a policy, its name or path, or a strategy that draws one.
        start: when the clocks started; nine o'clock on Monday 2025-03-03 in the office's zone by default.
        pauses: ``(from, to)`` of pauses of every clock, ``to`` is ``None`` for an open one.
        case: take the clocks, pauses, extensions and start of this case instead.
        kinds: only boundaries of these kinds; see `KINDS`.

    Raises:
        BadInput: an instant without an offset, a pause that ends before it begins, an unknown kind, or both
            a case and a start or pauses.
    """
    check_among(kinds, KINDS, what="kinds")
    if case is not None and (start is not None or pauses):
        raise BadInput("bad-option", what="case", found="a case brings its own start and pauses")
    spans = tuple(_pause(*pause) for pause in pauses)
    if not isinstance(policy, st.SearchStrategy) and start is not None:
        micros(start, what="start")

    def build(rules: CompiledPolicy) -> st.SearchStrategy[Instant]:
        instants = _instants(rules, start_of(start, rules), spans, case, kinds)
        groups = [[one for one in instants if one.kind == kind] for kind in KINDS]
        return st.one_of([st.sampled_from(group) for group in groups if group])

    return for_policy(policy, build)


def boundaries(
    policy: Policy | str | Path,
    *,
    start: datetime | str | int | None = None,
    pauses: Sequence[PauseSpan] = (),
    case: Case | None = None,
    kinds: Sequence[str] = KINDS,
) -> tuple[Instant, ...]:
    """Everything that `boundary_instants` may draw, in the order of time: for a table of test cases.

    Raises:
        BadInput: as `boundary_instants`.
    """
    check_among(kinds, KINDS, what="kinds")
    rules = rules_for(policy)
    spans = tuple(_pause(*pause) for pause in pauses)
    instants = _instants(rules, start_of(start, rules), spans, case, kinds)
    return tuple(sorted(instants, key=lambda one: one.us))


def _pause(begin: datetime | str | int, end: datetime | str | int | None) -> Pause:
    first, last = micros(begin, what="pause"), None if end is None else micros(end, what="pause")
    if last is not None and last <= first:
        raise BadInput("bad-option", what="pause", found=f"{begin} to {end}, expected a later end")
    return first, last


def _instants(
    rules: CompiledPolicy, start: int, pauses: tuple[Pause, ...], case: Case | None, kinds: Sequence[str]
) -> list[Instant]:
    """The instants, plainest kind first, within a kind in the order of time, the exact one first."""
    start = start if case is None else case.submitted_us
    edges = list(_edges(rules, start, pauses) if case is None else case_edges(rules, case))
    abouts: defaultdict[int, dict[str, str]] = defaultdict(dict)
    order: list[tuple[int, int, int, int]] = []
    for edge in edges:
        if edge.kind not in kinds:
            continue
        for rank, (shift, words) in enumerate(SHIFTS):
            us = edge.us + shift
            if max(start, EARLIEST) <= us <= LATEST:
                abouts[us].setdefault(words + edge.about, edge.kind)
                order.append((KINDS.index(edge.kind), edge.us, rank, us))
    zone = rules.policy.timezone
    seen = dict.fromkeys(us for *_, us in sorted(order))
    return [
        Instant(us, zone, "; ".join(abouts[us]), min(abouts[us].values(), key=KINDS.index)) for us in seen
    ]


def _edges(rules: CompiledPolicy, start: int, pauses: tuple[Pause, ...]) -> Iterator[Edge]:
    """The boundaries of a case that starts then, under every clock of the policy."""
    rungs: list[Edge] = []
    for plan in rules.plans:
        dues, unknown = plan.dues(start, pauses)
        rungs += _rungs(plan.name, plan.ladder, dues, unknown)
    yield Edge(start, "start", "the start")
    yield from rungs
    yield from _pause_edges("", pauses)
    yield from _surroundings(rules, start, [edge.us for edge in rungs])


def case_edges(rules: CompiledPolicy, case: Case) -> Iterator[Edge]:
    """The boundaries of a real case: its clocks as they run, with their pauses and extensions."""
    rungs: list[Edge] = []
    yield Edge(case.submitted_us, "start", "the submission")
    for run in case.clocks:
        name = " ".join(filter(None, (run.clock, run.subject)))
        rungs += _rungs(name, run.ladder, run.dues, run.unknown)
        if run.since_us != case.submitted_us:
            yield Edge(run.since_us, "start", f"the start of {name}")
        yield from _pause_edges(f" of {name}", run.pauses)
    yield from rungs
    yield from _surroundings(rules, case.submitted_us, [edge.us for edge in rungs])


def _rungs(
    clock: str, ladder: Iterable[tuple[str, bool]], dues: Iterable[int | None], unknown: int
) -> Iterator[Edge]:
    for index, ((level, _), due) in enumerate(zip(ladder, dues, strict=True)):
        if due is not None:
            sure = "the earliest possible " if unknown >> index & 1 else ""
            yield Edge(due, "rung", f"{sure}{level} of {clock}")


def _pause_edges(clock: str, pauses: Iterable[Pause]) -> Iterator[Edge]:
    for begin, end in pauses:
        yield Edge(begin, "pause", f"the start of a pause{clock}")
        if end is not None:
            yield Edge(end, "pause", f"the end of a pause{clock}")


def _surroundings(rules: CompiledPolicy, start: int, dues: Sequence[int]) -> Iterator[Edge]:
    """Days, holidays, horizons and summer time between the start and the last rung, and the next of each."""
    until = max(dues, default=start)
    yield from day_edges(rules.days, (start, *dues))
    used = {plan.calendar.digest: plan.calendar for plan in rules.plans if plan.calendar is not None}
    for table in used.values():
        yield from calendar_edges(table, rules.days, start, until)
    yield from zone_edges(rules.policy.timezone, start)


AHEAD = 400
"""Days looked ahead for the next holiday, make-up day and summer-time changes: a year, and some."""


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
    edges: list[Edge] = []
    us = max(start, EARLIEST + DAY)
    for _ in range(AHEAD):
        following = us + DAY
        if len(edges) == 2 or following > LATEST - DAY:
            break
        if moment(us, zone).utcoffset() != moment(following, zone).utcoffset():
            edges.append(Edge(_change(zone, us, following), "zone", f"a change of the clock in {zone}"))
        us = following
    return tuple(edges)


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
