"""What the audit reads: a store's rows as they lie there, case by case in the order of ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from caseflow.core.values import Value, value
from caseflow.ports import Auditable

PAGE = 200
"""Cases whose rows are read at once."""

Row = Mapping[str, Any]


@value
class CaseRows(Value):
    """Every row that speaks of one case id; ``case`` is `None` when the case itself is not there."""

    case_id: str
    case: Row | None
    events: tuple[Row, ...]
    texts: tuple[Row, ...]
    notices: tuple[Row, ...]
    documents: tuple[Row, ...]


def by_case(store: Auditable) -> Iterator[CaseRows]:
    """The rows of every case id that any row names, in the order of ids."""
    after: str = ""
    while True:
        page = store.heads(after, limit=PAGE)
        upto = page[-1].case_id if len(page) == PAGE else None  # the last page takes what lies beyond it too
        yield from _grouped(store, after, upto)
        if upto is None:
            return
        after = upto


def _grouped(store: Auditable, after: str, upto: str | None) -> Iterator[CaseRows]:
    cases = {row["id"]: row for row in store.raw("cases", after=after, upto=upto)}
    tables = [
        {
            case_id: tuple(rows)
            for case_id, rows in groupby(
                store.raw(table, after=after, upto=upto), key=lambda row: str(row["case_id"])
            )
        }
        for table in ("events", "texts", "notices", "documents")
    ]
    for case_id in sorted({*cases, *(name for table in tables for name in table)}):
        events, texts, notices, documents = (table.get(case_id, ()) for table in tables)
        yield CaseRows(case_id, cases.get(case_id), events, texts, notices, documents)
