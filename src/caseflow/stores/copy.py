"""Cases copied from one store to another: the same histories, to the byte, and all that goes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from caseflow.core.model.case import Case
from caseflow.core.value import Value
from caseflow.errors import StoreError
from caseflow.ports.protocols import Movable
from caseflow.ports.records import Head, Kept
from caseflow.serialization.hash_chain import first_broken

PAGE = 200
"""Cases that are written in one transaction."""
ATTEMPTS = 5
"""How often a case is read again that others changed while it was read."""


class Copied(Value):
    """What a copy did: cases written, cases that the target had already, and keys."""

    cases: int = 0
    unchanged: int = 0
    keys: int = 0


def copy_cases(
    source: Movable, target: Movable, *, progress: Callable[[int], object] = lambda _: None
) -> Copied:
    """Copy every case, with texts, keys, notices, documents and the policies they pin, into another store.

    Safe to break off and run again: what the target has with the same head is passed over, and what moved
    on in the source since is brought up to it. Nothing should write to either meanwhile; relays too should
    rest, or a notice that is in their hands may be sent from both.

    Args:
        progress: told after each page how many cases were looked at.

    Raises:
        StoreError: ``store-broken-chain`` for a case whose history does not fit its hashes, which is not
            copied; ``store-diverged`` for one that went on differently in the target.
    """
    known = set(target.pins())
    for pin in source.pins():
        document = source.pinned(pin)
        if pin not in known and document is not None:
            target.pin(pin, document)
    done = Copied()
    for page in _pages(source):
        there = {head.case_id: head.hash for head in standing(target, page)}
        moved = [_whole(source, head.case_id) for head in page if there.get(head.case_id) != head.hash]
        if moved:
            target.keep(moved)
        done = done.replace(cases=done.cases + len(moved), unchanged=done.unchanged + len(page) - len(moved))
        progress(done.cases + done.unchanged)
    return done.replace(keys=_copy_keys(source, target))


def _pages(source: Movable) -> Iterator[tuple[Head, ...]]:
    after = ""
    while page := source.heads(after, limit=PAGE):
        yield page
        after = page[-1].case_id


def standing(target: Movable, page: Sequence[Head]) -> Iterator[Head]:
    """The target's heads from the page's first id to its last; the page's own are in the order of ids."""
    first, last = page[0].case_id, page[-1].case_id
    after = first[:-1]  # a prefix sorts before it; what lies between is read and passed over
    while heads := target.heads(after, limit=PAGE):
        yield from (head for head in heads if first <= head.case_id <= last)
        after = heads[-1].case_id
        if after >= last:
            return


def steady(load: Callable[[], Case | None], read: Callable[[Case], Kept]) -> Kept | None:
    """What is kept of a case while others may write to it: all of one version, none of the next.

    Args:
        load: the case as it now is.
        read: what is kept of it, by several questions.
    """
    case = load()
    for _ in range(ATTEMPTS):
        if case is None:
            return None
        kept, after = read(case), load()
        if after is None or after.version == case.version:
            return kept
        case = after
    return None if case is None else _cut(read(case))


def _cut(kept: Kept) -> Kept:
    """Without what came after the case's version."""
    version = kept.case.version
    return kept.replace(
        links=kept.links[:version],
        texts=tuple(text for text in kept.texts if text.version <= version),
        notices=tuple(posted for posted in kept.notices if posted.notice.version <= version),
        documents=tuple(document for document in kept.documents if document.draft.version <= version),
    )


def _whole(source: Movable, case_id: str) -> Kept:
    kept = source.kept(case_id)
    broken = 1 if kept is None else first_broken(case_id, kept.links)
    if kept is None or broken is not None:
        raise StoreError("store-broken-chain", case=case_id, version=broken)
    return kept


def _copy_keys(source: Movable, target: Movable) -> int:
    count, after = 0, ("", "")
    while claims := source.keys(after):
        target.keep_keys(claims)
        count += len(claims)
        after = (claims[-1].actor, claims[-1].key)
    return count
