"""What goes with a case's events: notices and documents, each held against what its event owes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from caseflow.audit.faults import Fault
from caseflow.audit.rows import CaseRows, Row
from caseflow.core.case import Card, Case
from caseflow.core.documents import Key, card_key, document_id
from caseflow.core.events import Adopted, Event, RulesAdopted, Submitted
from caseflow.core.evolve import evolve
from caseflow.core.rules import Rules
from caseflow.notices import has_annulment, owed
from caseflow.outbox import STATUSES, Draft, Notice

RulesOf = Callable[[str], Rules | None]
"""Pin -> its rules; `None` when they cannot be had, which is told elsewhere."""

_NOTICE = ("id", "version", "topic", "level", "role", "unit", "channel", "at_us", "corrects", "body")
_DOCUMENT = ("id", "version", "series", "year", "body")
NUMBERED = (*_DOCUMENT, "number")


def told_digest(notices: Iterable[Row], documents: Iterable[Row], *, upto: int) -> str:
    """A hash over what never changes of a case's notices and documents, those of later versions left out.

    Empty when there are none. What becomes of a notice, and whether a document is void, is not in it.
    """
    lines = [[row[column] for column in _NOTICE] for row in notices if row["version"] <= upto]
    lines += [[row[column] for column in NUMBERED] for row in documents if row["version"] <= upto]
    if not lines:
        return ""
    text = json.dumps(sorted(lines, key=lambda line: str(line[0])), ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def told_faults(rows: CaseRows, case: Case, events: Sequence[Event], rules_of: RulesOf) -> Iterator[Fault]:
    """Each notice and document is one that its event owes, in every column that never changes.

    What one event owes is written at once, so where some of it is there, all of it must be. Where none of
    it is there nothing is said: a desk that tells nobody writes none.
    """
    for table, found in (("notices", rows.notices), ("documents", rows.documents)):
        for row in found:
            if not 1 <= row["version"] <= case.version:
                yield Fault(rows.case_id, row["version"], "audit-version", f"{table}: {row['id']}")
    versions = {row["version"] for row in (*rows.notices, *rows.documents)}
    before = Case(rows.case_id)
    for version, event in enumerate(events, 1):
        if version in versions:
            yield from _version_faults(rows, before, event, rules_of)
        before = evolve(before, event)
    yield from _state_faults(rows, case)


def _version_faults(rows: CaseRows, before: Case, event: Event, rules_of: RulesOf) -> Iterator[Fault]:
    """What was written with the event that follows on the case."""
    rules = rules_of(event.origin.pin if isinstance(event, Submitted | Adopted) else before.origin.pin)
    adopted = rules_of(event.pin) if isinstance(event, RulesAdopted) else rules
    if rules is None or adopted is None:
        return
    version = before.version + 1
    earlier = [row for row in rows.notices if row["version"] < version] if has_annulment((event,)) else []
    posted = [_notice(row) for row in earlier if _is_object(row["body"])]
    should = owed(rules, before, (event,), posted=posted, adopted=adopted)
    for table, expected, found, columns in (
        ("notices", [_notice_row(notice) for notice in should.notices], rows.notices, _NOTICE),
        ("documents", [_draft_row(draft) for draft in should.documents], rows.documents, _DOCUMENT),
    ):
        here = {row["id"]: row for row in found if row["version"] == version}
        for row in expected:
            kept = here.pop(row["id"], None)
            if kept is None:
                yield Fault(rows.case_id, version, "audit-told-lost", f"{table}: {row['id']}")
            else:
                for column in columns:
                    if kept[column] != row[column]:
                        yield Fault(rows.case_id, version, "audit-told", f"{table}.{column}: {row['id']}")
        for name in here:
            yield Fault(rows.case_id, version, "audit-told-extra", f"{table}: {name}")


def _state_faults(rows: CaseRows, case: Case) -> Iterator[Fault]:
    """Notices are in a state that there is; documents are void if and only if their cards were annulled."""
    for row in rows.notices:
        if row["status"] not in STATUSES:
            yield Fault(rows.case_id, row["version"], "audit-told", f"notices.status: {row['id']}")
    cards = _cards(case) if rows.documents else {}
    for row in rows.documents:
        card = cards.get(row["id"])
        voided = (card.annulled_us, card.annulled_because) if card else (None, "")
        for column, expected in zip(("voided", "void_reason"), voided, strict=True):
            if row[column] != expected:
                yield Fault(rows.case_id, row["version"], "audit-told", f"documents.{column}: {row['id']}")


def _cards(case: Case) -> dict[str, Card]:
    """The id that the document of a card has -> the card."""
    found, times = {}, dict[Key, int]()
    for card in case.rungs:
        key = card_key(card)
        found[document_id(case.id, key, times.get(key, 0))] = card
        if not card.stands:
            times[key] = times.get(key, 0) + 1
    return found


def _notice(row: Row) -> Notice:
    return Notice(**{column: row[column] for column in _NOTICE[:-1]}, case_id=row["case_id"],
                  body=json.loads(row["body"]))  # fmt: skip


def _notice_row(notice: Notice) -> dict[str, Any]:
    return {column: getattr(notice, column) for column in _NOTICE} | {"body": _json(notice.body)}


def _draft_row(draft: Draft) -> dict[str, Any]:
    return {column: getattr(draft, column) for column in _DOCUMENT} | {"body": _json(draft.body)}


def _json(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
