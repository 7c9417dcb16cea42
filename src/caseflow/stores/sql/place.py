"""A database as a place for a store: its tables made, looked at, migrated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from caseflow.errors import StoreError
from caseflow.stores.place import Status
from caseflow.stores.relational import schema
from caseflow.stores.relational.dialects import Cursor
from caseflow.stores.relational.tables import SCHEMA
from caseflow.stores.sql.connections import EngineConnections
from caseflow.stores.sql.store import SqlStore


class SqlPlace:
    """The database of that URL. Messages name it without user and password."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, *, must_exist: bool = False) -> SqlStore:
        """The store; its tables are made when they are missing, unless they must be there."""
        return SqlStore(self._url) if must_exist else SqlStore.made(self._url)

    def make(self) -> bool:
        """Make the tables; whether none were there before."""
        with self._connected() as connections:
            if schema.found_schema(connections):
                schema.refuse_other(connections)
                return False
            return bool(schema.migrate(connections))

    def status(self) -> Status:
        """How it stands; nothing is changed."""
        with self._connected() as connections:
            found = schema.found_schema(connections)
            if not found:
                raise StoreError("store-missing", path=connections.name)
            return connections.read(lambda cursor: _status(cursor, found))

    def migrate(self) -> tuple[int, ...]:
        """Bring the tables to today's schema; the schemas they went through."""
        with self._connected() as connections:
            if not schema.found_schema(connections):
                raise StoreError("store-missing", path=connections.name)
            done = schema.migrate(connections)
            schema.feed_base(connections)
            return done

    @contextmanager
    def _connected(self) -> Iterator[EngineConnections]:
        connections = EngineConnections(self._url, pool_size=1)
        try:
            yield connections
        finally:
            connections.close()


def _status(cursor: Cursor, found: int) -> Status:
    cursor.execute("SELECT count(*) FROM caseflow_cases")
    cases = int(cursor.fetchone()[0])
    cursor.execute("SELECT count(*) FROM caseflow_events WHERE case_id <> ''")  # not the filled gaps
    events = int(cursor.fetchone()[0])
    cursor.execute("SELECT status, count(*) FROM caseflow_notices GROUP BY status ORDER BY status")
    notices = tuple((str(name), int(count)) for name, count in cursor.fetchall())
    return Status(found, SCHEMA, cases, events, notices)
