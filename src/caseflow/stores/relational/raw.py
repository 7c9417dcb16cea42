"""The rows of a store as they lie in its tables, for whoever must look behind what `load` shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caseflow.stores.relational.dialects import Cursor
from caseflow.stores.relational.moving import Names

_BY_CASE = {
    "cases": ("id", "id"),
    "events": ("case_id", "case_id, version"),
    "texts": ("case_id", "case_id, version"),
    "notices": ("case_id", "case_id, position"),
    "documents": ("case_id", "case_id, position"),
}
"""Table -> the column of the case, and the order of its rows."""
_LATEST = "SELECT series, year, max(number) AS latest FROM {p}documents GROUP BY series, year"


def raw(
    cursor: Cursor, names: Names, table: str, *, after: str, upto: str | None
) -> tuple[Mapping[str, Any], ...]:
    """The table's rows as column -> value; see `caseflow.ports.Auditable`."""
    if table in _BY_CASE:
        column, order = _BY_CASE[table]
        end = "" if upto is None else f" AND {column} <= ?"
        sql = f"SELECT * FROM {{p}}{table} WHERE {column} > ?{end} ORDER BY {order}"
        cursor.execute(names.sql(sql), (after,) if upto is None else (after, upto))
    elif table == "series" and not names.has_series:
        cursor.execute(names.sql(_LATEST))
    else:
        cursor.execute(names.sql(f"SELECT * FROM {{p}}{table}"))
    columns = [column[0] for column in cursor.description]
    return tuple(dict(zip(columns, map(_value, row), strict=True)) for row in cursor.fetchall())


def _value(found: Any) -> Any:
    return bytes(found) if isinstance(found, bytearray | memoryview) else found
