"""A SQLite file of an older schema: refused with the way out, and brought up by numbered steps.

There is one schema so far; a second one, as a later version would bring it, is put beside it here.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, SqliteStore, StoreBusy, StoreError, load_policy
from caseflow.cli import run
from caseflow.serialization.codec import first_broken
from caseflow.stores.sql import schema
from caseflow.stores.sql.schema import Table

BOSS = Actor("s-1", role="importer")
LATER = Table("caseflow_later", ("id {int} PRIMARY KEY", "word {text} NOT NULL"))


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of schema 1 with three cases that lived a little, for a version that knows schema 2."""
    path = tmp_path / "old.db"
    store = SqliteStore(path)
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for name in ("a", "案件", "c"):
        desk.submit(title="路灯不亮", to="城管局", by=BOSS, case_id=name, key=f"k-{name}")
    desk.clock.advance(days=7)
    desk.sweep()
    desk.reply("案件", text="已修复", by=BOSS)
    store.close()
    monkeypatch.setitem(schema.STEPS, 2, (LATER,))
    return path


def tables(path: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
        return connection.execute(sql).fetchall()


def test_an_older_schema_is_refused_and_untouched(old: Path) -> None:
    """The refusal names both schemas and the command that helps; not a byte of the file changes."""
    before = old.read_bytes()
    with pytest.raises(StoreError) as caught:
        SqliteStore(old, journal="wal")
    error = caught.value
    assert (error.code, error.data["found"], error.data["known"]) == ("store-older", 1, 2)
    assert all("caseflow store migrate" in error.text(lang) for lang in ("en", "zh"))
    assert old.read_bytes() == before


def test_a_migrated_store_is_the_same_store(old: Path) -> None:
    """Cases, events, texts, keys and chain are what they were, and work goes on."""
    names = ("a", "案件", "c")
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(schema.STEPS, 2)
        with closing(SqliteStore(old)) as store:
            before = [(store.kept(name), store.recall("s-1", f"k-{name}")) for name in names]
    assert SqliteStore.migrate(old) == (2,)
    with closing(SqliteStore(old)) as store:
        assert [(store.kept(name), store.recall("s-1", f"k-{name}")) for name in names] == before
        desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-12T09:30:00+08:00"))
        desk.note("a", text="x", by=BOSS)
        assert first_broken("a", store.links("a")) is None


def test_a_migrated_file_has_the_tables_of_a_new_one(old: Path, tmp_path: Path) -> None:
    """Every table and index is declared by the same words."""
    SqliteStore.migrate(old)
    SqliteStore(tmp_path / "new.db").close()
    assert tables(old) == tables(tmp_path / "new.db")
    assert "caseflow_later" in {name for _, name, _ in tables(old)}


def test_migrating_again_does_nothing(old: Path) -> None:
    """The second time there is nothing to do, and nothing changes."""
    SqliteStore.migrate(old)
    before = old.read_bytes()
    assert SqliteStore.migrate(old) == ()
    assert old.read_bytes() == before


def test_two_processes_may_migrate_at_once(old: Path) -> None:
    """One of them does the work, the other finds it done; both leave well, and the chain is whole."""
    code = (
        "import sys; from caseflow import SqliteStore; from caseflow.stores.sql import schema;"
        " columns = ('id {int} PRIMARY KEY', 'word {text} NOT NULL');"
        " schema.STEPS[2] = (schema.Table('caseflow_later', columns),);"
        " print(SqliteStore.migrate(sys.argv[1]))"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(old)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    lines = sorted(worker.communicate()[0].strip() for worker in workers)
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert lines == ["()", "()", "(2,)"]
    with closing(SqliteStore(old)) as store:
        assert all(first_broken(head.case_id, store.links(head.case_id)) is None for head in store.heads())


def test_a_migration_that_fails_leaves_the_old_store(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that breaks half way is taken back whole; the file keeps its old schema and its bytes."""
    before = tables(old)
    with monkeypatch.context() as patch:
        patch.setitem(schema.STEPS, 2, (LATER, Table("caseflow_wrong", ("id {int} PRIMARY KEY", "CHECK"))))
        with pytest.raises(StoreError):
            SqliteStore.migrate(old)
    assert tables(old) == before
    assert SqliteStore.status(old).schema == 1
    assert SqliteStore.migrate(old) == (2,)


def test_a_migration_that_meets_a_lock_is_told_and_may_be_tried_again(old: Path) -> None:
    """A lock held by another process is told as busy; nothing was changed."""
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            SqliteStore.migrate(old, timeout=0.1)
        other.execute("ROLLBACK")
    assert SqliteStore.migrate(old) == (2,)


@pytest.mark.parametrize("kind", ["missing", "text", "empty", "foreign", "newer"])
def test_what_cannot_be_migrated_is_told(tmp_path: Path, kind: str) -> None:
    """A missing file, a text, nothing, another program's database, a newer schema: each by its own code."""
    path = tmp_path / "x.db"
    if kind == "text":
        path.write_text("案件,状态\n" * 500, encoding="utf-8")
    elif kind == "empty":
        path.touch()
    elif kind == "foreign":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
    elif kind == "newer":
        SqliteStore(path).close()
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE caseflow_store SET version = 99")
    with pytest.raises(StoreError) as caught:
        SqliteStore.migrate(path)
    codes = {"missing": "store-failed", "newer": "store-newer"}
    assert caught.value.code == codes.get(kind, "store-foreign")
    assert path.exists() == (kind != "missing")


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
    assert capsys.readouterr().out == f"{url}：无需迁移\n"
    assert run(["store", "status", "--store", url, "--json"]) == 0
    assert '"cases": 3' in capsys.readouterr().out
    fresh = f"sqlite:///{tmp_path / 'fresh.db'}"
    assert [run(["store", "init", "--store", fresh]) for _ in range(2)] == [0, 0]
    assert capsys.readouterr().out == f"{fresh}: made\n{fresh}: is there already\n"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///none.db", "no such file"),
        ("oracle://x", "no store URL"),
        ("sqlite:///", "no store URL"),
    ],
)
def test_a_wrong_url_is_told(url: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is asked of a place that is not there, the exit code is the store's."""
    for command in ("status", "migrate"):
        assert run(["store", command, "--store", url]) == 5
        assert words in capsys.readouterr().err
