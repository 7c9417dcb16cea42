"""What a replay came to: the counts people compare, and the cards as a CSV file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from caseflow.core.case import Card, Case
from caseflow.core.instants import moment
from caseflow.core.terms import Stage
from caseflow.core.values import Value, value
from caseflow.desk import Desk

CARD_COLUMNS = (
    "case_id", "clock", "subject", "cycle", "level", "unit", "effective_at", "detected_at", "annulled_at",
)  # fmt: skip


@attrs.define
class Counts:
    """What is counted while a replay runs."""

    events: int = 0
    rejected: int = 0
    later: int = 0
    ambiguous: int = 0
    touched: set[str] = attrs.field(factory=set)


@value
class Summary(Value):
    """What a replay came to.

    Attributes:
        as_of_us: the last instant that was replayed; `None` when no event was read and none was given.
        cases: cases the log touched; events: accepted commands; rejected: rows or commands skipped.
        later: commands after ``as_of``; ambiguous_times: local times read as the first of two.
        replied: cases with a public substantive reply that stands.
        open: cases not in a final state, replied or not.
        stages, cards, reminders: counts by stage and level, annulled ones left out, every key present.
        issued: the breaches, in the order of effective instant and case id.
    """

    as_of_us: int | None
    zone: str
    cases: int
    events: int
    rejected: int
    later: int
    ambiguous_times: int
    replied: int
    open: int
    stages: dict[str, int]
    cards: dict[str, int]
    reminders: dict[str, int]
    issued: tuple[Card, ...]

    def document(self) -> dict[str, Any]:
        """The summary as JSON-able data; ``as_of`` in the policy's zone, `None` for a log without events."""
        names = (
            "cases", "events", "rejected", "later", "ambiguous_times", "replied", "open",
            "stages", "cards", "reminders",
        )  # fmt: skip
        end = self.as_of_us
        head = {"as_of": None if end is None else moment(end, self.zone).isoformat()}
        return head | {name: getattr(self, name) for name in names}


def summary(desk: Desk, counts: Counts, as_of: int | None) -> Summary:
    """The summary of the cases a replay touched."""
    found = (desk.store.load(case_id) for case_id in sorted(counts.touched))
    cases = [case for case in found if case is not None]
    policy = desk.rules.policy
    rungs = [rung for clock in policy.clocks.values() for rung in clock.rungs]
    return Summary(
        as_of,
        policy.timezone,
        len(cases),
        counts.events,
        counts.rejected,
        counts.later,
        counts.ambiguous,
        sum(case.has_reply for case in cases),
        sum(case.is_open for case in cases),
        _counted((stage.value for stage in Stage), (case.place.stage for case in cases)),
        _counted((r.level for r in rungs if r.kind == "breach"), _levels(cases, is_breach=True)),
        _counted((r.level for r in rungs if r.kind == "warning"), _levels(cases, is_breach=False)),
        tuple(sorted((c for case in cases for c in case.cards), key=lambda c: (c.effective_us, c.case_id))),
    )


def _levels(cases: Iterable[Case], *, is_breach: bool) -> Iterable[str]:
    return (
        card.level for case in cases for card in case.rungs if card.stands and card.is_breach is is_breach
    )


def _counted(keys: Iterable[str], found: Iterable[str]) -> dict[str, int]:
    counted = Counter(found)
    return dict.fromkeys(keys, 0) | dict(counted)


def write_cards(cards: Iterable[Card], path: Path) -> None:
    """Write cards as CSV in the order given: breaches, instants in the policy's zone with offset."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CARD_COLUMNS)
        for card in cards:
            annulled = card.annulled_at
            row = (
                card.case_id, card.clock, card.subject, card.cycle, card.level, card.unit,
                card.effective_at.isoformat(), card.detected_at.isoformat(),
                annulled.isoformat() if annulled else "",
            )  # fmt: skip
            writer.writerow([safe_cell(str(cell)) for cell in row])


def safe_cell(text: str) -> str:
    """The cell with an apostrophe in front when a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
