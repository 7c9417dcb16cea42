"""A store file with very many true cases, made fast: one case through the desk, then its rows multiplied."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.life import CITIZEN, START, UNIT
from caseflow import Desk, ManualClock, SqliteStore, load_policy

FIRST = "case-0000000"


def make(path: Path, cases: int, *, days: int = 0) -> None:
    """A file of so many open cases, each swept `days` after its submission.

    Each row differs from the first case's in its id alone, inside the snapshot too, and each case has its
    own events; so every case can be loaded, replayed and swept like any other.
    """
    desk = desk_on(path)
    desk.submit(title="", kind="complaint", to=UNIT, by=CITIZEN, case_id=FIRST)
    if days:
        desk.clock.advance(days=days)
        desk.sweep()
    desk.store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = off")
        connection.execute("PRAGMA synchronous = off")
        multiply(connection, cases)


def desk_on(path: Path, *, days: int = 0) -> Desk:
    """A desk on the file, so many days after the cases were submitted."""
    desk = Desk(load_policy("wuhu"), SqliteStore(path), clock=ManualClock(START))
    desk.clock.advance(days=days)
    return desk


def multiply(connection: sqlite3.Connection, cases: int, *, abreast: int = 0) -> None:
    """Make so many cases of the first one, under ids of their own.

    Args:
        abreast: so many cases lie in the feed between two events of one; by default its events follow each
            other.
    """
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")  # made again below, which is faster than keeping them
    columns = [column for _, column, *_ in connection.execute("PRAGMA table_info(caseflow_cases)")]
    made = {
        "id": "new.id",
        "snapshot": "CAST(replace(CAST(snapshot AS TEXT), old.id, new.id) AS BLOB)",
    }
    parts = ", ".join(made.get(column, f"old.{column}") for column in columns)
    numbers = (
        f"WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {cases - 1}),"
        " new(id) AS (SELECT printf('case-%07d', n) FROM counted)"
    )
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        f"INSERT INTO caseflow_cases {numbers} SELECT {parts} FROM new"
        f" JOIN caseflow_cases old ON old.id = '{FIRST}'"
    )
    connection.execute(
        f"INSERT INTO caseflow_events (case_id, version, body, hash) {numbers}"
        " SELECT new.id, old.version, old.body, old.hash FROM new"
        f" JOIN caseflow_events old ON old.case_id = '{FIRST}'"
        f" ORDER BY CAST(substr(new.id, 6) AS INTEGER) + old.version * {abreast}, old.version"
    )
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
