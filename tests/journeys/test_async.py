"""A desk's methods as coroutines: the same answers, in a bounded number of threads, whatever is cancelled."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caseflow import (
    Actor,
    AsyncDesk,
    BadInput,
    Case,
    CaseflowError,
    Desk,
    ManualClock,
    MemoryStore,
    Refused,
    SqliteStore,
    UnknownCase,
    load_policy,
)
from caseflow.desk.case_file import AsyncCaseFile, CaseFile
from caseflow.desk.reader import AsyncReader, Reader
from tests.journeys.people import CITIZEN, COORDINATOR, OFFICER

PAIRS = [(Desk, AsyncDesk), (Reader, AsyncReader), (CaseFile, AsyncCaseFile)]
NOT_AWAITED = {"policies", "units", "aio", "clock", "joined", "rules", "store", "seen_by", "aclose"}
"""What asks no store, or belongs to one of the two alone: `Desk.joined` is for ``run_sync``."""


class SlowStore(MemoryStore):
    """Its appends wait until they are let through, and count how many are under way."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)
        self.under_way = self.most = 0

    def append(self, *args: Any) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.begun.release()
        self.gate.wait(20)
        self.under_way -= 1
        super().append(*args)


@pytest.fixture
def store() -> Iterator[SlowStore]:
    store = SlowStore()
    yield store
    store.gate.set()


@pytest.fixture
def desk(store: SlowStore) -> Desk:
    return Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))


@pytest.mark.parametrize(("plain", "awaited"), PAIRS)
def test_every_public_method_is_there(plain: type, awaited: type) -> None:
    """As a coroutine, with the same words in its help."""
    ours = {name for name in dir(awaited) if not name.startswith("_")}
    assert {name for name in dir(plain) if not name.startswith("_")} - NOT_AWAITED == ours - NOT_AWAITED
    for name in ours - NOT_AWAITED - {"open", "quarantined"}:
        assert inspect.getdoc(getattr(awaited, name)) == inspect.getdoc(getattr(plain, name)), name


def test_a_life_is_the_same_awaited() -> None:
    """Commands, sweeps and questions, refusals among them, by any store."""

    async def live(desk: AsyncDesk) -> list[Any]:
        case = await desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id="c1", key="k")
        again = await desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, key="k", case_id="c2")
        assert (again, again.is_repeat) == (case, True)
        with pytest.raises(Refused) as refused:
            await desk.close("c1", by=COORDINATOR)
        with pytest.raises(UnknownCase):
            await desk.get("c2")
        await desk.reply("c1", text="已修复", by=OFFICER)
        seen = desk.seen_by(CITIZEN)
        file = await seen.open("c1")
        assert [text.text for text in await file.texts()] == [text.text for text in await seen.texts("c1")]
        return [
            refused.value, await desk.get("c1"), await desk.history("c1"), await desk.sweep(),
            await desk.cases(unit="城管局"), await seen.story("c1"), await file.story(), file.rules.pin,
            await desk.quarantined(), await desk.explain("c1", clock="reply"),
            await desk.migrate_all(by=BOSS, reason="r", dry_run=True),
        ]  # fmt: skip

    def answers(store: Any) -> list[Any]:
        desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))

        async def work() -> list[Any]:
            async with desk.aio as awaited:
                return await live(awaited)

        return asyncio.run(work())

    with SqliteStore(":memory:") as store:
        first, second = answers(MemoryStore()), answers(store)
    assert [str(part) for part in first[5:7]] == [str(part) for part in second[5:7]]
    texts = [5, 6, 2, 1]  # salts differ
    assert [part for place, part in enumerate(first) if place not in texts and place != 4] == [
        part for place, part in enumerate(second) if place not in texts and place != 4
    ]


BOSS = Actor("s-1", role="importer")


async def begun(store: SlowStore, count: int = 1) -> None:
    for _ in range(count):
        await asyncio.to_thread(store.begun.acquire)


def test_so_many_threads_and_no_more_are_under_way(desk: Desk, store: SlowStore) -> None:
    """The others wait for their turn, and the event loop goes on."""

    async def work() -> list[Case]:
        async with AsyncDesk(desk, threads=3) as awaited:
            tasks = [
                asyncio.create_task(awaited.submit(title="t", by=CITIZEN, case_id=f"c{n}")) for n in range(9)
            ]
            await begun(store, 3)
            await asyncio.sleep(0.05)
            assert store.under_way == 3
            store.gate.set()
            return await asyncio.gather(*tasks)

    cases = asyncio.run(work())
    assert [case.id for case in cases] == [f"c{n}" for n in range(9)]
    assert store.most == 3


