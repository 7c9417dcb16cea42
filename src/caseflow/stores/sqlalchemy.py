"""`SqlStore`: cases in PostgreSQL, MariaDB or SQLite, on connections of SQLAlchemy.

SQLAlchemy brings URLs, drivers, the pool and its events; statements are sent by the driver's own cursor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self, TypeVar

from sqlalchemy import (
    AssertionPool,
    Connection,
    Engine,
    PoolProxiedConnection,
    QueuePool,
    SingletonThreadPool,
    StaticPool,
    create_engine,
    event,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from caseflow import forks
from caseflow.errors import StoreBusy, StoreError
from caseflow.ports.records import StoreStatus
from caseflow.stores.database_urls import DRIVER_MISSING, parsed, shown, with_options
from caseflow.stores.portal_transaction import JoinedConnections, Work, joined_connections, refuse_async
from caseflow.stores.sql import schema, sessions
from caseflow.stores.sql.dialects import Connections, Cursor, Dialect, dialect_of
from caseflow.stores.sql.driver_errors import REPLACED, attempted, kind_of, translated
from caseflow.stores.sql.statements import Statements
from caseflow.stores.sql.store import RelationalStore

Result = TypeVar("Result")


class JoinableStore(RelationalStore):
    """A store that others may share, each inside a transaction of the portal's."""

    def within(self, connection: Connection) -> RelationalStore:
        """A store inside the transaction of the portal's connection, as `SqlStore.joined` makes one.

        It shares what this one remembers, schema and policies among it, so that making it asks nothing of the
        database. Of a connection to another database nothing is shared.

        Raises:
            StoreError: as `SqlStore.joined`.
        """
        connections = joined_connections(connection, looks_again=False)
        ours = self._connections
        if (connections.name, connections.dialect) != (ours.name, ours.dialect):
            return _first_joined(connections)
        return SharingStore(connections, self)


class SharingStore(JoinableStore):
    """A store on other connections of a database, which shares what another one remembers of it.

    Each append looks, as ever, whether the database is still what is remembered, and puts it right for both.
    """

    def __init__(self, connections: Connections, other: RelationalStore) -> None:
        self._connections = connections
        self._other = other
        self._cache = other._cache
        self._policies = other._policies
        self._with_notices = other._with_notices

    @property
    def _sql(self) -> Statements:
        return self._other._sql

    @_sql.setter
    def _sql(self, statements: Statements) -> None:
        self._other._sql = statements


class SqlStore(JoinableStore):
    """Cases in a database that SQLAlchemy can reach. Safe to share between threads, and over a fork.

    The tables must be there: ``caseflow store init --store URL``, or `SqlStore.made`.

    Args:
        where: a URL such as ``postgresql://user@host/portal`` or ``mariadb://user@host/portal``, with the
            drivers of the extras ``postgres`` and ``mariadb`` unless it names another; or the portal's own
            engine, each of whose connections is used in autocommit and given back as it was.
        timeout: seconds to wait for a connection of the pool, and for rows that others have locked.
        pool_size: connections kept open; at most twice as many are made. A portal's engine has its own.

    Raises:
        StoreError: the database cannot be reached, holds no tables of ours, or those of another schema; it or
            the engine cannot keep texts as they are, or the engine gives one connection to all, or is async.
    """

    def __init__(self, where: str | URL | Engine, *, timeout: float = 10.0, pool_size: int = 5) -> None:
        connections = EngineConnections(where, timeout=timeout, pool_size=pool_size)
        try:
            connections.refuse_unusable()
            schema.refuse_other(schema.schema_of(connections), name=connections.name)
            row = schema.opened(connections)
        except BaseException:
            connections.close()
            raise
        super().__init__(connections, row)

    @classmethod
    def made(cls, where: str | URL | Engine, *, timeout: float = 10.0, pool_size: int = 5) -> Self:
        """The store, its tables made or migrated first; safe to run twice, and by several at once."""
        connections = EngineConnections(where, timeout=timeout, pool_size=1)
        try:
            connections.refuse_unusable()
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

        Where there is a desk already, `Desk.joined` is cheaper.

        Args:
            connection: of an engine, or of an async engine of psycopg or asyncpg inside ``run_sync``.

        Raises:
            StoreError: the connection is in autocommit, has to be awaited, or does not keep texts as they
                are; there are no tables of ours, or of another schema; ``store-restored``.
        """
        return _first_joined(joined_connections(connection))


def _first_joined(connections: JoinedConnections) -> RelationalStore:
    return JoinableStore(connections, schema.opened_within(connections))


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
            connections.refuse_unusable()
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
            schema.opened(connections)
            return steps

    @contextmanager
    def _connected(self) -> Generator[EngineConnections]:
        connections = EngineConnections(self._url, pool_size=1)
        try:
            yield connections
        finally:
            connections.close()


# -- an engine's pool --------------------------------------------------------------------------------------

_LOSSES = "caseflow.losses"
"""In a connection's info: how many losses there had been when it was first used."""

SHARED_POOLS = (StaticPool, SingletonThreadPool, AssertionPool)
"""Pools that give one connection to several at once, or have but one."""


