"""A store inside the portal's own transaction: together with the portal's rows, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from caseflow import Actor, Desk, KeyReused, ManualClock, Stale, StoreError, load_policy
from caseflow.core.policy import pin_of
from caseflow.ports import KeyClaim
from caseflow.stores.database_urls import parsed
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, CaughtUp, emptied

BOSS = Actor("s-1", role="importer")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    """The same database seen by a store of its own."""
    with emptied(request.param, tmp_path) as store:
        yield store


@pytest.fixture
def engine(store: CaughtUp) -> Iterator[Engine]:
    """The portal's engine, with a table of its own."""
    level = {"isolation_level": "READ COMMITTED"} if "mariadb" in store.url else {}
    engine = create_engine(parsed(store.url), **level)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE portal (word VARCHAR(20) PRIMARY KEY)"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE portal"))
    engine.dispose()


def insert(connection: Connection, word: str) -> None:
    connection.execute(text("INSERT INTO portal VALUES (:word)"), {"word": word})


def words(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT word FROM portal ORDER BY word")))


def test_the_portals_rows_and_the_cases_are_committed_together(store: CaughtUp, engine: Engine) -> None:
    """Nobody else sees either before the portal's commit; both are there after it."""
    first = submitted("c1")
    with engine.begin() as connection:
        insert(connection, "row")
        joined = SqlStore.joined(connection)
        joined.append([first], KeyClaim("a", "k", "d", "c1", 1, 1))
        second = then(first.case)
        joined.append([second])
        assert joined.load("c1") == second.case
        if "sqlite" not in store.url:
            assert store.load("c1") is None
    assert store.load("c1") == second.case
    assert [entry.version for entry in store.feed()] == [1, 2]
    assert words(engine) == ["row"]


def test_a_rollback_of_the_portals_takes_the_cases_along(store: CaughtUp, engine: Engine) -> None:
    """Neither case, event, key nor text is left, though the joined store returned from its appends."""
    with engine.connect() as connection:
        SqlStore.joined(connection).append([submitted("c1", due=5)], KeyClaim("a", "k", "d", "c1", 1, 1))
        insert(connection, "row")
        connection.rollback()
    assert store.load("c1") is None
    assert (store.feed(), store.recall("a", "k"), store.next_due(), words(engine)) == ((), None, None, [])


def test_a_refused_append_leaves_the_transaction_usable(store: CaughtUp, engine: Engine) -> None:
    """After `Stale` and `KeyReused` the portal's rows of before and after are committed."""
    first, other = submitted("c1"), submitted("c2")
    store.append([first, other], KeyClaim("a", "k", "d", "c1", 1, 1))
    with engine.begin() as connection:
        insert(connection, "before")
        joined = SqlStore.joined(connection)
        with pytest.raises(Stale):
            joined.append([then(first.case).replace(expected=7)])
        with pytest.raises(Stale):
            joined.append([submitted("c1")])
        with pytest.raises(Stale):
            joined.append([then(other.case), then(first.case).replace(expected=0)])
        with pytest.raises(KeyReused):
            joined.append([then(first.case)], KeyClaim("a", "k", "d2", "c1", 2, 2))
        insert(connection, "after")
        joined.append([then(first.case)])
    assert words(engine) == ["after", "before"]
    assert [entry.case_id for entry in store.feed()] == ["c1", "c2", "c1"]


def test_work_after_the_commit_waits_for_the_portals(store: CaughtUp, engine: Engine) -> None:
    """It is done once, after the commit, when another connection sees the case; not before."""
    seen: list[bool] = []
    with engine.begin() as connection:
        joined = SqlStore.joined(connection)
        joined.append([submitted("c1")])
        joined.after_commit(lambda: seen.append(store.load("c1") is not None))
        assert seen == []
    assert seen == [True]
    with engine.begin():
        pass
    assert seen == [True]


def test_work_after_the_commit_is_dropped_by_a_rollback(store: CaughtUp, engine: Engine) -> None:
    """A rollback drops all of it; one to a savepoint what was added after the savepoint."""
    done: list[str] = []
    with engine.connect() as connection:
        joined = SqlStore.joined(connection)
        joined.after_commit(lambda: done.append("rolled back"))
        connection.rollback()
        joined.after_commit(lambda: done.append("kept"))
        nested = connection.begin_nested()
        joined.append([submitted("c1")])
        joined.after_commit(lambda: done.append("in the savepoint"))
        nested.rollback()
        connection.commit()
        assert done == []
        with connection.begin():
            assert done == ["kept"]
    assert done == ["kept"]
    assert store.load("c1") is None


def test_work_after_a_commit_that_failed_is_not_done(store: CaughtUp, engine: Engine) -> None:
    """When the portal's transaction fails, so does everything."""
    done: list[str] = []
    with pytest.raises(IntegrityError), engine.begin() as connection:
        joined = SqlStore.joined(connection)
        joined.append([submitted("c1")])
        joined.after_commit(lambda: done.append("x"))
        insert(connection, "twice")
        insert(connection, "twice")
    assert (done, store.load("c1")) == ([], None)


def test_a_session_can_be_joined(store: CaughtUp, engine: Engine) -> None:
    """A desk on the connection of an ORM session commits with the session."""
    done: list[str] = []
    with Session(engine) as session:
        joined = SqlStore.joined(session.connection())
        joined.after_commit(lambda: done.append("told"))
        desk = Desk(load_policy("wuhu"), joined, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        desk.submit(title="路灯不亮", by=BOSS, case_id="c1")
        session.execute(text("INSERT INTO portal VALUES ('x')"))
        assert done == []
        session.commit()
        assert done == ["told"]
    assert store.load("c1") is not None


def test_nothing_is_committed_by_the_store(store: CaughtUp, engine: Engine) -> None:
    """Joined, it sends no COMMIT of its own, whatever it is asked to do."""
    commits: list[str] = []
    event.listen(engine, "commit", lambda connection: commits.append("commit"))
    with engine.connect() as connection:
        joined = SqlStore.joined(connection)
        joined.append([submitted("c1"), submitted("c2")])
        joined.claim(1 << 60, limit=9, lease_us=5, token="t")
        joined.pin("p", {})
        assert connection.in_transaction()
        assert commits == []
        connection.rollback()
    assert store.pinned("p") is None


def test_a_connection_in_autocommit_is_refused(store: CaughtUp, engine: Engine) -> None:
    """It has no transaction to join."""
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection, pytest.raises(StoreError, match="autocommit"):
        SqlStore.joined(connection)


def test_a_policy_pinned_in_a_savepoint_that_is_undone_is_pinned_again(
    store: CaughtUp, engine: Engine
) -> None:
    """Cases that follow on the same desk would have lost their rules."""
    with engine.begin() as connection:
        desk = Desk(
            load_policy("wuhu"), SqlStore.joined(connection), clock=ManualClock("2025-03-03T09:30+08:00")
        )
        undone = connection.begin_nested()
        desk.submit(title="t", by=BOSS, case_id="c1")
        undone.rollback()
        desk.submit(title="t", by=BOSS, case_id="c2")
    assert store.load("c1") is None
    assert store.load("c2") is not None
    document = store.pinned(desk.rules.pin)
    assert document is not None
    assert pin_of(dict(document)) == desk.rules.pin


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_work_after_a_commit_that_the_database_refuses_is_not_done(store: CaughtUp, engine: Engine) -> None:
    """A constraint that is looked at in the commit fails it: nobody is told of what never happened."""
    deferred = "CREATE TABLE page (word VARCHAR(20) REFERENCES portal DEFERRABLE INITIALLY DEFERRED)"
    done: list[str] = []
    with engine.begin() as connection:
        connection.execute(text(deferred))
    try:
        with pytest.raises(IntegrityError), engine.begin() as connection:
            joined = SqlStore.joined(connection)
            joined.append([submitted("c1")])
            joined.after_commit(lambda: done.append("told"))
            connection.execute(text("INSERT INTO page VALUES ('nowhere')"))
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
        assert (done, store.load("c1")) == ([], None)
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE page"))


def test_work_that_fails_after_the_commit_stops_nobody(
    store: CaughtUp, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """The commit stands: the error is logged by its kind, the rest is done, the connection goes back."""
    done: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError("秘密")

    with engine.begin() as connection:
        joined = SqlStore.joined(connection)
        joined.append([submitted("c1")])
        joined.after_commit(fail)
        joined.after_commit(lambda: done.append("told"))
    assert (done, store.load("c1") is not None) == (["told"], True)
    assert "work after the commit failed: ZeroDivisionError" in caplog.text
    assert "秘密" not in caplog.text
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # every pool that is tested counts


def test_two_desks_of_one_transaction_lose_no_policy(store: CaughtUp, engine: Engine) -> None:
    """The second one saw the policy that the first had pinned in a savepoint, which was undone."""
    with engine.begin() as connection:
        policy, clock = load_policy("wuhu"), ManualClock("2025-03-03T09:30:00+08:00")
        desks = [Desk(policy, SqlStore.joined(connection), clock=clock) for _ in range(2)]
        undone = connection.begin_nested()
        for number, desk in enumerate(desks):
            desk.submit(title="t", by=BOSS, case_id=f"lost-{number}")
        undone.rollback()
        desks[1].submit(title="t", by=BOSS, case_id="c2")
    assert store.pinned(desks[1].rules.pin) is not None
