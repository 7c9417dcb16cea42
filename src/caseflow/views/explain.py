"""Why a deadline is what it is: what counted day by day, by which rule, from which source."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from caseflow.core.case import Case, ClockRun
from caseflow.core.clocks import ClockPlan
from caseflow.core.counting import Counting, DayCount, walk
from caseflow.core.instants import moment
from caseflow.core.rules import Rules
from caseflow.core.stretches import Stretch, stretches
from caseflow.core.values import Value, value
from caseflow.errors import BadInput


@value
class ExplainedDay(Value):
    """One local day of the count.

    Attributes:
        why: ``start``, ``counts``, ``rest``, ``paused``, ``no-such-day``, ``rolled`` or ``last``.
        count: the running count at the day's end.
        note: the calendar's word for the day.
    """

    date: date
    count: int
    why: str
    note: str = ""


@value
class ExplainedRung(Value):
    """A rung and its first late instant, in the office's zone.

    ``late_at`` is ``None`` while a pause is open; not ``certain`` means "not before".
    """

    level: str
    is_breach: bool
    days: int
    hours: int
    extended_by: int
    late_at: datetime | None
    certain: bool
    fired: bool
    rule: str
    source: str


@value
class ExplainedStretch(Value):
    """A piece of elapsed time in which the clock did one thing.

    Attributes:
        end: ``None`` while a pause is open.
        ran: how long the clock had run when the piece ended.
        why: ``runs``, ``paused``, or ``used-up`` for the piece that ends with the last instant on time.
    """

    begin: datetime
    end: datetime | None
    ran: timedelta
    why: str


@value
class Explanation(Value):
    """One clock instance explained.

    ``days`` runs from the start day to the last day of the longest rung; it is empty for elapsed time, which
    has no days but ``stretches``, of the longest rung as well. Instants are in the office's zone; a pause's
    end is ``None`` while it is open.
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


def explain(rules: Rules, case: Case, clock: str) -> tuple[Explanation, ...]:
    """Every instance of the clock, oldest first.

    Raises:
        BadInput: the case has none.
    """
    runs = tuple(run for run in case.clocks if run.clock == clock)
    plan = rules.plan.get(clock)
    if not runs or plan is None:
        known = sorted({run.clock for run in case.clocks})
        raise BadInput("no-clock", case=case.id, found=clock, missing=", ".join(known) or "-")
    return tuple(_explained(rules, plan, run) for run in runs)


def _explained(rules: Rules, plan: ClockPlan, run: ClockRun) -> Explanation:
    zone, rule = rules.policy.timezone, plan.rule
    rungs, days = [], dict[int, DayCount]()
    for index, (level, is_breach) in enumerate(run.ladder):
        rung = rule.rungs[index]
        due = run.dues[index]
        span = plan.extended_span(plan.spans[index], run.since_us, run.pauses, run.grants)
        longer = span.days - plan.spans[index].days
        rungs.append(
            ExplainedRung(
                level,
                is_breach,
                rung.days,
                rung.hours,
                longer,
                None if due is None else moment(due, zone),
                not run.unknown >> index & 1,
                bool(run.fired >> index & 1),
                f"clocks.{plan.name}.rungs[{index}]",
                rung.source,
            )
        )
        if rule.counting != Counting.ELAPSED:
            for day in walk(span, run.since_us, run.pauses, rules.days):
                known = days.get(day.day)
                if known is None or known.why in ("last", "rolled"):
                    days[day.day] = day
    calendar = plan.calendar
    return Explanation(
        run.clock, run.subject, run.cycle,
        "paused" if run.is_running and run.is_paused else run.status,
        rule.counting, f"{calendar.name} until {calendar.last}" if calendar else "", zone,
        moment(run.since_us, zone), None if run.until_us is None else moment(run.until_us, zone),
        tuple((moment(a, zone), None if b is None else moment(b, zone)) for a, b in run.pauses),
        tuple(rungs),
        tuple(
            ExplainedDay(date.fromordinal(day.day), day.counted, day.why, day.note)
            for _, day in sorted(days.items())
        ),
        f"clocks.{plan.name}", rule.source,
        _stretches(plan, run, zone) if rule.counting == Counting.ELAPSED else (),
    )  # fmt: skip


def _stretches(plan: ClockPlan, run: ClockRun, zone: str) -> tuple[ExplainedStretch, ...]:
    longest = plan.extended_span(plan.spans[len(run.ladder) - 1], run.since_us, run.pauses, run.grants)
    return tuple(explained(piece, zone) for piece in stretches(longest, run.since_us, run.pauses))


def explained(piece: Stretch, zone: str) -> ExplainedStretch:
    """The piece for people, in that zone."""
    return ExplainedStretch(
        moment(piece.begin_us, zone),
        None if piece.end_us is None else moment(piece.end_us, zone),
        timedelta(microseconds=piece.ran_us),
        piece.why,
    )
