"""Who opens a store closes it: stores are context managers, and a command leaves no connection open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, Desk, MemoryStore, SqliteStore, StoreError, load_policy
from caseflow.cli import run
from caseflow.stores.locations import open_store
from caseflow.stores.sqlalchemy import SqlStore


class Tracked(sqlite3.Connection):
    """A connection that knows whether it was closed."""

    is_open = True

    def close(self) -> None:
        self.is_open = False
        super().close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Tracked]]:
    """The connections of SQLite that are open."""
    connect: Any = sqlite3.connect
    opened: list[Tracked] = []

    def tracked(*place: Any, **terms: Any) -> Tracked:
        opened.append(connect(*place, **{**terms, "factory": Tracked}))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", tracked)
    monkeypatch.setattr("sqlite3.dbapi2.connect", tracked)
    yield opened
    for one in opened:
        one.close()


def test_stores_are_context_managers(tmp_path: Path, opened: list[Tracked]) -> None:
    """At the end of the block they are closed, whatever happened in it; inside they are themselves."""
    file, url = tmp_path / "a.db", f"sqlite+pysqlite:///{tmp_path}/b.db"
    for make in (lambda: SqliteStore(file), lambda: SqlStore.made(url), lambda: open_store(url)):
        with pytest.raises(ZeroDivisionError), make() as store:  # type: ignore[no-untyped-call]  # of several
            assert store.next_due() is None
            raise ZeroDivisionError
        with pytest.raises(StoreError):
            store.next_due()
    assert opened
    assert not [one for one in opened if one.is_open]
    with MemoryStore() as memory:
        assert memory.next_due() is None


COMMANDS = """
store init --store {url}
store status --store {url}
store migrate --store {url}
show c1 --store {url}
show c1 --store {url} --json
show none --store {url}
explain c1 --clock reply --store {url}
forecast c1 --store {url}
cases --store {url}
sweep --store {url}
sweep --store {url} --limit 1 --json
sweep --store {url} --shared
calendar --unit 城管局 --store {url} --out {folder}/x.ics
export --store {url} --out {folder}/x.jsonl
import {folder}/x.jsonl --store sqlite:///{folder}/other.db
store copy --from {url} --to sqlite:///{folder}/copy.db
audit verify --store {url}
relay dead --store {url}
relay resend --all --store {url}
document list c1 --store {url}
policy migrate --policy wuhu --store {url} --by s-1 --role supervisor --reason r
testing record c1 --store {url} --out {folder}/golden.jsonl
demo --out {folder}/demo
""".strip().splitlines()


@pytest.mark.parametrize("kind", ["sqlite:///{}/c.db", "sqlite+pysqlite:///{}/c.db"])
def test_a_command_closes_what_it_opened(
    kind: str, tmp_path: Path, opened: list[Tracked], capsys: pytest.CaptureFixture[str]
) -> None:
    """Run inside another program, well or with an error, each leaves no connection behind."""
    url, citizen = kind.format(tmp_path), Actor("c-17", role="citizen")
    with open_store(url) as store:
        desk = Desk(load_policy("wuhu"), store)
        desk.submit(title="t", to="城管局", by=citizen, case_id="c1")
    for command in COMMANDS:
        before = len(opened)
        code = run([word.format(url=url, folder=tmp_path) for word in command.split()])
        assert code != 2, f"{command}: {capsys.readouterr().err}"
        assert not [one for one in opened if one.is_open], command
        assert len(opened) > before, command
