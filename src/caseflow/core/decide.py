"""decide(rules, case, command, now) -> events, or `Refused`: pure, and the same whoever computes it.

Everything due at or before `now` is issued first; the command is judged on the case as it then is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from caseflow.core import events as e
from caseflow.core.case import Card, Case, ClockRun
from caseflow.core.clocks import ended, let_go
from caseflow.core.commands import SYSTEM, Actor, Command
from caseflow.core.evolve import evolve
from caseflow.core.fields import wrong_field
from caseflow.core.guards import clock_asked, refusal
from caseflow.core.rules import HANDS_OVER, OWN_EFFECTS, Effect, Row, Rules
from caseflow.core.values import maker
from caseflow.errors import Refusal, Refused

_origin = lru_cache(maxsize=4096)(e.Origin)
_card_issued = maker(e.CardIssued)
_reminded = maker(e.Reminded)
_NO_ROWS: dict[str, Row] = {}
INHERITED = "inherited"
"""Why a rung that was reached before the adoption takes no action: the case came in the state it was in."""

Authorize = Callable[[Rules, Case, Row, Command], Refusal | None]


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
        authorize: replaces `authorize`, the policy's table of role x action.
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
        refused = _wrong_primary(rules, case, command, primary)
    if refused is not None or row is None:
        raise Refused(refused or _no_row(rules, case, command), case_id=case.id)
    since = at if command.effective_us is None else command.effective_us
    event = event_of(rules, case, row, command, at, since, None if at == now else now)
    if since < case.last_us or since < at or row.event is e.Resumed:
        return (*issued, event, *_settled(rules, evolve(case, event), event))
    return (*issued, event) if issued else (event,)


def judge(
    rules: Rules,
    case: Case,
    command: Command,
    row: Row | None,
    at: int,
    authorize: Authorize | None = None,
    *,
    asked_only: bool = False,
) -> Refusal | None:
    """Why the command is refused on this case, or `None`: state, role, fields, time, guards, in this order.

    With ``asked_only`` fields and time are left out: whether the action may be asked for at all.
    """
    if row is None or case.facts.unknown_event:
        return _no_row(rules, case, command)
    refused = None
    if authorize is not None:
        refused = authorize(rules, case, row, command)
    elif row.scopes.get(command.by.role) != "any":
        refused = is_authorized(rules, case, row, command)
    if refused is None and not asked_only:
        if command.fields or row.required:
            refused = wrong_field(rules, case, row, command)
        if refused is None and command.effective_us is not None and command.effective_us != at:
            refused = _wrong_time(rules, case, command, at)
    if refused is None:
        for guard in row.guards:
            refused = guard(rules, case, command, at)
            if refused is not None:
                return refused
    return refused


def caught_up(
    rules: Rules, case: Case, until: int, seen: int | None = None
) -> tuple[Case, tuple[e.Event, ...]]:
    """The case with every rung fired that is due at or before `until`, and the events that did it.

    They are noticed at ``seen``, which is `until` unless given.

    In the order of (effective instant, clock in policy order, subject, cycle, rung); a rung's timed action
    follows it at once. What was due at or before the case's adoption is inherited.
    """
    issued: list[e.Event] = []
    noticed = until if seen is None else seen
    adopted = case.facts.adopted_us
    while (due := case.next_due_us) is not None and due <= until:
        if case.facts.unknown_event:
            raise Refused(_no_row(rules, case, Command("sweep", SYSTEM)), case_id=case.id)
        run, rung = _first_due(rules, case, due)
        level, is_breach = run.ladder[rung]
        then, skipped = _timed_action(rules, case, run.clock, level, due)
        make = _card_issued if is_breach else _reminded
        inherited = adopted is not None and due <= adopted
        if inherited:
            skipped = skipped if then is None else INHERITED
            then = None
        fired = make(
            due, SYSTEM, None, (), None, None, (),
            run.clock, run.subject, run.cycle, level, case.unit_at(due), noticed, skipped, inherited,
        )  # fmt: skip
        case = evolve(case, fired)
        issued.append(fired)
        if then is not None:
            case = evolve(case, then)
            issued.append(then)
    return case, tuple(issued)


def _first_due(rules: Rules, case: Case, due: int) -> tuple[ClockRun, int]:
    """The instance and rung that fire first among those due at that instant."""
    clocks = case.clocks
    if len(clocks) > 1:
        order = {plan.name: plan.order for plan in rules.plans}
        clocks = tuple(
            sorted(clocks, key=lambda run: (order.get(run.clock, len(order)), run.subject, run.cycle))
        )
    for run in clocks:
        for rung, at in enumerate(run.dues):
            if at == due and run.is_pending(rung):
                return run, rung
    raise LookupError("no rung is due then")  # the caller asked for the case's own next due


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
    return (event, *_settled(rules, evolve(case, event), event))


def is_authorized(rules: Rules, case: Case, row: Row, command: Command) -> Refusal | None:
    """The policy's table of role x action, denied by default, and the scope of the role.

    A role of scope ``own`` acts on the actor's own cases, one of scope ``unit`` on cases the actor's unit
    holds (or helps with, where the action admits co-handlers).
    """
    by = command.by
    scope = row.scopes.get(by.role)
    if scope == "any":
        return None
    if scope is None:
        missing = tuple(sorted(row.scopes))
        return refusal("role-may-not", rules, case, command, missing=missing, found=by.role, rule="roles")
    if scope == "own":
        if case.citizen == by.id or not case.version:
            return None
        return refusal("not-your-case", rules, case, command, rule=f"roles.{by.role}.scope")
    if row.event is e.ReceiptSigned and by.unit in [card.addressee for card in case.rungs if card.addressee]:
        return None  # another unit may hold the case by now; a guard looks whose the document is
    if by.unit and (by.unit == case.unit or (row.rule.co_handlers and by.unit in case.facts.co_handlers)):
        return None
    path = f"roles.{by.role}.scope"
    if not case.unit:
        return refusal("no-unit", rules, case, command, missing=("route",), found=by.unit, rule=path)
    missing = (case.unit,)
    return refusal("not-your-unit", rules, case, command, missing=missing, found=by.unit, rule=path)


def _no_row(rules: Rules, case: Case, command: Command) -> Refusal:
    if case.facts.unknown_event:
        return refusal("case-incomplete", rules, case, command, found=case.facts.unknown_event, rule="events")
    if command.action not in rules.policy.actions:
        return refusal(
            "unknown-action", rules, case, command, rule="actions", missing=tuple(rules.policy.actions)
        )
    accepted = tuple(sorted(rules.table.get(case.place.state, ())))
    code = "case-exists" if command.action == "submit" else "not-in-state"
    return refusal(code, rules, case, command, rule="moves", missing=accepted)


def _wrong_time(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    since = command.effective_us
    if since is None or since > at:
        return refusal("in-the-future", rules, case, command, rule="effective_at", possible_from=since)
    if not rules.role(command.by).backdate:
        return refusal("may-not-backdate", rules, case, command, rule=f"roles.{command.by.role}.backdate")
    if case.version and since < case.submitted_us:
        return refusal("before-submission", rules, case, command, rule="effective_at")
    if not any(name == "reason" for name, _ in command.texts):
        return refusal("field-missing", rules, case, command, rule="effective_at", missing=("reason",))
    return None


def _wrong_primary(rules: Rules, case: Case, command: Command, primary: Case | None) -> Refusal | None:
    found = str(command.fields.get("primary", ""))
    if primary is None or not primary.version:
        return refusal("primary-unknown", rules, case, command, found=found, rule="merge")
    if primary.id == case.id or primary.facts.primary == case.id:
        return refusal("merge-cycle", rules, case, command, found=found, rule="merge")
    if not primary.is_open:
        missing = (primary.facts.primary,) if primary.facts.primary else ()
        return refusal("primary-ended", rules, case, command, found=found, rule="merge", missing=missing)
    if _started(primary) > _started(case):
        return refusal("primary-is-younger", rules, case, command, found=found, rule="merge")
    return None


def _started(case: Case) -> int:
    return min((run.since_us for run in case.clocks), default=case.submitted_us)


def event_of(
    rules: Rules, case: Case, row: Row, command: Command, at: int, since: int, clamped: int | None
) -> e.Event:
    """The event of the action, with what it does to the clocks; nothing is judged."""
    fields, kind, by = command.fields, row.event, command.by
    late = None if since == at else since
    holder = case.unit
    if row.is_plain:
        return row.make(at, by, row.held_place if holder else row.place, (), late, clamped, command.texts)
    if kind in HANDS_OVER:
        holder = fields.get("to", "") if kind is not e.Returned else ""
    place, effects = (row.held_place, row.held_effects) if holder else (row.place, row.effects)
    origin = case.origin
    if kind is e.Submitted:
        get = fields.get
        origin = _origin(
            rules.pin, rules.policy.timezone,
            get("kind", ""), get("channel", ""), get("region", ""), get("urgency", ""),
        )  # fmt: skip
    clocks: tuple[e.ClockChange, ...] = ()
    if effects:
        state = place.state if place else case.place.state
        clocks = changes_of(case, command, effects, since, holder, state, origin)
    if kind in OWN_EFFECTS:
        clocks += _OWN_CHANGES[kind](rules, case, command, since)
    if kind is e.Submitted:
        citizen = by.id if rules.role(by).scope == "own" else fields.get("citizen", "")
        return row.make(at, by, place, clocks, late, clamped, command.texts, holder, citizen, origin)
    payload: tuple[Any, ...] = ()
    if kind is e.Acted:
        payload = (command.action, tuple((name, fields[name]) for name, _ in row.payload if name in fields))
    elif kind is e.ExtensionRequested or kind is e.ExtensionGranted:
        run, asked = clock_asked(rules, case, command), case.facts.extension
        payload = (run.clock if run else "", fields.get("days") or (asked.days if asked else 0))
    elif row.payload and fields:
        payload = tuple([fields.get(name, nothing) for name, nothing in row.payload])
    return row.make(at, by, place, clocks, late, clamped, command.texts, *payload)


def changes_of(
    case: Case,
    command: Command,
    effects: tuple[Effect, ...],
    since: int,
    holder: str,
    state: str,
    origin: e.Origin,
) -> tuple[e.ClockChange, ...]:
    """What the effects do to the clocks of a case, at that instant, when it comes to be held and stand so."""
    changes: list[e.ClockChange] = []
    for verb, plan, by_state in effects:
        subject_of = plan.rule.subject
        if verb == "start":
            if not plan.applies(origin):
                continue
            subject = _started_for(subject_of, holder, command)
            if subject or not subject_of:
                paused = f"state:{state}" in plan.rule.pause
                change = plan.started(case, subject, since, paused=paused)
                if change is not None:
                    changes.append(change)
            continue
        everyone = verb == "cancel" or by_state or not subject_of
        subject = case.unit if subject_of == "unit" else command.by.unit
        for run in case.clocks:
            if run.clock != plan.name or not (everyone or run.subject == subject):
                continue
            if verb == "revive":
                newest = case.latest(run.clock, run.subject)
                change = plan.revived(run, since) if run is newest else None
            elif run.until_us is not None:
                continue
            elif verb == "stop":
                change = ended(run, since, "stopped")
            elif verb == "cancel":
                ending = any(c.until is not None for c in changes if (c.clock, c.subject, c.cycle) == run.key)
                change = None if ending else ended(run, since, "cancelled")
            else:
                change = plan.paused(run, since) if verb == "pause" else plan.resumed(run, since)
            if change is not None:
                changes.append(change)
    return tuple(changes)


def _started_for(subject_of: str, holder: str, command: Command) -> str:
    """Whose clock begins: the new holder's, the new co-handler's, or the case's own."""
    if not subject_of:
        return ""
    return holder if subject_of == "unit" else str(command.fields.get("co_handler", ""))


