"""Forks among threads at work: no child hangs on a mutex it inherited, or uses its parent's connection."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from caseflow import Desk, MemoryStore, SqliteStore, i18n, load_policy
from caseflow.desk import hooks
from caseflow.policies import registry
from caseflow.ports import Store
from caseflow.stores.database_urls import parsed
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, CaughtUp, emptied
from tests.contracts.test_sqlite_processes import BUSY


def child_of(work: Callable[[], object]) -> int:
    """A forked process that ends with 0 after the work, and by a signal where it hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads are the point here
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.alarm(15)
        work()
        code = 0
    finally:
        os._exit(code)


def ended(children: list[int]) -> list[int]:
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


@contextmanager
def at_work(*works: Callable[[], object]) -> Iterator[None]:
    """Threads that do that over and over."""
    done = threading.Event()
    troubles: list[Exception] = []

    def repeat(work: Callable[[], object]) -> None:
        try:
            while not done.is_set():
                work()
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not troubles


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


def writer(store: Store, name: str) -> Callable[[], object]:
    """Appends one event after the other to a case of its own."""
    entry = [submitted(name)]

    def write() -> None:
        store.append(entry)
        entry[0] = then(entry[0].case)
        time.sleep(0.005)  # SQLite's lock goes to whoever asks first, and who never rests lets nobody ask

    return write


@pytest.mark.parametrize("is_portals", [False, True], ids=["own", "portals"])
def test_children_of_a_process_at_work_use_its_store(store: CaughtUp, is_portals: bool) -> None:
    """A pool of ours or the portal's engine: each child writes and reads by connections of its own."""
    engine = create_engine(parsed(store.url), connect_args={"timeout": 20} if "sqlite" in store.url else {})
    shared = SqlStore(engine if is_portals else store.url)
    shared.append([submitted("c1")])
    inside: list[Callable[[], object]] = [writer(shared, f"w{number}") for number in range(2)]
    if "sqlite" in store.url:
        reader: Any = shared._connections
        inside += [lambda: reader.read(lambda cursor: cursor.execute(BUSY).fetchone())] * 2

    def work(number: int) -> None:
        writer(shared, f"child-{number}")()
        assert shared.load("c1") is not None

    with at_work(*inside):
        children = [child_of(lambda number=number: work(number)) for number in range(5)]  # type: ignore[misc]  # bound
        assert ended(children) == [0] * 5
    heads = {head.case_id for head in store.heads()}
    assert {f"child-{number}" for number in range(5)} | {"c1", "w0", "w1"} == heads
    shared.close()
    engine.dispose()


def test_threads_that_fork_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """However many stores there are, forks come one after the other."""
    stores = [SqliteStore(tmp_path / f"{number}.db", synchronous="off") for number in range(4)]
    codes: list[int] = []

    def fork() -> None:
        codes.extend(ended([child_of(stores[0].next_due) for _ in range(5)]))

    with at_work(*[writer(one, "w") for one in stores]):
        threads = [threading.Thread(target=fork) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert codes == [0] * 15
    for one in stores:
        one.close()


def test_a_child_inherits_no_locked_mutex() -> None:
    """Whatever another thread was at in the moment of the fork: rules, messages, hooks, a store in memory."""
    memory = MemoryStore()
    memory.append([submitted("c1")])
    held, let_go = threading.Barrier(2), threading.Event()

    def hold() -> None:
        with registry._lock, i18n._lock, hooks._lock:
            held.wait()
            let_go.wait()

    def work() -> None:
        i18n.reset()
        assert i18n.text("cli.no-cases", "zh")
        desk = Desk(load_policy("wuhu"), memory)
        desk.subscribe("submitted", lambda _: None)
        memory.append([submitted("c2")])

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with at_work(writer(memory, "w")):
        children = [child_of(work) for _ in range(4)]
        codes = ended(children)
    let_go.set()
    thread.join()
    assert codes == [0] * 4
