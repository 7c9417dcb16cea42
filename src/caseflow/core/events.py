"""What happened: typed, frozen facts. Each has a literal registered name that never changes.

An event suffices for itself: it carries the state the case moved to and what became of its clocks, so that
`evolve` asks no policy, calendar or clock. Renaming a class breaks no history; changing a registered name
would.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from caseflow.core.commands import Actor
from caseflow.core.counting import Pause
from caseflow.core.instants import moment
from caseflow.core.terms import Place
from caseflow.core.values import Value, value

Ladder = tuple[tuple[str, bool], ...]
"""The rungs of a clock in order: level, and whether the rung is a breach."""

EVENTS: dict[str, type[Event]] = {}
"""Registered name -> class."""


_T = TypeVar("_T", bound="type[Event]")


def registered(name: str) -> Callable[[_T], _T]:
    """Register an event class under its literal name."""

    def register(cls: _T) -> _T:
        EVENTS[name] = cls
        cls.name = name
        return cls

    return register


@value
class Origin(Value):
    """What a submission fixed: under which rules the case stands, and what kind of case it is."""

    pin: str = ""
    zone: str = "UTC"
    kind: str = ""
    channel: str = ""
    region: str = ""
    urgency: str = ""


UNKNOWN_ORIGIN = Origin()


@value
class ClockChange(Value):
    """What an event did to one clock instance; ``None`` leaves a part as it was.

    ``since`` is only given when the instance begins, with an ``until`` if it has ended by then. ``until`` is
    its end; ``-1`` takes the end back.
    """

    clock: str
    subject: str = ""
    cycle: int = 1
    status: str | None = None
    since: int | None = None
    until: int | None = None
    ladder: Ladder | None = None
    dues: tuple[int | None, ...] | None = None
    unknown: int | None = None
    pauses: tuple[Pause, ...] | None = None
    grants: tuple[tuple[int, int], ...] | None = None


RUNS_AGAIN = -1
"""The value of ``ClockChange.until`` that takes an end back."""


@value
class Event(Value):
    """What every event says: when it was recorded, by whom, and what it did to state and clocks.

    ``effective_us`` is given when the fact is older than its record, ``clamped_us`` when the clock of
    whoever recorded it stood before the case's last instant. ``texts`` maps the names of texts that are
    kept apart to their salted hashes.
    """

    at_us: int
    by: Actor
    to: Place | None = None
    clocks: tuple[ClockChange, ...] = ()
    effective_us: int | None = None
    clamped_us: int | None = None
    texts: tuple[tuple[str, str], ...] = ()

    name: ClassVar[str] = ""

    @property
    def at(self) -> datetime:
        """When it was recorded (UTC)."""
        return moment(self.at_us)

    @property
    def effective_at(self) -> datetime:
        """When it took effect (UTC)."""
        return moment(self.at_us if self.effective_us is None else self.effective_us)


@registered("submitted")
@value
class Submitted(Event):
    """A citizen asked (or an import brought in what was asked)."""

    unit: str = ""
    citizen: str = ""
    origin: Origin = UNKNOWN_ORIGIN


@registered("adopted")
@value
class Adopted(Event):
    """An open case of another system was taken over as it stood; ``effective_us`` is its submission.

    ``clocks`` begin every instance with all that is known of it. The rest is what was told of its past, in
    epoch microseconds: since when the unit holds it and since when it is in its state, its public replies,
    extensions as ``(clock, granted at, days)``, pauses as ``(clock, from, to)``, and clocks with a start or
    an end of their own as ``(clock, instant)``.
    """

    unit: str = ""
    citizen: str = ""
    origin: Origin = UNKNOWN_ORIGIN
    steps: tuple[str, ...] = ()
    unit_since: int | None = None
    state_since: int | None = None
    replies: tuple[int, ...] = ()
    extensions: tuple[tuple[str, int, int], ...] = ()
    pauses: tuple[tuple[str, int, int | None], ...] = ()
    started: tuple[tuple[str, int], ...] = ()
    ended: tuple[tuple[str, int], ...] = ()


@registered("acknowledged")
@value
class Acknowledged(Event):
    """立即回复: the office said that it had the inquiry."""


@registered("routed")
@value
class Routed(Event):
    """分转: the dispatcher gave the case to a unit."""

    unit: str = ""


@registered("signed-in")
@value
class SignedIn(Event):
    """签收: the unit took the case."""


@registered("dispatched")
@value
class Dispatched(Event):
    """及时派员: someone was sent."""

    officer: str = ""


@registered("co-handler-added")
@value
class CoHandlerAdded(Event):
    """协办: another unit was asked to help."""

    unit: str = ""


@registered("reported")
@value
class Reported(Event):
    """A co-handling unit reported to the lead."""


@registered("information-requested")
@value
class InformationRequested(Event):
    """The citizen was asked for information."""


@registered("information-received")
@value
class InformationReceived(Event):
    """The citizen gave the information."""


@registered("replied")
@value
class Replied(Event):
    """A public, substantive reply."""


@registered("placeholder-replied")
@value
class PlaceholderReplied(Event):
    """A reply that only says that there will be one (已收到)."""


@registered("noted")
@value
class Noted(Event):
    """An internal note; stops nothing."""


@registered("reply-retracted")
@value
class ReplyRetracted(Event):
    """The standing public replies of the cycle were taken back."""


@registered("completed")
@value
class Completed(Event):
    """办结告知: the completion notice."""


@registered("rated")
@value
class Rated(Event):
    """The citizen's evaluation."""

    score: int = 0
    automatic: bool = False


