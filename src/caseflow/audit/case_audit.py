"""One case under audit: its chain, its row, its texts, what goes with it, each held against its events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from caseflow.audit.audit_report import Fault
from caseflow.audit.case_rows import DRAFT_COLUMNS, NOTICE_COLUMNS, CaseRows, RawRow, first_odd
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Card, Case, Key, card_key, document_id
from caseflow.core.model.events import EVENTS, Adopted, Event, Migrated, Submitted, UnknownEvent
from caseflow.core.model.evolve import evolve, replay
from caseflow.core.notices import (
    CANCELLED,
    COLLAPSED,
    DEAD,
    LEASED,
    SENT,
    STATUSES,
    Draft,
    Notice,
    owed,
)
from caseflow.errors import StoreError
from caseflow.policies.parse import is_list
from caseflow.ports import NEVER, is_redacted_by
from caseflow.serialization.codec import SNAPSHOT, START, decode, link, pack
from caseflow.serialization.redaction import seal

RulesOf = Callable[[str], CompiledPolicy | None]
"""Pin -> its rules; `None` when they cannot be had, which is told elsewhere."""


def case_faults(rows: CaseRows, rules_of: RulesOf) -> Iterator[Fault]:
    """Everything that is wrong with the case, the chain first; what rests on a broken chain is not judged."""
    if rows.unread:
        yield Fault(rows.case_id, 0, "audit-unread", rows.unread)
        return
    if not rows.case_id:
        yield Fault("", 0, "audit-empty-id", _tables(rows))
        return
    if rows.case is None:
        yield Fault(rows.case_id, 0, "audit-no-case", _tables(rows))
        return
    broken = _odd_fault(rows) or _chain_fault(rows, rows.case)
    if broken is not None:
        yield broken
        return
    try:
        events = tuple(decode(row["body"]) for row in rows.events)
        case = replay(rows.case_id, events)
    except (StoreError, TypeError, ValueError, LookupError, AttributeError) as error:
        yield Fault(rows.case_id, 0, "audit-event", f"{error!r:.200}")  # a history that no desk wrote
        return
    for version, event in enumerate(events, 1):
        if isinstance(event, UnknownEvent) and event.unknown in EVENTS:
            yield Fault(rows.case_id, version, "audit-event", event.unknown)
            return
    yield from _row_faults(rows.case, case)
    yield from _helper_faults(rows, case)
    yield from _text_faults(rows, case, events)
    yield from _notice_faults(rows, case, events, rules_of)


def _tables(rows: CaseRows) -> str:
    return ", ".join(dict.fromkeys(table for table, _ in rows.by_table()))


def _odd_fault(rows: CaseRows) -> Fault | None:
    odd = first_odd(rows)
    if odd is None:
        return None
    table, row, column = odd
    version = row.get("version")
    return Fault(rows.case_id, version if type(version) is int else 0, "audit-kind", f"{table}.{column}")


def _chain_fault(rows: CaseRows, case: RawRow) -> Fault | None:
    previous = START
    for expected, row in enumerate(rows.events, 1):
        if row["version"] != expected:
            return Fault(rows.case_id, expected, "audit-gap", str(row["version"]))
        if row["position"] < 1:
            return Fault(rows.case_id, expected, "audit-position", str(row["position"]))
        if link(previous, rows.case_id, expected, row["body"]) != row["hash"]:
            return Fault(rows.case_id, expected, "audit-chain")
        previous = row["hash"]
    if case["version"] != len(rows.events):
        return Fault(rows.case_id, len(rows.events) + 1, "audit-tail", str(case["version"]))
    if case["head"] != previous:
        return Fault(rows.case_id, len(rows.events), "audit-head")
    return None


def _row_faults(row: RawRow, case: Case) -> Iterator[Fault]:
    """The case's own row: every column says what the events lead to."""
    due = case.next_due_us
    expected: dict[str, Any] = {
        "state": case.state,
        "unit": case.unit,
        "citizen": case.citizen,
        "next_due": due,
        "due_order": NEVER if due is None else due,
        "deadline": case.deadline_us,
        "waits": case.waits_from,
        "level": case.level,
        "submitted": case.submitted_us,
        "kind": case.origin.kind,
        "region": case.origin.region,
        "policy": case.origin.policy,
        "pin": case.origin.policy_hash,
    }
    for column, cell in expected.items():
        if row[column] != cell:
            yield Fault(case.id, case.version, "audit-column", column)
    snapshot = row["snapshot"]
    if pack(case) != snapshot and not _is_of_older_format(snapshot):
        yield Fault(case.id, case.version, "audit-snapshot")


