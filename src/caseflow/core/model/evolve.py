"""evolve(case, event) -> case: the one place where a case changes. Total; consults nothing but the event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from caseflow.core.model import events as e
from caseflow.core.model.case import (
    Assessment,
    Attachment,
    Card,
    Case,
    CaseLink,
    ExtensionRequest,
    Facts,
    Invitation,
    Rating,
    Receipt,
    Rectification,
    Redaction,
    Reply,
)
from caseflow.core.model.clock_run import Runs, changed, earliest, fired
from caseflow.core.policy import HandlingStep

Fold = Callable[[Case, Any], Case]
"""What an event of one kind makes of a case, its version, instants and clocks apart."""


def replay(case_id: str, events: Iterable[e.Event]) -> Case:
    """The case that these events made, from the first on."""
    return after(Case(case_id), events)


def after(case: Case, events: Iterable[e.Event]) -> Case:
    """The case after these events."""
    for event in events:
        case = evolve(case, event)
    return case


def evolve(case: Case, event: e.Event) -> Case:
    """The case after the event.

    Never refuses: a recorded event is a fact. An unknown event raises the version and marks the case
    incomplete. What every event says (its instant, the state it leads to, what became of clocks) is taken
    here; what its kind alone says is in `FOLDS`.
    """
    clocks = case.clocks
    for change in event.clocks:
        clocks = changed(clocks, change)
    return evolved(case, event, clocks)


def evolved(case: Case, event: e.Event, clocks: Runs) -> Case:
    """As `evolve`, for whoever decided the event and knows the clocks to which its changes lead."""
    if clocks is not case.clocks:
        if case.facts.appealed:
            clocks = _without_appealed(case, clocks)
        case = replace(case, clocks=clocks, next_due_us=earliest(clocks))
    at, last = event.at_us, case.last_us
    version, place = case.version + 1, event.to or case.place
    if at >= last and event.is_act:
        case = replace(case, version=version, place=place, last_us=at, acted_us=at)
    else:
        acted = max(at, case.acted_us) if event.is_act else case.acted_us
        case = replace(case, version=version, place=place, last_us=max(at, last), acted_us=acted)
    if event.revised is not None:
        case = replace(case, origin=event.revised)
    fold = FOLDS.get(type(event))
    if fold is not None:
        case = fold(case, event)
    if event.came_from:
        case = _with(case, came_from=event.came_from)
    return _kept(case, event) if event.kept else case


def _without_appealed(case: Case, clocks: Runs) -> Runs:
    """The clocks with the rungs marked as fired whose cards were annulled on appeal, whatever moved them."""
    for instance, level in case.appealed:
        clocks = fired(clocks, instance, level, stands=True)
    return clocks


def _kept(case: Case, event: e.Event) -> Case:
    facts, since = case.facts, event.effective_us
    cycle = facts.cycle if since is None else facts.cycle_at(since)
    unit = event.unit if isinstance(event, e.CoHandlerAdded) else event.by.unit
    return _with(case, taken=(*facts.taken, (event.kept, event.since_us, cycle, unit, event.by.id)))


# -- the first event, and cards ---------------------------------------------------------------------------


def _submitted(case: Case, event: e.Submitted | e.Adopted) -> Case:
    return replace(
        case,
        unit=event.unit,
        citizen=event.citizen,
        submitted_us=event.since_us,
        last_us=event.at_us,
        acted_us=event.at_us,
        origin=event.origin,
    )


def _adopted(case: Case, event: e.Adopted) -> Case:
    since = () if event.unit_since is None else (event.unit_since,)
    units = ("", *(unit for _, unit in event.holders))
    untils = (*(at for at, _ in event.holders), *since)
    facts = Facts(
        past_units=tuple(past for past in zip(untils, units, strict=False) if past[0] > event.since_us),
        replies=tuple(Reply(at, 1) for at in event.replies),
        ratings=tuple(map(_inherited, event.ratings)),
        adopted_us=event.at_us,
    )
    return _submitted(case, event).replace(steps=event.steps, facts=facts)


def _inherited(rating: e.InheritedRating) -> Rating:
    fields = dict(rating.fields)
    score, causes = fields.pop("score", 0), fields.pop("causes", ())
    return Rating(
        rating.at_us,
        score if isinstance(score, int) and score else rating.overall,
        1,
        by=rating.by,
        is_own=rating.is_own,
        satisfied=rating.satisfied,
        resolved=rating.resolved,
        causes=causes if isinstance(causes, tuple) else (),
        fields=tuple(fields.items()),
    )


def _escalated(case: Case, event: e.RungEvent) -> Case:
    card = Card(
        case.id,
        event.level,
        event.clock,
        event.subject,
        event.cycle,
        unit=event.unit,
        effective_us=event.at_us,
        detected_us=event.detected_us,
        is_breach=type(event) is e.CardIssued,
        zone=case.origin.zone,
        inherited=event.inherited,
    )
    clocks = fired(case.clocks, (event.clock, event.subject, event.cycle), event.level, stands=True)
    return replace(case, escalations=(*case.escalations, card), clocks=clocks, next_due_us=earliest(clocks))


def _annulled(case: Case, event: e.CardAnnulled) -> Case:
    key = (event.clock, event.subject, event.cycle, event.level, event.issued_us)
    instance = None
    escalations: list[Card] = []
    for card in case.escalations:
        if card.stands and (card.clock, card.subject, card.cycle, card.level, card.effective_us) == key:
            instance = case.clock_of(card)
            card = card.replace(annulled_us=event.at_us, annulled_because=event.cause)
        escalations.append(card)
    clocks = case.clocks
    if instance is not None:
        again = (instance, event.level) in case.appealed or _standing(
            case.replace(escalations=tuple(escalations)), instance, event.level
        )
        clocks = fired(clocks, instance, event.level, stands=again)
    return replace(case, escalations=tuple(escalations), clocks=clocks, next_due_us=earliest(clocks))


def _standing(case: Case, instance: tuple[str, str, int], level: str) -> bool:
    """Whether a card of that rung stands at the instant at which it is due."""
    run = next((run for run in case.clocks if run.key == instance), None)
    dues = dict(zip((name for name, _ in run.ladder), run.dues, strict=False)) if run is not None else {}
    return any(
        card.stands
        and card.level == level
        and card.effective_us == dues.get(level)
        and case.clock_of(card) == instance
        for card in case.escalations
    )


def _migrated(case: Case, event: e.Migrated) -> Case:
    """The case under other rules; which rungs of an instance have fired is told by the cards that stand."""
    renamed = (*case.facts.renamed, *event.renamed)
    origin = case.origin.replace(policy_hash=event.policy_hash, zone=event.zone, policy=event.policy)
    names = dict(event.renamed)
    pending = tuple(
        replace(request, clock=names.get(request.clock, request.clock)) for request in case.facts.extensions
    )
    facts = replace(case.facts, renamed=renamed, extensions=pending, taken=event.taken)
    case = replace(case, origin=origin, facts=facts)
    levels: dict[tuple[str, str, int], set[tuple[str, int | None]]] = {}
    for card in case.escalations:
        if card.stands:
            at = None if card.is_breach else card.effective_us
            levels.setdefault(case.clock_of(card), set()).add((card.level, at))
    clocks = tuple(
        run.replace(
            fired=sum(
                1 << rung
                for rung, ((level, is_breach), due) in enumerate(zip(run.ladder, run.dues, strict=False))
                if (level, None if is_breach else due) in levels.get(run.key, ())
            )
        )
        for run in case.clocks
    )
    clocks = _without_appealed(case, clocks)
    return replace(case, clocks=clocks, next_due_us=earliest(clocks))


# -- who holds it -----------------------------------------------------------------------------------------


def _handed_over(case: Case, event: e.Event) -> Case:
    """Another unit, or nobody, holds the case from the event's instant on, until the next hand-over after it.

    Told after a later one, it fills the past and leaves the present holder.
    """
    unit: str = getattr(event, "unit", "")
    since, facts = event.since_us, case.facts
    past = facts.past_units
    if not past or past[-1][0] <= since:
        return replace(case, unit=unit, facts=replace(facts, past_units=(*past, (since, case.unit))))
    later = next(turn for turn, (until, _) in enumerate(past) if until > since)
    until, holder = past[later]
    past = (*past[:later], (since, holder), (until, unit), *past[later + 1 :])
    return replace(case, facts=replace(facts, past_units=past))


def _returned(case: Case, event: e.Returned) -> Case:
    moved = _handed_over(case, event)
    return moved.replace(facts=moved.facts.replace(returns=moved.facts.returns + 1))


# -- facts ------------------------------------------------------------------------------------------------


def _with(case: Case, **facts: Any) -> Case:
    return replace(case, facts=replace(case.facts, **facts))


def _replied(case: Case, event: e.Replied) -> Case:
    """A reply that stands; or one that a retraction told before took back already."""
    facts, since = case.facts, event.since_us
    reply = Reply(since, facts.cycle_at(since))
    if facts.replies:
        retractions = (other.retracted_us for other in facts.replies if other.cycle == reply.cycle)
        taken_back = [us for us in retractions if us is not None and us > since]
        reply = replace(reply, retracted_us=min(taken_back, default=None))
    return replace(case, facts=replace(facts, replies=(*facts.replies, reply)))


def _retracted(case: Case, event: e.ReplyRetracted) -> Case:
    """The replies of the cycle that stood at that instant are taken back."""
    since = event.since_us
    cycle = case.facts.cycle_at(since)
    replies = tuple(
        reply.replace(retracted_us=since)
        if reply.cycle == cycle
        and reply.at_us <= since
        and (reply.retracted_us is None or reply.retracted_us > since)
        else reply
        for reply in case.facts.replies
    )
    return _with(case, replies=replies)


def _reopened(case: Case, event: e.Reopened) -> Case:
    facts = case.facts
    moved = _with(
        case,
        cycle=facts.cycle + 1,
        reopens=facts.reopens + 1,
        extensions=(),
        reopenings=(*facts.reopenings, event.since_us),
    )
    return moved.replace(steps=())


def _rated(case: Case, event: e.Rated) -> Case:
    since = event.since_us
    rating = Rating(
        since,
        event.score or event.overall,
        case.facts.cycle_at(since),
        by=event.by.role,
        is_own=bool(event.token) or event.by.id == case.citizen,
        satisfied=event.satisfied,
        resolved=event.resolved,
        causes=event.causes,
        fields=event.own,
        token=event.token,
    )
    return _with(case, ratings=(*case.facts.ratings, rating))


def _invited(case: Case, event: e.Invited) -> Case:
    since = event.since_us
    return _with(case, invitation=Invitation(event.token, since, case.facts.cycle_at(since)))


def _invitation_revoked(case: Case, event: e.InvitationRevoked) -> Case:
    return _with(case, invitation=None)


def _assessed(case: Case, event: e.Assessed) -> Case:
    since = event.since_us
    assessment = Assessment(
        since, event.efficiency, event.effect, case.facts.cycle_at(since), fields=event.own
    )
    return _with(case, assessments=(*case.facts.assessments, assessment))


def _rectification_linked(case: Case, event: e.RectificationLinked) -> Case:
    linked = Rectification(event.rectification, event.since_us)
    return _with(case, rectifications=(*case.facts.rectifications, linked))


def _rectification_verified(case: Case, event: e.RectificationVerified) -> Case:
    return _of_awaited(case, event.rectification, verified_us=event.since_us)


def _rectification_dropped(case: Case, event: e.RectificationDropped) -> Case:
    return _of_awaited(case, event.rectification, dropped_us=event.since_us)


def _of_awaited(case: Case, rectification: str, **changes: int) -> Case:
    rectifications = tuple(
        item.replace(**changes) if item.id == rectification and item.is_awaited else item
        for item in case.facts.rectifications
    )
    return _with(case, rectifications=rectifications)


def _attached(case: Case, event: e.Attached) -> Case:
    file = Attachment(event.reference, event.sha256, event.size, event.media_type)
    return _with(case, attachments=(*case.facts.attachments, file))


def _extension_requested(case: Case, event: e.ExtensionRequested) -> Case:
    request = ExtensionRequest(
        event.clock, event.subject, event.cycle, at_us=event.since_us,
        days=event.days, weeks=event.weeks, months=event.months, until=event.until,
    )  # fmt: skip
    return _with(case, extensions=(*case.facts.extensions, request))


def _extension_answered(case: Case, event: e.ExtensionGranted | e.ExtensionRefused) -> Case:
    key = (event.clock, event.subject, event.cycle)
    return _with(case, extensions=tuple(one for one in case.facts.extensions if one.key != key))


def _co_handler_added(case: Case, event: e.CoHandlerAdded) -> Case:
    units = case.facts.co_handlers
    return case if event.unit in units else _with(case, co_handlers=(*units, event.unit))


def _merged(case: Case, event: e.Merged) -> Case:
    return _with(case, primary=event.primary, merged_us=event.since_us)


def _resumed(case: Case, event: e.Resumed) -> Case:
    return _with(case, primary="", merged_us=None, led=(*case.facts.led, *event.led))


def _followed(case: Case, event: e.Followed) -> Case:
    followers = case.facts.followers
    return case if event.follower in followers else _with(case, followers=(*followers, event.follower))


def _linked(case: Case, event: e.Linked) -> Case:
    link = CaseLink(event.type, event.case, event.inward, at_us=event.since_us, is_public=event.is_public)
    return _with(case, links=(*case.facts.links, link))


def _unlinked(case: Case, event: e.Unlinked) -> Case:
    key = (event.type, event.case, event.inward)
    return _with(case, links=tuple(link for link in case.facts.links if link.key != key))


def _linked_case_moved(case: Case, event: e.LinkedCaseMoved) -> Case:
    key = (event.type, event.case, event.inward)
    links = tuple(
        link.replace(state=event.state, has_ended=event.final) if link.key == key else link
        for link in case.facts.links
    )
    return _with(case, links=links)


def _redacted(case: Case, event: e.Redacted) -> Case:
    redaction = Redaction(event.at_us, case.version, event.fields, event.basis)
    return _with(case, redactions=(*case.facts.redactions, redaction))


def _receipt_signed(case: Case, event: e.ReceiptSigned) -> Case:
    receipts = case.facts.receipts
    if any(receipt.document == event.document for receipt in receipts):
        return case  # signed for before: the first signature counts
    receipt = Receipt(event.document, event.since_us, event.by.id, event.by.unit)
    return _with(case, receipts=(*receipts, receipt))


def _appeal_upheld(case: Case, event: e.AppealUpheld) -> Case:
    appealed = (event.clock, event.subject, event.cycle, event.level)
    return _with(case, appealed=(*case.facts.appealed, appealed))


def _incomplete(case: Case, event: e.UnknownEvent) -> Case:
    return _with(case, unknown_event=case.facts.unknown_event or event.unknown)


def _step(step: HandlingStep) -> Fold:
    """Record a handling step, once in a cycle."""
    name = str(step)

    def fold(case: Case, event: e.Event) -> Case:
        return case if name in case.steps else replace(case, steps=(*case.steps, name))

    return fold


FOLDS: dict[type[e.Event], Fold] = {
    e.Submitted: _submitted,
    e.Adopted: _adopted,
    e.CardIssued: _escalated,
    e.Reminded: _escalated,
    e.CardAnnulled: _annulled,
    e.Migrated: _migrated,
    e.Acknowledged: _step(HandlingStep.ACKNOWLEDGE),
    e.ChargeTaken: _step(HandlingStep.PROCESS),
    e.Dispatched: _step(HandlingStep.DISPATCH),
    e.Completed: _step(HandlingStep.COMPLETION_NOTICE),
    e.Routed: _handed_over,
    e.Transferred: _handed_over,
    e.Returned: _returned,
    e.CoHandlerAdded: _co_handler_added,
    e.Replied: _replied,
    e.ReplyRetracted: _retracted,
    e.Reopened: _reopened,
    e.Invited: _invited,
    e.InvitationRevoked: _invitation_revoked,
    e.Rated: _rated,
    e.Assessed: _assessed,
    e.RectificationLinked: _rectification_linked,
    e.RectificationVerified: _rectification_verified,
    e.RectificationDropped: _rectification_dropped,
    e.Attached: _attached,
    e.ExtensionRequested: _extension_requested,
    e.ExtensionGranted: _extension_answered,
    e.ExtensionRefused: _extension_answered,
    e.Merged: _merged,
    e.Resumed: _resumed,
    e.Followed: _followed,
    e.Linked: _linked,
    e.Unlinked: _unlinked,
    e.LinkedCaseMoved: _linked_case_moved,
    e.Redacted: _redacted,
    e.ReceiptSigned: _receipt_signed,
    e.AppealUpheld: _appeal_upheld,
    e.UnknownEvent: _incomplete,
}
"""Kind of event -> what it alone says of the case; those that are not here say no more than every event."""
