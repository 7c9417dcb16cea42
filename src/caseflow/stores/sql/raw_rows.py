"""The rows of the tables as they lie there, for `caseflow.ports.Auditable`: the audit alone reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caseflow.stores.sql.dialects import Cursor
from caseflow.stores.sql.lenient_text import bindable, escaping
from caseflow.stores.sql.schema import table_names
from caseflow.stores.sql.statements import Statements

_BY_CASE = {
    "cases": ("id", "id"),
    "helpers": ("case_id", "case_id, unit"),
    "events": ("case_id", "case_id, version"),
    "texts": ("case_id", "case_id, version"),
    "notices": ("case_id", "case_id, position"),
    "documents": ("case_id", "case_id, position"),
}
"""Table -> the column of the case, and the order of its rows."""

_NO_GAP = "NOT (case_id = '' AND version = -position AND body = '' AND hash = '')"
"""Not a row with which MariaDB's feed closed a gap: it is nobody's event."""


def raw(
    cursor: Cursor, sql: Statements, table: str, *, after: str | None, upto: str | None, limit: int | None
) -> tuple[Mapping[str, Any], ...]:
    """The table's rows as column -> value; see `caseflow.ports.Auditable`."""

    def ask(cursor: Any) -> tuple[Mapping[str, Any], ...]:
        if table == "guards":
            cursor.execute(*sql.of_many("select_guards", table_names(sql.dialect)))
        elif table == "series":
            cursor.execute(sql["select_latest_numbers"])
        elif table in _BY_CASE:
            cursor.execute(*_of_cases(sql, table, after=after, upto=upto, limit=limit))
        else:
            cursor.execute(sql.rows(table))
        columns = [column[0] for column in cursor.description]
        return tuple(dict(zip(columns, map(_plain, row), strict=True)) for row in cursor.fetchall())

    return escaping(cursor, ask) if sql.dialect.name == "sqlite" else ask(cursor)


def _of_cases(
    sql: Statements, table: str, *, after: str | None, upto: str | None, limit: int | None
) -> tuple[str, tuple[Any, ...]]:
    column, order = _BY_CASE[table]
    bounds = [(f"{column} > ?", after), (f"{column} <= ?", upto)]
    terms = [term for term, bound in bounds if bound is not None]
    if sql.dialect.fills_gaps and table == "events":
        terms.append(_NO_GAP)
    where = f" WHERE {' AND '.join(terms)}" if terms else ""
    names = tuple(bindable(bound) for _, bound in bounds if bound is not None)
    values = names if limit is None else (*names, limit)
    return sql.rows(table, f"{where} ORDER BY {order}{' LIMIT ?' if limit is not None else ''}"), values


def _plain(cell: bytearray | memoryview | bytes | str | int | None) -> Any:
    return bytes(cell) if isinstance(cell, bytearray | memoryview) else cell
