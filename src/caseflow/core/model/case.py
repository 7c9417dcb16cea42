"""The case and what it holds: clocks, cards, and the record of its life. Values only; `evolve` makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from datetime import date, datetime

from msgspec.structs import astuple

from caseflow.core.model.clock_run import ClockRun, deadline_of, latest, waits_from
from caseflow.core.model.commands import NOWHERE, CaseState
from caseflow.core.model.events import (
    UNKNOWN_ORIGIN,
    ExtensionGranted,
    ExtensionRequested,
    Fields,
    FieldValue,
    Origin,
)
from caseflow.core.policy import Stage
from caseflow.core.time.instants import moment
from caseflow.core.value import CompactValue


class Reply(CompactValue):
    """A public substantive reply: when, in which cycle, and whether it was taken back."""

    at_us: int
    cycle: int
    retracted_us: int | None = None


class ExtensionRequest(CompactValue):
    """An extension of one instance that waits for an answer: of how much, or until the end of which date."""

    clock: str
    subject: str
    cycle: int
    at_us: int
    days: int = 0
    weeks: int = 0
    months: int = 0
    until: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """The instance for which it was asked."""
        return self.clock, self.subject, self.cycle


def extension_length(part: ExtensionRequest | ExtensionRequested | ExtensionGranted) -> tuple[str, int]:
    """The unit and the amount of an extension; of a date its ordinal; an empty unit for none."""
    if part.until:
        return "until", date.fromisoformat(part.until).toordinal()
    lengths = (("days", part.days), ("weeks", part.weeks), ("months", part.months))
    return next(((unit, amount) for unit, amount in lengths if amount), ("", 0))


class Rating(CompactValue):
    """The citizen's evaluation, in the cycle it was given.

    Attributes:
        score: 1 to 5, for the whole; 0 where none was given, or it says nothing.
        by: the role of whoever recorded it.
        is_own: whether the citizen gave it, by themselves or by a one-time token; else an officer who asked.
        satisfied, resolved: what it says of either, by the policy's scales; nothing where it does not.
        causes: what was said to be the causes of dissatisfaction.
        fields: the axes, and whatever else the policy's own fields of ``rate`` hold.
        token: the hash of the token that it was given by.
    """

    at_us: int
    score: int
    cycle: int
    by: str = ""
    is_own: bool = False
    satisfied: bool | None = None
    resolved: bool | None = None
    causes: tuple[str, ...] = ()
    fields: Fields = ()
    token: str = ""

    @property
    def at(self) -> datetime:
        """When it was given (UTC)."""
        return moment(self.at_us)


class Assessment(CompactValue):
    """The authority's evaluation of efficiency and effect, or, in ``fields``, of the axes of its policy."""

    at_us: int
    efficiency: int
    effect: int
    cycle: int = 1
    fields: Fields = ()

    @property
    def marks(self) -> dict[str, FieldValue]:
        """Each axis with what was said of it."""
        builtin = {"efficiency": self.efficiency, "effect": self.effect}
        return {name: mark for name, mark in builtin.items() if mark} | dict(self.fields)


class Invitation(CompactValue):
    """That a one-time token was issued by which a cycle of the case may be rated; the hash of the token."""

    token: str
    at_us: int
    cycle: int


