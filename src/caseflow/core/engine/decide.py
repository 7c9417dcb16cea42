"""decide(rules, case, command, now) -> events, or `Refused`: pure, and the same whoever computes it.

Everything due at or before `now` is issued first; the command is judged on the case as it then is.
"""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.core.engine.actions import ACTIONS
from caseflow.core.engine.compiled_policy import HANDS_OVER, CompiledPolicy, Transition, refusal
from caseflow.core.engine.effects import event_of
from caseflow.core.engine.escalation import Outcome, escalate, reconcile, unread
from caseflow.core.engine.history_marks import Fact
from caseflow.core.engine.preconditions import check, no_transition, wrong_primary
from caseflow.core.engine.projection import (
    History,
    before_state,
    by_history,
    clocks_of,
    course_of,
    left_by,
    projected,
    until,
)
from caseflow.core.engine.rights import Authorizer, PresentRights, entitled
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.clock_run import Runs
from caseflow.core.model.commands import Actor, Command
from caseflow.core.model.evolve import evolved
from caseflow.errors import Refusal, Refused

_NO_TRANSITIONS: dict[str, Transition] = {}


def decide(
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    now: int,
    *,
    authorizer: Authorizer | None = None,
    primary: Case | None = None,
    history: History = unread,
) -> tuple[e.Event, ...]:
    """The events that the command leads to, those already due first.

    Args:
        rules: the compiled policy that the case pins.
        case: the case at its current version; `Case(id)` before its submission.
        command: what is asked.
        now: epoch microseconds. Before the case's last act it is clamped to it, and the event says so.
        authorizer: replaces the policy's table of role x action.
        primary: the case that a ``merge`` names, or that the case followed until a ``resume``.
        history: gives every event of the case; asked for only if the command takes effect before the case's
            last act, and then it must be the case's own.

    Raises:
        Refused: with the rule, the state, what is missing and the source; nothing happened.
        LookupError: the history is needed and not given.
    """
    return step_by(authorizer, rules, case, command, now, primary=primary, history=history)[1]


def step(
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    now: int,
    *,
    authorizer: Authorizer | None = None,
    primary: Case | None = None,
    history: History = unread,
) -> Outcome:
    """As `decide`, with the case that the events make: nobody needs to fold them a second time.

    With an authorizer the command must bear its actor's rights: see `step_by`.

    Most commands happen now, on a case of which nothing is due: they are looked up, judged, made an event and
    folded, here. What is due first, told late, or hangs on history goes by `_caught_up`, which does the same
    with all that this may bring about.
    """
    due = case.next_due_us
    if command.effective_us is None and now >= case.last_us and (due is None or due > now):
        transition = rules.table.get(case.place.state, _NO_TRANSITIONS).get(command.action)
        if transition is not None and transition.is_immediate:
            refused = check(rules, case, command, transition, now, authorizer=authorizer)
            if refused is not None:
                raise Refused(refused, case_id=case.id)
            event, clocks = event_of(rules, case, transition, command, at=now)
            return evolved(case, event, clocks), (event,)
    return _caught_up(rules, case, command, now, authorizer=authorizer, primary=primary, history=history)


