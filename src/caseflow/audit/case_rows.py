"""What the audit reads: a store's rows as they lie there, case by case in the order of ids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from itertools import groupby, pairwise
from typing import Any

from caseflow.core.value import Value
from caseflow.errors import StoreError
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

_INTEGERS = frozenset(
    {"version", "due_order", "position", "submitted", "at_us", "attempts", "year", "number"}
)
_BYTES = frozenset({"snapshot", "head", "hash"})
_OR_NONE = frozenset({"next_due", "deadline", "waits", "next_try", "lease_end", "told", "voided"})

RawRow = Mapping[str, Any]
"""Column -> value, as the database has it."""


class CaseRows(Value):
    """Every row that speaks of one case id.

    Attributes:
        before: an id that comes before this one, with none between them when it was read; `None` when it is
            the first.
        case: its own row; `None` when that is not there.
        unread: why the place could not read its rows; empty when it could.
    """

    case_id: str
    before: str | None
    case: RawRow | None = None
    helpers: tuple[RawRow, ...] = ()
    events: tuple[RawRow, ...] = ()
    texts: tuple[RawRow, ...] = ()
    notices: tuple[RawRow, ...] = ()
    documents: tuple[RawRow, ...] = ()
    unread: str = ""

    def by_table(self) -> Iterator[tuple[str, RawRow]]:
        """Each row with the name of its table."""
        if self.case is not None:
            yield "cases", self.case
        for table in TABLES:
            for row in getattr(self, table):
                yield table, row


TABLES = ("helpers", "events", "texts", "notices", "documents")
"""The tables with any number of rows for a case."""


def by_case(store: Auditable) -> Iterator[CaseRows]:
    """The rows of every case id that any row names, an empty one too, in the order of ids.

    What the place cannot read is set aside by name, and the rest goes on.
    """
    after: str | None = None
    while True:
        try:
            page = _page(store, after)
        except StoreError as error:
            refuse_unless_of_data(error)
            yield CaseRows(case_id=after or "", before=after, unread=f"cases: {error}")
            return
        yield from _window(store, page.rows, after, page.upto)
        if page.upto is None:
            return
        after = page.upto


class _Page(Value):
    """Rows of cases, up to one whose id can be asked for; without an ``upto`` nothing follows."""

    rows: tuple[RawRow, ...]
    upto: str | None = None


def _page(store: Auditable, after: str | None) -> _Page:
    """The next cases, as many as can be read at once."""
    limit = PAGE
    while True:
        try:
            rows = store.raw("cases", after=after, limit=limit)
        except StoreError as error:
            refuse_unless_of_data(error)
            if limit == 1:
                raise
            limit = max(1, limit // 4)
            continue
        if len(rows) < limit:
            return _Page(rows)
        for last in reversed(range(limit)):
            if is_text(rows[last]["id"]):
                return _Page(rows[: last + 1], rows[last]["id"])
        limit *= 4


def is_text(cell: object) -> bool:
    """Whether it is a text that was decoded whole."""
    if type(cell) is not str:
        return False
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def refuse_unless_of_data(error: StoreError) -> None:
    """Raise the error again unless it is about what is kept: then it is a finding, not the end."""
    if error.code not in ("store-failed", "store-foreign"):
        raise error


def _window(
    store: Auditable, cases: Sequence[RawRow], after: str | None, upto: str | None
) -> Iterator[CaseRows]:
    """The rows of the ids between; of each by itself where they cannot be read together."""
    try:
        rows = rows_between(store, after, upto, cases=cases)
    except StoreError as error:
        refuse_unless_of_data(error)
        rows = list(_one_by_one(store, cases, after, upto))
    yield from rows


def _one_by_one(
    store: Auditable, cases: Sequence[RawRow], after: str | None, upto: str | None
) -> Iterator[CaseRows]:
    ids = [name for name in (row["id"] for row in cases) if is_text(name) and (upto is None or name <= upto)]
    for before, name in pairwise((after, *ids, *(() if upto is not None else (None,)))):
        try:
            rows = rows_between(store, before, name)
        except StoreError as error:
            refuse_unless_of_data(error)
            rows = [CaseRows(case_id=name or "", before=before, unread=str(error))]
        yield from rows


def read_again(store: Auditable, rows: CaseRows) -> CaseRows | None:
    """The same case's rows as they lie there now; `None` when there are none, or they cannot be asked for."""
    if rows.unread or not is_text(rows.case_id):
        return None
    try:
        cases = rows_between(store, rows.before, rows.case_id)
    except StoreError as error:
        refuse_unless_of_data(error)
        return None
    return next((case for case in cases if case.case_id == rows.case_id), None)


def rows_between(
    store: Auditable, after: str | None, upto: str | None, *, cases: Sequence[RawRow] | None = None
) -> list[CaseRows]:
    """The rows of every case id after the one, up to and with the other.

    Args:
        cases: the rows of the cases from the one on, if they were read already.
    """
    if cases is None:
        cases = store.raw("cases", after=after, upto=upto)
    by_id = {str(row["id"]): row for row in cases}
    tables = {table: rows_by_case(store, table, after, upto) for table in TABLES}
    ids = sorted({*by_id, *(name for table in tables.values() for name in table)})
    befores: list[str | None] = [after]
    for name in ids:
        befores.append(name if is_text(name) else befores[-1])
    return [
        CaseRows(
            case_id=name, before=before, case=by_id.get(name), helpers=tables["helpers"].get(name, ()),
            events=tables["events"].get(name, ()), texts=tables["texts"].get(name, ()),
            notices=tables["notices"].get(name, ()), documents=tables["documents"].get(name, ()),
        )
        for name, before in zip(ids, befores, strict=False)
    ]  # fmt: skip


def rows_by_case(
    store: Auditable, table: str, after: str | None, upto: str | None
) -> dict[str, tuple[RawRow, ...]]:
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
            if type(cell) not in _kinds(table, column) or (type(cell) is str and not is_text(cell)):
                yield table, row, column


@cache
def _kinds(table: str, column: str) -> tuple[type, ...]:
    if column in _BYTES or (table, column) == ("events", "body"):
        return (bytes,)
    if column in _OR_NONE:
        return int, type(None)
    return (int,) if column in _INTEGERS else (str,)
