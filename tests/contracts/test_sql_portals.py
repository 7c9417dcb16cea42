"""Engines, connections and sessions of a portal: used as they are, or refused with the way out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    AssertionPool,
    Connection,
    Engine,
    NullPool,
    SingletonThreadPool,
    StaticPool,
    create_engine,
    event,
    text,
)
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from caseflow import Actor, Desk, ManualClock, Stale, StoreError, load_policy
from caseflow.stores.database_urls import parsed
from caseflow.stores.sqlalchemy import DatabaseLocation, SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, CaughtUp, emptied, postgres

BOSS = Actor("s-1", role="importer")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


def engine_of(store: CaughtUp, **terms: Any) -> Engine:
    return create_engine(parsed(store.url), **terms)


def code_of(work: Any) -> str:
    with pytest.raises(StoreError) as caught:
        work()
    caught.value.text("zh")
    return caught.value.code


# -- one connection for all ----------------------------------------------------------------------------


def test_an_engine_with_one_connection_for_all_is_refused(store: CaughtUp) -> None:
    """A command would commit what the portal has not finished; its rows are left to its own rollback."""
    engine = engine_of(store, poolclass=StaticPool)
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM caseflow_store"))
        assert code_of(lambda: SqlStore.made(engine)) == code_of(lambda: SqlStore(engine)) == "store-shared"
        connection.rollback()
    assert store.next_due() is None
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM caseflow_store")).scalar() == 1
    engine.dispose()
    for pool in (SingletonThreadPool, AssertionPool):
        assert code_of(lambda: SqlStore(engine_of(store, poolclass=pool))) == "store-shared"  # noqa: B023  # now


def test_a_database_in_memory_is_refused_as_an_engine_and_can_be_joined() -> None:
    """Its one connection, or one database for each, serves no store; a joined one works in it."""
    for terms in ({}, {"poolclass": StaticPool}, {"poolclass": NullPool}):
        engine = create_engine("sqlite://", **terms)
        assert code_of(lambda: SqlStore.made(engine)) == "store-shared"  # noqa: B023  # called at once
        engine.dispose()


def test_a_connection_that_others_have_in_hand_is_neither_committed_nor_changed(tmp_path: Path) -> None:
    """Where the portal's own function gives everybody the same one, it is noticed before anything is said."""
    import sqlite3

    path = f"{tmp_path}/cases.db"
    SqlStore.made(f"sqlite+pysqlite:///{path}").close()
    shared = sqlite3.connect(path, check_same_thread=False)
    shared.execute("CREATE TABLE letters (word TEXT)")
    engine = create_engine("sqlite://", creator=lambda: shared, poolclass=NullPool)
    engine.dispose()
    lent = create_engine(f"sqlite:///{path}", creator=lambda: shared, pool_reset_on_return=None)
    ours = SqlStore(lent)
    shared.execute("INSERT INTO letters VALUES ('x')")
    assert code_of(lambda: ours.append([submitted("c1")])) == "store-shared"
    assert shared.in_transaction
    shared.rollback()
    assert shared.execute("SELECT count(*) FROM letters").fetchone() == (0,)
    assert str(shared.isolation_level) == ""
    ours.close()
    shared.close()


# -- autocommit ----------------------------------------------------------------------------------------


def by_engine(store: CaughtUp) -> tuple[Engine, Any]:
    engine = engine_of(store, isolation_level="AUTOCOMMIT")
    return engine, engine.connect()


def by_options(store: CaughtUp) -> tuple[Engine, Any]:
    engine = engine_of(store)
    return engine, engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def by_driver(store: CaughtUp) -> tuple[Engine, Any]:
    engine = engine_of(store)

    @event.listens_for(engine, "connect")
    def told(driver: Any, _: Any) -> None:
        match engine.dialect.name:
            case "sqlite":
                driver.isolation_level = None
            case "mariadb":
                driver.autocommit(True)
            case _:
                driver.autocommit = True

    return engine, engine.connect()


@pytest.mark.parametrize("spelt", [by_engine, by_options, by_driver])
def test_autocommit_is_refused_however_it_is_spelt(store: CaughtUp, spelt: Any) -> None:
    """There is no transaction to join; the engine itself serves a store, and is given back as it was."""
    engine, connection = spelt(store)
    assert code_of(lambda: SqlStore.joined(connection)) == "store-autocommit"
    connection.close()
    ours = SqlStore(engine)
    ours.append([submitted("c1"), submitted("c2")])
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM caseflow_texts"))
    assert store.texts("c1") == () or spelt is by_options
    ours.close()
    engine.dispose()


