"""What leaves a store: its feed and its cases, all of them or those that have changed since a position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from caseflow.ports import Recorded, Store
from caseflow.ports.protocols import Movable
from caseflow.ports.records import Kept
from caseflow.stores.copy import PAGE


def feed(store: Store, since: int = 0) -> Iterator[Recorded]:
    """Every event after the position, in the feed's order."""
    while page := store.feed(since, limit=PAGE):
        yield from page
        since = page[-1].position


def newest_position(store: Store, after: int = 0) -> int:
    """The position of the newest event in the feed; `after` when there is none behind it.

    Asked for by halves, since a store tells only what comes after a position.
    """
    low, step = after, 1
    while store.feed(low + step, limit=1):
        low, step = low + step, step * 2
    high = low + step  # nothing comes after it
    while low < high:
        middle = (low + high) // 2
        page = store.feed(middle, limit=1)
        low, high = (page[0].position, high) if page else (low, middle)
    return low


def changed_since(store: Store, position: int) -> set[str] | None:
    """The ids of cases with an event after a position of the feed; `None`, for all, when it is 0."""
    return {recorded.case_id for recorded in feed(store, position)} if position else None


def kept_cases(store: Movable, ids: Iterable[str] | None = None) -> Iterator[Kept]:
    """All that is kept of the cases, in the order of ids; one that is taken away meanwhile is left out."""
    for case_id in _ids(store) if ids is None else sorted(ids):
        kept = store.kept(case_id)
        if kept is not None:
            yield kept


def _ids(store: Movable) -> Iterator[str]:
    after = ""
    while page := store.heads(after, limit=PAGE):
        yield from (head.case_id for head in page)
        after = page[-1].case_id
