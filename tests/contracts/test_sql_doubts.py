"""What a process remembers of a database is doubted: its schema, its policies, its feed base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest
from sqlalchemy import Engine, create_engine, text

from caseflow import Actor, Desk, ManualClock, StoreError, load_policy
from caseflow.core.notices import RETRY, Outcome
from caseflow.ports import KeyClaim, Store
from caseflow.stores.database_urls import parsed
from caseflow.stores.sql.dialects import dialect_of
from caseflow.stores.sql.schema import newest, table_names
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, CaughtUp, emptied

BOSS, SUPERVISOR = Actor("s-1", role="importer"), Actor("v-1", role="supervisor")
MORNING = "2025-03-03T09:30:00+08:00"


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


@pytest.fixture
def engine(store: CaughtUp) -> Iterator[Engine]:
    level = {"isolation_level": "READ COMMITTED"} if "mariadb" in store.url else {}
    engine = create_engine(parsed(store.url), **level)
    yield engine
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE caseflow_store SET version = {newest()}, feed_base = 0"))
    engine.dispose()


def run(engine: Engine, *lines: str) -> None:
    with engine.begin() as connection:
        for line in lines:
            connection.execute(text(line))


def desk_on(store: Store) -> Desk:
    return Desk(load_policy("wuhu"), store, clock=ManualClock(MORNING))


WRITES: dict[str, Callable[[Store], object]] = {
    "a new case": lambda store: store.append([submitted("c2")]),
    "two new cases": lambda store: store.append([submitted("c2"), submitted("c3")]),
    "a case known": lambda store: store.append(
        [then(submitted("c1").case)], KeyClaim("a", "k", "d", "c1", 2, 2)
    ),
    "two cases": lambda store: store.append([then(submitted("c1").case), submitted("c2")]),
    "a policy": lambda store: store.pin("p", {}),
    "a lease": lambda store: store.claim(1 << 60, limit=9, lease_us=5, token="t"),
    "an outcome": lambda store: store.settle([Outcome("n", "t", RETRY, at_us=5)]),
    "a dead letter": lambda store: store.requeue(["n"], 5),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_program_that_goes_on_after_a_migration_writes_nothing(
    store: CaughtUp, engine: Engine, write: Callable[[Store], object]
) -> None:
    """It says at once which schema is there by now, and what is there stays as it was."""
    store.append([submitted("c1")])
    before = [store.raw(table) for table in ("cases", "events", "notices", "policies")]
    for schema, code in ((newest() + 1, "store-newer"), (newest() - 1, "store-missing")):
        run(engine, f"UPDATE caseflow_store SET version = {schema}")
        with pytest.raises(StoreError) as caught:
            write(store)
        assert caught.value.code == code
    assert [store.raw(table) for table in ("cases", "events", "notices", "policies")] == before
    run(engine, f"UPDATE caseflow_store SET version = {newest()}")
    write(store)


@pytest.mark.parametrize("store", DATABASES[:2], indirect=True)
def test_a_joined_store_refuses_when_the_migration_came_after_it(store: CaughtUp, engine: Engine) -> None:
    """The portal's transaction stays usable: nothing of the append is in it."""
    with engine.connect() as connection:
        joined = SqlStore.joined(connection)
        run(engine, f"UPDATE caseflow_store SET version = {newest() + 1}")
        with pytest.raises(StoreError) as caught:
            joined.append([submitted("c1")])
        assert caught.value.code == "store-newer"
        assert connection.execute(text("SELECT count(*) FROM caseflow_events")).scalar() == 0


def test_a_question_that_the_new_tables_do_not_answer_is_told_by_the_schema(
    store: CaughtUp, engine: Engine
) -> None:
    """A column that a later schema has done away with is not told as a fault of the database."""
    run(engine, "ALTER TABLE caseflow_keys RENAME TO caseflow_keys_2",
        f"UPDATE caseflow_store SET version = {newest() + 1}")  # fmt: skip
    try:
        with pytest.raises(StoreError) as caught:
            store.recall("a", "k")
        assert caught.value.code == "store-newer"
    finally:
        run(engine, "ALTER TABLE caseflow_keys_2 RENAME TO caseflow_keys")


def empty_all(engine: Engine, kind: str) -> None:
    names = [name for name in table_names(dialect_of(kind)) if name != "caseflow_store"]
    run(engine, *[f"DELETE FROM {name}" for name in names])


def test_a_policy_that_is_gone_is_kept_again(store: CaughtUp, engine: Engine) -> None:
    """A dump without it is put back, or a test empties all tables, while the desk lives on."""
    desk = desk_on(store)
    desk.submit(title="t", by=BOSS)
    empty_all(engine, engine.dialect.name)
    assert store.pinned(desk.rules.pin) is None
    case = desk.submit(title="t", by=BOSS)
    assert store.pinned(desk.rules.pin) == desk.rules.document
    assert desk.note(case.id, text="x", by=BOSS).version == 2
    empty_all(engine, engine.dialect.name)
    store.append([submitted("c1"), submitted("c2")])  # of no policy that was kept here


def test_a_policy_that_was_rolled_back_by_another_store_of_the_process_is_kept_again(
    store: CaughtUp, engine: Engine
) -> None:
    """Whoever saw it inside a transaction looks again with each new case."""
    with engine.connect() as connection:
        lost = desk_on(SqlStore.joined(connection))
        lost.submit(title="t", by=BOSS)
        connection.rollback()
        kept = lost.submit(title="t", by=BOSS)
        connection.commit()
    assert store.pinned(lost.rules.pin) == lost.rules.document
    assert store.load(kept.id) == kept


def test_cases_that_change_their_rules_find_the_new_ones_kept(store: CaughtUp, engine: Engine) -> None:
    """Migrated one by one and all together, after the new rules' document was lost."""
    old = desk_on(store)
    ids = [old.submit(title="t", by=BOSS).id for _ in range(3)]
    new = Desk(attrs.evolve(load_policy("wuhu"), name="other"), store, clock=old.clock)
    new.submit(title="t", by=BOSS)
    lose = f"DELETE FROM caseflow_policies WHERE pin = '{new.rules.pin}'"
    run(engine, lose)
    assert old.note(ids[0], text="x", by=BOSS).version == 2
    assert store.pinned(new.rules.pin) is None
    new.migrate(ids[0], by=SUPERVISOR, reason="r")
    assert store.pinned(new.rules.pin) == new.rules.document
    run(engine, lose)
    assert new.migrate_all(by=SUPERVISOR, reason="r").migrated == 2
    assert store.pinned(new.rules.pin) == new.rules.document


@pytest.mark.parametrize("store", DATABASES[:1], indirect=True)
def test_a_feed_base_that_was_raised_meanwhile_is_taken_over(store: CaughtUp, engine: Engine) -> None:
    """After a restore that another process has seen to, positions go on above those that are there."""
    first = submitted("c1")
    store.append([first])
    run(engine, "UPDATE caseflow_store SET feed_base = 1000")
    second = then(first.case)
    store.append([second])
    store.append([then(second.case), submitted("c2")])
    positions = [row["position"] for row in store.raw("events")]
    assert store._sql.row.feed_base == 1000
    assert max(positions) >> 20 > (min(positions) >> 20) + 1000
