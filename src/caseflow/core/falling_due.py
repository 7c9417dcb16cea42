"""What falls due by itself: rungs with their timed actions, and what a fact recorded late does to cards."""

from __future__ import annotations

from caseflow.core import events as e
from caseflow.core.acting import event_of
from caseflow.core.case import Card, Case, ClockRun
from caseflow.core.commands import SYSTEM, Command
from caseflow.core.evolve import evolve
from caseflow.core.judging import no_row
from caseflow.core.rules import Rules
from caseflow.core.values import maker
from caseflow.errors import Refused

_card_issued = maker(e.CardIssued)
_reminded = maker(e.Reminded)
INHERITED = "inherited"
"""Why a rung that was reached before the adoption takes no action: the case came in the state it was in."""


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
            raise Refused(no_row(rules, case, Command("sweep", SYSTEM)), case_id=case.id)
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


def _timed_action(rules: Rules, case: Case, clock: str, level: str, at: int) -> tuple[e.Event | None, str]:
    """The event of the rung's ``then``, or why it is not taken."""
    plan = rules.plan.get(clock)
    action = plan.then.get(level) if plan and plan.then else None
    if action is None:
        return None, ""
    command = Command(action, SYSTEM)
    row = rules.table[case.place.state].get(action)
    refused = no_row(rules, case, command) if row is None else None
    for guard in row.guards if row else ():
        refused = refused or guard(rules, case, command, at)
    if row is None or refused is not None:
        return None, refused.code if refused else ""
    return event_of(rules, case, row, command, max(at, case.acted_us), at, None), ""


def settled(rules: Rules, case: Case, event: e.Event) -> tuple[e.Event, ...]:
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
