"""The tables: numbered steps, rendered for each kind of database; made, looked at and migrated.

Every name begins with ``caseflow_``, so that the tables can lie among a portal's own. Instants are whole
microseconds since 1970 (UTC). A step never changes once it was released; what comes later is another step.
Bringing a database to today's schema is safe to run twice, and by several at once.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from caseflow.core.value import Value
from caseflow.errors import StoreBusy, StoreError
from caseflow.ports.records import StoreStatus
from caseflow.stores.sql.dialects import Connections, Cursor, Dialect
from caseflow.stores.sql.driver_errors import kind_of
from caseflow.stores.sql.statements import XID_BITS, StoreRow

LOCK = 0x63617365
"""``case`` in ASCII: the advisory lock under which tables are made on PostgreSQL."""


class Index(Value):
    """An index; where the database can, it leaves out the rows that ``only`` does not hold for.

    Attributes:
        beside: further columns, so that what else is asked of a list is seen in the index, where one may be
            so long.
    """

    name: str
    columns: str
    only: str = ""
    beside: str = ""


class Table(Value):
    """A table: its columns as ``name {type} constraints``, its keys, its indexes.

    Attributes:
        not_for_one_writer: whether it is of no use where writers commit one after the other.
        is_index: whether it is nothing but its primary key.
    """

    name: str
    columns: tuple[str, ...]
    indexes: tuple[Index, ...] = ()
    not_for_one_writer: bool = False
    is_index: bool = False


# One row: the schema, what PostgreSQL's feed adds to transaction ids (see `feed.py`), and whether there is an
# index of titles.
_STORE = Table(
    "caseflow_store",
    ("only_row {int} PRIMARY KEY", "version {int} NOT NULL", "feed_base {int} NOT NULL",
     "has_titles {int} NOT NULL"),
)  # fmt: skip

# The documents of policies under their content hash.
_POLICIES = Table("caseflow_policies", ("pin {name} PRIMARY KEY", "document {text} NOT NULL"))

# A case as it stands: what is asked for by index, the whole of it as a snapshot, the head of its chain.
# `due_order` is next_due, or `caseflow.ports.NEVER`: what is due, and the order of lists, by one index.
# `submitted` never changes; `kind`, `region`, `policy` and its hash `pin` only where a submission is revised
# or the rules are changed: an update that does not name them costs their indexes nothing on SQLite.
_CASES = Table(
    "caseflow_cases",
    (
        "id {name} PRIMARY KEY",
        "version {int} NOT NULL",
        "state {name} NOT NULL",
        "unit {unit name} NOT NULL",
        "citizen {unit name} NOT NULL",
        "next_due {int}",
        "due_order {int} NOT NULL",
        "deadline {int}",
        "waits {int}",
        "level {name} NOT NULL",
        "submitted {int} NOT NULL",
        "kind {unit name} NOT NULL",
        "region {unit name} NOT NULL",
        "policy {unit name} NOT NULL",
        "pin {name} NOT NULL",
        "snapshot {blob} NOT NULL",
        "head {blob} NOT NULL",
    ),
    (
        Index("caseflow_cases_waiting", "waits", "waits IS NOT NULL"),
        Index("caseflow_cases_due", "due_order, id", beside="kind, region, policy, level, submitted"),
        Index("caseflow_cases_by_unit", "unit, due_order, id"),
        Index("caseflow_cases_by_citizen", "citizen, due_order, id", "citizen <> ''"),
        Index("caseflow_cases_by_state", "state, due_order, id"),
        Index(
            "caseflow_cases_running", "deadline, id", "deadline IS NOT NULL",
            beside="state, kind, region, policy, level, submitted",
        ),
        Index("caseflow_cases_running_by_unit", "unit, deadline, id", "deadline IS NOT NULL"),
        Index("caseflow_cases_newest", "submitted, id", beside="state"),
        Index("caseflow_cases_newest_by_unit", "unit, submitted, id"),
        Index("caseflow_cases_newest_by_kind", "kind, submitted, id"),
        Index("caseflow_cases_newest_by_region", "region, submitted, id"),
        Index("caseflow_cases_newest_by_policy", "policy, submitted, id"),
        Index("caseflow_cases_newest_by_level", "level, submitted, id", "level <> ''"),
        Index("caseflow_cases_counted", "unit, state", beside="level, pin"),
    ),
)  # fmt: skip

# The cases that a unit helps with, each with its places in the lists of cases.
_HELPERS = Table(
    "caseflow_helpers",
    (
        "case_id {name} NOT NULL",
        "unit {unit name} NOT NULL",
        "due_order {int} NOT NULL",
        "deadline {int}",
        "submitted {int} NOT NULL",
        "PRIMARY KEY (case_id, unit)",
    ),
    (
        Index("caseflow_helpers_due", "unit, due_order, case_id"),
        Index("caseflow_helpers_running", "unit, deadline, case_id", "deadline IS NOT NULL"),
        Index("caseflow_helpers_newest", "unit, submitted, case_id"),
    ),
)

# The history: authoritative, never updated. `position` is the feed's order.
_EVENTS = Table(
    "caseflow_events",
    (
        "position {position} PRIMARY KEY",
        "case_id {name} NOT NULL",
        "version {int} NOT NULL",
        "body {blob} NOT NULL",
        "hash {blob} NOT NULL",
        "CONSTRAINT caseflow_events_of_case UNIQUE (case_id, version)",
    ),
)

# Personal texts with their salts, by field, as JSON; redaction takes fields out, the last one the row.
_TEXTS = Table(
    "caseflow_texts",
    ("case_id {name} NOT NULL", "version {int} NOT NULL", "fields {text} NOT NULL",
     "PRIMARY KEY (case_id, version)"),
)  # fmt: skip

# The index of titles, if there is one: pairs of characters (see `caseflow.ports.title_search`) of each title,
# the newest case of a pair by its end. A redaction takes a title's rows out.
_TITLES = Table(
    "caseflow_titles",
    ("pair {name} NOT NULL", "submitted {int} NOT NULL", "case_id {name} NOT NULL",
     "PRIMARY KEY (pair, submitted, case_id)"),
    is_index=True,
)  # fmt: skip

# Idempotency keys of actors.
_KEYS = Table(
    "caseflow_keys",
    (
        "actor {name} NOT NULL",
        "name {name} NOT NULL",
        "digest {name} NOT NULL",
        "case_id {name} NOT NULL",
        "first_version {int} NOT NULL",
        "last_version {int} NOT NULL",
        "PRIMARY KEY (actor, name)",
    ),
)

# The outbox: who must be told, and what became of it.
_NOTICES = Table(
    "caseflow_notices",
    (
        "position {serial} PRIMARY KEY",
        "id {long name} NOT NULL UNIQUE",
        "case_id {name} NOT NULL",
        "version {int} NOT NULL",
        "topic {name} NOT NULL",
        "level {name} NOT NULL",
        "role {name} NOT NULL",
        "unit {unit name} NOT NULL",
        "channel {name} NOT NULL",
        "at_us {int} NOT NULL",
        "corrects {long name} NOT NULL",
        "body {text} NOT NULL",
        "status {name} NOT NULL",
        "attempts {int} NOT NULL",
        "next_try {int}",
        "token {name} NOT NULL",
        "lease_end {int}",
        "told {int}",
        "error {text} NOT NULL",
        "merged_into {long name} NOT NULL",
        "reached {text} NOT NULL",
    ),
    (
        Index("caseflow_notices_ready", "next_try, position", "next_try IS NOT NULL"),
        Index("caseflow_notices_by_case", "case_id, position"),
        Index("caseflow_notices_by_status", "status, position"),
    ),
)

# Numbered documents, and the last number of each series and year: its row is locked while one is issued.
_DOCUMENTS = Table(
    "caseflow_documents",
    (
        "position {serial} PRIMARY KEY",
        "id {long name} NOT NULL UNIQUE",
        "series {name} NOT NULL",
        "year {int} NOT NULL",
        "number {int} NOT NULL",
        "case_id {name} NOT NULL",
        "version {int} NOT NULL",
        "body {text} NOT NULL",
        "voided {int}",
        "void_reason {text} NOT NULL",
        "CONSTRAINT caseflow_documents_number UNIQUE (series, year, number)",
    ),
    (Index("caseflow_documents_by_case", "case_id, position"),),
)
_SERIES = Table(
    "caseflow_series",
    ("series {name} NOT NULL", "year {int} NOT NULL", "latest {int} NOT NULL", "PRIMARY KEY (series, year)"),
    not_for_one_writer=True,
)  # fmt: skip

STEPS: dict[int, tuple[Table, ...]] = {
    1: (_STORE, _POLICIES, _CASES, _HELPERS, _EVENTS, _TEXTS, _TITLES, _KEYS, _NOTICES, _DOCUMENTS, _SERIES),
}
"""Schema -> the tables that lead to it from the one before."""


def newest() -> int:
    """The schema that this version reads and writes."""
    return max(STEPS)


def table_names(dialect: Dialect) -> tuple[str, ...]:
    """Every table of a database of that kind, in the order in which they are made."""
    return tuple(table.name for step in STEPS.values() for table in step if _is_used(table, dialect))


def ddl(dialect: Dialect, *, step: int) -> tuple[str, ...]:
    """The statements of a step, in order; each may be run again after a crash."""
    tables = [table for table in STEPS[step] if _is_used(table, dialect)]
    return tuple(line for table in tables for line in _create(dialect, table))


def _is_used(table: Table, dialect: Dialect) -> bool:
    return not (table.not_for_one_writer and dialect.one_writer)


def _create(dialect: Dialect, table: Table) -> tuple[str, ...]:
    columns = [_typed(dialect, column) for column in table.columns]
    if not dialect.partial_indexes:  # nor CREATE INDEX IF NOT EXISTS: the indexes come with their table
        columns += [f"INDEX {index.name} ({index.columns})" for index in table.indexes]
    body = ",\n    ".join(columns)
    kind = dialect.types["index table" if table.is_index else "table"]
    lines = [f"CREATE TABLE IF NOT EXISTS {table.name} (\n    {body}\n){kind}"]
    if dialect.partial_indexes:
        for index in table.indexes:
            only = f" WHERE {index.only}" if index.only else ""
            columns = [index.columns, *([index.beside] if index.beside else [])]
            lines.append(
                f"CREATE INDEX IF NOT EXISTS {index.name} ON {table.name} ({', '.join(columns)}){only}"
            )
    return tuple(lines)


def _typed(dialect: Dialect, column: str) -> str:
    types = {"unit name": dialect.types["name"], **dialect.types}
    for token, kind in types.items():
        column = column.replace(f"{{{token}}}", kind)
    return column


# -- what is there -----------------------------------------------------------------------------------------

_CATALOG = {
    "postgresql": "SELECT to_regclass('caseflow_store') IS NOT NULL",
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'caseflow_store'",
    "mariadb": "SELECT count(*) FROM information_schema.tables"
               " WHERE table_schema = database() AND table_name = 'caseflow_store'",
}  # fmt: skip
_VERSION = "SELECT version FROM caseflow_store WHERE only_row = 1"
_ROW = "SELECT version, feed_base, has_titles FROM caseflow_store WHERE only_row = 1"


def schema_of(connections: Connections) -> int:
    """The schema of the tables that are there; 0 without any."""

    def ask(cursor: Cursor) -> int:
        try:
            cursor.execute(_VERSION)
        except connections.errors as error:
            if kind_of(error) != "missing":
                raise
            return 0
        row = cursor.fetchone()
        return int(row[0]) if row else 0

    return connections.read(ask)


def schema_within(cursor: Cursor, dialect: Dialect) -> int:
    """The same, asked without an error: one would end PostgreSQL's transaction."""
    return row_within(cursor, dialect).schema


