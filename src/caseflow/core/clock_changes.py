"""What an event does to the clocks of a case: begun, changed, their rungs marked as fired or freed."""

from __future__ import annotations

from collections.abc import Iterable

from caseflow.core import events as e
from caseflow.core.case import Case, ClockRun
from caseflow.core.values import maker

_clock_run = maker(ClockRun)


def earliest(clocks: tuple[ClockRun, ...]) -> int | None:
    """When the next rung of any of them is due."""
    if len(clocks) == 1:
        return clocks[0].next_due
    return min((due for run in clocks if (due := run.next_due) is not None), default=None)


def begun(changes: Iterable[e.ClockChange]) -> tuple[ClockRun, ...]:
    """The clocks of a case whose first event has these changes."""
    clocks: tuple[ClockRun, ...] = ()
    for change in changes:
        clocks = with_change(clocks, change)
    return clocks


def with_change(clocks: tuple[ClockRun, ...], change: e.ClockChange) -> tuple[ClockRun, ...]:
    """The clocks with one of them begun or changed."""
    if change.since is not None:
        new = _clock_run(
            change.clock,
            change.subject,
            change.cycle,
            change.status or "running",
            change.since,
            change.until,
            change.ladder or (),
            change.dues or (),
            change.unknown or 0,
            0,
            change.pauses or (),
            change.grants or (),
        )
        return (*clocks, new)
    if len(clocks) == 1:
        run = clocks[0]
        return (_changed(run, change),) if _is_of(change, run) else clocks
    return tuple([_changed(run, change) if _is_of(change, run) else run for run in clocks])


def _is_of(change: e.ClockChange | e.RungEvent | e.CardAnnulled, run: ClockRun) -> bool:
    return change.clock == run.clock and change.cycle == run.cycle and change.subject == run.subject


def _changed(run: ClockRun, change: e.ClockChange) -> ClockRun:
    until, ladder = change.until, change.ladder
    return _clock_run(
        run.clock,
        run.subject,
        run.cycle,
        change.status or run.status,
        run.since_us,
        run.until_us if until is None else None if until == e.RUNS_AGAIN else until,
        run.ladder if ladder is None else ladder,
        run.dues if change.dues is None else change.dues,
        run.unknown if change.unknown is None else change.unknown,
        run.fired if ladder is None else _refired(run, ladder),
        run.pauses if change.pauses is None else change.pauses,
        run.grants if change.grants is None else change.grants,
    )


def _refired(run: ClockRun, ladder: e.Ladder) -> int:
    """The mask of fired rungs after the ladder itself was changed: a rung is known by its level."""
    levels = {level for index, (level, _) in enumerate(run.ladder) if run.fired >> index & 1}
    return sum(1 << index for index, (level, _) in enumerate(ladder) if level in levels)


def marked(case: Case, event: e.RungEvent | e.CardAnnulled, *, fired: bool) -> tuple[ClockRun, ...]:
    """The clocks with one rung's bit set or freed."""
    clocks = case.clocks
    if len(clocks) == 1 and _is_of(event, clocks[0]):
        return (_mark(clocks[0], event.level, fired),)
    return tuple([_mark(run, event.level, fired) if _is_of(event, run) else run for run in clocks])


def _mark(run: ClockRun, level: str, fired: bool) -> ClockRun:
    for index, (name, _) in enumerate(run.ladder):
        if name == level:
            bit = 1 << index
            return _clock_run(
                run.clock,
                run.subject,
                run.cycle,
                run.status,
                run.since_us,
                run.until_us,
                run.ladder,
                run.dues,
                run.unknown,
                run.fired | bit if fired else run.fired & ~bit,
                run.pauses,
                run.grants,
            )
    return run
