"""What is owed to people for a case's new events: notices, corrections and numbered documents. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.documents import Key, card_key, document_id, notice_id
from caseflow.core.instants import moment
from caseflow.core.rules import Rules
from caseflow.core.tellings import Tells
from caseflow.core.values import Value, maker, value
from caseflow.outbox import Draft, Notice, Void

CORRECTION, DOCUMENT, CARD, REMINDER = "correction", "document", "card", "reminder"
OF_RUNGS = frozenset({CARD, REMINDER, DOCUMENT})
"""Topics of what is told when a rung is reached."""
SAID = (
    "unit",
    "days",
    "clock",
    "code",
    "score",
    "efficiency",
    "effect",
    "primary",
    "rectification",
    "document",
)
"""What a notice repeats of its event: neither texts nor people."""

_notice = maker(Notice)


@value
class Owed(Value):
    """What goes with an append; see `caseflow.ports.Append`."""

    notices: tuple[Notice, ...] = ()
    cancels: tuple[str, ...] = ()
    documents: tuple[Draft, ...] = ()
    voids: tuple[Void, ...] = ()


NOTHING = Owed()


def is_told(rules: Rules, events: Iterable[e.Event]) -> bool:
    """Whether anything may be owed for the events: a quick answer that spares most commands the rest."""
    tellings = rules.tellings
    told = tellings.of_events
    for event in events:
        if event.name in told or isinstance(event, e.RungEvent | e.CardAnnulled | e.Acted):
            return True
    return False


def has_annulment(events: Iterable[e.Event]) -> bool:
    """Whether a card is annulled, so that `owed` needs what was posted before."""
    return any(type(event) is e.CardAnnulled for event in events)


def owed(
    rules: Rules,
    case: Case,
    events: Sequence[e.Event],
    *,
    posted: Iterable[Notice] = (),
    adopted: Rules | None = None,
) -> Owed:
    """Who must be told what because of the events. The same whoever computes it.

    A card that one of the events issues and a later one annuls is told to nobody and numbers no document; so
    is an inherited one.
    A card annulled that was posted before has its notices cancelled, and a correction posted for each, which
    the relay sends only to those who were told.

    Args:
        rules: the rules the case pins before the events.
        case: the case before the events.
        posted: every notice of the case so far; needed when a card is annulled.
        adopted: the rules that hold from a `RulesAdopted` on.
    """
    annulled = _annulled_at_once(events)
    times = _annulled_before(case)
    notices: list[Notice] = []
    documents: list[Draft] = []
    late: list[_Annulled] = []
    unit, version = case.unit, case.version
    for index, event in enumerate(events):
        version += 1
        if type(event) is e.RulesAdopted and adopted is not None:
            rules = adopted
        if isinstance(event, e.RungEvent):
            if index not in annulled and not event.inherited:
                draft = _draft(rules, case.id, version, event, times)
                documents += [draft] if draft else []
                notices += _of_rung(rules, case.id, version, event, draft)
        elif type(event) is e.CardAnnulled:
            key = _key(event)
            if index not in annulled:
                late.append((version, event, document_id(case.id, key, times.get(key, 0))))
            times[key] = times.get(key, 0) + 1
        else:
            if isinstance(event, _HOLDERS):
                unit = getattr(event, "unit", "")
            if type(event) is e.ReceiptSigned and _is_signed(case, event):
                continue
            notices += _of_event(rules.tellings.of(event), case.id, version, event, unit)
    if not late:
        return Owed(tuple(notices), (), tuple(documents)) if notices or documents else NOTHING
    cancels, corrections = _corrected(case.id, late, tuple(posted))
    voids = tuple(Void(document, event.at_us, event.cause) for _, event, document in late)
    return Owed((*notices, *corrections), cancels, tuple(documents), voids)


_Annulled = tuple[int, e.CardAnnulled, str]
"""The version of an annulment, the event, and the id that the card's document has if there is one."""
_HOLDERS = (e.Submitted, e.Adopted, e.Routed, e.Transferred, e.Returned)
"""Events after which another unit, or nobody, holds the case."""


def _is_signed(case: Case, event: e.ReceiptSigned) -> bool:
    return any(receipt.document == event.document for receipt in case.facts.receipts)


def _key(event: e.RungEvent | e.CardAnnulled) -> Key:
    at = event.issued_us if type(event) is e.CardAnnulled else event.at_us
    return event.clock, event.subject, event.cycle, event.level, at


def _annulled_before(case: Case) -> dict[Key, int]:
    return Counter([card_key(card) for card in case.rungs if not card.stands]) if case.rungs else {}


