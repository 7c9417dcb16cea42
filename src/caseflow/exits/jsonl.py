"""JSON Lines: everything a store keeps, one object a line; what is written can be read back to the byte.

The first line says the format. Then come the policies (``policy``, ``document``), a line for each case in the
order of ids (``case``: its id; ``events``; ``head``: the newest hash in hex; ``texts``, ``notices``,
``documents`` unless left out), and the idempotency keys (``key``). The order of events between cases, the
feed, is not carried.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

import attrs

from caseflow.chain import Link, chained
from caseflow.codec import decode
from caseflow.core.evolve import replay
from caseflow.errors import LogError
from caseflow.outbox import Document, Draft, Notice, Posted
from caseflow.ports import KeyClaim, Text
from caseflow.stores.moving import PAGE, Copied, Kept, Movable

FORMAT = 1


def write(store: Movable, out: TextIO, *, with_texts: bool = True) -> int:
    """Write the whole store; returns how many cases.

    Args:
        with_texts: whether personal texts, with their salts, are written too. Without them the cases and
            their chains are whole, but the audit of whoever reads the file will miss the texts.
    """
    _line(out, {"caseflow": "store", "format": FORMAT, "texts": with_texts})
    for pin in store.pins():
        _line(out, {"policy": pin, "document": store.pinned(pin)})
    count, after = 0, ""
    while page := store.heads(after, limit=PAGE):
        for head in page:
            kept = store.kept(head.case_id)
            if kept is not None:
                _line(out, _written(kept, with_texts=with_texts))
                count += 1
        after = page[-1].case_id
    key = ("", "")
    while claims := store.keys(key):
        for claim in claims:
            _line(out, {"key": attrs.astuple(claim)})  # type: ignore[arg-type]  # `value` makes attrs classes
        key = (claims[-1].actor, claims[-1].key)
    return count


def read(
    lines: Iterable[str],
    store: Movable,
    *,
    name: str = "",
    progress: Callable[[int], object] = lambda _: None,
) -> Copied:
    """Take over what a file holds: each case whole or not at all, several in one transaction.

    Run again after a break it goes on: what the store has already stays as it is.

    Args:
        lines: of the file.
        name: what errors call the file.
        progress: told after each transaction how many cases were read.

    Raises:
        LogError: a line that is no such object, or a case whose history does not fit its hashes; names the
            line. What came before it is there.
        StoreError: ``store-diverged`` when a case of the store has another history.
    """
    waiting: list[Kept] = []
    claims: list[KeyClaim] = []
    done = Copied()
    for number, found in _objects(lines, name):
        try:
            if "policy" in found:
                store.pin(found["policy"], found["document"])
            elif "case" in found:
                waiting.append(_kept(found))
            elif "key" in found:
                claims.append(KeyClaim(*found["key"]))
            elif number != 1:
                raise ValueError("no case, policy or key")
        except (ValueError, KeyError, TypeError) as error:
            raise LogError("export-line", file=name, line=number, found=str(error)[:120]) from error
        if len(waiting) == PAGE:
            store.keep(waiting)
            done = done.replace(cases=done.cases + len(waiting))
            waiting = []
            progress(done.cases)
    store.keep(waiting)
    store.keep_keys(claims)
    return done.replace(cases=done.cases + len(waiting), keys=len(claims))


def _objects(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
        except ValueError as error:
            raise LogError("export-line", file=name, line=number, found=str(error)[:120]) from error
        is_head = (
            isinstance(found, dict) and found.get("caseflow") == "store" and found.get("format") == FORMAT
        )
        if not isinstance(found, dict) or (number == 1) != is_head:
            raise LogError("export-line", file=name, line=number, found="not an export of this format")
        yield number, found


def _line(out: TextIO, found: Any) -> None:
    out.write(json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n")


def _written(kept: Kept, *, with_texts: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "case": kept.case.id,
        "events": [_event(link.body) for link in kept.links],
        "head": kept.links[-1].hash.hex(),
    }
    if with_texts and kept.texts:
        found["texts"] = [[text.version, text.field, text.salt, text.text] for text in kept.texts]
    for table, rows in (("notices", kept.notices), ("documents", kept.documents)):
        if rows:
            found[table] = [attrs.asdict(row) for row in rows]  # type: ignore[arg-type]  # as above
    return found


def _event(body: bytes) -> Any:
    """The event as JSON; as base64 text when its bytes are not what JSON would be written as."""
    found = json.loads(body)
    again = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
    return found if again == body else b64encode(body).decode()


def _body(found: Any) -> bytes:
    if isinstance(found, str):
        return b64decode(found, validate=True)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _kept(found: dict[str, Any]) -> Kept:
    """The case of a line, its chain computed anew and held against the head."""
    case_id, bodies = found["case"], [_body(event) for event in found["events"]]
    links: tuple[Link, ...] = chained(case_id, bodies)
    if not links or links[-1].hash.hex() != found["head"]:
        raise ValueError(f"case {case_id}: the history does not fit its hash")
    return Kept(
        replay(case_id, map(decode, bodies)),
        links,
        tuple(Text(*text) for text in found.get("texts", ())),
        tuple(Posted(**{**row, "notice": Notice(**row["notice"])}) for row in found.get("notices", ())),
        tuple(Document(**{**row, "draft": Draft(**row["draft"])}) for row in found.get("documents", ())),
    )
