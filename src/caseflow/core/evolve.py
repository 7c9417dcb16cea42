"""evolve(case, event) -> case: the one place where a case changes. Total; consults nothing but the event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from caseflow.core import events as e
from caseflow.core.case import (
    Assessment,
    Attachment,
    Card,
    Case,
    ClockRun,
    ExtensionRequest,
    Facts,
    Rating,
    Receipt,
    Rectification,
    Redaction,
    Reply,
)
from caseflow.core.terms import HandlingStep
from caseflow.core.values import maker

_case = maker(Case)
_clock_run = maker(ClockRun)
_card = maker(Card)
_reply = maker(Reply)
_rating = maker(Rating)


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
    fold = _FACTS.get(kind)
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
            clocks = _with_change(clocks, change)
        due = _earliest(clocks)
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


def _earliest(clocks: tuple[ClockRun, ...]) -> int | None:
    if len(clocks) == 1:
        return clocks[0].next_due
    return min((due for run in clocks if (due := run.next_due) is not None), default=None)


def _with_change(clocks: tuple[ClockRun, ...], change: e.ClockChange) -> tuple[ClockRun, ...]:
    if change.since is not None:
        begun = _clock_run(
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
        return (*clocks, begun)
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


def _marked(case: Case, event: e.RungEvent | e.CardAnnulled, *, fired: bool) -> tuple[ClockRun, ...]:
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


def _with_rung(case: Case, event: e.RungEvent) -> Case:
    clocks = _marked(case, event, fired=True)
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
        _earliest(clocks),
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
    clocks = _marked(case, event, fired=False)
    return case.replace(rungs=rungs, clocks=clocks, next_due_us=_earliest(clocks))


def _submitted(case: Case, event: e.Submitted) -> Case:
    since = event.at_us if event.effective_us is None else event.effective_us
    clocks: tuple[ClockRun, ...] = ()
    for change in event.clocks:
        clocks = _with_change(clocks, change)
    return _case(
        case.id,
        case.version + 1,
        event.to or case.place,
        event.unit,
        event.citizen,
        since,
        event.at_us,
        event.at_us,
        _earliest(clocks),
        clocks,
        (),
        (),
        event.origin,
    )


def _taken_over(case: Case, event: e.Adopted) -> Case:
    since = _since(event)
    clocks: tuple[ClockRun, ...] = ()
    for change in event.clocks:
        clocks = _with_change(clocks, change)
    past_units = () if event.unit_since is None else ((event.unit_since, ""),)
    facts = Facts(
        past_units=past_units,
        replies=tuple(_reply(at, 1) for at in event.replies),
        adopted_us=event.at_us,
    )
    return _case(
        case.id,
        case.version + 1,
        event.to or case.place,
        event.unit,
        event.citizen,
        since,
        event.at_us,
        event.at_us,
        _earliest(clocks),
        clocks,
        (),
        event.steps,
        event.origin,
        facts,
    )


def _adopted(case: Case, event: e.RulesAdopted) -> Case:
    return case.replace(origin=case.origin.replace(pin=event.pin, zone=event.zone))


_SPECIAL: dict[type[e.Event], Callable[[Case, e.Event], Case]] = {
    e.CardAnnulled: _annulled,  # type: ignore[dict-item]  # the key is the event's exact type, here and below
    e.RulesAdopted: _adopted,  # type: ignore[dict-item]
}

_STEPS: dict[type[e.Event], str] = {
    e.Acknowledged: HandlingStep.ACKNOWLEDGE,
    e.SignedIn: HandlingStep.PROCESS,
    e.Dispatched: HandlingStep.DISPATCH,
    e.Completed: HandlingStep.COMPLETION_NOTICE,
    e.Reopened: "",
}
"""The handling step an event records; a new cycle begins without any."""

_HOLDERS = frozenset({e.Routed, e.Transferred, e.Returned})
"""Events after which another unit, or nobody, holds the case."""


def _since(event: e.Event) -> int:
    return event.at_us if event.effective_us is None else event.effective_us


def _handed_over(case: Case, event: e.Event) -> Facts:
    """Another unit holds the case from the event's instant on, whatever was recorded for later."""
    facts, since = case.facts, _since(event)
    returns = facts.returns + (type(event) is e.Returned)
    earlier = tuple([held for held in facts.past_units if held[0] < since])
    return facts.replace(past_units=(*earlier, (since, case.unit_at(since))), returns=returns)


def _replied(case: Case, event: e.Event) -> Facts:
    reply = _reply(_since(event), case.facts.cycle)
    return case.facts.replace(replies=(*case.facts.replies, reply))


