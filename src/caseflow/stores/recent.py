"""Cases lately read or written, so that a command need not unpack a snapshot that is the same still."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caseflow.codec import unpack
from caseflow.core.case import Case
from caseflow.core.events import Event
from caseflow.core.evolve import replay
from caseflow.ports import Append

Events = Callable[[str], Sequence[Event]]

RECENT = 4096
"""So many are remembered; then all are forgotten."""


class RecentCases:
    """Cases known by the very bytes of their snapshot and chain head, for which the store asks each time."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[bytes, Case, bytes]] = {}

    def case(self, events: Events, case_id: str, snapshot: bytes, head: bytes) -> Case:
        """The case of a row.

        Args:
            events: every event of a case, for one whose snapshot this version does not read.
        """
        snapshot, head = bytes(snapshot), bytes(head)
        known = self._held.get(case_id)
        if known is not None and known[0] == snapshot and known[2] == head:
            return known[1]
        case = unpack(snapshot) or replay(case_id, events(case_id))
        self.remember(case, snapshot, head)
        return case

    def remember(self, case: Case, snapshot: bytes, head: bytes) -> None:
        """The case as it was just written."""
        if len(self._held) >= RECENT:
            self._held.clear()
        self._held[case.id] = (snapshot, case, head)

    def head_of(self, entry: Append) -> bytes | None:
        """The head of the case's chain at the expected version, if it is remembered."""
        known = self._held.get(entry.case.id)
        return known[2] if known is not None and known[1].version == entry.expected else None
