"""Whether what a notice tells still holds of the case as it stands, looked at right before it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition
from caseflow.core.model import events as e
from caseflow.core.model.case import Case, renamed
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.notices import CORRECTION, OF_RUNGS, REMINDER, Notice, effective
from caseflow.delivery.collapse import stands
from caseflow.delivery.renderer import instance

ANNULLED: Final = "annulled"
"""The card it tells of was annulled."""
ANSWERED: Final = "answered"
"""What it asks for was done, or a reply has made it needless."""
CLOCK_ENDED: Final = "clock-ended"
"""The time limit that it speaks of does not run any more."""
DEADLINE_MOVED: Final = "deadline-moved"
"""What it reminds of is due later by now, and will be told then."""
ENDED: Final = "ended"
"""It asks for something, and the case was withdrawn, rejected, merged or closed."""
MOVED_ON: Final = "moved-on"
"""It is for a unit that neither holds the case any more nor helps with it."""
NEVER_TOLD: Final = "never-told"
"""It takes back what nobody was told."""
REOPENED: Final = "reopened"
"""It tells of an end, and the case goes on."""
RETRACTED: Final = "retracted"
"""The reply it tells of, or rests on, was taken back."""
ROUTED: Final = "routed"
"""It seeks a unit for the case, and one has been found."""


def outdated(rules: CompiledPolicy, case: Case, notice: Notice, now_us: int) -> str:
    """Why the notice is not told: one of the codes above; empty while what it tells holds.

    What happened and still stands is told, however late: a card, a reply, an act of the policy's own. What
    asks somebody to act is told only to who is still to act.

    Args:
        rules: those the case pins.
        case: as it stands now.
        now_us: the instant of telling.
    """
    if notice.topic in OF_RUNGS and not stands(case, notice):
        return ANNULLED
    if notice.body.get("unassigned") and case.unit:
        return ROUTED
    if notice.topic == REMINDER:
        return _of_reminder(case, notice)
    if notice.topic in OF_RUNGS or notice.topic == CORRECTION:
        return ""
    if notice.unit and notice.unit not in (case.unit, *case.facts.co_handlers):
        return MOVED_ON
    check = _CHECKS.get(notice.topic)
    return "" if check is None else check(_Act(rules, case, notice, now_us))


class _Act:
    """The notice of an act, and the case by which it is judged."""

    def __init__(self, rules: CompiledPolicy, case: Case, notice: Notice, now_us: int) -> None:
        self.rules, self.case, self.notice, self.now_us = rules, case, notice, now_us
        self.since_us = effective(notice)
        role = rules.roles.get(notice.role)
        self.is_for_office = role is None or role.scope != "own"

    def rows(self) -> Iterator[Transition]:
        """The ways by which the case may have come here by such an act."""
        for table in self.rules.table.values():
            yield from (row for row in table.values() if row.event.name == self.notice.topic)

    def is_of_this_cycle(self) -> bool:
        facts = self.case.facts
        return facts.cycle_at(self.since_us) == facts.cycle

    def is_answered(self) -> bool:
        """Whether a reply of the cycle stands that came after it, or leaves no clock to run."""
        replies = self.case.replies
        return bool(replies) and (
            self.case.deadline_us is None or any(reply.at_us >= self.since_us for reply in replies)
        )


def _of_reminder(case: Case, notice: Notice) -> str:
    """A warning holds while its clock runs, for the unit that can still act, and until its instant moves."""
    run = _run(case, notice)
    if run is None or not run.is_running:
        return CLOCK_ENDED
    if notice.unit and not run.subject and notice.unit not in (case.unit, *case.facts.co_handlers):
        return MOVED_ON
    dues = (due for (level, _), due in zip(run.ladder, run.dues, strict=True) if level == notice.level)
    due = next(dues, None)
    return DEADLINE_MOVED if due is not None and due > notice.at_us else ""


def _run(case: Case, notice: Notice) -> ClockRun | None:
    clock, subject, cycle = instance(notice)
    key = (renamed(case.facts.renamed, clock), subject, cycle)
    return next((run for run in case.clocks if run.key == key), None)


def _task(act: _Act) -> str:
    """It asks an office to act; to a citizen it says that the inquiry is on its way."""
    if not act.case.is_open:
        return ENDED
    return ANSWERED if act.is_for_office and act.is_answered() else ""


def _search(act: _Act) -> str:
    """A returned case needs a unit."""
    return ROUTED if act.case.unit else _task(act)


def _greeting(act: _Act) -> str:
    return "" if act.case.is_open else ENDED


def _question(act: _Act) -> str:
    """The citizen is asked for information until it has come, or is not needed any more."""
    if not act.case.is_open:
        return ENDED
    case, now = act.case, act.now_us
    ends = (*case.taken("receive_information", now), *case.taken("reply", now))
    if any(us >= act.since_us for us, _ in ends):
        return ANSWERED
    if "receive_information" in act.rules.kept:
        return ""
    waiting = {row.place.state for row in act.rows() if row.place is not None}
    return ANSWERED if waiting and case.state not in waiting else ""


def _reply(act: _Act) -> str:
    """It stands, or came from elsewhere and nothing is known of it."""
    cycle = act.case.facts.cycle_at(act.since_us)
    replies = [
        reply
        for reply in act.case.facts.replies
        if reply.at_us == act.since_us and reply.cycle == cycle
    ]  # fmt: skip
    is_gone = bool(replies) and all(reply.retracted_us is not None for reply in replies)
    return RETRACTED if is_gone else ""


def _completion(act: _Act) -> str:
    if not act.is_of_this_cycle():
        return REOPENED
    retractions = (reply.retracted_us for reply in act.case.facts.replies)
    return RETRACTED if any(us is not None and us >= act.since_us for us in retractions) else ""


def _ending(act: _Act) -> str:
    """It tells of an end: the cycle is the same, and the case has not gone on from where it only ends."""
    if not act.is_of_this_cycle():
        return REOPENED
    places = [row.place for row in act.rows() if row.place is not None]
    is_end = bool(places) and all(place.final for place in places)
    return REOPENED if is_end and act.case.is_open else ""


def _merger(act: _Act) -> str:
    facts = act.case.facts
    return "" if facts.primary and facts.merged_us == act.since_us else REOPENED


def _request(act: _Act) -> str:
    """An extension waits for an answer as long as the instance runs for which it was asked."""
    requests = act.case.pending_extensions
    return "" if any(request.at_us == act.since_us for request in requests) else ANSWERED


def _extension(act: _Act) -> str:
    """The instance of which it tells runs."""
    clock = str(act.notice.body.get("clock", ""))
    if not clock:
        return "" if act.case.deadline_us is not None else CLOCK_ENDED
    name = renamed(act.case.facts.renamed, clock)
    runs = (run for run in act.case.clocks if run.clock == name and run.since_us <= act.since_us)
    return "" if any(run.is_running for run in runs) else CLOCK_ENDED


_CHECKS: Mapping[str, Callable[[_Act], str]] = {
    e.Submitted.name: _task,
    e.Adopted.name: _task,
    e.Routed.name: _task,
    e.Transferred.name: _task,
    e.Reopened.name: _task,
    e.Resumed.name: _task,
    e.CoHandlerAdded.name: _task,
    e.Returned.name: _search,
    e.Acknowledged.name: _greeting,
    e.PlaceholderReplied.name: _greeting,
    e.InformationRequested.name: _question,
    e.Replied.name: _reply,
    e.Completed.name: _completion,
    e.Closed.name: _ending,
    e.Withdrawn.name: _ending,
    e.Rejected.name: _ending,
    e.Merged.name: _merger,
    e.ExtensionRequested.name: _request,
    e.ExtensionGranted.name: _extension,
    e.ExtensionRefused.name: _extension,
}
"""Topic -> what must hold; all else that happened holds for good."""
