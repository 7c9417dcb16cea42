"""verify(store) -> AuditReport: every row that the events vouch for, and every case a checkpoint names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from caseflow.audit.audit_report import AuditReport, Fault
from caseflow.audit.case_audit import case_faults
from caseflow.audit.case_rows import (
    CaseRows,
    by_case,
    first_odd,
    notices_digest,
    read_again,
    refuse_unless_of_data,
)
from caseflow.audit.store_audit import Numbers, Policies, guard_faults, key_faults
from caseflow.core.model.events import Adopted, Migrated, Submitted
from caseflow.errors import StoreError
from caseflow.ports import Auditable
from caseflow.serialization.codec import decode

if TYPE_CHECKING:  # an audit without a checkpoint does without the library that checks signatures
    from caseflow.audit.checkpoint import CaseMark, Checkpoint

SHOWN = 100
"""Faults that a report names; the rest is counted."""
_PINNING = (b'"submitted"', b'"adopted"', b'"migrated"')
"""What the body of an event that names a policy contains."""
READINGS = 5
"""How often a case that seems broken is read anew while others write to it."""


def verify(
    store: Auditable,
    *,
    checkpoint: Checkpoint | None = None,
    histories_only: bool = False,
    most: int = SHOWN,
    progress: Callable[[int], object] = lambda _: None,
) -> AuditReport:
    """Read the whole store and hold it against its own events, and against a checkpoint when one is given.

    Others may write meanwhile: a case that seems broken is read again, and told only when two readings that
    follow each other agree. Nothing is changed.

    Args:
        store: a `SqliteStore`, a `SqlStore`, or another that offers `Auditable`.
        checkpoint: as `read_checkpoint` returned it, so its signature holds. Cases that went on since are
            as they should be; what it names must be there with the same hashes.
        histories_only: of the checkpoint, compare the events alone: for a store that was filled from a log of
            events, which brings neither notices nor documents.
        most: how many faults the report names.
        progress: told after each case how many were read.

    Returns:
        The report; cases in the order of their ids by code point. It holds one number a case in memory.

    Raises:
        BadInput: the file of the checkpoint was changed while it was read.
        StoreError: the store cannot be read.
    """
    walk = _Walk(store, checkpoint, histories_only, progress)
    faults = map(_printable, walk.faults())
    named = tuple(islice(faults, most))
    more = sum(1 for _ in faults)
    made_at = "" if checkpoint is None else checkpoint.made_at
    return AuditReport(
        cases=walk.cases, events=walk.events, faults=named, more=more, checked=walk.checked, made_at=made_at
    )


class _Walk:
    """One reading of the store."""

    def __init__(
        self,
        store: Auditable,
        checkpoint: Checkpoint | None,
        histories_only: bool,
        progress: Callable[[int], object],
    ) -> None:
        self.store, self._histories_only, self._progress = store, histories_only, progress
        self.cases = self.events = 0
        self.checked: int | None = None if checkpoint is None else 0
        self._marks = iter(checkpoint.marks()) if checkpoint else iter(())
        self._mark: CaseMark | None = next(self._marks, None)
        self._versions: dict[str, int] = {}
        self._policies = Policies(store)
        self._numbers = Numbers(store)

    def faults(self) -> Iterator[Fault]:
        """Case by case, then what belongs to none; what cannot be read is told, and the rest goes on."""
        is_cut = False
        for rows in by_case(self.store):
            while self._mark is not None and self._mark.case_id < rows.case_id:
                yield self._gone(self._mark)
            yield from self._one(rows)
            is_cut = bool(rows.unread)
        while self._mark is not None and not is_cut:
            yield self._gone(self._mark)
        yield from _as_far("policies", self._policies.faults)
        yield from _as_far("keys", lambda: key_faults(self.store, self._versions))
        yield from _as_far("documents", self._numbers.faults)
        yield from _as_far("guards", lambda: guard_faults(self.store))

    def _one(self, rows: CaseRows) -> tuple[Fault, ...]:
        mark = self._mark if self._mark and self._mark.case_id == rows.case_id else None
        if mark is not None:
            self._next()
        rows, faults = self._settled(rows, mark)
        self.cases += rows.case is not None
        self.events += len(rows.events)
        self._versions[rows.case_id] = len(rows.events)
        if first_odd(rows) is None:
            self._numbers.add(rows.documents)
            self._note_pins(rows)
        self._progress(self.cases)
        return faults

    def _settled(self, rows: CaseRows, mark: CaseMark | None) -> tuple[CaseRows, tuple[Fault, ...]]:
        """The faults of a case, and the reading that shows them: one that another has confirmed."""
        faults = tuple(self._judged(rows, mark))
        for _ in range(READINGS):
            if not faults:
                break
            again = read_again(self.store, rows)
            if again is None or again.replace(before=rows.before) == rows:
                break
            rows, faults = again, tuple(self._judged(again, mark))
        return rows, faults

    def _judged(self, rows: CaseRows, mark: CaseMark | None) -> Iterator[Fault]:
        if mark is not None and not rows.unread:
            yield from self._compared(mark, rows)
        try:
            yield from case_faults(rows, self._policies.rules_of)
        except Exception as error:  # a history that no desk wrote: whatever it breaks, the other cases go on
            yield Fault(rows.case_id, 0, "audit-event", f"{error!r:.200}")

    def _compared(self, mark: CaseMark, rows: CaseRows) -> Iterator[Fault]:
        if len(rows.events) < mark.version:
            yield Fault(mark.case_id, len(rows.events) + 1, "audit-cut-off", str(mark.version))
        elif rows.events[mark.version - 1]["hash"] != mark.head:
            yield Fault(mark.case_id, mark.version, "audit-rewritten")
        elif not self._histories_only and not _are_notices_as(mark, rows):
            yield Fault(mark.case_id, mark.version, "audit-told-rewritten")

    def _gone(self, mark: CaseMark) -> Fault:
        self._next()
        return Fault(mark.case_id, 1, "audit-case-gone", str(mark.version))

    def _next(self) -> None:
        self.checked = (self.checked or 0) + 1
        self._mark = next(self._marks, None)

    def _note_pins(self, rows: CaseRows) -> None:
        for row in rows.events:
            if any(name in row["body"] for name in _PINNING):
                try:
                    event = decode(row["body"])
                except Exception:
                    continue  # told with its case
                if isinstance(event, Submitted | Adopted):
                    self._policies.note(event.origin.policy_hash, rows.case_id)
                elif isinstance(event, Migrated):
                    self._policies.note(event.policy_hash, rows.case_id)


def _as_far(what: str, faults: Callable[[], Iterator[Fault]]) -> Iterator[Fault]:
    """The faults, as far as they can be looked for; then that the rest cannot."""
    try:
        yield from faults()
    except Exception as error:  # one part that cannot be read keeps nobody from the others
        if isinstance(error, StoreError):
            refuse_unless_of_data(error)
        yield Fault("", 0, "audit-unread", f"{what}: {error!r:.200}")


def _printable(fault: Fault) -> Fault:
    """The fault, whose words may be a stranger's, with escapes for what no terminal shows."""
    shown = [
        "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
        for text in (fault.case_id, fault.about)
    ]
    return fault.replace(case_id=shown[0], about=shown[1])


def _are_notices_as(mark: CaseMark, rows: CaseRows) -> bool:
    """Whether notices and documents are those of the mark; cells of a wrong kind are told with the case."""
    if first_odd(rows) is not None:
        return True
    return notices_digest(rows.notices, rows.documents, upto=mark.version) == mark.notices
