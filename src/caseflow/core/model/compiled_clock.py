"""One clock of a policy, ready to count: when each rung of an instance's ladder is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import attrs
from msgspec.structs import replace

from caseflow.core.model.clock_run import ClockRun, owed_again
from caseflow.core.model.events import Basis, FieldValue, Grant, Ladder, Origin
from caseflow.core.policy import ClockRule, Labels, Policy, Rung, When, field_name
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import (
    Breach,
    Pause,
    TakenDays,
    base_day,
    breach,
    corresponding,
    from_base,
    merged,
    taken_days,
)
from caseflow.core.time.instants import OfficeDays
from caseflow.core.time.span import Counting, Ends, First, Roll, Span, length_of

Dues = tuple[tuple[int | None, ...], int]
"""The first late instant of each rung, and the bit mask of those that are only "not before"."""

UNTIL = "until"
"""The unit of an extension to a date: its amount is that last day, an ordinal."""

_NEVER = Breach(None, True)


class _Term(NamedTuple):
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


class Choices:
    """The other calendars and zones by which a clock may count: those of a region or of a unit.

    Attributes:
        clocks: (calendar, zone) -> the clock as it counts by them; empty for the policy's own.
        by: what chooses the calendar, ``region`` or ``unit``; empty for none.
        calendars, zones: the region or unit -> a calendar; the unit -> a zone.
    """

    def __init__(
        self, by: str = "", calendars: Mapping[str, str] | None = None, zones: Mapping[str, str] | None = None
    ) -> None:
        self.clocks: dict[tuple[str, str], CompiledClock] = {}
        self.by = by
        self.calendars = calendars or {}
        self.zones = zones or {}

    def choice(self, origin: Origin, unit: str) -> tuple[str, str]:
        """The calendar and the zone of such a case; empty for the policy's own."""
        if not self.by and not self.zones:
            return "", ""
        key = unit if self.by == "unit" else origin.region
        return (self.calendars.get(key, "") if self.by else ""), self.zones.get(unit, "")