def _caught_up(
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    now: int,
    *,
    authorizer: Authorizer | None,
    primary: Case | None,
    history: History,
) -> Outcome:
    """The command on the case on which everything due was issued first, whenever it takes effect."""
    acted, due = case.acted_us, case.next_due_us
    at = now if now >= acted else acted
    issued: tuple[e.Event, ...] = ()
    if due is not None and due <= at:
        case, issued = escalate(rules, case, at, history=history)
        acted = case.acted_us
    since = command.effective_us
    if since is None:
        since = at
    elif case.version and (since < acted or _came_before_a_clock(case, since)):
        return _told_late(
            rules, case, command, now, authorizer=authorizer, primary=primary, past=(history, issued)
        )
    transition = rules.table.get(case.place.state, _NO_TRANSITIONS).get(command.action)
    refused = check(rules, case, command, transition, at, authorizer=authorizer)
    if refused is None and command.action == "merge":
        refused = wrong_primary(rules, case, command, primary)
    if refused is None and transition is not None and transition.event in (e.Linked, e.Unlinked):
        refused = refusal("linked-case-unknown", rules, case, command, found=command.fields["other"])
    if refused is not None or transition is None:
        raise Refused(refused or no_transition(rules, case, command), case_id=case.id)
    asks_history = transition.asks_history or (since < case.last_us and _came_before_a_clock(case, since))
    event, clocks = event_of(
        rules, case, transition, command, at=at, effective=None if since == at else since,
        clamped=None if at == now else now, is_late=asks_history,
    )  # fmt: skip
    if asks_history:
        past = (*(history() if case.version else ())[: case.version - len(issued)], *issued)
        event, after = by_history(rules, case, past, event)
        after, settled = reconcile(rules, after, event, lambda: (*past, event))
        return after, (*issued, event, *settled)
    if isinstance(event, e.Resumed):
        event = event.replace(led=_led(case, primary, since))
    elif since == at >= case.last_us and not isinstance(event, e.AppealUpheld):
        return evolved(case, event, clocks), (*issued, event)
    after, settled = reconcile(
        rules, evolved(case, event, clocks), event, lambda: (*history(), *issued, event)
    )
    return after, (*issued, event, *settled)


def step_by(
    authorizer: Authorizer | None,
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    now: int,
    *,
    primary: Case | None = None,
    history: History = unread,
) -> Outcome:
    """As `step`, with the rights that the authorizer gives whoever commands."""
    command = entitled(rules, command, authorizer)
    return step(rules, case, command, now, authorizer=authorizer, primary=primary, history=history)


def _came_before_a_clock(case: Case, since: int) -> bool:
    """Whether a clock began after that instant: one that no act began, but the end of another clock."""
    return since < case.last_us and any(run.since_us > since for run in case.clocks)


def _led(case: Case, primary: Case | None, until: int) -> tuple[tuple[int, int, str], ...]:
    """The units that held the primary while the case followed it."""
    merged = case.facts.merged_us
    return () if primary is None or merged is None else tuple(primary.led_between(merged, until))


# -- facts that take effect before another act ---------------------------------------------------------------


def _told_late(
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    now: int,
    *,
    authorizer: Authorizer | None,
    primary: Case | None,
    past: tuple[History, tuple[e.Event, ...]],
) -> Outcome:
    """A fact that is folded in where it took effect.

    It is judged by the state of its own time, with the clocks as they stood and the unit that held the case
    then, but by the rights of today; what was done after it is gone through again from there. Where that is
    not possible it is judged by the present state, unless its cycle is over.

    Raises:
        Refused: ``before-cycle`` when what it would end had not begun by then, with the instant from which
            it would be possible; and whatever a command is refused for.
    """
    stored, issued = past
    authorizer = PresentRights(case, authorizer)
    command = entitled(rules, command, authorizer)
    history = (*stored()[: case.version - len(issued)], *issued)
    since = command.effective_us or 0
    at = max(now, case.acted_us)
    transition = rules.table.get(case.place.state, _NO_TRANSITIONS).get(command.action)
    then, state = _in_its_time(rules, case, history, command, since) or (None, "")
    begun = case.facts.reopenings[-1] if case.facts.reopenings else case.submitted_us
    is_of_past_cycle = case.submitted_us <= since < begun
    if then is not None and not (is_of_past_cycle and then.event in _OF_THE_PRESENT):
        transition = then
    else:
        state = ""
        if transition is not None and (is_of_past_cycle or transition.event is e.Reopened):
            possible = max(begun, _last_move(rules, history))
            is_told = rules.rights(command).backdate and not authorizer.refuses(
                rules, case, transition, command
            )
            if since < possible and is_told:  # who may not is told that first
                raise Refused(_before_cycle(rules, case, command, possible), case_id=case.id)
    judged = case.replace(clocks=_clocks_then(rules, case, history, since), unit=case.own_unit_at(since + 1))
    if state and transition is not None and transition.back:
        judged = _where_it_was(rules, judged, history, since)
    refused = check(rules, judged, command, transition, at, authorizer=authorizer)
    if refused is None and command.action == "merge":
        refused = wrong_primary(rules, judged, command, primary)
    if refused is not None or transition is None:
        raise Refused(refused or no_transition(rules, case, command), case_id=case.id)
    event, _ = event_of(
        rules, judged, transition, command, at=at, effective=None if since == at else since,
        clamped=None if at == now else now, is_late=True,
    )  # fmt: skip
    if isinstance(event, e.Resumed):
        event = event.replace(led=_led(case, primary, since))
    if state:
        event = event.replace(to=None if state == case.place.state else rules.places[state])
        if rules.goes_back:
            event = event.replace(came_from=before_state(course_of(rules, (*history, event))))
    possible = since if is_of_past_cycle else _possible_from(rules, case, transition, history, event)
    if possible > since:
        raise Refused(_before_cycle(rules, case, command, possible), case_id=case.id)
    event, after = by_history(rules, case, history, event)
    after, settled = reconcile(rules, after, event, lambda: (*history, event))
    return after, (*issued, event, *settled)