class EngineConnections:
    """Cursors from an engine's pool, each statement its own transaction unless it is a change.

    Behind a pooler of PostgreSQL's, which gives every transaction another session, nothing is set in a
    session and nothing prepared in it.

    Args:
        where: a URL, for which an engine is made, or the portal's own engine.
        timeout: seconds to wait for a connection and for what others have locked.
        pool_size: connections kept open; twice as many may be.
    """

    is_shared = False

    def __init__(self, where: str | URL | Engine, *, timeout: float = 10.0, pool_size: int = 5) -> None:
        refuse_async(where)
        self._is_ours = not isinstance(where, Engine)
        self._timeout = timeout
        self._process = os.getpid()
        self._is_closed = False
        self._is_pooled = False
        self._threshold: int | None = None
        self._engine = where if isinstance(where, Engine) else self._made(parsed(where), pool_size)
        if not self._is_ours:
            self._refuse_shared()
        self._is_psycopg = self._engine.dialect.driver == "psycopg"
        self._losses = 0
        self._gate = forks.Gate() if self.dialect.name == "sqlite" else None
        forks.watch(self)

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

    def refuse_unusable(self) -> None:
        """Raise unless texts come back as they were sent; see `caseflow.stores.sql.sessions`."""
        self.read(lambda cursor: sessions.refuse_unusable(cursor, self.dialect, name=self.name))

    def _refuse_shared(self) -> None:
        url, pool = self._engine.url, self._engine.pool
        is_in_memory = url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
        if isinstance(pool, SHARED_POOLS) or is_in_memory:
            raise StoreError("store-shared", path=self.name, found=type(pool).__name__)

    # -- questions and changes -----------------------------------------------------------------------------

    def read(self, ask: Callable[[Cursor], Result]) -> Result:
        """Run a question; once more on a new connection when that of the pool was dead."""
        for is_last in (False, True):
            try:
                with self._connected() as (_, cursor):
                    return ask(cursor)
            except (self.errors, UnicodeError) as error:
                if is_last or kind_of(error) not in REPLACED:
                    raise self._translated(error) from error
        raise AssertionError("the last attempt returns or raises")

    def write(self, change: Callable[[Cursor], Result], *, single: bool = False) -> Result:
        """Run a change in a transaction of its own, or as the one statement that it is.

        What was surely not committed is run again: what the database undid, and, once, what a connection
        ended before its commit that was lost or may only read.
        """
        is_whole = single and not self._is_pooled and (self._is_ours or self.dialect.name != "mariadb")
        run = self._run_single if is_whole else self._run
        return attempted(lambda: run(change), errors=self.errors, translate=self._translated)

    def _run(self, change: Callable[[Cursor], Result]) -> Result:
        with self._connected() as (connection, cursor):
            if not self._is_ours and self.dialect.name == "mariadb":  # a portal's are in REPEATABLE READ
                cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute(self.dialect.begin)
            try:
                if self._is_pooled and self._is_ours:
                    cursor.execute(f"SET LOCAL lock_timeout = '{_whole(self._timeout)}s'")
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

    def _connected(self) -> AbstractContextManager[tuple[PoolProxiedConnection, Cursor]]:
        """A connection of the pool in autocommit, and its cursor; one that is of no use does not go back."""
        if self._is_closed:
            raise StoreError("store-failed", path=self.name, found="closed")
        return self._from_pool() if self._gate is None else self._from_pool_unforked(self._gate)

    @contextmanager
    def _from_pool_unforked(self, gate: forks.Gate) -> Generator[tuple[PoolProxiedConnection, Cursor]]:
        with gate, self._from_pool() as pair:
            yield pair

    @contextmanager
    def _from_pool(self) -> Generator[tuple[PoolProxiedConnection, Cursor]]:
        connection = self._checked_out()
        try:
            if self._is_ours:
                yield connection, self._cursor_of(connection)
            else:
                with self._lent(connection):
                    yield connection, self._cursor_of(connection)
        except (self.errors, StoreError) as error:
            cause = error.__cause__ if isinstance(error, StoreError) else error
            if cause is not None and (kind := kind_of(cause)) in REPLACED:
                if kind == "forgotten" and getattr(cause, "sqlstate", "") != PLAN_CHANGED:
                    self._is_pooled = True
                if connection.is_valid:  # unless a rollback has found that out before
                    connection.invalidate()
                self._losses += 1
            raise
        finally:
            connection.close()

    @contextmanager
    def _lent(self, connection: PoolProxiedConnection) -> Generator[None]:
        """A connection of the portal's in autocommit, if it is in no transaction; then as it was.

        On MariaDB autocommit is a setting of the session, which is not ours to set: there questions are asked
        in a transaction that is rolled back, and every change has its own.

        Raises:
            StoreError: somebody else has the same connection in hand.
        """
        driver: Any = connection.driver_connection
        if sessions.in_transaction(driver):
            raise StoreError("store-shared", path=self.name, found=type(self._engine.pool).__name__)
        is_mariadb = self.dialect.name == "mariadb"
        go_back = driver.rollback if is_mariadb else sessions.begin_autocommit(driver)
        try:
            yield
        finally:
            try:
                go_back()
            except self.errors:  # it is dead; what it died of is told
                if connection.is_valid:
                    connection.invalidate()

    def _checked_out(self) -> PoolProxiedConnection:
        """A connection of the pool.

        After a loss those that the pool had before are as dead: each is closed when its turn comes. To
        dispose of the pool would leave open those that other threads have in hand.
        """
        while True:
            losses = self._losses
            try:
                connection = self._engine.raw_connection()
            except PoolTimeout as error:
                raise StoreBusy("store-busy", path=self.name, seconds=self._timeout) from error
            except DBAPIError as error:
                raise self._translated(error.orig or error) from error
            except (
                SQLAlchemyError,
                TypeError,
                ValueError,
            ) as error:  # an option that the driver does not take
                problem = f"{type(error).__name__}: {error}"
                raise StoreError("store-failed", path=self.name, found=problem) from error
            if connection.info.setdefault(_LOSSES, losses) >= losses:
                return connection
            connection.invalidate()
            connection.close()

    def _cursor_of(self, connection: PoolProxiedConnection) -> Any:
        if self._is_psycopg:  # bytes come as bytes, not as text to be decoded
            driver: Any = connection.driver_connection
            return driver.cursor(binary=True)
        return connection.cursor()

    def before_fork(self) -> None:
        """Keep every thread out of SQLite's library: a child would inherit its locks for ever."""
        if self._gate is not None:
            self._gate.shut()

    def after_fork(self, *, in_child: bool) -> None:
        """Go on; a child leaves its parent's connections alone, unclosed, and opens its own."""
        if in_child:
            self._engine.dispose(close=False)
            self._process = os.getpid()
        if self._gate is not None:
            self._gate = self._gate.after_fork(in_child=in_child)

    def _translated(self, error: BaseException) -> StoreError:
        return translated(error, name=self.name, seconds=self._timeout)

    # -- an engine of our own --------------------------------------------------------------------------------

    def _made(self, url: URL, pool_size: int) -> Engine:
        """An engine whose connections are told once what they need."""
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise StoreError("store-url", found=shown(url))
        url, arguments = with_options(url)
        self._threshold = arguments.get("prepare_threshold", sessions.PREPARED_AFTER)
        arguments |= _ARGUMENTS.get(url.get_driver_name(), {})
        if url.get_backend_name() == "sqlite":
            arguments |= {"timeout": self._timeout, "check_same_thread": False}
        try:
            engine = create_engine(
                url, isolation_level="AUTOCOMMIT", pool_size=pool_size, max_overflow=pool_size,
                pool_timeout=self._timeout, pool_reset_on_return=None, poolclass=QueuePool,
                connect_args=arguments,
            )  # fmt: skip
        except DRIVER_MISSING as error:
            raise StoreError("store-driver", found=f"{url.drivername}: {error}") from error
        event.listen(engine, "connect", self._instruct)
        return engine

    def _instruct(self, driver: Any, _: Any) -> None:
        """Tell a new connection what it needs, unless its sessions are everybody's."""
        cursor = driver.cursor()
        is_pooled = self._engine.dialect.name == "postgresql" and self._is_behind_pooler(driver, cursor)
        for line in () if is_pooled else _INSTRUCTIONS[self._engine.dialect.name]:
            cursor.execute(line.format(seconds=_whole(self._timeout)))
        cursor.close()
        if hasattr(driver, "prepare_threshold") and not is_pooled:
            driver.prepare_threshold = self._threshold  # behind a pooler none, whatever the URL says

    def _is_behind_pooler(self, driver: Any, cursor: Any) -> bool:
        """Whether a pooler stands before the server."""
        if not self._is_pooled:
            cursor.execute("SELECT pg_backend_pid()")
            self._is_pooled = sessions.is_pooled(driver, cursor.fetchone()[0])
        return self._is_pooled


PLAN_CHANGED = "0A000"
"""The SQLSTATE of a plan that no longer fits its table; the session is what it was."""

_ARGUMENTS: dict[str, dict[str, Any]] = {
    "psycopg": {"client_encoding": "utf8", "prepare_threshold": None},  # until it is known who answers
    "psycopg2": {"client_encoding": "utf8"},
    "pymysql": {"charset": "utf8mb4"},
    "mysqldb": {"charset": "utf8mb4"},
}
"""Driver -> what each of our connections is opened with, whatever the URL says."""

_MARIADB = (
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION innodb_lock_wait_timeout = {seconds}, sql_mode = 'STRICT_ALL_TABLES'",
    "SET NAMES utf8mb4",
)
_INSTRUCTIONS = {
    "postgresql": ("SET lock_timeout = '{seconds}s'",),
    "sqlite": ("PRAGMA synchronous = FULL", "PRAGMA secure_delete = ON"),
    "mariadb": _MARIADB,
    "mysql": _MARIADB,
}
"""Kind of database -> what each of our connections is told when it is new."""


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