class CompiledClock:
    """One clock of a policy, ready to run: its rungs as lengths, and the instants they come to.

    The dues of a count by days, without pauses and grants, depend on the day alone from which is counted;
    they are remembered by day and shared by all cases that started on it.
    """

    __slots__ = (
        "_by_day",
        "_cuts_off",
        "_is_for_all",
        "_is_simple",
        "_others",
        "calendar",
        "days",
        "fields",
        "governors",
        "is_by_days",
        "ladder",
        "may_precede_pauses",
        "name",
        "order",
        "rule",
        "subject_field",
        "terms",
        "then",
    )

    def __init__(
        self,
        name: str,
        rule: ClockRule,
        *,
        order: int,
        days: OfficeDays,
        calendar: Calendar | None,
        others: Choices | None = None,
    ) -> None:
        self.name = name
        self.rule = rule
        self.order = order
        self.days = days
        self.calendar = calendar
        self.ladder: Ladder = tuple((rung.level, rung.kind == "breach") for rung in rule.rungs)
        self.terms = tuple(self._term(rung) for rung in rule.rungs)
        self.governors = tuple(self._governor(rung) for rung in range(len(self.terms)))
        closes = rule.ends == Ends.CLOSING
        self.may_precede_pauses = tuple(closes or self._is_before(rung) for rung in range(len(self.terms)))
        self.fields = tuple(dict.fromkeys(term.field for term in self.terms if term.field))
        self.subject_field = field_name(rule.subject)
        self.then = {rung.level: rung.then for rung in rule.rungs if rung.then}
        self._by_day: dict[int, Dues] = {}
        self._cuts_off = bool(rule.cut_off)
        self._others = others or Choices()
        self.is_by_days = Counting(rule.counting).is_by_days
        plain = not self.fields and all(term.of < 0 for term in self.terms)
        self._is_simple = plain and rule.ends == Ends.MIDNIGHT  # an office may close before the start
        self._is_for_all = rule.when == When()

    def _term(self, rung: Rung) -> _Term:
        rule = self.rule
        unit, amount = length_of(rung)
        levels = [other.level for other in rule.rungs]
        own = field_name(rung.at) or (field_name(amount) if isinstance(amount, str) else "")
        hangs = bool(rung.of)
        plain = unit and isinstance(amount, int) and not hangs
        span = Span.of(
            **({unit: amount} if plain and isinstance(amount, int) else {"days": 1}),
            counting=rule.counting,
            roll=rule.roll,
            first=rule.first,
            cut_off=rule.cut_off,
            ends=rule.ends,
            paused_day=rule.paused_day,
            calendar=self.calendar,
        )
        return _Term(
            span,
            field=own,
            is_at=bool(rung.at),
            of=levels.index(rung.of) if hangs else -1,
            days=amount if hangs and isinstance(amount, int) else 0,
            percent=rung.percent,
            is_breach=rung.kind == "breach",
        )

    def applies(self, origin: Origin, unit: str) -> bool:
        """Whether the clock is for cases like this one, held by that unit."""
        if self._is_for_all:
            return True
        when = self.rule.when
        names = (*when.admits, *when.excludes)
        values = {name: unit if name == "unit" else origin.field(name) for name in names}
        return all(values[name] in admitted for name, admitted in when.admits.items()) and not any(
            values[name] in excluded for name, excluded in when.excludes.items()
        )

    def _is_before(self, rung: int) -> bool:
        """Whether the rung, or what it hangs on, is counted back from another."""
        term = self.terms[rung]
        return term.of >= 0 and (term.days < 0 or self._is_before(term.of))

    def _governor(self, rung: int) -> int:
        """The place of the breach before which a rung warns; its own for a breach, or where none follows."""
        term = self.terms[rung]
        if term.is_breach:
            return rung
        if term.of >= 0 and self.terms[term.of].is_breach:
            return term.of
        return next((place for place in range(rung, len(self.terms)) if self.terms[place].is_breach), rung)

    # -- when each rung is due -----------------------------------------------------------------------------

    def counted(self, run: ClockRun) -> ClockRun:
        """The instance with its rungs counted from its start, pauses and extensions.

        A warning that has fired is owed again if its instant moves to later.
        """
        dues, unknown = self.counter(run).dues_of(run)
        if run.floors:
            *floors, since = run.floors
            dues = tuple(
                self._later(due, self._moved_on(floor, since or 0, run))
                for due, floor in zip(dues, floors, strict=True)
            )
        fired = owed_again(run, self.ladder, dues) if run.fired else 0
        return replace(run, ladder=self.ladder, dues=dues, unknown=unknown, fired=fired)

    def counter(self, run: ClockRun) -> CompiledClock:
        """The clock as it counts for that instance: by the case's own calendar and zone, if it has any."""
        basis = run.basis
        if basis is None or not (basis.calendar or basis.zone):
            return self
        return self._others.clocks.get((basis.calendar, basis.zone), self)

    def basis(
        self,
        origin: Origin,
        unit: str,
        fields: Mapping[str, FieldValue],
        since: int | None = None,
        *,
        is_chained: bool = False,
    ) -> Basis | None:
        """What an instance counts from that begins for such a case, held by that unit.

        Args:
            fields: what the act says that begins it.
            since: the earlier instant from which it counts, if any.
            is_chained: whether that is the end of another clock: its last day is day 0, whatever the hour.
        """
        values = tuple(
            (name, value)
            for name in self.fields
            if isinstance(value := fields.get(name), int | str) and value != ""
        )
        calendar, zone = self._others.choice(origin, unit)
        if since is None and not values and not calendar and not zone:
            return None
        return Basis(since, values, calendar, zone, is_chained)

    def dues_of(self, run: ClockRun) -> Dues:
        """When each rung of the instance breaches, from its facts alone.

        A grant moves every breach that was not yet effective when it was given, and the warnings before it.
        Nothing is due before the instance's own start, even where it counts from an earlier instant.
        """
        if run.pauses or run.grants or run.basis is not None or not self.is_by_days:
            return self._count(run)
        day = self.days.day_of(run.since_us)
        if self._cuts_off:
            day, _ = base_day(self.terms[0].span, run.since_us, self.days)
        known = self._by_day.get(day)
        if known is None:
            known = self._by_day[day] = self._count(run)
        if self._is_simple:
            return known
        dues, unknown = known
        return tuple([due if due is None else max(due, run.since_us) for due in dues]), unknown

    def dues(self, start: int, pauses: Sequence[Pause] = (), grants: Sequence[Grant] = ()) -> Dues:
        """When each rung of an instance with these facts breaches."""
        return self.dues_of(self.begun(start, pauses, grants))

    def begun(self, start: int, pauses: Sequence[Pause] = (), grants: Sequence[Grant] = ()) -> ClockRun:
        """An instance of these facts that runs; its rungs are not counted."""
        return ClockRun(
            self.name, "", 1, status="running", since_us=start, until_us=None, ladder=self.ladder, dues=(),
            pauses=tuple(pauses), grants=tuple(grants),
        )  # fmt: skip

    def _count(self, run: ClockRun) -> Dues:
        count = _Count(self, run)
        dues: list[int | None] = []
        unknown = 0
        clamps = run.basis is not None or not self._is_simple
        for rung in range(len(self.terms)):
            late = count.due(rung)
            at = late.at_us
            dues.append(max(at, run.since_us) if clamps and at is not None else at)
            if not late.certain:
                unknown |= 1 << rung
        return tuple(dues), unknown

    def span_of(self, run: ClockRun, rung: int) -> Span | None:
        """The length of the rung for that instance, with the extensions that moved it.

        `None` for one that hangs on another by days, and for a term of the case's own that was never set.
        """
        count = _Count(self, run)
        term = self.terms[rung]
        return None if term.of >= 0 and self.is_by_days else count.span(rung, count.granted(rung))

    def grants_of(self, run: ClockRun, rung: int) -> tuple[Grant, ...]:
        """The extensions that moved the rung of that instance."""
        count = _Count(self, run)
        return count.grants[: count.granted(rung)]

    # -- floors, after a change of rules -------------------------------------------------------------------

    @staticmethod
    def _later(due: int | None, floor: int | None) -> int | None:
        return None if due is None or floor is None else max(due, floor)

    def _moved_on(self, floor: int | None, since: int, run: ClockRun) -> int | None:
        """A floor after what extended and paused the instance since; ``None`` while an open pause defers it.

        A grant counts where the floor, pauses included, was not reached when given.
        """
        if floor is None:
            return since
        pauses = [(max(begin, since), end) for begin, end in run.pauses if end is None or end > since]
        for granted, amount, unit in sorted(run.grants, key=_granted_at):
            reached = self._deferred(floor, pauses)
            if granted >= since and (reached is None or reached > granted) and isinstance(amount, int):
                floor = self._on(floor, amount, unit)
        return self._deferred(floor, pauses)

    def _deferred(self, at: int, pauses: Sequence[Pause]) -> int | None:
        """The instant after the pauses that began before it; ``None`` while one of them is open."""
        closed, opened = merged(pauses)
        for begin, end in closed:
            if begin >= at:
                break
            if not self.is_by_days:
                at += end - begin
            else:
                paused = range(self.days.day_of(begin), self.days.day_of(end))
                at = self._on(at, sum(map(self._is_counted, paused)), "days")
        return None if opened is not None and opened < at else at

    def _on(self, at: int, amount: int, unit: str) -> int:
        """The instant so much later, as the clock counts it."""
        if unit == UNTIL:
            return max(at, self.days.midnight(amount + 1))
        if not self.is_by_days:
            longer = self.terms[0].span.replace(budget_us=0).longer(amount, unit)
            late = breach(longer, at, (), self.days).at_us
            return at if late is None else late - 1
        last = self.days.day_of(at) - 1
        rest = at - self.days.midnight(last + 1)
        if unit == "months":
            return self.days.midnight(corresponding(last, amount) + 1) + rest
        left = amount * (7 if unit == "weeks" else 1)
        while left:
            last += 1
            left -= self._is_counted(last)
        return self.days.midnight(last + 1) + rest

    def _is_counted(self, day: int) -> bool:
        calendar = self.calendar if self.rule.counting == Counting.WORKING else None
        return calendar is None or calendar.is_working(day)


