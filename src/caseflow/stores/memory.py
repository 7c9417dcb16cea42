"""A store in memory: for tests, simulations and replays. It keeps encoded events, so it proves the codec."""

from __future__ import annotations

import heapq
import json
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from itertools import islice
from threading import RLock
from typing import Any, Self

from caseflow import forks
from caseflow.core.model.case import Case
from caseflow.core.model.events import Event
from caseflow.core.notices import Document, Draft, Held, Notice, Outcome, Posted
from caseflow.errors import BadRecord, KeyReused, Stale, StoreError
from caseflow.ports import Append, KeyClaim, Query, Recorded, Text, is_redacted_by
from caseflow.ports.records import NEVER, Aside, Head, Kept, Link
from caseflow.serialization.codec import encode, recorded
from caseflow.serialization.hash_chain import chained
from caseflow.stores.memory_outbox import MemoryOutbox, MemoryRegister, apart, copied


class MemoryStore:
    """Cases in memory, lost with the process. Safe to share between threads.

    Beside the newest case of each id lie its encoded events and texts. Cases that become due at the same
    instant share one set; a heap holds the instants to come, a sorted list those that were asked for. A
    memory has nobody to be guarded against, so the audit chain is computed when it is asked for.

    Args:
        pinned: documents of policies that it keeps from the first, as JSON text under their content hash.
    """

    def __init__(self, *, pinned: Mapping[str, str] | None = None) -> None:
        self._lock = RLock()
        forks.watch(self)
        self._cases: dict[str, Case] = {}
        self._bodies: dict[str, list[bytes]] = {}
        self._texts: dict[str, list[Text]] = {}
        self._keys: dict[tuple[str, str], KeyClaim] = {}
        self._documents: dict[str, str] = dict(pinned or {})
        self._feed: list[str] = []
        self._feed_versions = array("L")
        self._due: dict[int, set[str]] = {}
        self._paged: tuple[int, list[str]] = (0, [])
        self._instants: list[int] = []
        self._ripe: list[int] = []
        self._worth_sorting_out = 64
        self._waiting: dict[str, int] = {}
        self._outbox = MemoryOutbox()
        self._register = MemoryRegister()

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none."""
        return self._cases.get(case_id)

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none."""
        with self._lock:
            bodies = tuple(self._bodies.get(case_id, ()))
        return tuple(recorded(body) for body in bodies)

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every personal text of the case that was not redacted, in the order it came."""
        with self._lock:
            return tuple(self._texts.get(case_id, ()))

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with all that goes with them and an idempotency key.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key was taken in the meantime.
        """
        written = [(entry, [encode(event) for event in entry.events], *_bodies(entry)) for entry in appends]
        with self._lock:
            named = {entry.case.id for entry in appends} if len(appends) > 1 else ()
            for entry in appends:
                known = self._cases.get(entry.case.id)
                version = 0 if known is None else known.version
                if version != entry.expected or (named and len(named) < len(appends)):
                    raise Stale(entry.case.id, expected=entry.expected, found=version)
            if claim is not None:
                if (claim.actor, claim.key) in self._keys:
                    raise KeyReused(claim.key, actor=claim.actor)
                self._keys[claim.actor, claim.key] = claim
            for entry, bodies, notices, drafts in written:
                if entry.has_more:
                    self._add_more(entry, notices, drafts)
                self._add(entry, bodies)

    def _add(self, entry: Append, encoded: list[bytes]) -> None:
        case = entry.case
        case_id, due, version = case.id, case.next_due_us, entry.expected
        before = self._cases.get(case_id)
        self._cases[case_id] = case
        bodies = self._bodies.get(case_id)
        if bodies is None:
            bodies = self._bodies[case_id] = []
        for body in encoded:
            version += 1
            bodies.append(body)
            self._feed.append(case_id)
            self._feed_versions.append(version)
        if entry.texts:
            self._texts.setdefault(case_id, []).extend(entry.texts)
        was_due = before.next_due_us if before is not None else None
        if due != was_due:
            self._move_due(case_id, was_due, due)
        waits = case.waits_from
        if waits is not None:
            self._waiting[case_id] = waits
        elif self._waiting:
            self._waiting.pop(case_id, None)

    def _add_more(self, entry: Append, notices: Sequence[Notice], drafts: Sequence[Draft]) -> None:
        if entry.redacts:
            self._texts[entry.case.id] = [
                text
                for text in self._texts.get(entry.case.id, ())
                if not is_redacted_by(entry.redacts, text.field, text.version)
            ]
        self._outbox.cancel(entry.cancels)
        self._register.void(entry.voids)
        self._outbox.post(notices)
        self._register.issue(drafts)

    def _move_due(self, case_id: str, before: int | None, after: int | None) -> None:
        if before is not None:
            self._due[before].discard(case_id)
        if after is not None:
            ids = self._due.get(after)
            if ids is None:
                ids = self._due[after] = set()
                heapq.heappush(self._instants, after)
            ids.add(case_id)

    def recall(self, actor: str, key: str) -> KeyClaim | None:
        """What the key of that actor stands for; `None` when it is free."""
        with self._lock:
            return self._keys.get((actor, key))

    def due(
        self, before: int, *, limit: int, after: tuple[int, str] | None = None
    ) -> tuple[tuple[int, str], ...]:
        """``(next due, id)`` of cases due at or before the instant, in that order, after the given one."""
        due: list[tuple[int, str]] = []
        with self._lock:
            self._ripen(before)
            begin = 0 if after is None else bisect_left(self._ripe, after[0])
            for place in range(begin, bisect_right(self._ripe, before)):
                instant = self._ripe[place]
                ids = self._page(instant, again=after is not None and instant == after[0])
                begin = bisect_right(ids, after[1]) if after is not None and instant == after[0] else 0
                live = self._due[instant]
                due += [(instant, i) for i in islice((i for i in ids[begin:] if i in live), limit - len(due))]
                if len(due) >= limit:
                    break
        return tuple(due)

    def _ripen(self, before: int) -> None:
        """Move the instants up to that one over; now and then those go at which nothing is due any more."""
        if len(self._ripe) > self._worth_sorting_out:
            for instant in self._ripe:
                if not self._due[instant]:
                    del self._due[instant]
            self._ripe = [instant for instant in self._ripe if instant in self._due]
            self._worth_sorting_out = 2 * len(self._ripe) + 64
        while self._instants and self._instants[0] <= before:
            insort(self._ripe, heapq.heappop(self._instants))

    def _page(self, instant: int, *, again: bool) -> list[str]:
        """The ids due at that instant, sorted; the same list again while a sweep pages through it."""
        if not again or self._paged[0] != instant:
            self._paged = (instant, sorted(self._due[instant]))
        return self._paged[1]

    def next_due(self) -> int | None:
        """The earliest next due instant of all cases; `None` when nothing will ever fire."""
        with self._lock:
            while self._instants and not self._due[self._instants[0]]:
                del self._due[heapq.heappop(self._instants)]
            ripe = next((instant for instant in self._ripe if self._due[instant]), None)
            firsts = (*self._instants[:1], *(() if ripe is None else (ripe,)))
        return min(firsts, default=None)

    def waiting(self, before: int) -> int:
        """How many cases have a rung whose "not before" has passed while it waits for a calendar."""
        with self._lock:
            return sum(waits <= before for waits in self._waiting.values())

    def find(self, query: Query, *, aside: Aside | None = None) -> tuple[Case, ...]:
        """The cases of a query, in its order; see `caseflow.ports.Query`."""
        with self._lock:
            keys = sorted(query.place(case) for case in self._cases.values() if _fits(case, query))
            if query.after is not None:
                at, case_id = query.after
                seen = (NEVER if at is None else at, case_id)
                keys = [key for key in keys if key > seen]
            return tuple(self._cases[case_id] for _, case_id in keys[: query.limit])

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        """Events of all cases in one total order, after the position."""
        after = max(after, 0)
        with self._lock:
            entries = [
                (position + 1, self._feed[position], self._feed_versions[position])
                for position in range(after, min(after + limit, len(self._feed)))
            ]
            bodies = [self._bodies[case_id][version - 1] for _, case_id, version in entries]
        return tuple(Recorded(*entry, recorded(body)) for entry, body in zip(entries, bodies, strict=True))

    def newer(self, after: int) -> int:
        """How many events are kept behind the position; the feed shows all of them."""
        return max(len(self._feed) - max(after, 0), 0)

    def claim(
        self, now_us: int, *, limit: int, lease_us: int, token: str, aside: Aside | None = None
    ) -> tuple[Held, ...]:
        """Lease ready notices to the token, in the order of (next try, position)."""
        with self._lock:
            return self._outbox.claim(now_us, limit=limit, lease_us=lease_us, token=token)

    def settle(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Record what became of claimed notices; returns the ids settled, in the order given."""
        with self._lock:
            return self._outbox.settle(outcomes)

    def notices(
        self,
        *,
        case_id: str = "",
        status: str = "",
        after: int = 0,
        limit: int = 1000,
        aside: Aside | None = None,
    ) -> tuple[Posted, ...]:
        """Notices after the position, in the order of positions; of one case, of one status."""
        with self._lock:
            return self._outbox.notices(case_id=case_id, status=status, after=after, limit=limit)

    def requeue(self, ids: Sequence[str], now_us: int) -> tuple[str, ...]:
        """Make dead notices pending again from now on, their attempts counted anew; returns their ids."""
        with self._lock:
            return self._outbox.requeue(ids, now_us)

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The documents of a case, in the order they were issued."""
        with self._lock:
            return self._register.documents(case_id)

    def issued(
        self, series: str, year: int, *, after: int = 0, limit: int = 1000, aside: Aside | None = None
    ) -> tuple[Document, ...]:
        """The documents of a series and year after that number, in the order of numbers."""
        with self._lock:
            return self._register.issued(series, year, after=after, limit=limit)

    def links(self, case_id: str) -> tuple[Link, ...]:
        """The audit chain of the case, oldest first; empty when there is no such case."""
        with self._lock:
            bodies = tuple(self._bodies.get(case_id, ()))
        return chained(case_id, bodies)

    def heads(self, after: str = "", *, limit: int = 1000) -> tuple[Head, ...]:
        """The newest hash of every case whose id comes after that one, in the order of ids by code point."""
        with self._lock:
            names = heapq.nsmallest(limit, (name for name in self._bodies if name > after))
            known = {name: tuple(self._bodies[name]) for name in names}
        return tuple(
            Head(name, len(bodies), chained(name, bodies)[-1].hash) for name, bodies in known.items()
        )

    def pins(self) -> tuple[str, ...]:
        """The content hashes of all documents that are kept."""
        return tuple(sorted(self._documents))

    def kept(self, case_id: str) -> Kept | None:
        """All that is kept of a case; `None` when there is none."""
        with self._lock:
            case = self._cases.get(case_id)
            if case is None:
                return None
            notices = self.notices(case_id=case_id, limit=1 << 31)
            return Kept(case, self.links(case_id), self.texts(case_id), notices, self.documents(case_id))

    def keep(self, cases: Sequence[Kept]) -> None:
        """Take over cases, all or nothing; see `caseflow.ports.protocols.Movable`."""
        with self._lock:
            for kept in cases:
                self._check_same_history(kept)
                self._register.check_free(kept.case.id, kept.documents)
            for kept in cases:
                case = kept.case
                known = len(self._bodies.get(case.id, ()))
                self._texts.pop(case.id, None)
                bodies = [link.body for link in kept.links[known:]]
                self._add(Append(case, known, (), kept.texts), bodies)
                self._outbox.take_over(kept.notices)
                self._register.take_over(kept.documents)

    def _check_same_history(self, kept: Kept) -> None:
        known = self._bodies.get(kept.case.id, ())
        if len(known) > len(kept.links) or any(
            link.body != body for link, body in zip(kept.links, known, strict=False)
        ):
            raise StoreError("store-diverged", case=kept.case.id, found=len(known))

    def keys(self, after: tuple[str, str] = ("", ""), *, limit: int = 1000) -> tuple[KeyClaim, ...]:
        """Idempotency keys after (actor, key), in that order by code point."""
        with self._lock:
            names = heapq.nsmallest(limit, (name for name in self._keys if name > after))
            return tuple(self._keys[name] for name in names)

    def keep_keys(self, claims: Sequence[KeyClaim]) -> None:
        """Take over idempotency keys; those that are there stay."""
        with self._lock:
            for claim in claims:
                self._keys.setdefault((claim.actor, claim.key), claim)

    def branched(self) -> MemoryStore:
        """A store of its own with all that this one holds; what happens in one never reaches the other."""
        with self._lock:
            branch = MemoryStore(pinned=self._documents)
            for name, held in vars(self).items():
                if name != "_lock":
                    setattr(branch, name, apart(held))
        return branch

    def pin(self, pin: str, document: Mapping[str, Any]) -> None:
        """Keep the document of a policy under its content hash; doing it twice changes nothing."""
        with self._lock:
            if pin not in self._documents:
                self._documents[pin] = json.dumps(document, ensure_ascii=False)

    def pinned(self, pin: str) -> Mapping[str, Any] | None:
        """The document of that hash; `None` when there is none."""
        text = self._documents.get(pin)
        try:
            document = None if text is None else json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadRecord("bad-policy", found=pin) from error
        if not isinstance(document, dict | None):
            raise BadRecord("bad-policy", found=pin)
        return document

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def before_fork(self) -> None:
        """Keep every thread out: a child would find its work half done, and the lock held for ever."""
        self._lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        """Go on; a child with a copy of its own."""
        if in_child:
            self._lock = RLock()
        else:
            self._lock.release()


def _bodies(entry: Append) -> tuple[Sequence[Notice], Sequence[Draft]]:
    """The notices and drafts with bodies of their own, proved to be JSON."""
    if not entry.has_more:
        return (), ()
    return [copied(notice) for notice in entry.notices], [copied(draft) for draft in entry.documents]


def _fits(case: Case, query: Query) -> bool:
    if query.unit is not None and case.unit != query.unit:
        return False
    if query.citizen is not None and case.citizen != query.citizen:
        return False
    if query.state is not None and case.state != query.state:
        return False
    if query.overdue_at is None:
        return True
    deadline = case.deadline_us
    return deadline is not None and deadline <= query.overdue_at
