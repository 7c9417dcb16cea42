"""`SqlStore`: cases in PostgreSQL, MariaDB or SQLite, on connections of SQLAlchemy.

SQLAlchemy brings URLs, drivers, the pool and its events; statements are sent by the driver's own cursor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, PoolProxiedConnection, QueuePool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from caseflow.errors import StoreBusy, StoreError
from caseflow.ports.records import StoreStatus
from caseflow.stores.portal_transaction import JoinedConnections, Work
from caseflow.stores.sql import schema
from caseflow.stores.sql.dialects import DIALECTS, Cursor, Dialect, dialect_of
from caseflow.stores.sql.driver_errors import attempted, kind_of, translated
from caseflow.stores.sql.store import PendingPolicies, RelationalStore

Result = TypeVar("Result")


class SqlStore(RelationalStore):
    """Cases in a database that SQLAlchemy can reach. Safe to share between threads, and over a fork.

    The tables must be there: ``caseflow store init --store URL``, or `SqlStore.made`.

    Args:
        where: a URL such as ``postgresql://user@host/portal`` or ``mariadb://user@host/portal``, with the
            drivers of the extras ``postgres`` and ``mariadb`` unless it names another; or the portal's own
            engine, which is used in autocommit and given back as it was.
        timeout: seconds to wait for a connection of the pool, and for rows that others have locked.
        pool_size: connections kept open; at most twice as many are made. A portal's engine has its own.

    Raises:
        StoreError: the database cannot be reached, holds no tables of ours, or those of another schema.
    """

    def __init__(self, where: str | URL | Engine, *, timeout: float = 10.0, pool_size: int = 5) -> None:
        connections = EngineConnections(where, timeout=timeout, pool_size=pool_size)
        try:
            schema.refuse_other(schema.schema_of(connections), name=connections.name)
            feed_base = schema.feed_base(connections)
        except BaseException:
            connections.close()
            raise
        super().__init__(connections, feed_base=feed_base)

    @classmethod
    def made(cls, where: str | URL | Engine, *, timeout: float = 10.0, pool_size: int = 5) -> Self:
        """The store, its tables made or migrated first; safe to run twice, and by several at once."""
        connections = EngineConnections(where, timeout=timeout, pool_size=1)
        try:
            schema.migrate(connections)
        finally:
            connections.close()
        return cls(where, timeout=timeout, pool_size=pool_size)

    @staticmethod
    def joined(connection: Connection) -> RelationalStore:
        """A store inside the transaction of the portal's connection, begun if need be.

        It commits nothing itself: what a desk on it appends is there when the portal commits, and gone when
        it rolls back. Each append lies in a savepoint, so a `Stale` or `KeyReused` leaves the transaction
        usable. Work given to `after_commit` is done after the portal's commit. The store is for the thread
        and for as long as the connection is.

        On MariaDB the connection must be in READ COMMITTED: under REPEATABLE READ, its default, a
        transaction goes on seeing cases as they were at its first question, and is told `Stale`.

        Raises:
            StoreError: the connection is in autocommit; there are no tables of ours, or of another schema;
                ``store-restored``.
        """
        connections = JoinedConnections(connection, name=shown(connection.engine.url))
        pending = connection.info.setdefault("caseflow.pending", PendingPolicies())
        return RelationalStore(connections, feed_base=schema.feed_base_within(connections), pending=pending)


class DatabaseLocation:
    """The database of that URL. Messages name it without user and password."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, *, must_exist: bool = False) -> SqlStore:
        """The store; its tables are made when they are missing, unless they must be there."""
        return SqlStore(self._url) if must_exist else SqlStore.made(self._url)

    def make(self) -> bool:
        """Make the tables; whether none were there before."""
        with self._connected() as connections:
            if version := schema.schema_of(connections):
                schema.refuse_other(version, name=connections.name)
                return False
            return bool(schema.migrate(connections))

    def status(self) -> StoreStatus:
        """How it stands; nothing is changed."""
        with self._connected() as connections:
            version = schema.schema_of(connections)
            if not version:
                raise StoreError("store-missing", path=connections.name)
            return schema.status(connections, schema=version)

    def migrate(self) -> tuple[int, ...]:
        """Bring the tables to today's schema; the schemas they went through."""
        with self._connected() as connections:
            if not schema.schema_of(connections):
                raise StoreError("store-missing", path=connections.name)
            steps = schema.migrate(connections)
            schema.feed_base(connections)
            return steps

    @contextmanager
    def _connected(self) -> Generator[EngineConnections]:
        connections = EngineConnections(self._url, pool_size=1)
        try:
            yield connections
        finally:
            connections.close()