def _granted_at(grant: Grant) -> int:
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


class _Count:
    """The count of one instance, rung by rung."""

    def __init__(self, clock: CompiledClock, run: ClockRun) -> None:
        self._clock = clock
        self._run = run
        self._start = run.from_us
        self._fields = dict(run.basis.fields) if run.basis is not None else {}
        self.grants = tuple(sorted(run.grants, key=_granted_at)) if len(run.grants) > 1 else run.grants
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
                late = _Count(self._clock, self._run.replace(pauses=earlier))._due(rung, granted)
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
        if term.of >= 0 and Counting(clock.rule.counting).is_by_days:
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

    def _own(self, term: _Term, granted: int) -> Span | None:
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


# -- rungs that come again -------------------------------------------------------------------------------


def with_repeats(policy: Policy) -> Policy:
    """The policy with every rung that comes again written out, each time a rung of its own.

    The k-th time has the level ``LEVEL+k`` and hangs on the one before it.
    """
    if all(rung.every is None for clock in policy.clocks.values() for rung in clock.rungs):
        return policy
    clocks = {
        name: attrs.evolve(clock, rungs=tuple(again for rung in clock.rungs for again in _repeated(rung)))
        for name, clock in policy.clocks.items()
    }
    return attrs.evolve(policy, clocks=clocks)


def _repeated(rung: Rung) -> Iterator[Rung]:
    yield attrs.evolve(rung, every=None, times=0)
    before = rung.level
    for turn in range(1, rung.times + 1 if rung.every is not None else 1):
        level = f"{rung.level}+{turn}"
        labels = Labels(
            zh=f"{rung.labels.zh}(第 {turn + 1} 次)" if rung.labels.zh else "",
            en=f"{rung.labels.en} ({turn + 1})" if rung.labels.en else "",
        )
        yield Rung(
            level=level, days=rung.every, of=before, kind=rung.kind, recipients=rung.recipients,
            document=rung.document, then=rung.then, fields=rung.fields, labels=labels, source=rung.source,
        )  # fmt: skip
        before = level
