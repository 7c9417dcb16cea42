"""CSV: the event log as a table for spreadsheets and statistics, a row for each event."""

from __future__ import annotations

import csv
import json
from typing import Any, TextIO

from caseflow.codec import decode, encode
from caseflow.core.events import CardIssued, Event, Reminded, UnknownEvent
from caseflow.core.instants import moment
from caseflow.exits.jsonl import Written
from caseflow.exits.leaving import Exportable, changed_since, feed, kept_cases, newest_position
from caseflow.exits.whole import shown
from caseflow.logs.summary import safe_cell
from caseflow.ports import Recorded, Store

COLUMNS = (
    "position", "case_id", "version", "event", "at", "effective_at", "actor", "role", "unit", "state",
    "level", "details",
)  # fmt: skip
OF_WHOLE = ("body", "hash")
"""Further columns of a table that can be imported."""
POLICY, END = "policy", "end"
"""What stands in the column of the event where a row belongs to no case."""
_COMMON = ("event", "at", "by", "to", "clocks", "effective_us", "texts", "level", "unit")


def write_csv(store: Store, out: TextIO, *, zone: str = "UTC", since: int = 0) -> int:
    """Write the log as CSV in the feed's order; returns how many events.

    Personal texts are not in it. Times are ISO 8601 in the zone. ``details`` is a JSON object of what the
    event says besides. A cell that a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        since: only events after this position of the feed.
    """
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(COLUMNS)
    count = 0
    for recorded in feed(store, since):
        sheet.writerow([safe_cell(str(cell)) for cell in _row(recorded, zone)])
        count += 1
    return count


def write_whole_csv(store: Exportable, out: TextIO, *, zone: str = "UTC", since: int = 0) -> Written:
    """Write the log as CSV with all that an import of it needs; returns what was written.

    The columns are those of `write_csv` and two more: the event's own bytes, and its hash in hex. Events
    stand case by case, in the order of ids, and bear no position. Rows without a case hold the policies, and
    in the end what `caseflow.exits.jsonl` says there, without which the file is cut off.

    Args:
        since: only cases with an event after this position of the feed, each as a whole.
    """
    position = newest_position(store, since)
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow((*COLUMNS, *OF_WHOLE))
    written = store.pins()
    for pin in written:
        sheet.writerow(_policy(store, pin))
    cases = 0
    for kept in kept_cases(store, changed_since(store, since)):
        cases += 1
        for version, link in enumerate(kept.links, 1):
            recorded = Recorded(0, kept.case.id, version, decode(link.body))
            told = ("", *_row(recorded, zone)[1:])
            sheet.writerow([_guarded(cell) for cell in (*told, shown(link.body), link.hash.hex())])
    for pin in store.pins():
        if pin not in written:
            sheet.writerow(_policy(store, pin))
    sheet.writerow(_aside(END, json.dumps({"cases": cases, "keys": 0, "position": position}), ""))
    return Written(cases, 0, position)


def _policy(store: Exportable, pin: str) -> list[str]:
    return _aside(POLICY, json.dumps(store.pinned(pin), ensure_ascii=False), pin)


def _guarded(cell: Any) -> str:
    """As `safe_cell` does it, so that taking one apostrophe away gives back what stood there."""
    text = str(cell)
    return f"'{text}" if text.startswith("'") else safe_cell(text)


def unguarded(cell: str) -> str:
    """What stood in a cell of a whole table."""
    return cell.removeprefix("'")


def _aside(what: str, body: str, found: str) -> list[str]:
    """A row that belongs to no case."""
    return [what if name == "event" else "" for name in COLUMNS] + [body, found]


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
