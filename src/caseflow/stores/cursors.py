"""Cursors by driver: what each must be told, and where one of asyncio's differs from the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any


def plain_cursor(driver: Any) -> Any:
    """The driver's own."""
    return driver.cursor()


def _binary_cursor(driver: Any) -> Any:
    """Bytes come as bytes, not as text to be decoded."""
    return driver.cursor(binary=True)


class NumberedCursor:
    """A cursor of asyncpg, as SQLAlchemy has it inside ``run_sync``, that takes ``%s`` for a parameter.

    asyncpg numbers its parameters, counts no rows of many statements at once, and quotes what it cannot
    encode.
    """

    def __init__(self, driver: Any) -> None:
        self._cursor = driver.cursor()
        self._rowcount = -1
        self.connection = driver

    @property
    def rowcount(self) -> int:
        """How many rows the last statement touched, or all of `executemany`."""
        return self._rowcount

    @property
    def description(self) -> Any:
        """The columns of the last question, the name first in each."""
        return self._cursor.description

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> None:
        """Run one statement."""
        quoting: Exception | None = None
        try:
            self._cursor.execute(_numbered(sql), tuple(parameters))
        except Exception as error:
            if _QUOTES not in str(error):
                raise
            quoting = _unquoted(error)
        if quoting is not None:
            raise quoting  # here, where it is not chained to the error that quotes
        self._rowcount = self._cursor.rowcount

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]], /) -> None:
        """Run one statement for each row of values."""
        touched = 0
        for row in rows:
            self.execute(sql, row)
            touched += self._rowcount
        self._rowcount = touched

    def fetchone(self) -> Any:
        """The next row, or `None`."""
        return self._cursor.fetchone()

    def fetchall(self) -> Any:
        """The rows left."""
        return self._cursor.fetchall()


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> str:
    """The statement with ``$1``, ``$2`` and so on for each ``%s``."""
    first, *rest = sql.split("%s")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


_QUOTES = "invalid input for query argument"
"""What asyncpg says of a value that it cannot encode, before the value."""


def _unquoted(error: Exception) -> Exception:
    """The same without the value, which may be a personal text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UnicodeError):
            return cause  # known to every store
        cause = cause.__cause__ or cause.__context__
    unquoted = type(error)(_QUOTES)
    unquoted.__dict__.update(sqlstate="22000", pgcode="22000")
    return unquoted


CURSORS: Mapping[str, Callable[[Any], Any]] = {"psycopg": _binary_cursor}
"""Driver, as SQLAlchemy calls it -> what makes a cursor; a plain one for all others."""

ASYNC_CURSORS: Mapping[str, Callable[[Any], Any]] = {"psycopg": plain_cursor, "asyncpg": NumberedCursor}
"""The same for the drivers of asyncio that can be used inside ``run_sync``; there are no others."""
