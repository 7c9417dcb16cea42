"""Cases taken out of tables and put into tables, as `caseflow.stores.moving` asks, with any cursor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from caseflow.chain import Link
from caseflow.codec import pack
from caseflow.core.case import Case
from caseflow.core.values import Value, value
from caseflow.errors import StoreError
from caseflow.outbox import LEASED, TOLD, Document, Posted
from caseflow.ports import NEVER, KeyClaim, Text
from caseflow.stores.moving import Kept
from caseflow.stores.relational.dialects import Cursor

_NOTICE = (
    "id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body, status, attempts,"
    " next_try, token, lease_end, told, error, merged_into"
)
_DOCUMENT = "id, series, year, number, case_id, version, body, voided, void_reason"
ASKED_AT_ONCE = 200
"""Cases that one statement asks for."""


@value
class Names(Value):
    """How the tables of a store are called.

    Attributes:
        prefix: what stands before each table's name.
        key: the columns of keys: name, first and last version.
        has_series: whether the last number of a series has a row of its own.
        mark: how the driver writes a parameter.
        locking: what a question ends with that keeps other writers away, where one is needed.
    """

    prefix: str
    key: tuple[str, str, str]
    has_series: bool
    mark: str
    locking: str = ""

    def sql(self, text: str) -> str:
        """The statement for these tables: ``{p}`` is the prefix."""
        return text.replace("{p}", self.prefix).replace("?", self.mark)

    def insert(self, table: str, columns: str) -> str:
        """An insert of one row."""
        marks = ", ".join("?" * len(columns.split(",")))
        return self.sql(f"INSERT INTO {{p}}{table} ({columns}) VALUES ({marks})")


def pins(cursor: Cursor, names: Names) -> tuple[str, ...]:
    """The content hashes of all policies' documents."""
    cursor.execute(names.sql("SELECT pin FROM {p}policies ORDER BY pin"))
    return tuple(pin for (pin,) in cursor.fetchall())


def keys(cursor: Cursor, names: Names, after: tuple[str, str], limit: int) -> tuple[KeyClaim, ...]:
    """Keys after (actor, key)."""
    name, first, last = names.key
    actor, key = after
    cursor.execute(
        names.sql(
            f"SELECT actor, {name}, digest, case_id, {first}, {last} FROM {{p}}keys"
            f" WHERE actor > ? OR (actor = ? AND {name} > ?) ORDER BY actor, {name} LIMIT ?"
        ),
        (actor, actor, key, limit),
    )
    return tuple(KeyClaim(*row) for row in cursor.fetchall())


def keep_keys(cursor: Cursor, names: Names, claims: Sequence[KeyClaim]) -> None:
    """Take over keys; those that are there stay."""
    name, first, last = names.key
    known = names.sql(f"SELECT 1 FROM {{p}}keys WHERE actor = ? AND {name} = ?")
    insert = names.insert("keys", f"actor, {name}, digest, case_id, {first}, {last}")
    for claim in claims:
        cursor.execute(known, (claim.actor, claim.key))
        if cursor.fetchone() is None:
            row = (claim.actor, claim.key, claim.digest, claim.case_id, claim.first, claim.last)
            cursor.execute(insert, row)


