"""A store inside a transaction that the portal owns: it commits and rolls back with the portal's own rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from caseflow.errors import StoreBusy, StoreError
from caseflow.stores.relational.attempts import ATTEMPTS
from caseflow.stores.relational.dialects import Cursor, Dialect, Undone
from caseflow.stores.relational.troubles import translated
from caseflow.stores.sql.after_commit import AfterCommit
from caseflow.stores.sql.urls import dialect_of, shown

Done = TypeVar("Done")


class JoinedConnections:
    """Cursors on one connection of the portal's, each change inside a savepoint of its transaction."""

    is_shared = True

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._after_commit = AfterCommit(connection)
        self._is_psycopg = connection.engine.dialect.driver == "psycopg"
        if _is_autocommit(self._driver()):
            raise StoreError("store-failed", path=self.name, found="the connection is in autocommit")

    @property
    def name(self) -> str:
        """Kind, host and database; never a user or password."""
        return shown(self._connection.engine.url)

    @property
    def dialect(self) -> Dialect:
        """How the database is spoken to."""
        return dialect_of(self._connection.engine.dialect.name)

    @property
    def errors(self) -> type[Exception]:
        """What the driver's errors derive from."""
        found: type[Exception] = self._connection.engine.dialect.loaded_dbapi.Error
        return found

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work after the portal's commit; see `AfterCommit`."""
        self._begun()
        self._after_commit.add(work)

    def close(self) -> None:
        """Nothing: connection and transaction are the portal's."""

    def read(self, ask: Callable[[Cursor], Done]) -> Done:
        """Run a question inside the transaction: it sees what the portal wrote and did not commit yet."""
        self._begun()
        try:
            return ask(self._cursor())
        except self.errors as error:
            raise translated(error, name=self.name, seconds=0) from error

    def write(self, change: Callable[[Cursor], Done], *, single: bool = False) -> Done:
        """Run a change inside a savepoint: what it raises leaves the portal's transaction as it was.

        A deadlock is told as `StoreBusy`: the database has rolled the whole transaction back, so only the
        portal can begin it anew.
        """
        self._begun()
        for _ in range(ATTEMPTS):
            try:
                with self._connection.begin_nested():
                    return change(self._cursor())
            except Undone:
                continue
            except self.errors as error:
                raise translated(error, name=self.name, seconds=0) from error
        raise StoreBusy("store-busy", path=self.name, seconds=0)

    def _begun(self) -> None:
        """The transaction is begun, as it would be by the portal's own first statement.

        The driver of SQLite begins none for a savepoint, whose release would then be a commit.
        """
        if not self._connection.in_transaction():
            self._connection.begin()
        driver = self._driver()
        if self.dialect.name == "sqlite" and not driver.in_transaction:
            driver.execute("BEGIN IMMEDIATE")

    def _cursor(self) -> Any:
        driver = self._driver()
        return driver.cursor(binary=True) if self._is_psycopg else driver.cursor()

    def _driver(self) -> Any:
        return self._connection.connection.driver_connection


def _is_autocommit(driver: Any) -> bool:
    """Whether each statement would be committed by itself; drivers have three ways to say so."""
    if hasattr(driver, "get_autocommit"):
        return bool(driver.get_autocommit())
    if hasattr(driver, "in_transaction"):  # sqlite3
        return driver.isolation_level is None
    return getattr(driver, "autocommit", False) is True
