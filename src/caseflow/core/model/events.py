"""What happened: typed, frozen facts. Each has a literal registered name that never changes.

An event suffices for itself: it carries the state the case moved to and what became of its clocks, so that
`evolve` asks no policy, calendar or clock. Renaming a class breaks no history; changing a registered name
would.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, get_args

from msgspec import Meta

from caseflow.core.bounds import (
    MOST_RUNGS,
    Count,
    Instant,
    Mark,
    Mask,
    Name,
    Turn,
    Whole,
    Word,
)
from caseflow.core.model.commands import Actor, CaseState
from caseflow.core.time.instants import moment
from caseflow.core.time.pauses import Pause
from caseflow.core.value import CompactValue, Value

Ladder = Annotated[tuple[tuple[Name, bool], ...], Meta(max_length=MOST_RUNGS)]
"""The rungs of a clock in order: level, and whether the rung is a breach."""


FieldValue = Word | Whole | bool | tuple[Word, ...] | None
"""What a field of an event may be."""
Fields = tuple[tuple[Name, FieldValue], ...]
"""Fields of the policy's own, each with its value."""


class Origin(Value, gc=False):
    """What a submission fixed: under which rules the case stands, and what kind of case it is."""

    policy_hash: Mark = ""
    zone: Name = "UTC"
    policy: Name = ""
    """The name of the policy, which its later versions share."""
    kind: Word = ""
    channel: Word = ""
    region: Word = ""
    urgency: Word = ""
    fields: Fields = ()
    """``(name, value)`` of the policy's own fields of the submission."""

    def field(self, name: str) -> FieldValue:
        """What the submission says of a field, built-in or the policy's own; empty when nothing."""
        if name in _INQUIRY:
            return str(getattr(self, name))
        return next((value for field, value in self.fields if field == name), "")

    def changed(self, fields: Iterable[tuple[str, FieldValue]]) -> Origin:
        """The origin with other values in some fields of the submission."""
        own = dict(self.fields)
        inquiry: dict[str, str] = {}
        for name, value in fields:
            if name in _INQUIRY:
                inquiry[name] = str(value)
            else:
                own[name] = value
        return self.replace(fields=tuple(own.items()), **inquiry)


_INQUIRY = frozenset({"kind", "channel", "region", "urgency"})

UNKNOWN_ORIGIN = Origin()


Grant = tuple[Instant, Whole | Word, Name]
"""What moved the end of an instance: when (epoch microseconds), by how much, and the unit of that.

``days``, ``weeks`` and ``months`` are added; ``until`` names the last day, an ordinal; ``field:NAME`` gives
the field another value.
"""


class Basis(CompactValue):
    """What an instance counts from, where that is not its start and the clock alone.

    Attributes:
        from_us: the earlier instant from which it counts; ``None`` for its start.
        fields: what the act that began it said in the fields that give its terms.
        calendar, zone: the calendar's name and the time zone, where they are the case's own.
        is_chained: whether it counts from the last day of another clock, which no cut-off moves.
    """

    from_us: Instant | None = None
    fields: tuple[tuple[Name, Whole | Word], ...] = ()
    calendar: Name = ""
    zone: Name = ""
    is_chained: bool = False


RunStatus = Literal["running", "stopped", "cancelled", "held", "void"]
"""How an instance stands; ``void`` says that in the order of effect it never began."""
Dues = Annotated[tuple[Instant | None, ...], Meta(max_length=MOST_RUNGS + 1)]
"""The first late instants of a ladder's rungs."""


class ClockChange(Value, gc=False):
    """What an event did to one clock instance; ``None`` leaves a part as it was.

    ``since`` is given when the instance begins, running unless ``status`` says otherwise, with an ``until``
    if it has ended by then; and when a fact told late moves its start. ``until`` is its end; ``-1`` takes the
    end back. The status ``void`` says that in the order of effect it never began. ``pauses`` follow the first
    ``kept`` of those that were there, so that an event stays small however often a clock stood still.
    ``floors`` are the instants before which its rungs are not due, and last that since which pauses and
    extensions move them on; ``policy_hash`` the rules it ran under, once the case has left them; ``basis``
    what it counts from; an empty one takes back what was.
    """

    clock: Name
    subject: Word = ""
    cycle: Turn = 1
    status: RunStatus | None = None
    since: Instant | None = None
    until: Instant | None = None
    ladder: Ladder | None = None
    dues: Dues | None = None
    unknown: Mask | None = None
    kept: Count | None = None
    pauses: tuple[Pause, ...] | None = None
    grants: tuple[Grant, ...] | None = None
    floors: Dues | None = None
    policy_hash: Mark | None = None
    basis: Basis | None = None


