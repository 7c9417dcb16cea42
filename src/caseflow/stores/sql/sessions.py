"""What a connection's session is like, whatever its driver: transaction, autocommit, whether it is of use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from caseflow.errors import StoreError
from caseflow.stores.sql.dialects import Dialect

IN_TRANSACTION = 1
"""MariaDB's flag of the server's status."""

PREPARED_AFTER = 5
"""Uses of a statement after which psycopg has the server prepare it, where sessions are our own."""


def in_transaction(driver: Any) -> bool:
    """Whether somebody has a transaction open on the driver's connection, as far as the driver says."""
    if hasattr(driver, "in_transaction"):  # sqlite3, which always has one open where `autocommit` is false
        return bool(driver.in_transaction) and getattr(driver, "autocommit", -1) is not False
    if hasattr(driver, "server_status"):  # PyMySQL
        return bool(driver.server_status & IN_TRANSACTION)
    status = getattr(getattr(driver, "info", None), "transaction_status", 0)  # psycopg
    return bool(int(status))


def is_autocommit(driver: Any) -> bool:
    """Whether each statement is committed by itself, however the driver says so."""
    if hasattr(driver, "get_autocommit"):
        return bool(driver.get_autocommit())
    if hasattr(driver, "in_transaction"):  # sqlite3, whose `autocommit` is older Python's when it is -1
        return driver.isolation_level is None if _is_legacy(driver) else bool(driver.autocommit)
    return getattr(driver, "autocommit", False) is True


def begin_autocommit(driver: Any) -> Callable[[], object]:
    """Bring the connection into autocommit; returns what brings it back to where it was."""
    if hasattr(driver, "in_transaction") and _is_legacy(driver):
        level, driver.isolation_level = driver.isolation_level, None
        return lambda: setattr(driver, "isolation_level", level)
    if is_autocommit(driver):
        return lambda: None
    _set_autocommit(driver, True)
    return lambda: _set_autocommit(driver, False)


def _is_legacy(driver: Any) -> bool:
    return getattr(driver, "autocommit", -1) == -1


def _set_autocommit(driver: Any, is_on: bool) -> None:
    if callable(getattr(driver, "autocommit", None)):  # PyMySQL, mysqlclient
        driver.autocommit(is_on)
    else:
        driver.autocommit = is_on


# -- sessions that can be used ------------------------------------------------------------------------------

_ASKED = {
    "postgresql": "SELECT current_setting('server_encoding'), current_setting('client_encoding'),"
                  " pg_backend_pid()",
    "mariadb": "SELECT @@character_set_client, @@character_set_connection,"
               " coalesce(@@character_set_results, 'utf8mb4'), @@sql_mode",
}  # fmt: skip

ALTERS_TEXT = ("NO_BACKSLASH_ESCAPES", "EMPTY_STRING_IS_NULL")
"""Modes of MariaDB under which what is written is not what was sent."""
STRICT = ("STRICT_ALL_TABLES", "STRICT_TRANS_TABLES")
"""One of them must be on: else what does not fit is cut off without a word."""


def is_pooled(driver: Any, pid: int) -> bool:
    """Whether a pooler stands before PostgreSQL: who works is then not the process of the handshake."""
    inner = getattr(driver, "driver_connection", driver)  # SQLAlchemy's around one of asyncio
    if hasattr(inner, "get_server_pid"):  # asyncpg
        return bool(inner.get_server_pid() != pid)
    return bool(getattr(getattr(inner, "info", None), "backend_pid", pid) != pid)


def _prepares(driver: Any) -> bool:
    """Whether statements are prepared under names that other clients may give to theirs."""
    name = getattr(driver, "_prepared_statement_name_func", None)  # of asyncpg, which prepares every one
    if name is not None:
        return name() is None
    inner = getattr(driver, "driver_connection", driver)
    return getattr(inner, "prepare_threshold", None) is not None


def refuse_unusable(cursor: Any, dialect: Dialect, *, name: str, driver: Any = None) -> None:
    """Raise unless every text comes back from this session as it was sent, and every statement is our own.

    Behind a pooler a statement that the driver prepared in one session may be another client's of the same
    name in the next: it would be run in place of ours, without a word.

    Args:
        driver: the connection; the cursor's own by default.

    Raises:
        StoreError: ``store-not-utf8``, ``store-charset``, ``store-sql-mode`` or ``store-pooled``.
    """
    if dialect.name not in _ASKED:
        return
    cursor.execute(_ASKED[dialect.name])
    row = cursor.fetchone()
    if dialect.name == "postgresql":
        server, client, pid = row
        if server != "UTF8":
            raise StoreError("store-not-utf8", path=name, found=server)
        if client != "UTF8":
            raise StoreError("store-charset", path=name, found=client, known="client_encoding=utf8")
        driver = getattr(cursor, "connection", None) if driver is None else driver
        if _prepares(driver) and is_pooled(driver, pid):
            raise StoreError("store-pooled", path=name)
        return
    *sets, mode = row
    if other := [charset for charset in sets if charset != "utf8mb4"]:
        raise StoreError("store-charset", path=name, found=other[0], known="charset=utf8mb4")
    modes = set(mode.split(","))
    if altering := sorted(modes & set(ALTERS_TEXT)):
        raise StoreError("store-sql-mode", path=name, found=altering[0])
    if not modes & set(STRICT):
        raise StoreError("store-sql-mode", path=name, found=mode or "''")
