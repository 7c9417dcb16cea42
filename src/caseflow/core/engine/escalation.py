"""What falls due by itself: rungs with their timed actions, and what a fact recorded late does to cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.effects import chained_start, event_of
from caseflow.core.engine.preconditions import GUARDS, no_transition
from caseflow.core.engine.projection import History, by_history
from caseflow.core.model import events as e
from caseflow.core.model.case import Card, Case
from caseflow.core.model.clock_run import ClockRun, Runs, changes, latest
from caseflow.core.model.commands import SYSTEM, Command
from caseflow.core.model.evolve import after, evolve
from caseflow.core.model.sla import Mark, applied
from caseflow.core.policy import UnitRule
from caseflow.errors import CaseflowError, Refused

INHERITED = "inherited"
"""Why a rung that was reached before the adoption takes no action: the case came in the state it was in."""

BY_PLACE = ("parent", "lead")
"""Units that a timed action names by their place: above the one that holds the case, or leading it."""
_NO_FIELDS: Mapping[str, Any] = {}

Outcome = tuple[Case, tuple[e.Event, ...]]
"""A case, and the events that brought it there."""


def unread() -> Sequence[e.Event]:
    """The history of a case whose past nobody has at hand.

    Raises:
        LookupError: always: a timed action is owed that takes effect before another act of the case.
    """
    raise LookupError("the case's history is needed: what is due takes effect before another act")


def escalate(
    rules: CompiledPolicy,
    case: Case,
    until: int,
    *,
    seen: int | None = None,
    most: int | None = None,
    history: History = unread,
) -> Outcome:
    """The case with every rung fired that is due at or before `until`, and the events that did it.

    They are noticed at ``seen``, which is `until` unless given.

    In the order of (effective instant, clock in policy order, subject, cycle, rung); a rung's timed action
    follows it at once. What was due at or before the case's adoption is inherited.

    Args:
        most: stop after so many events; a timed action may begin its own clock anew for ever.
        history: every event of the case so far; asked for only if a timed action takes effect before another
            act, which the case's own order of events never brings about.

    Raises:
        Refused: the case holds an event that this version does not know.
        CaseflowError: ``endless``: what fired is owed again at once, since its ladder names a level twice.
    """
    issued: list[e.Event] = []
    while (due := case.next_due_us) is not None and due <= until:
        if case.facts.unknown_event:
            incomplete = no_transition(rules, case, Command("sweep", SYSTEM))
            raise Refused(attrs.evolve(incomplete, state=""), case_id=case.id)  # to whom may be a stranger
        before = case.clocks
        case, events = _fire(rules, case, due, seen=until if seen is None else seen, past=(history, issued))
        if case.clocks == before:
            raise CaseflowError("endless", case=case.id, found=getattr(events[0], "level", ""))
        issued += events
        if most is not None and len(issued) >= most:
            break
    return case, tuple(issued)


_Past = tuple[History, list[e.Event]]
"""What is stored of a case, and what was issued since."""


def _fire(rules: CompiledPolicy, case: Case, due: int, *, seen: int, past: _Past) -> Outcome:
    """The first rung that is due then, and its timed action."""
    run, rung = _first_due(rules, case, due)
    level, is_breach = run.ladder[rung]
    adopted = case.facts.adopted_us
    inherited = adopted is not None and due <= adopted
    then, skipped = _timed_action(rules, case, run.clock, level, due)
    if inherited and then is not None:
        then, skipped = None, INHERITED
    kind: type[e.RungEvent] = e.CardIssued if is_breach else e.Reminded
    card = kind(
        due,
        SYSTEM,
        clock=run.clock,
        subject=run.subject,
        cycle=run.cycle,
        level=level,
        unit=case.unit_at(due),
        detected_us=seen,
        skipped=skipped,
        inherited=inherited,
    )
    before, case = case, evolve(case, card)
    begun = _chained(rules, case, card, run.key) if rules.is_chained else None
    if begun is not None:
        card = card.replace(clocks=changes(before.clocks, begun))
        case = evolve(before, card)
    if then is None:
        return case, (card,)
    if begun is not None:  # what begins there may end at once
        then = _timed_action(rules, case, run.clock, level, due)[0] or then
    if due >= case.acted_us and not _asks_history(rules, case, run.clock, level):
        return evolve(case, then), (card, then)
    stored, issued = past
    then, case = by_history(rules, case, (*stored(), *issued, card), then)
    case, annulments = _annulled(rules, case, then)  # it takes effect before other acts
    return case, (card, then, *annulments)


def _asks_history(rules: CompiledPolicy, case: Case, clock: str, level: str) -> bool:
    transition = rules.table[case.place.state].get(rules.plan[clock].then.get(level, ""))
    return transition is not None and transition.asks_history


def _chained(rules: CompiledPolicy, case: Case, card: e.RungEvent, key: tuple[str, str, int]) -> Runs | None:
    """The clocks of the case with those that begin at the end of the one that fired; ``None`` for none."""
    clocks = rules.chained.get(card.clock, ())
    run = next((run for run in case.clocks if run.key == key), None) if clocks else None
    at = None if run is None else run.ends_at_us
    if run is None or at != card.at_us:
        return None
    starts = (
        chained_start(clock, run, card.at_us, state=case.place.state, unit=case.unit, origin=case.origin)
        for clock in clocks
    )
    marks = [mark for mark in starts if mark is not None and not _began_there(case, mark)]
    begun = applied(case.clocks, marks)
    return None if begun is case.clocks else begun


def _began_there(case: Case, mark: Mark) -> bool:
    """Whether the clock ran already, where the end of the other is told late, whatever became of it."""
    newest = latest(case.clocks, mark.clock.name, mark.subject or "")
    return newest is not None and (newest.until_us is None or newest.until_us >= mark.at_us)


def _first_due(rules: CompiledPolicy, case: Case, due: int) -> tuple[ClockRun, int]:
    """The instance and rung that fire first among those due at that instant."""
    clocks = case.clocks
    if len(clocks) > 1:
        order = {plan.name: plan.order for plan in rules.plans}
        clocks = tuple(
            sorted(clocks, key=lambda run: (order.get(run.clock, len(order)), run.subject, run.cycle))
        )
    for run in clocks:
        if due in run.dues:
            for rung, at in enumerate(run.dues):
                if at == due and run.is_pending(rung):
                    return run, rung
    raise LookupError("no rung is due then")  # the caller asked for the case's own next due


NO_SUCH_UNIT = "no-such-unit"
"""Why a timed action is not taken that names a unit by its place where there is none."""


def _timed_fields(
    rules: CompiledPolicy, case: Case, rung: tuple[str, str], at: int
) -> Mapping[str, Any] | None:
    """The fields of a rung's timed action, its units named; ``None`` where a unit has no parent, or no lead.

    Args:
        rung: its clock and level.
        at: when it is reached.
    """
    fields = rules.timed_fields.get(rung)
    if fields is None:
        return _NO_FIELDS
    place = fields.get("to", "")
    if place not in BY_PLACE:
        return fields
    rule = rules.policy.units.get(case.own_unit_at(at), UnitRule())
    unit = rule.parent if place == "parent" else rule.lead
    return {**fields, "to": unit} if unit else None


def _timed_action(
    rules: CompiledPolicy, case: Case, clock: str, level: str, at: int
) -> tuple[e.Event | None, str]:
    """The event of the rung's ``then``, or why it is not taken."""
    plan = rules.plan.get(clock)
    action = plan.then.get(level) if plan and plan.then else None
    if action is None:
        return None, ""
    fields = _timed_fields(rules, case, (clock, level), at)
    command = Command(action, SYSTEM, fields or {})
    transition = rules.table[case.place.state].get(action)
    refused = no_transition(rules, case, command) if transition is None else None
    if transition is not None and fields is None:
        return None, NO_SUCH_UNIT
    for name in transition.guards if transition else ():
        refused = refused or GUARDS[name](rules, case, command, at)
    if transition is None or refused is not None:
        return None, refused.code if refused else ""
    recorded, is_late = max(at, case.acted_us), at < case.acted_us
    effective = at if is_late else None
    return event_of(rules, case, transition, command, at=recorded, effective=effective, is_late=is_late)[
        0
    ], ""