def _helper_faults(rows: CaseRows, case: Case) -> Iterator[Fault]:
    """One row for each unit that helps with the case, with the places that the case has in lists."""
    due = case.next_due_us
    expected = {
        "due_order": NEVER if due is None else due,
        "deadline": case.deadline_us,
        "submitted": case.submitted_us,
    }
    kept = {row["unit"]: row for row in rows.helpers}
    for unit in sorted({*kept, *case.facts.co_handlers}):
        if (unit in kept) != (unit in case.facts.co_handlers):
            yield Fault(case.id, case.version, "audit-column", f"helpers.unit: {unit}")
        else:
            for column, cell in expected.items():
                if kept[unit][column] != cell:
                    yield Fault(case.id, case.version, "audit-column", f"helpers.{column}: {unit}")


def _is_of_older_format(snapshot: bytes) -> bool:
    """Whether an earlier version of this library wrote the snapshot; the events are folded instead of it."""
    try:
        whole = json.loads(snapshot)
    except (ValueError, RecursionError):
        return False
    return is_list(whole) and bool(whole) and type(whole[0]) is int and 0 < whole[0] < SNAPSHOT


def _text_faults(rows: CaseRows, case: Case, events: tuple[Event, ...]) -> Iterator[Fault]:
    """The personal texts: each fits its hash, each hash has its text unless that was redacted."""
    sealed = {(v, field): mark for v, event in enumerate(events, 1) for field, mark in event.texts if mark}
    kept: dict[tuple[int, str], tuple[str, str]] = {}
    for row in rows.texts:
        fields = _fields(row["fields"])
        if fields is None or not fields:
            yield Fault(rows.case_id, row["version"], "audit-text", "fields")
            continue
        kept |= {(row["version"], field): text for field, text in fields.items()}
    for (version, field), (salt, text) in kept.items():
        if (version, field) not in sealed:
            yield Fault(rows.case_id, version, "audit-text-extra", field)
        elif seal(salt, field, text) != sealed[version, field]:
            yield Fault(rows.case_id, version, "audit-text", field)
        elif _was_redacted(case, version, field):
            yield Fault(rows.case_id, version, "audit-text-back", field)
    for version, field in sorted(sealed.keys() - kept.keys()):
        if not _was_redacted(case, version, field):
            yield Fault(rows.case_id, version, "audit-text-lost", field)


def _fields(cell: str) -> dict[str, tuple[str, str]] | None:
    """The texts of a row, `None` when the row is not what a store writes."""
    try:
        fields = json.loads(cell)
        pairs = {field: (salt, text) for field, (salt, text) in fields.items()}
        are_texts = all(isinstance(part, str) for pair in pairs.values() for part in pair)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return pairs if are_texts and _json(fields) == cell else None


def _was_redacted(case: Case, version: int, field: str) -> bool:
    return any(
        is_redacted_by(redaction.fields, field, version) and version < redaction.version
        for redaction in case.facts.redactions
    )


