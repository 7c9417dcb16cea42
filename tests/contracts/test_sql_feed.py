"""The feed of a database skips nothing, though transactions end out of order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from caseflow import StoreError
from caseflow.ports import Store
from caseflow.stores.database_urls import parsed
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, CaughtUp, emptied, postgres

SERVERS = DATABASES[:2]


@pytest.fixture(params=SERVERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


@pytest.fixture
def two(store: CaughtUp) -> Iterator[tuple[Connection, Connection]]:
    """Two connections of the portal's, each in a transaction of its own."""
    level = {"isolation_level": "READ COMMITTED"} if "mariadb" in store.url else {}
    engine = create_engine(parsed(store.url), **level)
    with engine.connect() as one, engine.connect() as other:
        yield one, other
    engine.dispose()


@contextmanager
def plain(url: str) -> Iterator[SqlStore]:
    """A store whose feed does not wait."""
    store = SqlStore(url)
    yield store
    store.close()


def ids(store: Store, after: int = 0) -> list[str]:
    return [entry.case_id for entry in store.feed(after)]


def test_what_commits_late_is_not_passed(store: CaughtUp, two: tuple[Connection, Connection]) -> None:
    """A reader waits at an earlier event that is still under way, and then sees both in their order."""
    early, late = two
    SqlStore.joined(early).append([submitted("early")])
    SqlStore.joined(late).append([submitted("late")])
    late.commit()
    with plain(store.url) as reader:
        assert ids(reader) == []
    early.commit()
    assert ids(store) == ["early", "late"]


@pytest.mark.mariadb
def test_a_large_gap_is_passed_in_large_steps(tmp_path: Path) -> None:
    """Thousands of positions that were never used cost a reader of small pages a few questions, once."""
    with emptied("mariadb", tmp_path) as store:
        store.append([submitted("a")])
        engine = create_engine(parsed(store.url))
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE caseflow_events AUTO_INCREMENT = 5000"))
        engine.dispose()
        store.append([submitted("b")])
        first = store.feed(limit=1)[0]
        assert [entry.case_id for entry in store.feed(first.position, limit=1)] == ["b"]
        assert [entry.case_id for entry in store.feed(limit=7)] == ["a", "b"]


def test_what_is_rolled_back_stops_nobody(store: CaughtUp, two: tuple[Connection, Connection]) -> None:
    """The feed goes on over the positions of a transaction that was rolled back; nothing takes them later."""
    early, late = two
    SqlStore.joined(early).append([submitted("gone"), submitted("gone-too")])
    SqlStore.joined(late).append([submitted("late")])
    late.commit()
    early.rollback()
    assert ids(store) == ["late"]
    store.append([submitted("next")])
    assert ids(store) == ["late", "next"]
    assert ids(store, store.feed()[0].position) == ["next"]


def test_who_began_first_may_write_last(store: CaughtUp, two: tuple[Connection, Connection]) -> None:
    """Transactions that began in one order and took positions in the other are both seen by any reader."""
    first, second = two
    for connection, name in ((first, "t1"), (second, "t2")):
        SqlStore.joined(connection).pin(name, {})  # each has begun to write
    SqlStore.joined(second).append([submitted("second")])
    SqlStore.joined(first).append([submitted("first")])
    first.commit()
    with plain(store.url) as reader:
        seen = [entry.case_id for entry in reader.feed()]
        after = max([0, *(entry.position for entry in reader.feed())])
    second.commit()
    seen += ids(store, after)
    assert sorted(seen) == ["first", "second"]


def test_readers_see_every_position_while_writers_race(store: CaughtUp) -> None:
    """Four writers, one of which often rolls back, and two readers: each sees all, once, in order."""
    written: set[tuple[str, int]] = set()
    seen: list[list[tuple[int, str, int]]] = [[], []]
    failed: list[BaseException] = []
    done = threading.Event()

    def write(name: int) -> None:
        engine = create_engine(
            parsed(store.url), **({"isolation_level": "READ COMMITTED"} if "mariadb" in store.url else {})
        )
        for number in range(15):
            case_id = f"{name}-{number}"
            entry = submitted(case_id)
            if name == 0 and number % 2:
                _rolled_back(engine, case_id)
                continue
            store.append([entry])
            store.append([then(entry.case)])
            written.update({(case_id, 1), (case_id, 2)})
        engine.dispose()

    def read(which: int) -> None:
        reader = SqlStore(store.url)
        after, until = 0, time.monotonic() + 60
        while not (done.is_set() and len(seen[which]) >= len(written)) and time.monotonic() < until:
            for entry in reader.feed(after, limit=7):
                seen[which].append((entry.position, entry.case_id, entry.version))
                after = entry.position
        reader.close()

    def watched(work: object, *given: int) -> None:
        try:
            work(*given)  # type: ignore[operator]  # one of the two above
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=watched, args=(write, name)) for name in range(4)]
    readers = [threading.Thread(target=watched, args=(read, which)) for which in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    store.feed()  # waits until nothing can come before what was written
    done.set()
    for thread in readers:
        thread.join()
    assert failed == []
    for found in seen:
        assert [position for position, _, _ in found] == sorted({position for position, _, _ in found})
        assert {(case_id, version) for _, case_id, version in found} == written


def _rolled_back(engine: Engine, case_id: str) -> None:
    with engine.connect() as connection:
        SqlStore.joined(connection).append([submitted(case_id)])
        connection.rollback()


@pytest.mark.mariadb
def test_a_writer_at_a_position_that_was_filled_takes_another(tmp_path: Path) -> None:
    """A reader may close a gap just before its writer comes: the writer's append is done all the same."""
    with emptied("mariadb", tmp_path) as store:
        store.append([submitted("a")])
        position = store.feed()[0].position
        engine = create_engine(parsed(store.url), isolation_level="READ COMMITTED")
        with engine.begin() as connection:
            filled = position + 50
            row = {"position": filled, "version": -filled}
            connection.execute(
                text("INSERT INTO caseflow_events (position, case_id, version, body, hash)"
                     " VALUES (:position, '', :version, '', '')"), row)  # fmt: skip
            joined = SqlStore.joined(connection)
            connection.execute(text(f"SET INSERT_ID = {filled}"))
            joined.append([submitted("b")])
        engine.dispose()
        assert ids(store) == ["a", "b"]
        assert store.feed()[1].position > filled


@pytest.mark.postgres
def test_the_feed_goes_on_after_a_dump_was_restored() -> None:
    """In a cluster whose transaction ids are behind, old events stay in the feed and new ones come after."""
    with postgres() as url:
        store = CaughtUp.made(url)
        store.append([submitted("old")])
        store.close()
        engine = create_engine(parsed(url))
        with engine.begin() as connection:  # as if the ids had been a million higher where it was dumped
            connection.execute(
                text("UPDATE caseflow_events SET position = position + (1000000::bigint << 20)")
            )
        with engine.connect() as connection, pytest.raises(StoreError) as caught:
            SqlStore.joined(connection)
        assert caught.value.code == "store-restored"
        opened = CaughtUp(url)
        opened.append([submitted("new")])
        assert ids(opened) == ["old", "new"]
        with engine.begin() as connection:
            SqlStore.joined(connection).append([submitted("newest")])
        assert ids(opened) == ["old", "new", "newest"]
        opened.close()
        engine.dispose()