RUNS_AGAIN = -1
"""The value of ``ClockChange.until`` that takes an end back."""
VOID: Final = "void"
"""The status of an instance that, in the order of effect, never began."""


class Event(Value, tag_field="event", rename={"at_us": "at"}, gc=False):
    """What every event says: when it was recorded, by whom, and what it did to state and clocks.

    ``effective_us`` is given when the fact is older than its record, ``clamped_us`` when the clock of
    whoever recorded it stood before the case's last instant. ``texts`` maps the names of texts that are
    kept apart to their salted hashes. ``kept`` is the name of the action where rules ask how often or when it
    was taken: the case keeps that. ``own`` holds the fields that the policy gives a built-in action, texts
    apart. ``came_from`` is the state before the one in which the case then is, under rules by which it may go
    back there. ``revised`` is what the case counts as submitted from then on, where the act changed that.
    """

    at_us: Instant
    by: Actor
    to: CaseState | None = None
    clocks: tuple[ClockChange, ...] = ()
    effective_us: Instant | None = None
    clamped_us: Instant | None = None
    texts: tuple[tuple[Name, Mark], ...] = ()
    kept: Name = ""
    own: Fields = ()
    came_from: Word = ""
    revised: Origin | None = None

    name: ClassVar[str] = ""
    is_act: ClassVar[bool] = True
    """Whether somebody did something, so that what comes later cannot have come before."""

    @property
    def at(self) -> datetime:
        """When it was recorded (UTC)."""
        return moment(self.at_us)

    @property
    def since_us(self) -> int:
        """The instant at which it took effect, in epoch microseconds."""
        return self.at_us if self.effective_us is None else self.effective_us

    @property
    def effective_at(self) -> datetime:
        """When it took effect (UTC)."""
        return moment(self.since_us)


class Submitted(Event, tag="submitted", kw_only=True):
    """A citizen asked (or an import brought in what was asked)."""

    unit: Name = ""
    citizen: Name = ""
    origin: Origin


class InheritedRating(CompactValue):
    """A rating that was given before the case was taken over, with what it comes to by the policy.

    ``by`` is the role of whoever recorded it, ``fields`` what was said in fields of ``rate``; the rest is as
    `Rated` has it.
    """

    at_us: Instant
    by: Name = ""
    is_own: bool = True
    fields: Fields = ()
    overall: Whole = 0
    satisfied: bool | None = None
    resolved: bool | None = None


class Adopted(Event, tag="adopted", kw_only=True):
    """A case of another system was taken over as it stood; ``effective_us`` is its submission.

    ``clocks`` begin every instance with all that is known of it. The rest is what was told of its past, in
    epoch microseconds: since when the unit holds it, who held it before as ``(since, unit)``, since when it
    is in its state, its public replies, its ratings, extensions as ``(clock, granted at, days)``, pauses as
    ``(clock, from, to)``, and clocks with a start or an end of their own as ``(clock, instant)``.
    """

    unit: Name = ""
    citizen: Name = ""
    origin: Origin
    steps: tuple[Word, ...] = ()
    unit_since: Instant | None = None
    holders: tuple[tuple[Instant, Name], ...] = ()
    state_since: Instant | None = None
    replies: tuple[Instant, ...] = ()
    ratings: tuple[InheritedRating, ...] = ()
    extensions: tuple[tuple[Name, Instant, Count], ...] = ()
    pauses: tuple[tuple[Name, Instant, Instant | None], ...] = ()
    started: tuple[tuple[Name, Instant], ...] = ()
    ended: tuple[tuple[Name, Instant], ...] = ()


class Acknowledged(Event, tag="acknowledged"):
    """立即回复: the office said that it had the inquiry."""


class Routed(Event, tag="routed"):
    """分转: the coordinator gave the case to a unit."""

    unit: Name = ""


class ChargeTaken(Event, tag="charge-taken"):
    """签收: the unit took the case."""


class Dispatched(Event, tag="dispatched"):
    """及时派员: someone was sent."""

    officer: Word = ""


class CoHandlerAdded(Event, tag="co-handler-added"):
    """协办: another unit was asked to help."""

    unit: Name = ""


class Reported(Event, tag="reported"):
    """A co-handling unit reported to the lead."""


class InformationRequested(Event, tag="information-requested"):
    """The citizen was asked for information."""


class InformationReceived(Event, tag="information-received"):
    """The citizen gave the information."""


class Replied(Event, tag="replied"):
    """A public, substantive reply."""


