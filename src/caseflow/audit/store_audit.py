"""What belongs to no single case, under audit: policies, idempotency keys, numbers, and who guards tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from caseflow.audit.audit_report import Fault
from caseflow.audit.case_rows import RawRow
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import pin_of
from caseflow.errors import StoreError
from caseflow.policies.registry import compiled_document
from caseflow.ports import Auditable

_DIGEST = re.compile("[0-9a-f]{64}")
PAGE = 5000
"""Keys that are read at once."""

Series = tuple[str, int]
"""The name of a series of numbers, and the year."""


class Policies:
    """The documents of policies, and who pins them."""

    def __init__(self, store: Auditable) -> None:
        self._store = store
        self._documents: dict[str, str] = {}
        self._rules: dict[str, CompiledPolicy | None] = {}
        self._pinned_by: dict[str, str] = {}
        self._read_documents()

    def rules_of(self, pin: str) -> CompiledPolicy | None:
        """The rules of a pin; `None` when there are none that this version can read."""
        if pin not in self._rules:
            self._rules[pin] = self._read(pin)
        return self._rules[pin]

    def note(self, pin: str, case_id: str) -> None:
        """The case names the pin."""
        self._pinned_by.setdefault(pin, case_id)

    def faults(self) -> Iterator[Fault]:
        """Each document fits its hash and can be read, and each pin that a case names has its document."""
        self._read_documents()  # one that a case brought meanwhile is there now
        for pin in self._documents:
            if self._fitting(pin) is None:
                yield Fault("", 0, "audit-policy", pin)
            elif self.rules_of(pin) is None:
                yield Fault("", 0, "audit-policy-unread", pin)
        for pin, case_id in self._pinned_by.items():
            if pin not in self._documents:
                yield Fault(case_id, 1, "audit-policy-lost", pin)

    def _read_documents(self) -> None:
        for row in self._store.raw("policies"):
            self._documents[row["pin"]] = row["document"]

    def _read(self, pin: str) -> CompiledPolicy | None:
        if pin not in self._documents:
            self._read_documents()
        document = self._fitting(pin)
        try:
            return None if document is None else compiled_document(document)
        except Exception:  # a document that no checker of ours wrote may break anything in it
            return None

    def _fitting(self, pin: str) -> Any:
        """The document, if it is to the letter what a store writes under that hash."""
        text = self._documents.get(pin)
        try:
            document = json.loads(text or "")
            fits = pin_of(document) == pin and json.dumps(document, ensure_ascii=False) == text
        except (ValueError, TypeError, RecursionError):
            return None
        return document if fits else None


def key_faults(store: Auditable, versions: Mapping[str, int]) -> Iterator[Fault]:
    """Each key belongs to versions that its case has, and its hash is one."""
    after, limit = ("", ""), PAGE
    while True:
        try:
            claims = store.keys(after, limit=limit)
        except StoreError:
            if limit == 1:
                raise  # what lies behind this one has no name to go on from
            limit = max(1, limit // 8)
            continue
        if not claims:
            return
        for claim in claims:
            last = versions.get(claim.case_id, 0)
            if claim.last > last:
                last = len(store.links(claim.case_id))  # it may have come since
            if not 1 <= claim.first <= claim.last <= last or not _DIGEST.fullmatch(claim.digest):
                yield Fault(claim.case_id, claim.last, "audit-key", claim.key)
        after = (claims[-1].actor, claims[-1].key)


def guard_faults(store: Auditable) -> Iterator[Fault]:
    """Whatever acts on the tables by itself, or shows their readers something else than lies there."""
    for row in store.raw("guards"):
        yield Fault("", 0, "audit-guard", f"{row['table']}: {row['kind']} {row['name']}")


class Numbers:
    """The numbers of documents, gathered over all cases: each series and year runs from 1 without a gap."""

    def __init__(self, store: Auditable) -> None:
        self._store = store
        self._latest = self._read_latest()
        self._seen: dict[Series, set[int]] = {}

    def add(self, rows: Iterable[RawRow]) -> None:
        """Take note of documents."""
        for row in rows:
            self._seen.setdefault((row["series"], row["year"]), set()).add(row["number"])

    def faults(self) -> Iterator[Fault]:
        """Where a number is missing, or a series would go on from another one than its last."""
        latest = self._read_latest()
        for place in sorted({*self._seen, *latest}):
            series, year = place
            numbers = self._seen.get(place, set())
            first, last = min(numbers, default=1), max(numbers, default=0)
            wrong = [first] if first < 1 else self._missing(place, max(last, self._latest.get(place, 0)))
            if not wrong and latest.get(place, 0) < last:
                wrong = [last]
            if wrong:
                yield Fault("", 0, "audit-number", f"{series} {year}: {wrong[0]}")

    def _missing(self, place: Series, last: int) -> list[int]:
        """The first number up to the last that no document has, asked anew: it may have come since."""
        numbers = self._seen.get(place, set())
        if len(numbers) == last:
            return []
        for number in range(1, last + 1):
            if number not in numbers:
                issued = self._store.issued(*place, after=number - 1, limit=1)
                if not issued or issued[0].number != number:
                    return [number]
        return []

    def _read_latest(self) -> dict[Series, int]:
        return {(row["series"], row["year"]): row["latest"] for row in self._store.raw("series")}