def _held(rules: Rules, case: Case, command: Command, since: int) -> tuple[e.ClockChange, ...]:
    return tuple(ended(run, since, "held") for run in case.clocks if run.until_us is None)


def _let_go(rules: Rules, case: Case, command: Command, since: int) -> tuple[e.ClockChange, ...]:
    return tuple(let_go(run) for run in case.clocks if run.status == "held")


def _extended(rules: Rules, case: Case, command: Command, since: int) -> tuple[e.ClockChange, ...]:
    run, asked = clock_asked(rules, case, command), case.facts.extension
    if run is None:
        return ()
    days = command.fields.get("days") or (asked.days if asked else 0)
    return (rules.plan[run.clock].extended(run, since, days),) if days else ()


_OWN_CHANGES: dict[type[e.Event], Callable[[Rules, Case, Command, int], tuple[e.ClockChange, ...]]] = {
    e.Merged: _held,
    e.Resumed: _let_go,
    e.ExtensionGranted: _extended,
}
"""What these events do to the clocks in every policy."""


def _timed_action(rules: Rules, case: Case, clock: str, level: str, at: int) -> tuple[e.Event | None, str]:
    """The event of the rung's ``then``, or why it is not taken."""
    plan = rules.plan.get(clock)
    action = plan.then.get(level) if plan and plan.then else None
    if action is None:
        return None, ""
    command = Command(action, SYSTEM)
    row = rules.table[case.place.state].get(action)
    refused = _no_row(rules, case, command) if row is None else None
    for guard in row.guards if row else ():
        refused = refused or guard(rules, case, command, at)
    if row is None or refused is not None:
        return None, refused.code if refused else ""
    return event_of(rules, case, row, command, max(at, case.acted_us), at, None), ""


