"""One clock of a policy, ready to count: when each rung of an instance's ladder is due; and one length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import attrs
from msgspec.structs import replace

from caseflow.core.bounds import LATEST
from caseflow.core.model.clock_run import ClockRun, owed_again
from caseflow.core.model.events import Basis, FieldValue, Grant, Ladder, Origin
from caseflow.core.model.rung_count import UNTIL, ClockTerms, RungCount, RungTerm, granted_at
from caseflow.core.policy import ClockRule, Policy, Rung, field_name
from caseflow.core.policy_keys import Labels, When
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import base_day, breach, corresponding
from caseflow.core.time.instants import HOUR, OfficeDays
from caseflow.core.time.office_time import office_time
from caseflow.core.time.pauses import Breach, Pause, merged
from caseflow.core.time.span import Counting, Ends, First, Span, length_of

Dues = tuple[tuple[int | None, ...], int]
"""The first late instant of each rung, and the bit mask of those that are only "not before"."""


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


class Shifts(NamedTuple):
    """Starts whose dues are known: from when to when, the end left out, and the dues of one of them.

    ``at_us`` is that one, if the dues of the others lie as much later as their starts; ``None`` if all have
    the same.
    """

    since_us: int
    until_us: int
    at_us: int | None
    dues: Dues


class CompiledClock:
    """One clock of a policy, ready to run: its rungs as lengths, and the instants they come to.

    The dues of a count by days, without pauses and grants, depend on the day alone from which is counted;
    they are remembered by day and shared by all cases that started on it. Those of running time move along
    with the start, as long as it and each of them stay within an opening of the office; so far they are
    remembered too.
    """

    __slots__ = (
        "_by_day",
        "_count_by",
        "_counts_alike",
        "_cuts_off",
        "_is_for_all",
        "_is_simple",
        "_others",
        "_runs_alike",
        "_shifts",
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
        self.governors = governors_of(rule)
        closes = rule.ends == Ends.CLOSING
        self.may_precede_pauses = tuple(closes or self._is_before(rung) for rung in range(len(self.terms)))
        self.is_by_days = Counting(rule.counting).is_by_days
        self._count_by = ClockTerms(
            self.terms,
            self.governors,
            self.may_precede_pauses,
            days,
            calendar,
            is_by_days=self.is_by_days,
        )
        self.fields = tuple(dict.fromkeys(term.field for term in self.terms if term.field))
        self.subject_field = field_name(rule.subject)
        self.then = {rung.level: rung.then for rung in rule.rungs if rung.then}
        self._by_day: dict[int, Dues] = {}
        self._cuts_off = bool(rule.cut_off)
        self._others = others or Choices()
        self._counts_alike = not (self.fields or self._others.by or self._others.zones)
        plain = not self.fields and all(term.of < 0 for term in self.terms)
        self._is_simple = plain and rule.ends == Ends.MIDNIGHT  # an office may close before the start
        self._is_for_all = rule.when == When()
        self._shifts: dict[int, list[Shifts]] = {}
        self._runs_alike = (
            self._is_simple and not self.is_by_days and all(t.span.budget_us > 0 for t in self.terms)
        )

    def _term(self, rung: Rung) -> RungTerm:
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
        return RungTerm(
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

    # -- when each rung is due -----------------------------------------------------------------------------

    def counted(self, run: ClockRun) -> ClockRun:
        """The instance with its rungs counted from its start, pauses and extensions.

        A warning that has fired is owed again if its instant moves to later.
        """
        dues, unknown = (self if run.basis is None else self.counter(run)).dues_of(run)
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
        if self._counts_alike and since is None:
            return None
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
        if run.pauses or run.grants or run.basis is not None:
            return self._count(run)
        if not self.is_by_days:
            return self._running(run) if self._runs_alike else self._count(run)
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

    def _running(self, run: ClockRun) -> Dues:
        """As `_count`, for running time that nothing pauses."""
        start = run.since_us
        day = self.days.day_of(start)
        for shift in self._shifts.get(day, ()):
            if shift.since_us <= start < shift.until_us:
                if shift.at_us is None:
                    return shift.dues
                dues, unknown = shift.dues
                later = start - shift.at_us
                return tuple([due + later for due in dues if due is not None]), unknown
        dues, unknown = self._count(run)
        self._shifts.setdefault(day, []).append(self._shift(start, day, (dues, unknown)))
        return dues, unknown

    def _shift(self, start: int, day: int, known: Dues) -> Shifts:
        """The starts of that day whose dues follow from those of one."""
        begin, end = self.days.midnight(day), self.days.midnight(day + 1)
        calendar, span = self.calendar, self.terms[0].span
        lates = [due for due in known[0] if due is not None]
        if span.counting is not Counting.OFFICE or calendar is None:
            return Shifts(begin, min(end, start + LATEST - max(lates) + 1), start, known)
        if span.first is First.NEXT_WORKING_DAY:
            return Shifts(begin, end, None, known)  # it runs from the next opening of another day
        office = office_time(calendar, self.days)
        begin, end, is_open = office.around(start, day)
        if not is_open:
            return Shifts(begin, end, None, known)
        for due in lates:  # its last instant on time is in the opening, or ends it
            opens, closes, _ = office.around(due - 2, self.days.day_of(due - 2))
            begin, end = max(begin, start + opens - due + 2), min(end, start + closes - due + 2)
        return Shifts(begin, end, start, known)

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
        count = RungCount(self._count_by, run)
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
        count = RungCount(self._count_by, run)
        term = self.terms[rung]
        return None if term.of >= 0 and self.is_by_days else count.span(rung, count.granted(rung))

    def grants_of(self, run: ClockRun, rung: int) -> tuple[Grant, ...]:
        """The extensions that moved the rung of that instance."""
        count = RungCount(self._count_by, run)
        return count.grants[: count.granted(rung)]

    def pause_of(self, run: ClockRun, amount: int, unit: str) -> tuple[int, int] | None:
        """The pause from the start of the instance that defers it by so much, as the clock counts it.

        Args:
            unit: ``days`` or ``hours``.

        Returns:
            `None` for hours of a clock that counts days.
        """
        clock, span = self.counter(run), self.terms[0].span
        if not self.is_by_days:
            days = span.replace(budget_us=0).longer(amount)
            longer = days if unit == "days" else span.replace(budget_us=amount * HOUR)
            late = breach(longer, run.since_us, (), clock.days).at_us
            return None if late is None else (run.since_us, late - 1)
        if unit != "days":
            return None
        last = clock.days.day_of(run.since_us) - 1
        if run.from_us == run.since_us:
            last, _ = base_day(clock.terms[0].span, run.since_us, clock.days)
        return run.since_us, clock._on(clock.days.midnight(last + 1), amount, unit)

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
        for granted, amount, unit in sorted(run.grants, key=granted_at):
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


class Window:
    """A length of time that nothing pauses, from any start.

    Counted by days, its end depends on the day alone from which is counted; it is remembered by day.
    """

    __slots__ = ("_by_day", "_days", "_is_by_days", "_span")

    def __init__(self, span: Span, days: OfficeDays) -> None:
        self._span = span
        self._days = days
        self._is_by_days = span.counting.is_by_days
        self._by_day: dict[int | tuple[int, bool], Breach] = {}

    def breach(self, start: int) -> Breach:
        """The first instant after it; as `breach`, without pauses."""
        span, days = self._span, self._days
        if not self._is_by_days:
            return breach(span, start, (), days)
        day = days.day_of(start) if span.cut_off < 0 else base_day(span, start, days)
        known = self._by_day.get(day)
        if known is None:
            known = self._by_day[day] = breach(span, start, (), days)
        return known


# -- which breach a rung goes with ----------------------------------------------------------------------


def governors_of(rule: ClockRule) -> tuple[int, ...]:
    """For each rung the place of the breach before which it warns, as which it is extended.

    Its own for a breach, or where none follows.
    """
    levels = [rung.level for rung in rule.rungs]
    breaches = [place for place, rung in enumerate(rule.rungs) if rung.kind == "breach"]
    governors: list[int] = []
    for place, rung in enumerate(rule.rungs):
        base = levels.index(rung.of) if rung.of else -1
        if place in breaches:
            governors.append(place)
        elif base in breaches:
            governors.append(base)
        else:
            governors.append(next((breach for breach in breaches if breach > place), place))
    return tuple(governors)


def circle_of(rule: ClockRule) -> str:
    """The level of a rung that would be extended as another is, which is extended as it is; empty for none.

    It comes about where two rungs hang, by others, on what goes with the other one.
    """
    levels, governors = [rung.level for rung in rule.rungs], governors_of(rule)
    ways: dict[int, set[int]] = {governor: set() for governor in governors}
    for governor in ways:
        place = governor
        while rule.rungs[place].of:
            base = levels.index(rule.rungs[place].of)
            if governors[base] != governors[place]:
                ways[governor].add(governors[base])
            place = base
    for governor, reached in ways.items():
        seen, edge = set[int](), list(reached)
        while edge:
            place = edge.pop()
            if place == governor:
                return levels[governor]
            if place not in seen:
                seen.add(place)
                edge += ways[place]
    return ""


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
            zh=f"{rung.labels.zh}（第 {turn + 1} 次）" if rung.labels.zh else "",
            en=f"{rung.labels.en} ({turn + 1})" if rung.labels.en else "",
        )
        yield Rung(
            level=level, days=rung.every, of=before, kind=rung.kind, recipients=rung.recipients,
            document=rung.document, then=rung.then, fields=rung.fields, labels=labels, source=rung.source,
        )  # fmt: skip
        before = level
