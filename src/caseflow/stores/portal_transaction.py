"""A store inside a portal's own transaction of SQLAlchemy: savepoints, and work after its commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakSet

import attrs
from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, MissingGreenlet, SQLAlchemyError

from caseflow.errors import StoreBusy, StoreError
from caseflow.stores.cursors import ASYNC_CURSORS, CURSORS, plain_cursor
from caseflow.stores.database_urls import shown
from caseflow.stores.sql import sessions
from caseflow.stores.sql.dialects import Cursor, Dialect, dialect_of
from caseflow.stores.sql.driver_errors import ATTEMPTS, RetryTransaction, kind_of, translated

Result = TypeVar("Result")
Work = Callable[[], object]

_log = logging.getLogger("caseflow.desk")
_KEY = "caseflow.after_commit"
_USABLE = "caseflow.usable"
"""In the info of a driver's connection: that its session was looked at."""
_watched: WeakSet[Any] = WeakSet()


def refuse_async(where: object) -> None:
    """Raise for an engine, connection or session of ``asyncio``, whose cursors have to be awaited.

    Raises:
        StoreError: ``store-async``.
    """
    is_async = type(where).__module__.startswith("sqlalchemy.ext.asyncio")
    if is_async or getattr(getattr(where, "dialect", None), "is_async", False):
        raise StoreError("store-async", found=type(where).__name__)


def joined_connections(connection: Connection, *, looks_again: bool = True) -> JoinedConnections:
    """Cursors on the portal's connection; of an async engine, inside ``run_sync``, where they can be used.

    Args:
        looks_again: as `JoinedConnections` has it.

    Raises:
        StoreError: ``store-async``, ``store-async-driver``; what `JoinedConnections` refuses.
    """
    if not isinstance(connection, Connection):
        refuse_async(connection)
        raise StoreError("store-no-connection", found=type(connection).__name__)
    dialect = connection.engine.dialect
    if dialect.is_async and dialect.driver not in ASYNC_CURSORS:
        raise StoreError("store-async-driver", found=dialect.driver, known=", ".join(ASYNC_CURSORS))
    return JoinedConnections(connection, name=shown(connection.engine.url), looks_again=looks_again)


class JoinedConnections:
    """Cursors on one connection of the portal's, each change inside a savepoint of its transaction.

    Args:
        name: what messages call the database; never a user or password.
        looks_again: whether a session that was looked at before is looked at anew.
    """

    is_shared = True

    def __init__(self, connection: Connection, *, name: str, looks_again: bool) -> None:
        self.name = name
        self._connection = connection
        dialect = connection.engine.dialect
        self._cursor_of = (ASYNC_CURSORS if dialect.is_async else CURSORS).get(dialect.driver, plain_cursor)
        self._refuse_autocommit()
        if looks_again or not connection.info.get(_USABLE):
            self.read(self._refuse_unusable)
            connection.info[_USABLE] = True
        self._after_commit = AfterCommit(connection)

    def _refuse_unusable(self, cursor: Cursor) -> None:
        sessions.refuse_unusable(cursor, self.dialect, name=self.name, driver=self._driver())

    def _refuse_autocommit(self) -> None:
        """Raise where no transaction is held open; SQLite may be begun by a statement of the portal's own.

        Raises:
            StoreError: ``store-autocommit``.
        """
        try:
            driver = self._driver()
            if not sessions.is_autocommit(driver):
                return
            if self.dialect.name == "sqlite":
                if not self._connection.in_transaction():
                    self._connection.begin()
                if sessions.in_transaction(driver):
                    return
        except SQLAlchemyError as error:
            raise self._translated(error) from error
        raise StoreError("store-autocommit", path=self.name)

    @property
    def dialect(self) -> Dialect:
        """How the database is spoken to."""
        return dialect_of(self._connection.engine.dialect.name)

    @property
    def errors(self) -> type[Exception]:
        """What the driver's errors derive from."""
        error: type[Exception] = self._connection.engine.dialect.loaded_dbapi.Error
        return error

    def after_commit(self, work: Work) -> None:
        """Run the work after the portal's commit; see `AfterCommit`."""
        self.read(lambda _: None)
        self._after_commit.add(work)

    def close(self) -> None:
        """Nothing: connection and transaction are the portal's."""

    def read(self, ask: Callable[[Cursor], Result]) -> Result:
        """Run a question inside the transaction: it sees what the portal wrote and did not commit yet."""
        try:
            self._begun()
            return ask(self._cursor())
        except (self.errors, UnicodeError, SQLAlchemyError) as error:
            raise self._translated(error) from error

    def write(self, change: Callable[[Cursor], Result], *, single: bool = False) -> Result:
        """Run a change inside a savepoint: what it raises leaves the portal's transaction as it was.

        A deadlock is told as `StoreBusy`: the database has rolled the whole transaction back, so only the
        portal can begin it anew.
        """
        for _ in range(ATTEMPTS):
            try:
                self._begun()
                with self._connection.begin_nested():
                    return change(self._cursor())
            except RetryTransaction:
                continue
            except (self.errors, UnicodeError, SQLAlchemyError) as error:
                raise self._translated(error) from error
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
        return self._cursor_of(self._driver())

    def _translated(self, error: Exception) -> StoreError:
        """Our error for the driver's, or for SQLAlchemy's about its connection.

        A deadlock rolls back everything, savepoints included, so that going back to one fails as well: it is
        the first error that counts.
        """
        if isinstance(error, MissingGreenlet):
            return StoreError("store-async", found=type(self._connection).__name__)
        if not self._connection.closed and self._connection.invalidated:
            text = f"{type(error).__name__}: the portal's transaction has ended with its connection"
            return StoreError("store-unreachable", path=self.name, found=text)
        return translated(_first(error, self.errors), name=self.name, seconds=0)

    def _driver(self) -> Any:
        return self._connection.connection.dbapi_connection  # of an async driver, SQLAlchemy's around it


