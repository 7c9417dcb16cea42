"""What an event adds to the facts of a case: replies, ratings, holders, receipts and the like."""

from __future__ import annotations

from collections.abc import Callable

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.facts import (
    Assessment,
    Attachment,
    ExtensionRequest,
    Facts,
    Rating,
    Receipt,
    Rectification,
    Redaction,
    Reply,
)
from caseflow.core.values import maker

_reply = maker(Reply)
_rating = maker(Rating)


def since_of(event: e.Event) -> int:
    """The instant at which the event took effect."""
    return event.at_us if event.effective_us is None else event.effective_us


def _handed_over(case: Case, event: e.Event) -> Facts:
    """Another unit holds the case from the event's instant on, whatever was recorded for later."""
    facts, since = case.facts, since_of(event)
    returns = facts.returns + (type(event) is e.Returned)
    earlier = tuple([held for held in facts.past_units if held[0] < since])
    return facts.replace(past_units=(*earlier, (since, case.unit_at(since))), returns=returns)


def _replied(case: Case, event: e.Event) -> Facts:
    reply = _reply(since_of(event), case.facts.cycle)
    return case.facts.replace(replies=(*case.facts.replies, reply))


def _retracted(case: Case, event: e.Event) -> Facts:
    since, cycle = since_of(event), case.facts.cycle
    replies = tuple(
        reply.replace(retracted_us=since) if reply.retracted_us is None and reply.cycle == cycle else reply
        for reply in case.facts.replies
    )
    return case.facts.replace(replies=replies)


def _reopened(case: Case, event: e.Event) -> Facts:
    facts = case.facts
    return facts.replace(
        cycle=facts.cycle + 1, reopens=facts.reopens + 1, extension=None, reopened_us=since_of(event)
    )


def _rated(case: Case, event: e.Rated) -> Facts:
    rating = _rating(since_of(event), event.score, event.automatic, case.facts.cycle)
    return case.facts.replace(ratings=(*case.facts.ratings, rating))


def _assessed(case: Case, event: e.Assessed) -> Facts:
    assessment = Assessment(since_of(event), event.efficiency, event.effect)
    return case.facts.replace(assessments=(*case.facts.assessments, assessment))


def _linked(case: Case, event: e.RectificationLinked) -> Facts:
    linked = Rectification(event.rectification, since_of(event))
    return case.facts.replace(rectifications=(*case.facts.rectifications, linked))


def _verified(case: Case, event: e.RectificationVerified) -> Facts:
    since = since_of(event)
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
    return case.facts.replace(extension=ExtensionRequest(event.clock, event.days, since_of(event)))


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
    receipt = Receipt(event.document, since_of(event), event.by.id, event.by.unit)
    return case.facts.replace(receipts=(*case.facts.receipts, receipt))


def _incomplete(case: Case, event: e.UnknownEvent) -> Facts:
    return case.facts.replace(unknown_event=case.facts.unknown_event or event.unknown)


FACTS: dict[type[e.Event], Callable[[Case, e.Event], Facts]] = {
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
"""Event -> the facts after it; events that are not here add none."""
