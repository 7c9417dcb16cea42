"""The tables of a SQLite store: numbered steps, each of which brings a file from one schema to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from itertools import groupby

from caseflow.chain import START, link
from caseflow.errors import StoreError

APPLICATION_ID = 0x63617365
"""``case`` in ASCII: marks a file as ours in SQLite's own header."""

_FIRST = (
    """CREATE TABLE policies (pin TEXT PRIMARY KEY, document TEXT NOT NULL) {strict}""",
    """CREATE TABLE cases (
        id TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        state TEXT NOT NULL,
        unit TEXT NOT NULL,
        citizen TEXT NOT NULL,
        next_due INTEGER,
        place INTEGER NOT NULL,
        deadline INTEGER,
        waits INTEGER,
        snapshot BLOB NOT NULL
    ) {strict}""",
    """CREATE TABLE events (
        position INTEGER PRIMARY KEY,
        case_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (case_id, version)
    ) {strict}""",
    """CREATE TABLE texts (
        case_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        fields TEXT NOT NULL,
        PRIMARY KEY (case_id, version)
    ) {strict}""",
    """CREATE TABLE keys (
        actor TEXT NOT NULL,
        key TEXT NOT NULL,
        digest TEXT NOT NULL,
        case_id TEXT NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (actor, key)
    ) {strict}""",
    "CREATE INDEX cases_due ON cases (next_due, id) WHERE next_due IS NOT NULL",
    "CREATE INDEX cases_waiting ON cases (waits) WHERE waits IS NOT NULL",
    "CREATE INDEX cases_by_place ON cases (place, id)",
    "CREATE INDEX cases_by_unit ON cases (unit, place, id)",
    "CREATE INDEX cases_by_citizen ON cases (citizen, place, id) WHERE citizen <> ''",
    "CREATE INDEX cases_running ON cases (place, id) WHERE deadline IS NOT NULL",
    "CREATE INDEX cases_running_by_unit ON cases (unit, place, id) WHERE deadline IS NOT NULL",
)
"""Cases, their events, texts, keys and policies."""

_SECOND = (
    "ALTER TABLE events ADD COLUMN hash BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE cases ADD COLUMN head BLOB NOT NULL DEFAULT x''",
    """CREATE TABLE notices (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        case_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        level TEXT NOT NULL,
        role TEXT NOT NULL,
        unit TEXT NOT NULL,
        channel TEXT NOT NULL,
        at_us INTEGER NOT NULL,
        corrects TEXT NOT NULL,
        body TEXT NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        next_try INTEGER,
        token TEXT NOT NULL,
        lease_end INTEGER,
        told INTEGER,
        error TEXT NOT NULL,
        merged_into TEXT NOT NULL
    ) {strict}""",
    "CREATE INDEX notices_ready ON notices (next_try, position) WHERE next_try IS NOT NULL",
    "CREATE INDEX notices_by_case ON notices (case_id, position)",
    "CREATE INDEX notices_by_status ON notices (status, position)",
    """CREATE TABLE documents (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        series TEXT NOT NULL,
        year INTEGER NOT NULL,
        number INTEGER NOT NULL,
        case_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        voided INTEGER,
        void_reason TEXT NOT NULL,
        UNIQUE (series, year, number)
    ) {strict}""",
    "CREATE INDEX documents_by_case ON documents (case_id, position)",
)
"""The audit chain, the outbox, and numbered documents."""


def _chain_all(connection: sqlite3.Connection) -> None:
    """Give every event its hash and every case its head."""
    case_id, previous = "", START
    after: tuple[str, int] = ("", 0)
    page = (
        "SELECT case_id, version, body, position FROM events WHERE (case_id, version) > (?, ?)"
        " ORDER BY case_id, version LIMIT 10000"
    )
    while rows := connection.execute(page, after).fetchall():
        for name, versions in groupby(rows, key=lambda row: str(row[0])):
            previous = previous if name == case_id else START
            case_id, hashes = name, []
            for _, version, body, position in versions:
                previous = link(previous, name, version, body)
                hashes.append((previous, position))
            connection.executemany("UPDATE events SET hash = ? WHERE position = ?", hashes)
            connection.execute("UPDATE cases SET head = ? WHERE id = ?", (previous, name))
        after = rows[-1][:2]


_Step = tuple[tuple[str, ...], Callable[[sqlite3.Connection], None] | None]

STEPS: dict[int, _Step] = {1: (_FIRST, None), 2: (_SECOND, _chain_all)}
"""Schema -> the statements and the work that lead to it from the one before."""
SCHEMA = max(STEPS)


def check_or_make(connection: sqlite3.Connection, path: str) -> None:
    """Leave a store of today's schema as it is; make one of an empty file; refuse everything else."""
    mark, schema = marks(connection)
    if mark == APPLICATION_ID:
        refuse_other(path, schema)
        return
    _refuse_foreign(connection, path, mark)
    connection.execute("BEGIN IMMEDIATE")
    mark, schema = marks(connection)
    if mark != APPLICATION_ID:  # nobody else was faster
        _apply(connection, 0)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        schema = SCHEMA
    connection.execute("COMMIT")
    refuse_other(path, schema)


def migrate(connection: sqlite3.Connection, path: str) -> tuple[int, ...]:
    """Bring a store of ours to today's schema in one transaction; the schemas it went through, in order.

    Whoever comes second, or again, finds it done.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        mark, schema = marks(connection)
        if mark != APPLICATION_ID:
            raise StoreError("store-foreign", path=path, found=f"application id {mark}")
        if schema > SCHEMA:
            refuse_other(path, schema)
        done = _apply(connection, schema)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return done


def marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """Whose file it is, and its schema."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    return mark, schema


def refuse_other(path: str, schema: int) -> None:
    """Raise unless the schema is today's.

    Raises:
        StoreError: ``store-newer`` or ``store-older``, with the way out.
    """
    if schema > SCHEMA:
        raise StoreError("store-newer", path=path, found=schema, known=SCHEMA)
    if schema < SCHEMA:
        raise StoreError("store-older", path=path, found=schema, known=SCHEMA)


def _refuse_foreign(connection: sqlite3.Connection, path: str, mark: int) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if mark or tables:
        raise StoreError("store-foreign", path=path, found=f"application id {mark}, {tables} tables")


def _apply(connection: sqlite3.Connection, schema: int) -> tuple[int, ...]:
    strict = "STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""
    done = tuple(step for step in sorted(STEPS) if step > schema)
    for step in done:
        statements, work = STEPS[step]
        for statement in statements:
            connection.execute(statement.format(strict=strict))
        if work is not None:
            work(connection)
        connection.execute(f"PRAGMA user_version = {step}")
    return done
