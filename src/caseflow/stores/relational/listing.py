"""How a `Query` is asked of the table of cases: one statement, served by an index whatever its shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from caseflow.ports import NEVER, Query

Later = Callable[[tuple[str, str], Sequence[Any]], tuple[str, tuple[Any, ...]]]
"""Columns and values -> the term for "after them, in this order", and its own values."""


def listed(query: Query, *, table: str, later: Later) -> tuple[str, tuple[Any, ...]]:
    """The statement and its values, in the order of (place, id); ``?`` stands for a value."""
    terms, given = [], list[Any]()
    for column, found in (("unit", query.unit), ("citizen", query.citizen), ("state", query.state)):
        if found is not None:
            terms.append(f"{column} = ?")
            given.append(found)
    if query.citizen:
        terms.append("citizen <> ''")
    if query.overdue_at is not None:
        terms.append("deadline IS NOT NULL AND deadline <= ?")
        given.append(query.overdue_at)
    if query.after is not None:
        due, case_id = query.after
        term, place = later(("place", "id"), (NEVER if due is None else due, case_id))
        terms.append(term)
        given += place
    where = f" WHERE {' AND '.join(terms)}" if terms else ""
    sql = f"SELECT id, snapshot, head FROM {table}{where} ORDER BY place, id LIMIT ?"
    return sql, (*given, query.limit)
