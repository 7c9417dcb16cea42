"""Clocks: an instance is a fold over marks in the order of effect; the marks, the fold and the count.

Every act of a case puts marks on clock instances: a start, a stop, a pause... each with the instant at which
it took effect. What an instance is follows from its marks alone, taken in the order of (instant, version),
and from the clock of the policy, which says when each rung of the ladder is due. `applied` takes one mark:
a command that happens now needs no more. `folded` takes them all: what a fact told late, a takeover or a
change of rules does. Which act puts which marks is told in `caseflow.core.engine.effects`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from caseflow.core.model.events import Ladder, Origin
from caseflow.core.policy import ClockRule, When
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import Counting, Pause, Span, breach, merged
from caseflow.core.time.instants import DAY, OfficeDays
from caseflow.core.value import CompactValue, Value

Verb = Literal["resume", "stop", "cancel", "revive", "start", "pause", "extend", "hold", "release"]

VERBS: tuple[Verb, ...] = ("resume", "stop", "cancel", "revive", "start", "pause")
"""What a policy may let an act do to a clock, in the order in which the effects of one act are taken."""

Dues = tuple[tuple[int | None, ...], int]
"""The first late instant of each rung, and the bit mask of those that are only "not before"."""

Grant = tuple[int, int]
"""An extension: when it was granted (epoch microseconds), and by how many days."""


class RungState(Value):
    """One rung of an instance.

    ``due_us`` is its first late instant in epoch microseconds, ``None`` while an open pause defers it; one
    that is not certain is the earliest it can be, since the calendar ends before the count does.
    """

    level: str
    is_breach: bool
    due_us: int | None
    is_certain: bool
    has_fired: bool


class ClockRun(CompactValue):
    """One instance of a clock: (case, clock, subject, cycle).

    Attributes:
        status: ``running``, ``stopped``, ``cancelled`` or ``held`` (merged into a primary).
        since_us, until_us: its start and, when it does not run, its end; a rung due at the very end counts.
        ladder, dues: the rungs and the first late instant of each; ``None`` while an open pause defers it.
        unknown: bit mask of rungs whose due is only "not before", since the calendar ends.
        fired: bit mask of rungs with a standing card or reminder.
        pauses: ``(from, to)`` in the order of effect; ``to`` is ``None`` while open.
        grants: ``(granted at, days)`` of extensions.
        floors: for each rung the instant before which it is not due, whatever the count says, as it was
            when rules were changed; and last the instant of that change, since which pauses and extensions
            move the others on. Empty for none.
        policy_hash: the rules it ran under, when they are not the case's own any more.
    """

    clock: str
    subject: str
    cycle: int
    status: str
    since_us: int
    until_us: int | None
    ladder: Ladder
    dues: tuple[int | None, ...]
    unknown: int = 0
    fired: int = 0
    pauses: tuple[Pause, ...] = ()
    grants: tuple[Grant, ...] = ()
    floors: tuple[int | None, ...] = ()
    policy_hash: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies the instance within its case."""
        return self.clock, self.subject, self.cycle

    @property
    def is_running(self) -> bool:
        """Whether it has not ended (it may be paused)."""
        return self.until_us is None

    @property
    def is_paused(self) -> bool:
        """Whether a pause is open."""
        return any(end is None for _, end in self.pauses)

    @property
    def rungs(self) -> tuple[RungState, ...]:
        """The ladder, rung by rung, in its own order."""
        return tuple(
            RungState(
                level,
                is_breach,
                due_us=self.dues[index],
                is_certain=not self.unknown >> index & 1,
                has_fired=bool(self.fired >> index & 1),
            )
            for index, (level, is_breach) in enumerate(self.ladder)
        )

    def is_pending(self, rung: int) -> bool:
        """Whether the rung is still to fire: certain, not fired, and due before the end if there is one."""
        due, until = self.dues[rung], self.until_us
        return (
            due is not None
            and not (self.fired | self.unknown) >> rung & 1
            and (until is None or due <= until)
        )

    @property
    def next_due(self) -> int | None:
        """When the next rung fires if nobody acts; ``None`` for never."""
        until, out = self.until_us, self.fired | self.unknown
        dues: Iterable[int | None] = self.dues
        if out:
            dues = [due for index, due in enumerate(self.dues) if not out >> index & 1]
        if None in dues:  # deferred by an open pause
            dues = [due for due in dues if due is not None]
        earliest: int | None = min(dues, default=None)  # type: ignore[type-var]  # none of them is None
        return earliest if earliest is None or until is None or earliest <= until else None

    @property
    def waits_from(self) -> int | None:
        """The earliest "not before" among rungs that wait for a calendar."""
        if not self.unknown or self.until_us is not None:
            return None
        waiting = self.unknown & ~self.fired
        dues = (due for rung, due in enumerate(self.dues) if waiting >> rung & 1)
        return min((due for due in dues if due is not None), default=None)

    @property
    def deadline_us(self) -> int | None:
        """Its first breach rung, fired or not; `None` while that one waits for a calendar."""
        for index, (_, is_breach) in enumerate(self.ladder):
            if is_breach:
                return None if self.unknown >> index & 1 else self.dues[index]
        return None


