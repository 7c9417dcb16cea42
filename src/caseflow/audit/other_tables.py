"""What belongs to no single case: policies under their hashes, idempotency keys, numbers of documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from caseflow.audit.faults import Fault
from caseflow.audit.rows import Row
from caseflow.core.policy import pin_of
from caseflow.ports import Auditable

_DIGEST = re.compile("[0-9a-f]{64}")


def policy_faults(store: Auditable, pins: Mapping[str, str]) -> Iterator[Fault]:
    """Each document fits its hash, and each pin that a case names has its document.

    Args:
        pins: pin -> the first case that names it.
    """
    kept = set()
    for row in store.raw("policies"):
        kept.add(row["pin"])
        try:
            document = json.loads(row["document"])
            fits = (
                pin_of(document) == row["pin"] and json.dumps(document, ensure_ascii=False) == row["document"]
            )
        except (ValueError, TypeError):
            fits = False
        if not fits:
            yield Fault("", 0, "audit-policy", row["pin"])
    for pin, case_id in pins.items():
        if pin not in kept:
            yield Fault(case_id, 0, "audit-policy-lost", pin)


def key_faults(store: Auditable, versions: Mapping[str, int]) -> Iterator[Fault]:
    """Each key belongs to versions that its case has, and its hash is one."""
    for row in store.raw("keys"):
        last = versions.get(row["case_id"], 0)
        if not 1 <= row["first"] <= row["last"] <= last or not _DIGEST.fullmatch(row["digest"]):
            yield Fault(row["case_id"], row["last"], "audit-key", row["key"])


class Numbers:
    """The numbers of documents, gathered over all cases: each series and year runs from 1 without a gap."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], set[int]] = {}

    def add(self, row: Row) -> None:
        """Take note of a document."""
        self._seen.setdefault((row["series"], row["year"]), set()).add(row["number"])

    def faults(self, store: Auditable) -> Iterator[Fault]:
        """Where a number is missing, or a series would go on from another one than its last."""
        for (series, year), numbers in sorted(self._seen.items()):
            missing = next((n for n in range(1, max(numbers) + 1) if n not in numbers), None)
            if missing is not None or min(numbers) < 1:
                yield Fault("", 0, "audit-number", f"{series} {year}: {missing or min(numbers)}")
        for row in store.raw("series"):
            numbers = self._seen.get((row["series"], row["year"]), set())
            if row["latest"] != max(numbers, default=0):
                yield Fault("", 0, "audit-number", f"{row['series']} {row['year']}: {row['latest']}")
