"""Clocks: an instance is a fold over marks in the order of effect; the marks and the fold.

Every act of a case puts marks on clock instances: a start, a stop, a pause... each with the instant at which
it took effect. What an instance is follows from its marks alone, taken in the order of (instant, version),
and from its `CompiledClock`, which says when each rung of the ladder is due. `applied` takes one mark: a
command that happens now needs no more. `folded` takes them all: what a fact told late, a takeover or a change
of rules does. Which act puts which marks is told in `caseflow.core.engine.effects`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec.structs import replace

from caseflow.core.model.clock_run import ClockRun, Runs, latest
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.model.events import Basis
from caseflow.core.time.pauses import Pause
from caseflow.core.value import Value

Verb = Literal["resume", "stop", "cancel", "revive", "start", "pause", "restart", "extend", "hold", "release"]

VERBS: tuple[Verb, ...] = ("resume", "stop", "cancel", "revive", "restart", "start", "pause")
"""What a policy may let an act do to a clock, in the order in which the effects of one act are taken."""


class Mark(Value, gc=False):
    """One thing that an act did to the instances of one clock, at the instant at which it took effect.

    Attributes:
        at_us: that instant, in epoch microseconds.
        verb: what it did; see `VERBS`, and ``extend``, ``hold`` and ``release``.
        clock: the clock, as the policy has it.
        subject: whose instance; ``None`` for everybody's.
        pauses: of a start or revival: whether the case comes to stand where the clock is paused.
        amount, unit: of an extension, or of a term that was set anew; see `Grant`.
        basis: of a start: what the instance counts from.
        before: of a start that counts from an earlier instant: the pauses since then.
    """

    at_us: int
    verb: Verb
    clock: CompiledClock
    subject: str | None = ""
    pauses: bool = False
    amount: int | str = 0
    unit: str = "days"
    basis: Basis | None = None
    before: tuple[Pause, ...] = ()


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
        clock, verb, subject = mark.clock, mark.verb, mark.subject
        name = clock.name
        if verb == "start":
            begun = _begun(latest(runs, name, subject or "") if runs else None, mark)
            runs = runs if begun is None else (*runs, clock.counted(begun))
            continue
        change = _CHANGES[verb]
        for turn, run in enumerate(runs):
            if run.clock == name and (subject is None or run.subject == subject):
                after = change(run, mark)
                if after is not run and (run.until_us is None or run is latest(runs, name, run.subject)):
                    after = after if verb in _ENDS else clock.counted(after)
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
        pauses=(*mark.before, (mark.at_us, None)) if mark.pauses else mark.before,
        basis=mark.basis,
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
    if run.until_us is not None or not mark.amount:
        return run
    return replace(run, grants=(*run.grants, (mark.at_us, mark.amount, mark.unit)))


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
