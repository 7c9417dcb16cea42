"""Disks without room, and files and folders that may not be written."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from caseflow import Case, Desk, ManualClock, SqliteStore, StoreError
from caseflow.stores.locations import open_store
from caseflow.stores.sqlalchemy import SqlStore
from tests.contracts.children import in_a_child
from tests.contracts.databases import mariadb, postgres
from tests.faults.crew import START
from tests.faults.orders import OFFICER, Order
from tests.faults.soundness import check_sound
from tests.faults.workers import RULES

NOBODY = 65_534


def desk_of(store: SqliteStore | SqlStore) -> Desk:
    return Desk(RULES, store, clock=ManualClock(START))


def long_note(desk: Desk, number: int) -> Case:
    return desk.note("c1", text=f"{number}" * 3000, by=OFFICER, key=f"note/{number}")


def fill(desk: Desk) -> tuple[int, StoreError]:
    """Notes until one is refused by the disk: its number, and the error."""
    Order("first", "c1", "submit").give(desk)
    for number in range(100_000):
        try:
            long_note(desk, number)
        except StoreError as error:
            return number, error
    raise AssertionError("the disk never filled")


def check_filled(desk: Desk, number: int, error: StoreError) -> None:
    """It is told as full, leaves nothing, and all that was acknowledged is there."""
    assert error.code == "store-full", str(error)
    assert desk.get("c1").version == number + 1
    with pytest.raises(StoreError):
        long_note(desk, number)
    check_sound(desk.store)


@pytest.mark.parametrize("journal", ["truncate", "delete", "wal"])
def test_a_file_that_may_not_grow_is_told_as_full(tmp_path: Path, journal: str) -> None:
    """What does not fit leaves nothing; once there is room the same command is done, once."""
    store = SqliteStore(tmp_path / "c.db", journal=journal)
    with store._connections.held() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    desk = desk_of(store)
    number, error = fill(desk)
    check_filled(desk, number, error)
    with store._connections.held() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert long_note(desk, number).version == number + 2
    assert long_note(desk, number).version == number + 2
    check_sound(store)
    store.close()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 1 MiB in memory, where the system lets one be mounted."""
    folder = Path(tempfile.mkdtemp())
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("no file system may be mounted here; the limits on a file are tested all the same")
    yield folder
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


@pytest.mark.parametrize("journal", ["truncate", "delete", "wal"])
def test_a_full_disk_is_told_and_nothing_is_torn(small_disk: Path, journal: str) -> None:
    """Room used up by others: the command is refused whole, and is done once there is room again."""
    store = SqliteStore(small_disk / "c.db", journal=journal)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(300_000))
    desk = desk_of(store)
    number, error = fill(desk)
    check_filled(desk, number, error)
    ballast.unlink()
    assert long_note(desk, number).version == number + 2
    check_sound(store)
    store.close()


def test_a_write_that_the_system_refuses_leaves_the_file_sound(tmp_path: Path) -> None:
    """A limit on the size of files cuts a write in the middle: an error, and the history before it."""

    def work() -> bool:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
        desk = desk_of(SqliteStore(tmp_path / "c.db"))
        number, error = fill(desk)
        (tmp_path / "number").write_text(str(number))
        return error.code in ("store-full", "store-failed")

    assert in_a_child(work)
    number = int((tmp_path / "number").read_text())
    desk = desk_of(SqliteStore(tmp_path / "c.db"))
    assert desk.get("c1").version == number + 1
    assert long_note(desk, number).version == number + 2
    check_sound(desk.store)
    desk.store.close()


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    """The file alone is not enough, for its journal stands beside it: told, and questions are answered."""
    folder = Path(tempfile.mkdtemp())
    desk = desk_of(SqliteStore(folder / "c.db", journal="delete"))
    Order("first", "c1", "submit").give(desk)
    desk.store.close()
    (folder / "c.db").chmod(0o666)
    folder.chmod(0o555)

    def work() -> bool:
        if os.geteuid() == 0:
            os.setuid(NOBODY)  # to the superuser no folder is read-only
        desk = desk_of(SqliteStore(folder / "c.db", journal="delete"))
        try:
            desk.note("c1", text="x", by=OFFICER)
        except StoreError as error:
            return error.code in ("store-read-only", "store-failed") and desk.get("c1").version == 1
        return False

    assert in_a_child(work)
    folder.chmod(0o755)
    (folder / "c.db").unlink()
    folder.rmdir()


@pytest.mark.parametrize(("server", "query"), [
    pytest.param(postgres, "options=-csearch_path={name} -cdefault_transaction_read_only=on", id="postgresql",
                 marks=pytest.mark.postgres),
    pytest.param(mariadb, "init_command=SET SESSION tx_read_only=1", id="mariadb", marks=pytest.mark.mariadb),
])  # fmt: skip
def test_a_server_that_may_only_be_read_is_told(server: object, query: str) -> None:
    """A standby or a server in maintenance: ``store-read-only``, and questions are answered."""
    with server() as url:  # type: ignore[operator]  # a context manager of either kind
        desk = desk_of(SqlStore.made(url))
        Order("first", "c1", "submit").give(desk)
        desk.store.close()
        name = url.partition("search_path%3D")[2].partition("+")[0]
        readable = desk_of(open_store(f"{url.partition('?')[0]}?{query.format(name=name)}"))  # type: ignore[arg-type]  # a SqlStore
        with pytest.raises(StoreError) as caught:
            readable.note("c1", text="x", by=OFFICER)
        assert caught.value.code == "store-read-only"
        assert readable.get("c1").version == 1
        readable.store.close()
