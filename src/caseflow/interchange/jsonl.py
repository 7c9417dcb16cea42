"""JSON Lines: everything a store keeps, one object a line; what is written can be read back to the byte.

The first line says the format. Then come the policies (``policy``, ``document``), the idempotency keys
(``key``), a line for each case in the order of ids (``case``: its id; ``events``; ``head``: the newest hash
in hex; ``texts``, ``notices``, ``documents`` unless left out), policies that were pinned meanwhile, and a
last line (``end``) without which the file is cut off. Keys are read before cases, so that whoever has a key
has what it stands for. The order of events between cases, the feed, is not carried.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Container, Iterator
from typing import Any, TextIO

import msgspec

from caseflow.core.policy import pin_of
from caseflow.core.value import Value
from caseflow.errors import BadRecord
from caseflow.interchange.pagination import changed_since, kept_cases, newest_position
from caseflow.ports import KeyClaim, Quarantined
from caseflow.ports.protocols import Exportable, Movable
from caseflow.ports.records import Aside, Kept
from caseflow.serialization.codec import first_broken
from caseflow.stores.copy import PAGE

FORMAT = 1
KIND = "store"


class Written(Value):
    """What was written: cases, keys, and the position of the feed to go on after.

    Attributes:
        newer: how many events are kept behind that position: the feed did not show them yet, or they came
            meanwhile. The next export since the position has their cases.
        quarantined: cases and policies that could not be read, by name; the rest is whole.
    """

    cases: int = 0
    keys: int = 0
    position: int = 0
    newer: int = 0
    quarantined: tuple[Quarantined, ...] = ()


def write(
    store: Exportable,
    out: TextIO,
    *,
    with_texts: bool = True,
    since: int = 0,
    progress: Callable[[int], object] = lambda _: None,
) -> Written:
    """Write the store, or the cases of it that have changed. Others may write to it meanwhile.

    Args:
        with_texts: whether personal texts, with their salts, are written too. Without them the cases and
            their chains are whole, but the audit of whoever reads the file will miss the texts.
        since: only cases with an event after this position of the feed, each as a whole, and their keys; a
            position is what an earlier export gave back.
        progress: told after each page how many cases were written.
    """
    position = newest_position(store, since)
    changed = changed_since(store, since)
    _line(out, {"caseflow": KIND, "format": FORMAT, "texts": with_texts, "since": since})
    aside: list[Quarantined] = []
    written = store.pins()
    for pin in written:
        _policy(store, pin, out, aside.append)
    keys = 0
    for claim in _keys(store, changed):
        try:
            _line(out, {"key": list(msgspec.structs.astuple(claim))})
        except ValueError as error:
            aside.append(Quarantined.of("key", claim.key, error))
            continue
        keys += 1
    cases = 0
    for kept in kept_cases(store, aside.append, changed):
        try:
            broken = first_broken(kept.case.id, kept.links)
            if broken is not None:  # whoever reads the file would refuse all of it
                raise BadRecord("store-broken-chain", case=kept.case.id, version=broken)
            _line(out, _written(kept, with_texts=with_texts))
        except (BadRecord, ValueError) as error:  # the latter for a text that no UTF-8 can hold
            aside.append(Quarantined.of("case", kept.case.id, error))
            continue
        cases += 1
        if cases % PAGE == 0:
            progress(cases)
    for pin in store.pins():
        if pin not in written:
            _policy(store, pin, out, aside.append)
    _line(out, {"end": {"cases": cases, "keys": keys, "position": position}})
    return Written(cases, keys, position, newer=store.newer(position), quarantined=tuple(aside))


def _policy(store: Movable, pin: str, out: TextIO, aside: Aside) -> None:
    try:
        document = store.pinned(pin)
        if document is None or pin_of(dict(document)) != pin:  # whoever reads the file would refuse all of it
            raise BadRecord("bad-policy", found=pin)
    except (BadRecord, ValueError) as error:
        aside(Quarantined.of("policy", pin, error))
        return
    _line(out, {"policy": pin, "document": document})


def _keys(store: Movable, changed: Container[str] | None) -> Iterator[KeyClaim]:
    after = ("", "")
    while claims := store.keys(after):
        yield from (claim for claim in claims if changed is None or claim.case_id in changed)
        after = (claims[-1].actor, claims[-1].key)


def _line(out: TextIO, fields: Any) -> None:
    line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    line.encode()  # before anything of it is written
    out.write(line + "\n")


def _written(kept: Kept, *, with_texts: bool) -> dict[str, Any]:
    line: dict[str, Any] = {
        "case": kept.case.id,
        "events": [_event(link.body) for link in kept.links],
        "head": kept.links[-1].hash.hex(),
    }
    if with_texts and kept.texts:
        line["texts"] = [[text.version, text.field, text.salt, text.text] for text in kept.texts]
    for table, rows in (("notices", kept.notices), ("documents", kept.documents)):
        if rows:
            line[table] = [row.to_dict() for row in rows]
    return line


def _event(body: bytes) -> Any:
    """The event as JSON; as base64 text when its bytes are not what JSON would be written as."""
    try:
        event = json.loads(body)
        if as_bytes(event) == body:
            return event
    except (ValueError, RecursionError):
        pass  # no JSON at all, or half of a pair, escaped
    return b64encode(body).decode()


_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_bytes(event: Any) -> bytes:
    """The event in its canonical form."""
    return _dump(event).encode()
