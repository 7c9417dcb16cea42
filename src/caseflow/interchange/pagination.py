"""What leaves a store: its feed and its cases, all of them or those that have changed since a position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from caseflow.core.value import Value
from caseflow.errors import BadRecord, UnknownCase, is_of_the_store
from caseflow.ports import Quarantined, Recorded, Store
from caseflow.ports.protocols import Movable
from caseflow.ports.records import Aside, Kept
from caseflow.stores.copy import PAGE


class Exported(Value):
    """What an export wrote, and what it could not.

    Attributes:
        count: rows, commands or cases that were written.
        newer: how many events are kept that it left out, since the feed does not show them yet or they came
            meanwhile. An export after the position has them; see `caseflow.stores.sql.feed`.
        position: of the feed, to go on after; 0 where the feed was not read.
        quarantined: what could not be read or written, by name; the rest is whole.
    """

    count: int
    newer: int = 0
    position: int = 0
    quarantined: tuple[Quarantined, ...] = ()


def feed(store: Store, since: int = 0) -> Iterator[Recorded]:
    """Every event after the position, in the feed's order."""
    while page := store.feed(since, limit=PAGE):
        yield from page
        if page[-1].position <= since:
            return
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


def kept_cases(store: Movable, aside: Aside, ids: Iterable[str] | None = None) -> Iterator[Kept]:
    """All that is kept of the cases, in the order of ids; `aside` is told of each that cannot be read."""
    for case_id in _ids(store) if ids is None else sorted(ids):
        try:
            kept = store.kept(case_id)
            if kept is None:
                raise UnknownCase(case_id)
            if not kept.links:
                raise BadRecord("bad-case", case=case_id, found="0 events")
        except Exception as error:
            if is_of_the_store(error):
                raise
            if case_id or not isinstance(error, UnknownCase):
                aside(Quarantined.of("case", case_id, error))
            continue
        yield kept


def _ids(store: Movable) -> Iterator[str]:
    """Every id; the empty one too, which no case should have and no list begins with."""
    after = ""
    yield after
    while page := store.heads(after, limit=PAGE):
        yield from (head.case_id for head in page)
        if page[-1].case_id <= after:
            return
        after = page[-1].case_id