def row_within(cursor: Cursor, dialect: Dialect) -> StoreRow:
    """The whole row."""
    cursor.execute(_CATALOG[dialect.name])
    return _row(cursor) if cursor.fetchone()[0] else StoreRow()


def _row(cursor: Cursor) -> StoreRow:
    cursor.execute(_ROW)
    row = cursor.fetchone()
    return StoreRow(int(row[0]), int(row[1]), bool(row[2])) if row else StoreRow()


def refuse_other(schema: int, *, name: str) -> None:
    """Raise unless the schema is today's.

    Raises:
        StoreError: ``store-missing``, ``store-newer`` or ``store-older``, with the way out.
    """
    if not schema:
        raise StoreError("store-missing", path=name)
    if schema > newest():
        raise StoreError("store-newer", path=name, found=schema, known=newest())
    if schema < newest():
        raise StoreError("store-older", path=name, found=schema, known=newest())


def status(connections: Connections, *, schema: int) -> StoreStatus:
    """How a store of that schema stands; nothing is changed."""

    def ask(cursor: Cursor) -> StoreStatus:
        cases = int(_one(cursor, "SELECT count(*) FROM caseflow_cases"))
        events = int(_one(cursor, "SELECT count(*) FROM caseflow_events WHERE case_id <> ''"))  # not gaps
        cursor.execute("SELECT status, count(*) FROM caseflow_notices GROUP BY status ORDER BY status")
        notices = tuple((str(name), int(count)) for name, count in cursor.fetchall())
        return StoreStatus(schema=schema, known=newest(), cases=cases, events=events, notices=notices)

    return connections.read(ask)