class PlaceholderReplied(Event, tag="placeholder-replied"):
    """A reply that only says that there will be one (已收到)."""


class Noted(Event, tag="noted"):
    """An internal note; stops nothing."""


class ReplyRetracted(Event, tag="reply-retracted"):
    """The standing public replies of the cycle were taken back."""


class Completed(Event, tag="completed"):
    """办结告知: the completion notice."""


class Invited(Event, tag="invited"):
    """A one-time token was issued to rate this cycle; its SHA-256 is kept. An earlier one is void."""

    token: Mark = ""


class InvitationRevoked(Event, tag="invitation-revoked"):
    """The token issued last is void."""


class Rated(Event, tag="rated"):
    """The citizen's evaluation, by themselves or asked of them by an officer (回访): ``by`` says whom.

    ``score`` are stars for the whole, ``overall`` what the policy's other axis of satisfaction comes to; 0
    for nothing. Axes are own fields, ``token`` a hash; what was not said of a matter is ``None``.
    """

    score: Whole = 0
    token: Mark = ""
    causes: tuple[Word, ...] = ()
    overall: Whole = 0
    satisfied: bool | None = None
    resolved: bool | None = None
    skipped: Name = ""
    """Why what follows dissatisfaction was not done: the code of its refusal."""


class Assessed(Event, tag="assessed"):
    """The authority's evaluation: efficiency and effect, or the axes that the policy names, as own fields."""

    efficiency: Whole = 0
    effect: Whole = 0


class RectificationLinked(Event, tag="rectification-linked"):
    """整改: the case was linked to a rectification that it gave rise to."""

    rectification: Word = ""


class RectificationVerified(Event, tag="rectification-verified"):
    """A linked rectification was checked and found done."""

    rectification: Word = ""


class RectificationDropped(Event, tag="rectification-dropped"):
    """A linked rectification will not be carried out: the case waits for it no more."""

    rectification: Word = ""


class Closed(Event, tag="closed"):
    """The case ended in the ordinary way."""


class Reopened(Event, tag="reopened"):
    """A new cycle began."""


class Withdrawn(Event, tag="withdrawn"):
    """The citizen took the inquiry back."""


class Rejected(Event, tag="rejected"):
    """The office did not take the inquiry on, with a reason code."""

    code: Word = ""


class Merged(Event, tag="merged"):
    """The case is a duplicate and follows its primary from now on."""

    primary: Name = ""


class Followed(Event, tag="followed"):
    """A duplicate was merged into this case."""

    follower: Name = ""


class Resumed(Event, tag="resumed"):
    """The primary was withdrawn or rejected; the case goes on by itself.

    ``led`` are the units that held the primary meanwhile, as ``(from, to, unit)``: what breached in that time
    is theirs.
    """

    led: tuple[tuple[Instant, Instant, Name], ...] = ()


class Linked(Event, tag="linked"):
    """The case was linked to another one; the other one's history says the same, in the same append.

    The link leads from this case to the other one, or, ``inward``, from the other one to this.
    """

    type: Name = ""
    case: Name = ""
    inward: bool = False
    is_public: bool = False
    """Whether the policies of both ends let anyone see it."""
    skipped: Name = ""
    """Why the action that goes with it was not taken: the code of its refusal."""


class Unlinked(Event, tag="unlinked"):
    """A link was taken back, at both ends; that it was there stays on record."""

    type: Name = ""
    case: Name = ""
    inward: bool = False


class LinkedCaseMoved(Event, tag="linked-case-moved"):
    """A linked case came to a state that the rules of this one ask about."""

    type: Name = ""
    case: Name = ""
    inward: bool = False
    state: Word = ""
    final: bool = False
    """Whether the linked case has ended by that."""
    skipped: Name = ""
    """Why the action that follows was not taken: the code of its refusal."""
    is_act: ClassVar[bool] = False


class Returned(Event, tag="returned"):
    """退单: the unit gave the case back to the coordinator."""


class Transferred(Event, tag="transferred"):
    """The case went to another unit."""

    unit: Name = ""


class ExtensionRequested(Event, tag="extension-requested"):
    """More time was asked for; this alone stops nothing.

    It is for one instance of a clock, by days, weeks or months, or until the end of a date (``2025-05-30``).
    """

    clock: Name = ""
    subject: Word = ""
    cycle: Turn = 1
    days: Count = 0
    weeks: Count = 0
    months: Count = 0
    until: Word = ""