def _notice_faults(rows: CaseRows, case: Case, events: Sequence[Event], rules_of: RulesOf) -> Iterator[Fault]:
    """Each notice and document is one that its event owes, in every column that never changes.

    What one event owes is written at once, so where some of it is there, all of it must be. Where none of
    it is there nothing is said: a desk that tells nobody writes none.
    """
    for table, kept in (("notices", rows.notices), ("documents", rows.documents)):
        for row in kept:
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
    rules = rules_of(
        event.origin.policy_hash if isinstance(event, Submitted | Adopted) else before.origin.policy_hash
    )
    adopted = rules_of(event.policy_hash) if isinstance(event, Migrated) else rules
    if rules is None or adopted is None:
        return
    version = before.version + 1
    earlier = (row for row in rows.notices if row["version"] < version)
    posted = (_notice(row) for row in earlier if _is_object(row["body"]))
    due = owed(rules, before, (event,), posted=lambda: posted, adopted=adopted)
    notices = [_columns(notice, NOTICE_COLUMNS) for notice in due.notices]
    drafts = [_columns(draft, DRAFT_COLUMNS) for draft in due.documents]
    for fault, name in (
        *_differences("notices", notices, [row for row in rows.notices if row["version"] == version]),
        *_differences("documents", drafts, [row for row in rows.documents if row["version"] == version]),
    ):
        yield Fault(rows.case_id, version, fault, name)


def _differences(table: str, expected: Sequence[RawRow], kept: Sequence[RawRow]) -> Iterator[tuple[str, str]]:
    """What is not as one event owes it: the fault's code, and what it is about."""
    by_id = {row["id"]: row for row in kept}
    for row in expected:
        stored = by_id.pop(row["id"], None)
        if stored is None:
            yield "audit-told-lost", f"{table}: {row['id']}"
        else:
            for column, cell in row.items():
                if stored[column] != cell:
                    yield "audit-told", f"{table}.{column}: {row['id']}"
    for name in by_id:
        yield "audit-told-extra", f"{table}: {name}"


def _state_faults(rows: CaseRows, case: Case) -> Iterator[Fault]:
    """Notices are in a state that there is; documents are void if and only if their cards were annulled."""
    for row in rows.notices:
        if (column := _odd_state(row)) is not None:
            yield Fault(rows.case_id, row["version"], "audit-delivery", f"notices.{column}: {row['id']}")
    cards = _cards(case) if rows.documents else {}
    for row in rows.documents:
        card = cards.get(row["id"])
        voided = (card.annulled_us, card.annulled_because) if card else (None, "")
        for column, expected in zip(("voided", "void_reason"), voided, strict=True):
            if row[column] != expected:
                yield Fault(rows.case_id, row["version"], "audit-told", f"documents.{column}: {row['id']}")


SETTLED = (SENT, COLLAPSED, DEAD, CANCELLED)


def _odd_state(row: RawRow) -> str | None:
    """The first column that no relay leaves so in this state; `None` when all fit each other."""
    status, attempts = row["status"], row["attempts"]
    fits = {
        "status": status in STATUSES,
        "attempts": attempts >= (status in (LEASED, SENT, COLLAPSED, DEAD)),
        "next_try": (row["next_try"] is None) == (status in SETTLED),
        "token": status == CANCELLED or bool(row["token"]) == (status == LEASED),
        "lease_end": row["lease_end"] == row["next_try"] if status == LEASED else True,
        "told": status != SENT or row["told"] is not None,
        "merged_into": bool(row["merged_into"]) == (status == COLLAPSED),
    }
    return next((column for column, is_so in fits.items() if not is_so), None)


def _cards(case: Case) -> dict[str, Card]:
    """The id that the document of a card has -> the card."""
    cards, times = dict[str, Card](), dict[Key, int]()
    for card in case.escalations:
        key = card_key(card)
        cards[document_id(case.id, key, times.get(key, 0))] = card
        if not card.stands:
            times[key] = times.get(key, 0) + 1
    return cards


def _notice(row: RawRow) -> Notice:
    columns = {column: row[column] for column in NOTICE_COLUMNS}
    return Notice(**(columns | {"case_id": row["case_id"], "body": json.loads(row["body"])}))


def _columns(value: Notice | Draft, names: Sequence[str]) -> dict[str, Any]:
    """The columns as a store writes them."""
    return {name: getattr(value, name) for name in names} | {"body": _json(value.body)}


def _json(body: Mapping[str, Any]) -> str:
    """As a store writes it, whatever signs a row that it did not write may hold."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
