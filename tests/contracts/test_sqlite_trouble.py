"""The SQLite store in trouble: foreign files, newer schemas, locks, files that cannot be written."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from caseflow import SqliteStore, StoreBusy, StoreError
from caseflow.ports import Query
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.children import in_a_child


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cases.db"


def refused(work: Callable[[], object]) -> StoreError:
    with pytest.raises(StoreError) as caught:
        work()
    assert caught.value.text("en") != caught.value.text("zh")
    return caught.value


def test_another_programs_database_is_refused_and_untouched(path: Path) -> None:
    """A SQLite file with tables of its own is told as foreign; not a byte of it changes."""
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()
    error = refused(lambda: SqliteStore(path))
    assert error.code == "store-foreign"
    assert str(path) in str(error)
    assert path.read_bytes() == before


def test_a_marked_file_without_tables_is_foreign_too(path: Path) -> None:
    """A file that carries another program's application id is not ours to fill."""
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA application_id = 77")
        other.execute("PRAGMA user_version = 3")
    other.close()
    assert refused(lambda: SqliteStore(path)).code == "store-foreign"


def test_a_file_that_is_no_database_is_refused_and_untouched(path: Path) -> None:
    """A text file is told as foreign and stays what it was."""
    path.write_text("案件,状态\n" * 500, encoding="utf-8")
    before = path.read_bytes()
    assert refused(lambda: SqliteStore(path)).code == "store-foreign"
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_and_untouched(path: Path) -> None:
    """A store made by a later version is not opened; the message names both schemas."""
    SqliteStore(path).close()
    with sqlite3.connect(path) as later:
        later.execute("UPDATE caseflow_store SET version = 99")
    later.close()
    before = path.read_bytes()
    error = refused(lambda: SqliteStore(path))
    assert (error.code, error.data["found"]) == ("store-newer", 99)
    assert path.read_bytes() == before


def test_a_directory_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    """Neither can be opened; each names its path, and nothing is made."""
    for bad in (tmp_path, tmp_path / "none" / "cases.db"):
        error = refused(partial(SqliteStore, bad))
        assert error.code == "store-failed"
        assert str(bad) in str(error)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_journal_or_durability_is_refused(path: Path) -> None:
    """A mistyped option is told before any file is made."""
    refused(lambda: SqliteStore(path, journal="memory; DROP"))
    refused(lambda: SqliteStore(path, synchronous="maybe"))
    assert not path.exists()


@pytest.fixture
def readable() -> Iterator[Path]:
    """A store with one case in a folder where nobody but its owner may write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = SqliteStore(folder / "cases.db")
        store.append([submitted("c1", due=9)])
        store.close()
        (folder / "cases.db").chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        folder.chmod(0o555)
        yield folder / "cases.db"
        folder.chmod(0o755)


def test_a_read_only_file_can_be_read_and_says_why_it_cannot_be_written(readable: Path) -> None:
    """Whoever may not write gets ``store-read-only`` on an append; the questions are answered."""

    def work() -> bool:
        if os.geteuid() == 0:
            os.setuid(65_534)  # to the superuser no file is read-only
        store = SqliteStore(readable)
        case = store.load("c1")
        try:
            store.append([then(case)] if case else [])
        except StoreError as error:
            return error.code == "store-read-only" and store.next_due() == 9
        return False

    assert in_a_child(work)


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_lock_held_by_another_is_told_within_the_timeout(path: Path, lock: str) -> None:
    """`StoreBusy` comes after about ``timeout`` seconds, and the same call succeeds once the lock is gone."""
    store = SqliteStore(path, timeout=0.2)
    first = submitted("c1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(lock)
    began = time.monotonic()
    with pytest.raises(StoreBusy) as caught:
        store.append([first])
    assert 0.1 < time.monotonic() - began < 5
    assert caught.value.code == "store-busy"
    other.execute("ROLLBACK")
    other.close()
    assert store.load("c1") is None
    store.append([first])
    assert store.load("c1") == first.case


def test_opening_a_locked_file_is_told_within_the_timeout(path: Path) -> None:
    """A store whose file another process holds exclusively cannot be opened for now."""
    SqliteStore(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusy):
        SqliteStore(path, timeout=0.1)
    other.execute("ROLLBACK")
    other.close()
    SqliteStore(path).close()


@pytest.mark.parametrize("snapshot", [b"[0]", b"", b"{}", b"[999,1,2,3]", b"\xff"])
def test_a_snapshot_of_another_format_is_folded_anew(path: Path, snapshot: bytes) -> None:
    """Events are authoritative: a snapshot that cannot be read is made again from them."""
    store = SqliteStore(path)
    first = submitted("c1", remind=5, due=9, unit="城管局")
    store.append([first])
    with sqlite3.connect(path) as other:
        other.execute("UPDATE caseflow_cases SET snapshot = ?", (snapshot,))
    other.close()
    assert store.load("c1") == first.case
    assert store.find(Query(unit="城管局")) == (first.case,)
    second = then(first.case)
    store.append([second])
    assert store.load("c1") == second.case
    store.close()


def test_a_closed_store_says_so(path: Path) -> None:
    """After `close` every call is refused, and closing again is no error."""
    store = SqliteStore(path)
    store.close()
    store.close()
    assert refused(lambda: store.load("c1")).code == "store-failed"
    assert refused(lambda: store.append([submitted("c1")])).code == "store-failed"


def test_nothing_is_written_beside_the_store(tmp_path: Path, path: Path) -> None:
    """The file is the store; only SQLite's own journals may stand beside it."""
    store = SqliteStore(path)
    store.append([submitted("c1")])
    store.close()
    beside = {file.name.removeprefix("cases.db") for file in tmp_path.iterdir()}
    assert beside <= {"", "-journal", "-wal", "-shm"}
