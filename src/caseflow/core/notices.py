"""Notices and numbered documents: as stores keep them, and which of them a case's events owe. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from caseflow.core.bounds import EARLIEST, LATEST, MOST_DOCUMENTS, Count, Instant, Name, Turn, Word
from caseflow.core.engine.compiled_policy import CompiledPolicy, NoticeRoute, Routes
from caseflow.core.model import events as e
from caseflow.core.model.case import Case, Key, card_key, document_id
from caseflow.core.time.instants import moment
from caseflow.core.value import Value

PENDING: Final = "pending"
"""Waits for a relay, from ``next_try_us`` on."""
LEASED: Final = "leased"
"""A relay has it; when the lease runs out without a word, another may claim it."""
SENT: Final = "sent"
"""Was told, at ``told_us``. Never goes back."""
DEAD: Final = "dead"
"""Was given up; `requeue` brings it back."""
CANCELLED: Final = "cancelled"
"""What it would tell no longer holds."""
COLLAPSED: Final = "collapsed"
"""Was told together with another, whose id is ``into``."""
TAKEN_BACK: Final = "taken-back"
"""The error of a notice that was cancelled by a later act."""
TOLD = (SENT, COLLAPSED)
"""Of a notice that was told, by itself or with another; neither ever goes back."""
STATUSES = (PENDING, LEASED, SENT, DEAD, CANCELLED, COLLAPSED)

RETRY = "retry"
"""An outcome, not a status: it becomes pending again."""
UNSURE = "unsure"
"""Of a corrected notice that was cancelled or given up: a lease of it once ran out without a word, or not all
whom it is for were reached. Somebody may have been told."""

Status = Literal["pending", "leased", "sent", "dead", "cancelled", "collapsed"]
"""What may become of a notice."""
_NOTHING: Mapping[str, Any] = {}


class Notice(Value, gc=False):
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

    id: Word
    case_id: Name
    version: Turn
    topic: Name
    level: Name = ""
    role: Name = ""
    unit: Word = ""
    channel: Name = ""
    at_us: Instant = 0
    corrects: Word = ""
    body: Mapping[str, Any] = _NOTHING


class Posted(Value, gc=False):
    """A notice as the store keeps it: its position, and what became of it.

    Attributes:
        status: one of `STATUSES`.
        attempts: how often it was claimed since it was posted or requeued.
        next_try_us: from when it may be claimed; while leased, the end of the lease; `None` when settled.
        token: whose lease it is; empty for nobody's.
        told_us: when it was sent; of one that is not `SENT`, when somebody may have been told.
        error: the code of what went wrong last.
        into: the id of the notice that told it, when it was collapsed.
        reached: the deliveries of it that were handed on, each by the end of its id.
    """

    position: Count
    notice: Notice
    status: Status = PENDING
    attempts: Count = 0
    next_try_us: Instant | None = None
    token: Name = ""
    told_us: Instant | None = None
    error: Word = ""
    into: Word = ""
    reached: tuple[Name, ...] = ()


class Held(Value, gc=False):
    """A notice that was claimed.

    Attributes:
        token: the claim's; it must come back with the outcome.
        attempt: 1 for the first.
        corrected: the status of the notice that this one corrects, or `UNSURE`; empty without one.
        reached: the deliveries of it that were handed on before; see `Posted`.
    """

    notice: Notice
    token: str
    attempt: int
    corrected: str = ""
    reached: tuple[str, ...] = ()


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
    """Of one that goes back: that nobody failed to tell it, so that the attempt does not count."""
    reached: tuple[str, ...] = ()
    """The deliveries that were handed on by now, those of earlier attempts among them; see `Posted`."""


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
    return _outcome(held, SENT, told_us)


def retry(held: Held, next_try_us: int, error: str, *, told_us: int | None = None) -> Outcome:
    """It failed with that code, and is pending again from the instant on.

    Args:
        told_us: when some of those whom it is for were told all the same.
    """
    return _outcome(held, RETRY, next_try_us, error).replace(told_us=told_us)


def untried(held: Held, next_try_us: int, error: str = "") -> Outcome:
    """It was not tried and goes back, pending again from the instant on; the attempt does not count."""
    return _outcome(held, RETRY, next_try_us, error).replace(untried=True)


def dead(held: Held, error: str) -> Outcome:
    """It is given up, with the code of the last failure."""
    return _outcome(held, DEAD, error=error)


def cancelled(held: Held, error: str = "") -> Outcome:
    """Nobody needs to be told any more, with the code of the reason."""
    return _outcome(held, CANCELLED, error=error)


def collapsed(held: Held, into: str) -> Outcome:
    """It was told together with the notice of that id."""
    return _outcome(held, COLLAPSED).replace(into=into)


def _outcome(held: Held, status: str, at_us: int | None = None, error: str = "") -> Outcome:
    """Whoever was reached before stays so."""
    return Outcome(held.notice.id, held.token, status, at_us, error, reached=held.reached)


class Draft(Value, gc=False):
    """A document to be numbered in its series and year.

    Attributes:
        id: stable; the same id again is the same document, with the number it has.
        series: the office's series of numbers, such as ``催办``.
        year: the year of issue in the office's zone.
        version: the case's version after the event that issues it.
        body: a small JSON object, without personal texts.
    """

    id: Word
    series: Name
    year: Annotated[int, Meta(ge=1, le=9999)]
    case_id: Name
    version: Turn
    body: Mapping[str, Any] = _NOTHING


class Void(Value):
    """作废: a document no longer holds, since the instant and for the reason; its number stays taken."""

    id: str
    at_us: int
    reason: str = ""


class Document(Value):
    """A numbered document. Numbers of a series and year run from 1 without a gap and are never reused."""

    draft: Draft
    number: Annotated[int, Meta(ge=1, le=MOST_DOCUMENTS)]
    voided_us: Instant | None = None
    void_reason: Word = ""

    @property
    def is_void(self) -> bool:
        """Whether it was voided (作废)."""
        return self.voided_us is not None


def whole(body: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    """The instant or count that a body of a notice or document has under the name; else the other."""
    value = body.get(name)
    return value if type(value) is int and EARLIEST <= value <= LATEST else otherwise


def effective(notice: Notice) -> int:
    """When what the notice of an act tells took effect, which may be long before it was told to the desk."""
    return whole(notice.body, "since_us", notice.at_us)


# -- what is owed ---------------------------------------------------------------------------------------

CORRECTION, DOCUMENT, CARD, REMINDER = "correction", "document", "card", "reminder"
OF_RUNGS = frozenset({CARD, REMINDER, DOCUMENT})
"""Topics of the notices of a rung."""
UNASSIGNED: Final[Mapping[str, Any]] = {"unassigned": True}
"""In the body of a notice that is told only while no unit holds the case."""
REPEATED = (
    "unit", "days", "clock", "code", "score", "efficiency", "effect", "primary", "rectification", "document",
)  # fmt: skip
"""What a notice repeats of its event: neither texts nor people."""


class Owed(Value, gc=False):
    """What goes with an append; see `caseflow.ports.Append`."""

    notices: tuple[Notice, ...] = ()
    cancels: tuple[str, ...] = ()
    documents: tuple[Draft, ...] = ()
    voids: tuple[Void, ...] = ()


NOTHING = Owed()
Posts = Callable[[], Iterable[Notice]]
"""Gives the notices of a case that were posted so far."""


def owed(
    rules: CompiledPolicy,
    case: Case,
    events: Sequence[e.Event],
    *,
    posted: Posts = tuple,
    adopted: CompiledPolicy | None = None,
) -> Owed:
    """Who must be told what because of the events. The same whoever computes it.

    A card that one of the events issues and a later one annuls is told to nobody and numbers no document; so
    is an inherited one. Where the rules number cases, a submission owes the case its number.
    A card annulled that was posted before has its notices cancelled, and a correction posted for each, which
    the relay sends only to those who were told. So it is with a reply that is taken back.

    Args:
        rules: the rules the case pins before the events.
        case: the case before the events.
        posted: gives every notice of the case so far; asked only when a card or reply is taken back.
        adopted: the rules that hold from a `Migrated` on.
    """
    if len(events) == 1 and type(events[0]) not in _OWE_MORE:  # nearly always: what follows is for others
        (event,) = events
        routes = rules.routes.of(event)
        unit = getattr(event, "unit", "") if type(event) in _HOLDERS else case.unit
        return Owed(tuple(_of_event(routes, case.id, case.version + 1, event, unit))) if routes else NOTHING
    annulled = _annulled_at_once(events) if len(events) > 1 else set[int]()
    times: dict[Key, int] = _annulled_before(case) if case.escalations else {}
    notices: list[Notice] = []
    documents: list[Draft] = []
    cancels: list[str] = []
    late: list[_Annulled] = []
    unit, version = case.unit, case.version
    for index, event in enumerate(events):
        version += 1
        kind = type(event)
        if isinstance(event, e.RungEvent):
            if index not in annulled and not event.inherited:
                draft = _draft(rules, case.id, version, event, times)
                documents += [draft] if draft else []
                routes = rules.routes.of_rungs.get((event.clock, event.level), ())
                notices += _of_rung(routes, case.id, version, event, draft)
            continue
        if isinstance(event, e.CardAnnulled):
            key = _key(event)
            if index not in annulled:
                late.append((version, event, document_id(case.id, key, times.get(key, 0))))
            times[key] = times.get(key, 0) + 1
            continue
        if kind in _HOLDERS:
            unit = getattr(event, "unit", "")
            if isinstance(event, e.Submitted) and rules.routes.case_series:
                documents.append(_case_number(rules, case.id, version, event))
        elif kind is e.Migrated and adopted is not None:
            rules = adopted
        elif isinstance(event, e.ReceiptSigned) and _is_signed(case, event):
            continue
        routes = rules.routes.of(event)
        owing = _of_event(routes, case.id, version, event, unit) if routes else []
        if isinstance(event, e.ReplyRetracted):
            untold = _untold(case, event, posted())
            cancels += [notice.id for notice in untold]
            owing = [_taking_back(notice, untold) for notice in owing]
        notices += owing
    if late:
        annulled_notices, corrections = _corrected(case.id, late, tuple(posted()))
        cancels += annulled_notices
        notices += corrections
    if not (notices or documents or cancels or late):
        return NOTHING
    voids = tuple(Void(document, event.at_us, event.cause) for _, event, document in late)
    return Owed(tuple(notices), tuple(cancels), tuple(documents), voids)


_Annulled = tuple[int, e.CardAnnulled, str]
"""The version of an annulment, the event, and the id that the card's document has if there is one."""
_HOLDERS = frozenset({e.Submitted, e.Adopted, e.Routed, e.Transferred, e.Returned})
"""Events after which another unit, or nobody, holds the case."""
_OWE_MORE = frozenset(
    {e.Submitted, e.CardIssued, e.Reminded, e.CardAnnulled, e.Migrated, e.ReceiptSigned, e.ReplyRetracted}
)
"""Events that may owe more than what their routes say, or less."""