# -- URLs --------------------------------------------------------------------------------------------------

DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "mysql": "mysql+pymysql"}
"""The driver that a URL without one gets: that of the extra."""


def parsed(url: str | URL) -> URL:
    """The URL with its driver.

    Raises:
        StoreError: it is no database URL, or of a kind that is not known.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise StoreError("store-url", found=_kind(str(url))) from None
    after = "" if isinstance(url, URL) else url.partition("?")[2]
    if "@" in f"{parts.host}{parts.database}{after}" and parts.get_backend_name() != "sqlite":
        raise StoreError("store-url-quoting")  # what follows an unquoted sign of a password is no database
    if parts.get_backend_name() not in DIALECTS:
        raise StoreError("store-url", found=shown(parts))
    return parts.set(drivername=DRIVERS.get(parts.drivername, parts.drivername))


def shown(url: URL) -> str:
    """The URL for people: kind, host and database. No user, no password, no parameters."""
    host = f"{url.host or ''}{f':{url.port}' if url.port else ''}"
    kind = url.get_backend_name()
    named = "sqlite+pysqlite" if kind == "sqlite" else kind  # `sqlite` alone means a `SqliteStore`
    return f"{named}://{host}/{url.database or ''}"


def _kind(url: str) -> str:
    """What may be shown of something that is no URL: it may hold a password all the same."""
    return f"{url.partition(':')[0][:20]}:..."


# -- an engine's pool --------------------------------------------------------------------------------------

_LOSSES = "caseflow.losses"
"""In a connection's info: how many losses there had been when it was first used."""