def _retracted(case: Case, event: e.Event) -> Facts:
    since, cycle = _since(event), case.facts.cycle
    replies = tuple(
        reply.replace(retracted_us=since) if reply.retracted_us is None and reply.cycle == cycle else reply
        for reply in case.facts.replies
    )
    return case.facts.replace(replies=replies)


def _reopened(case: Case, event: e.Event) -> Facts:
    facts = case.facts
    return facts.replace(cycle=facts.cycle + 1, reopens=facts.reopens + 1, extension=None)


def _rated(case: Case, event: e.Rated) -> Facts:
    rating = _rating(_since(event), event.score, event.automatic, case.facts.cycle)
    return case.facts.replace(ratings=(*case.facts.ratings, rating))


def _assessed(case: Case, event: e.Assessed) -> Facts:
    assessment = Assessment(_since(event), event.efficiency, event.effect)
    return case.facts.replace(assessments=(*case.facts.assessments, assessment))


def _linked(case: Case, event: e.RectificationLinked) -> Facts:
    linked = Rectification(event.rectification, _since(event))
    return case.facts.replace(rectifications=(*case.facts.rectifications, linked))


def _verified(case: Case, event: e.RectificationVerified) -> Facts:
    since = _since(event)
    done = tuple(
        item.replace(verified_us=since)
        if item.id == event.rectification and item.verified_us is None
        else item
        for item in case.facts.rectifications
    )
    return case.facts.replace(rectifications=done)


def _attached(case: Case, event: e.Attached) -> Facts:
    file = Attachment(event.reference, event.sha256, event.size, event.media_type)
    return case.facts.replace(attachments=(*case.facts.attachments, file))


def _extension_asked(case: Case, event: e.ExtensionRequested) -> Facts:
    return case.facts.replace(extension=ExtensionRequest(event.clock, event.days, _since(event)))


def _extension_answered(case: Case, event: e.Event) -> Facts:
    return case.facts.replace(extension=None)


def _co_handler(case: Case, event: e.CoHandlerAdded) -> Facts:
    facts = case.facts
    return (
        facts
        if event.unit in facts.co_handlers
        else facts.replace(co_handlers=(*facts.co_handlers, event.unit))
    )


def _merged(case: Case, event: e.Merged) -> Facts:
    return case.facts.replace(primary=event.primary)


def _resumed(case: Case, event: e.Event) -> Facts:
    return case.facts.replace(primary="")


def _followed(case: Case, event: e.Followed) -> Facts:
    followers = case.facts.followers
    if event.follower in followers:
        return case.facts
    return case.facts.replace(followers=(*followers, event.follower))


def _redacted(case: Case, event: e.Redacted) -> Facts:
    erased = Redaction(event.at_us, case.version + 1, event.fields, event.basis)
    return case.facts.replace(redactions=(*case.facts.redactions, erased))


def _signed_for(case: Case, event: e.ReceiptSigned) -> Facts:
    if any(receipt.document == event.document for receipt in case.facts.receipts):
        return case.facts  # signed for before: the first signature counts
    receipt = Receipt(event.document, _since(event), event.by.id, event.by.unit)
    return case.facts.replace(receipts=(*case.facts.receipts, receipt))


def _incomplete(case: Case, event: e.UnknownEvent) -> Facts:
    return case.facts.replace(unknown_event=case.facts.unknown_event or event.unknown)


_FACTS: dict[type[e.Event], Callable[[Case, e.Event], Facts]] = {
    e.Routed: _handed_over,
    e.Transferred: _handed_over,
    e.Returned: _handed_over,
    e.CoHandlerAdded: _co_handler,  # type: ignore[dict-item]
    e.Replied: _replied,
    e.ReplyRetracted: _retracted,
    e.Reopened: _reopened,
    e.Rated: _rated,  # type: ignore[dict-item]
    e.Assessed: _assessed,  # type: ignore[dict-item]
    e.RectificationLinked: _linked,  # type: ignore[dict-item]
    e.RectificationVerified: _verified,  # type: ignore[dict-item]
    e.Attached: _attached,  # type: ignore[dict-item]
    e.ExtensionRequested: _extension_asked,  # type: ignore[dict-item]
    e.ExtensionGranted: _extension_answered,
    e.ExtensionRefused: _extension_answered,
    e.Merged: _merged,  # type: ignore[dict-item]
    e.Resumed: _resumed,
    e.Followed: _followed,  # type: ignore[dict-item]
    e.Redacted: _redacted,  # type: ignore[dict-item]
    e.ReceiptSigned: _signed_for,  # type: ignore[dict-item]
    e.UnknownEvent: _incomplete,  # type: ignore[dict-item]
}
