"""How an append is written: case by case under its version, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from caseflow.errors import KeyReused, Stale, StoreError
from caseflow.ports.records import KeyClaim, is_redacted_by
from caseflow.serialization.hash_chain import START
from caseflow.stores.sql import outbox
from caseflow.stores.sql.dialects import Connections, Cursor
from caseflow.stores.sql.driver_errors import RetryTransaction, kind_of
from caseflow.stores.sql.rows import AppendRows, EventRow, Known, Row, as_json, key_row
from caseflow.stores.sql.statements import XID_BITS, CommandShape, Statements

MANY = 20
"""From so many rows on, PostgreSQL gets them as arrays: half the work of a statement each."""

_ARRAYS = {"update_case": "update_cases", "insert_event": "insert_events"}


class AppendWork:
    """One append, written with a cursor.

    Args:
        known: what is remembered of the cases at the expected versions.

    After `write` the attribute ``events`` holds what was written of each entry's events, and ``heads`` the
    heads of the cases' chains after them.
    """

    def __init__(
        self,
        connections: Connections,
        sql: Statements,
        *,
        entries: Sequence[AppendRows],
        claim: KeyClaim | None,
        known: Sequence[Known | None],
    ) -> None:
        self._connections = connections
        self._sql = sql
        self.entries = entries
        self._claim = claim
        self._known = known
        self.is_single = sql.dialect.one_statement and len(entries) == 1 and _fits_one_statement(entries[0])
        """Whether one statement of PostgreSQL can do it."""
        self._before: list[bytes] = []
        self.events: list[list[EventRow]] = []
        self.heads: list[bytes] = []

    def write(self, cursor: Cursor) -> None:
        """Write it.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key is taken.
        """
        self._before, self.events, self.heads = [], [], []
        for rows, known in zip(self.entries, self._known, strict=True):
            before = known[0] if known else self._head(cursor, rows)
            events = rows.chained(before)
            self._before.append(before)
            self.events.append(events)
            self.heads.append(events[-1][3] if events else before)
        if self.is_single:
            self._write_single(cursor)
        else:
            self._write_all(cursor)

    def _head(self, cursor: Cursor, rows: AppendRows) -> bytes:
        """The head that the case's chain has at the expected version."""
        entry = rows.entry
        if not entry.expected:
            return START
        cursor.execute(self._sql["select_version"], (entry.case.id,))
        row = cursor.fetchone()
        if row is None or row[0] != entry.expected:
            raise Stale(entry.case.id, expected=entry.expected, found=row[0] if row else 0)
        return bytes(row[1])

    def _ordinals(self, cursor: Cursor) -> count[int]:
        """Numbers of events within the transaction: from 0, or on from those of changes before this one."""
        if not self._connections.is_shared:
            return count()
        cursor.execute(self._sql["select_used_positions"])
        used: int = cursor.fetchone()[0]
        if used + sum(map(len, self.events)) >= 1 << XID_BITS:
            problem = f"more than {1 << XID_BITS} events in one transaction"
            raise StoreError("store-failed", path=self._connections.name, found=problem)
        return count(used)

    # -- one statement -------------------------------------------------------------------------------------

    def _write_single(self, cursor: Cursor) -> None:
        (rows,), (before,), (events,) = self.entries, self._before, self.events
        shape = CommandShape(
            is_new=not rows.entry.expected, events=len(events), texts=len(rows.texts),
            notices=len(rows.notices), has_key=self._claim is not None,
        )  # fmt: skip
        numbers = self._ordinals(cursor)
        values = [*_case_row(rows, before, self.heads[0]), *(key_row(self._claim) if self._claim else ())]
        for row in (*rows.texts, *rows.notices):
            values += row
        for row in events:
            values += (next(numbers), *row)
        try:
            cursor.execute(self._sql.command(shape), values)
        except self._connections.errors as error:
            self._raise_taken(error)
            raise
        if cursor.rowcount != len(events):
            raise Stale(rows.entry.case.id, expected=rows.entry.expected)

    def _raise_taken(self, error: Exception) -> None:
        """Tell whose unique key was there already: the idempotency key's, or an event's."""
        if kind_of(error) != "taken":
            return
        if self._claim is not None and "caseflow_keys" in str(error):
            raise KeyReused(self._claim.key, actor=self._claim.actor) from error
        raise self._stale(None) from error

    # -- several statements ----------------------------------------------------------------------------------

    def _write_all(self, cursor: Cursor) -> None:
        """Cases first, in the order of ids, so that two writers never wait for each other."""
        self._write_cases(cursor)
        rows: list[Row] = []
        texts: list[Row] = []
        has_more = False
        for entry, events in zip(self.entries, self.events, strict=True):
            rows += events
            texts += entry.texts
            has_more = has_more or entry.entry.has_more
        if rows:
            self._write_events(cursor, rows)
        if has_more:
            for entry in self.entries:
                if entry.entry.redacts:
                    redact(cursor, self._sql, entry.entry.case.id, entry.entry.redacts)
        if texts:
            self._run_all(cursor, "insert_texts", texts)
        if has_more:
            outbox.write(cursor, self._sql, self.entries)
        if self._claim is not None:
            self._write_key(cursor, self._claim)

    def _write_cases(self, cursor: Cursor) -> None:
        for name, rows in self._case_rows().items():
            try:
                self._run_all(cursor, name, rows)
            except self._connections.errors as error:
                if kind_of(error) != "taken":
                    raise
                raise self._stale(None) from error
            if cursor.rowcount != len(rows):
                raise self._stale(cursor)

    def _case_rows(self) -> dict[str, list[Row]]:
        """Statement -> the rows for it, in the order of ids; new cases first."""
        statements: dict[str, list[Row]] = {"insert_case": [], "update_case": [], "update_case_in_place": []}
        parts = list(zip(self.entries, self._known, self._before, self.heads, strict=True))
        if len(parts) > 1:
            parts.sort(key=lambda part: part[0].entry.case.id)
        for rows, known, before, head in parts:
            row = _case_row(rows, before, head)
            name = "update_case" if rows.entry.expected else "insert_case"
            if known and not self._sql.dialect.keeps_indexes and known[1] == rows.indexed:
                name, row = "update_case_in_place", (*row[:2], *row[8:])
            statements[name].append(row)
        return {name: rows for name, rows in statements.items() if rows}

    def _run_all(self, cursor: Cursor, name: str, rows: list[Row]) -> None:
        """One statement for each row; for many rows on PostgreSQL one for all of them, from arrays."""
        if len(rows) == 1:
            cursor.execute(self._sql[name], rows[0])
        elif len(rows) < MANY or name not in _ARRAYS or not self._sql.dialect.one_statement:
            cursor.executemany(self._sql[name], rows)
        else:
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(self._sql[_ARRAYS[name]], columns)

    def _stale(self, cursor: Cursor | None) -> Stale:
        """Which case is not at its version; the first one when the transaction can no longer be asked."""
        for rows in self.entries if cursor is not None else ():
            entry, version = rows.entry, self._version(cursor, rows.entry.case.id)
            if version != entry.case.version:
                return Stale(entry.case.id, expected=entry.expected, found=version)
        entry = self.entries[0].entry
        return Stale(entry.case.id, expected=entry.expected)

    def _version(self, cursor: Any, case_id: str) -> int:
        cursor.execute(self._sql["select_version"], (case_id,))
        row = cursor.fetchone()
        return row[0] if row else 0

    def _write_events(self, cursor: Cursor, rows: list[Row]) -> None:
        if self._sql.dialect.one_statement:
            numbers = self._ordinals(cursor)
            rows = [(next(numbers), *row) for row in rows]
        try:
            self._run_all(cursor, "insert_event", rows)
        except self._connections.errors as error:
            if kind_of(error) != "taken":
                raise
            if "caseflow_events_of_case" in str(error) or "case_id" in str(error):
                raise self._stale(None) from error
            raise RetryTransaction from error  # a feed's reader has filled the gap we were about to fill

    def _write_key(self, cursor: Cursor, claim: KeyClaim) -> None:
        try:
            cursor.execute(self._sql["insert_key"], key_row(claim))
        except self._connections.errors as error:
            if kind_of(error) != "taken":
                raise
            raise KeyReused(claim.key, actor=claim.actor) from error


def _fits_one_statement(rows: AppendRows) -> bool:
    """Whether it has events, and at most notices with them."""
    entry = rows.entry
    return bool(entry.events) and not (entry.redacts or entry.cancels or entry.documents or entry.voids)


def _case_row(rows: AppendRows, before: bytes, head: bytes) -> Row:
    """The values of ``insert_case``, or of ``update_case``."""
    entry = rows.entry
    row = (*rows.values, head, entry.case.id)
    return (*row, entry.expected, before) if entry.expected else row


def redact(cursor: Cursor, sql: Statements, case_id: str, names: Sequence[str]) -> None:
    """Erase the named texts of a case and their salts."""
    cursor.execute(sql["select_texts"], (case_id,))
    for version, text in cursor.fetchall():
        fields = json.loads(text)
        left = {name: pair for name, pair in fields.items() if not is_redacted_by(names, name, version)}
        if not left:
            cursor.execute(sql["delete_texts"], (case_id, version))
        elif len(left) < len(fields):
            cursor.execute(sql["update_texts"], (as_json(left), case_id, version))
