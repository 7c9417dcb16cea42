"""How an append is written: case by case under its version, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from caseflow.chain import START
from caseflow.errors import KeyReused, Stale, StoreError
from caseflow.ports import KeyClaim, is_redacted_by
from caseflow.stores.relational import outbox
from caseflow.stores.relational.dialects import Connections, Cursor, Undone
from caseflow.stores.relational.prepared import Prepared, as_json
from caseflow.stores.relational.statements import XID_BITS, Statements
from caseflow.stores.relational.troubles import trouble

Row = tuple[Any, ...]

MANY = 20
"""From so many rows on, PostgreSQL gets them as arrays: half the work of a statement each."""


class Appending:
    """One append, written with a cursor.

    Args:
        heads: the heads of the cases' chains at the expected versions, as far as they are known.

    After `write` the attribute ``rows`` holds what was written of each entry's events.
    """

    def __init__(
        self,
        connections: Connections,
        said: Statements,
        entries: Sequence[Prepared],
        claim: KeyClaim | None,
        heads: Sequence[bytes | None],
    ) -> None:
        self._connections = connections
        self._said = said
        self.entries = entries
        self._claim = claim
        self._known = heads
        self.heads: list[bytes] = []
        self.rows: list[list[tuple[str, int, bytes, bytes]]] = []

    @property
    def is_single(self) -> bool:
        """Whether one statement of PostgreSQL can do it: one case, events, and at most notices with them."""
        if len(self.entries) > 1 or not self._said.dialect.one_statement:
            return False
        entry = self.entries[0].entry
        return bool(entry.events) and not (entry.redacts or entry.cancels or entry.documents or entry.voids)

    def write(self, cursor: Cursor) -> None:
        """Write it.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key is taken.
        """
        self.heads = [
            known or self._head(cursor, written)
            for known, written in zip(self._known, self.entries, strict=True)
        ]
        pairs = zip(self.entries, self.heads, strict=True)
        self.rows = [written.chained(head) for written, head in pairs]
        if self.is_single:
            self._write_single(cursor)
        else:
            self._write_all(cursor)

    def _head(self, cursor: Cursor, written: Prepared) -> bytes:
        """The head that the case's chain has at the expected version."""
        entry = written.entry
        if not entry.expected:
            return START
        cursor.execute(self._said.standing, (entry.case.id,))
        row = cursor.fetchone()
        if row is None or row[0] != entry.expected:
            raise Stale(entry.case.id, expected=entry.expected, found=row[0] if row else 0)
        return bytes(row[1])

    def _case(self, written: Prepared, head: bytes, rows: list[tuple[str, int, bytes, bytes]]) -> Row:
        entry = written.entry
        row = (*written.case_row, rows[-1][3] if rows else head, entry.case.id)
        return (*row, entry.expected, head) if entry.expected else row

    def _ordinals(self, cursor: Cursor) -> count[int]:
        """Numbers of events within the transaction: from 0, or on from those of changes before this one."""
        if not (self._connections.is_shared and self._said.dialect.one_statement):
            return count()
        cursor.execute(self._said.used_positions)
        used: int = cursor.fetchone()[0]
        if used + sum(map(len, self.rows)) >= 1 << XID_BITS:
            found = f"more than {1 << XID_BITS} events in one transaction"
            raise StoreError("store-failed", path=self._connections.name, found=found)
        return count(used)

    # -- one statement -------------------------------------------------------------------------------------

    def _write_single(self, cursor: Cursor) -> None:
        (written,), (head,), (rows,) = self.entries, self.heads, self.rows
        claim = self._claim
        sql = self._said.command(
            is_new=not written.entry.expected, events=len(rows), texts=len(written.texts),
            notices=len(written.notices), has_key=claim is not None,
        )  # fmt: skip
        numbers = self._ordinals(cursor)
        given = [*self._case(written, head, rows), *(_key(claim) if claim else ())]
        for texts in written.texts:
            given += texts
        for notice in outbox.rows_of(written.notices):
            given += notice
        for row in rows:
            given += (next(numbers), *row)
        try:
            cursor.execute(sql, given)
        except self._connections.errors as error:
            self._raise_taken(error)
            raise
        if cursor.rowcount != len(rows):
            raise Stale(written.entry.case.id, expected=written.entry.expected)

    def _raise_taken(self, error: Exception) -> None:
        """Tell whose unique key was there already: the idempotency key's, or an event's."""
        if trouble(error) != "taken":
            return
        if self._claim is not None and "caseflow_keys" in str(error):
            raise KeyReused(self._claim.key, actor=self._claim.actor) from error
        entry = self.entries[0].entry
        raise Stale(entry.case.id, expected=entry.expected) from error

    # -- several statements ----------------------------------------------------------------------------------

    def _write_all(self, cursor: Cursor) -> None:
        """Cases first, in the order of ids, so that two writers never wait for each other."""
        said, numbers = self._said, self._ordinals(cursor)
        self._write_cases(cursor)
        rows = [row for rows in self.rows for row in rows]
        if said.dialect.one_statement:
            rows_of_events: list[Row] = [(next(numbers), *row) for row in rows]
        else:
            rows_of_events = list(rows)
        if rows:
            self._write_events(cursor, rows_of_events)
        for written in self.entries:
            if written.entry.redacts:
                redact(cursor, said, written.entry.case.id, written.entry.redacts)
        texts = [row for written in self.entries for row in written.texts]
        if texts:
            cursor.executemany(said.insert_text, texts)
        self._write_more(cursor)
        if self._claim is not None:
            self._write_key(cursor, self._claim)

    def _write_cases(self, cursor: Cursor) -> None:
        triples = sorted(
            zip(self.entries, self.heads, self.rows, strict=True), key=lambda found: found[0].entry.case.id
        )
        news = [found for found in triples if not found[0].entry.expected]
        olds = [found for found in triples if found[0].entry.expected]
        for sql, found in ((self._said.insert_case, news), (self._said.update_case, olds)):
            if not found:
                continue
            try:
                self._run_all(cursor, sql, [self._case(*triple) for triple in found])
            except self._connections.errors as error:
                if trouble(error) != "taken":
                    raise
                raise self._stale(None) from error
            if cursor.rowcount != len(found):
                raise self._stale(cursor)

    def _run_all(self, cursor: Cursor, sql: str, rows: list[Row]) -> None:
        """One statement for each row; for many rows on PostgreSQL one for all of them, from arrays."""
        arrays = {self._said.update_case: "update_cases", self._said.insert_event: "insert_events"}
        if len(rows) < MANY or sql not in arrays or not self._said.dialect.one_statement:
            cursor.executemany(sql, rows)
        else:
            cursor.execute(
                getattr(self._said, arrays[sql]), [list(column) for column in zip(*rows, strict=True)]
            )

    def _stale(self, cursor: Cursor | None) -> Stale:
        """Which case is not at its version; the first one when the transaction can no longer be asked."""
        asked = () if cursor is None else [(cursor, written.entry) for written in self.entries]
        for cursor, entry in asked:
            found = self._version(cursor, entry.case.id)
            if found != entry.case.version:
                return Stale(entry.case.id, expected=entry.expected, found=found)
        entry = self.entries[0].entry
        return Stale(entry.case.id, expected=entry.expected)

    def _version(self, cursor: Cursor, case_id: str) -> int:
        cursor.execute(self._said.standing, (case_id,))
        row = cursor.fetchone()
        return row[0] if row else 0

    def _write_events(self, cursor: Cursor, rows: list[Row]) -> None:
        try:
            self._run_all(cursor, self._said.insert_event, rows)
        except self._connections.errors as error:
            if trouble(error) != "taken":
                raise
            if "caseflow_events_of_case" in str(error) or "case_id" in str(error):
                raise self._stale(None) from error
            raise Undone from error  # a feed's reader has filled the gap we were about to fill

    def _write_more(self, cursor: Cursor) -> None:
        for written in self.entries:
            outbox.take_away(cursor, self._said, written)
        outbox.post(cursor, self._said, [n for written in self.entries for n in written.notices])
        documents = [draft for written in self.entries for draft in written.documents]
        if documents:
            outbox.issue(cursor, self._said, documents)

    def _write_key(self, cursor: Cursor, claim: KeyClaim) -> None:
        try:
            cursor.execute(self._said.insert_key, _key(claim))
        except self._connections.errors as error:
            if trouble(error) != "taken":
                raise
            raise KeyReused(claim.key, actor=claim.actor) from error


def _key(claim: KeyClaim) -> Row:
    return (claim.actor, claim.key, claim.digest, claim.case_id, claim.first, claim.last)


def redact(cursor: Cursor, said: Statements, case_id: str, names: Sequence[str]) -> None:
    """Erase the named texts of a case and their salts."""
    cursor.execute(said.texts, (case_id,))
    for version, found in cursor.fetchall():
        fields = json.loads(found)
        kept = {name: text for name, text in fields.items() if not is_redacted_by(names, name, version)}
        if not kept:
            cursor.execute(said.delete_texts, (case_id, version))
        elif len(kept) < len(fields):
            cursor.execute(said.update_texts, (as_json(kept), case_id, version))
