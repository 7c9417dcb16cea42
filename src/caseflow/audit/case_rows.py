"""What the audit reads: a store's rows as they lie there, case by case in the order of ids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from itertools import groupby, pairwise
from typing import Any

from caseflow.core.value import Value
from caseflow.ports import Auditable

PAGE = 200
"""Cases whose rows are read at once."""

NOTICE_COLUMNS = (
    "id", "version", "topic", "level", "role", "unit", "channel", "at_us", "corrects", "body",
)  # fmt: skip
"""What never changes of a notice."""
DRAFT_COLUMNS = ("id", "version", "series", "year", "body")
"""What its event says of a document."""
DOCUMENT_COLUMNS = (*DRAFT_COLUMNS, "number")
"""What never changes of a document."""

_INTEGERS = frozenset({"version", "due_order", "position", "at_us", "attempts", "year", "number"})
_BYTES = frozenset({"snapshot", "head", "hash"})
_OR_NONE = frozenset({"next_due", "deadline", "waits", "next_try", "lease_end", "told", "voided"})

RawRow = Mapping[str, Any]
"""Column -> value, as the database has it."""


class CaseRows(Value):
    """Every row that speaks of one case id.

    Attributes:
        before: an id that comes before this one, with none between them when it was read.
        case: its own row; `None` when that is not there.
    """

    case_id: str
    before: str
    case: RawRow | None
    events: tuple[RawRow, ...]
    texts: tuple[RawRow, ...]
    notices: tuple[RawRow, ...]
    documents: tuple[RawRow, ...]

    def by_table(self) -> Iterator[tuple[str, RawRow]]:
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
    cases = rows_between(store, rows.before, rows.case_id)
    return next((case for case in cases if case.case_id == rows.case_id), None)


def rows_between(store: Auditable, after: str, upto: str | None) -> Iterator[CaseRows]:
    """The rows of every case id after the one, up to and with the other."""
    cases = {row["id"]: row for row in store.raw("cases", after=after, upto=upto)}
    tables = {table: rows_by_case(store, table, after, upto) for table in TABLES}
    ids = sorted({*cases, *(name for table in tables.values() for name in table)})
    for before, case_id in pairwise((after, *ids)):
        own = {name: table.get(case_id, ()) for name, table in tables.items()}
        yield CaseRows(case_id=case_id, before=before, case=cases.get(case_id), **own)


def rows_by_case(store: Auditable, table: str, after: str, upto: str | None) -> dict[str, tuple[RawRow, ...]]:
    """Case id -> its rows of the table, of the ids after the one, up to and with the other."""
    rows = store.raw(table, after=after, upto=upto)
    return {case_id: tuple(group) for case_id, group in groupby(rows, key=lambda row: str(row["case_id"]))}


def notices_digest(notices: Iterable[RawRow], documents: Iterable[RawRow], *, upto: int) -> str:
    """A hash over what never changes of a case's notices and documents, those of later versions left out.

    Empty when there are none. What becomes of a notice, and whether a document is void, is not in it.
    """
    lines = [[row[column] for column in NOTICE_COLUMNS] for row in notices if row["version"] <= upto]
    lines += [[row[column] for column in DOCUMENT_COLUMNS] for row in documents if row["version"] <= upto]
    if not lines:
        return ""
    text = json.dumps(sorted(lines, key=lambda line: str(line[0])), ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def first_odd(rows: CaseRows) -> tuple[str, RawRow, str] | None:
    """The first column that holds no value of its kind, where the database does not see to it.

    Returns:
        Its table, row and name; `None` when there is none.
    """
    return next(_odd(rows), None)


def _odd(rows: CaseRows) -> Iterator[tuple[str, RawRow, str]]:
    for table, row in rows.by_table():
        for column, cell in row.items():
            if type(cell) not in _kinds(table, column):
                yield table, row, column


@cache
def _kinds(table: str, column: str) -> tuple[type, ...]:
    if column in _BYTES or (table, column) == ("events", "body"):
        return (bytes,)
    if column in _OR_NONE:
        return int, type(None)
    return (int,) if column in _INTEGERS else (str,)
