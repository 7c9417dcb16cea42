"""Cursors of Django's own connection: inside the portal's transaction, or in one made for a change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import Error, connections, transaction

from caseflow.errors import StoreBusy, StoreError
from caseflow.stores.sql.dialects import DIALECTS, Cursor, Dialect
from caseflow.stores.sql.driver_errors import (
    ATTEMPTS,
    REPLACED,
    RetryTransaction,
    attempted,
    kind_of,
    translated,
)

Result = TypeVar("Result")

_DIALECTS = {vendor: dialect.replace(mark="%s") for vendor, dialect in DIALECTS.items()}
"""With Django's own mark: its cursors write every parameter as ``%s``."""

_TAKE_THE_PEN = "UPDATE caseflow_store SET version = version WHERE only_row < 0"
"""Touches no row, and makes SQLite's transaction a writing one, which waits for its turn.

Django begins it as a reading one, and SQLite lets no reader become a writer after another has written.
"""


class DjangoConnections:
    """Cursors of the connection that Django keeps for this thread under an alias.

    Django's cursors are used, so that ``assertNumQueries``, ``execute_wrapper`` and the query log see them.
    """

    def __init__(self, using: str) -> None:
        self._using = using
        self._own = threading.local()

    @property
    def _connection(self) -> Any:
        return connections[self._using]

    @property
    def name(self) -> str:
        """Kind, host and database; never a user or password."""
        database = self._connection.settings_dict
        port = f":{database['PORT']}" if database.get("PORT") else ""
        return f"{self._connection.vendor}://{database.get('HOST') or ''}{port}/{database.get('NAME') or ''}"

    @property
    def dialect(self) -> Dialect:
        """How the database is spoken to.

        Raises:
            StoreError: it is of a kind that is not known.
        """
        vendor = self._connection.vendor
        if vendor not in _DIALECTS:
            raise StoreError("store-url", found=vendor)
        return _DIALECTS[vendor]

    @property
    def errors(self) -> type[Exception]:
        """What Django's database errors derive from."""
        error: type[Exception] = Error
        return error

    @property
    def is_free(self) -> bool:
        """Whether no transaction of the portal's is open on this thread's connection."""
        return bool(self._connection.get_autocommit())

    @property
    def is_shared(self) -> bool:
        """Whether the transaction is the portal's, and may hold more than one change."""
        return not (self.is_free or getattr(self._own, "is_open", False))

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work by ``transaction.on_commit``: after the portal's commit, or at once without one."""
        try:
            transaction.on_commit(work, using=self._using)
        except transaction.TransactionManagementError as error:
            raise self._translated(error) from error

    def close(self) -> None:
        """Nothing: the connections are Django's."""

    # -- questions and changes -----------------------------------------------------------------------------

    def read(self, ask: Callable[[Cursor], Result]) -> Result:
        """Run a question; once more on a new connection when a free one was dead."""
        connection = self._connection
        try:
            is_free = connection.get_autocommit()
            try:
                return _asked(connection, ask)
            except Error as error:
                if not is_free or kind_of(error) not in REPLACED:
                    raise
                connection.close()
                return _asked(connection, ask)
        except (Error, UnicodeError) as error:
            raise self._translated(error) from error

    def write(self, change: Callable[[Cursor], Result], *, single: bool = False) -> Result:
        """Run a change: in a savepoint of the portal's transaction, or, without one, in an atomic block.

        In a savepoint, what it raises leaves the transaction as it was, and a deadlock is told as
        `StoreBusy`: only the portal can begin its transaction anew.
        """
        connection = self._connection
        try:
            is_free = connection.get_autocommit()
        except Error as error:
            raise self._translated(error) from error
        if not is_free:
            return self._nested(connection, change, _asked if single else _run)
        run = self._run_single if single else self._run_whole
        return attempted(
            lambda: run(connection, change), errors=Error, translate=self._translated, lost=connection.close
        )

    def _nested(
        self,
        connection: Any,
        change: Callable[[Cursor], Result],
        run: Callable[[Any, Callable[[Cursor], Result]], Result],
    ) -> Result:
        _begin(connection)
        for _ in range(ATTEMPTS):
            try:
                with transaction.atomic(using=self._using):
                    return run(connection, change)
            except RetryTransaction:
                continue
            except (Error, UnicodeError) as error:
                raise self._translated(error) from error
        raise StoreBusy("store-busy", path=self.name, seconds=self._seconds)

    def _run_whole(self, connection: Any, change: Callable[[Cursor], Result]) -> Result:
        is_done, self._own.is_open = False, True
        try:
            with transaction.atomic(using=self._using):
                done = _run(connection, self._with_pen(change))
                is_done = True
            return done
        except Error as error:
            if is_done:
                self._raise_unsure(error)
            raise
        finally:
            self._own.is_open = False

    def _run_single(self, connection: Any, change: Callable[[Cursor], Result]) -> Result:
        try:
            return _asked(connection, change)
        except Error as error:
            self._raise_unsure(error)
            raise

    def _with_pen(self, change: Callable[[Cursor], Result]) -> Callable[[Cursor], Result]:
        if self._connection.vendor != "sqlite":
            return change

        def writing(cursor: Cursor) -> Result:
            cursor.execute(_TAKE_THE_PEN)
            return change(cursor)

        return writing

    def _raise_unsure(self, error: Exception) -> None:
        """Whoever loses the connection at the commit cannot know whether it was done."""
        if kind_of(error) == "gone":
            self._connection.close()
            raise StoreError("store-unsure", path=self.name) from error

    @property
    def _seconds(self) -> float:
        """How long is waited for what others have locked, as far as Django knows."""
        is_sqlite = self._connection.vendor == "sqlite"
        timeout = self._connection.settings_dict.get("OPTIONS", {}).get("timeout")
        return float(timeout if timeout is not None else 5) if is_sqlite else 0

    def _translated(self, error: BaseException) -> StoreError:
        return translated(error, name=self.name, seconds=self._seconds)


def _begin(connection: Any) -> None:
    """Begin the transaction of a portal that commits by hand.

    The driver of SQLite begins none for a savepoint, whose release would then be a commit.
    """
    if connection.vendor == "sqlite" and not connection.connection.in_transaction:
        _run(connection, lambda cursor: cursor.execute("BEGIN"))


def _run(connection: Any, work: Callable[[Cursor], Result]) -> Result:
    with connection.cursor() as cursor:
        return work(cursor)


def _asked(connection: Any, work: Callable[[Cursor], Result]) -> Result:
    """What a question gives, or a change of one statement: our own words alone, which may be prepared."""
    if not hasattr(connection.connection, "prepare_threshold"):  # not psycopg's, or none is open yet
        return _run(connection, work)
    from caseflow.contrib.django import prepared_cursor

    with prepared_cursor.cursor(connection) as cursor:
        return work(cursor)
