"""How a `Query` is asked of SQLite: one statement, served in order by an index whatever its shape."""

from __future__ import annotations

from typing import Any

from caseflow.ports import Query

NEVER = (1 << 63) - 1
"""In ``place``: nothing is due, sorts last."""


def find(query: Query) -> tuple[str, list[Any]]:
    """The SQL of a query; each of its shapes is served in order by an index."""
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
        terms.append("(place, id) > (?, ?)")
        given += [NEVER if due is None else due, case_id]
    where = f" WHERE {' AND '.join(terms)}" if terms else ""
    return f"SELECT id, snapshot, head FROM cases{where} ORDER BY place, id LIMIT ?", [*given, query.limit]


def is_storable(text: str) -> bool:
    """Whether SQLite can hold the text: a lone surrogate has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
