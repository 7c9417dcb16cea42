"""When each rung of one instance is due: counted rung by rung, with what extended, paused and set it anew."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.events import Grant
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import TakenDays, breach, from_base, taken_days
from caseflow.core.time.instants import OfficeDays
from caseflow.core.time.pauses import Breach, merged
from caseflow.core.time.span import Counting, First, Roll, Span

UNTIL = "until"
"""The unit of an extension to a date: its amount is that last day, an ordinal."""

_NEVER = Breach(None, True)


class RungTerm(NamedTuple):
    """How long one rung is: a length of its own, or what it hangs on.

    Attributes:
        span: the length; for a term of the case's own, one day to be replaced.
        field: the field that gives the term of the case's own.
        is_at: whether that field gives a date or an instant, not a number of days.
        of: the place of the rung on which this one hangs; -1 for none.
        days, percent: how far from it, or which share of it.
        is_breach: whether the rung is a breach.
    """

    span: Span
    field: str
    is_at: bool
    of: int
    days: int
    percent: int | None
    is_breach: bool


class ClockTerms(NamedTuple):
    """What a clock's rungs are counted by.

    Attributes:
        terms: the rungs.
        governors: for each the place of the breach before which it warns.
        may_precede_pauses: for each whether it may be reached before a pause that would defer it began.
        days: the office's days.
        calendar: the calendar, if the clock has one.
        is_by_days: whether days are counted, not running time.
    """

    terms: tuple[RungTerm, ...]
    governors: tuple[int, ...]
    may_precede_pauses: tuple[bool, ...]
    days: OfficeDays
    calendar: Calendar | None
    is_by_days: bool


def granted_at(grant: Grant) -> int:
    """The instant of an extension, by which they are put in order."""
    return grant[0]


def _later_of(late: Breach, other: Breach) -> Breach:
    if late.at_us is None or other.at_us is None:
        return late if late.at_us is None else other
    return late if late.at_us >= other.at_us else other


def _not_before(at: int, late: Breach) -> Breach:
    """What was set anew to the past is due at once."""
    return Breach(at, True) if _is_reached(late, at) else late


def _is_reached(late: Breach, at: int) -> bool:
    return late.at_us is not None and late.certain and late.at_us <= at


class RungCount:
    """The count of one instance, rung by rung."""

    def __init__(self, clock: ClockTerms, run: ClockRun) -> None:
        self._clock = clock
        self._run = run
        self._start = run.from_us
        self._fields = dict(run.basis.fields) if run.basis is not None else {}
        self.grants = tuple(sorted(run.grants, key=granted_at)) if len(run.grants) > 1 else run.grants
        self._taken_days: TakenDays | None = None

    def _taken(self) -> TakenDays:
        """The days that the instance's pauses take."""
        if self._taken_days is None:
            clock = self._clock
            self._taken_days = taken_days(clock.terms[0].span, self._run.pauses, clock.days)
        return self._taken_days

    def due(self, rung: int) -> Breach:
        """When the rung is due, with the extensions that moved it.

        A warning goes with the breach before which it warns; where that leads it from before an extension to
        no later than it, it stays.
        """
        late = self._known(rung, 0)
        for count in range(1, self.granted(rung) + 1):
            (at, _, unit), moved = self.grants[count - 1], self._known(rung, count)
            if not (_is_reached(late, at) and _is_reached(moved, at)):
                late = _not_before(at, moved) if unit.startswith("field:") else moved
        return late

    def _known(self, rung: int, granted: int) -> Breach:
        """When the rung is due as far as the first so many extensions tell.

        One that lies before another, or ends with the office, is reached on a day that is not over: a pause
        that begins later leaves it.
        """
        if self._clock.may_precede_pauses[rung]:
            since = self.grants[granted - 1][0] if granted else self._start
            for begin in sorted({begin for begin, _ in self._run.pauses if begin >= since}):
                earlier = tuple(pause for pause in self._run.pauses if pause[0] < begin)
                late = RungCount(self._clock, self._run.replace(pauses=earlier))._due(rung, granted)
                if _is_reached(late, begin):
                    return late
        return self._due(rung, granted)

    def granted(self, rung: int) -> int:
        """How many of the extensions, oldest first, moved the rung: those before the breach was reached."""
        rung = self._clock.governors[rung]
        for count, (at, _, _) in enumerate(self.grants):
            if _is_reached(self._due(rung, count), at):
                return count
        return len(self.grants)

    def _granted_before(self, rung: int, granted: int) -> int:
        """How many of so many extensions moved the rung on which this one hangs.

        All of them where both go with one breach, which may be the one that hangs.
        """
        governors, of = self._clock.governors, self._clock.terms[rung].of
        return granted if governors[of] == governors[rung] else min(granted, self.granted(of))

    def _due(self, rung: int, granted: int) -> Breach:
        clock, term = self._clock, self._clock.terms[rung]
        if term.of >= 0 and clock.is_by_days:
            late = self._hung(self._due(term.of, self._granted_before(rung, granted)), term.days)
        else:
            span = self.span(rung, granted)
            if span is not None and self._run.basis is not None and self._run.basis.is_chained:
                span = span.replace(cut_off=-1)
            late = _NEVER if span is None else breach(span, self._start, self._run.pauses, clock.days)
        follows = term.of >= 0 and (clock.is_by_days or not term.is_breach)
        for at, amount, unit in self.grants[:granted]:
            if unit == UNTIL and isinstance(amount, int) and not follows:
                late = _later_of(late, self._until(term.span, amount, at))
            elif unit == f"field:{term.field}":
                late = _not_before(at, late)
        return late

    def _until(self, span: Span, day: int, granted_at: int) -> Breach:
        """The end of the day to which was extended, put off by pauses since."""
        clock = self._clock
        return from_base(span.until(day), clock.days.day_of(granted_at), self._taken(), clock.days)

    def span(self, rung: int, granted: int) -> Span | None:
        """The length of the rung after so many of the extensions; ``None`` where it was never set."""
        term = self._clock.terms[rung]
        if term.of >= 0:
            base = self.span(term.of, self._granted_before(rung, granted))
            if base is None:
                return None
            return base.longer(term.days) if term.percent is None else base.share(term.percent)
        span = self._own(term, granted) if term.field else term.span
        for _, amount, unit in self.grants[:granted]:
            if span is not None and isinstance(amount, int) and unit in ("days", "weeks", "months"):
                span = span.longer(amount, unit)
        return span

    def _own(self, term: RungTerm, granted: int) -> Span | None:
        """A term of the case's own: a number of days, a date or an instant."""
        value = self._fields.get(term.field)
        for _, amount, unit in self.grants[:granted]:
            if unit == f"field:{term.field}":
                value = amount
        if value is None or value == "":
            return None
        if not term.is_at:
            return self._of_days(term.span, value) if isinstance(value, int) else None
        if isinstance(value, str):
            day = date.fromisoformat(value).toordinal()
            if self._clock.is_by_days:
                return term.span.until(day)
            value = self._clock.days.midnight(day + 1) - 1
        budget = max(value - self._start, -1)  # one that lies before the start is late at once
        return term.span.replace(counting=Counting.ELAPSED, budget_us=budget, days=0)

    @staticmethod
    def _of_days(day: Span, count: int) -> Span:
        """So many times the length of one day, as the clock counts it; fewer than none are none."""
        count = max(count, 0)
        if day.counting.is_by_days:
            return day.replace(days=count)
        return day.replace(budget_us=day.budget_us * count)

    def _hung(self, base: Breach, days: int) -> Breach:
        """So many days before or after the last day of another rung, as the clock counts them.

        Before, it is due at the beginning of that day, which is rolled backward.
        """
        clock = self._clock
        if base.at_us is None:
            return base
        last = clock.days.day_of(base.at_us - 1)
        span, calendar = clock.terms[0].span, clock.calendar
        if days >= 0:
            on = span.replace(days=days, months=0, is_by_months=False, first=First.NEXT_DAY, last_day=None)
            late = from_base(on, last, self._taken(), clock.days)
            return late if base.certain or late.at_us is None else Breach(late.at_us, False)
        working = span.counting is Counting.WORKING
        left, day = -days, last
        while left:
            day -= 1
            is_rest = working and calendar is not None and not calendar.is_working(day)
            left -= not is_rest and day not in self._taken()
        while span.roll is not Roll.NONE and calendar is not None and not calendar.is_working(day):
            day -= 1
        at = self._after_pause(clock.days.midnight(day))
        certain = calendar is None or not (working or span.roll is not Roll.NONE) or calendar.is_certain(day)
        if working and calendar is not None:  # every day in between was asked about
            certain = certain and calendar.is_certain(last - 1)
        return Breach(at, at is None or (base.certain and certain))

    def _after_pause(self, at: int) -> int | None:
        """The instant, or the end of the pause in which it lies."""
        closed, opened = merged(self._run.pauses)
        at = next((end for begin, end in closed if begin <= at < end), at)
        return None if opened is not None and opened <= at else at
