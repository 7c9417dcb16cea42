"""The desk itself, put together from its parts."""

from __future__ import annotations

from caseflow.desk.actions import DeskActions
from caseflow.desk.adopting import DeskAdopting
from caseflow.desk.questions import DeskQuestions
from caseflow.desk.sweeping import DeskSweeping


class Desk(DeskActions, DeskAdopting, DeskSweeping, DeskQuestions):
    """Takes commands, keeps what they lead to, and tells what is due. Safe to share between threads.

    Args:
        policy: the rules for new cases, or these compiled, to share them between desks; older cases keep
            the rules they pinned.
        store: where cases are kept.
        clock: tells the time; the system's by default.
        authorizer: replaces the policy's table of role x action.
        tells: whether people are told: notices and documents are written with the events. Without, nothing
            is ever told of what this desk records; for the past, brought in from a log.
        observer: is told what was done, refused and swept.

    Boundary:
        The clock is read once for each command, before anything else, and that instant is kept through
        every retry.
    """
