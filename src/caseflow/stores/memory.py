"""A store in memory: for tests, simulations and replays. It keeps events encoded, so it proves the codec."""

from __future__ import annotations

import heapq
import json
from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from threading import RLock
from typing import Any, Self

import msgspec

from caseflow import forks
from caseflow.core.bounds import EARLIEST
from caseflow.core.model.case import Case
from caseflow.core.model.events import Event
from caseflow.core.notices import Document, Draft, Held, Notice, Outcome, Posted
from caseflow.errors import BadRecord, KeyReused, Stale, StoreError
from caseflow.ports import Append, KeyClaim, Query, Recorded, Text, is_redacted_by
from caseflow.ports.records import NEVER, Aside, CaseCount, Head, Kept, Link
from caseflow.ports.title_search import holds
from caseflow.serialization.codec import chained, encode, recorded
from caseflow.stores.memory_outbox import MemoryOutbox, MemoryRegister, apart, copied

_END = b"\0"
"""Stands after each of the encoded events and texts of a case: no JSON holds it."""


_Copies = tuple[Sequence[Notice], Sequence[Draft]]


class MemoryStore:
    """Cases in memory, lost with the process. Safe to share between threads.

    Beside the newest case of each id lie its events and its texts, encoded, each in one piece: so they take
    half the room. Cases that become due at the same instant share one set, and the instants stand in order.
    A memory has nobody to be guarded against, so the audit chain is computed when it is asked for.

    Args:
        pinned: documents of policies that it keeps from the first, as JSON text under their content hash.
    """

    def __init__(self, *, pinned: Mapping[str, str] | None = None) -> None:
        self._lock = RLock()
        forks.watch(self)
        self._cases: dict[str, Case] = {}
        self._bodies: dict[str, bytes] = {}
        self._texts: dict[str, bytes] = {}
        self._keys: dict[tuple[str, str], KeyClaim] = {}
        self._documents: dict[str, str] = dict(pinned or {})
        self._feed: list[str] = []
        self._feed_versions = array("I")
        self._due: dict[int, set[str]] = {}
        self._paged: tuple[int, list[str]] = (0, [])
        self._instants: list[int] = []
        self._waiting: dict[str, int] = {}
        self._outbox = MemoryOutbox()
        self._register = MemoryRegister()

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none."""
        return self._cases.get(case_id)

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none."""
        with self._lock:
            bodies = self._history(case_id)
        return tuple(map(recorded, bodies))

    def _history(self, case_id: str) -> list[bytes]:
        """The encoded events of the case, oldest first."""
        return self._bodies.get(case_id, b"").split(_END)[:-1]

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every personal text of the case that was not redacted, in the order it came."""
        with self._lock:
            bodies = self._texts.get(case_id, b"")
        return tuple(map(_text_of, bodies.split(_END)[:-1]))

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with all that goes with them and an idempotency key.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key was taken in the meantime.
        """
        written: list[tuple[Append, Sequence[bytes], bytes, _Copies | None]] = []
        for entry in appends:  # what cannot be encoded is refused before anything is changed
            more = _copied(entry) if entry.has_more else None
            texts = _joined(map(_body_of, entry.texts)) if entry.texts else b""
            written.append((entry, tuple(map(encode, entry.events)), texts, more))
        with self._lock:
            is_twice = len(appends) > 1 and len({entry.case.id for entry in appends}) < len(appends)
            for entry in appends:
                known = self._cases.get(entry.case.id)
                version = 0 if known is None else known.version
                if version != entry.expected or is_twice:
                    raise Stale(entry.case.id, expected=entry.expected, found=version)
            if claim is not None:
                if (claim.actor, claim.key) in self._keys:
                    raise KeyReused(claim.key, actor=claim.actor)
                self._keys[claim.actor, claim.key] = claim
            for entry, bodies, texts, more in written:
                if more is not None:
                    self._add_more(entry, *more)
                self._add(entry, bodies, texts)

    def _add(self, entry: Append, encoded: Sequence[bytes], texts: bytes) -> None:
        case = entry.case
        case_id, due = case.id, case.next_due_us
        before = self._cases.get(case_id)
        self._cases[case_id] = case
        was_due = None if before is None else before.next_due_us
        if encoded:
            known = b"" if before is None else self._bodies[case_id]
            self._bodies[case_id] = known + _joined(encoded)
            for version, _ in enumerate(encoded, entry.expected + 1):
                self._feed.append(case_id)
                self._feed_versions.append(version)
        if texts:
            self._texts[case_id] = self._texts.get(case_id, b"") + texts
        if due != was_due:
            self._move_due(case_id, was_due, due)
        waits = case.waits_from
        if waits is not None:
            self._waiting[case_id] = waits
        elif self._waiting:
            self._waiting.pop(case_id, None)

    def _add_more(self, entry: Append, notices: Sequence[Notice], drafts: Sequence[Draft]) -> None:
        if entry.redacts:
            case_id = entry.case.id
            self._put_texts(
                case_id,
                [
                    text
                    for text in self.texts(case_id)
                    if not is_redacted_by(entry.redacts, text.field, text.version)
                ],
            )
        if entry.cancels or entry.voids:
            self._outbox.cancel(entry.cancels)
            self._register.void(entry.voids)
        self._outbox.post(notices)
        if drafts:
            self._register.issue(drafts)

    def _put_texts(self, case_id: str, texts: Iterable[Text]) -> None:
        """These are the texts of the case."""
        self._texts[case_id] = _joined(map(_body_of, texts))

    def _move_due(self, case_id: str, before: int | None, after: int | None) -> None:
        if before is not None:
            ids = self._due[before]
            ids.discard(case_id)
            if not ids:
                del self._due[before]
                del self._instants[bisect_left(self._instants, before)]
        if after is not None:
            known = self._due.get(after)
            if known is None:
                self._due[after] = {case_id}
                insort(self._instants, after)
            else:
                known.add(case_id)

    def recall(self, actor: str, key: str) -> KeyClaim | None:
        """What the key of that actor stands for; `None` when it is free."""
        with self._lock:
            return self._keys.get((actor, key))

    def due(
        self, before: int, *, limit: int, after: tuple[int, str] | None = None
    ) -> tuple[tuple[int, str], ...]:
        """``(next due, id)`` of cases due at or before the instant, in that order, after the given one."""
        due: list[tuple[int, str]] = []
        since, last = after or (EARLIEST, "")
        with self._lock:
            instants = self._instants
            for instant in instants[bisect_left(instants, since) : bisect_right(instants, before)]:
                again = after is not None and instant == since
                ids, live = self._page(instant, again=again), self._due[instant]
                begin = bisect_right(ids, last) if again else 0
                due += [(instant, i) for i in islice((i for i in ids[begin:] if i in live), limit - len(due))]
                if len(due) >= limit:
                    break
        return tuple(due)

    def _page(self, instant: int, *, again: bool) -> list[str]:
        """The ids due at that instant, sorted; the same list again while a sweep pages through it."""
        if not again or self._paged[0] != instant:
            self._paged = (instant, sorted(self._due[instant]))
        return self._paged[1]

    def next_due(self) -> int | None:
        """The earliest next due instant of all cases; `None` when nothing will ever fire."""
        with self._lock:
            return self._instants[0] if self._instants else None

    def waiting(self, before: int) -> int:
        """How many cases have a rung whose "not before" has passed while it waits for a calendar."""
        with self._lock:
            return sum(waits <= before for waits in self._waiting.values())

    def find(self, query: Query, *, aside: Aside | None = None) -> tuple[Case, ...]:
        """The cases of a query, in its order; see `caseflow.ports.Query`."""
        with self._lock:
            is_back = query.ordering == "newest"
            keys = [query.place(case) for case in self._cases.values() if query.admits(case)]
            if query.after is not None:
                at, case_id = query.after
                seen = (NEVER if at is None else at, case_id)
                keys = [key for key in keys if (key < seen if is_back else key > seen)]
            keys.sort(reverse=is_back)
            ids = (case_id for _, case_id in keys if not query.words or self._holds(case_id, query.words))
            return tuple(self._cases[case_id] for case_id in islice(ids, query.limit))

    def _holds(self, case_id: str, words: tuple[str, ...]) -> bool:
        """Whether the case's title holds the words."""
        return any(
            holds(text.text, words)
            for text in self.texts(case_id)
            if (text.version, text.field) == (1, "title")
        )

    @property
    def searches_titles(self) -> bool:
        """They are looked at when they are asked for."""
        return True

    def search_titles(self, *, on: bool = True, progress: Callable[[int], object] = lambda _: None) -> None:
        """Nothing needs to be kept."""

    def counts(self, query: Query) -> tuple[CaseCount, ...]:
        """How many cases of a query there are, by state, unit, level and policy; see `Store.counts`."""
        with self._lock:
            counted = Counter(
                (case.state, case.unit, case.level, case.origin.policy_hash)
                for case in self._cases.values()
                if query.replace(words=()).admits(case)
            )
        return tuple(CaseCount(*names, cases=cases) for names, cases in counted.items())

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        """Events of all cases in one total order, after the position."""
        after = max(after, 0)
        with self._lock:
            entries = [
                (position + 1, self._feed[position], self._feed_versions[position])
                for position in range(after, min(after + limit, len(self._feed)))
            ]
            bodies = [self._history(case_id)[version - 1] for _, case_id, version in entries]
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

    def ready(self, now_us: int, *, limit: int) -> tuple[int, ...]:
        """Since when each notice waits that a claim would lease now: the longest first, at most `limit`."""
        with self._lock:
            return self._outbox.ready(now_us, limit=limit)

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

    def documents_many(
        self, ids: Sequence[str], *, aside: Aside | None = None
    ) -> dict[str, tuple[Document, ...]]:
        """The documents of those cases that have any, by id."""
        return {case_id: documents for case_id in ids if (documents := self.documents(case_id))}

    def issued(
        self, series: str, year: int, *, after: int = 0, limit: int = 1000, aside: Aside | None = None
    ) -> tuple[Document, ...]:
        """The documents of a series and year after that number, in the order of numbers."""
        with self._lock:
            return self._register.issued(series, year, after=after, limit=limit)

    def links(self, case_id: str) -> tuple[Link, ...]:
        """The audit chain of the case, oldest first; empty when there is no such case."""
        return chained(case_id, self._history(case_id))

    def heads(self, after: str = "", *, limit: int = 1000) -> tuple[Head, ...]:
        """The newest hash of every case whose id comes after that one, in the order of ids by code point."""
        with self._lock:
            names = heapq.nsmallest(limit, (name for name in self._bodies if name > after))
            known = {name: self._history(name) for name in names}
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
                known = len(self._history(case.id))
                self._texts.pop(case.id, None)
                bodies = [link.body for link in kept.links[known:]]
                self._add(Append(case, known, ()), bodies, _joined(map(_body_of, kept.texts)))
                self._outbox.take_over(kept.notices)
                self._register.take_over(kept.documents)

    def _check_same_history(self, kept: Kept) -> None:
        known = self._history(kept.case.id)
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
            document: dict[str, Any] | None = None if text is None else json.loads(text)
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


def _joined(parts: Iterable[bytes]) -> bytes:
    """The parts, each with its end, in as many bytes as they have."""
    return _END.join((*parts, b""))


def _body_of(text: Text) -> bytes:
    return _encode((text.version, text.field, text.salt, text.text))


def _text_of(body: bytes) -> Text:
    return Text(*_decode(body))


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[int, str, str, str]).decode


def _copied(entry: Append) -> _Copies:
    """The notices and drafts with bodies of their own, proved to be JSON."""
    return tuple(map(copied, entry.notices)), tuple(map(copied, entry.documents))
