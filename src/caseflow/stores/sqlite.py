"""`SqliteStore`: cases in one SQLite file; connections of `sqlite3`, one a process, errors made ours."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from caseflow import forks
from caseflow.errors import StoreError
from caseflow.ports.records import Append, KeyClaim, StoreStatus
from caseflow.stores.sql import schema
from caseflow.stores.sql.dialects import SQLITE, Cursor
from caseflow.stores.sql.driver_errors import translated
from caseflow.stores.sql.store import RelationalStore

Result = TypeVar("Result")

APPLICATION_ID = 0x63617365
"""``case`` in ASCII: marks a file as ours in SQLite's own header."""

SAFE_WAL = (3, 51, 3)
"""SQLite versions before this one can corrupt a WAL file when several connections write or checkpoint at
once (sqlite.org, "WAL-reset bug"); on those a rollback journal is the default."""

CACHE_KIB = 16_000
"""So much of the file is kept in memory: what a sweep writes at once need not spill before its commit."""


class SqliteConnections:
    """A file and the connection to it, opened when it is first needed and again after a fork.

    The connection is held by one thread at a time.

    Args:
        path, journal, synchronous, timeout: as in `SqliteStore`; without a journal mode the file keeps its
            own.
        prepare: what is done with a new connection before anybody uses it; by default a file that is not
            ours is refused.
    """

    dialect = SQLITE
    errors: type[Exception] = sqlite3.Error
    is_shared = False

    def __init__(
        self,
        path: str,
        *,
        timeout: float,
        journal: str = "",
        synchronous: str = "full",
        prepare: Callable[[Cursor, str], None] | None = None,
    ) -> None:
        if journal not in ("", "auto", "wal", "delete", "truncate", "persist"):
            raise StoreError("store-failed", path=path, found=f"journal {journal}")
        if synchronous not in ("full", "normal", "off", "extra"):
            raise StoreError("store-failed", path=path, found=f"synchronous {synchronous}")
        self.name = path
        self._file = path if path == ":memory:" else str(Path(path).absolute())  # whoever changes folders
        self.journal = _safe_journal() if journal == "auto" else journal
        self.synchronous = synchronous
        self.timeout = timeout
        self._prepare = prepare or _refuse_foreign
        self._lock = threading.RLock()
        self._is_closed = False
        self._inode: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._inherited: sqlite3.Connection | None = None
        forks.watch(self)

    def read(self, ask: Callable[[Cursor], Result]) -> Result:
        """Run a question; SQLite's errors become ours."""
        with self._lock:
            try:
                cursor = self._opened().cursor()
                try:
                    return ask(cursor)
                finally:
                    cursor.close()  # an error that somebody keeps would keep the file open
            except (sqlite3.Error, UnicodeError) as error:
                raise self._translated(error) from error

    def write(self, change: Callable[[Cursor], Result], *, single: bool = False) -> Result:
        """Run a change inside ``BEGIN IMMEDIATE``: committed at the end, rolled back on any error.

        Where another file has come in the place of this one, such as a backup, it is run there: what is
        written to a file without a name is lost.
        """
        with self._lock:
            try:
                if self._is_replaced():
                    self._let_go()
                connection = self._opened()
                cursor = connection.cursor()
                try:
                    cursor.execute("BEGIN IMMEDIATE")
                    result = change(cursor)
                    cursor.execute("COMMIT")
                    return result
                except BaseException:
                    if connection.in_transaction:
                        connection.rollback()
                    raise
                finally:
                    cursor.close()
            except (sqlite3.Error, UnicodeError) as error:
                raise self._translated(error) from error

    def _is_replaced(self) -> bool:
        """Whether another file bears the name by now, or none."""
        if self._inode is None:
            return False
        try:
            return os.stat(self._file).st_ino != self._inode  # noqa: PTH116  # on the way of every command
        except OSError:
            return True

    def _let_go(self) -> None:
        """Close the connection; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    @contextmanager
    def held(self) -> Generator[sqlite3.Connection]:
        """The connection itself, for one thread, in no transaction."""
        with self._lock:
            try:
                yield self._opened()
            except sqlite3.Error as error:
                raise self._translated(error) from error

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work now: a change is committed when it returns."""
        work()

    def empty_log(self) -> None:
        """Empty the write-ahead log, as far as no reader needs it: it holds what was overwritten."""
        self.read(lambda cursor: cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    def close(self) -> None:
        """Close the connection; it must not be used afterwards."""
        with self._lock:
            self._let_go()
            self._is_closed = True

    def _opened(self) -> sqlite3.Connection:
        connection = self._connection
        if connection is None:
            if self._is_closed:
                raise StoreError("store-failed", path=self.name, found="closed")
            connection = self._connection = self._open()
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file, timeout=self.timeout, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA busy_timeout = {int(self.timeout * 1000)}")
            self._prepare(connection.cursor(), self.name)
            if self.journal:
                connection.execute(f"PRAGMA journal_mode = {self.journal}")
            connection.execute(f"PRAGMA synchronous = {self.synchronous}")
            connection.execute(f"PRAGMA cache_size = {-CACHE_KIB}")
            connection.execute("PRAGMA secure_delete = ON")  # what is redacted leaves no bytes behind
            self._inode = None if self._file == ":memory:" else Path(self._file).stat().st_ino
        except BaseException:
            connection.close()
            raise
        return connection

    def before_fork(self) -> None:
        """Keep every thread out of SQLite: a child would inherit the locks of one that is inside for ever."""
        self._lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        """Go on; a child leaves its parent's connection alone, unclosed, and opens its own."""
        if in_child:
            self._inherited, self._connection = self._connection, None
            self._lock = threading.RLock()
        else:
            self._lock.release()

    def _translated(self, error: Exception) -> StoreError:
        return translated(error, name=self.name, seconds=self.timeout)


class SqliteStore(RelationalStore):
    """Cases in a SQLite file. Safe to share between threads; a forked child opens its own connection.

    Args:
        path: the file, made when it is missing; ``:memory:`` for none.
        journal: ``wal``, ``delete``, ``truncate`` or ``persist``. By default WAL where this SQLite is free
            of the WAL-reset bug, else ``truncate``.
        synchronous: ``full`` (what was acknowledged survives a power cut), ``normal`` or ``off``.
        timeout: seconds to wait for another process's lock.

    Raises:
        StoreError: the file is another program's, of an older or newer schema, a directory, or cannot be
            written.
        StoreBusy: another process held the lock longer than ``timeout``.
    """

    _connections: SqliteConnections

    def __init__(
        self,
        path: str | Path,
        *,
        journal: str = "auto",
        synchronous: str = "full",
        timeout: float = 10.0,
    ) -> None:
        self.path = str(path)
        connections = SqliteConnections(
            self.path, journal=journal, synchronous=synchronous, timeout=timeout, prepare=_check_or_make
        )
        super().__init__(connections, schema.opened(connections))

    @property
    def journal(self) -> str:
        """The journal mode in use."""
        return self._connections.journal

    @staticmethod
    def migrate(path: str | Path, *, timeout: float = 60.0) -> tuple[int, ...]:
        """Bring a store of an older schema to today's; the schemas it went through, in order.

        Safe to run twice, and by two processes at once: whoever comes second finds it done. Everything
        happens in one transaction.

        Raises:
            StoreError: there is no such file, it is another program's, or of a newer schema.
            StoreBusy: another process held the lock longer than ``timeout`` seconds.
        """
        with _existing(path, timeout=timeout) as connections:
            return schema.migrate(connections)

    @staticmethod
    def status(path: str | Path) -> StoreStatus:
        """How the file stands, whatever its schema; it stays as it is.

        Raises:
            StoreError: there is no such file, or it is another program's.
        """
        with _existing(path, timeout=10.0) as connections:
            return schema.status(connections, schema=schema.schema_of(connections))

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with all that goes with them and an idempotency key.

        One insert for each event, one for the texts of a command, one for a key, and one update a case.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key was taken in the meantime.
            StoreBusy: another process held the lock too long.
        """
        super().append(appends, claim)
        if self.journal == "wal" and any(entry.redacts for entry in appends):
            self._connections.empty_log()

    def reopened(self) -> SqliteStore:
        """Close this store and open its file anew, as it was opened; one without a file is left open."""
        if self.path == ":memory:":
            return self
        self.close()
        before = self._connections
        return SqliteStore(
            self.path, journal=before.journal, synchronous=before.synchronous, timeout=before.timeout
        )

    def branched(self) -> SqliteStore:
        """A store of its own, in memory, with all that this one holds.

        What happens in one never reaches the other.
        """
        branch = SqliteStore(":memory:")
        with self._connections.held() as source, branch._connections.held() as target:
            source.backup(target)
        return branch


@contextmanager
def _existing(path: str | Path, *, timeout: float) -> Generator[SqliteConnections]:
    """Connections to a file of ours that must be there, of any schema."""
    if not Path(path).exists():
        raise StoreError("store-failed", path=str(path), found="no such file")
    connections = SqliteConnections(str(path), timeout=timeout)
    try:
        yield connections
    finally:
        connections.close()


def _check_or_make(cursor: Cursor, path: str) -> None:
    """Leave a store of today's schema as it is; make one of an empty file; refuse everything else."""
    if not _is_ours(cursor, path):
        cursor.execute("BEGIN IMMEDIATE")
        if not _is_ours(cursor, path):  # nobody else was faster
            schema.apply(cursor, SQLITE, since=0)
            cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        cursor.execute("COMMIT")
    schema.refuse_other(schema.schema_within(cursor, SQLITE), name=path)


def _refuse_foreign(cursor: Cursor, path: str) -> None:
    if not _is_ours(cursor, path):
        raise StoreError("store-foreign", path=path, found="0 tables")


def _is_ours(cursor: Cursor, path: str) -> bool:
    """Whether the file is ours, rather than empty.

    Raises:
        StoreError: it is another program's.
    """
    (mark,) = cursor.execute("PRAGMA application_id").fetchone()
    (tables,) = cursor.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if mark == APPLICATION_ID and schema.schema_within(cursor, SQLITE):
        return True
    if mark or tables:
        raise StoreError("store-foreign", path=path, found=f"application id {mark}, {tables} tables")
    return False


def _safe_journal() -> str:
    return "wal" if sqlite3.sqlite_version_info >= SAFE_WAL else "truncate"
