"""What kind of value each column holds: where the database does not see to it, the audit does."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.audit.rows import CaseRows, Row

_INTEGERS = frozenset(
    {"version", "next_due", "place", "deadline", "waits", "position", "at_us", "attempts", "next_try",
     "lease_end", "told", "year", "number", "voided"}
)  # fmt: skip
_BYTES = frozenset({"snapshot", "head", "hash"})
_OR_NONE = frozenset({"next_due", "deadline", "waits", "next_try", "lease_end", "told", "voided"})


def first_odd(rows: CaseRows) -> tuple[str, Row, str] | None:
    """The first column that holds no value of its kind: table, row, column."""
    return next(_odd(rows), None)


def _odd(rows: CaseRows) -> Iterator[tuple[str, Row, str]]:
    for table, row in rows.by_table():
        for column, found in row.items():
            if type(found) is not _kind(table, column) and not (found is None and column in _OR_NONE):
                yield table, row, column


def _kind(table: str, column: str) -> type:
    if column in _BYTES or (table, column) == ("events", "body"):
        return bytes
    return int if column in _INTEGERS else str
