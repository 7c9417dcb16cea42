"""One instance of a clock, as a case holds it: when it began and ended, and when its rungs are due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from caseflow.core.model.events import Basis, Grant, Ladder, RunStatus
from caseflow.core.time.pauses import Pause
from caseflow.core.value import CompactValue, Value


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
        grants: what was granted, or set anew, since.
        floors: for each rung the instant before which it is not due, whatever the count says, as it was
            when rules were changed; and last the instant of that change, since which pauses and extensions
            move the others on. Empty for none.
        policy_hash: the rules it ran under, when they are not the case's own any more.
        basis: what it counts from, where its start does not say it all.
    """

    clock: str
    subject: str
    cycle: int
    status: RunStatus
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
    basis: Basis | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies the instance within its case."""
        return self.clock, self.subject, self.cycle

    @property
    def from_us(self) -> int:
        """The instant from which it counts: its start, unless its policy says otherwise."""
        basis = self.basis
        return self.since_us if basis is None or basis.from_us is None else basis.from_us

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
    def ends_at_us(self) -> int | None:
        """When its last rung was reached: every rung that has an instant has fired; ``None`` before that."""
        dues = [due for due in self.dues if due is not None]
        if not dues or self.unknown or self.is_paused:
            return None
        reached = all(due is None or self.fired >> rung & 1 for rung, due in enumerate(self.dues))
        return max(dues) if reached else None

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


Runs = tuple[ClockRun, ...]


def owed_again(before: ClockRun, ladder: Ladder, dues: Sequence[int | None]) -> int:
    """The mask of fired rungs under another ladder and other instants: a rung is known by its level.

    A warning whose instant moved to later is owed again.
    """
    moved = {
        level: before.dues[rung]
        for rung, (level, _) in enumerate(before.ladder)
        if before.fired >> rung & 1 and rung < len(before.dues)
    }
    fired = 0
    for rung, ((level, is_breach), due) in enumerate(zip(ladder, dues, strict=False)):
        if level in moved:
            old = moved[level]
            if is_breach or old is None or due is None or due <= old:
                fired |= 1 << rung
    return fired


def latest(runs: Runs, clock: str, subject: str = "") -> ClockRun | None:
    """The newest instance of that clock and subject."""
    newest = None
    for run in runs:
        if run.clock == clock and run.subject == subject and (newest is None or run.cycle > newest.cycle):
            newest = run
    return newest


def deadline_of(runs: Runs) -> int | None:
    """The earliest first-late instant over those that run, passed or not."""
    dues = [due for run in runs if run.until_us is None and (due := run.deadline_us) is not None]
    return min(dues, default=None)


def waits_from(runs: Runs) -> int | None:
    """The earliest "not before" among their rungs that wait for a calendar."""
    first: int | None = None
    for run in runs:
        if run.unknown and (waits := run.waits_from) is not None and (first is None or waits < first):
            first = waits
    return first


def earliest(runs: Runs) -> int | None:
    """When the next rung of any of them is due."""
    if len(runs) == 1:
        return runs[0].next_due
    return min((due for run in runs if (due := run.next_due) is not None), default=None)
