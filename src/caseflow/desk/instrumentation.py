"""How a desk is watched: its observer is told, and its log written, from the same records."""

from __future__ import annotations

import logging
from collections.abc import Callable

from caseflow.clock import seconds_running
from caseflow.core.model.case import Case
from caseflow.errors import CaseflowError, Refused
from caseflow.ports import Observer, Quarantined
from caseflow.ports.observations import (
    CommandConflict,
    CommandDone,
    CommandFailed,
    CommandRefused,
    HookError,
    Seen,
    SweepDone,
)


class Watch:
    """Tells the observer and the log ``caseflow.desk``.

    Lines hold ids, names of the policy, codes and counts: no texts, and no words of others' errors.

    Attributes:
        observer: who is told, if anybody.
        log: where it is written down. Whoever has much to tell looks first whether anybody listens, so that
            what nobody sees is not even put together.
    """

    def __init__(self, observer: Observer | None) -> None:
        self.observer = observer
        self.log = logging.getLogger("caseflow.desk")

    def tell(self, seen: Seen) -> None:
        """Write it down, then tell the observer, whose errors stop nobody."""
        level, line, *parts = _line(seen)
        self.log.log(level, line, *parts)
        if self.observer is None:
            return
        try:
            self.observer.observe(seen)
        except Exception as error:
            self.log.error("the observer failed on %s: %s", type(seen).__name__, type(error).__name__)

    def conflict(self, case_id: str, action: str) -> None:
        """A command met another writer and is decided anew."""
        self.tell(CommandConflict(case_id, action))

    def command(self, take: Callable[[], Case], *, case_id: str, action: str, role: str) -> Case:
        """Take a command and tell what came of it.

        Raises:
            Exception: what the command raises.
        """
        started = seconds_running()
        try:
            case = take()
        except Refused as error:
            refusal = error.refusal
            shown = "" if refusal.code == "bad-case-id" else case_id
            took = seconds_running() - started
            self.tell(
                CommandRefused(shown, action, role, code=refusal.code, state=refusal.state, seconds=took)
            )
            raise
        except Exception as error:
            code = error.code if isinstance(error, CaseflowError) else type(error).__name__
            self.tell(CommandFailed(action, role, code, seconds_running() - started))
            raise
        took = seconds_running() - started
        self.tell(CommandDone(case.id, action, role, state=case.state, version=case.version, seconds=took))
        return case


def _line(seen: Seen) -> tuple[int, str, *tuple[object, ...]]:
    """The level, the line and what fills it."""
    match seen:
        case CommandDone():
            line = "%s: %s by %s, %s at version %d in %.1f ms"
            took = seen.seconds * 1000
            return logging.DEBUG, line, seen.case_id, seen.action, seen.role, seen.state, seen.version, took
        case CommandRefused():
            line = "%s: %s by %s refused: %s in %s"
            named = seen.action or "an unknown action", seen.role, seen.code, seen.state or "no state"
            return logging.DEBUG, line, seen.case_id or "no case", *named
        case CommandFailed():
            return logging.DEBUG, "%s by %s failed: %s", seen.action or "a command", seen.role, seen.code
        case CommandConflict():
            return logging.DEBUG, "%s: %s is decided anew, another was faster", seen.case_id, seen.action
        case HookError():
            line = "the hook %s failed %s %s of %s at version %d: %s"
            kind = type(seen.error).__name__
            return logging.ERROR, line, seen.hook, seen.when, seen.event, seen.case_id, seen.version, kind
        case Quarantined():
            return logging.ERROR, "%s %s is set aside: %s", seen.kind, seen.name, seen.code
        case SweepDone():
            line = (
                "sweep: %d cards, %d reminders, %d conflicts, %d set aside, %d waiting, %.1f s late, %.1f ms"
            )
            counts = seen.cards, seen.reminders, seen.conflicts, seen.quarantined, seen.waiting
            return _sweep_level(seen), line, *counts, seen.lag, seen.seconds * 1000
        case _:
            return logging.DEBUG, "%r", seen


def _sweep_level(seen: SweepDone) -> int:
    if seen.conflicts or seen.quarantined:
        return logging.WARNING
    return logging.INFO if seen.cards or seen.reminders else logging.DEBUG
