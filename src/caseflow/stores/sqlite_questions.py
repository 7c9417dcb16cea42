"""The questions a SQLite store answers from its tables alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from caseflow.chain import Head, Link
from caseflow.codec import decode
from caseflow.core.events import Event
from caseflow.outbox import Document, Posted
from caseflow.ports import NEVER, KeyClaim, Recorded, Text
from caseflow.stores import sqlite_outbox
from caseflow.stores.relational import moving
from caseflow.stores.relational.prepared import texts_in
from caseflow.stores.relational.raw import raw
from caseflow.stores.sqlite_file import SqliteFile

NAMES = moving.Names("", ("key", "first", "last"), has_series=False, mark="?")
"""How the tables are called."""


class SqliteQuestions:
    """What can be asked of the file without changing it; `SqliteStore` adds the rest."""

    _file: SqliteFile

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none."""
        sql = "SELECT body FROM events WHERE case_id = ? ORDER BY version"
        with self._file.reading() as connection:
            rows = connection.execute(sql, (case_id,)).fetchall()
        return tuple(decode(body) for (body,) in rows)

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every personal text of the case that was not redacted, in the order it came."""
        sql = "SELECT version, fields FROM texts WHERE case_id = ? ORDER BY version"
        with self._file.reading() as connection:
            rows = connection.execute(sql, (case_id,)).fetchall()
        return tuple(text for version, fields in rows for text in texts_in(version, fields))

    def recall(self, actor: str, key: str) -> KeyClaim | None:
        """What the key of that actor stands for; `None` when it is free."""
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT * FROM keys WHERE actor = ? AND key = ?", (actor, key)
            ).fetchone()
        return None if row is None else KeyClaim(*row)

    def due(
        self, before: int, *, limit: int, after: tuple[int, str] | None = None
    ) -> tuple[tuple[int, str], ...]:
        """``(next due, id)`` of cases due at or before the instant, in that order, after the given one."""
        sql = (
            "SELECT next_due, id FROM cases WHERE next_due <= ? AND (next_due, id) > (?, ?)"
            " ORDER BY next_due, id LIMIT ?"
        )
        least = after or (-NEVER, "")
        with self._file.reading() as connection:
            return tuple(connection.execute(sql, (before, *least, limit)).fetchall())

    def next_due(self) -> int | None:
        """The earliest next due instant of all cases; `None` when nothing will ever fire."""
        sql = "SELECT next_due FROM cases WHERE next_due IS NOT NULL ORDER BY next_due LIMIT 1"
        with self._file.reading() as connection:
            row = connection.execute(sql).fetchone()
        return None if row is None else row[0]

    def waiting(self, before: int) -> int:
        """How many cases have a rung whose "not before" has passed while it waits for a calendar."""
        with self._file.reading() as connection:
            sql = "SELECT count(*) FROM cases WHERE waits <= ?"
            found: int = connection.execute(sql, (before,)).fetchone()[0]
        return found

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        """Events of all cases in one total order, after the position.

        One writer at a time commits, so positions become visible in their order.
        """
        sql = (
            "SELECT position, case_id, version, body FROM events WHERE position > ? ORDER BY position LIMIT ?"
        )
        with self._file.reading() as connection:
            rows = connection.execute(sql, (min(after, NEVER), limit)).fetchall()
        return tuple(
            Recorded(position, case_id, version, decode(body)) for position, case_id, version, body in rows
        )

    def pinned(self, pin: str) -> Mapping[str, Any] | None:
        """The document of that hash; `None` when there is none."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT document FROM policies WHERE pin = ?", (pin,)).fetchone()
        return None if row is None else json.loads(row[0])

    def links(self, case_id: str) -> tuple[Link, ...]:
        """The audit chain of the case as it is kept, oldest first; empty when there is no such case."""
        sql = "SELECT version, body, hash FROM events WHERE case_id = ? ORDER BY version"
        with self._file.reading() as connection:
            return tuple(Link(*row) for row in connection.execute(sql, (case_id,)).fetchall())

    def heads(self, after: str = "", *, limit: int = 1000) -> tuple[Head, ...]:
        """The newest hash of every case whose id comes after that one, in the order of ids by code point."""
        sql = "SELECT id, version, head FROM cases WHERE id > ? ORDER BY id LIMIT ?"
        with self._file.reading() as connection:
            return tuple(Head(*row) for row in connection.execute(sql, (after, limit)).fetchall())

    def pins(self) -> tuple[str, ...]:
        """The content hashes of all documents that are kept."""
        with self._file.reading() as connection:
            return moving.pins(connection.cursor(), NAMES)

    def raw(self, table: str, *, after: str = "", upto: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """The rows of a table exactly as they are kept; see `caseflow.ports.Auditable`."""
        with self._file.reading() as connection:
            return raw(connection.cursor(), NAMES, table, after=after, upto=upto)

    def keys(self, after: tuple[str, str] = ("", ""), *, limit: int = 1000) -> tuple[KeyClaim, ...]:
        """Idempotency keys after (actor, key), in that order by code point."""
        with self._file.reading() as connection:
            return moving.keys(connection.cursor(), NAMES, after, limit)

    def notices(
        self, *, case_id: str = "", status: str = "", after: int = 0, limit: int = 1000
    ) -> tuple[Posted, ...]:
        """Notices after the position, in the order of positions; of one case, of one status."""
        with self._file.reading() as connection:
            return sqlite_outbox.notices(connection, case_id=case_id, status=status, after=after, limit=limit)

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The documents of a case, in the order they were issued."""
        with self._file.reading() as connection:
            return sqlite_outbox.documents(connection, case_id)

    def issued(self, series: str, year: int, *, after: int = 0, limit: int = 1000) -> tuple[Document, ...]:
        """The documents of a series and year after that number, in the order of numbers."""
        with self._file.reading() as connection:
            return sqlite_outbox.issued(connection, series, year, after=after, limit=limit)