def test_a_portal_that_begins_sqlite_by_itself_can_be_joined(tmp_path: Path) -> None:
    """SQLAlchemy's own advice for savepoints: no transactions by the driver, and BEGIN by an event."""
    with emptied("sqlite", tmp_path) as store:
        engine = engine_of(store)
        event.listen(engine, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        with engine.connect() as connection:
            SqlStore.joined(connection).append([submitted("lost")])
            connection.rollback()
            SqlStore.joined(connection).append([submitted("kept")])
            connection.commit()
        assert [head.case_id for head in store.heads()] == ["kept"]
        ours = SqlStore(engine)
        ours.append([submitted("own")])
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            assert driver.isolation_level is None
        engine.dispose()


def test_a_portals_connections_are_given_back_as_they_were(store: CaughtUp) -> None:
    """Whatever the store did with them, they are out of autocommit and keep their settings."""
    engine = engine_of(store, pool_size=1, max_overflow=0)
    ours = SqlStore(engine)
    before = settings_of(engine)
    first = submitted("c1")
    ours.append([first], None)
    ours.append([then(first.case), submitted("c2")])
    with pytest.raises(Stale):
        ours.append([first, submitted("c3")])
    assert settings_of(engine) == before
    ours.close()
    engine.dispose()


@pytest.mark.parametrize("store", DATABASES[1:2], indirect=True)
def test_nothing_is_set_in_a_session_of_the_portals(store: CaughtUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the level of the one transaction to come: not even autocommit, which MariaDB keeps itself."""
    from pymysql.connections import Connection as Driver

    engine = engine_of(store)
    ours, send, said = SqlStore(engine), Driver._execute_command, list[str]()

    def listened(driver: Any, command: Any, sql: Any) -> Any:
        said.append(sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace"))
        return send(driver, command, sql)

    monkeypatch.setattr(Driver, "_execute_command", listened)
    first = submitted("c1")
    ours.append([first])
    ours.append([then(first.case), submitted("c2")])
    ours.pin("p", {})
    ours.load("c1")
    ours.feed()
    assert len(said) > 10
    assert {sql for sql in said if sql.upper().startswith("SET ")} == {
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
    }
    ours.close()
    engine.dispose()


SETTINGS = {
    "postgresql": "SELECT string_agg(name || setting, ',' ORDER BY name) FROM pg_settings"
                  " WHERE source = 'session' OR name IN ('lock_timeout', 'transaction_isolation')",
    "mariadb": "SELECT concat_ws(',', @@autocommit, @@sql_mode, @@tx_isolation, @@innodb_lock_wait_timeout)",
    "sqlite": "PRAGMA secure_delete",
}  # fmt: skip


def settings_of(engine: Engine) -> object:
    with engine.connect() as connection:
        return connection.execute(text(SETTINGS[engine.dialect.name])).scalar()


# -- asyncio -------------------------------------------------------------------------------------------


def test_async_engines_are_refused_with_the_way_out() -> None:
    """An engine, what is under it, its connection, and a URL of its kind: each is told, none fails raw."""
    engine = create_async_engine("postgresql+psycopg://postgres@127.0.0.1:9/none")
    assert code_of(lambda: SqlStore(engine)) == "store-async"  # type: ignore[arg-type]  # what is refused
    assert code_of(lambda: SqlStore(engine.sync_engine)) == "store-async"
    assert code_of(lambda: SqlStore.joined(engine.connect())) == "store-async"  # type: ignore[arg-type]  # so
    assert code_of(lambda: SqlStore("postgresql+psycopg_async://postgres@127.0.0.1:9/none")) == "store-async"


# -- two-phase commits, sessions, two at once ----------------------------------------------------------


def counted(connection: Connection | Session, word: str, done: list[str]) -> Desk:
    joined = SqlStore.joined(connection if isinstance(connection, Connection) else connection.connection())
    desk = Desk(load_policy("wuhu"), joined, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.subscribe("submitted", lambda _: done.append(f"hook {word}"))
    desk.submit(title="t", by=BOSS, case_id=word)
    joined.after_commit(lambda: done.append(word))
    return desk


def test_two_services_may_join_one_transaction(store: CaughtUp) -> None:
    """Each makes a store of its own there, time and again; all is committed together."""
    engine, done = engine_of(store, **_level(store)), list[str]()
    for turn in range(3):
        with engine.begin() as connection:
            first = counted(connection, f"a{turn}", done)
            counted(connection, f"b{turn}", done)
            first.note(f"a{turn}", text="x", by=BOSS)
            with connection.begin_nested() as nested:
                counted(connection, f"lost{turn}", done)
                nested.rollback()
    assert done == [f"{hook}{who}{turn}" for turn in range(3) for who in "ab" for hook in ("hook ", "")]
    assert len(store.feed()) == 9
    assert [head.case_id for head in store.heads()] == ["a0", "a1", "a2", "b0", "b1", "b2"]
    engine.dispose()


def _level(store: CaughtUp) -> dict[str, str]:
    return {"isolation_level": "READ COMMITTED"} if "mariadb" in store.url else {}


@pytest.mark.parametrize("store", DATABASES[1:2], indirect=True)
def test_a_two_phase_commit_is_followed_like_any_other(store: CaughtUp) -> None:
    """Hooks and work after the commit are done once, after it; never after a rollback, prepared or not."""
    engine, done = engine_of(store, **_level(store)), list[str]()
    for turn, ending in enumerate(("commit", "rollback", "prepared rollback", "prepared commit")):
        with engine.connect() as connection:
            transaction = connection.begin_twophase()
            counted(connection, f"c{turn}", done)
            if "prepared" in ending:
                transaction.prepare()
                assert "c0" in done and f"c{turn}" not in done
            getattr(transaction, ending.split()[-1])()
    with Session(engine, twophase=True) as session:
        counted(session, "s", done)
        session.commit()
    assert done == ["hook c0", "c0", "hook c3", "c3", "hook s", "s"]
    assert [head.case_id for head in store.heads()] == ["c0", "c3", "s"]
    engine.dispose()


# -- sessions that have ended, or cannot say what they are given ---------------------------------------


def test_a_connection_that_can_no_longer_be_used_is_told_as_a_store_error(store: CaughtUp) -> None:
    """Closed by the portal, or in a transaction that has failed: nothing fails raw."""
    engine = engine_of(store, **_level(store))
    with engine.connect() as connection:
        joined = SqlStore.joined(connection)
    assert code_of(lambda: joined.append([submitted("c1")])) == "store-failed"
    assert code_of(lambda: joined.load("c1")) == "store-failed"
    assert code_of(lambda: joined.after_commit(lambda: None)) == "store-failed"
    assert code_of(lambda: SqlStore.joined(connection)) == "store-failed"
    engine.dispose()


@pytest.mark.mariadb
@pytest.mark.parametrize(("options", "code"), [
    ({"charset": "latin1"}, "store-charset"), ({"charset": "utf8"}, "store-charset"),
    ({"init_command": "SET sql_mode = ''"}, "store-sql-mode"),
    ({"init_command": "SET sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'"}, "store-sql-mode"),
    ({"init_command": "SET sql_mode = 'STRICT_ALL_TABLES,EMPTY_STRING_IS_NULL'"}, "store-sql-mode"),
])  # fmt: skip
def test_a_session_of_mariadb_that_would_alter_texts_is_refused(
    tmp_path: Path, options: dict[str, str], code: str
) -> None:
    """The portal's engine and its joined connections; our own are told what to speak, whatever the URL."""
    with emptied("mariadb", tmp_path) as store:
        engine = engine_of(store, connect_args=options)
        assert code_of(lambda: SqlStore(engine)) == code
        with engine.connect() as connection:
            assert code_of(lambda: SqlStore.joined(connection)) == code
        own = SqlStore(parsed(store.url).update_query_dict(options))
        desk = Desk(load_policy("wuhu"), own, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        case = desk.submit(title=r"朱镕基路 𠮷 \' \\ ''", by=BOSS)
        assert [part.text for part in store.texts(case.id)] == [r"朱镕基路 𠮷 \' \\ ''"]
        own.close()
        engine.dispose()


@pytest.mark.postgres
def test_a_session_of_postgresql_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """One that changes its mind later is told when a text has no form there; our own always speak UTF-8."""
    with emptied("postgresql", tmp_path) as store:
        engine = engine_of(store, connect_args={"client_encoding": "latin1"})
        assert code_of(lambda: SqlStore(engine)) == "store-charset"
        engine.dispose()
        engine = engine_of(store)
        with engine.connect() as connection:
            joined = SqlStore.joined(connection)
            desk = Desk(load_policy("wuhu"), joined, clock=ManualClock("2025-03-03T09:30:00+08:00"))
            connection.execute(text("SET client_encoding = 'latin1'"))
            assert code_of(lambda: SqlStore.joined(connection)) == "store-charset"
            assert code_of(lambda: desk.submit(title="路灯", by=BOSS)) == "store-encoding"
            connection.execute(text("SET client_encoding = 'utf8'"))
            desk.submit(title="路灯", by=BOSS, case_id="c1")
            connection.commit()
        own = SqlStore(parsed(store.url).update_query_dict({"client_encoding": "latin1"}))
        assert [part.text for part in own.texts("c1")] == ["路灯"]
        own.close()
        engine.dispose()


@pytest.mark.postgres
def test_a_database_that_is_not_utf8_is_refused_before_a_table_is_made() -> None:
    """Some texts would be kept there and others not."""
    with postgres() as url:
        server = create_engine(parsed(url), isolation_level="AUTOCOMMIT")
        name = f"caseflow_euc_{os.getpid()}"
        other = parsed(url).set(database=name).difference_update_query(["options"])
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} ENCODING 'EUC_CN' TEMPLATE template0"
                                    " LC_COLLATE 'C' LC_CTYPE 'C'"))  # fmt: skip
            try:
                assert code_of(lambda: SqlStore.made(other)) == "store-not-utf8"
                assert code_of(lambda: SqlStore(other)) == "store-not-utf8"
                url_of_other = other.render_as_string(hide_password=False)
                assert code_of(DatabaseLocation(url_of_other).make) == "store-not-utf8"
            finally:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()