class Keeping:
    """Cases put into tables inside a transaction of the store's.

    Args:
        insert_event: the statement that inserts an event: what ``numbers`` gives, case, version, body, hash.
        numbers: gives what stands before an event's row: nothing, or its number within the transaction.
    """

    def __init__(self, cursor: Cursor, names: Names, *, insert_event: str, numbers: Any) -> None:
        self._cursor = cursor
        self._names = names
        self._insert_event = insert_event
        self._numbers = numbers

    def keep(self, cases: Sequence[Kept]) -> None:
        """Take over cases, each named once.

        Raises:
            StoreError: ``store-diverged``.
        """
        known = self._known_versions(cases)
        columns = ", ".join(_case_row(cases[0].case, cases[0].links)) if cases else ""
        pairs = [(kept, known.get(kept.case.id, 0)) for kept in cases]
        rows = [tuple(_case_row(kept.case, kept.links).values()) for kept, version in pairs if not version]
        self._put_all("cases", columns, rows)
        for kept, version in pairs:
            if version:
                self._make_room(kept)
        events = [
            (*self._numbers(), kept.case.id, link.version, link.body, link.hash)
            for kept, version in pairs
            for link in kept.links[version:]
        ]
        if events:
            self._cursor.executemany(self._insert_event, events)
        texts = [row for kept in cases for row in _text_rows(kept.case.id, kept.texts)]
        self._put_all("texts", "case_id, version, fields", texts)
        told = [posted for kept, version in pairs for posted in self._not_told(kept, version)]
        self._put_all("notices", _NOTICE, list(map(_notice_row, told)))
        for kept in cases:
            for document in kept.documents:
                self._put_document(document)

    def _known_versions(self, cases: Sequence[Kept]) -> dict[str, int]:
        """The versions that cases have here, each of which must be one of its own history."""
        links = {kept.case.id: kept.links for kept in cases}
        known: dict[str, int] = {}
        for first in range(0, len(cases), ASKED_AT_ONCE):
            ids = [kept.case.id for kept in cases[first : first + ASKED_AT_ONCE]]
            marks = ", ".join("?" * len(ids))
            locked = self._names.locking
            self._run(f"SELECT id, version, head FROM {{p}}cases WHERE id IN ({marks}){locked}", *ids)
            for case_id, version, head in self._cursor.fetchall():
                theirs = links[case_id]
                if version > len(theirs) or theirs[version - 1].hash != bytes(head):
                    raise StoreError("store-diverged", case=case_id, found=version)
                known[case_id] = int(version)
        return known

    def _make_room(self, kept: Kept) -> None:
        """Bring a case's row up to what is taken over, and take away what comes anew with it."""
        row = _case_row(kept.case, kept.links)
        sets = ", ".join(f"{column} = ?" for column in row)
        self._run(f"UPDATE {{p}}cases SET {sets} WHERE id = ?", *row.values(), kept.case.id)
        self._run("DELETE FROM {p}texts WHERE case_id = ?", kept.case.id)
        for document in kept.documents:
            self._run("DELETE FROM {p}documents WHERE id = ?", document.draft.id)

    def _not_told(self, kept: Kept, version: int) -> list[Posted]:
        """The notices to be written; one that was sent from here never goes back."""
        if not version or not kept.notices:
            return list(kept.notices)
        self._run("SELECT id, status FROM {p}notices WHERE case_id = ?", kept.case.id)
        ours = dict(self._cursor.fetchall())
        found = [posted for posted in kept.notices if ours.get(posted.notice.id) not in TOLD]
        for posted in found:
            if posted.notice.id in ours:
                self._run("DELETE FROM {p}notices WHERE id = ?", posted.notice.id)
        return found

    def _put_document(self, document: Document) -> None:
        d = document.draft
        place = (d.series, d.year)
        self._run(
            "SELECT id FROM {p}documents WHERE series = ? AND year = ? AND number = ?",
            *place, document.number,
        )  # fmt: skip
        if self._cursor.fetchone() is not None:
            raise StoreError("store-diverged", case=d.case_id, found=f"{d.series} {d.year} {document.number}")
        row = (
            d.id, *place, document.number, d.case_id, d.version, json.dumps(d.body, ensure_ascii=False),
            document.voided_us, document.void_reason,
        )  # fmt: skip
        self._put_all("documents", _DOCUMENT, [row])
        if self._names.has_series:
            self._run("SELECT latest FROM {p}series WHERE series = ? AND year = ?", *place)
            found = self._cursor.fetchone()
            if found is None:
                self._put_all("series", "series, year, latest", [(*place, document.number)])
            elif found[0] < document.number:
                sql = "UPDATE {p}series SET latest = ? WHERE series = ? AND year = ?"
                self._run(sql, document.number, *place)

    def _run(self, sql: str, *given: Any) -> None:
        self._cursor.execute(self._names.sql(sql), given)

    def _put_all(self, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._cursor.executemany(self._names.insert(table, columns), rows)


def _case_row(case: Case, links: tuple[Link, ...]) -> dict[str, Any]:
    due = case.next_due_us
    return {
        "id": case.id, "version": case.version, "state": case.state, "unit": case.unit,
        "citizen": case.citizen, "next_due": due, "place": NEVER if due is None else due,
        "deadline": case.deadline_us, "waits": case.waits_from, "snapshot": pack(case),
        "head": links[-1].hash,
    }  # fmt: skip


def _text_rows(case_id: str, texts: tuple[Text, ...]) -> list[tuple[str, int, str]]:
    by_version: dict[int, dict[str, tuple[str, str]]] = {}
    for text in texts:
        by_version.setdefault(text.version, {})[text.field] = (text.salt, text.text)
    return [
        (case_id, version, json.dumps(fields, ensure_ascii=False)) for version, fields in by_version.items()
    ]


def _notice_row(posted: Posted) -> tuple[Any, ...]:
    """The row of a notice; a lease that a cancelled one may still have counts as run out."""
    n = posted.notice
    lease_end = posted.next_try_us if posted.status == LEASED else 0 if posted.token else None
    return (
        n.id, n.case_id, n.version, n.topic, n.level, n.role, n.unit, n.channel, n.at_us, n.corrects,
        json.dumps(n.body, ensure_ascii=False), posted.status, posted.attempts, posted.next_try_us,
        posted.token, lease_end, posted.told_us, posted.error, posted.into,
    )  # fmt: skip
