"""verify(store) -> AuditReport: every row that the events vouch for, and every case a checkpoint names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from caseflow.audit.checkpoint import Checkpoint, Mark
from caseflow.audit.faults import AuditReport, Fault
from caseflow.audit.one_case import case_faults
from caseflow.audit.other_tables import Numbers, key_faults, policy_faults
from caseflow.audit.rows import CaseRows, by_case
from caseflow.codec import decode
from caseflow.core.events import Adopted, RulesAdopted, Submitted
from caseflow.errors import StoreError
from caseflow.ports import Auditable

SHOWN = 100
"""Faults that a report names; the rest is counted."""


def verify(
    store: Auditable,
    *,
    checkpoint: Checkpoint | None = None,
    most: int = SHOWN,
    progress: Callable[[int], object] = lambda _: None,
) -> AuditReport:
    """Read the whole store and hold it against its own events, and against a checkpoint when one is given.

    Nothing should write meanwhile: a case that moves on between two reads may be told as broken.

    Args:
        store: a `SqliteStore`, a `SqlStore`, or another that offers `Auditable.raw`.
        checkpoint: as `read_checkpoint` returned it, so its signature holds. Cases that went on since are
            as they should be; what it names must be there with the same hashes.
        most: how many faults the report names.
        progress: told after each case how many were read.

    Returns:
        The report; cases in the order of their ids by code point. It holds one number a case in memory.
    """
    walk = _Walk(store, checkpoint, progress)
    named: list[Fault] = []
    more = 0
    for fault in walk.faults():
        if len(named) < most:
            named.append(fault)
        else:
            more += 1
    return AuditReport(walk.cases, walk.events, tuple(named), more, walk.checked)


_PINNING = (b'"submitted"', b'"adopted"', b'"rules-adopted"')
"""What stands in every event that pins a policy."""


class _Walk:
    """One reading of the store."""

    def __init__(
        self, store: Auditable, checkpoint: Checkpoint | None, progress: Callable[[int], object]
    ) -> None:
        self.store, self._progress = store, progress
        self.cases = self.events = 0
        self.checked: int | None = None if checkpoint is None else 0
        self._marks = iter(checkpoint.marks()) if checkpoint else iter(())
        self._mark: Mark | None = next(self._marks, None)
        self._versions: dict[str, int] = {}
        self._pins: dict[str, str] = {}
        self._numbers = Numbers()

    def faults(self) -> Iterator[Fault]:
        for rows in by_case(self.store):
            yield from self._one(rows)
        while self._mark is not None:
            yield self._gone(self._mark)
        yield from policy_faults(self.store, self._pins)
        yield from key_faults(self.store, self._versions)
        yield from self._numbers.faults(self.store)

    def _one(self, rows: CaseRows) -> Iterator[Fault]:
        while self._mark is not None and self._mark.case_id < rows.case_id:
            yield self._gone(self._mark)
        if self._mark is not None and self._mark.case_id == rows.case_id:
            yield from self._compared(self._mark, rows)
        yield from case_faults(rows)
        self.cases += rows.case is not None
        self.events += len(rows.events)
        self._versions[rows.case_id] = len(rows.events)
        for document in rows.documents:
            self._numbers.add(document)
        self._gather_pins(rows)
        self._progress(self.cases)

    def _gather_pins(self, rows: CaseRows) -> None:
        for row in rows.events:
            if any(name in row["body"] for name in _PINNING):
                try:
                    event = decode(row["body"])
                except StoreError:
                    continue  # told with its case
                if isinstance(event, Submitted | Adopted):
                    self._pins.setdefault(event.origin.pin, rows.case_id)
                elif isinstance(event, RulesAdopted):
                    self._pins.setdefault(event.pin, rows.case_id)

    def _gone(self, mark: Mark) -> Fault:
        self._next()
        return Fault(mark.case_id, 1, "audit-case-gone", str(mark.version))

    def _compared(self, mark: Mark, rows: CaseRows) -> Iterator[Fault]:
        self._next()
        if len(rows.events) < mark.version:
            yield Fault(mark.case_id, len(rows.events) + 1, "audit-cut-off", str(mark.version))
        elif rows.events[mark.version - 1]["hash"] != mark.head:
            yield Fault(mark.case_id, mark.version, "audit-rewritten")

    def _next(self) -> None:
        self.checked = (self.checked or 0) + 1
        self._mark = next(self._marks, None)
