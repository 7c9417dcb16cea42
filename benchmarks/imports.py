"""A log in JSON Lines brought into a store: events a second, every hash checked; beside bare inserts."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.life import WORKPLACE
from benchmarks.report import Row
from benchmarks.timing import seconds
from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.interchange import importer, jsonl
from caseflow.stores.locations import location_of

OFFICE = Actor("o-4", role="importer", unit="城管局")
POSTGRES = "CASEFLOW_TEST_POSTGRES"


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Events a second into SQLite, and into PostgreSQL where there is a server."""
    with tempfile.TemporaryDirectory(dir=WORKPLACE) as folder:
        log = Path(folder, "log.jsonl")
        events = _written(log, cases=1_000 if quick else 10_000)
        rounds = 1 if quick else 3
        table = [
            _row("SQLite", events, must=20_000, took=min(_sqlite(log, Path(folder)) for _ in range(rounds)),
                 bare=min(_bare(log, Path(folder)) for _ in range(rounds)))
        ]  # fmt: skip
        if os.environ.get(POSTGRES):
            took = min(_postgres(log) for _ in range(rounds))
            table.append(_row("PostgreSQL", events, must=10_000, took=took, bare=None))
        else:
            print(f"skipped: PostgreSQL, since {POSTGRES} is not set")
    return tuple(table)


def _row(where: str, events: int, *, must: float, took: float, bare: float | None) -> Row:
    rate = events / took
    return Row(
        work=f"import of a log, {where}", unit="events/s", ours=rate,
        peer=None if bare is None else events / bare,
        against="" if bare is None else "the same cases as bare rows", score=rate, sense="{:,.0f} a second",
        must=must, note=f"{events:,} events of JSON Lines, read twice, every hash checked",
    )  # fmt: skip


def _written(log: Path, *, cases: int) -> int:
    """Export the lives of so many cases, five events each; how many events."""
    store = MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"), tells=False)
    for number in range(cases):
        case_id = f"c{number:07}"
        desk.submit(title="路灯不亮", body="中山路" * 10, to="城管局", by=OFFICE, case_id=case_id)
        desk.take_charge(case_id, by=OFFICE)
    desk.clock.advance(days=4)
    desk.sweep()
    for number in range(cases):
        desk.reply(f"c{number:07}", text="已修复", by=OFFICE)
        desk.complete(f"c{number:07}", by=OFFICE)
    with log.open("w", encoding="utf-8", newline="") as file:
        jsonl.write(store, file)
    return sum(head.version for head in store.heads(limit=cases))


def _sqlite(log: Path, folder: Path) -> float:
    path = folder / "target.db"
    for left in folder.glob("target.db*"):
        left.unlink()
    store = location_of(f"sqlite:///{path}").open(must_exist=False)
    took = seconds(lambda: importer.read(log, store))
    store.close()
    return took


def _bare(log: Path, folder: Path) -> float:
    """Each line, a case, a row of one table in transactions of 500, nothing read or checked."""
    path = folder / "bare.db"
    path.unlink(missing_ok=True)

    def insert() -> None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE lines (position INTEGER PRIMARY KEY, body BLOB)")
        batch: list[tuple[int, bytes]] = []
        with log.open("rb") as file:
            for number, line in enumerate(file):
                batch.append((number, line))
                if len(batch) == 500:
                    connection.executemany("INSERT INTO lines VALUES (?, ?)", batch)
                    connection.commit()
                    batch.clear()
        connection.executemany("INSERT INTO lines VALUES (?, ?)", batch)
        connection.commit()
        connection.close()

    return seconds(insert)


def _postgres(log: Path) -> float:
    from tests.contracts.databases import postgres

    with postgres() as url:
        store: Any = location_of(url).open(must_exist=False)
        took = seconds(lambda: importer.read(log, store))
        store.close()
    return took
