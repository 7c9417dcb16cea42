"""The tables of a database made, looked at and migrated: safe to run twice, and by several at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from caseflow.errors import StoreBusy, StoreError
from caseflow.stores.relational.dialects import Connections, Cursor
from caseflow.stores.relational.statements import XID_BITS
from caseflow.stores.relational.tables import SCHEMA, STEPS, ddl
from caseflow.stores.relational.troubles import trouble

_BASE = "SELECT feed_base FROM caseflow_store WHERE only_row = 1"

LOCK = 0x63617365
"""``case`` in ASCII: the advisory lock under which tables are made on PostgreSQL."""


def found_schema(connections: Connections) -> int:
    """The schema of the tables that are there; 0 without any."""

    def ask(cursor: Cursor) -> int:
        try:
            cursor.execute("SELECT version FROM caseflow_store WHERE only_row = 1")
        except connections.errors as error:
            if trouble(error) != "missing":
                raise
            return 0
        row = cursor.fetchone()
        return int(row[0]) if row else 0

    return connections.read(ask)


def refuse_other(connections: Connections) -> None:
    """Raise unless the schema is today's.

    Raises:
        StoreError: ``store-missing``, ``store-newer`` or ``store-older``, with the way out.
    """
    _refuse(connections, found_schema(connections))


def _refuse(connections: Connections, schema: int) -> None:
    if not schema:
        raise StoreError("store-missing", path=connections.name)
    if schema > SCHEMA:
        raise StoreError("store-newer", path=connections.name, found=schema, known=SCHEMA)
    if schema < SCHEMA:
        raise StoreError("store-older", path=connections.name, found=schema, known=SCHEMA)


def migrate(connections: Connections, *, to: int = SCHEMA) -> tuple[int, ...]:
    """Bring the database from where it is to a schema, today's by default; those it went through, in order.

    Whoever comes second waits, and finds it done. PostgreSQL and SQLite make the tables in one transaction;
    MariaDB commits each statement, so there each may be run again after a crash.
    """

    def change(cursor: Cursor) -> tuple[int, ...]:
        with _alone(cursor, connections):
            schema = _schema(cursor, connections)
            if schema > SCHEMA:
                raise StoreError("store-newer", path=connections.name, found=schema, known=SCHEMA)
            done = tuple(step for step in sorted(STEPS) if schema < step <= to)
            for step in done:
                for line in ddl(connections.dialect, step=step):
                    cursor.execute(line)
                _mark(cursor, connections, step)
            return done

    return connections.write(change)


def _schema(cursor: Cursor, connections: Connections) -> int:
    """The schema, asked without an error: one would end PostgreSQL's transaction."""
    catalog = {
        "postgresql": "SELECT to_regclass('caseflow_store') IS NOT NULL",
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'caseflow_store'",
        "mariadb": "SELECT count(*) FROM information_schema.tables"
                   " WHERE table_schema = database() AND table_name = 'caseflow_store'",
    }  # fmt: skip
    cursor.execute(catalog[connections.dialect.name])
    if not cursor.fetchone()[0]:
        return 0
    cursor.execute("SELECT version FROM caseflow_store WHERE only_row = 1")
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _mark(cursor: Cursor, connections: Connections, step: int) -> None:
    mark = connections.dialect.mark
    cursor.execute(f"UPDATE caseflow_store SET version = {mark} WHERE only_row = 1", (step,))
    if cursor.rowcount == 0:
        sql = f"INSERT INTO caseflow_store (only_row, version, feed_base) VALUES (1, {mark}, 0)"
        cursor.execute(sql, (step,))


@contextmanager
def _alone(cursor: Any, connections: Connections) -> Iterator[None]:
    """Nobody else makes tables meanwhile."""
    match connections.dialect.name:
        case "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            yield
        case "mariadb":
            cursor.execute("SELECT GET_LOCK(concat('caseflow.', database()), 60)")
            if cursor.fetchone()[0] != 1:
                raise StoreBusy("store-busy", path=connections.name, seconds=60)
            try:
                yield
            finally:
                cursor.execute("SELECT RELEASE_LOCK(concat('caseflow.', database()))")
        case _:
            yield


def feed_base(connections: Connections) -> int:
    """What is added to PostgreSQL's transaction ids; raised first where a dump was restored.

    In a new cluster transaction ids begin anew, below those that the positions were made of.
    """

    def change(cursor: Cursor) -> int:
        cursor.execute("SELECT feed_base FROM caseflow_store WHERE only_row = 1 FOR UPDATE")
        base = int(cursor.fetchone()[0])
        cursor.execute("SELECT coalesce(max(position), 0), txid_current() FROM caseflow_events")
        newest, current = cursor.fetchone()
        behind = (newest >> XID_BITS) - (current + base)
        if behind >= 0:
            base += behind + 1
            cursor.execute("UPDATE caseflow_store SET feed_base = %s WHERE only_row = 1", (base,))
        return base

    if connections.dialect.name != "postgresql":
        return 0
    if not _is_behind(connections):
        return connections.read(lambda cursor: int(_one(cursor, _BASE)))
    return connections.write(change)


def feed_base_within(connections: Connections) -> int:
    """The same, inside a transaction that somebody owns, where nothing is raised or made.

    Raises:
        StoreError: no tables, those of another schema, or a dump was restored and no store opened since.
    """

    def ask(cursor: Cursor) -> tuple[int, int]:
        version = _schema(cursor, connections)
        return version, int(_one(cursor, _BASE)) if version else 0

    version, base = connections.read(ask)
    _refuse(connections, version)
    if connections.dialect.name == "postgresql" and _is_behind(connections):
        raise StoreError("store-restored", path=connections.name)
    return base


def _is_behind(connections: Connections) -> bool:
    """Whether a position is there that no transaction can have given out."""
    sql = (
        f"SELECT (SELECT coalesce(max(position), 0) FROM caseflow_events) >> {XID_BITS}"
        " >= feed_base + txid_snapshot_xmax(txid_current_snapshot()) FROM caseflow_store WHERE only_row = 1"
    )
    return connections.read(lambda cursor: bool(_one(cursor, sql)))


def _one(cursor: Cursor, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchone()[0]
