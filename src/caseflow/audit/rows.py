"""What the audit reads: a store's rows as they lie there, case by case in the order of ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, pairwise
from typing import Any

from caseflow.core.values import Value, value
from caseflow.ports import Auditable

PAGE = 200
"""Cases whose rows are read at once."""

Row = Mapping[str, Any]


@value
class CaseRows(Value):
    """Every row that speaks of one case id.

    Attributes:
        before: an id that comes before this one, with none between them when it was read.
        case: its own row; `None` when that is not there.
    """

    case_id: str
    before: str
    case: Row | None
    events: tuple[Row, ...]
    texts: tuple[Row, ...]
    notices: tuple[Row, ...]
    documents: tuple[Row, ...]

    def by_table(self) -> Iterator[tuple[str, Row]]:
        """Each row with the name of its table."""
        if self.case is not None:
            yield "cases", self.case
        for table in TABLES:
            for row in getattr(self, table):
                yield table, row


TABLES = ("events", "texts", "notices", "documents")
"""The tables with any number of rows for a case."""


def by_case(store: Auditable) -> Iterator[CaseRows]:
    """The rows of every case id that any row names, in the order of ids."""
    after: str = ""
    while True:
        page = store.heads(after, limit=PAGE)
        upto = page[-1].case_id if len(page) == PAGE else None  # the last page takes what lies beyond it too
        yield from rows_between(store, after, upto)
        if upto is None:
            return
        after = upto


def read_again(store: Auditable, rows: CaseRows) -> CaseRows | None:
    """The same case's rows as they lie there now; `None` when there are none."""
    found = rows_between(store, rows.before, rows.case_id)
    return next((other for other in found if other.case_id == rows.case_id), None)


def rows_between(store: Auditable, after: str, upto: str | None) -> Iterator[CaseRows]:
    """The rows of every case id after the one, up to and with the other."""
    cases = {row["id"]: row for row in store.raw("cases", after=after, upto=upto)}
    tables = [_grouped(store, table, after, upto) for table in TABLES]
    ids = sorted({*cases, *(name for table in tables for name in table)})
    for before, case_id in pairwise((after, *ids)):
        events, texts, notices, documents = (table.get(case_id, ()) for table in tables)
        yield CaseRows(case_id, before, cases.get(case_id), events, texts, notices, documents)


def _grouped(store: Auditable, table: str, after: str, upto: str | None) -> dict[str, tuple[Row, ...]]:
    rows = store.raw(table, after=after, upto=upto)
    return {case_id: tuple(found) for case_id, found in groupby(rows, key=lambda row: str(row["case_id"]))}