def _is_signed(case: Case, event: e.ReceiptSigned) -> bool:
    return any(receipt.document == event.document for receipt in case.facts.receipts)


def _key(event: e.RungEvent | e.CardAnnulled) -> Key:
    at = event.issued_us if type(event) is e.CardAnnulled else event.at_us
    return event.clock, event.subject, event.cycle, event.level, at


def _annulled_before(case: Case) -> dict[Key, int]:
    return Counter([card_key(card) for card in case.escalations if not card.stands])


def _annulled_at_once(events: Sequence[e.Event]) -> set[int]:
    """The places of cards and annulments that cancel each other out."""
    places: set[int] = set()
    open_at: dict[Key, int] = {}
    for index, event in enumerate(events):
        if isinstance(event, e.RungEvent):
            open_at[_key(event)] = index
        elif type(event) is e.CardAnnulled:
            begun = open_at.pop(_key(event), None)
            if begun is not None:
                places |= {begun, index}
    return places


def _untold(case: Case, event: e.ReplyRetracted, posted: Iterable[Notice]) -> list[Notice]:
    """What was posted of the replies that are taken back, whether or not anybody was told by now."""
    since, cycle = event.since_us, case.facts.cycle_at(event.since_us)
    replies = {
        reply.at_us
        for reply in case.facts.replies
        if reply.cycle == cycle and reply.at_us <= since and reply.retracted_us is None
    }
    return [notice for notice in posted if notice.topic == e.Replied.name and effective(notice) in replies]