# -- making and migrating ------------------------------------------------------------------------------------


def migrate(connections: Connections, *, to: int | None = None) -> tuple[int, ...]:
    """Bring the database from where it is to a schema, today's by default; those it went through, in order.

    Whoever comes second waits, and finds it done. PostgreSQL and SQLite make the tables in one transaction;
    MariaDB commits each statement, so there each may be run again after a crash.

    Raises:
        StoreError: ``store-newer``.
    """

    def change(cursor: Cursor) -> tuple[int, ...]:
        with _alone(cursor, connections):
            schema = schema_within(cursor, connections.dialect)
            if schema > newest():
                refuse_other(schema, name=connections.name)
            return apply(cursor, connections.dialect, since=schema, to=to)

    return connections.write(change)


def apply(cursor: Cursor, dialect: Dialect, *, since: int, to: int | None = None) -> tuple[int, ...]:
    """Run the steps after a schema, up to one or to today's, in a transaction that nobody else is in."""
    last = newest() if to is None else to
    steps = tuple(step for step in sorted(STEPS) if since < step <= last)
    for step in steps:
        for line in ddl(dialect, step=step):
            cursor.execute(line)
        _mark(cursor, dialect, step)
    return steps


def _mark(cursor: Cursor, dialect: Dialect, step: int) -> None:
    cursor.execute(f"UPDATE caseflow_store SET version = {dialect.mark} WHERE only_row = 1", (step,))
    if cursor.rowcount == 0:
        columns = "only_row, version, feed_base, has_titles"
        sql = f"INSERT INTO caseflow_store ({columns}) VALUES (1, {dialect.mark}, 0, 0)"
        cursor.execute(sql, (step,))


