"""CSV: the event log as a table for spreadsheets and statistics, a row for each event."""

from __future__ import annotations

import csv
import json
from typing import Any, TextIO

from caseflow.core.model.events import CardIssued, Event, Reminded, UnknownEvent
from caseflow.core.time.instants import moment
from caseflow.errors import BadRecord
from caseflow.interchange.cells import safe_cell, writable
from caseflow.interchange.pagination import Exported, feed
from caseflow.ports import Quarantined, Recorded, Store
from caseflow.serialization.codec import encode, is_unread

COLUMNS = (
    "position", "case_id", "version", "event", "at", "effective_at", "actor", "role", "unit", "state",
    "level", "details",
)  # fmt: skip
_COMMON = ("event", "at", "by", "to", "clocks", "effective_us", "texts", "level", "unit")


def write_csv(store: Store, out: TextIO, *, zone: str = "UTC", since: int = 0) -> Exported:
    """Write the log as CSV in the feed's order.

    Personal texts are not in it. Times are ISO 8601 in the zone. ``details`` is a JSON object of what the
    event says besides. A cell that a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        since: only events after this position of the feed.
    """
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(COLUMNS)
    count, aside = 0, list[Quarantined]()
    for recorded in feed(store, since):
        name, since = f"{recorded.case_id}@{recorded.version}", recorded.position
        try:
            row = _row(recorded, zone)
        except Exception as error:  # an instant or zone that there is not
            aside.append(Quarantined.of("event", name, error))
            continue
        if is_unread(recorded.event):
            aside.append(Quarantined.of("event", name, BadRecord("bad-event", found=name_of(recorded.event))))
        sheet.writerow([safe_cell(writable(str(cell))) for cell in row])
        count += 1
    return Exported(count, store.newer(since), since, tuple(aside))


def _row(recorded: Recorded, zone: str) -> tuple[Any, ...]:
    event = recorded.event
    body: dict[str, Any] = {} if isinstance(event, UnknownEvent) else json.loads(encode(event))
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