def _taking_back(notice: Notice, untold: Sequence[Notice]) -> Notice:
    """The notice of a retraction, which goes to those alone who were told of the reply.

    Of several replies some may have been told, so that it goes out in any case.
    """
    way = (notice.role, notice.unit, notice.channel)
    replies = [one for one in untold if (one.role, one.unit, one.channel) == way]
    return notice.replace(corrects=replies[0].id) if len(replies) == 1 else notice


def _of_event(routes: Routes, case_id: str, version: int, event: e.Event, unit: str) -> list[Notice]:
    addressee = event.unit if type(event) is e.CoHandlerAdded else unit
    return _by_routes(
        routes, case_id, version, event, topic=event.name, addressee=addressee, body=_repeated(event)
    )


def _repeated(event: e.Event) -> dict[str, Any]:
    if type(event) is e.Acted:
        return {"action": event.action}
    names = _REPEATED_BY.get(type(event))
    if names is None:
        names = _REPEATED_BY[type(event)] = tuple([name for name in REPEATED if hasattr(event, name)])
    repeated: dict[str, Any] = {}
    if event.effective_us is not None:
        repeated["since_us"] = event.effective_us
    for name in names:
        value = getattr(event, name)
        if value:
            repeated[name] = value
    return repeated


_REPEATED_BY: dict[type[e.Event], tuple[str, ...]] = {}
"""Which of these names the events of a class have, as far as one came by."""


