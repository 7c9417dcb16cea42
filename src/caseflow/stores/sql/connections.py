"""Connections of a SQLAlchemy engine: a pool, opened anew after a fork, and what each connection is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Engine, PoolProxiedConnection, QueuePool, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from caseflow.errors import StoreBusy, StoreError
from caseflow.stores.relational.attempts import attempted
from caseflow.stores.relational.dialects import Cursor, Dialect
from caseflow.stores.relational.troubles import translated, trouble
from caseflow.stores.sql.urls import dialect_of, parsed, shown

Done = TypeVar("Done")


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
            self._engine = _made(parsed(where), timeout, pool_size)
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
        found: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        return found

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work now: a change is committed when it returns."""
        work()

    def close(self) -> None:
        """Close the pool, if the engine is ours."""
        self._is_closed = True
        if self._is_ours:
            self._engine.dispose(close=self._process == os.getpid())

    # -- questions and changes -----------------------------------------------------------------------------

    def read(self, ask: Callable[[Cursor], Done]) -> Done:
        """Run a question; once more on a new connection when that of the pool was dead."""
        for is_last in (False, True):
            try:
                with self._connected() as (_, cursor):
                    return ask(cursor)
            except self.errors as error:
                if is_last or trouble(error) != "gone":
                    raise self._translated(error) from error
        raise AssertionError("the last attempt returns or raises")

    def write(self, change: Callable[[Cursor], Done], *, single: bool = False) -> Done:
        """Run a change in a transaction of its own, or as the one statement that it is.

        What was surely not committed is run again: what the database undid, and, once, what a lost
        connection ended before its commit.
        """
        run = self._run_single if single else self._run
        return attempted(
            lambda: run(change), errors=self.errors, name=self.name, seconds=self._timeout
        )  # fmt: skip

    def _run(self, change: Callable[[Cursor], Done]) -> Done:
        with self._connected() as (connection, cursor):
            if not self._is_ours and self.dialect.name == "mariadb":  # a portal's are in REPEATABLE READ
                cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute(self.dialect.begin)
            try:
                done = change(cursor)
            except BaseException:
                try:
                    cursor.execute("ROLLBACK")
                except self.errors:
                    connection.invalidate()  # the server rolls back when it sees that we are gone
                raise
            with self._unsure():
                cursor.execute("COMMIT")
            return done

    def _run_single(self, change: Callable[[Cursor], Done]) -> Done:
        with self._connected() as (_, cursor), self._unsure():
            return change(cursor)

    @contextmanager
    def _unsure(self) -> Iterator[None]:
        """Whoever loses the connection in here cannot know whether the commit was done."""
        try:
            yield
        except self.errors as error:
            if trouble(error) != "gone":
                raise
            raise StoreError("store-unsure", path=self.name) from error

    @contextmanager
    def _connected(self) -> Iterator[tuple[PoolProxiedConnection, Cursor]]:
        """A connection of the pool in autocommit, and its cursor; a dead one does not go back."""
        self._after_fork()
        if self._is_closed:
            raise StoreError("store-failed", path=self.name, found="closed")
        owner, connection = self._checked_out()
        try:
            yield connection, self._cursor_of(connection)
        except (self.errors, StoreError) as error:
            cause = error.__cause__ if isinstance(error, StoreError) else error
            if cause is not None and trouble(cause) == "gone":
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


def _made(url: URL, timeout: float, pool_size: int) -> Engine:
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
    event.listen(engine, "connect", _told(url.get_backend_name(), timeout))
    return engine


def _told(backend: str, timeout: float) -> Callable[[Any, Any], None]:
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