class CompiledClock:
    """One clock of a policy, ready to run: its rungs as spans, and the instants they come to.

    The dues of a count by days, without pauses and grants, depend on the start day alone; they are
    remembered by day and shared by all cases that started on it.
    """

    __slots__ = (
        "_by_day",
        "_is_for_all",
        "calendar",
        "days",
        "ladder",
        "name",
        "order",
        "rule",
        "spans",
        "then",
    )

    def __init__(
        self, name: str, rule: ClockRule, *, order: int, days: OfficeDays, calendar: Calendar | None
    ) -> None:
        self.name = name
        self.rule = rule
        self.order = order
        self.days = days
        self.calendar = calendar
        self.ladder: Ladder = tuple((rung.level, rung.kind == "breach") for rung in rule.rungs)
        self.spans = tuple(
            Span.of(
                int(rung.days or 0),
                hours=rung.hours or 0,
                counting=rule.counting,
                roll=rule.roll,
                calendar=calendar,
            )
            for rung in rule.rungs
        )
        self.then = {rung.level: rung.then for rung in rule.rungs if rung.then}
        self._by_day: dict[int, Dues] = {}
        self._is_for_all = rule.when == When()

    def applies(self, origin: Origin) -> bool:
        """Whether the clock is for cases like this one."""
        when = self.rule.when
        return self._is_for_all or (
            all(origin.field(name) in values for name, values in when.admits.items())
            and not any(origin.field(name) in values for name, values in when.excludes.items())
        )

    def dues(self, start: int, pauses: Sequence[Pause] = (), grants: Sequence[Grant] = ()) -> Dues:
        """When each rung breaches, from the facts alone.

        A grant adds its days to every rung that was not yet effective when it was given.
        """
        if pauses or grants or self.rule.counting == Counting.ELAPSED:
            return self._count(start, pauses, grants)
        day = self.days.day_of(start)
        known = self._by_day.get(day)
        if known is None:
            known = self._by_day[day] = self._count(start, pauses, grants)
        return known

    def _count(self, start: int, pauses: Sequence[Pause], grants: Sequence[Grant]) -> Dues:
        dues: list[int | None] = []
        unknown = 0
        for index, span in enumerate(self.spans):
            late = breach(self.extended_span(span, start, pauses, grants), start, pauses, self.days)
            dues.append(late.at_us)
            if not late.certain:
                unknown |= 1 << index
        return tuple(dues), unknown

    def extended_span(self, span: Span, start: int, pauses: Sequence[Pause], grants: Sequence[Grant]) -> Span:
        """The span with every grant that was given before its breach."""
        for granted_at, days in sorted(grants):
            late = breach(span, start, pauses, self.days)
            if late.at_us is None or not late.certain or late.at_us > granted_at:
                span = span.longer(days)
        return span

    def counted(self, run: ClockRun) -> ClockRun:
        """The instance with its rungs counted from its start, pauses and extensions."""
        dues, unknown = self.dues(run.since_us, run.pauses, run.grants)
        if run.floors:
            *floors, since = run.floors
            dues = tuple(
                self._later(due, self._moved_on(floor, since or 0, run))
                for due, floor in zip(dues, floors, strict=True)
            )
        return replace(run, ladder=self.ladder, dues=dues, unknown=unknown)

    @staticmethod
    def _later(due: int | None, floor: int | None) -> int | None:
        return None if due is None or floor is None else max(due, floor)

    def _moved_on(self, floor: int | None, since: int, run: ClockRun) -> int | None:
        """A floor after what extended and paused the instance since; ``None`` while an open pause defers it.

        As in `extended_span` a grant counts where the floor, pauses included, was not reached when given.
        """
        if floor is None:
            return since
        pauses = [(max(begin, since), end) for begin, end in run.pauses if end is None or end > since]
        for granted, days in sorted(run.grants):
            reached = self._deferred(floor, pauses)
            if granted >= since and (reached is None or reached > granted):
                floor = self._on(floor, days)
        return self._deferred(floor, pauses)

    def _deferred(self, at: int, pauses: Sequence[Pause]) -> int | None:
        """The instant after the pauses that began before it; ``None`` while one of them is open."""
        closed, opened = merged(pauses)
        for begin, end in closed:
            if begin >= at:
                break
            if self.rule.counting == Counting.ELAPSED:
                at += end - begin
            else:
                paused = range(self.days.day_of(begin), self.days.day_of(end))
                at = self._on(at, sum(map(self._is_counted, paused)))
        return None if opened is not None and opened < at else at

    def _on(self, at: int, days: int) -> int:
        """The instant so many days later, as the clock counts them."""
        if self.rule.counting == Counting.ELAPSED:
            return at + days * DAY
        last = self.days.day_of(at) - 1
        rest = at - self.days.midnight(last + 1)
        while days:
            last += 1
            days -= self._is_counted(last)
        return self.days.midnight(last + 1) + rest

    def _is_counted(self, day: int) -> bool:
        calendar = self.calendar if self.rule.counting == Counting.WORKING else None
        return calendar is None or calendar.is_working(day)


