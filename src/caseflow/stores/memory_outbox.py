"""Notices and documents in memory: rows in order, and a heap of what is ready when."""

from __future__ import annotations

import heapq
import json
from array import array
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, TypeAlias, TypeVar

from caseflow.core import notices as o
from caseflow.core.value import Value
from caseflow.errors import StoreError

_Bodied = TypeVar("_Bodied", o.Notice, o.Draft)


_Container: TypeAlias = "dict[Any, Any] | list[Any] | set[Any] | array[int] | MemoryOutbox | MemoryRegister"

_NAMES, _PLAIN = {str}, {str, int, bool, type(None)}


def copied(item: _Bodied) -> _Bodied:
    """The notice or draft with a body of its own, which must be JSON-able; a flat one is copied as it is."""
    body = item.body
    if not body:
        return item
    is_flat = _PLAIN.issuperset(map(type, body.values())) and _NAMES.issuperset(map(type, body))
    return item.replace(body=dict(body) if is_flat else json.loads(json.dumps(body)))


def apart(held: _Container | Value | bytes | str | int | None) -> Any:
    """What a store holds, its containers copied and the values in them shared: those never change."""
    match held:
        case dict():
            return {key: apart(part) for key, part in held.items()}
        case list():
            return [apart(part) for part in held]
        case set() | array():
            return copy(held)
        case MemoryOutbox() | MemoryRegister():
            other = copy(held)
            for name, part in vars(held).items():
                setattr(other, name, apart(part))
            return other
        case _:
            return held


class MemoryOutbox:
    """The notices of a `MemoryStore`, which holds its lock around every call.

    A heap holds ``(next try, position)``; an entry counts only while its notice still says so.
    """

    def __init__(self) -> None:
        self._rows: list[o.Posted] = []
        self._lease_ends: dict[int, int] = {}
        self._by_id: dict[str, int] = {}
        self._by_case: dict[str, list[int]] = {}
        self._ready: list[tuple[int, int]] = []

    def post(self, notices: Iterable[o.Notice]) -> None:
        """Add notices; those whose id is known stay as they are."""
        for notice in notices:
            if notice.id in self._by_id:
                continue
            position = len(self._rows) + 1
            self._by_id[notice.id] = position
            self._by_case.setdefault(notice.case_id, []).append(position)
            self._rows.append(o.Posted(position, notice, next_try_us=notice.at_us))
            heapq.heappush(self._ready, (notice.at_us, position))

    def take_over(self, rows: Iterable[o.Posted]) -> None:
        """Add or replace notices with their states; one that was told from here stays as it is.

        A lease of a cancelled one counts as run out.
        """
        for row in rows:
            self.post((row.notice,))
            position = self._by_id[row.notice.id]
            if self._rows[position - 1].status in o.TOLD:
                continue
            self._lease_ends[position] = row.next_try_us or 0
            self._put(row.replace(position=position))

    def cancel(self, ids: Iterable[str]) -> None:
        """Cancel those that nobody was told; one in a relay's hands keeps its token."""
        for name in ids:
            row = self._of(name)
            if row is not None and row.status in (o.PENDING, o.LEASED, o.DEAD):
                self._put(row.replace(status=o.CANCELLED, next_try_us=None, error=o.TAKEN_BACK))

    def claim(self, now_us: int, *, limit: int, lease_us: int, token: str) -> tuple[o.Held, ...]:
        """Lease what is ready to the token."""
        held: list[o.Held] = []
        while self._ready and self._ready[0][0] <= now_us and len(held) < limit:
            next_try, position = heapq.heappop(self._ready)
            row = self._rows[position - 1]
            if row.next_try_us != next_try:
                continue
            end = now_us + lease_us
            self._lease_ends[position] = end
            if row.status == o.LEASED and row.told_us is None:
                row = row.replace(told_us=now_us)  # its lease ran out without a word
            row = row.replace(status=o.LEASED, attempts=row.attempts + 1, next_try_us=None, token=token)
            self._rows[position - 1] = row
            held.append(o.Held(row.notice, token, row.attempts, reached=row.reached))
        for item in held:  # only now may they be claimed again, however short the lease
            position = self._by_id[item.notice.id]
            self._put(self._rows[position - 1].replace(next_try_us=self._lease_ends[position]))
        return tuple(item.replace(corrected=self._corrected(item.notice.corrects, now_us)) for item in held)

    def ready(self, now_us: int, *, limit: int) -> tuple[int, ...]:
        """Since when each notice waits that a claim would lease now."""
        waits = (row.next_try_us for row in self._rows)
        return tuple(heapq.nsmallest(limit, (us for us in waits if us is not None and us <= now_us)))

    def _corrected(self, name: str, now_us: int) -> str:
        row = self._of(name)
        if row is None:
            return ""
        end = self._lease_ends.get(row.position, 0)
        return o.corrected(row.status, token=row.token, lease_end=end, told_us=row.told_us, now_us=now_us)

    def settle(self, outcomes: Sequence[o.Outcome]) -> tuple[str, ...]:
        """Record outcomes that come with the lease's own token; the ids settled."""
        return tuple([outcome.id for outcome in outcomes if self._is_settled(outcome)])

    def _is_settled(self, outcome: o.Outcome) -> bool:
        row = self._of(outcome.id)
        if row is None or not outcome.token or row.token != outcome.token:
            return False
        if row.status == o.CANCELLED and outcome.status != o.SENT:
            self._put(row.replace(token="", told_us=_first(outcome.told_us, row.told_us)))
            return False
        again = outcome.status == o.RETRY
        self._put(
            row.replace(
                status=o.PENDING if again else outcome.status,
                next_try_us=outcome.at_us if again else None,
                attempts=row.attempts - outcome.untried,
                told_us=_first(outcome.at_us if outcome.status == o.SENT else outcome.told_us, row.told_us),
                error=outcome.error, into=outcome.into, reached=outcome.reached, token="",
            )
        )  # fmt: skip
        return True

    def requeue(self, ids: Iterable[str], now_us: int) -> tuple[str, ...]:
        """Make dead notices pending again; their ids."""
        done: list[str] = []
        for name in ids:
            row = self._of(name)
            if row is not None and row.status == o.DEAD:
                self._put(row.replace(status=o.PENDING, attempts=0, next_try_us=now_us))
                done.append(name)
        return tuple(done)

    def notices(self, *, case_id: str, status: str, after: int, limit: int) -> tuple[o.Posted, ...]:
        """Notices after the position, of one case, of one status."""
        after = min(max(after, 0), len(self._rows))
        positions = self._by_case.get(case_id, []) if case_id else range(after + 1, len(self._rows) + 1)
        rows: list[o.Posted] = []
        for position in positions:
            row = self._rows[position - 1]
            if len(rows) == limit:
                break
            if position > after and status in ("", row.status):
                rows.append(row)
        return tuple(rows)

    def _of(self, name: str) -> o.Posted | None:
        position = self._by_id.get(name)
        return None if position is None else self._rows[position - 1]

    def _put(self, row: o.Posted) -> None:
        self._rows[row.position - 1] = row
        if row.next_try_us is not None:
            heapq.heappush(self._ready, (row.next_try_us, row.position))


