"""evolve(case, event) -> case: the one place where a case changes. Total; consults nothing but the event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from caseflow.core import events as e
from caseflow.core.case import Card, Case
from caseflow.core.clock_changes import begun, earliest, marked, with_change
from caseflow.core.fact_changes import FACTS, since_of
from caseflow.core.facts import NOTHING_YET, Facts, Reply
from caseflow.core.terms import HandlingStep
from caseflow.core.values import maker

_case = maker(Case)
_card = maker(Card)
_reply = maker(Reply)


_HOLDERS = frozenset({e.Routed, e.Transferred, e.Returned})
"""Events after which another unit, or nobody, holds the case."""


_STEPS: dict[type[e.Event], str] = {
    e.Acknowledged: HandlingStep.ACKNOWLEDGE,
    e.SignedIn: HandlingStep.PROCESS,
    e.Dispatched: HandlingStep.DISPATCH,
    e.Completed: HandlingStep.COMPLETION_NOTICE,
    e.Reopened: "",
}
"""The handling step an event records; a new cycle begins without any."""


def replay(case_id: str, events: Iterable[e.Event]) -> Case:
    """The case that these events made, from the first on."""
    case = Case(case_id)
    for event in events:
        case = evolve(case, event)
    return case


def evolve(case: Case, event: e.Event) -> Case:
    """The case after the event.

    Never refuses: a recorded event is a fact. An unknown event raises the version and marks the case
    incomplete.
    """
    kind = type(event)
    if kind is e.CardIssued or kind is e.Reminded:
        return _with_rung(case, event)  # type: ignore[arg-type]  # kind was compared exactly
    if kind is e.Submitted:
        return _submitted(case, event)  # type: ignore[arg-type]
    if kind is e.Adopted:
        return _taken_over(case, event)  # type: ignore[arg-type]
    facts, unit = case.facts, case.unit
    fold = FACTS.get(kind)
    if fold is not None:
        facts = fold(case, event)
    if kind in _HOLDERS:
        unit = getattr(event, "unit", "")
    steps, step = case.steps, _STEPS.get(kind)
    if step is not None and step not in steps:
        steps = (*steps, step) if step else ()
    clocks, due = case.clocks, case.next_due_us
    if event.clocks:
        for change in event.clocks:
            clocks = with_change(clocks, change)
        due = earliest(clocks)
    at = event.at_us
    moved = _case(
        case.id,
        case.version + 1,
        event.to or case.place,
        unit,
        case.citizen,
        case.submitted_us,
        at if at > case.last_us else case.last_us,
        at if at > case.acted_us else case.acted_us,
        due,
        clocks,
        case.rungs,
        steps,
        case.origin,
        facts,
    )
    special = _SPECIAL.get(kind)
    return moved if special is None else special(moved, event)


def _with_rung(case: Case, event: e.RungEvent) -> Case:
    clocks = marked(case, event, fired=True)
    at = event.at_us
    card = _card(
        case.id,
        event.level,
        event.clock,
        event.subject,
        event.cycle,
        event.unit,
        at,
        event.detected_us,
        type(event) is e.CardIssued,
        case.origin.zone,
        None,
        "",
        event.inherited,
    )
    return _case(
        case.id,
        case.version + 1,
        case.place,
        case.unit,
        case.citizen,
        case.submitted_us,
        at if at > case.last_us else case.last_us,
        case.acted_us,
        earliest(clocks),
        clocks,
        (*case.rungs, card),
        case.steps,
        case.origin,
        case.facts,
    )


def _annulled(case: Case, event: e.CardAnnulled) -> Case:
    asked = (event.clock, event.subject, event.cycle, event.level, event.issued_us)
    rungs = tuple(
        card.replace(annulled_us=event.at_us, annulled_because=event.cause)
        if card.stands and (card.clock, card.subject, card.cycle, card.level, card.effective_us) == asked
        else card
        for card in case.rungs
    )
    clocks = marked(case, event, fired=False)
    return case.replace(rungs=rungs, clocks=clocks, next_due_us=earliest(clocks))


def _submitted(case: Case, event: e.Submitted) -> Case:
    return _first(case, event, (), NOTHING_YET)


def _taken_over(case: Case, event: e.Adopted) -> Case:
    facts = Facts(
        past_units=() if event.unit_since is None else ((event.unit_since, ""),),
        replies=tuple(_reply(at, 1) for at in event.replies),
        adopted_us=event.at_us,
    )
    return _first(case, event, event.steps, facts)


def _first(case: Case, event: e.Submitted | e.Adopted, steps: tuple[str, ...], facts: Facts) -> Case:
    """The case after the event that it begins with."""
    clocks = begun(event.clocks)
    return _case(
        case.id,
        case.version + 1,
        event.to or case.place,
        event.unit,
        event.citizen,
        since_of(event),
        event.at_us,
        event.at_us,
        earliest(clocks),
        clocks,
        (),
        steps,
        event.origin,
        facts,
    )


def _adopted(case: Case, event: e.RulesAdopted) -> Case:
    return case.replace(origin=case.origin.replace(pin=event.pin, zone=event.zone))


_SPECIAL: dict[type[e.Event], Callable[[Case, e.Event], Case]] = {
    e.CardAnnulled: _annulled,  # type: ignore[dict-item]  # the key is the event's exact type, here and below
    e.RulesAdopted: _adopted,  # type: ignore[dict-item]
}
