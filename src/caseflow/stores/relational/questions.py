"""The questions a relational store answers without changing anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from caseflow.chain import Head, Link
from caseflow.codec import decode
from caseflow.core.events import Event
from caseflow.outbox import Document, Posted
from caseflow.ports import KeyClaim, Recorded, Text
from caseflow.stores.relational import feed, moving, outbox
from caseflow.stores.relational.dialects import Connections
from caseflow.stores.relational.prepared import texts_in
from caseflow.stores.relational.raw import raw
from caseflow.stores.relational.statements import Statements


class RelationalQuestions:
    """What can be asked of the tables; `RelationalStore` adds the rest."""

    _connections: Connections
    _said: Statements

    @property
    def _names(self) -> moving.Names:
        key = ("name", "first_version", "last_version")
        dialect = self._said.dialect
        locking = " FOR UPDATE" if dialect.locks_rows else ""
        return moving.Names("caseflow_", key, has_series=True, mark=dialect.mark, locking=locking)

    def _rows(self, sql: str, given: tuple[Any, ...] = ()) -> Any:
        """The rows of one question."""

        def ask(cursor: Any) -> Any:
            cursor.execute(sql, given)
            return cursor.fetchall()

        return self._connections.read(ask)

    def _can_hold(self, *names: str) -> bool:
        return all(self._said.dialect.can_hold(name) for name in names)

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none."""
        return tuple(decode(link.body) for link in self.links(case_id))

    def links(self, case_id: str) -> tuple[Link, ...]:
        """The audit chain of the case as it is kept, oldest first; empty when there is no such case."""
        if not self._can_hold(case_id):
            return ()
        rows = self._rows(self._said.links, (case_id,))
        return tuple(Link(version, bytes(body), bytes(seal)) for version, body, seal in rows)

    def heads(self, after: str = "", *, limit: int = 1000) -> tuple[Head, ...]:
        """The newest hash of every case whose id comes after that one, in the order of ids by code point."""
        rows = self._rows(self._said.heads, (after, limit))
        return tuple(Head(case_id, version, bytes(head)) for case_id, version, head in rows)

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every personal text of the case that was not redacted, in the order it came."""
        rows = self._rows(self._said.texts, (case_id,)) if self._can_hold(case_id) else ()
        return tuple(text for version, fields in rows for text in texts_in(version, fields))

    def texts_many(self, ids: Sequence[str]) -> dict[str, tuple[Text, ...]]:
        """The texts of those cases that have any, in one question; a relay asks so."""
        found: dict[str, tuple[Text, ...]] = {}
        for case_id, version, fields in self._rows(*self._said.texts_many(ids)) if ids else ():
            found[case_id] = (*found.get(case_id, ()), *texts_in(version, fields))
        return found

    def recall(self, actor: str, key: str) -> KeyClaim | None:
        """What the key of that actor stands for; `None` when it is free."""
        rows = self._rows(self._said.key, (actor, key)) if self._can_hold(actor, key) else ()
        return KeyClaim(*rows[0]) if rows else None

    def due(
        self, before: int, *, limit: int, after: tuple[int, str] | None = None
    ) -> tuple[tuple[int, str], ...]:
        """``(next due, id)`` of cases due at or before the instant, in that order, after the given one."""
        rows = self._rows(*self._said.due(before, limit=limit, after=after))
        return tuple((due, case_id) for due, case_id in rows)

    def next_due(self) -> int | None:
        """The earliest next due instant of all cases; `None` when nothing will ever fire."""
        rows = self._rows(self._said.next_due)
        return rows[0][0] if rows else None

    def waiting(self, before: int) -> int:
        """How many cases have a rung whose "not before" has passed while it waits for a calendar."""
        found: int = self._rows(self._said.waiting, (before,))[0][0]
        return found

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        """Events of all cases in one total order, after the position; none is ever skipped.

        An event is in the feed once no transaction that may bring an earlier one is under way: right after
        its commit where nobody else writes, else when those have ended that began before it. See
        `caseflow.stores.relational.feed`.
        """
        rows = feed.read(self._connections, self._said, after, limit)
        return tuple(
            Recorded(position, case_id, version, decode(bytes(body)))
            for position, case_id, version, body in rows
        )

    def pinned(self, pin: str) -> Mapping[str, Any] | None:
        """The document of that hash; `None` when there is none."""
        rows = self._rows(self._said.policy, (pin,))
        return json.loads(rows[0][0]) if rows else None

    def pins(self) -> tuple[str, ...]:
        """The content hashes of all documents that are kept."""
        return self._connections.read(lambda cursor: moving.pins(cursor, self._names))

    def raw(self, table: str, *, after: str = "", upto: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """The rows of a table exactly as they are kept; see `caseflow.ports.Auditable`."""
        return self._connections.read(lambda cursor: raw(cursor, self._names, table, after=after, upto=upto))

    def keys(self, after: tuple[str, str] = ("", ""), *, limit: int = 1000) -> tuple[KeyClaim, ...]:
        """Idempotency keys after (actor, key), in that order by code point."""
        return self._connections.read(lambda cursor: moving.keys(cursor, self._names, after, limit))

    def notices(
        self, *, case_id: str = "", status: str = "", after: int = 0, limit: int = 1000
    ) -> tuple[Posted, ...]:
        """Notices after the position, in the order of positions; of one case, of one status."""
        asked = {"case_id": case_id, "status": status, "after": after, "limit": limit}
        return self._connections.read(lambda cursor: outbox.notices(cursor, self._said, **asked))

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The documents of a case, in the order they were issued."""
        if not self._can_hold(case_id):
            return ()
        sql = self._said.documents
        return self._connections.read(lambda cursor: outbox.documents(cursor, sql, (case_id,)))

    def issued(self, series: str, year: int, *, after: int = 0, limit: int = 1000) -> tuple[Document, ...]:
        """The documents of a series and year after that number, in the order of numbers."""
        sql, given = self._said.issued, (series, year, after, limit)
        return self._connections.read(lambda cursor: outbox.documents(cursor, sql, given))