class EngineConnections:
    """Cursors from an engine's pool, each statement its own transaction unless it is a change.

    Args:
        where: a URL, for which an engine is made, or the portal's own engine.
        timeout: seconds to wait for a connection and for what others have locked.
        pool_size: connections kept open; twice as many may be.
    """

    is_shared = False

    def __init__(self, where: str | URL | Engine, *, timeout: float = 10.0, pool_size: int = 5) -> None:
        self._is_ours = not isinstance(where, Engine)
        self._timeout = timeout
        self._process = os.getpid()
        self._is_closed = False
        self._engine: Engine
        if isinstance(where, Engine):
            self._engine = where.execution_options(isolation_level="AUTOCOMMIT")
        else:
            self._engine = _engine(parsed(where), timeout, pool_size)
        self._is_psycopg = self._engine.dialect.driver == "psycopg"
        self._losses = 0

    @property
    def name(self) -> str:
        """Kind, host and database; never a user or password."""
        return shown(self._engine.url)

    @property
    def dialect(self) -> Dialect:
        """How the database is spoken to."""
        return dialect_of(self._engine.dialect.name)

    @property
    def errors(self) -> type[Exception]:
        """What the driver's errors derive from."""
        error: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        return error

    def after_commit(self, work: Work) -> None:
        """Run the work now: a change is committed when it returns."""
        work()

    def close(self) -> None:
        """Close the pool, if the engine is ours."""
        self._is_closed = True
        if self._is_ours:
            self._engine.dispose(close=self._process == os.getpid())

    # -- questions and changes -----------------------------------------------------------------------------

    def read(self, ask: Callable[[Cursor], Result]) -> Result:
        """Run a question; once more on a new connection when that of the pool was dead."""
        for is_last in (False, True):
            try:
                with self._connected() as (_, cursor):
                    return ask(cursor)
            except self.errors as error:
                if is_last or kind_of(error) != "gone":
                    raise self._translated(error) from error
        raise AssertionError("the last attempt returns or raises")

    def write(self, change: Callable[[Cursor], Result], *, single: bool = False) -> Result:
        """Run a change in a transaction of its own, or as the one statement that it is.

        What was surely not committed is run again: what the database undid, and, once, what a lost
        connection ended before its commit.
        """
        run = self._run_single if single else self._run
        return attempted(
            lambda: run(change), errors=self.errors, name=self.name, seconds=self._timeout
        )  # fmt: skip

    def _run(self, change: Callable[[Cursor], Result]) -> Result:
        with self._connected() as (connection, cursor):
            if not self._is_ours and self.dialect.name == "mariadb":  # a portal's are in REPEATABLE READ
                cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute(self.dialect.begin)
            try:
                result = change(cursor)
            except BaseException:
                try:
                    cursor.execute("ROLLBACK")
                except self.errors:
                    connection.invalidate()  # the server rolls back when it sees that we are gone
                raise
            with self._unsure():
                cursor.execute("COMMIT")
            return result

    def _run_single(self, change: Callable[[Cursor], Result]) -> Result:
        with self._connected() as (_, cursor), self._unsure():
            return change(cursor)

    @contextmanager
    def _unsure(self) -> Generator[None]:
        """Whoever loses the connection in here cannot know whether the commit was done."""
        try:
            yield
        except self.errors as error:
            if kind_of(error) != "gone":
                raise
            raise StoreError("store-unsure", path=self.name) from error

    @contextmanager
    def _connected(self) -> Generator[tuple[PoolProxiedConnection, Cursor]]:
        """A connection of the pool in autocommit, and its cursor; a dead one does not go back."""
        self._after_fork()
        if self._is_closed:
            raise StoreError("store-failed", path=self.name, found="closed")
        owner, connection = self._checked_out()
        try:
            yield connection, self._cursor_of(connection)
        except (self.errors, StoreError) as error:
            cause = error.__cause__ if isinstance(error, StoreError) else error
            if cause is not None and kind_of(cause) == "gone":
                if connection.is_valid:  # unless a rollback has found that out before
                    connection.invalidate()
                self._losses += 1
            raise
        finally:
            owner.close()

    def _checked_out(self) -> tuple[Any, PoolProxiedConnection]:
        """A connection of the pool and what gives it back.

        After a loss those that the pool had before are as dead: each is closed when its turn comes. To
        dispose of the pool would leave open those that other threads have in hand.
        """
        while True:
            losses = self._losses
            try:
                owner = self._engine.raw_connection() if self._is_ours else self._engine.connect()
            except PoolTimeout as error:
                raise StoreBusy("store-busy", path=self.name, seconds=self._timeout) from error
            except DBAPIError as error:
                raise self._translated(error.orig or error) from error
            connection = owner if isinstance(owner, PoolProxiedConnection) else owner.connection
            if connection.info.setdefault(_LOSSES, losses) >= losses:
                return owner, connection
            connection.invalidate()
            owner.close()

    def _cursor_of(self, connection: PoolProxiedConnection) -> Any:
        if self._is_psycopg:  # bytes come as bytes, not as text to be decoded
            driver: Any = connection.driver_connection
            return driver.cursor(binary=True)
        return connection.cursor()

    def _after_fork(self) -> None:
        """A child leaves its parent's connections alone, unclosed, and opens its own."""
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._process = os.getpid()

    def _translated(self, error: BaseException) -> StoreError:
        return translated(error, name=self.name, seconds=self._timeout)


def _engine(url: URL, timeout: float, pool_size: int) -> Engine:
    """An engine whose connections are told once what they need."""
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError("store-url", found=shown(url))
    connect_args: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        connect_args = {"timeout": timeout, "check_same_thread": False}
    try:
        engine = create_engine(
            url, isolation_level="AUTOCOMMIT", pool_size=pool_size, max_overflow=pool_size,
            pool_timeout=timeout, pool_reset_on_return=None, poolclass=QueuePool, connect_args=connect_args,
        )  # fmt: skip
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError("store-driver", found=f"{url.drivername}: {error}") from error
    event.listen(engine, "connect", _instructed(url.get_backend_name(), timeout))
    return engine


def _instructed(backend: str, timeout: float) -> Callable[[Any, Any], None]:
    """What a new connection is told."""
    whole = max(1, round(timeout))
    lines = {
        "postgresql": [f"SET lock_timeout = '{whole}s'"],
        "sqlite": ["PRAGMA synchronous = FULL", "PRAGMA secure_delete = ON"],
    }.get(backend) or [
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        f"SET SESSION innodb_lock_wait_timeout = {whole}, sql_mode = 'STRICT_ALL_TABLES'",
    ]

    def tell(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for line in lines:
            cursor.execute(line)
        cursor.close()

    return tell