def _in_its_time(
    rules: CompiledPolicy, case: Case, history: Sequence[e.Event], command: Command, since: int
) -> tuple[Transition, str] | None:
    """The transition from the state of its own time, and the state to which all that came after it leads."""
    spec = ACTIONS.get(command.action)
    unit = None
    if spec is not None and spec.event in HANDS_OVER:
        unit = str(command.fields.get("to", ""))
    fact = Fact(since, None, action=command.action, came_from="", state="", unit=unit)
    return left_by(rules, course_of(rules, history), fact, case.place.state)


def _where_it_was(rules: CompiledPolicy, case: Case, history: Sequence[e.Event], since: int) -> Case:
    """The case in the state of that instant, come from where it then had come from."""
    course = [fact for fact in course_of(rules, history) if fact.at_us <= since]
    facts = case.facts.replace(came_from=before_state(course))
    return case.replace(place=rules.places[course[-1].state], facts=facts)


def _last_move(rules: CompiledPolicy, history: Sequence[e.Event]) -> int:
    """When the case last came into another state."""
    return max(fact.at_us for fact in course_of(rules, history) if fact.state != fact.came_from)


_OF_THE_PRESENT = frozenset({e.Reopened, e.Merged, e.Resumed, e.Withdrawn, e.Rejected, e.Closed, e.Migrated})
"""Acts that begin or end a cycle: they are no corrections of one that is over."""


def _clocks_then(rules: CompiledPolicy, case: Case, history: tuple[e.Event, ...], at: int) -> Runs:
    """The clocks as they stood at the instant, with the extensions that were granted since."""
    known = {run.key: run.grants for run in case.clocks}
    return tuple(
        run.replace(grants=known.get(run.key, run.grants))
        for run in clocks_of(rules, until(history, at), now=at)
    )


def _possible_from(
    rules: CompiledPolicy, case: Case, transition: Transition, past: Sequence[e.Event], event: e.Event
) -> int:
    """The instant from which the act ends no running clock before that one began; its own, if it may."""
    effects = transition.held_effects if case.unit else transition.effects
    started = {clock.name for verb, clock, _ in effects if verb == "start"}
    ended = {clock.name for verb, clock, _ in effects if verb in ("stop", "cancel")} - started
    running = {run.key for run in case.clocks if run.until_us is None and run.clock in ended}
    since = event.since_us
    while running:
        runs = projected(rules, case, (*past, event.replace(effective_us=since)))
        begun = [run.since_us for run in runs if run.key in running and run.until_us is None]
        if max(begun, default=since) <= since:
            break
        since = max(begun)  # taken then, it leaves other cycles behind it
    return since


def _before_cycle(rules: CompiledPolicy, case: Case, command: Command, begun: int) -> Refusal:
    return refusal("before-cycle", rules, case, command, rule="effective_at", possible_from=begun)


def follow(
    rules: CompiledPolicy,
    primary: Case,
    follower: str,
    by: Actor,
    now: int,
    *,
    history: History = unread,
) -> tuple[e.Event, ...]:
    """The events by which a primary takes note that a duplicate follows it."""
    at = max(now, primary.acted_us)
    primary, issued = escalate(rules, primary, at, history=history)
    clamped = None if at == now else now
    return (*issued, e.Followed(at, by, clamped_us=clamped, follower=follower))
