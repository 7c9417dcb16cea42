"""One instance of a clock, as a case holds it: its begin, end and dues; and what events say of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from caseflow.core.model.events import RUNS_AGAIN, VOID, Basis, ClockChange, Grant, Ladder, RunStatus
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


# -- what an event says of them ------------------------------------------------------------------------------


RUNNING: RunStatus = "running"
"""The status of an instance that begins, unless the change says otherwise."""
_NO_BASIS = Basis()
"""What a change says of an instance that counts from its start and nothing else any more."""


def changes(before: Runs, after: Runs) -> tuple[ClockChange, ...]:
    """What an event says of clocks that are otherwise than before; an instance that is gone is void."""
    if not before:
        return tuple(map(_begins, after))
    if len(before) > len(after):
        return _matched_changes(before, after)
    changes: list[ClockChange] = []
    for old, new in zip(before, after, strict=False):
        if old is not new:
            if old.cycle != new.cycle or old.clock != new.clock or old.subject != new.subject:
                return _matched_changes(before, after)
            if old != new:
                changes.append(_difference(old, new))
    changes += map(_begins, after[len(before) :])
    return tuple(changes)


def ended(runs: Runs, ends: Mapping[str, RunStatus], at: int) -> tuple[Runs, tuple[ClockChange, ...]]:
    """The instances after an act that only ends clocks, for whomever they run, and what its event says of it.

    As the marks of that act would leave them, in one step; see `caseflow.core.model.sla`.

    Args:
        ends: the clock's name -> the status as which it ends.
        at: when, in epoch microseconds.
    """
    after, changes = list[ClockRun](), list[ClockChange]()
    for run in runs:
        status = ends.get(run.clock)
        if status is not None and run.until_us is None:
            changes.append(ClockChange(run.clock, run.subject, run.cycle, status=status, until=at))
            run = replace(run, status=status, until_us=at)
        after.append(run)
    return (tuple(after), tuple(changes)) if changes else (runs, ())


def _matched_changes(before: Runs, after: Runs) -> tuple[ClockChange, ...]:
    """As `changes`, for instances that do not stand in the order of before."""
    known = {run.key: run for run in before}
    pairs = [(known.pop(run.key, None), run) for run in after]
    changes = [_begins(new) if old is None else _difference(old, new) for old, new in pairs if old != new]
    return (*changes, *[ClockChange(*key, status=VOID) for key in known])


def _begins(run: ClockRun) -> ClockChange:
    """The change that begins an instance as it stands."""
    return ClockChange(
        run.clock,
        run.subject,
        run.cycle,
        status=None if run.status == RUNNING else run.status,
        since=run.since_us,
        until=run.until_us,
        ladder=run.ladder,
        dues=run.dues,
        unknown=run.unknown or None,
        pauses=run.pauses or None,
        grants=run.grants or None,
        floors=run.floors or None,
        policy_hash=run.policy_hash or None,
        basis=run.basis,
    )


def _difference(old: ClockRun, new: ClockRun) -> ClockChange:
    """The change that makes one instance of the other; what stays is left out."""
    status = None if old.status == new.status else new.status
    until = None if old.until_us == new.until_us else RUNS_AGAIN if new.until_us is None else new.until_us
    since = None if old.since_us == new.since_us else new.since_us
    if (
        old.dues is new.dues
        and old.pauses is new.pauses
        and old.grants is new.grants
        and old.basis is new.basis
        and old.policy_hash == new.policy_hash
    ):  # it ended, or runs again: nothing else can have changed
        return ClockChange(new.clock, new.subject, new.cycle, status=status, since=since, until=until)
    parts: dict[str, Any] = {}
    if old.pauses != new.pauses:
        kept = _common(old.pauses, new.pauses)
        parts |= {"kept": kept or None, "pauses": new.pauses[kept:]}
    if old.basis != new.basis:
        parts["basis"] = new.basis or _NO_BASIS
    for name in _CARRIED:
        part = getattr(new, name)
        if getattr(old, name) != part:
            parts[name] = part
    return ClockChange(*new.key, status=status, since=since, until=until, **parts)


_CARRIED = ("ladder", "dues", "unknown", "grants", "floors", "policy_hash")
"""What a change says of an instance under the instance's own names."""