def _settled(rules: Rules, case: Case, event: e.Event) -> tuple[e.Event, ...]:
    """What a fact older than the case's last instant does to its cards.

    Those that no longer hold are annulled, with the fact as the reason; those newly owed are issued at
    their own instants.
    """
    settled = [_annulment(card, event) for card in case.rungs if card.stands and not _holds(case, card)]
    for annulled in settled:
        case = evolve(case, annulled)
    return (*settled, *caught_up(rules, case, max(event.at_us, case.acted_us))[1])


def _annulment(card: Card, cause: e.Event) -> e.CardAnnulled:
    return e.CardAnnulled(
        cause.at_us,
        cause.by,
        clock=card.clock,
        subject=card.subject,
        cycle=card.cycle,
        level=card.level,
        issued_us=card.effective_us,
        cause=cause.name,
    )


def _holds(case: Case, card: Card) -> bool:
    run = case.latest(card.clock, card.subject)
    if run is None or run.cycle != card.cycle:
        return True  # an earlier cycle's cards are left as they are
    for index, (level, is_breach) in enumerate(run.ladder):
        if level == card.level and is_breach == card.is_breach:
            due, until = run.dues[index], run.until_us
            certain = not run.unknown >> index & 1
            owed = due == card.effective_us and certain and (until is None or due <= until)
            return owed and card.unit == case.unit_at(card.effective_us)
    return False
