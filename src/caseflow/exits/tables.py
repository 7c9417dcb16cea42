"""CSV: the event log as a table for spreadsheets and statistics, a row for each event in the feed's order."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any, TextIO

from caseflow.codec import encode
from caseflow.core.events import CardIssued, Event, Reminded, UnknownEvent
from caseflow.core.instants import moment
from caseflow.ports import Recorded, Store

PAGE = 1000
COLUMNS = (
    "position", "case_id", "version", "event", "at", "effective_at", "actor", "role", "unit", "state",
    "level", "details",
)  # fmt: skip
_COMMON = ("event", "at", "by", "to", "clocks", "effective_us", "texts", "level", "unit")


def write_csv(store: Store, out: TextIO, *, zone: str = "UTC", since: int = 0) -> int:
    """Write the log as CSV; returns how many events.

    Personal texts are not in it. Times are ISO 8601 in the zone. ``details`` is a JSON object of what the
    event says besides. A cell that a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        since: only events after this position of the feed.
    """
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(COLUMNS)
    count = 0
    for recorded in feed(store, since):
        sheet.writerow([_safe(cell) for cell in _row(recorded, zone)])
        count += 1
    return count


def feed(store: Store, since: int = 0) -> Iterator[Recorded]:
    """Every event after the position, in the feed's order."""
    while page := store.feed(since, limit=PAGE):
        yield from page
        since = page[-1].position


def _row(recorded: Recorded, zone: str) -> tuple[Any, ...]:
    event = recorded.event
    body = {} if isinstance(event, UnknownEvent) else json.loads(encode(event))
    effective = event.at_us if event.effective_us is None else event.effective_us
    details = {name: part for name, part in body.items() if name not in _COMMON}
    return (
        recorded.position, recorded.case_id, recorded.version, name_of(event),
        moment(event.at_us, zone).isoformat(), moment(effective, zone).isoformat(),
        event.by.id, event.by.role, getattr(event, "unit", "") or event.by.unit,
        event.to.state if event.to else "", event.level if isinstance(event, CardIssued | Reminded) else "",
        json.dumps(details, ensure_ascii=False) if details else "",
    )  # fmt: skip


def name_of(event: Event) -> str:
    """The registered name; that of an unknown event as it was recorded."""
    return event.unknown if isinstance(event, UnknownEvent) else event.name


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
