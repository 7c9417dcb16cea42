"""What a store keeps beside the events for those who must be told: notices, and numbered documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caseflow.core.values import Value, value

PENDING = "pending"
"""Waits for a relay, from ``next_try_us`` on."""
LEASED = "leased"
"""A relay has it; when the lease runs out without a word, another may claim it."""
SENT = "sent"
"""Was told, at ``told_us``. Never goes back."""
DEAD = "dead"
"""Was given up; `requeue` brings it back."""
CANCELLED = "cancelled"
"""What it would tell no longer holds."""
COLLAPSED = "collapsed"
"""Was told together with another, whose id is ``into``."""
TOLD = (SENT, COLLAPSED)
"""Of a notice that was told, by itself or with another; neither ever goes back."""
STATUSES = (PENDING, LEASED, SENT, DEAD, CANCELLED, COLLAPSED)

RETRY = "retry"
"""An outcome, not a status: it becomes pending again."""
UNSURE = "unsure"
"""Of a corrected notice that was cancelled or given up: a lease of it once ran out without a word, or not all
whom it is for were reached. Somebody may have been told."""

_NOTHING: Mapping[str, Any] = {}


@value
class Notice(Value):
    """Somebody must be told something; who that is by name is found out at delivery.

    Attributes:
        id: stable, one for each thing told to one role; a receiver deduplicates by it.
        version: the case's version after the event that owes it.
        topic: ``card``, ``reminder``, ``correction``, ``document``, or an event's registered name.
        level: the rung's, for a card or reminder.
        role, unit: whom to tell: the recipient's role, and the unit it acts for.
        channel: by which way; empty for the recipient's own.
        at_us: when what it tells took effect; it is not told before.
        corrects: the id of the notice that this one takes back or sets right.
        body: a small JSON object. Never a personal text: texts are looked up at delivery.
    """

    id: str
    case_id: str
    version: int
    topic: str
    level: str = ""
    role: str = ""
    unit: str = ""
    channel: str = ""
    at_us: int = 0
    corrects: str = ""
    body: Mapping[str, Any] = _NOTHING


@value
class Posted(Value):
    """A notice as the store keeps it: its position, and what became of it.

    Attributes:
        status: one of `STATUSES`.
        attempts: how often it was claimed since it was posted or requeued.
        next_try_us: from when it may be claimed; while leased, the end of the lease; `None` when settled.
        token: whose lease it is; empty for nobody's.
        told_us: when it was sent; of one that is not `SENT`, when somebody may have been told.
        error: the code of what went wrong last.
        into: the id of the notice that told it, when it was collapsed.
    """

    position: int
    notice: Notice
    status: str = PENDING
    attempts: int = 0
    next_try_us: int | None = None
    token: str = ""
    told_us: int | None = None
    error: str = ""
    into: str = ""


@value
class Held(Value):
    """A notice that was claimed.

    Attributes:
        token: the claim's; it must come back with the outcome.
        attempt: 1 for the first.
        corrected: the status of the notice that this one corrects, or `UNSURE`; empty without one.
    """

    notice: Notice
    token: str
    attempt: int
    corrected: str = ""


@value
class Outcome(Value):
    """What became of a claimed notice; see the functions `sent` to `collapsed`."""

    id: str
    token: str
    status: str
    at_us: int | None = None
    error: str = ""
    into: str = ""
    told_us: int | None = None
    """Of one to be tried again or given up: when some of those it is for were told."""
    untried: bool = False
    """Of one that goes back: that nobody tried to tell it, so that the attempt does not count."""


def corrected(status: str, *, token: str, lease_end: int, told_us: int | None, now_us: int) -> str:
    """What a correction is handed of the notice that it takes back: its status, or `UNSURE`, or `LEASED`
    while a relay still has one that was cancelled.

    Args:
        token, lease_end, told_us: as the store keeps them of the corrected notice.
    """  # fmt: skip
    if status == CANCELLED and token and lease_end > now_us:
        return LEASED
    if status in (CANCELLED, DEAD) and (token or told_us is not None):
        return UNSURE
    return status


def sent(held: Held, told_us: int) -> Outcome:
    """It was told at that instant."""
    return Outcome(held.notice.id, held.token, SENT, told_us)


def retry(held: Held, next_try_us: int, error: str, *, told_us: int | None = None) -> Outcome:
    """It failed with that code, and is pending again from the instant on.

    Args:
        told_us: when some of those whom it is for were told all the same.
    """
    return Outcome(held.notice.id, held.token, RETRY, next_try_us, error, "", told_us)


def untried(held: Held, next_try_us: int, error: str = "") -> Outcome:
    """It was not tried and goes back, pending again from the instant on; the attempt does not count."""
    return Outcome(held.notice.id, held.token, RETRY, next_try_us, error, untried=True)


def dead(held: Held, error: str) -> Outcome:
    """It is given up, with the code of the last failure."""
    return Outcome(held.notice.id, held.token, DEAD, None, error)


def cancelled(held: Held, error: str = "") -> Outcome:
    """Nobody needs to be told any more, with the code of the reason."""
    return Outcome(held.notice.id, held.token, CANCELLED, None, error)


def collapsed(held: Held, into: str) -> Outcome:
    """It was told together with the notice of that id."""
    return Outcome(held.notice.id, held.token, COLLAPSED, None, "", into)


@value
class Draft(Value):
    """A document to be numbered in its series and year.

    Attributes:
        id: stable; the same id again is the same document, with the number it has.
        series: the office's series of numbers, such as ``催办``.
        year: the year of issue in the office's zone.
        version: the case's version after the event that issues it.
        body: a small JSON object, without personal texts.
    """

    id: str
    series: str
    year: int
    case_id: str
    version: int
    body: Mapping[str, Any] = _NOTHING


@value
class Void(Value):
    """作废: a document no longer holds, since the instant and for the reason; its number stays taken."""

    id: str
    at_us: int
    reason: str = ""


@value
class Document(Value):
    """A numbered document. Numbers of a series and year run from 1 without a gap and are never reused."""

    draft: Draft
    number: int
    voided_us: int | None = None
    void_reason: str = ""

    @property
    def is_void(self) -> bool:
        """Whether it was voided (作废)."""
        return self.voided_us is not None