class ExtensionGranted(Event, tag="extension-granted"):
    """More time was granted to one instance of a clock, for every rung that is not yet effective."""

    clock: Name = ""
    subject: Word = ""
    cycle: Turn = 1
    days: Count = 0
    weeks: Count = 0
    months: Count = 0
    until: Word = ""


class ExtensionRefused(Event, tag="extension-refused"):
    """More time was refused to one instance of a clock."""

    clock: Name = ""
    subject: Word = ""
    cycle: Turn = 1


class Attached(Event, tag="attached"):
    """A file was attached; the portal keeps the bytes."""

    reference: Word = ""
    sha256: Word = ""
    size: Count = 0
    media_type: Word = ""


class Redacted(Event, tag="redacted"):
    """Personal texts were erased with their salts; the events that carry their hashes stay as they are."""

    fields: tuple[Word, ...] = ()
    basis: Word = ""


class Acted(Event, tag="acted"):
    """An action of the policy's own."""

    action: Name = ""
    fields: Fields = ()


class ReceiptSigned(Event, tag="receipt-signed"):
    """签收: the unit that a numbered document is addressed to signed for it."""

    document: Word = ""


class AppealUpheld(Event, tag="appeal-upheld"):
    """申诉成立: a card was found not to be owed; its annulment follows, and it comes no more in its cycle."""

    clock: Name = ""
    level: Name = ""
    subject: Word = ""
    cycle: Turn = 1


class Migrated(Event, tag="migrated"):
    """The case follows another policy or calendar from now on: its history was folded under the new rules.

    ``renamed`` holds ``(old name, new name)`` of clocks that the new rules call otherwise; the cards of the
    old name stand under it. Unless ``retroactive``, each rung keeps the later of its old and its new instant.
    ``taken`` holds ``(action, instant, cycle, unit, actor)`` of what was done before that the new rules
    ask about.
    """

    policy_hash: Mark = ""
    zone: Name = "UTC"
    policy: Name = ""
    retroactive: bool = True
    renamed: tuple[tuple[Name, Name], ...] = ()
    taken: tuple[tuple[Name, Instant, Turn, Name, Name], ...] = ()


class RungEvent(Event):
    """A rung was reached: at its own instant, noticed at ``detected_us``, under the unit of that time."""

    clock: Name = ""
    subject: Word = ""
    cycle: Turn = 1
    level: Name = ""
    unit: Name = ""
    detected_us: Instant = 0
    skipped: Name = ""
    """Why the rung's timed action was not taken: the code of its refusal."""
    is_act: ClassVar[bool] = False

    inherited: bool = False
    """Whether it was reached before the case was adopted: it stands, and nobody is told."""


class Reminded(RungEvent, tag="reminded"):
    """A warning rung was reached."""


class CardIssued(RungEvent, tag="card-issued"):
    """A breach rung was reached."""


class CardAnnulled(Event, tag="card-annulled"):
    """A card or reminder no longer holds; it stays on record with what made it void.

    ``cause`` is the registered name of that event, or the name of the policy's own action.
    """

    clock: Name = ""
    subject: Word = ""
    cycle: Turn = 1
    level: Name = ""
    issued_us: Instant = 0
    cause: Word = ""


class UnknownEvent(Event):
    """An event whose name is not registered: its bytes are kept, the case is incomplete."""

    unknown: str = ""
    body: bytes = b""


class Former(Event):
    """A form that an event had in an earlier version, under a tag of its own: read for ever, written no more.

    A changed event takes a new tag, and its old class becomes an heir of this one in `AnyEvent`. None is yet.
    """

    def today(self) -> Event:
        """The event as it is written today."""
        raise LookupError(f"{type(self).__name__} says no form of today")


AnyEvent = (
    Submitted | Adopted | Acknowledged | Routed | ChargeTaken | Dispatched | CoHandlerAdded | Reported
    | InformationRequested | InformationReceived | Replied | PlaceholderReplied | Noted | ReplyRetracted
    | Completed | Invited | InvitationRevoked | Rated | Assessed | RectificationLinked
    | RectificationVerified | RectificationDropped | Closed | Reopened | Withdrawn | Rejected | Merged
    | Followed | Resumed | Returned | Transferred | ExtensionRequested | ExtensionGranted
    | ExtensionRefused | Attached | Redacted | Acted | ReceiptSigned | AppealUpheld | Migrated
    | Linked | Unlinked | LinkedCaseMoved | Reminded | CardIssued | CardAnnulled
)  # fmt: skip
"""Every event that has a registered name."""

EVENTS: dict[str, type[Event]] = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyEvent)}
"""Registered name -> class."""

for _name, _kind in EVENTS.items():
    _kind.name = _name