class Rectification(CompactValue):
    """A rectification the case is linked to, and when it was verified, or dropped, by the first of either."""

    id: str
    linked_us: int
    verified_us: int | None = None
    dropped_us: int | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the case still waits for it."""
        return self.verified_us is None and self.dropped_us is None


class CaseLink(CompactValue):
    """Another case that this one is linked to, or, ``inward``, that is linked to this one.

    ``state`` and ``has_ended`` tell of the other one what the rules ask about, as far as it came to pass.
    """

    type: str
    case: str
    inward: bool
    at_us: int
    is_public: bool = False
    state: str = ""
    has_ended: bool = False

    @property
    def key(self) -> tuple[str, str, bool]:
        """What tells the links of a case apart."""
        return self.type, self.case, self.inward


class Attachment(CompactValue):
    """A file the portal keeps: where it is and what it must hash to."""

    reference: str
    sha256: str
    size: int
    media_type: str


class Redaction(CompactValue):
    """An erasure of personal texts: at which version, of which names, on which legal basis."""

    at_us: int
    version: int
    fields: tuple[str, ...]
    basis: str


class Receipt(CompactValue):
    """签收: who signed for a numbered document, for which unit, and when."""

    document: str
    at_us: int
    by: str
    unit: str


class Facts(CompactValue):
    """The record of a case's life that most commands do not change."""

    cycle: int = 1
    past_units: tuple[tuple[int, str], ...] = ()
    """``(until, unit)`` of earlier holders, oldest first; an empty unit for nobody."""
    co_handlers: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()
    returns: int = 0
    reopens: int = 0
    extensions: tuple[ExtensionRequest, ...] = ()
    """Those that wait for an answer; see `Case.pending_extensions`."""
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
    reopenings: tuple[int, ...] = ()
    """When each cycle but the first began, oldest first."""
    renamed: tuple[tuple[str, str], ...] = ()
    """``(old name, new name)`` of clocks that a change of rules gave another name."""
    merged_us: int | None = None
    """Since when the case follows its primary."""
    led: tuple[tuple[int, int, str], ...] = ()
    """``(from, to, unit)`` of units that held the primary while the case followed it."""
    came_from: str = ""
    """The state in which it was before the one it is in, where rules lead back; empty for none or unknown."""
    taken: tuple[tuple[str, int, int, str, str], ...] = ()
    """``(action, instant, cycle, unit, actor)`` of what was done, of actions that a rule asks about: the unit
    that was asked to help, else the one that acted; see `Case.taken`."""
    links: tuple[CaseLink, ...] = ()
    """The links that stand, in the order in which they were made."""
    invitation: Invitation | None = None
    """The one-time token that was issued last, unless it was revoked."""

    appealed: tuple[tuple[str, str, int, str], ...] = ()
    """``(clock, subject, cycle, level)`` of cards that were annulled on appeal: they come no more."""

    def cycle_at(self, us: int) -> int:
        """The cycle in which an instant lies."""
        return 1 + sum(begun <= us for begun in self.reopenings) if self.reopenings else 1


NOTHING_YET = Facts()
"""Before anything happened."""


def renamed(names: tuple[tuple[str, str], ...], clock: str) -> str:
    """What a clock is called after these changes of ``(old name, new name)``, in their order."""
    for old, new in names:
        clock = new if clock == old else clock
    return clock


class Card(CompactValue):
    """A rung that was reached: a card (breach) or a reminder (warning). Evidence, so never deleted.

    Attributes:
        level: ``yellow``, ``red``, ``urge``... as the policy names it.
        clock, subject, cycle: the clock instance; cycles count from 1.
        unit: who held the case at `effective_at`.
        annulled_us, annulled_because: set when a later fact showed that the card does not hold: when that
            was told, and the name of its event, or of the policy's own action.
        inherited: it took effect before the case was adopted, and was told to nobody.
    """

    case_id: str
    level: str
    clock: str
    subject: str
    cycle: int
    unit: str
    effective_us: int
    detected_us: int
    is_breach: bool
    zone: str
    annulled_us: int | None = None
    annulled_because: str = ""
    inherited: bool = False

    @property
    def addressee(self) -> str:
        """The unit it is meant for: the clock's subject where it has one, else who held the case."""
        return self.subject or self.unit

    @property
    def effective_at(self) -> datetime:
        """When it took effect, in the office's zone."""
        return moment(self.effective_us, self.zone)

    @property
    def detected_at(self) -> datetime:
        """When it was noticed, in the office's zone."""
        return moment(self.detected_us, self.zone)

    @property
    def annulled_at(self) -> datetime | None:
        """When it was annulled, in the office's zone; ``None`` while it stands."""
        return None if self.annulled_us is None else moment(self.annulled_us, self.zone)

    @property
    def stands(self) -> bool:
        """Whether it was not annulled."""
        return self.annulled_us is None


