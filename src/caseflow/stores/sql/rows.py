"""Rows of the SQL store: an append written down as rows, and rows read back as cases and texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from caseflow.core.model.case import Case
from caseflow.core.model.events import Event
from caseflow.core.model.evolve import replay
from caseflow.core.notices import Draft, Notice
from caseflow.core.value import Value
from caseflow.errors import StoreError
from caseflow.ports.records import NEVER, Append, KeyClaim, Text
from caseflow.serialization.codec import encode, pack, unpack
from caseflow.serialization.hash_chain import link

Row = tuple[Any, ...]
EventRow = tuple[str, int, bytes, bytes]
"""Case, version, body, hash."""
Known = tuple[bytes, Row | None]
"""The head of a case's chain, and what indexes hold of the case, if it was written here."""

CACHED_CASES = 4096
"""So many are remembered; then all are forgotten."""

_json = json.JSONEncoder(ensure_ascii=False).encode  # made once: `json.dumps` would make one a call


class AppendRows(Value):
    """The rows of an append, but for what only the transaction knows: hashes and numbers.

    Attributes:
        values: the case's, but head and id, in the order of its statements.
        bodies: of the events.
        texts: case, version and fields of each version that has texts.
        notices: in the order of ``insert_notice``.
        documents: each with its body as JSON.
    """

    entry: Append
    values: Row
    bodies: tuple[bytes, ...]
    texts: tuple[Row, ...] = ()
    notices: tuple[Row, ...] = ()
    documents: tuple[tuple[Draft, str], ...] = ()

    @property
    def indexed(self) -> Row:
        """What indexes hold of the case: all between its state and its snapshot."""
        return self.values[2:8]

    def chained(self, head: bytes) -> list[EventRow]:
        """The rows of the events; the chain goes on from the head."""
        case_id, version, rows = self.entry.case.id, self.entry.expected, []
        for body in self.bodies:
            version += 1
            head = link(head, case_id, version, body)
            rows.append((case_id, version, body, head))
        return rows


def append_rows(entry: Append) -> AppendRows:
    """The append, written down before its transaction begins."""
    return AppendRows(
        entry=entry,
        values=case_values(entry.case),
        bodies=tuple([encode(event) for event in entry.events]),
        texts=text_rows(entry.case.id, entry.texts) if entry.texts else (),
        notices=tuple([notice_row(notice) for notice in entry.notices]) if entry.notices else (),
        documents=tuple([(draft, as_json(draft.body)) for draft in entry.documents]),
    )


def case_values(case: Case) -> Row:
    """A case's values but head and id, in the order of ``insert_case`` and ``update_case``."""
    due = case.next_due_us
    return (
        case.version, case.state, case.unit, case.citizen, due, NEVER if due is None else due,
        case.deadline_us, case.waits_from, pack(case),
    )  # fmt: skip


def text_rows(case_id: str, texts: Sequence[Text]) -> tuple[Row, ...]:
    """Case, version and fields, as JSON, of each version that has texts."""
    by_version: dict[int, dict[str, tuple[str, str]]] = {}
    for text in texts:
        by_version.setdefault(text.version, {})[text.field] = (text.salt, text.text)
    return tuple([(case_id, version, as_json(fields)) for version, fields in by_version.items()])


def texts_of(version: int, fields: str) -> Iterator[Text]:
    """The texts that a row of them holds.

    Raises:
        StoreError: it is not as it was written.
    """
    try:
        parts = [(field, salt, text) for field, (salt, text) in json.loads(fields).items()]
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreError("bad-text", found=version) from error
    return (Text(version, field, salt, text) for field, salt, text in parts)


def notice_row(n: Notice) -> Row:
    """The values of a new notice, in the order of ``insert_notice``; ready from its instant on."""
    return (*notice_values(n), n.at_us)


def notice_values(n: Notice) -> Row:
    """What a notice says, in the order of its columns."""
    return (
        n.id, n.case_id, n.version, n.topic, n.level, n.role, n.unit, n.channel, n.at_us, n.corrects,
        as_json(n.body),
    )  # fmt: skip


def key_row(claim: KeyClaim) -> Row:
    """The values of a key, in the order of ``insert_key``."""
    return (claim.actor, claim.key, claim.digest, claim.case_id, claim.first, claim.last)


def as_json(fields: Mapping[str, Any]) -> str:
    """JSON text, Chinese as it is."""
    return _json(fields) if fields else "{}"


class CaseCache:
    """Cases lately read or written, so that a command need not unpack a snapshot that is the same still.

    A case is known by the very bytes of its snapshot and of its chain's head, for which the store asks each
    time.

    Args:
        events: every event of a case, for one whose snapshot this version does not read.
    """

    def __init__(self, events: Callable[[str], Sequence[Event]]) -> None:
        self._events = events
        self._entries: dict[str, tuple[bytes, bytes, Case, Row | None]] = {}

    def case(self, case_id: str, snapshot: bytes, head: bytes) -> Case:
        """The case of a row."""
        entry = self._entries.get(case_id)
        if entry is not None and entry[0] == snapshot and entry[1] == head:
            return entry[2]
        snapshot, head = bytes(snapshot), bytes(head)
        case = unpack(snapshot) or replay(case_id, self._events(case_id))
        self.remember(case, snapshot, head)
        return case

    def remember(self, case: Case, snapshot: bytes, head: bytes, indexed: Row | None = None) -> None:
        """The case as it was just read, or written: then with what indexes hold of it."""
        if len(self._entries) >= CACHED_CASES:
            self._entries.clear()
        self._entries[case.id] = (snapshot, head, case, indexed)

    def known(self, entry: Append) -> Known | None:
        """What is remembered of the case at the append's expected version."""
        cached = self._entries.get(entry.case.id)
        if cached is None or cached[2].version != entry.expected:
            return None
        return cached[1], cached[3]
