"""Why a deadline is what it is: what counted day by day, by which rule, from which source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from datetime import date, datetime, timedelta

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case, renamed
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.policy import Rung
from caseflow.core.time.deadline import DayCount, walk
from caseflow.core.time.instants import OfficeDays, moment
from caseflow.core.time.running_time import Stretch, stretches
from caseflow.core.time.span import length_of
from caseflow.core.value import Value
from caseflow.errors import BadInput


class ExplainedDay(Value):
    """One local day of the count.

    Attributes:
        why: as in `DayCount`: ``start``, ``cut-off``, ``before``, ``counts``, ``month``, ``rest``,
            ``paused``, ``no-such-day``, ``rolled`` or ``last``; of the day on which the clock ended before
            its count did, its status: ``stopped``, ``cancelled`` or ``held``.
        count: the running count at the day's end; on the day of such an end that of the day before.
        note: the calendar's word for the day.
    """

    date: date
    count: int
    why: str
    note: str = ""


class ExplainedRung(Value):
    """A rung and its first late instant, in the office's zone.

    Attributes:
        length: how much of the unit; ``None`` where a field of the case says it.
        unit: ``days`` (as the clock counts), ``weeks``, ``months``, ``years``, ``hours``, ``minutes`` or
            ``percent`` of another rung; ``at`` for a date or an instant that a field says.
        of: the level of that other rung, if it hangs on one.
        extended_by: by how many days, as the clock counts.
        late_at: ``None`` while a pause is open.
        certain: otherwise it is "not before".
        fired: whether a card or reminder of it stands, or was annulled on appeal.
        appealed: whether its card was annulled on appeal: it comes no more.
    """

    level: str
    is_breach: bool
    length: int | None
    unit: str
    of: str
    extended_by: int
    late_at: datetime | None
    certain: bool
    fired: bool
    rule: str
    source: str
    appealed: bool = False


class ExplainedStretch(Value):
    """A piece of running time in which the clock did one thing.

    Attributes:
        end: ``None`` while a pause is open.
        ran: how long the clock had run when the piece ended.
        why: ``runs``, ``paused``, ``closed`` (the office is), or ``used-up`` for the piece that
            ends with the last instant on time.
    """

    begin: datetime
    end: datetime | None
    ran: timedelta
    why: str


class Explanation(Value):
    """One clock instance explained.

    ``days`` runs from the start day to the last day of the longest rung, or to the day on which the clock
    ended; it is empty for elapsed and office time, which have no days but ``stretches``, as far as those.
    Instants are in the office's zone; a pause's end is ``None`` while it is open.
    """

    clock: str
    subject: str
    cycle: int
    status: str
    counting: str
    calendar: str
    zone: str
    since: datetime
    until: datetime | None
    pauses: tuple[tuple[datetime, datetime | None], ...]
    rungs: tuple[ExplainedRung, ...]
    days: tuple[ExplainedDay, ...]
    rule: str
    source: str
    stretches: tuple[ExplainedStretch, ...] = ()


def explain(
    rules: CompiledPolicy, case: Case, clock: str, rules_of: Callable[[str], CompiledPolicy] | None = None
) -> tuple[Explanation, ...]:
    """Every instance of the clock, oldest first, each by the rules that it ran under.

    Args:
        rules: those the case pins.
        case: the case.
        clock: the clock's name; a former one as well, for cycles under former rules.
        rules_of: gives the rules of a content hash; asked for cycles that ran under rules the case has left.

    Raises:
        BadInput: the case has no such clock.
    """
    runs = tuple(run for run in case.clocks if run.clock == clock)
    if not runs:
        known = sorted({run.clock for run in case.clocks})
        raise BadInput("no-clock", case=case.id, found=clock, missing=", ".join(known) or "-")
    appealed = frozenset(case.appealed)
    former = {old for old, _ in case.facts.renamed if renamed(case.facts.renamed, old) == clock}
    explanations: list[Explanation] = []
    for run in runs:
        own = rules_of(run.policy_hash) if run.policy_hash and rules_of is not None else rules
        name = next((name for name in (clock, *sorted(former)) if name in own.plan), "")
        if name:
            explanations.append(_explained(own, own.plan[name], run, appealed))
    return tuple(explanations)


def _explained(
    rules: CompiledPolicy,
    plan: CompiledClock,
    run: ClockRun,
    appealed: Set[tuple[tuple[str, str, int], str]],
) -> Explanation:
    zone, rule = rules.policy.timezone, plan.rule
    rungs, days = list[ExplainedRung](), dict[int, DayCount]()
    counter = plan.counter(run)
    for index, ((level, is_breach), rung) in enumerate(zip(run.ladder, rule.rungs, strict=False)):
        due = run.dues[index]
        span, grants = counter.span_of(run, index), counter.grants_of(run, index)
        longer = sum(amount for _, amount, unit in grants if unit == "days" and isinstance(amount, int))
        length, unit = _length(rung)
        rungs.append(
            ExplainedRung(
                level=level,
                is_breach=is_breach,
                length=length,
                unit=unit,
                of=rung.of,
                extended_by=longer,
                late_at=None if due is None else moment(due, zone),
                certain=not run.unknown >> index & 1,
                fired=bool(run.fired >> index & 1),
                rule=f"clocks.{plan.name}.rungs[{index}]",
                source=rung.source,
                appealed=(run.key, level) in appealed,
            )
        )
        if span is not None and span.counting.is_by_days:
            for day in walk(span, run.from_us, run.pauses, counter.days):
                known = days.get(day.day)
                if known is None or known.why in ("last", "rolled"):
                    days[day.day] = day
    calendar = counter.calendar
    return Explanation(
        clock=run.clock,
        subject=run.subject,
        cycle=run.cycle,
        status="paused" if run.is_running and run.is_paused else run.status,
        counting=rule.counting,
        calendar=f"{calendar.name} until {calendar.last}" if calendar else "",
        zone=zone,
        since=moment(run.since_us, zone),
        until=None if run.until_us is None else moment(run.until_us, zone),
        pauses=tuple((moment(a, zone), None if b is None else moment(b, zone)) for a, b in run.pauses),
        rungs=tuple(rungs),
        days=tuple(
            map(explained_day, _upto_end([day for _, day in sorted(days.items())], run, counter.days))
        ),
        rule=f"clocks.{plan.name}",
        source=rule.source,
        stretches=_stretches(counter, run, zone),
    )


def _stretches(plan: CompiledClock, run: ClockRun, zone: str) -> tuple[ExplainedStretch, ...]:
    longest = plan.span_of(run, len(run.ladder) - 1)
    if longest is None or longest.counting.is_by_days:
        return ()
    pieces = stretches(longest, run.from_us, run.pauses, plan.days)
    return tuple(explained(piece, zone) for piece in _cut(pieces, run.until_us))


def _upto_end(days: list[DayCount], run: ClockRun, office: OfficeDays) -> list[DayCount]:
    """The days up to the one on which the clock ended, of which its end is told, unless it is a last one."""
    if run.until_us is None:
        return days
    last = office.day_of(run.until_us)
    left = [day for day in days if day.day <= last]
    if left and left[-1].day == last and left[-1].why not in ("start", "last", "rolled"):
        before = left[-2].counted if len(left) > 1 else 0
        left[-1] = left[-1].replace(why=run.status, counted=before, counts=False)
    return left


def _cut(pieces: Iterable[Stretch], until_us: int | None) -> Iterator[Stretch]:
    """The pieces up to the instant."""
    for piece in pieces:
        if until_us is None or (piece.end_us is not None and piece.end_us <= until_us):
            yield piece
        elif piece.begin_us < until_us:
            is_running = piece.end_us is not None and piece.why in ("runs", "used-up")
            unused = piece.end_us - until_us if is_running and piece.end_us is not None else 0
            why = "runs" if is_running else piece.why
            yield piece.replace(end_us=until_us, ran_us=piece.ran_us - unused, why=why)


def _length(rung: Rung) -> tuple[int | None, str]:
    unit, amount = length_of(rung)
    if rung.percent is not None:
        return rung.percent, "percent"
    return (amount, unit) if unit and isinstance(amount, int) else (None, unit or "at")


def explained_day(day: DayCount) -> ExplainedDay:
    """The day for people."""
    return ExplainedDay(date.fromordinal(day.day), day.counted, day.why, day.note)


def explained(piece: Stretch, zone: str) -> ExplainedStretch:
    """The piece for people, in that zone."""
    return ExplainedStretch(
        moment(piece.begin_us, zone),
        None if piece.end_us is None else moment(piece.end_us, zone),
        timedelta(microseconds=piece.ran_us),
        piece.why,
    )