def reconcile(rules: CompiledPolicy, case: Case, event: e.Event, history: History = unread) -> Outcome:
    """The case after a fact that is older than its last instant, with the cards as they then must be.

    Those that no longer hold are annulled, with the fact as the reason; those newly owed are issued at
    their own instants.

    Args:
        case: the case after the event.
        history: every event of the case, the fact included.
    """
    case, annulments = _annulled(rules, case, event)
    case, issued = escalate(
        rules, case, max(event.at_us, case.acted_us), history=lambda: (*history(), *annulments)
    )
    return case, (*annulments, *issued)


def _annulled(rules: CompiledPolicy, case: Case, cause: e.Event) -> tuple[Case, tuple[e.CardAnnulled, ...]]:
    """The case without the cards that a fact made void, and the events that say so."""
    appealed = set(case.appealed)
    annulments = tuple(
        _annulment(card, cause)
        for card in case.escalations
        if card.stands and (not _holds(rules, case, card) or (case.clock_of(card), card.level) in appealed)
    )
    return after(case, annulments), annulments


def _annulment(card: Card, cause: e.Event) -> e.CardAnnulled:
    return e.CardAnnulled(
        cause.at_us,
        cause.by,
        clock=card.clock,
        subject=card.subject,
        cycle=card.cycle,
        level=card.level,
        issued_us=card.effective_us,
        cause=cause.action if isinstance(cause, e.Acted) else cause.name,
    )


def _holds(rules: CompiledPolicy, case: Case, card: Card) -> bool:
    """Whether the card is still owed: by its instance, at its instant, by the unit of that time.

    A reminder holds as well where extensions that were given later moved its instant to later.
    """
    key = case.clock_of(card)
    run = next((run for run in case.clocks if run.key == key), None)
    if run is None:
        return False  # in the order of effect the cycle never began
    for index, (level, is_breach) in enumerate(run.ladder):
        if level == card.level and is_breach == card.is_breach:
            end, at = run.until_us, card.effective_us
            if card.unit != case.unit_at(at) or (end is not None and at > end):
                return False
            if run.dues[index] == at:
                return not run.unknown >> index & 1
            plan = rules.plan.get(run.clock)
            before = tuple(grant for grant in run.grants if grant[0] < at)
            if is_breach or plan is None or run.policy_hash or before == run.grants:
                return False
            return plan.counted(run.replace(grants=before)).dues[index] == at
    return False