def _first(error: Exception, errors: type[Exception]) -> BaseException:
    """The driver's error that began it, among those that followed from it."""
    chain: list[BaseException] = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None and before not in chain:
        chain.append(before)
    drivers = [one.orig if isinstance(one, DBAPIError) else one for one in chain]
    known = [one for one in drivers if isinstance(one, (errors, UnicodeError))]
    telling = [one for one in known if kind_of(one) != "failed"]
    return (telling or known or chain)[-1]


class AfterCommit:
    """Work that waits for the commit of a connection's transaction.

    SQLAlchemy tells a commit, of a two-phase transaction as well, just before it is done, and nothing right
    after. So the work is taken up then,
    and done when the connection goes back to its pool, or begins its next transaction, whichever comes
    first: with ``with engine.begin()`` and with a `Session`, right after the commit. A commit that fails is
    rolled back, and the work is dropped. So is work that was added after a savepoint which is rolled back.
    What one piece of work raises is logged, and stops neither the others nor the portal.
    """

    def __init__(self, connection: Connection) -> None:
        self._info: dict[Any, Any] = connection.info
        if connection not in _watched:
            _watched.add(connection)
            for name, listener in _LISTENERS.items():
                event.listen(connection, name, listener)
        engine = connection.engine
        if engine not in _watched:
            _watched.add(engine)
            event.listen(engine, "handle_error", _on_error)
        pool = engine.pool
        if pool not in _watched:
            _watched.add(pool)
            event.listen(pool, "checkin", _on_checkin)

    def add(self, work: Work) -> None:
        """Wait with it for the commit."""
        _pending(self._info).waiting.append(work)


@attrs.define
class _Pending:
    """What waits, what was committed, and how much waited at each savepoint that is open, outermost first."""

    waiting: list[Work] = attrs.Factory(list[Work])
    committed: list[Work] = attrs.Factory(list[Work])
    marks: list[int] = attrs.Factory(list[int])


def _pending(info: dict[Any, Any]) -> _Pending:
    pending: _Pending = info.setdefault(_KEY, _Pending())
    return pending


def _on_commit(connection: Connection, *_: Any) -> None:
    held = _pending(connection.info)
    held.committed += held.waiting
    held.waiting.clear()
    held.marks.clear()


def _on_rollback(connection: Connection, *_: Any) -> None:
    if not connection.invalidated:  # else it went with the connection
        connection.info.pop(_KEY, None)


def _on_savepoint(connection: Connection, name: str | None) -> None:
    held = _pending(connection.info)
    held.marks.append(len(held.waiting))


def _on_release_savepoint(connection: Connection, name: str, context: None) -> None:
    if held := _pending(connection.info).marks:
        held.pop()


def _on_rollback_savepoint(connection: Connection, name: str, context: None) -> None:
    held = _pending(connection.info)
    if held.marks:
        del held.waiting[held.marks.pop() :]


def _on_begin(connection: Connection, *_: Any) -> None:
    _run(connection.info)


def _on_checkin(driver: Any, record: Any) -> None:
    _run(record.info)


def _on_error(context: ExceptionContext) -> None:
    """A failed commit: SQLAlchemy tells a commit before it is done, and no rollback after it failed."""
    connection = context.connection
    if connection is not None and not connection.closed and not connection.invalidated:
        held: _Pending | None = connection.info.get(_KEY)
        if held is not None and held.committed:
            connection.info.pop(_KEY)


_LISTENERS: dict[str, Callable[..., None]] = {
    "begin": _on_begin,
    "begin_twophase": _on_begin,
    "commit": _on_commit,
    "commit_twophase": _on_commit,
    "rollback": _on_rollback,
    "rollback_twophase": _on_rollback,
    "savepoint": _on_savepoint,
    "release_savepoint": _on_release_savepoint,
    "rollback_savepoint": _on_rollback_savepoint,
}
"""Event of a connection -> what is done then."""


def _run(info: dict[Any, Any]) -> None:
    held: _Pending | None = info.pop(_KEY, None)
    for work in held.committed if held is not None else ():
        try:
            work()
        except Exception as error:  # the commit stands: nobody may take it for failed
            _log.error("work after the commit failed: %s", type(error).__name__)
