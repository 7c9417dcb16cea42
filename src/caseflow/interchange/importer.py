"""An exported file brought into a store: checked as a whole first, then case by case, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from pathlib import Path

from caseflow.core.policy import pin_of
from caseflow.core.value import Value
from caseflow.errors import LogError, PolicyError, StoreError
from caseflow.interchange.export_lines import (
    Arrival,
    CaseLine,
    End,
    EndLine,
    HeaderLine,
    KeyLine,
    PolicyLine,
    lines_of,
    wrong,
)
from caseflow.interchange.export_lines import check as check_arrival
from caseflow.interchange.log_replay import no_collection
from caseflow.policies.validate import check_document
from caseflow.ports import KeyClaim, Text
from caseflow.ports.protocols import Movable
from caseflow.ports.records import Head, Kept
from caseflow.serialization.redaction import erased
from caseflow.stores.copy import standing

BATCH = 500
"""Cases that are written in one transaction."""


class Imported(Value):
    """What an import did.

    Attributes:
        cases, events: written; unchanged: cases that were there as the file has them, or further on.
        keys: idempotency keys of the file; those that were there stay.
        position: of the feed of the store that was exported, to export from next time.
        policies: hashes of policies that cases pin and the file does not hold; the store must.
    """

    cases: int = 0
    events: int = 0
    unchanged: int = 0
    keys: int = 0
    position: int = 0
    policies: tuple[str, ...] = ()


def read(
    path: Path,
    store: Movable,
    *,
    checked: Imported | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Imported:
    """Take over what a file holds: each case whole or not at all, many in one transaction.

    The file is read twice, first to check it as a whole. Run again after a break it goes on: what the store
    has already stays as it is. Nobody is told of what is imported, but for notices that were waiting.

    Args:
        path: what `caseflow.interchange.jsonl.write` wrote.
        checked: what `check` gave for this file, so that it is not checked again.
        progress: told after each transaction how many cases were gone through.

    Raises:
        LogError: names the line: no such file, cut off, a case whose history or text does not fit its hash, a
            policy that is another. Nothing was written.
        StoreError: ``store-diverged`` when a case of the store has another history; nothing of its
            transaction was written.
    """
    promised = check(path) if checked is None else checked
    for pin in promised.policies:
        if store.pinned(pin) is None:
            raise LogError("export-no-policy", file=path, found=pin)
    with no_collection():
        return _written(path, store, promised, progress)


def check(path: Path) -> Imported:
    """Hold a file against its own hashes and counts; what its last line promises.

    Raises:
        LogError: as `read` does.
    """
    try:
        with no_collection():
            return _checked(path)
    except OSError as error:
        raise LogError("log-missing", file=path, found=error.strerror or error) from error


# -- checking ----------------------------------------------------------------------------------------------


def _checked(path: Path) -> Imported:
    """Look at every line once."""
    ids: set[str] = set()
    pinned, named = set[str](), set[str]()
    keys = number = 0
    end: End | None = None
    for number, line in lines_of(path):
        if end is not None:
            raise wrong(path, number, "export-line", found="a line after the last")
        match line:
            case PolicyLine():
                _check_policy(path, number, line)
                pinned.add(line.policy)
            case CaseLine():
                named.update(_case(path, number, line).pins)
                if line.case in ids:
                    raise wrong(path, number, "export-twice", case=line.case)
                ids.add(line.case)
            case KeyLine():
                keys += 1
            case EndLine():
                end = line.end
            case HeaderLine():
                pass
    if end is None or (end.cases, end.keys) != (len(ids), keys):
        raise wrong(path, max(number, 1), "export-cut", found=len(ids))
    return Imported(keys=keys, position=end.position, policies=tuple(sorted(named - pinned)))


def _check_policy(path: Path, number: int, line: PolicyLine) -> None:
    """The document is that of its hash, and a policy that can be worked with."""
    try:
        if pin_of(line.document) != line.policy:  # the order of keys is part of a policy
            raise wrong(path, number, "export-policy", found=line.policy)
        check_document(line.document)
    except (PolicyError, ValueError) as error:  # ValueError: a number of more digits than Python writes
        raise wrong(path, number, "export-line", found=error) from error


def _case(path: Path, number: int, line: CaseLine) -> Arrival:
    """The case of a line, held against its hash and what a desk writes."""
    try:
        arrival = Arrival.of(line)
    except (StoreError, ValueError, RecursionError) as error:
        raise wrong(path, number, "export-line", found=str(error)[:300]) from error
    if not arrival.is_whole:
        raise wrong(path, number, "export-broken", case=line.case)
    try:
        check_arrival(arrival)
    except LogError as error:
        raise wrong(path, number, error.code, **error.data) from error
    return arrival


# -- writing -----------------------------------------------------------------------------------------------


def _written(path: Path, store: Movable, done: Imported, progress: Callable[[int], object]) -> Imported:
    with_texts, claims, gone = True, list[KeyClaim](), 0

    def cases() -> Iterator[Arrival]:
        nonlocal with_texts
        for _, line in lines_of(path):
            match line:
                case HeaderLine():
                    with_texts = line.texts
                case PolicyLine():
                    store.pin(line.policy, line.document)
                case KeyLine():
                    claims.append(line.claim())
                case CaseLine():
                    yield Arrival.of(line)
                case EndLine():
                    pass

    left = cases()
    while batch := list(islice(left, BATCH)):
        new, events = _sorted_out(store, batch, with_texts=with_texts)
        if new:
            store.keep(new)
        gone += len(batch)
        done = done.replace(
            cases=done.cases + len(new),
            events=done.events + events,
            unchanged=done.unchanged + len(batch) - len(new),
        )
        progress(gone)
    store.keep_keys(claims)
    return done


def _sorted_out(store: Movable, batch: Sequence[Arrival], *, with_texts: bool) -> tuple[list[Kept], int]:
    """The cases that the store lacks or has an earlier state of, and how many of their events are new."""
    heads = [Head(came.line.case, len(came.links), came.links[-1].hash) for came in batch]
    there = {head.case_id: head for head in standing(store, sorted(heads, key=attrgetter("case_id")))}
    new: list[Kept] = []
    events = 0
    for came, head in zip(batch, heads, strict=True):
        known = there.get(head.case_id)
        if known is None:
            new.append(came.kept())
            events += head.version
            continue
        if known.hash == head.hash and not came.line.texts:
            continue
        ours = store.kept(head.case_id)
        if ours is None:
            continue  # taken away in this very moment
        if known.version < head.version:
            new.append(came.kept(None if with_texts else _our_texts(came, ours.texts)))
            events += head.version - known.version
        elif ours.links[head.version - 1].hash != head.hash:
            raise StoreError("store-diverged", case=head.case_id, found=known.version)
        elif known.hash == head.hash and not ours.texts:
            new.append(came.kept())  # it came without its texts before
    return new, events


def _our_texts(came: Arrival, texts: Sequence[Text]) -> Iterator[Text]:
    """The texts that the store has of a case, but for those that were redacted since."""
    gone = set(erased(came.events, texts))
    return (text for text in texts if text not in gone)