class Case(CompactValue):
    """A citizen's inquiry at one version. Instants inside are epoch microseconds; see the properties.

    Attributes:
        version: the number of events so far.
        place: state, stage and whether it is an end.
        unit: who holds the case; empty for nobody.
        citizen: the id of whoever asked.
        last_us: the instant of the last event; `acted_us`: of the last that was not a card or reminder.
        next_due_us: the earliest instant at which the next rung fires.
        clocks: every instance, oldest first.
        steps: handling steps (四步曲) recorded in this cycle, in order of their first record.
        escalations: every card and reminder, oldest effective instant first as a rule.
    """

    id: str
    version: int = 0
    place: CaseState = NOWHERE
    unit: str = ""
    citizen: str = ""
    submitted_us: int = 0
    last_us: int = 0
    acted_us: int = 0
    next_due_us: int | None = None
    clocks: tuple[ClockRun, ...] = ()
    escalations: tuple[Card, ...] = ()
    steps: tuple[str, ...] = ()
    origin: Origin = UNKNOWN_ORIGIN
    facts: Facts = NOTHING_YET

    @property
    def is_repeat(self) -> bool:
        """Whether it answers a command that was taken before under the same idempotency key."""
        return False

    @property
    def state(self) -> str:
        """The key of the state."""
        return self.place.state

    @property
    def stage(self) -> Stage:
        """Inquiry, handling, evaluation, rectification or ended."""
        return Stage(self.place.stage)

    @property
    def is_open(self) -> bool:
        """Whether the state is not an end."""
        return not self.place.final

    @property
    def cards(self) -> tuple[Card, ...]:
        """Breaches, annulled ones included, in the order of `effective_at` as a rule."""
        return tuple([card for card in self.escalations if card.is_breach])

    @property
    def reminders(self) -> tuple[Card, ...]:
        """Warnings, in the same order."""
        return tuple(card for card in self.escalations if not card.is_breach)

    @property
    def submitted_at(self) -> datetime:
        """When the inquiry was made, in the office's zone."""
        return moment(self.submitted_us, self.origin.zone)

    @property
    def next_due(self) -> datetime | None:
        """When the next rung fires if nobody acts, in the office's zone."""
        return None if self.next_due_us is None else moment(self.next_due_us, self.origin.zone)

    @property
    def deadline_us(self) -> int | None:
        """The earliest first-late instant over the running clocks, passed or not."""
        return deadline_of(self.clocks)

    @property
    def deadline(self) -> datetime | None:
        """`deadline_us` in the office's zone."""
        due = self.deadline_us
        return None if due is None else moment(due, self.origin.zone)

    @property
    def waits_from(self) -> int | None:
        """The earliest "not before" among rungs that wait for a calendar."""
        return waits_from(self.clocks)

    @property
    def level(self) -> str:
        """The level of its highest card that stands, by the breaches of the card's ladder; empty without any.

        Of two equally high ones it is the later.
        """
        if not self.escalations:
            return ""
        ladders = {run.key: run.ladder for run in self.clocks}
        best = (-2, 0, "")
        for card in self.escalations:
            if card.is_breach and card.stands:
                breaches = [level for level, hard in ladders.get(self.clock_of(card), ()) if hard]
                height = breaches.index(card.level) if card.level in breaches else -1
                best = max(best, (height, card.effective_us, card.level))
        return best[2]

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The public substantive replies of the present cycle that stand, in the order of their record."""
        cycle, replies = self.facts.cycle, self.facts.replies
        return tuple(reply for reply in replies if reply.cycle == cycle and reply.retracted_us is None)

    @property
    def has_reply(self) -> bool:
        """Whether a public substantive reply of the present cycle stands."""
        return bool(self.replies)

    @property
    def rating(self) -> Rating | None:
        """The citizen's evaluation in the present cycle, the last one where it was changed since.

        None where what it was of was taken back since.
        """
        facts = self.facts
        if not facts.ratings:
            return None
        present = [rating for rating in facts.ratings if rating.cycle == facts.cycle]
        if not present:
            return None
        rating = max(reversed(present), key=lambda one: one.at_us)  # at one instant the last that was told
        rated = [
            reply for reply in facts.replies if reply.cycle == rating.cycle and reply.at_us <= rating.at_us
        ]
        return rating if not rated or any(reply.retracted_us is None for reply in rated) else None

    def taken(self, action: str, us: int) -> tuple[tuple[int, int], ...]:
        """When the action was taken and in which cycle, in the order of recording.

        It is known of actions that a rule of the policy asks about.

        A reply that had been taken back at the instant `us` counts as none, nor does what was done before a
        takeover, the submission and the replies apart.
        """
        if action == "submit":
            return ((self.submitted_us, 1),)
        if action == "reply":
            replies = self.facts.replies
            return tuple(
                [(r.at_us, r.cycle) for r in replies if r.retracted_us is None or r.retracted_us > us]
            )
        return tuple([(at, cycle) for name, at, cycle, *_ in self.facts.taken if name == action])

    @property
    def pending_extensions(self) -> tuple[ExtensionRequest, ...]:
        """Extensions that wait for an answer: a request dies with the instance for which it was made."""
        if not self.facts.extensions:
            return ()
        running = {run.key for run in self.clocks if run.until_us is None}
        return tuple(request for request in self.facts.extensions if request.key in running)

    def unit_at(self, us: int) -> str:
        """Who held the case at the instant, or its primary while it followed one.

        A hand-over at that very instant comes after it.
        """
        for begin, end, unit in self.facts.led:
            if begin < us <= end:
                return unit
        return self.own_unit_at(us)

    def led_between(self, begin: int, end: int) -> Iterator[tuple[int, int, str]]:
        """``(from, to, unit)`` of whoever held the case in that time, in the order of time."""
        turns = {until for until, _ in self.facts.past_units}
        turns.update(instant for since, until, _ in self.facts.led for instant in (since, until))
        for turn in [*sorted(turn for turn in turns if begin < turn < end), end]:
            if begin < turn:
                yield begin, turn, self.unit_at(turn)
            begin = turn

    def own_unit_at(self, us: int) -> str:
        """Who held the case itself at the instant, whatever it followed then."""
        for until, unit in self.facts.past_units:
            if us <= until:
                return unit
        return self.unit

    def running(self, clock: str, subject: str = "") -> ClockRun | None:
        """The instance of that clock and subject that has not ended."""
        for run in self.clocks:
            if run.clock == clock and run.subject == subject and run.until_us is None:
                return run
        return None

    def latest(self, clock: str, subject: str = "") -> ClockRun | None:
        """The newest instance of that clock and subject."""
        return latest(self.clocks, clock, subject)

    @property
    def appealed(self) -> Iterator[tuple[tuple[str, str, int], str]]:
        """The instance and level of each card annulled on appeal, by the name that its clock has now."""
        for clock, subject, cycle, level in self.facts.appealed:
            yield (renamed(self.facts.renamed, clock), subject, cycle), level

    def clock_of(self, card: Card) -> tuple[str, str, int]:
        """The instance that a card belongs to, by the name that its clock has now."""
        return renamed(self.facts.renamed, card.clock), card.subject, card.cycle


class RepeatedCase(Case):
    """The case as the first command of an idempotency key left it, given to whoever repeats that command.

    It is equal to the case that the first one was given.
    """

    @property
    def is_repeat(self) -> bool:
        """True."""
        return True

    def __eq__(self, other: object) -> bool:
        """Whether it is the same case at the same version, said again or for the first time."""
        return isinstance(other, Case) and astuple(self) == astuple(other)

    def __ne__(self, other: object) -> bool:
        """Whether it is another; a struct's own would look at the class."""
        return not self == other

    def __hash__(self) -> int:
        """That of the case."""
        return hash(Case(*astuple(self)))

    @classmethod
    def of(cls, case: Case) -> RepeatedCase:
        """The case, said again."""
        return cls(*astuple(case))


Key = tuple[str, str, int, str, int]
"""A card: clock, subject, cycle, level, and the instant at which it took effect."""


def card_key(card: Card) -> Key:
    """What identifies a card within its case, but for one that was annulled and issued again as it was."""
    return card.clock, card.subject, card.cycle, card.level, card.effective_us


def document_id(case_id: str, key: Key, times: int) -> str:
    """The id of the document that goes with a card; no person and no case is told by it.

    Args:
        times: how many cards of that key were annulled before.
    """
    parts = (case_id, *map(str, key), str(times))
    return f"d-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"


def documents_of(kinds: Container[tuple[str, str]], case: Case) -> Iterator[tuple[str, Card]]:
    """The cards of a case with which a numbered document goes, each with the document's id, oldest first.

    Args:
        kinds: the clocks and levels with which one goes, as `NoticeRoutes.documents` has them.
    """
    times: dict[Key, int] = {}
    for card in case.escalations:
        key = card_key(card)
        if (case.clock_of(card)[0], card.level) in kinds:
            yield document_id(case.id, key, times.get(key, 0)), card
        if not card.stands:
            times[key] = times.get(key, 0) + 1
