"""Cursors of psycopg whose statements PostgreSQL prepares, on Django's connections, which prepare none.

To read and to plan a command's statement costs the server more than to run it. Django sends every statement
with its values written into it, so that it is planned each time; psycopg's own cursors can have it prepared.
Django leaves that off by default because of poolers, before which a session is another one each time.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db.backends.postgresql.base import Cursor as DjangosCursor
from psycopg.pq import Format

from caseflow.stores.sql.sessions import PREPARED_AFTER, is_pooled

LIVES_LONG = 20
"""Uses after which a connection counts as one that outlives requests, and it is asked who answers it."""

_uses: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""psycopg's connection -> how often it was used so far, up to `LIVES_LONG`; past that, what was decided."""
_PREPARES, _PREPARES_NOT = LIVES_LONG + 1, LIVES_LONG + 2


class PreparedCursor(psycopg.Cursor[Any]):
    """Has its statements prepared from their sixth time on, whatever the connection says; bytes are bytes."""

    def __init__(self, connection: psycopg.Connection[Any], **options: Any) -> None:
        super().__init__(connection, **options)
        self.format = Format.BINARY

    def execute(self, query: Any, params: Any = None, **options: Any) -> PreparedCursor:
        """Run one statement; other cursors of the connection go on preparing none."""
        driver = self.connection
        before, driver.prepare_threshold = driver.prepare_threshold, PREPARED_AFTER
        try:
            return super().execute(query, params, **options)
        finally:
            driver.prepare_threshold = before


def cursor(connection: Any) -> Any:
    """A cursor of Django's, around one that prepares where that is of use.

    It is, unless the portal's ``OPTIONS`` speak of ``prepare_threshold`` or bring other cursors, a pooler
    stands before the server, or the connection does not live long; nor while Django logs queries, which it
    shows with the values written into them.

    Args:
        connection: Django's, which has psycopg's own open.
    """
    driver = connection.connection
    if connection.queries_logged or not _is_prepared_on(driver, connection):
        return connection.cursor()
    before, driver.cursor_factory = driver.cursor_factory, PreparedCursor
    try:
        return connection.cursor()  # Django's way, so that everything that watches its cursors sees this one
    finally:
        driver.cursor_factory = before


def _is_prepared_on(driver: Any, connection: Any) -> bool:
    uses = _uses.get(driver, 0)
    if uses < LIVES_LONG:
        _uses[driver] = uses + 1
        return False
    if uses == LIVES_LONG:
        _uses[driver] = uses = _PREPARES if _may_prepare(driver, connection) else _PREPARES_NOT
    return uses == _PREPARES


def _may_prepare(driver: Any, connection: Any) -> bool:
    """Whether the portal leaves it open, and the server answers itself; asked past Django's query log."""
    is_open = "prepare_threshold" not in connection.settings_dict["OPTIONS"]
    if not is_open or driver.cursor_factory is not DjangosCursor:
        return False
    try:
        (pid,) = driver.execute("SELECT pg_backend_pid()").fetchone()
    except psycopg.Error:  # it is dead, or so is the transaction: the statement to come will tell
        return False
    return not is_pooled(driver, pid)
