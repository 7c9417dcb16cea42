"""A pooler in transaction mode: every transaction may come to another session of the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import create_engine, text

from caseflow import Actor, Desk, ManualClock, StoreBusy, StoreError, load_policy
from caseflow.cli import run
from caseflow.ports import Store
from caseflow.stores.database_urls import parsed
from caseflow.stores.locations import open_store
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.pgbouncer import Pooled, pooled

pytestmark = pytest.mark.postgres

OFFICER, CITIZEN = Actor("o-4", role="handler", unit="城管局"), Actor("c-17", role="citizen")
THREADS, NOTES = 8, 8


@pytest.fixture(scope="module")
def database() -> Iterator[Pooled]:
    with pooled() as database:
        SqlStore.made(database.through).close()
        yield database


def desk_on(store: Store) -> Desk:
    return Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))


def all_at_once(desk: Desk) -> list[str]:
    """What went wrong when more threads than there are sessions gave commands."""
    cases = [desk.submit(title="x", to="城管局", by=CITIZEN).id for _ in range(THREADS)]
    troubles: list[str] = []

    def work(case_id: str) -> None:
        for number in range(NOTES):
            try:
                desk.note(case_id, text=f"y{number}", by=OFFICER, key=f"{case_id}/{number}")
            except Exception as error:
                troubles.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=work, args=(case_id,)) for case_id in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for case_id in cases:
        assert desk.get(case_id).version == NOTES + 1 or troubles
    return troubles


def sessions_of(database: Pooled, question: str) -> set[object]:
    """What a portal's own connections find in the sessions that the store has used."""
    answers = set()
    for _ in range(6):
        with psycopg.connect(database.through, prepare_threshold=None) as portal:
            row = portal.execute(question).fetchone()
            answers.add(row[0] if row else None)
    return answers


@pytest.mark.parametrize("option", ["", "?prepare_threshold=none"])
def test_it_works_by_its_url(database: Pooled, option: str) -> None:
    """Commands of eight threads over three sessions all come through."""
    store = open_store(database.through + option)
    assert all_at_once(desk_on(store)) == []
    store.close()


@pytest.mark.parametrize("threshold", [0, 1])
def test_nothing_is_prepared_whatever_the_url_says(threshold: int) -> None:
    """A statement of another client's under the same name would be run in place of ours, without an error."""
    with pooled() as database:
        store = open_store(f"{database.through}?prepare_threshold={threshold}")
        assert all_at_once(desk_on(store)) == []
        store.close()
        assert sessions_of(database, "SELECT count(*) FROM pg_prepared_statements") == {0}


def test_nothing_is_left_in_the_sessions_of_others(database: Pooled) -> None:
    """A portal's own connection finds the server's settings, and no statement that somebody prepared."""
    store = open_store(database.through)
    all_at_once(desk_on(store))
    store.close()
    assert sessions_of(database, "SHOW lock_timeout") == {"0"}
    assert sessions_of(database, "SELECT count(*) FROM pg_prepared_statements") == {0}


def test_waiting_for_a_row_ends_all_the_same(database: Pooled) -> None:
    """``timeout`` holds for each transaction, of one statement or several."""
    store = SqlStore(database.through, timeout=1)
    first, second = submitted("held-1"), submitted("held-2")
    store.append([first])
    store.append([second])
    engine = create_engine(parsed(database.straight))
    with engine.begin() as connection:
        connection.execute(text("SELECT id FROM caseflow_cases WHERE id LIKE 'held%' FOR UPDATE"))
        for entries in ([then(first.case)], [then(first.case), then(second.case)]):
            with pytest.raises(StoreBusy):
                store.append(entries)
    store.append([then(first.case), then(second.case)])
    store.close()
    engine.dispose()


def test_a_portals_engine_that_prepares_statements_is_refused_at_once(database: Pooled) -> None:
    """Its connections are its own affair: without prepared statements all works, else it is told how."""
    url = parsed(database.through)
    engine = create_engine(url, connect_args={"prepare_threshold": None})
    store = SqlStore(engine)
    assert all_at_once(desk_on(store)) == []
    store.close()
    engine.dispose()
    for arguments in ({"prepare_threshold": 0}, {}):  # psycopg prepares from the fifth time on, by itself
        engine = create_engine(url, connect_args=arguments)
        with pytest.raises(StoreError, match="prepare_threshold=None") as refused:
            SqlStore(engine)
        assert refused.value.code == "store-pooled"
        with engine.connect() as connection, pytest.raises(StoreError, match="prepare_threshold=None"):
            SqlStore.joined(connection)
        engine.dispose()


def test_a_portals_transaction_through_it_can_be_joined(database: Pooled) -> None:
    """One transaction is one session, however many statements and savepoints."""
    engine = create_engine(parsed(database.through), connect_args={"prepare_threshold": None})
    for word in ("j1", "j2"):
        with engine.begin() as connection:
            first = submitted(word)
            SqlStore.joined(connection).append([first])
            SqlStore.joined(connection).append([then(first.case)])
    with open_store(database.through) as store:
        assert [link.version for link in store.links("j2")] == [1, 2]
    engine.dispose()


def test_the_command_line_works_through_it(database: Pooled, capsys: pytest.CaptureFixture[str]) -> None:
    """Made, looked at and swept by the URL alone."""
    for command in (["store", "init"], ["store", "status"], ["store", "migrate"], ["sweep"], ["cases"]):
        assert run([*command, "--store", database.through]) == 0
    assert "current" in capsys.readouterr().out
