"""A SQLite file of an older schema: refused with the way out, and brought up by numbered steps."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, SqliteStore, StoreBusy, StoreError, load_policy
from caseflow.chain import first_broken
from caseflow.cli import run
from caseflow.core.evolve import replay
from caseflow.stores import sqlite_schema
from caseflow.stores.sqlite_schema import SCHEMA, STEPS

BOSS = Actor("s-1", role="importer")


def of_schema_1(new: Path, old: Path) -> Path:
    """The same rows as a file of the first schema held them."""
    source, target = sqlite3.connect(new), sqlite3.connect(old, isolation_level=None)
    for statement in STEPS[1][0]:
        target.execute(statement.format(strict="STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""))
    for table in ("policies", "cases", "events", "texts", "keys"):
        columns = ", ".join(row[1] for row in target.execute(f"PRAGMA table_info({table})"))
        rows = source.execute(f"SELECT {columns} FROM {table}").fetchall()
        marks = ", ".join("?" * (columns.count(",") + 1))
        target.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    target.execute(f"PRAGMA application_id = {sqlite_schema.APPLICATION_ID}")
    target.execute("PRAGMA user_version = 1")
    source.close()
    target.close()
    return old


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A store of today's schema with three cases that lived a little."""
    store = SqliteStore(tmp_path / "new.db")
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for name in ("a", "案件", "c"):
        desk.submit(title="路灯不亮", to="城管局", by=BOSS, case_id=name, key=f"k-{name}")
    desk.clock.advance(days=7)
    desk.sweep()
    desk.reply("案件", text="已修复", by=BOSS)
    store.close()
    return tmp_path / "new.db"


@pytest.fixture
def old(new: Path, tmp_path: Path) -> Path:
    return of_schema_1(new, tmp_path / "old.db")


def test_an_older_schema_is_refused_and_untouched(old: Path) -> None:
    """The refusal names both schemas and the command that helps; not a byte of the file changes."""
    before = old.read_bytes()
    with pytest.raises(StoreError) as caught:
        SqliteStore(old)
    assert (caught.value.code, caught.value.data["found"], caught.value.data["known"]) == (
        "store-older", 1, SCHEMA,
    )  # fmt: skip
    assert all("caseflow store migrate" in caught.value.text(lang) for lang in ("en", "zh"))
    assert old.read_bytes() == before


def test_a_migrated_store_is_the_same_store(new: Path, old: Path) -> None:
    """Cases, events, texts, keys and chain equal those of a file that was made today, and work goes on."""
    assert SqliteStore.migrate(old) == (2,)
    ours, theirs = SqliteStore(old), SqliteStore(new)
    assert ours.heads() == theirs.heads()
    for name in ("a", "案件", "c"):
        assert ours.load(name) == theirs.load(name) == replay(name, ours.events(name))
        assert ours.links(name) == theirs.links(name)
        assert first_broken(name, ours.links(name)) is None
        assert ours.texts(name) == theirs.texts(name)
        assert ours.recall("s-1", f"k-{name}") == theirs.recall("s-1", f"k-{name}")
    Desk(load_policy("wuhu"), ours, clock=ManualClock("2025-03-12T09:30:00+08:00")).note(
        "a", text="x", by=BOSS
    )
    assert first_broken("a", ours.links("a")) is None
    ours.close()
    theirs.close()


def test_a_migrated_file_has_the_tables_of_a_new_one(new: Path, old: Path) -> None:
    """Every table and index is declared by the same words in the same order."""
    SqliteStore.migrate(old)
    sql = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    found = []
    for path in (new, old):
        connection = sqlite3.connect(path)
        found.append(connection.execute(sql).fetchall())
        connection.close()
    assert found[0] == found[1]


def test_migrating_again_does_nothing(old: Path) -> None:
    """The second time, and on a new file, there is nothing to do, and nothing changes."""
    SqliteStore.migrate(old)
    before = old.read_bytes()
    assert SqliteStore.migrate(old) == ()
    assert old.read_bytes() == before


def test_two_processes_may_migrate_at_once(old: Path) -> None:
    """One of them does the work, the other finds it done; both leave well, and the chain is whole."""
    code = "import sys; from caseflow import SqliteStore; print(SqliteStore.migrate(sys.argv[1]))"
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(old)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = sorted(worker.communicate()[0].strip() for worker in workers)
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert said == ["()", "()", "(2,)"]
    store = SqliteStore(old)
    assert all(first_broken(head.case_id, store.links(head.case_id)) is None for head in store.heads())
    store.close()


def test_a_migration_that_fails_leaves_the_old_store(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that breaks half way is taken back whole; the file keeps its old schema."""

    def breaks(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setitem(STEPS, 2, (STEPS[2][0], breaks))
    with pytest.raises(StoreError):
        SqliteStore.migrate(old)
    monkeypatch.undo()
    connection = sqlite3.connect(old)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert "hash" not in [row[1] for row in connection.execute("PRAGMA table_info(events)")]
    connection.close()
    assert SqliteStore.migrate(old) == (2,)


def test_a_migration_that_meets_a_lock_is_told_and_may_be_tried_again(old: Path) -> None:
    """A lock held by another process is told as busy; nothing was changed."""
    other = sqlite3.connect(old, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        SqliteStore.migrate(old, timeout=0.1)
    other.execute("ROLLBACK")
    other.close()
    assert SqliteStore.migrate(old) == (2,)


@pytest.mark.parametrize("made", ["missing", "text", "foreign", "newer"])
def test_what_cannot_be_migrated_is_told(tmp_path: Path, made: str) -> None:
    """A missing file, a text, another program's database and a newer schema: each by its own code."""
    path = tmp_path / "x.db"
    if made == "text":
        path.write_text("案件,状态\n" * 500, encoding="utf-8")
    elif made == "foreign":
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    elif made == "newer":
        SqliteStore(path).close()
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
    with pytest.raises(StoreError) as caught:
        SqliteStore.migrate(path)
    codes = {"missing": "store-failed", "newer": "store-newer"}
    assert caught.value.code == codes.get(made, "store-foreign")
    assert path.exists() == (made != "missing")


def test_the_command_line_makes_looks_at_and_migrates(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``store init``, ``status`` and ``migrate`` say what they found; an older store has exit code 1."""
    url = f"sqlite:///{old}"
    assert run(["store", "status", "--store", url]) == 1
    assert "schema 1, older than 2: run caseflow store migrate" in capsys.readouterr().out
    assert run(["cases", "--store", url]) == 5
    assert "caseflow store migrate" in capsys.readouterr().err
    assert run(["store", "migrate", "--store", url]) == 0
    assert capsys.readouterr().out == f"{url}: now of schema 2\n"
    assert run(["store", "migrate", "--store", url, "--lang", "zh"]) == 0
    assert capsys.readouterr().out == f"{url}: 无需迁移\n"
    assert run(["store", "status", "--store", url, "--json"]) == 0
    assert '"cases": 3' in capsys.readouterr().out
    fresh = f"sqlite:///{tmp_path / 'fresh.db'}"
    assert [run(["store", "init", "--store", fresh]) for _ in range(2)] == [0, 0]
    assert capsys.readouterr().out == f"{fresh}: made\n{fresh}: is there already\n"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///none.db", "no such file"),
        ("oracle://x", "no store URL"),
        ("sqlite:///", "no store URL"),
    ],
)
def test_a_wrong_url_is_told(url: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is asked of a place that is not there, the exit code is the store's."""
    for command in ("status", "migrate"):
        assert run(["store", command, "--store", url]) == 5
        assert said in capsys.readouterr().err
