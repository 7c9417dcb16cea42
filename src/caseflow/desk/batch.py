"""A batch: commands on many cases that are recorded in one append, all or none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

from caseflow.core.model.case import Case
from caseflow.core.model.events import Event
from caseflow.core.notices import Notice, Posted
from caseflow.desk.command_handler import ATTEMPTS, BATCH, CommandHandler
from caseflow.desk.typed_actions import TypedActions
from caseflow.errors import BadInput, Stale
from caseflow.ports import Append, KeyClaim, Store, Text, is_redacted_by
from caseflow.ports.records import Aside

Result = TypeVar("Result")

_NOT_POSTED = 1 << 62
"""From here on are the positions of notices that are not posted yet."""


class Batch(TypedActions):
    """The commands of a desk, each seeing what those before it in the batch did; see `Desk.batch`."""

    def has(self, case_id: str) -> bool:
        """Whether there is such a case by now."""
        return self._handler.store.load(case_id) is not None


def batched(handler: CommandHandler, work: Callable[[Batch], Result], reads: Iterable[str]) -> Result:
    """What the work returns, once all that it did is recorded; see `Desk.batch`."""
    reads = tuple(reads)
    for _ in range(ATTEMPTS - 1):
        try:
            return _tried(handler, work, reads)
        except Stale as error:
            handler.watch.conflict(str(error.data.get("case", "")), "batch")
    return _tried(handler, work, reads)


def _tried(handler: CommandHandler, work: Callable[[Batch], Result], reads: Sequence[str]) -> Result:
    pending = _Pending(handler.store, reads)
    handler.pin()
    result = work(Batch(handler.on(cast(Store, pending))))  # the rest is the store's own
    pending.record()
    return result


class _Pending:
    """A store in front of another one: what is appended to it is kept back, and read from it first.

    Lists, feeds and due instants are those of the store behind. A case is read once: should it change
    meanwhile, `record` is refused.

    Args:
        reads: the cases to be read at once, where the store can do that.
    """

    def __init__(self, store: Store, reads: Sequence[str]) -> None:
        self._store = store
        self._cases: dict[str, Case | None] = {}
        for begin in range(0, len(reads), BATCH):
            part = reads[begin : begin + BATCH]
            self._cases |= dict.fromkeys(part) | self.load_many(part)
        self._entries: dict[str, Append] = {}
        self._afterwards: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def record(self) -> None:
        """Append everything to the store behind, and do what waited for that.

        Raises:
            Stale: another writer changed one of the cases meanwhile.
        """
        if self._entries:
            self._store.append(tuple(self._entries.values()))
        deferred = getattr(self._store, "after_commit", None)
        for work in self._afterwards:
            work() if deferred is None else deferred(work)

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work once the batch is recorded."""
        self._afterwards.append(work)

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Keep it back.

        Raises:
            Stale: a case is not at its expected version.
            BadInput: an idempotency key; a batch has none.
        """
        if claim is not None:
            raise BadInput("bad-option", what="key", found=f"{claim.key!r:.80}, in a batch")
        for entry in appends:
            before = self.load(entry.case.id)
            version = 0 if before is None else before.version
            if version != entry.expected:
                raise Stale(entry.case.id, expected=entry.expected, found=version)
        for entry in appends:
            earlier = self._entries.get(entry.case.id)
            self._entries[entry.case.id] = entry if earlier is None else _both(earlier, entry)
            self._cases[entry.case.id] = entry.case

    def load(self, case_id: str) -> Case | None:
        """The case as the batch leaves it so far."""
        cases = self._cases
        if case_id not in cases:
            cases[case_id] = self._store.load(case_id)
        return cases[case_id]

    def load_many(self, ids: Sequence[str], *, aside: Aside | None = None) -> dict[str, Case]:
        """The same of many, read at once where the store behind can do that."""
        cases, read_many = self._cases, getattr(self._store, "load_many", None)
        unread = [case_id for case_id in ids if case_id not in cases]
        if read_many is not None and unread:
            cases |= read_many(unread, aside=aside)
        elif unread:
            cases |= {case_id: self._store.load(case_id) for case_id in unread}
        return {case_id: case for case_id in ids if (case := cases.get(case_id)) is not None}

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, those of the batch last."""
        entry = self._entries.get(case_id)
        if entry is None:
            return self._store.events(case_id)
        return (*(self._store.events(case_id) if entry.expected else ()), *entry.events)

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every text of the case, those of the batch last."""
        entry = self._entries.get(case_id)
        if entry is None:
            return self._store.texts(case_id)
        return (*_kept(self._store.texts(case_id), entry.redacts), *entry.texts)

    def notices(self, *, case_id: str = "", after: int = 0, **terms: Any) -> tuple[Posted, ...]:
        """Notices of the store behind; of one case those of the batch follow."""
        posted = self._store.notices(case_id=case_id, after=after, **terms)
        entry = self._entries.get(case_id)
        if posted or entry is None or after >= _NOT_POSTED:
            return posted
        return tuple(Posted(place, notice) for place, notice in enumerate(entry.notices, _NOT_POSTED))


def _both(first: Append, then: Append) -> Append:
    """Two appends of one case as one; what the second takes away of the first is not written at all."""
    gone = {*then.cancels, *(void.id for void in then.voids)}
    return Append(
        then.case, first.expected, (*first.events, *then.events),
        texts=(*_kept(first.texts, then.redacts), *then.texts), redacts=(*first.redacts, *then.redacts),
        notices=(*_standing(first.notices, gone), *then.notices), cancels=(*first.cancels, *then.cancels),
        documents=(*(draft for draft in first.documents if draft.id not in gone), *then.documents),
        voids=(*first.voids, *then.voids),
    )  # fmt: skip


def _standing(notices: Sequence[Notice], gone: set[str]) -> tuple[Notice, ...]:
    return tuple(notice for notice in notices if notice.id not in gone) if gone else tuple(notices)


def _kept(texts: Sequence[Text], redacts: Sequence[str]) -> tuple[Text, ...]:
    return tuple(text for text in texts if not is_redacted_by(redacts, text.field, text.version))
