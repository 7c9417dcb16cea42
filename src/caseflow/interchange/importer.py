"""An exported file brought into a store: checked as a whole first, then case by case, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from json.encoder import encode_basestring as quoted
from operator import attrgetter
from pathlib import Path
from typing import Any

from caseflow.core.model.events import Redacted
from caseflow.core.policy import pin_of
from caseflow.core.value import Value
from caseflow.errors import LogError, StoreError
from caseflow.interchange.jsonl import FORMAT, KIND, CaseLine, case_line, parsed
from caseflow.interchange.log_replay import no_collection
from caseflow.ports import KeyClaim, Text, is_redacted_by
from caseflow.ports.protocols import Movable
from caseflow.ports.records import Head
from caseflow.serialization.codec import decode
from caseflow.serialization.redaction import seal
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
    end: Mapping[str, Any] | None = None
    for number, fields, bodies in lines_of(path):
        if end is not None:
            raise _wrong(path, number, "export-line", found="a line after the last")
        try:
            match fields:
                case {"caseflow": _} if number == 1:
                    pass
                case {"policy": str(pin), "document": dict(document)}:
                    if pin_of(document) != pin:  # the order of keys is part of a policy
                        raise _wrong(path, number, "export-policy", found=pin)
                    pinned.add(pin)
                case {"case": str(case_id)}:
                    line = case_line(fields, bodies)
                    _check_case(path, number, line)
                    named.update(_pins(line))
                    if case_id in ids:
                        raise _wrong(path, number, "export-twice", case=case_id)
                    ids.add(case_id)
                case {"key": [str(), str(), str(), str(), int(), int()]}:
                    keys += 1
                case {"end": {"cases": int(), "keys": int(), "position": int()}}:
                    end = fields["end"]
                case _:
                    raise ValueError("no case, policy or key")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _wrong(path, number, "export-line", found=str(error)[:120]) from error
    if end is None or (end["cases"], end["keys"]) != (len(ids), keys):
        raise _wrong(path, max(number, 1), "export-cut", found=len(ids))
    return Imported(keys=keys, position=end["position"], policies=tuple(sorted(named - pinned)))


def _pins(line: CaseLine) -> Iterator[str]:
    """The policies that a case began under or adopted."""
    for event in line.objects:
        if event is not None:
            origin = event.get("origin", {})
            for pin in (
                event.get("policy_hash"),
                origin.get("policy_hash") if isinstance(origin, dict) else None,
            ):
                if isinstance(pin, str):
                    yield pin


def _check_case(path: Path, number: int, line: CaseLine) -> None:
    if not line.is_whole:
        raise _wrong(path, number, "export-broken", case=line.case_id)
    for text in line.texts:
        if not _is_sealed(line, text):
            raise _wrong(path, number, "export-text", case=line.case_id, found=text.field)


def _is_sealed(line: CaseLine, text: Text) -> bool:
    """Whether the text fits the hash that its event carries: the two stand there side by side.

    A quote in any other text of the event would be escaped.
    """
    if not 1 <= text.version <= len(line.links):
        return False
    sealed = f'[{quoted(text.field)},"{seal(text.salt, text.field, text.text)}"]'
    return sealed.encode() in line.links[text.version - 1].body


# -- writing -----------------------------------------------------------------------------------------------


def _written(path: Path, store: Movable, done: Imported, progress: Callable[[int], object]) -> Imported:
    with_texts, claims, gone = True, list[KeyClaim](), 0

    def cases() -> Iterator[CaseLine]:
        nonlocal with_texts
        for _, fields, bodies in lines_of(path):
            if "caseflow" in fields:
                with_texts = bool(fields.get("texts", True))
            elif "policy" in fields:
                store.pin(fields["policy"], fields["document"])
            elif "key" in fields:
                claims.append(KeyClaim(*fields["key"]))
            elif "case" in fields:
                yield case_line(fields, bodies)

    left = cases()
    while batch := list(islice(left, BATCH)):
        new, events = _sorted_out(store, batch, with_texts=with_texts)
        if new:
            store.keep([line.kept() for line in new])
        gone += len(batch)
        done = done.replace(
            cases=done.cases + len(new),
            events=done.events + events,
            unchanged=done.unchanged + len(batch) - len(new),
        )
        progress(gone)
    store.keep_keys(claims)
    return done


def _sorted_out(store: Movable, batch: Sequence[CaseLine], *, with_texts: bool) -> tuple[list[CaseLine], int]:
    """The cases that the store lacks or has an earlier state of, and how many of their events are new."""
    heads = [Head(line.case_id, len(line.links), line.head) for line in batch]
    there = {head.case_id: head for head in standing(store, sorted(heads, key=attrgetter("case_id")))}
    new: list[CaseLine] = []
    events = 0
    for line in batch:
        head = there.get(line.case_id)
        if head is None:
            new.append(line)
            events += len(line.links)
            continue
        if head.hash == line.head and not line.texts:
            continue
        ours = store.kept(line.case_id)
        if ours is None:
            continue  # taken away in this very moment
        if head.version < len(line.links):
            new.append(line if with_texts else _with_our_texts(line, ours.texts, after=head.version))
            events += len(line.links) - head.version
        elif ours.links[len(line.links) - 1].hash != line.head:
            raise StoreError("store-diverged", case=line.case_id, found=head.version)
        elif head.hash == line.head and line.texts and not ours.texts:
            new.append(line)  # it came without its texts before
    return new, events


def _with_our_texts(line: CaseLine, texts: Iterable[Text], *, after: int) -> CaseLine:
    """The case with the texts that the store has of it, but for those that were redacted since."""
    later = (decode(link.body) for link in line.links[after:])
    names = tuple(name for event in later if isinstance(event, Redacted) for name in event.fields)
    left = (text for text in texts if not is_redacted_by(names, text.field, text.version))
    return line.replace(texts=tuple(left))


# -- lines -------------------------------------------------------------------------------------------------


def lines_of(path: Path) -> Iterator[tuple[int, Any, tuple[bytes, ...]]]:
    """Each line's number, its object and the bytes of its events, the header's first.

    Raises:
        LogError: a line that is none, a file that is something else.
        OSError: the file cannot be read.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                fields, bodies = parsed(line.decode())
            except (ValueError, RecursionError) as error:
                code = "export-header" if number == 1 else "export-line"
                raise _wrong(path, number, code, found=str(error)[:120]) from error
            is_head = isinstance(fields, dict) and fields.get("caseflow") == KIND
            if number == 1 and not (is_head and fields.get("format") == FORMAT):
                raise _wrong(path, number, "export-header")
            if number > 1 and (is_head or not isinstance(fields, dict)):
                raise _wrong(path, number, "export-line", found="no case, policy or key")
            yield number, fields, bodies


def _wrong(path: Path, number: int, code: str, **data: object) -> LogError:
    """What is wrong with a line."""
    return LogError(code, file=path, line=number, **data)