class Mark(Value, gc=False):
    """One thing that an act did to the instances of one clock, at the instant at which it took effect.

    Attributes:
        at_us: that instant, in epoch microseconds.
        verb: what it did; see `VERBS`, and ``extend``, ``hold`` and ``release``.
        clock: the clock, as the policy has it.
        subject: whose instance; ``None`` for everybody's.
        pauses: of a start or revival: whether the case comes to stand where the clock is paused.
        days: of an extension.
    """

    at_us: int
    verb: Verb
    clock: CompiledClock
    subject: str | None = ""
    pauses: bool = False
    days: int = 0


Runs = tuple[ClockRun, ...]


def folded(marks: Iterable[Mark]) -> Runs:
    """The instances that these marks, in the order of effect, leave: the plain way, for any history.

    Returns:
        Every instance that ever began, in the order of their starts; the rungs counted, none of them fired.
    """
    runs: dict[tuple[str, str, int], ClockRun] = {}
    newest: dict[str, dict[str, ClockRun]] = {}
    clocks: dict[str, CompiledClock] = {}
    for mark in marks:
        name = mark.clock.name
        clocks[name] = mark.clock
        of_clock = newest.setdefault(name, {})
        for run in _touched(of_clock, mark):
            runs[run.key] = of_clock[run.subject] = run
    return tuple(clocks[run.clock].counted(run) for run in runs.values())


def applied(runs: Runs, marks: Iterable[Mark]) -> Runs:
    """The instances after the marks of one act that comes after all others: the fast way.

    What an act leaves as it was is the same object as before; what it changes is counted at once.
    """
    for mark in marks:
        clock = mark.clock
        if mark.verb == "start":
            begun = _begun(latest(runs, clock.name, mark.subject or "") if runs else None, mark)
            runs = runs if begun is None else (*runs, clock.counted(begun))
            continue
        change, subject = _CHANGES[mark.verb], mark.subject
        for turn, run in enumerate(runs):
            if run.clock == clock.name and (subject is None or run.subject == subject):
                after = change(run, mark)
                if after is not run and (
                    run.until_us is None or run is latest(runs, clock.name, run.subject)
                ):
                    after = after if mark.verb in _ENDS else clock.counted(after)
                    runs = (*runs[:turn], after, *runs[turn + 1 :])
    return runs


