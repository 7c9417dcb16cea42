"""decide(rules, case, command, now) -> events, or `Refused`: pure, and the same whoever computes it.

Everything due at or before `now` is issued first; the command is judged on the case as it then is.
"""

from __future__ import annotations

from caseflow.core import events as e
from caseflow.core.acting import event_of
from caseflow.core.case import Case
from caseflow.core.clocks import ended
from caseflow.core.commands import Actor, Command
from caseflow.core.evolve import evolve
from caseflow.core.falling_due import caught_up, settled
from caseflow.core.guards import refusal
from caseflow.core.judging import Authorize, judge, no_row, wrong_primary
from caseflow.core.rules import Row, Rules
from caseflow.errors import Refused

_NO_ROWS: dict[str, Row] = {}


def decide(
    rules: Rules,
    case: Case,
    command: Command,
    now: int,
    *,
    authorize: Authorize | None = None,
    primary: Case | None = None,
) -> tuple[e.Event, ...]:
    """The events that the command leads to, those already due first.

    Args:
        rules: the compiled policy that the case pins.
        case: the case at its current version; `Case(id)` before its submission.
        command: what is asked.
        now: epoch microseconds. Before the case's last act it is clamped to it, and the event says so.
        authorize: replaces `is_authorized`, the policy's table of role x action.
        primary: the case that a ``merge`` names.

    Raises:
        Refused: with the rule, the state, what is missing and the source; nothing happened.
    """
    issued: tuple[e.Event, ...] = ()
    at = now if now >= case.acted_us else case.acted_us
    due = case.next_due_us
    if due is not None and due <= at:
        case, issued = caught_up(rules, case, at)
    row = rules.table.get(case.place.state, _NO_ROWS).get(command.action)
    refused = judge(rules, case, command, row, at, authorize)
    if refused is None and command.action == "merge":
        refused = wrong_primary(rules, case, command, primary)
    if refused is not None or row is None:
        raise Refused(refused or no_row(rules, case, command), case_id=case.id)
    since = at if command.effective_us is None else command.effective_us
    event = event_of(rules, case, row, command, at, since, None if at == now else now)
    if since < case.last_us or since < at or row.event is e.Resumed:
        return (*issued, event, *settled(rules, evolve(case, event), event))
    return (*issued, event) if issued else (event,)


def follow(rules: Rules, primary: Case, follower: str, by: Actor, now: int) -> tuple[e.Event, ...]:
    """The events by which a primary takes note that a duplicate follows it."""
    at = max(now, primary.acted_us)
    primary, issued = caught_up(rules, primary, at)
    clamped = None if at == now else now
    return (*issued, e.Followed(at, by, None, (), None, clamped, (), follower))


def adopt_rules(rules: Rules, case: Case, command: Command, now: int) -> tuple[e.Event, ...]:
    """The events by which a case comes under other rules or calendars.

    Every instance of the current cycles is counted anew; cards that no longer hold are annulled, and those
    newly owed are issued at their own instants.

    Raises:
        Refused: the case's state is unknown to the new rules.
    """
    at = max(now, case.acted_us)
    if case.place.state not in rules.places:
        raise Refused(refusal("state-unknown", rules, case, command, rule="states"), case_id=case.id)
    changes = tuple(
        rules.plan[run.clock].recounted(run)
        if run.clock in rules.plan
        else ended(run, max(run.since_us, at) if run.until_us is None else run.until_us, "cancelled")
        for run in case.clocks
        if case.latest(run.clock, run.subject) is run
    )
    place = rules.places[case.place.state]
    event = e.RulesAdopted(
        at,
        command.by,
        None if place == case.place else place,
        changes,
        None,
        None if at == now else now,
        command.texts,
        rules.pin,
        rules.policy.timezone,
    )
    return (event, *settled(rules, evolve(case, event), event))
