"""One case under audit: its chain, its row, its texts, what goes with it, each held against its events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from caseflow.audit.columns import first_odd
from caseflow.audit.faults import Fault
from caseflow.audit.goes_with import RulesOf, told_faults
from caseflow.audit.rows import CaseRows, Row
from caseflow.chain import START, link
from caseflow.codec import SNAPSHOT, decode, pack
from caseflow.core.case import Case
from caseflow.core.events import Event
from caseflow.core.evolve import replay
from caseflow.errors import StoreError
from caseflow.ports import NEVER, is_redacted_by
from caseflow.sealing import seal


def case_faults(rows: CaseRows, rules_of: RulesOf) -> Iterator[Fault]:
    """Everything that is wrong with the case, the chain first; what rests on a broken chain is not judged."""
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
    yield from _row_faults(rows.case, case)
    yield from _text_faults(rows, case, events)
    yield from told_faults(rows, case, events, rules_of)


def _tables(rows: CaseRows) -> str:
    return ", ".join(dict.fromkeys(table for table, _ in rows.by_table()))


def _odd_fault(rows: CaseRows) -> Fault | None:
    odd = first_odd(rows)
    if odd is None:
        return None
    table, row, column = odd
    version = row.get("version")
    return Fault(rows.case_id, version if type(version) is int else 0, "audit-kind", f"{table}.{column}")


def _chain_fault(rows: CaseRows, case: Row) -> Fault | None:
    previous = START
    for expected, row in enumerate(rows.events, 1):
        if row["version"] != expected:
            return Fault(rows.case_id, expected, "audit-gap", str(row["version"]))
        if link(previous, rows.case_id, expected, row["body"]) != row["hash"]:
            return Fault(rows.case_id, expected, "audit-chain")
        previous = row["hash"]
    if case["version"] != len(rows.events):
        return Fault(rows.case_id, len(rows.events) + 1, "audit-tail", str(case["version"]))
    if case["head"] != previous:
        return Fault(rows.case_id, len(rows.events), "audit-head")
    return None


def _row_faults(row: Row, case: Case) -> Iterator[Fault]:
    """The case's own row: every column says what the events lead to."""
    due = case.next_due_us
    should: dict[str, Any] = {
        "state": case.state,
        "unit": case.unit,
        "citizen": case.citizen,
        "next_due": due,
        "place": NEVER if due is None else due,
        "deadline": case.deadline_us,
        "waits": case.waits_from,
    }
    for column, found in should.items():
        if row[column] != found:
            yield Fault(case.id, case.version, "audit-column", column)
    snapshot = row["snapshot"]
    if pack(case) != snapshot and not _is_of_older_format(snapshot):
        yield Fault(case.id, case.version, "audit-snapshot")


def _is_of_older_format(snapshot: bytes) -> bool:
    """Whether an earlier version of this library wrote the snapshot; the events are folded instead of it."""
    try:
        whole = json.loads(snapshot)
    except (ValueError, RecursionError):
        return False
    return isinstance(whole, list) and bool(whole) and type(whole[0]) is int and 0 < whole[0] < SNAPSHOT


def _text_faults(rows: CaseRows, case: Case, events: tuple[Event, ...]) -> Iterator[Fault]:
    """The personal texts: each fits its hash, each hash has its text unless that was redacted."""
    sealed = {(v, field): mark for v, event in enumerate(events, 1) for field, mark in event.texts}
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


def _fields(found: str) -> dict[str, tuple[str, str]] | None:
    """The texts of a row, `None` when the row is not what a store writes."""
    try:
        fields = json.loads(found)
        made = {field: (salt, text) for field, (salt, text) in fields.items()}
        seals = all(isinstance(part, str) for pair in made.values() for part in pair)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return made if seals and json.dumps(fields, ensure_ascii=False) == found else None


def _was_redacted(case: Case, version: int, field: str) -> bool:
    return any(
        is_redacted_by(redaction.fields, field, version) and version < redaction.version
        for redaction in case.facts.redactions
    )