def _annulled_at_once(events: Sequence[e.Event]) -> set[int]:
    """The places of cards and annulments that cancel each other out."""
    found: set[int] = set()
    if len(events) == 1:
        return found
    open_at: dict[Key, int] = {}
    for index, event in enumerate(events):
        if isinstance(event, e.RungEvent):
            open_at[_key(event)] = index
        elif type(event) is e.CardAnnulled:
            begun = open_at.pop(_key(event), None)
            if begun is not None:
                found |= {begun, index}
    return found


def _of_event(tells: Tells, case_id: str, version: int, event: e.Event, unit: str) -> list[Notice]:
    made = []
    asked = event.unit if type(event) is e.CoHandlerAdded else unit
    for telling in tells:
        whose = asked if telling.is_of_unit else ""
        if telling.is_of_unit and not whose:
            continue
        body = {"template": telling.template, **_said(event)}
        made.append(
            _made(case_id, version, event.name, "", telling.role, whose, telling.channel, event, body)
        )
    return made


def _said(event: e.Event) -> dict[str, Any]:
    if type(event) is e.Acted:
        return {"action": event.action}
    names = _SAID_BY.get(type(event))
    if names is None:
        names = _SAID_BY[type(event)] = tuple([name for name in SAID if hasattr(event, name)])
    return {name: found for name in names if (found := getattr(event, name))}


_SAID_BY: dict[type[e.Event], tuple[str, ...]] = {}
"""Which of these names the events of a class have, as far as one was told."""


def _of_rung(
    rules: Rules, case_id: str, version: int, event: e.RungEvent, draft: Draft | None
) -> Iterator[Notice]:
    topic = DOCUMENT if draft else CARD if type(event) is e.CardIssued else REMINDER
    for telling in rules.tellings.of_rungs.get((event.clock, event.level), ()):
        whose = (event.subject or event.unit) if telling.is_of_unit else ""
        if telling.is_of_unit and not whose:
            continue
        body: dict[str, Any] = {"template": telling.template, **_card(event)}
        if draft:
            body["document"] = draft.id
        level, channel = event.level, telling.channel
        yield _made(case_id, version, topic, level, telling.role, whose, channel, event, body)


def _card(event: e.RungEvent) -> dict[str, Any]:
    return {"clock": event.clock, "subject": event.subject, "cycle": event.cycle}


def _made(
    case_id: str,
    version: int,
    topic: str,
    level: str,
    role: str,
    unit: str,
    channel: str,
    event: e.Event,
    body: dict[str, Any],
) -> Notice:
    name = notice_id(case_id, version, role, unit, channel)
    return _notice(name, case_id, version, topic, level, role, unit, channel, event.at_us, "", body)


def _draft(
    rules: Rules, case_id: str, version: int, event: e.RungEvent, times: Mapping[Key, int]
) -> Draft | None:
    """The numbered document of a rung: of the year in which it was noticed, in the office's zone."""
    kind = rules.tellings.documents.get((event.clock, event.level))
    if kind is None:
        return None
    key = _key(event)
    year = moment(event.detected_us, rules.policy.timezone).year
    body = {
        **_card(event), "kind": kind.name, "level": event.level, "unit": event.subject or event.unit,
        "issuer": kind.issuer, "template": kind.template,
        "effective_us": event.at_us, "issued_us": event.detected_us,
    }  # fmt: skip
    return Draft(document_id(case_id, key, times.get(key, 0)), kind.series, year, case_id, version, body)


def _corrected(
    case_id: str, late: Sequence[_Annulled], posted: tuple[Notice, ...]
) -> tuple[tuple[str, ...], list[Notice]]:
    """The notices of annulled cards, and for each the one that takes it back."""
    taken_back = {notice.corrects for notice in posted if notice.corrects}
    cancels: list[str] = []
    corrections: list[Notice] = []
    for version, event, _ in late:
        for notice in posted:
            if notice.id in taken_back or not _tells(notice, event):
                continue
            cancels.append(notice.id)
            body = {**notice.body, "template": CORRECTION, "cause": event.cause, "issued_us": event.issued_us}
            made = _made(
                case_id,
                version,
                CORRECTION,
                notice.level,
                notice.role,
                notice.unit,
                notice.channel,
                event,
                body,
            )
            corrections.append(made.replace(corrects=notice.id))
    return tuple(cancels), corrections


def _tells(notice: Notice, event: e.CardAnnulled) -> bool:
    if notice.topic not in OF_RUNGS or notice.level != event.level or notice.at_us != event.issued_us:
        return False
    body = notice.body
    return (body.get("clock"), body.get("subject"), body.get("cycle")) == (
        event.clock,
        event.subject,
        event.cycle,
    )