def _of_rung(
    routes: Routes, case_id: str, version: int, event: e.RungEvent, draft: Draft | None
) -> list[Notice]:
    topic = DOCUMENT if draft else CARD if type(event) is e.CardIssued else REMINDER
    body = _card(event) | ({"document": draft.id} if draft else {})
    addressee = event.subject or event.unit
    return _by_routes(
        routes, case_id, version, event, topic=topic, addressee=addressee, level=event.level, body=body
    )


def _card(event: e.RungEvent) -> dict[str, Any]:
    return {"clock": event.clock, "subject": event.subject, "cycle": event.cycle}


def _by_routes(
    routes: Routes,
    case_id: str,
    version: int,
    event: e.Event,
    *,
    topic: str,
    addressee: str,
    body: Mapping[str, Any],
    level: str = "",
) -> list[Notice]:
    """What is told of the event by each of these ways.

    Where there is no unit, those are told in the place of its people whom the policy names, once.
    """
    notices: list[Notice] = []
    for role, unit, route in recipients(routes, addressee):
        channel, content = route.channel, {"template": route.template, **body}
        if route.is_of_unit and not unit:
            content |= {"template": "unassigned_late" if level else "unassigned", **UNASSIGNED}
        name = notice_id(case_id, version, role, unit, channel)
        notices.append(
            Notice(
                name, case_id, version, topic,
                level=level, role=role, unit=unit, channel=channel, at_us=event.at_us, body=content,
            )
        )  # fmt: skip
    return notices