def _first(told_us: int | None, known: int | None) -> int | None:
    return known if told_us is None else told_us


class MemoryRegister:
    """The numbered documents of a `MemoryStore`, which holds its lock around every call."""

    def __init__(self) -> None:
        self._by_id: dict[str, o.Document] = {}
        self._by_case: dict[str, list[str]] = {}
        self._series: dict[tuple[str, int], dict[int, str]] = {}
        self._latest: dict[tuple[str, int], int] = {}

    def issue(self, drafts: Iterable[o.Draft]) -> None:
        """Number documents, one after the other; those whose id is known stay as they are."""
        for draft in drafts:
            if draft.id in self._by_id:
                continue
            key = (draft.series, draft.year)
            number = self._latest[key] = self._latest.get(key, 0) + 1
            self._series.setdefault(key, {})[number] = draft.id
            self._by_case.setdefault(draft.case_id, []).append(draft.id)
            self._by_id[draft.id] = o.Document(draft, number)

    def check_free(self, case_id: str, documents: Iterable[o.Document]) -> None:
        """Raise unless the numbers are free, or these documents'."""
        for document in documents:
            d, number = document.draft, document.number
            if self._series.get((d.series, d.year), {}).get(number, d.id) != d.id:
                raise StoreError("store-diverged", case=case_id, found=f"{d.series} {d.year} {number}")

    def take_over(self, documents: Iterable[o.Document]) -> None:
        """Add or replace documents with their numbers; those between are still to come."""
        for document in documents:
            d, number = document.draft, document.number
            key = (d.series, d.year)
            self._series.setdefault(key, {})[number] = d.id
            self._latest[key] = max(number, self._latest.get(key, 0))
            if d.id not in self._by_id:
                self._by_case.setdefault(d.case_id, []).append(d.id)
            self._by_id[d.id] = document

    def void(self, voids: Iterable[o.Void]) -> None:
        """Void documents; unknown and voided ones are passed over."""
        for void in voids:
            document = self._by_id.get(void.id)
            if document is not None and not document.is_void:
                self._by_id[void.id] = document.replace(voided_us=void.at_us, void_reason=void.reason)

    def documents(self, case_id: str) -> tuple[o.Document, ...]:
        """The documents of a case, in the order they were issued."""
        return tuple(self._by_id[name] for name in self._by_case.get(case_id, ()))

    def issued(self, series: str, year: int, *, after: int, limit: int) -> tuple[o.Document, ...]:
        """The documents of a series and year after that number."""
        ids = self._series.get((series, year), {})
        numbers = heapq.nsmallest(limit, (number for number in ids if number > after))
        return tuple(self._by_id[ids[number]] for number in numbers)
