"""A desk command on `SqliteStore` against a bare loop that writes the very same rows, and ``eventsourcing``.

The rows are taken from our own run: after each command every table is read for what the command changed.
The bare loop then writes them with the same journal mode and durability, one transaction a command.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.eventsourced import portal
from benchmarks.life import START, STEPS, WORKPLACE, guarded_policy
from benchmarks.memory_desk import live_bare, live_with_texts
from benchmarks.report import Row, faster
from benchmarks.timing import interleaved, seconds
from caseflow import Case, Desk, ManualClock, Policy, SqliteStore

Live = Callable[[Desk, str], None]
Written = list[list[tuple[str, tuple[Any, ...]]]]
"""For each command the statements it comes to, with their values."""

KEYS = {"caseflow_cases": "id"}
"""Tables whose rows are updated, and by which column they are known; all others are only inserted into."""


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Microseconds a command, the mean over the eight."""
    cases, rounds = (20, 3) if quick else (100, 11)
    policy = guarded_policy()
    with TemporaryDirectory(dir=WORKPLACE) as name:
        folder = Path(name)
        bench = _Bench(policy, folder, cases)
        found = interleaved(
            {
                "ours": lambda: bench.ours(live_bare, "full"),
                "bare": lambda: bench.bare(live_bare, "full"),
                "ours with texts": lambda: bench.ours(live_with_texts, "full"),
                "bare with texts": lambda: bench.bare(live_with_texts, "full"),
                "ours off": lambda: bench.ours(live_bare, "off"),
                "bare off": lambda: bench.bare(live_bare, "off"),
                "peer": lambda: bench.peer(),
            },
            rounds=rounds,
        )
        most = max(len(command) for command in bench.written(live_with_texts)[1:])
    journal = bench.journal
    return (
        _speed(f"desk command, SQLite ({journal}, full)", found["ours"], found["bare"], must=0.85, hoped=0.9,
               note=f"at most {most} statements a command after submit"),
        _speed("the same with texts, typed methods", found["ours with texts"], found["bare with texts"]),
        _speed(f"desk command, SQLite ({journal}, off)", found["ours off"], found["bare off"],
               note="without waiting for the disk: our own time beside SQLite's"),
        faster(f"desk command, SQLite ({journal}, full)", found["ours"], found["peer"],
               "eventsourcing, SQLite (wal, full)"),
    )  # fmt: skip


def _speed(work: str, ours: float, bare: float, **aims: Any) -> Row:
    return Row(
        work=work, unit="us", ours=ours * 1e6, peer=bare * 1e6, against="bare sqlite3 loop, same rows",
        score=bare / ours, sense="{:.0%} of its speed", **aims,
    )  # fmt: skip


class _Bench:
    """New files for each round, in one folder."""

    def __init__(self, policy: Policy, folder: Path, cases: int) -> None:
        self.policy = policy
        self.folder = folder
        self.ids = [f"case-{number:06d}" for number in range(cases)]
        self.commands = cases * len(STEPS)
        self.files = 0
        self.journal = ""
        self._written: dict[Live, Written] = {}

    def file(self) -> Path:
        self.files += 1
        return self.folder / f"{self.files}.db"

    def desk(self, path: Path, synchronous: str) -> Desk:
        store = SqliteStore(path, synchronous=synchronous)
        self.journal = store.journal
        desk = Desk(self.policy, store, clock=ManualClock(START))
        live_bare(desk, "first")  # the policy is stored with the first command
        return desk

    def ours(self, live: Live, synchronous: str) -> float:
        desk = self.desk(self.file(), synchronous)

        def all_cases() -> None:
            for case_id in self.ids:
                live(desk, case_id)

        taken = seconds(all_cases) / self.commands
        desk.store.close()
        return taken

    def bare(self, live: Live, synchronous: str) -> float:
        written = self.written(live)
        path = self.file()
        self.desk(path, synchronous).store.close()  # the same tables and indexes
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA journal_mode = {self.journal}")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            execute = connection.execute

            def all_commands() -> None:
                for command in written:
                    execute("BEGIN IMMEDIATE")
                    for statement, values in command:
                        execute(statement, values)
                    execute("COMMIT")

            return seconds(all_commands) / len(written)

    def peer(self) -> float:
        application = portal(
            {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(self.file())}
        )
        taken = seconds(lambda: application.live(len(self.ids), texts=False)) / self.commands
        application.close()
        return taken

    def written(self, live: Live) -> Written:
        """The statements of our own run, command by command."""
        known = self._written.get(live)
        if known is None:
            path = self.file()
            desk = self.desk(path, "off")
            with closing(sqlite3.connect(path)) as connection:
                watched = _Watched(desk, _Changes(connection))
                for case_id in self.ids:
                    live(watched, case_id)
            desk.store.close()
            known = self._written[live] = watched.written
        return known


class _Watched(Desk):
    """A desk that notes after each command what it wrote."""

    def __init__(self, desk: Desk, changes: _Changes) -> None:
        super().__init__(desk.rules.policy, desk.store, clock=desk.clock)
        self.changes = changes
        self.written: Written = []

    def act(self, case_id: str, action: str, **terms: Any) -> Case:
        case = super().act(case_id, action, **terms)
        self.written.append(list(self.changes.since_last(case_id)))
        return case


class _Changes:
    """What changed in a store's file since the last look, as statements."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        listed = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND sql NOT LIKE '%WITHOUT ROWID%'"  # the index of titles, which these stores do not have
        )
        self.tables = {name: self._columns(name) for (name,) in listed.fetchall()}
        self.newest = {name: self._newest(name) for name in self.tables}
        self.seen: set[str] = set()

    def _columns(self, name: str) -> list[str]:
        return [column for _, column, *_ in self.connection.execute(f"PRAGMA table_info({name})")]

    def _newest(self, name: str) -> int:
        found: int = self.connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {name}").fetchone()[0]
        return found

    def since_last(self, case_id: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """The insert or update of the case, then every inserted row of the other tables."""
        for name, columns in self.tables.items():
            key, marks = KEYS.get(name, ""), ", ".join("?" * len(columns))
            if key and case_id in self.seen:
                sets = ", ".join(f"{column} = ?" for column in columns if column != key)
                sql = f"SELECT {', '.join(c for c in columns if c != key)}, {key} FROM {name} WHERE {key} = ?"
                row = self.connection.execute(sql, (case_id,)).fetchone()
                yield f"UPDATE {name} SET {sets} WHERE {key} = ?", row
            else:
                sql = f"SELECT * FROM {name} WHERE rowid > ? ORDER BY rowid"
                for row in self.connection.execute(sql, (self.newest[name],)).fetchall():
                    yield f"INSERT INTO {name} VALUES ({marks})", row
            self.newest[name] = self._newest(name)
        self.seen.add(case_id)