def recipients(routes: Routes, addressee: str) -> list[tuple[str, str, NoticeRoute]]:
    """Role, unit and way of each notice."""
    if addressee or not any(route.is_of_unit for route in routes):
        return [(route.role, addressee if route.is_of_unit else "", route) for route in routes]
    ways = list[tuple[str, str, NoticeRoute]]()
    seen = {(route.role, route.channel) for route in routes if not route.is_of_unit}
    for route in routes:
        for role in route.instead if route.is_of_unit else (route.role,):
            if not route.is_of_unit or (role, route.channel) not in seen:
                seen.add((role, route.channel))
                ways.append((role, "", route))
    return ways


def notice_id(case_id: str, version: int, role: str, unit: str, channel: str) -> str:
    """The id of what is told of the event with that version of the case to a role, by a channel.

    A letter, a hyphen and 32 hexadecimal digits: no person and no case is told by it.
    """
    named = f"{case_id}\0{version}\0{role}\0{unit}\0{channel}"
    return f"n-{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def _draft(
    rules: CompiledPolicy, case_id: str, version: int, event: e.RungEvent, times: Mapping[Key, int]
) -> Draft | None:
    """The numbered document of a rung: of the year in which it was noticed, in the office's zone."""
    kind = rules.routes.documents.get((event.clock, event.level))
    if kind is None:
        return None
    key = _key(event)
    year = moment(event.detected_us, rules.policy.timezone).year
    body = {
        **_card(event), "kind": kind.name, "level": event.level, "unit": event.subject or event.unit,
        "issuer": kind.issuer, "template": kind.template,
        "effective_us": event.at_us, "issued_us": event.detected_us,
    }  # fmt: skip
    name = document_id(case_id, key, times.get(key, 0))
    return Draft(name, kind.series, year, case_id=case_id, version=version, body=body)


def case_number_id(case_id: str) -> str:
    """The id under which a case has its number; no person and no case is told by it."""
    return f"c-{hashlib.sha256(case_id.encode()).hexdigest()[:32]}"


def _case_number(rules: CompiledPolicy, case_id: str, version: int, event: e.Submitted) -> Draft:
    """What gives a case its number: of the year in which it was recorded, in the office's zone."""
    year = moment(event.at_us, rules.policy.timezone).year
    series = rules.routes.case_series
    return Draft(case_number_id(case_id), series, year, case_id=case_id, version=version)


def _corrected(
    case_id: str, late: Sequence[_Annulled], posted: tuple[Notice, ...]
) -> tuple[tuple[str, ...], list[Notice]]:
    """The notices of annulled cards, and for each the one that takes it back."""
    taken_back = {notice.corrects for notice in posted if notice.corrects}
    cancels: list[str] = []
    corrections: list[Notice] = []
    for version, event, _ in late:
        for notice in posted:
            if notice.id in taken_back or not _is_of(notice, event):
                continue
            cancels.append(notice.id)
            body = {**notice.body, "template": CORRECTION, "cause": event.cause, "issued_us": event.issued_us}
            role, unit, channel = notice.role, notice.unit, notice.channel
            corrections.append(
                Notice(
                    notice_id(case_id, version, role, unit, channel),
                    case_id,
                    version,
                    CORRECTION,
                    level=notice.level,
                    role=role,
                    unit=unit,
                    channel=channel,
                    at_us=event.at_us,
                    corrects=notice.id,
                    body=body,
                )
            )
    return tuple(cancels), corrections


def _is_of(notice: Notice, event: e.CardAnnulled) -> bool:
    if notice.topic not in OF_RUNGS or notice.level != event.level or notice.at_us != event.issued_us:
        return False
    body = notice.body
    return (body.get("clock"), body.get("subject"), body.get("cycle")) == (
        event.clock,
        event.subject,
        event.cycle,
    )
