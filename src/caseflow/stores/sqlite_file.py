"""The connection to a SQLite file: one for each process, held by one thread at a time, errors made ours."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from caseflow.errors import StoreBusy, StoreError

SAFE_WAL = (3, 51, 3)
"""SQLite versions before this one can corrupt a WAL file when several connections write or checkpoint at
once (sqlite.org, "WAL-reset bug"); on those a rollback journal is the default."""


class SqliteFile:
    """A file and the connection to it, opened when it is first needed and again after a fork.

    Args:
        path, journal, synchronous, timeout: as in `SqliteStore`; without a journal mode the file keeps its
            own.
        prepare: what is done with a new connection before anybody uses it.
    """

    def __init__(
        self,
        path: str,
        *,
        timeout: float,
        journal: str = "",
        synchronous: str = "full",
        prepare: Callable[[sqlite3.Connection, str], None] | None = None,
    ) -> None:
        if journal not in ("", "auto", "wal", "delete", "truncate", "persist"):
            raise StoreError("store-failed", path=path, found=f"journal {journal}")
        if synchronous not in ("full", "normal", "off", "extra"):
            raise StoreError("store-failed", path=path, found=f"synchronous {synchronous}")
        self.path = path
        self.journal = _safe_journal() if journal == "auto" else journal
        self.synchronous = synchronous
        self.timeout = timeout
        self._prepare = prepare
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._is_open = False
        self._connection: sqlite3.Connection | None = None
        self._inherited: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self.timeout, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA busy_timeout = {int(self.timeout * 1000)}")
            if self._prepare is not None:
                self._prepare(connection, self.path)
            if self.journal:
                connection.execute(f"PRAGMA journal_mode = {self.journal}")
            connection.execute(f"PRAGMA synchronous = {self.synchronous}")
            connection.execute("PRAGMA secure_delete = ON")  # what is redacted leaves no bytes behind
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, held for one thread; SQLite's errors become ours."""
        if self._process != os.getpid():
            # A forked child leaves its parent's connection alone, unclosed, and any lock held there.
            self._inherited, self._connection = self._connection, None
            self._lock = threading.RLock()
            self._process = os.getpid()
            self._is_open = False
        with self._lock:
            try:
                if not self._is_open:
                    self._connection = self._open()
                    self._is_open = True
                if self._connection is None:
                    raise StoreError("store-failed", path=self.path, found="closed")
                yield self._connection
            except sqlite3.Error as error:
                raise self._translated(error) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection inside ``BEGIN IMMEDIATE``: committed at the end, rolled back on any error."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def forget_log(self) -> None:
        """Empty the write-ahead log, as far as no reader needs it: it holds what was overwritten."""
        if self.journal == "wal":
            with self.reading() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _translated(self, error: sqlite3.Error) -> StoreError:
        text = str(error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StoreBusy("store-busy", path=self.path, seconds=self.timeout)
        if code == sqlite3.SQLITE_READONLY:
            return StoreError("store-read-only", path=self.path, found=text)
        if code == sqlite3.SQLITE_NOTADB:
            return StoreError("store-foreign", path=self.path, found=text)
        if code == sqlite3.SQLITE_FULL:
            return StoreError("store-full", path=self.path, found=text)
        return StoreError("store-failed", path=self.path, found=text)

    def close(self) -> None:
        """Close the connection; it must not be used afterwards."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None


def _safe_journal() -> str:
    return "wal" if sqlite3.sqlite_version_info >= SAFE_WAL else "truncate"