def _common(old: Sequence[Pause], new: Sequence[Pause]) -> int:
    """How many pauses both begin with; none when they are the same."""
    if old == new:
        return 0
    both = zip(old, new, strict=False)
    return next((turn for turn, (one, other) in enumerate(both) if one != other), min(len(old), len(new)))


def changed(runs: Runs, change: ClockChange) -> Runs:
    """The clocks with one instance begun, changed or gone."""
    key = change.clock, change.subject, change.cycle
    for index, run in enumerate(runs):
        if run.cycle == change.cycle and run.clock == change.clock and run.subject == change.subject:
            if change.status == VOID:
                return tuple([other for other in runs if other.key != key])
            return (*runs[:index], _fitted(_changed(run, change)), *runs[index + 1 :])
    if change.since is None:
        return runs
    begun = ClockRun(
        *key,
        status=change.status or RUNNING,
        since_us=change.since,
        until_us=change.until,
        ladder=change.ladder or (),
        dues=change.dues or (),
        unknown=change.unknown or 0,
        pauses=change.pauses or (),
        grants=change.grants or (),
        floors=change.floors or (),
        policy_hash=change.policy_hash or "",
        basis=change.basis,
    )
    return (*runs, _fitted(begun))


def _fitted(run: ClockRun) -> ClockRun:
    """The instance with each level once and an instant for each, whatever an event said of its ladder."""
    levels, dues, floors = dict(run.ladder), run.dues, run.floors
    rungs = len(levels)
    if len(run.ladder) == rungs == len(dues) and (not floors or len(floors) == rungs + 1):
        return run
    dues = (*dues[:rungs], *[None] * (rungs - len(dues)))
    floors = floors if len(floors) == rungs + 1 else ()
    return replace(run, ladder=tuple(levels.items()), dues=dues, floors=floors)


def _changed(run: ClockRun, change: ClockChange) -> ClockRun:
    until, ladder = change.until, change.ladder
    return ClockRun(
        *run.key,
        status=change.status or run.status,
        since_us=run.since_us if change.since is None else change.since,
        until_us=run.until_us if until is None else None if until == RUNS_AGAIN else until,
        ladder=run.ladder if ladder is None else ladder,
        dues=run.dues if change.dues is None else change.dues,
        unknown=run.unknown if change.unknown is None else change.unknown,
        fired=fired_under(run.ladder if ladder is None else ladder, run, change.dues),
        pauses=run.pauses if change.pauses is None else (*run.pauses[: change.kept or 0], *change.pauses),
        grants=run.grants if change.grants is None else change.grants,
        floors=run.floors if change.floors is None else change.floors,
        policy_hash=run.policy_hash if change.policy_hash is None else change.policy_hash,
        basis=run.basis if change.basis is None else None if change.basis == _NO_BASIS else change.basis,
    )


def fired_under(ladder: Ladder, run: ClockRun, dues: Sequence[int | None] | None = None) -> int:
    """The mask of fired rungs under another ladder, and with other instants if any are given."""
    if not run.fired or (dues is None and ladder is run.ladder):
        return run.fired
    if dues is None:
        levels = {level for index, (level, _) in enumerate(run.ladder) if run.fired >> index & 1}
        return sum(1 << index for index, (level, _) in enumerate(ladder) if level in levels)
    return owed_again(run, ladder, dues)


def fired(runs: Runs, key: tuple[str, str, int], level: str, *, stands: bool) -> Runs:
    """The clocks with one rung marked as fired, or free to fire again."""
    clock, subject, cycle = key
    for turn, run in enumerate(runs):
        if run.clock == clock and run.cycle == cycle and run.subject == subject:
            return (*runs[:turn], _fired(run, level, stands), *runs[turn + 1 :])
    return runs


def _fired(run: ClockRun, level: str, stands: bool) -> ClockRun:
    for index, (name, _) in enumerate(run.ladder):
        if name == level:
            bit = 1 << index
            return replace(run, fired=run.fired | bit if stands else run.fired & ~bit)
    return run