@contextmanager
def _alone(cursor: Any, connections: Connections) -> Generator[None]:
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


def opened(connections: Connections) -> StoreRow:
    """The row of the store; on PostgreSQL its feed base is raised first where a dump was restored.

    In a new cluster transaction ids begin anew, below those that the positions were made of.
    """

    def change(cursor: Cursor) -> StoreRow:
        cursor.execute("SELECT feed_base FROM caseflow_store WHERE only_row = 1 FOR UPDATE")
        base = int(cursor.fetchone()[0])
        cursor.execute("SELECT coalesce(max(position), 0), txid_current() FROM caseflow_events")
        newest, current = cursor.fetchone()
        behind = (newest >> XID_BITS) - (current + base)
        if behind >= 0:
            base += behind + 1
            cursor.execute("UPDATE caseflow_store SET feed_base = %s WHERE only_row = 1", (base,))
        return _row(cursor)

    if connections.dialect.name != "postgresql" or not _is_behind(connections):
        return connections.read(_row)
    return connections.write(change)


def opened_within(connections: Connections) -> StoreRow:
    """The same, inside a transaction that somebody owns, where nothing is raised or made.

    Raises:
        StoreError: no tables, those of another schema, or a dump was restored and no store opened since.
    """
    row = connections.read(lambda cursor: row_within(cursor, connections.dialect))
    refuse_other(row.schema, name=connections.name)
    if connections.dialect.name == "postgresql" and _is_behind(connections):
        raise StoreError("store-restored", path=connections.name)
    return row


def _is_behind(connections: Connections) -> bool:
    """Whether a position is there that no transaction can have given out.

    This one can have, though its own id is not among those of its snapshot.
    """
    sql = (
        f"SELECT (SELECT coalesce(max(position), 0) FROM caseflow_events) >> {XID_BITS} >= feed_base"
        " + greatest(txid_snapshot_xmax(txid_current_snapshot()), txid_current_if_assigned() + 1)"
        " FROM caseflow_store WHERE only_row = 1"
    )
    return connections.read(lambda cursor: bool(_one(cursor, sql)))


def _one(cursor: Cursor, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchone()[0]
