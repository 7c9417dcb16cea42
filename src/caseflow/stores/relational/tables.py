"""The tables of a relational store: numbered steps, rendered for each kind of database.

Every name begins with ``caseflow_``, so that the tables can lie among a portal's own. Instants are whole
microseconds since 1970 (UTC). A step never changes once it was released; what comes later is another step.
"""

from __future__ import annotations

from collections.abc import Mapping

from caseflow.core.values import Value, value
from caseflow.stores.relational.dialects import Dialect


@value
class Index(Value):
    """An index; where the database can, it leaves out the rows that ``only`` does not hold for."""

    name: str
    columns: str
    only: str = ""


@value
class Table(Value):
    """A table: its columns as ``name {type} constraints``, its keys, its indexes."""

    name: str
    columns: tuple[str, ...]
    indexes: tuple[Index, ...] = ()


# One row: the schema, and what PostgreSQL's feed adds to transaction ids (see `feed`).
_STORE = Table(
    "caseflow_store",
    ("only_row {int} PRIMARY KEY", "version {int} NOT NULL", "feed_base {int} NOT NULL"),
)

# The documents of policies under their content hash.
_POLICIES = Table("caseflow_policies", ("pin {name} PRIMARY KEY", "document {text} NOT NULL"))

# A case as it stands: what is asked for by index, the whole of it as a snapshot, the head of its chain.
# `place` is next_due, or `caseflow.ports.NEVER`: the order of lists.
_CASES = Table(
    "caseflow_cases",
    (
        "id {name} PRIMARY KEY",
        "version {int} NOT NULL",
        "state {name} NOT NULL",
        "unit {place name} NOT NULL",
        "citizen {place name} NOT NULL",
        "next_due {int}",
        "place {int} NOT NULL",
        "deadline {int}",
        "waits {int}",
        "snapshot {blob} NOT NULL",
        "head {blob} NOT NULL",
    ),
    (
        Index("caseflow_cases_due", "next_due, id", "next_due IS NOT NULL"),
        Index("caseflow_cases_waiting", "waits", "waits IS NOT NULL"),
        Index("caseflow_cases_by_place", "place, id"),
        Index("caseflow_cases_by_unit", "unit, place, id"),
        Index("caseflow_cases_by_citizen", "citizen, place, id", "citizen <> ''"),
        Index("caseflow_cases_running", "place, id", "deadline IS NOT NULL"),
        Index("caseflow_cases_running_by_unit", "unit, place, id", "deadline IS NOT NULL"),
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
        "unit {place name} NOT NULL",
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
)

STEPS: Mapping[int, tuple[Table, ...]] = {
    1: (_STORE, _POLICIES, _CASES, _EVENTS, _TEXTS, _KEYS, _NOTICES, _DOCUMENTS, _SERIES),
}
"""Schema -> the tables that lead to it from the one before."""
SCHEMA = max(STEPS)
NAMES = tuple(table.name for step in STEPS.values() for table in step)
"""Every table, in the order in which they are made."""


def ddl(dialect: Dialect, *, step: int) -> tuple[str, ...]:
    """The statements of a step, in order; each may be run again after a crash."""
    return tuple(line for table in STEPS[step] for line in _made(dialect, table))


def _made(dialect: Dialect, table: Table) -> tuple[str, ...]:
    columns = [_typed(dialect, column) for column in table.columns]
    if not dialect.partial_indexes:  # nor CREATE INDEX IF NOT EXISTS: the indexes come with their table
        columns += [f"INDEX {index.name} ({index.columns})" for index in table.indexes]
    body = ",\n    ".join(columns)
    lines = [f"CREATE TABLE IF NOT EXISTS {table.name} (\n    {body}\n){dialect.types['table']}"]
    if dialect.partial_indexes:
        for index in table.indexes:
            only = f" WHERE {index.only}" if index.only else ""
            lines.append(f"CREATE INDEX IF NOT EXISTS {index.name} ON {table.name} ({index.columns}){only}")
    return tuple(lines)


def _typed(dialect: Dialect, column: str) -> str:
    known = {"place name": dialect.types["name"], **dialect.types}
    for token, kind in known.items():
        column = column.replace(f"{{{token}}}", kind)
    return column