def test_a_cancelled_command_that_has_begun_is_committed_and_can_be_asked_for(
    desk: Desk, store: SlowStore
) -> None:
    """Whoever asks again under the same key gets the first result, and nothing is recorded twice."""

    async def work() -> Case:
        async with desk.aio as awaited:
            task = asyncio.create_task(awaited.submit(title="t", by=CITIZEN, key="k"))
            await begun(store)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            store.gate.set()
            return await awaited.submit(title="t", by=CITIZEN, key="k")

    case = asyncio.run(work())
    assert len(desk.history(case.id)) == 1
    assert len(desk.cases()) == 1


def test_a_timeout_loses_nothing_that_was_committed(desk: Desk, store: SlowStore) -> None:
    """``asyncio.timeout`` cancels the wait; when the pool is closed, what had begun is there."""

    async def work() -> None:
        async with desk.aio as awaited:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await awaited.submit(title="t", by=CITIZEN, case_id="c1")
            threading.Timer(0.05, store.gate.set).start()

    asyncio.run(work())
    assert desk.get("c1").version == 1


def test_a_cancelled_command_that_still_waits_is_never_taken(desk: Desk, store: SlowStore) -> None:
    """Nothing of it is recorded, and its key stays free."""

    async def work() -> None:
        async with AsyncDesk(desk, threads=1) as awaited:
            first = asyncio.create_task(awaited.submit(title="t", by=CITIZEN, case_id="c1"))
            await begun(store)
            second = asyncio.create_task(awaited.submit(title="t", by=CITIZEN, case_id="c2", key="k"))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            store.gate.set()
            await first

    asyncio.run(work())
    assert [case.id for case in desk.cases()] == ["c1"]
    assert store.recall(CITIZEN.id, "k") is None


def test_closing_waits_for_what_has_begun_and_takes_no_more(desk: Desk, store: SlowStore) -> None:
    """The desk itself stays open, and another pool can be made."""

    async def work() -> None:
        awaited = desk.aio
        task = asyncio.create_task(awaited.submit(title="t", by=CITIZEN, case_id="c1"))
        await begun(store)
        closing = asyncio.create_task(awaited.aclose())
        await asyncio.sleep(0.02)
        assert not closing.done()
        store.gate.set()
        await closing
        assert (await task).id == "c1"
        with pytest.raises(CaseflowError) as caught:
            await awaited.get("c1")
        assert caught.value.code == "aio-closed" and caught.value.text("zh")
        async with AsyncDesk(desk, threads=1) as another:
            assert (await another.get("c1")).version == 1

    asyncio.run(work())
    assert desk.get("c1").version == 1


def test_nothing_runs_before_it_is_awaited(desk: Desk) -> None:
    """No thread is opened by a desk that nobody awaits; one pool serves several loops."""
    before = threading.active_count()
    assert desk.aio is desk.aio
    assert threading.active_count() == before
    with pytest.raises(BadInput, match="threads"):
        AsyncDesk(desk, threads=0)
    desk.store.gate.set()  # type: ignore[attr-defined]  # the test's own
    for _ in range(2):
        asyncio.run(desk.aio.submit(title="t", by=CITIZEN))
    assert len(desk.cases()) == 2
    asyncio.run(desk.aio.aclose())
    assert threading.active_count() == before


def test_a_class_of_the_portals_own_is_asked(store: SlowStore) -> None:
    """Its methods take the place of ours; the task's context variables are seen in the thread."""
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")

    class Portal(Desk):
        def get(self, case_id: str) -> Case:
            return Case(f"{case_id} for {who.get()}")

    async def work() -> str:
        who.set("甲")
        async with Portal(load_policy("wuhu"), store).aio as awaited:
            return (await awaited.get("c1")).id

    assert asyncio.run(work()) == "c1 for 甲"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_has_threads_of_its_own(tmp_path: Path) -> None:
    """A fork inherits none of them: the child's first call opens its own."""
    with SqliteStore(tmp_path / "cases.db") as store:
        desk = Desk(load_policy("wuhu"), store)
        asyncio.run(desk.aio.submit(title="t", by=CITIZEN, case_id="c1"))
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(desk.aio.submit(title="t", by=CITIZEN, case_id="c2"))
            finally:
                os._exit(0)
        until = time.monotonic() + 20
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            assert time.monotonic() < until, "the child hangs"
            time.sleep(0.01)
        assert desk.get("c2").version == 1
        asyncio.run(desk.aio.aclose())
