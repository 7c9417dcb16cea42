"""The SQLite store among processes: several writers, forks, kills."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from caseflow import SqliteStore
from caseflow.core.model.evolve import replay
from caseflow.ports import Query
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.children import in_a_child


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cases.db"


def test_two_stores_may_be_opened_on_one_new_file(path: Path) -> None:
    """Whoever comes second finds the tables made; both read what either wrote."""
    one, two = SqliteStore(path), SqliteStore(path)
    first = submitted("c1")
    one.append([first])
    two.append([then(first.case)])
    assert one.load("c1") == two.load("c1")
    one.close()
    two.close()


def test_a_store_survives_a_fork(path: Path) -> None:
    """A child opens its own connection: both write, both see both, and the file is sound."""
    store = SqliteStore(path)
    first = submitted("c1")
    store.append([first])

    def work() -> bool:
        store.append([then(first.case), submitted("child")])
        return store.load("c1") == then(first.case).case

    assert in_a_child(work)
    loaded = store.load("c1")
    assert loaded is not None
    store.append([then(loaded), submitted("parent")])
    assert [case.id for case in store.find(Query())] == ["c1", "child", "parent"]
    store.close()
    with sqlite3.connect(path) as check:
        assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()


BUSY = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)"
    " SELECT count(DISTINCT hex(randomblob(50))) FROM n"
)
"""Keeps a thread inside SQLite, whose allocator has one lock for the process."""


@pytest.mark.soak
def test_a_fork_waits_until_no_thread_is_inside_sqlite(path: Path) -> None:
    """Children forked while threads are at work use the store at once; none hangs on a lock it inherited."""
    store = SqliteStore(path)
    store.append([submitted("c1")])
    done = threading.Event()

    def work(number: int) -> None:
        store = SqliteStore(path.with_name(f"{number}.db"))
        while not done.is_set():
            store._connections.read(lambda cursor: cursor.execute(BUSY).fetchone())
        store.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(12):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads are the point here
            child = os.fork()
        if not child:
            code = 1
            try:
                signal.alarm(10)  # ends a child that hangs
                other = SqliteStore(path.with_name(f"child-{number}.db"), synchronous="off")
                other.append([submitted("c2")])
                code = 0 if store.load("c1") is not None else 1
            finally:
                os._exit(code)
        children.append(child)
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    done.set()
    for thread in threads:
        thread.join()
    store.close()
    assert ended == [0] * 12


KILLED = """
import os, signal, sys
from caseflow import SqliteStore
from caseflow.testing.contract.case_factory import submitted, then
store = SqliteStore(sys.argv[1])
append = submitted("c1", due=9)
while True:
    store.append([append])
    print(append.case.version, flush=True)
    append = then(append.case)
"""


def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    """A writer is killed at its work: every version it had acknowledged is there, whole, and no half one."""
    root = Path(__file__).resolve().parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"},
    )  # fmt: skip
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().split()]
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    store = SqliteStore(path)
    case = store.load("c1")
    assert case is not None
    assert acknowledged[-1] <= case.version <= acknowledged[-1] + 1
    assert replay("c1", store.events("c1")) == case
    assert len(store.feed(limit=10_000)) == case.version
    store.close()