@registered("assessed")
@value
class Assessed(Event):
    """The authority's evaluation: efficiency and effect."""

    efficiency: int = 0
    effect: int = 0


@registered("rectification-linked")
@value
class RectificationLinked(Event):
    """整改: the case was linked to a rectification that it gave rise to."""

    rectification: str = ""


@registered("rectification-verified")
@value
class RectificationVerified(Event):
    """A linked rectification was checked and found done."""

    rectification: str = ""


@registered("closed")
@value
class Closed(Event):
    """The case ended in the ordinary way."""


@registered("reopened")
@value
class Reopened(Event):
    """A new cycle began."""


@registered("withdrawn")
@value
class Withdrawn(Event):
    """The citizen took the inquiry back."""


@registered("rejected")
@value
class Rejected(Event):
    """The office did not take the inquiry on, with a reason code."""

    code: str = ""


@registered("merged")
@value
class Merged(Event):
    """The case is a duplicate and follows its primary from now on."""

    primary: str = ""


@registered("followed")
@value
class Followed(Event):
    """A duplicate was merged into this case."""

    follower: str = ""


@registered("resumed")
@value
class Resumed(Event):
    """The primary was withdrawn or rejected; the case goes on by itself."""


@registered("returned")
@value
class Returned(Event):
    """退单: the unit gave the case back to the dispatcher."""


@registered("transferred")
@value
class Transferred(Event):
    """The case went to another unit."""

    unit: str = ""


@registered("extension-requested")
@value
class ExtensionRequested(Event):
    """More time was asked for; this alone stops nothing."""

    clock: str = ""
    days: int = 0


@registered("extension-granted")
@value
class ExtensionGranted(Event):
    """More time was granted: days added to every rung not yet fired."""

    clock: str = ""
    days: int = 0


@registered("extension-refused")
@value
class ExtensionRefused(Event):
    """More time was refused."""


@registered("attached")
@value
class Attached(Event):
    """A file was attached; the portal keeps the bytes."""

    reference: str = ""
    sha256: str = ""
    size: int = 0
    media_type: str = ""


@registered("redacted")
@value
class Redacted(Event):
    """Personal texts were erased with their salts; the events that carry their hashes stay as they are."""

    fields: tuple[str, ...] = ()
    basis: str = ""


@registered("acted")
@value
class Acted(Event):
    """An action of the policy's own."""

    action: str = ""
    fields: tuple[tuple[str, Any], ...] = ()


@registered("receipt-signed")
@value
class ReceiptSigned(Event):
    """签收: the unit that a numbered document is addressed to signed for it."""

    document: str = ""


@registered("rules-adopted")
@value
class RulesAdopted(Event):
    """The case follows another policy or calendar from now on; its clocks were counted anew."""

    pin: str = ""
    zone: str = "UTC"


@value
class RungEvent(Event):
    """A rung was reached: at its own instant, noticed at ``detected_us``, under the unit of that time."""

    clock: str = ""
    subject: str = ""
    cycle: int = 1
    level: str = ""
    unit: str = ""
    detected_us: int = 0
    skipped: str = ""
    """Why the rung's timed action was not taken: the code of its refusal."""
    inherited: bool = False
    """Whether it was reached before the case was adopted: it stands, and nobody is told."""


@registered("reminded")
@value
class Reminded(RungEvent):
    """A warning rung was reached."""


@registered("card-issued")
@value
class CardIssued(RungEvent):
    """A breach rung was reached."""


@registered("card-annulled")
@value
class CardAnnulled(Event):
    """A card or reminder no longer holds; it stays on record with the reason."""

    clock: str = ""
    subject: str = ""
    cycle: int = 1
    level: str = ""
    issued_us: int = 0
    cause: str = ""


@value
class UnknownEvent(Event):
    """An event whose name is not registered: its bytes are kept, the case is incomplete."""

    unknown: str = ""
    body: bytes = b""
