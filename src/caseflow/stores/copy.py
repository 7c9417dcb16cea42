"""Cases copied from one store to another: the same histories, to the byte, and all that goes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from caseflow.core.model.case import Case
from caseflow.core.value import Value
from caseflow.errors import BadRecord, is_of_the_store
from caseflow.ports.protocols import Movable
from caseflow.ports.records import Head, Kept, Kind, Quarantined
from caseflow.serialization.codec import first_broken

PAGE = 200
"""Cases that are written in one transaction."""
ATTEMPTS = 5
"""How often a case is read again that others changed while it was read."""


class Copied(Value):
    """What a copy did: cases written, cases that the target had already, and keys.

    Attributes:
        quarantined: cases and policies that were not copied, by name: what cannot be read, whose history does
            not fit its hashes (``store-broken-chain``), or that went on differently in the target
            (``store-diverged``).
    """

    cases: int = 0
    unchanged: int = 0
    keys: int = 0
    quarantined: tuple[Quarantined, ...] = ()


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
        StoreError: one of the stores cannot be used.
    """
    known = set(target.pins())
    done, aside = Copied(), list[Quarantined]()
    for pin in source.pins():
        if pin not in known:
            _try("policy", pin, aside, partial(_copy_policy, source, target, pin))
    for page in _pages(source):
        there = {head.case_id: head.hash for head in standing(target, page)}
        moved = [head.case_id for head in page if there.get(head.case_id) != head.hash]
        count = _copy_page(source, target, moved, aside)
        done = done.replace(cases=done.cases + count, unchanged=done.unchanged + len(page) - len(moved))
        progress(done.cases + done.unchanged)
    return done.replace(keys=_copy_keys(source, target), quarantined=tuple(aside))


def _copy_policy(source: Movable, target: Movable, pin: str) -> None:
    document = source.pinned(pin)
    if document is not None:
        target.pin(pin, document)


def _copy_page(source: Movable, target: Movable, ids: Sequence[str], aside: list[Quarantined]) -> int:
    """Copy these cases in one transaction; one by one where one of them hinders it. How many were."""
    cases: list[Kept] = []
    for case_id in ids:
        _try("case", case_id, aside, partial(_gather, source, case_id, cases))
    if not cases:
        return 0
    try:
        target.keep(cases)
    except Exception as error:
        if is_of_the_store(error):
            raise
        return sum(_try("case", kept.case.id, aside, partial(target.keep, [kept])) for kept in cases)
    return len(cases)


def _gather(source: Movable, case_id: str, cases: list[Kept]) -> None:
    cases.append(_whole(source, case_id))


def _try(kind: Kind, name: str, aside: list[Quarantined], work: Callable[[], object]) -> bool:
    """Whether the work was done; what hinders it is set aside."""
    try:
        work()
    except Exception as error:
        if is_of_the_store(error):
            raise
        aside.append(Quarantined.of(kind, name, error))
        return False
    return True


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
        raise BadRecord("store-broken-chain", case=case_id, version=broken)
    return kept


def _copy_keys(source: Movable, target: Movable) -> int:
    count, after = 0, ("", "")
    while claims := source.keys(after):
        target.keep_keys(claims)
        count += len(claims)
        after = (claims[-1].actor, claims[-1].key)
    return count