_ENDS = frozenset({"stop", "cancel", "hold", "release"})
"""What changes no instant at which a rung is due."""


def _touched(newest: Mapping[str, ClockRun], mark: Mark) -> list[ClockRun]:
    """The instances that one mark changes or begins, before anything is counted.

    Args:
        newest: subject -> the newest instance of the mark's clock; no other can change.
    """
    if mark.verb == "start":
        begun = _begun(newest.get(mark.subject or ""), mark)
        return [] if begun is None else [begun]
    change = _CHANGES[mark.verb]
    touched = ((run, change(run, mark)) for subject, run in newest.items() if mark.subject in (None, subject))
    return [after for run, after in touched if after is not run]


def _begun(newest: ClockRun | None, mark: Mark) -> ClockRun | None:
    """A new instance, unless one runs: two of one clock and subject never run at once."""
    if newest is not None and newest.until_us is None:
        return None
    return ClockRun(
        mark.clock.name,
        mark.subject or "",
        cycle=1 if newest is None else newest.cycle + 1,
        status="running",
        since_us=mark.at_us,
        until_us=None,
        ladder=mark.clock.ladder,
        dues=(),
        pauses=((mark.at_us, None),) if mark.pauses else (),
    )


def _paused(run: ClockRun, mark: Mark) -> ClockRun:
    if run.until_us is not None or run.is_paused:
        return run
    return replace(run, pauses=(*run.pauses, (mark.at_us, None)))


def _resumed(run: ClockRun, mark: Mark) -> ClockRun:
    """The open pause is closed; one of no length vanishes. Also while stopped, since a revival may follow."""
    if not run.is_paused:
        return run
    closed = ((begin, mark.at_us if end is None else end) for begin, end in run.pauses)
    return replace(run, pauses=tuple(pause for pause in closed if pause[1] > pause[0]))


def _stopped(run: ClockRun, mark: Mark) -> ClockRun:
    """Its aim is reached. A pause that is open stays open, so that after a revival it goes on."""
    return run if run.until_us is not None else replace(run, status="stopped", until_us=mark.at_us)


def _cancelled(run: ClockRun, mark: Mark) -> ClockRun:
    return run if run.until_us is not None else replace(run, status="cancelled", until_us=mark.at_us)


def _revived(run: ClockRun, mark: Mark) -> ClockRun:
    """A stop is taken back: [stop, revival) becomes a pause of the same cycle."""
    if run.status != "stopped" or run.until_us is None:
        return run
    gap: tuple[Pause, ...] = ((run.until_us, mark.at_us),) if mark.at_us > run.until_us else ()
    after = replace(run, status="running", until_us=None, pauses=(*run.pauses, *gap))
    return _paused(after, mark) if mark.pauses else after


def _extended(run: ClockRun, mark: Mark) -> ClockRun:
    if run.until_us is not None or not mark.days:
        return run
    return replace(run, grants=(*run.grants, (mark.at_us, mark.days)))


def _held(run: ClockRun, mark: Mark) -> ClockRun:
    return run if run.until_us is not None else replace(run, status="held", until_us=mark.at_us)


def _released(run: ClockRun, mark: Mark) -> ClockRun:
    """A held instance runs on; the time in between counts as run."""
    return run if run.status != "held" else replace(run, status="running", until_us=None)


_CHANGES = {
    "resume": _resumed,
    "stop": _stopped,
    "cancel": _cancelled,
    "revive": _revived,
    "pause": _paused,
    "extend": _extended,
    "hold": _held,
    "release": _released,
}


def latest(runs: Runs, clock: str, subject: str = "") -> ClockRun | None:
    """The newest instance of that clock and subject."""
    newest = None
    for run in runs:
        if run.clock == clock and run.subject == subject and (newest is None or run.cycle > newest.cycle):
            newest = run
    return newest


def earliest(runs: Runs) -> int | None:
    """When the next rung of any of them is due."""
    if len(runs) == 1:
        return runs[0].next_due
    return min((due for run in runs if (due := run.next_due) is not None), default=None)
