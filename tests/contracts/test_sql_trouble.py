"""What databases do to a store: lost connections, forks, other schemas, several who make the tables."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from caseflow import Stale, StoreBusy, StoreError
from caseflow.cli import run
from caseflow.stores.database_urls import parsed
from caseflow.stores.sql.schema import newest
from caseflow.stores.sqlalchemy import DatabaseLocation, SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.children import in_a_child
from tests.contracts.databases import DATABASES, CaughtUp, emptied, mariadb, postgres

SERVERS = DATABASES[:2]
KILL = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'",
    "mariadb": "SELECT concat('KILL ', id) FROM information_schema.processlist"
               " WHERE db = database() AND id <> connection_id()",
}  # fmt: skip


@pytest.fixture(params=SERVERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables of ours."""
    if request.param == "sqlite":
        yield f"sqlite+pysqlite:///{tmp_path}/empty.db"
        return
    with {"postgresql": postgres, "mariadb": mariadb}[request.param]() as url:
        yield url


def victim_of(store: CaughtUp) -> SqlStore:
    """A store whose connections can be told from others."""
    url = parsed(store.url)
    if url.get_backend_name() == "postgresql":
        url = url.update_query_dict({"application_name": "victim"})
    return SqlStore(url)


def kill(store: CaughtUp) -> None:
    """End the victim's connections on the server."""
    engine = create_engine(parsed(store.url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        found = connection.execute(text(KILL[engine.dialect.name])).scalars().all()
        if engine.dialect.name == "mariadb":
            for line in found:
                connection.execute(text(line))
    engine.dispose()


def test_connections_that_died_in_the_pool_are_replaced(store: CaughtUp) -> None:
    """After the server ended every connection, the next question and the next command just work."""
    victim = victim_of(store)
    first = submitted("c1")
    victim.append([first])
    kill(store)
    assert victim.load("c1") == first.case
    kill(store)
    second = then(first.case)
    victim.append([second])
    kill(store)
    victim.append([then(second.case), submitted("c2")])
    assert [entry.version for entry in store.feed()] == [1, 2, 3, 1]
    victim.close()


class Cut:
    """A cursor whose connection is lost at a statement, before the server did it or after."""

    def __init__(self, cursor: Any, where: dict[str, Any]) -> None:
        self._cursor = cursor
        self._where = where

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *given: Any) -> Any:
        cut = self._where["left"] > 0 and sql.startswith(self._where["at"])
        if not cut:
            return self._cursor.execute(sql, *given)
        self._where["left"] -= 1
        if self._where["after"]:
            self._cursor.execute(sql, *given)
        raise self._where["error"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("single", [True, False], ids=["one-case", "two-cases"])
def test_a_connection_lost_in_the_commit_loses_and_doubles_nothing(
    store: CaughtUp, monkeypatch: pytest.MonkeyPatch, after: bool, single: bool
) -> None:
    """Whether the server had done it or not, the append returns and its events are there once."""
    gone = store._connections.errors
    is_postgres = "postgresql" in store.url
    error: Exception = gone("server closed") if is_postgres else gone(2013, "lost")
    if is_postgres:
        import psycopg

        error = psycopg.OperationalError("server closed the connection unexpectedly")
    at = "WITH" if single and is_postgres else "COMMIT"
    where = {"at": at, "left": 1, "after": after, "error": error}
    connections: Any = store._connections
    whole = type(connections)._cursor_of
    monkeypatch.setattr(
        connections, "_cursor_of", lambda connection: Cut(whole(connections, connection), where)
    )
    entries = [submitted("c1")] if single else [submitted("c1"), submitted("c2")]
    store.append(entries)
    assert where["left"] == 0
    store.append([then(entries[0].case)])
    assert len(store.feed()) == len(entries) + 1
    assert store.load("c1") == then(entries[0].case).case


def test_a_store_survives_a_fork(store: CaughtUp) -> None:
    """A child opens its own connections: both write, and both see both."""
    first = submitted("c1")
    store.append([first])

    def work() -> bool:
        store.append([then(first.case), submitted("child")])
        return store.load("c1") == then(first.case).case

    assert in_a_child(work)
    with pytest.raises(Stale):
        store.append([then(first.case)])
    store.append([submitted("parent")])
    assert sorted(head.case_id for head in store.heads()) == ["c1", "child", "parent"]


def test_a_row_held_too_long_is_told_as_busy(store: CaughtUp) -> None:
    """Whoever waits longer than ``timeout`` for another's row is told so, and may try again."""
    first = submitted("c1")
    store.append([first])
    impatient = SqlStore(store.url, timeout=1)
    engine = create_engine(parsed(store.url))
    with engine.begin() as connection:
        connection.execute(text("SELECT id FROM caseflow_cases WHERE id = 'c1' FOR UPDATE"))
        with pytest.raises(StoreBusy):
            impatient.append([then(first.case)])
    impatient.append([then(first.case)])
    impatient.close()
    engine.dispose()


def test_a_portals_engine_is_used_and_given_back_as_it_was(store: CaughtUp) -> None:
    """The portal's own transactions on it are what they were; its pool is left open."""
    engine = create_engine(parsed(store.url))
    ours = SqlStore(engine)
    first = submitted("c1")
    ours.append([first])
    ours.append([then(first.case), submitted("c2")])
    ours.close()
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM caseflow_texts"))
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM caseflow_cases")).scalar() == 2
    assert store.load("c1") == then(first.case).case
    engine.dispose()


# -- schemas -------------------------------------------------------------------------------------------------


def test_a_database_without_tables_is_told_with_the_way_out(empty: str) -> None:
    """Opening, looking and migrating are refused, and name the command that makes the tables."""
    for work in (lambda: SqlStore(empty), DatabaseLocation(empty).status, DatabaseLocation(empty).migrate):
        with pytest.raises(StoreError, match="caseflow store init") as caught:
            work()
        assert caught.value.code == "store-missing"


def test_tables_are_made_once_by_whoever_comes_first(empty: str) -> None:
    """Four who make them at once all come through, and one of them has made them."""
    made: list[bool] = []
    threads = [threading.Thread(target=lambda: made.append(DatabaseLocation(empty).make())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, True]
    status = DatabaseLocation(empty).status()
    assert (status.schema, status.is_current, status.cases, status.events) == (newest(), True, 0, 0)
    assert DatabaseLocation(empty).migrate() == ()


@pytest.mark.parametrize(("schema", "code"), [(newest() + 1, "store-newer"), (-1, "store-older")])
def test_another_schema_is_refused(empty: str, schema: int, code: str) -> None:
    """A newer schema and an older one are refused by code; joined stores refuse them too."""
    DatabaseLocation(empty).make()
    engine = create_engine(parsed(empty))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE caseflow_store SET version = {schema}"))
    with pytest.raises(StoreError) as caught:
        SqlStore(empty)
    assert caught.value.code == code
    with engine.connect() as connection, pytest.raises(StoreError) as caught:
        SqlStore.joined(connection)
    assert caught.value.code == code
    assert DatabaseLocation(empty).status().schema == schema
    engine.dispose()


def test_the_command_line_makes_and_looks_at_a_database(
    empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``store init``, ``status`` and ``migrate`` work on a URL, twice as well as once."""
    for command, code in (("status", 5), ("init", 0), ("init", 0), ("status", 0), ("migrate", 0)):
        assert run(["store", command, "--store", empty]) == code
    out = capsys.readouterr().out
    assert f"schema {newest()}, current" in out
    assert "nothing to do" in out


@pytest.mark.parametrize("url", [
    "postgresql://clerk:s3cret@127.0.0.1:9/portal?password=s3cret", "mariadb://clerk:s3cret@127.0.0.1:9/portal",
    "oracle://clerk:s3cret@127.0.0.1/x", "postgresql://clerk:s3cret@[::bad/x", "postgresql+nodriver://a:s3cret@h/x",
])  # fmt: skip
def test_a_password_is_never_told(
    url: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with a URL, neither message nor log holds its password or user."""
    caplog.set_level(logging.DEBUG)
    for command in (["store", "status"], ["store", "init"], ["cases"]):
        assert run([*command, "--store", url]) == 5
    told = capsys.readouterr()
    everything = told.out + told.err + caplog.text
    assert "caseflow: " in everything
    assert "s3cret" not in everything
