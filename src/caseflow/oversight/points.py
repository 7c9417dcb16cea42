"""The points of units: a ledger of entries, each with its evidence; nothing in it is about a person."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any, TextIO

from caseflow.core.policy import FINDING, ConductRule
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.interchange.cells import safe_cell, writable
from caseflow.oversight.evidence import EvidenceReader, read_log, rules_of_referrals
from caseflow.oversight.referral_file import ReferralFile, referral_file
from caseflow.oversight.referrals import period_us
from caseflow.ports import Quarantined

COLUMNS = (
    "unit", "at", "points", "conduct", "item", "referral", "case_id", "version", "effective_at", "cause",
)  # fmt: skip
"""Of the table, in their order."""


class PointEntry(Value):
    """One change of a unit's points. Instants are epoch microseconds.

    Attributes:
        at_us: when the finding came to stand; of what was taken back, when that was recorded.
        points: what it costs the unit; below zero where it is taken back.
        item: what the policy's table calls it, such as ``reply/red``, ``return`` or ``finding``.
        referral: the id of the referral.
        case_id, version, effective_us: the evidence: the case, its version with the event, and since when
            that took effect; empty for the finding itself.
        cause: of what was taken back: what annulled the card.
    """

    unit: str
    at_us: int
    points: int
    conduct: str
    item: str
    referral: str
    case_id: str = ""
    version: int = 0
    effective_us: int = 0
    cause: str = ""
    zone: str = "UTC"

    def row(self) -> dict[str, Any]:
        """The entry as `COLUMNS` name its parts, instants as ISO 8601 in the office's zone."""
        return {
            "unit": self.unit,
            "at": moment(self.at_us, self.zone).isoformat(),
            "points": self.points,
            "conduct": self.conduct,
            "item": self.item,
            "referral": self.referral,
            "case_id": self.case_id,
            "version": self.version or "",
            "effective_at": moment(self.effective_us, self.zone).isoformat() if self.case_id else "",
            "cause": self.cause,
        }


class PointLedger(Value):
    """The entries of a period, by unit and then in the order of time."""

    entries: tuple[PointEntry, ...]
    quarantined: tuple[Quarantined, ...] = ()

    @property
    def totals(self) -> dict[str, int]:
        """The sum of each unit's entries, by the units' names."""
        sums = Counter[str]()
        for entry in self.entries:
            sums[entry.unit] += entry.points
        return dict(sums)

    def document(self) -> dict[str, Any]:
        """Totals and entries as JSON-able data."""
        return {"totals": self.totals, "entries": [entry.row() for entry in self.entries]}


def point_ledger(desk: Desk, *, since: date | str, until: date | str, unit: str | None = None) -> PointLedger:
    """The entries of a period: what findings came to cost in it, and what was taken back in it.

    A finding costs nothing before it stands: while the unit may still appeal, or its appeal is not decided.
    What was published of a period that is over stays true: what falls away later is an entry of its own, in
    the period in which it fell away. Points are as the policy says that each referral pinned.

    Args:
        since, until: the first day and the day after the last, of the zone of the desk's policy of referrals.
        unit: only that unit's.

    Raises:
        BadInput: the desk has no policy of referrals (``no-conduct``), or a day that is none.
    """
    begin, end = period_us(since, until, rules_of_referrals(desk).policy.timezone)
    reader, entries = EvidenceReader(desk), list[PointEntry]()
    for case_id in read_log(desk).referrals:
        file = reader.tried(case_id, partial(referral_file, desk, case_id))
        if file is None or file.confirmed_us is None or unit not in (None, file.unit):
            continue
        policy = desk.rules_of(case_id).policy
        rule = policy.conduct.get(file.conduct)
        if rule is not None:
            entries += [
                entry.replace(zone=policy.timezone)
                for entry in _entries(file, file.confirmed_us, rule, reader)
                if begin <= entry.at_us < end
            ]
    entries.sort(key=lambda one: (one.unit, one.at_us, one.referral, one.case_id, one.version))
    return PointLedger(tuple(entries), tuple(reader.aside))


def _entries(
    file: ReferralFile, confirmed_us: int, rule: ConductRule, reader: EvidenceReader
) -> Iterator[PointEntry]:
    base = PointEntry(file.unit, confirmed_us, 0, file.conduct, FINDING, referral=file.case_id)
    if FINDING in rule.points:
        yield base.replace(points=rule.points[FINDING])
    for name in file.evidence:
        row = reader.get(name) if file.counts_at(name, confirmed_us) else None
        item = "" if row is None else row.item(rule.points)
        if row is None or not item:
            continue
        entry = base.replace(
            points=rule.points[item],
            item=item,
            case_id=row.case_id,
            version=row.version,
            effective_us=row.since_us,
        )
        yield entry
        gone = file.gone.get(name)
        if gone is not None:
            yield entry.replace(points=-entry.points, at_us=gone.at_us, cause=gone.cause)


def write_points(ledger: PointLedger, out: TextIO) -> None:
    """Write the ledger as CSV; a cell that a spreadsheet would take for a formula begins with an apostrophe.

    Numbers of points stay numbers, those below zero as well.
    """
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(COLUMNS)
    for entry in ledger.entries:
        row = entry.row()
        sheet.writerow(
            [cell if isinstance(cell, int) else safe_cell(writable(str(cell))) for cell in row.values()]
        )
