"""A store inside ``run_sync``, on connections of psycopg's and asyncpg's async engines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from caseflow import Actor, Desk, ManualClock, Stale, StoreError, load_policy
from caseflow.stores.database_urls import parsed
from caseflow.stores.portal_transaction import joined_connections
from caseflow.stores.sql import schema
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing import StoreContract
from caseflow.testing.contract.case_factory import claim_of, submitted, then
from tests.contracts.databases import CaughtUp, WaitsForOthers, emptied, of_a_later_schema

pytestmark = pytest.mark.postgres

CITIZEN = Actor("c-1", role="citizen")
OFFICER = Actor("o-1", role="handler", unit="城管局")
DRIVERS = ("psycopg", "asyncpg")


class Loop:
    """An event loop in a thread of its own, as a server has one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def engine_of(url: str, driver: str) -> AsyncEngine:
    """An async engine of the same database; asyncpg takes a session's settings in its own way."""
    parts = parsed(url)
    if driver == "psycopg":
        return create_async_engine(parts)
    options = str(parts.query["options"]).split("-c")
    settings = dict(option.strip().split("=", 1) for option in options if option.strip())
    where = parts.set(drivername="postgresql+asyncpg").difference_update_query(["options"])
    return create_async_engine(where, connect_args={"server_settings": settings})


class AwaitedStore:
    """Each call of a store's method in a transaction of its own, inside ``run_sync``."""

    def __init__(self, loop: Loop, engine: AsyncEngine) -> None:
        self._loop = loop
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        known = getattr(WaitsForOthers, name, None)
        if isinstance(known, property):
            return self._loop.run(self._ask(lambda store: getattr(store, name)))
        if not callable(known):
            raise AttributeError(name)
        return lambda *args, **terms: self._loop.run(
            self._ask(lambda store: getattr(store, name)(*args, **terms))
        )

    async def _ask(self, question: Callable[[WaitsForOthers], Any]) -> Any:
        def call(connection: Connection) -> Any:
            connections = joined_connections(connection)
            return question(WaitsForOthers(connections, schema.opened_within(connections)))

        async with self._engine.begin() as connection:
            return await connection.run_sync(call)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied("postgresql", tmp_path) as store:
        yield store


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(params=DRIVERS)
def engine(request: pytest.FixtureRequest, place: CaughtUp, loop: Loop) -> Iterator[AsyncEngine]:
    engine = engine_of(place.url, request.param)
    yield engine
    loop.run(engine.dispose())


class InRunSync(StoreContract):
    """The whole contract, each call awaited; the second handle is an ordinary store."""

    driver: str
    walks = 2

    @pytest.fixture
    def store(self, place: CaughtUp, loop: Loop) -> Iterator[Any]:
        engine = engine_of(place.url, self.driver)
        yield AwaitedStore(loop, engine)
        loop.run(engine.dispose())

    @pytest.fixture
    def another(self, place: CaughtUp) -> CaughtUp:
        return place

    @pytest.fixture
    def newer(self, place: CaughtUp, store: Any) -> Iterator[Callable[[], Any]]:
        with of_a_later_schema(place):
            yield lambda: store.heads()


@pytest.mark.soak
class TestAsyncpg(InRunSync):
    driver = "asyncpg"


@pytest.mark.soak
class TestPsycopg(InRunSync):
    driver = "psycopg"


# -- a desk inside run_sync ----------------------------------------------------------------------------------


@pytest.fixture
def desk(place: CaughtUp) -> Desk:
    """A portal's desk, on a store of a plain engine; each request joins it."""
    return Desk(load_policy("wuhu"), place, clock=ManualClock("2025-03-03T09:30:00+08:00"))


def test_a_session_commits_its_rows_and_the_case_together(
    desk: Desk, place: CaughtUp, loop: Loop, engine: AsyncEngine
) -> None:
    """Nobody else sees it before; hooks of the shared desk are called after the commit, and once."""
    seen: list[str] = []
    desk.subscribe("submitted", lambda happened: seen.append(happened.case.id))

    async def request() -> None:
        async with AsyncSession(engine) as session:
            await session.execute(text("SELECT 1"))
            await session.run_sync(
                lambda inner: desk.joined(inner.connection()).submit(title="t", by=CITIZEN, case_id="c1")
            )
            assert (place.load("c1"), seen) == (None, [])
            await session.commit()

    loop.run(request())
    assert place.load("c1") is not None
    assert seen == ["c1"]


