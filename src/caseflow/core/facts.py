"""What is known of a case beside its state and clocks: replies, ratings, holders, receipts and the like."""

from __future__ import annotations

from caseflow.core.values import Value, value


@value
class Reply(Value):
    """A public substantive reply: when, in which cycle, and whether it was taken back."""

    at_us: int
    cycle: int
    retracted_us: int | None = None


@value
class ExtensionRequest(Value):
    """An extension that waits for an answer."""

    clock: str
    days: int
    at_us: int


@value
class Rating(Value):
    """The citizen's evaluation, in the cycle it was given."""

    at_us: int
    score: int
    automatic: bool
    cycle: int


@value
class Assessment(Value):
    """The authority's evaluation of efficiency and effect."""

    at_us: int
    efficiency: int
    effect: int


@value
class Rectification(Value):
    """A rectification the case is linked to, and when it was verified."""

    id: str
    linked_us: int
    verified_us: int | None = None


@value
class Attachment(Value):
    """A file the portal keeps: where it is and what it must hash to."""

    reference: str
    sha256: str
    size: int
    media_type: str


@value
class Redaction(Value):
    """An erasure of personal texts: at which version, of which names, on which legal basis."""

    at_us: int
    version: int
    fields: tuple[str, ...]
    basis: str


@value
class Receipt(Value):
    """签收: who signed for a numbered document, for which unit, and when."""

    document: str
    at_us: int
    by: str
    unit: str


@value
class Facts(Value):
    """The record of a case's life that most commands do not change."""

    cycle: int = 1
    past_units: tuple[tuple[int, str], ...] = ()
    """``(until, unit)`` of earlier holders, oldest first; an empty unit for nobody."""
    co_handlers: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()
    returns: int = 0
    reopens: int = 0
    extension: ExtensionRequest | None = None
    ratings: tuple[Rating, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    rectifications: tuple[Rectification, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    primary: str = ""
    followers: tuple[str, ...] = ()
    unknown_event: str = ""
    """The name of an event this version of caseflow does not know."""
    redactions: tuple[Redaction, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    adopted_us: int | None = None
    """When the case was taken over from another system."""
    reopened_us: int | None = None
    """When the current cycle began, unless it is the first."""


NOTHING_YET = Facts()
