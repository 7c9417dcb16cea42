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
from caseflow.ports import NEVER, Quarantined, Query, Store
from caseflow.ports.records import Aside


class Page(Value):
    """Some cases in the order of their list, and the cursor for those after them.

    Attributes:
        cursor: empty on the last page.
        quarantined: what lies among them and cannot be read; it takes nobody's place.
    """

    cases: tuple[Case, ...]
    cursor: str = ""
    quarantined: tuple[Quarantined, ...] = ()

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)


def page_of(store: Store, query: Query, *, limit: int, cursor: str, aside: Aside) -> Page:
    """The cases of a query after the cursor.

    Args:
        limit: at most so many, 1 to 1000.
        cursor: where the last page ended; empty for the first.
        aside: is told of what is set aside, beside the page's own list.

    Raises:
        BadInput: a limit out of bounds, a cursor that is none.
    """
    if type(limit) is not int or not 1 <= limit <= 1000:
        raise BadInput("bad-option", what="limit", found=f"{limit!a}, expected 1 to 1000")
    for what, name in (("unit", query.unit), ("state", query.state)):
        if name is not None:
            checked_name(what, name)
    bad: list[Quarantined] = []
    query = query.replace(after=_place(cursor) if cursor else None, limit=limit + 1)
    cases = store.find(query, aside=bad.append)
    for one in bad:
        aside(one)
    if len(cases) <= limit:
        return Page(cases, quarantined=tuple(bad))
    return Page(cases[:limit], _cursor(*query.place(cases[limit - 1])), tuple(bad))


def _cursor(at: int, last: str) -> str:
    """Where a page ends that ends with the case: letters, digits, ``-`` and ``_``, whatever its id holds."""
    place = json.dumps([None if at == NEVER else at, last])
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[int | None, str]:
    try:
        due, case_id = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput("bad-cursor", what="cursor", found=cursor) from error
    named = type(case_id) is str and case_id.isprintable()
    if not named or not (due is None or (type(due) is int and EARLIEST <= due <= LATEST)):
        raise BadInput("bad-cursor", what="cursor", found=cursor)
    return due, case_id
