"""The SQLite store among processes: several writers, forks, kills."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from caseflow import SqliteStore
from caseflow.core.evolve import replay
from caseflow.ports import Query
from caseflow.testing.contract.made import submitted, then
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


KILLED = """
import os, signal, sys
from caseflow import SqliteStore
from caseflow.testing.contract.made import submitted, then
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
