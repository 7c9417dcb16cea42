"""Lists of cases: which and in which order, page by page with a cursor, and how many there are."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Literal, TypedDict, get_args

from caseflow.core.bounds import EARLIEST, LATEST
from caseflow.core.model.case import Case
from caseflow.core.time.instants import micros, zone_info
from caseflow.core.value import Value
from caseflow.desk.call_checks import checked_name
from caseflow.errors import BadInput
from caseflow.ports import NEVER, CaseCount, Quarantined, Query, Store
from caseflow.ports.records import Aside, Order
from caseflow.ports.title_search import LONGEST, words_of

Day = date | datetime | str | int
"""An instant, as everywhere; or a date, or its ISO text, for the beginning of that day in the office."""


class CountTerms(TypedDict, total=False):
    """Which cases are counted: those that all of it holds for; see `Desk.counts`."""

    unit: str | None
    helping: bool
    state: str | None
    kind: str | None
    region: str | None
    policy: str | None
    level: str | None
    since: Day | None
    until: Day | None
    overdue: bool


class ListTerms(CountTerms, total=False):
    """Which cases are listed, and in which order; see `Desk.cases`."""

    text: str
    order: Order | None


TERMS = frozenset(ListTerms.__annotations__)
"""The terms by name."""


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


class CaseCounts(Value):
    """How many cases there are.

    Attributes:
        rows: of each state, unit, level and policy that has any, in no order.
        quarantined: policies that cannot be read, whose cases are left out.
    """

    rows: tuple[CaseCount, ...]
    quarantined: tuple[Quarantined, ...] = ()

    @property
    def total(self) -> int:
        """All of them."""
        return sum(row.cases for row in self.rows)

    def by(self, what: Literal["state", "unit", "level"]) -> dict[str, int]:
        """How many of each, in the order of names; the empty name for those without a unit or a card."""
        counted = Counter[str]()
        for row in self.rows:
            counted[getattr(row, what)] += row.cases
        return dict(sorted(counted.items()))


def query_of(
    terms: CountTerms, *, text: str = "", order: Order | None = None, now_us: int, zone: str
) -> Query:
    """The query of a list.

    Args:
        now_us: what is overdue is so at this instant.
        zone: the office's, in which dates begin.

    Raises:
        TypeError: a term that there is none of, which would else list everybody's cases.
        BadInput: a term of another type, an order that is none or does not go with the rest, a word of one
            character.
    """
    if unknown := terms.keys() - TERMS:
        raise TypeError(f"no list has the term {sorted(unknown)[0]!r}; there are {', '.join(sorted(TERMS))}")
    words, orders = _words(text), get_args(Order)
    if order is not None and order not in orders:
        raise BadInput("bad-option", what="order", found=f"{order!a:.80}, expected {', '.join(orders)}")
    query = Query(
        unit=_name("unit", terms), state=_name("state", terms), kind=_name("kind", terms),
        region=_name("region", terms), policy=_name("policy", terms), level=_name("level", terms),
        since=_instant("since", terms.get("since"), zone), until=_instant("until", terms.get("until"), zone),
        overdue_at=now_us if terms.get("overdue") else None, words=words, order=order or "due",
        helping=terms.get("helping", True),
    )  # fmt: skip
    if order is not None and order != query.ordering:
        raise BadInput("not-beside", what=f"order {order}", found="text" if words else "overdue")
    return query


def _name(
    what: Literal["unit", "state", "kind", "region", "policy", "level"], terms: CountTerms
) -> str | None:
    name = terms.get(what)
    return None if name is None else checked_name(what, name)


def _words(text: str) -> tuple[str, ...]:
    words = words_of(checked_name("text", text))
    if len(text) > LONGEST:
        raise BadInput("bad-option", what="text", found=f"{len(text)} characters, expected at most {LONGEST}")
    for word in words:
        if len(word) < 2:
            raise BadInput("short-word", what="text", found=word)
    return words


def _instant(what: str, at: Day | None, zone: str) -> int | None:
    if isinstance(at, str) and len(at) == len("2025-03-03"):
        try:
            at = date.fromisoformat(at)
        except ValueError as error:
            raise BadInput("bad-instant", what=what, found=at) from error
    if isinstance(at, date) and not isinstance(at, datetime):
        at = datetime.combine(at, time.min, zone_info(zone))
    return None if at is None else micros(at, what=what)


def page_of(store: Store, query: Query, *, limit: int, cursor: str, aside: Aside) -> Page:
    """The cases of a query after the cursor.

    Args:
        limit: at most so many, 1 to 1000.
        cursor: where the last page ended; empty for the first.
        aside: is told of what is set aside, beside the page's own list.

    Raises:
        BadInput: a limit out of bounds, a cursor that is none, or of another order; ``titles-not-searched``.
    """
    if type(limit) is not int or not 1 <= limit <= 1000:
        raise BadInput("bad-option", what="limit", found=f"{limit!a}, expected 1 to 1000")
    if query.words and not getattr(store, "searches_titles", False):
        raise BadInput("titles-not-searched", what="text")
    bad: list[Quarantined] = []
    query = query.replace(after=_place(cursor, query.ordering) if cursor else None, limit=limit + 1)
    cases = store.find(query, aside=bad.append)
    for one in bad:
        aside(one)
    if len(cases) <= limit:
        return Page(cases, quarantined=tuple(bad))
    return Page(cases[:limit], cursor_of(query, cases[limit - 1]), tuple(bad))


def cursor_of(query: Query, last: Case) -> str:
    """Where a page ends that ends with the case: letters, digits, ``-`` and ``_``, whatever its id holds."""
    at, case_id = query.place(last)
    place = json.dumps([query.ordering, None if at == NEVER else at, case_id])
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str, order: Order) -> tuple[int | None, str]:
    try:
        known, at, case_id = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput("bad-cursor", what="cursor", found=cursor) from error
    named = type(case_id) is str and case_id.isprintable()
    is_instant = at is None or (type(at) is int and EARLIEST <= at <= LATEST)
    if known != order or not named or not is_instant:
        raise BadInput("bad-cursor", what="cursor", found=cursor)
    return at, case_id
