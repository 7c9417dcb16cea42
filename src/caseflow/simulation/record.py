"""The commands of a simulation as a log that ``caseflow replay`` reads."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from caseflow.core.commands import Actor
from caseflow.core.instants import zone_info

COLUMNS = (
    "case_id", "action", "at", "actor", "role", "unit", "title", "body", "text", "kind", "to", "co_handler",
    "score", "efficiency", "effect", "code", "primary", "days", "rectification", "reason",
)  # fmt: skip
_FIELDS = COLUMNS[6:]


class Record:
    """Writes accepted commands as they come, one a row; instants in the zone, to the second."""

    def __init__(self, out: TextIO | None, zone: str) -> None:
        """Args: out: where the rows go; `None` keeps nothing."""
        self.rows = 0
        self._zone = zone_info(zone)
        self._writer = None if out is None else csv.writer(out, lineterminator="\n")
        if self._writer is not None:
            self._writer.writerow(COLUMNS)

    def add(self, case_id: str, action: str, at: int, *, by: Actor, fields: Mapping[str, Any]) -> None:
        """Write one command; ``at`` in epoch seconds."""
        self.rows += 1
        if self._writer is not None:
            when = datetime.fromtimestamp(at, UTC).astimezone(self._zone).isoformat()
            cells = [fields.get(name, "") for name in _FIELDS]
            self._writer.writerow((case_id, action, when, by.id, by.role, by.unit, *cells))
