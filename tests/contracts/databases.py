"""Databases of servers for tests: each of its own, dropped afterwards."""

from __future__ import annotations

import atexit
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from caseflow.ports import Recorded
from caseflow.stores.database_urls import parsed
from caseflow.stores.sql.dialects import dialect_of
from caseflow.stores.sql.schema import table_names
from caseflow.stores.sql.store import RelationalStore
from caseflow.stores.sqlalchemy import SqlStore

POSTGRES, MARIADB = "CASEFLOW_TEST_POSTGRES", "CASEFLOW_TEST_MARIADB"


def _new_name() -> str:
    """A name that nobody has, a run that was killed and left its own behind included."""
    return f"caseflow_test_{os.getpid()}_{secrets.token_hex(4)}"


class WaitsForOthers(RelationalStore):
    """A store whose feed waits until nothing can come before what this store has written.

    Other tests share the server, and a feed of PostgreSQL ends before the oldest transaction under way
    there, whoever's it is.
    """

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        if self._sql.dialect.one_statement:
            newest = self._rows("SELECT coalesce(max(position), 0) >> 20 FROM caseflow_events")[0][0]
            newest -= self._sql.row.feed_base
            until = time.monotonic() + 20
            while self._rows("SELECT txid_snapshot_xmin(txid_current_snapshot())")[0][0] <= newest:
                assert time.monotonic() < until, "a transaction of this server does not end"
                time.sleep(0.002)
        return super().feed(after, limit=limit)


class CaughtUp(WaitsForOthers, SqlStore):
    """`SqlStore` for tests that share a server."""

    def __init__(self, where: Any, **terms: Any) -> None:
        super().__init__(where, **terms)
        self.url = str(where)


def url_of(variable: str) -> str:
    """The server's URL; tests that ask for it are marked, and skipped without it."""
    return os.environ[variable]


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a new schema on the PostgreSQL server."""
    url = parsed(url_of(POSTGRES))
    name = _new_name()
    _run(url, f"CREATE SCHEMA {name}")
    try:
        yield _text(url.update_query_dict({"options": f"-csearch_path={name} -csynchronous_commit=off"}))
    finally:
        _run(url, f"DROP SCHEMA {name} CASCADE")


@contextmanager
def mariadb() -> Iterator[str]:
    """The URL of a new database on the MariaDB server."""
    url = parsed(url_of(MARIADB))
    name = _new_name()
    _run(url, f"CREATE DATABASE {name}")
    try:
        yield _text(url.set(database=name))
    finally:
        _run(url, f"DROP DATABASE {name}")


DATABASES = (
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
    "sqlite",
)
"""For tests that run on every kind of database."""

_kept: dict[str, tuple[str, ExitStack]] = {}


@contextmanager
def emptied(kind: str, folder: Path) -> Iterator[CaughtUp]:
    """A store on this process's own database of that kind, made once and emptied for each test.

    One of SQLite is a new file in the folder.
    """
    if kind == "sqlite":
        store = CaughtUp.made(f"sqlite+pysqlite:///{folder}/cases.db")
    else:
        url = _own_url(kind)
        lines = ["UPDATE caseflow_store SET has_titles = 0"]
        lines += [f"DELETE FROM {name}" for name in table_names(dialect_of(kind)) if name != "caseflow_store"]
        if kind == "mariadb":  # or the feed would find a gap where the rows of the last test were
            lines.append("ALTER TABLE caseflow_events AUTO_INCREMENT = 1")
        _run(url, *lines)
        store = CaughtUp(url)
    yield store
    store.close()


@contextmanager
def of_a_later_schema(store: CaughtUp) -> Iterator[None]:
    """Within it, the store's place says that a later version of the program wrote it."""
    engine = create_engine(store.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE caseflow_store SET version = version + 1"))
    yield
    with engine.begin() as connection:
        connection.execute(text("UPDATE caseflow_store SET version = version - 1"))
    engine.dispose()


def _own_url(kind: str) -> str:
    if kind not in _kept:
        stack = ExitStack()
        url = stack.enter_context({"postgresql": postgres, "mariadb": mariadb}[kind]())
        CaughtUp.made(url).close()
        _kept[kind] = url, stack
        atexit.register(stack.close)
    return _kept[kind][0]


def _text(url: Any) -> str:
    return str(url.render_as_string(hide_password=False))


def _run(url: Any, *lines: str) -> None:
    engine = create_engine(make_url(url))
    with engine.begin() as connection:
        for line in lines:
            connection.exec_driver_sql(line)
    engine.dispose()
