"""What kind of value each column holds: where the database does not see to it, the audit does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from caseflow.audit.rows import CaseRows, Row

_INTEGERS = frozenset(
    {"version", "place", "position", "at_us", "attempts", "year", "number"}
)  # fmt: skip
_BYTES = frozenset({"snapshot", "head", "hash"})
_OR_NONE = frozenset({"next_due", "deadline", "waits", "next_try", "lease_end", "told", "voided"})


def first_odd(rows: CaseRows) -> tuple[str, Row, str] | None:
    """The first column that holds no value of its kind: table, row, column."""
    return next(_odd(rows), None)


def _odd(rows: CaseRows) -> Iterator[tuple[str, Row, str]]:
    for table, row in rows.by_table():
        for column, found in row.items():
            if type(found) not in _kinds(table, column):
                yield table, row, column


@cache
def _kinds(table: str, column: str) -> tuple[type, ...]:
    if column in _BYTES or (table, column) == ("events", "body"):
        return (bytes,)
    if column in _OR_NONE:
        return int, type(None)
    return (int,) if column in _INTEGERS else (str,)
