"""Lists of cases, page by page: the page, and the cursor that leads from one to the next."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator

from caseflow.core.bounds import EARLIEST, LATEST
from caseflow.core.model.case import Case
from caseflow.core.value import Value
from caseflow.desk.call_checks import checked_name
from caseflow.errors import BadInput
from caseflow.ports import Query, Store


class Page(Value):
    """Some cases in the order of (next due, id), and the cursor for those after them.

    ``cursor`` is empty on the last page.
    """

    cases: tuple[Case, ...]
    cursor: str = ""

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)


def page_of(store: Store, query: Query, *, limit: int, cursor: str) -> Page:
    """The cases of a query after the cursor.

    Args:
        limit: at most so many, 1 to 1000.
        cursor: where the last page ended; empty for the first.

    Raises:
        BadInput: a limit out of bounds, a cursor that is none.
    """
    if type(limit) is not int or not 1 <= limit <= 1000:
        raise BadInput("bad-option", what="limit", found=f"{limit!a}, expected 1 to 1000")
    for what, name in (("unit", query.unit), ("state", query.state)):
        if name is not None:
            checked_name(what, name)
    cases = store.find(query.replace(after=_place(cursor) if cursor else None, limit=limit + 1))
    if len(cases) <= limit:
        return Page(cases)
    last = cases[limit - 1]
    return Page(cases[:limit], _cursor(last))


def _cursor(last: Case) -> str:
    """Where a page ends that ends with the case: letters, digits, ``-`` and ``_``, whatever its id holds."""
    return urlsafe_b64encode(json.dumps([last.next_due_us, last.id]).encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[int | None, str]:
    try:
        due, case_id = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput("bad-cursor", what="cursor", found=cursor) from error
    named = type(case_id) is str and case_id.isprintable()
    if not named or not (due is None or (type(due) is int and EARLIEST <= due <= LATEST)):
        raise BadInput("bad-cursor", what="cursor", found=cursor)
    return due, case_id