def test_a_session_that_is_rolled_back_leaves_no_case(
    desk: Desk, place: CaughtUp, loop: Loop, engine: AsyncEngine
) -> None:
    """Nor a word to a hook."""
    seen: list[str] = []
    desk.subscribe("submitted", lambda happened: seen.append(happened.case.id))

    async def request() -> None:
        async with AsyncSession(engine) as session:
            await session.run_sync(
                lambda inner: desk.joined(inner.connection()).submit(title="t", by=CITIZEN, case_id="c1")
            )

    loop.run(request())
    assert (place.load("c1"), seen) == (None, [])


def test_what_is_refused_leaves_the_transaction_usable(
    place: CaughtUp, loop: Loop, engine: AsyncEngine
) -> None:
    """A savepoint is all that is lost."""
    first = submitted("c1")
    place.append([first])

    def work(connection: Connection) -> None:
        joined = SqlStore.joined(connection)
        with pytest.raises(Stale):
            joined.append([then(first.case).replace(expected=7)])
        joined.append([then(first.case)])

    async def request() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(work)

    loop.run(request())
    assert [event.name for event in place.events("c1")] == ["submitted", "noted"]


def test_requests_at_once_are_answered_with_the_first(
    desk: Desk, place: CaughtUp, loop: Loop, engine: AsyncEngine
) -> None:
    """A double click on an async server: no refusal, one command."""
    desk.submit(title="t", to="城管局", by=CITIZEN, case_id="c1")
    desk.reply("c1", text="已修复", by=OFFICER)

    async def request() -> Any:
        async with engine.begin() as connection:
            return await connection.run_sync(
                lambda inner: desk.joined(inner).rate("c1", score=5, by=CITIZEN, key="k")
            )

    async def clicks() -> list[Any]:
        return await asyncio.gather(*(request() for _ in range(6)))

    cases = loop.run(clicks())
    assert all(case == cases[0] for case in cases)
    assert sum(not case.is_repeat for case in cases) == 1
    assert len(place.events("c1")) == 3
    assert not desk.rate("c1", score=4, by=CITIZEN, key="another").is_repeat


def test_a_text_that_cannot_be_kept_is_not_quoted(loop: Loop, place: CaughtUp, engine: AsyncEngine) -> None:
    """Half a surrogate pair has no UTF-8: the error says so, and nothing of what stood beside it."""
    store = AwaitedStore(loop, engine)
    with pytest.raises(StoreError) as caught:
        store.append([submitted("c1")], claim_of("c1", key="秘密\ud800"))
    assert caught.value.code == "store-encoding"
    assert "秘密" not in str(caught.value)


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as caught:
        work()
    caught.value.text("zh")
    return caught.value.code


def test_what_cannot_be_joined_is_refused_with_the_way_out(
    desk: Desk, loop: Loop, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has to be awaited, its inner connection outside of ``run_sync``, another driver, no connection."""

    async def work() -> list[str]:
        async with AsyncSession(engine) as session, engine.connect() as connection:
            inner = connection.sync_connection
            assert inner is not None
            codes = [code_of(partial(desk.joined, one)) for one in (engine, connection, session, inner, "x")]
            monkeypatch.setattr(engine.sync_engine.dialect, "driver", "another")
            return [*codes, await connection.run_sync(lambda one: code_of(lambda: desk.joined(one)))]

    assert loop.run(work()) == [
        "store-async", "store-async", "store-async", "store-async", "store-no-connection",
        "store-async-driver",
    ]  # fmt: skip
    assert code_of(lambda: SqlStore(engine.sync_engine)) == "store-async"
    assert code_of(lambda: desk.joined(engine.sync_engine)) == "store-async"


def test_a_transaction_in_autocommit_is_refused(loop: Loop, engine: AsyncEngine) -> None:
    """It holds nothing open that could be joined."""

    async def work() -> str:
        autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with autocommit.connect() as connection:
            return await connection.run_sync(lambda one: code_of(lambda: SqlStore.joined(one)))

    assert loop.run(work()) == "store-autocommit"
