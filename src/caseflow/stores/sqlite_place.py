"""A SQLite file as a place for a store: made, looked at, migrated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from caseflow.errors import StoreError
from caseflow.stores import sqlite_schema
from caseflow.stores.place import Status
from caseflow.stores.sqlite import SqliteStore
from caseflow.stores.sqlite_file import SqliteFile


class SqlitePlace:
    """The file of that path."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def open(self, *, must_exist: bool = False) -> SqliteStore:
        """The store; the file is made when it is missing, unless it must exist."""
        if must_exist:
            self._check_there()
        return SqliteStore(self.path)

    def make(self) -> bool:
        """Make the file; whether it was not there before."""
        missing = not self.path.exists()
        SqliteStore(self.path).close()
        return missing

    def status(self) -> Status:
        """How the file stands; it stays as it is."""
        self._check_there()
        with self._looking() as connection:
            mark, schema = sqlite_schema.marks(connection)
            if mark != sqlite_schema.APPLICATION_ID:
                raise StoreError("store-foreign", path=str(self.path), found=f"application id {mark}")
            (cases,) = connection.execute("SELECT count(*) FROM cases").fetchone()
            (events,) = connection.execute("SELECT count(*) FROM events").fetchone()
            sql = "SELECT status, count(*) FROM notices GROUP BY status ORDER BY status"
            notices = connection.execute(sql).fetchall() if schema >= 2 else []
        return Status(schema, sqlite_schema.SCHEMA, cases, events, tuple(notices))

    def migrate(self) -> tuple[int, ...]:
        """Bring the file to today's schema; see `SqliteStore.migrate`."""
        return SqliteStore.migrate(self.path)

    def _check_there(self) -> None:
        if not self.path.exists():
            raise StoreError("store-failed", path=str(self.path), found="no such file")

    @contextmanager
    def _looking(self) -> Iterator[sqlite3.Connection]:
        file = SqliteFile(str(self.path), timeout=10.0)
        try:
            with file.reading() as connection:
                yield connection
        finally:
            file.close()
