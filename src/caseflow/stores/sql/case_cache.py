"""The cases that a store read or wrote lately, known by the bytes of their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caseflow.core.model.case import Case
from caseflow.core.model.events import Event, UnknownEvent
from caseflow.core.model.evolve import replay
from caseflow.errors import BadRecord
from caseflow.ports.records import Append
from caseflow.serialization.codec import unpack
from caseflow.stores.sql.append import Known, Row

CACHED_CASES = 8192
"""The latest so many are remembered, and at most as many again, of some 2.4 kB each: a batch of 10,000."""


class CaseCache:
    """Cases lately read or written, so that a command need not unpack a snapshot that is the same still.

    A case is known by the very bytes of its snapshot and of its chain's head, for which the store asks each
    time.
    """

    def __init__(self) -> None:
        self._entries: dict[str, tuple[bytes, bytes, Case, Row | None]] = {}
        self._older: dict[str, tuple[bytes, bytes, Case, Row | None]] = {}

    def case(
        self,
        case_id: str,
        snapshot: bytes,
        head: bytes,
        events: Callable[[str], Sequence[Event]],
        *,
        indexed: Row | None = None,
    ) -> Case:
        """The case of a row.

        Args:
            events: every event of a case, for one whose snapshot this version does not read.
            indexed: what indexes hold of it, as far as that was read.

        Raises:
            BadRecord: neither its snapshot nor its events say what it is.
        """
        entry = self._entries.get(case_id) or self._older.get(case_id)
        if entry is not None and entry[0] == snapshot and entry[1] == head:
            return entry[2]
        snapshot, head = bytes(snapshot), bytes(head)
        case = unpack(snapshot)
        if case is None or case.id != case_id:
            case = _folded(case_id, events(case_id))
        self.remember(case, snapshot, head, indexed)
        return case

    def remember(self, case: Case, snapshot: bytes, head: bytes, indexed: Row | None = None) -> None:
        """The case as it was just read, or written; with what indexes hold of it, as far as that is known."""
        if len(self._entries) >= CACHED_CASES:
            self._older, self._entries = self._entries, {}
        self._entries[case.id] = (snapshot, head, case, indexed)

    def known(self, entry: Append) -> Known | None:
        """What is remembered of the case at the append's expected version."""
        case_id = entry.case.id
        cached = self._entries.get(case_id) or self._older.get(case_id)
        if cached is None or cached[2].version != entry.expected:
            return None
        return cached[1], cached[3]


def _folded(case_id: str, events: Sequence[Event]) -> Case:
    if not events or type(events[0]) is UnknownEvent:
        raise BadRecord("bad-case", case=case_id, found="-" if events else "0 events")
    try:
        return replay(case_id, events)
    except Exception as error:  # types that fit, of a history that no desk wrote
        raise BadRecord("bad-case", case=case_id, found=type(error).__name__) from error
