"""How a log's columns become commands: which events a row holds, and where each value stands."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path
from typing import Any

import attrs

from caseflow.config import read_toml
from caseflow.core.policy_document import Notes, built
from caseflow.errors import LogError, PolicyError

OWN_COLUMNS = ("case_id", "action", "at", "actor", "role", "unit", "effective_at")
"""What a plain log's columns mean; every other column is a field of the action."""
UNREAD = "version"
"""A plain log's column that is not read: it keeps two rows apart that say the same."""


@attrs.frozen(kw_only=True)
class Source:
    """Where a value comes from: a column, or the same value for every row, and how it is translated."""

    column: str = ""
    value: str = ""
    translate: dict[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Condition:
    """A plain condition on one column; all that are given must hold."""

    column: str
    files: str = "*"
    """The names of the files it is for, as a pattern."""
    equals: str | None = None
    differs: str | None = None
    among: tuple[str, ...] = ()
    empty: bool | None = None

    def holds(self, found: str) -> bool:
        """Whether the cell is as the condition says."""
        return (
            (self.equals is None or found == self.equals)
            and (self.differs is None or found != self.differs)
            and (not self.among or found in self.among)
            and (self.empty is None or (found == "") == self.empty)
        )


ROWS = ("all", "first", "later")
"""Of a case's rows in a file, those an event may stand in."""


@attrs.frozen(kw_only=True)
class MappedEvent:
    """One event that a row may hold.

    It holds it when the cell of ``at`` is not empty and every condition of ``when`` holds.
    """

    action: Source
    files: str = "*"
    """The names of the files it stands in, as a pattern such as ``events*.csv``."""
    rows: str = "all"
    """``first``: only in a case's first row in the file; ``later``: only in the others."""
    when: tuple[Condition, ...] = ()
    """Conditions on columns, all of which must hold."""
    at: Source = Source(column="at")
    case_id: Source = Source(column="case_id")
    actor: Source = Source()
    role: Source = Source()
    unit: Source = Source()
    effective_at: Source = Source()
    fields: dict[str, Source] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class LogMapping:
    """The mapping of a log: its events in order, and the rows to pass over.

    A row is passed over when any condition of ``skip`` holds. A row that no event is for is an error.
    """

    format: int = 1
    events: tuple[MappedEvent, ...] = ()
    skip: tuple[Condition, ...] = ()

    def of(self, file: str) -> LogMapping:
        """The part of the mapping that is for the file of that name."""
        return attrs.evolve(
            self,
            events=tuple(event for event in self.events if fnmatch(file, event.files)),
            skip=tuple(condition for condition in self.skip if fnmatch(file, condition.files)),
        )

    def columns(self) -> set[str]:
        """Every column the mapping names."""
        sources = [
            source
            for event in self.events
            for source in (
                event.action, event.at, event.case_id, event.actor, event.role, event.unit,
                event.effective_at, *event.fields.values(),
            )
        ]  # fmt: skip
        conditions = [*self.skip, *(condition for event in self.events for condition in event.when)]
        return ({source.column for source in sources} | {found.column for found in conditions}) - {""}


def load_mapping(path: str | Path) -> LogMapping:
    """The mapping in a TOML file; a plain text for a source names a column.

    Raises:
        PolicyError: lists every problem of the file.
    """
    notes = Notes(str(path))
    table = read_toml(Path(path), notes)
    mapping = None if table is None else built(LogMapping, _spelled_out(table), notes)
    if mapping is not None and not mapping.events:
        notes.add("events", "missing-key")
    for index, event in enumerate(mapping.events if mapping else ()):
        if event.rows not in ROWS:
            notes.add(f"events[{index}].rows", "unknown-rows", event.rows)
    if mapping is not None and mapping.format != 1:
        notes.add("format", "unknown-format", mapping.format)
    if mapping is None or notes.problems:
        raise PolicyError(notes.problems)
    return mapping


def plain_mapping(header: tuple[str, ...], path: Path) -> LogMapping:
    """The mapping of a log that has caseflow's own columns.

    Raises:
        LogError: ``case_id``, ``action`` or ``at`` is missing.
    """
    missing = [name for name in OWN_COLUMNS[:3] if name not in header]
    if missing:
        raise LogError("log-columns", file=path, found=", ".join(missing), missing=", ".join(header))
    own = {name: Source(column=name) for name in OWN_COLUMNS if name in header}
    fields = {name: Source(column=name) for name in header if name not in (*OWN_COLUMNS, UNREAD)}
    return LogMapping(events=(MappedEvent(**own, fields=fields),))  # type: ignore[arg-type]  # own has only sources


def _spelled_out(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with every plain text where a source is expected made ``{column = text}``."""
    events = table.get("events")
    if not isinstance(events, list):
        return dict(table)
    return {**table, "events": [_event(event) if isinstance(event, dict) else event for event in events]}


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, found in event.items():
        if key == "fields" and isinstance(found, dict):
            made[key] = {name: _source(source) for name, source in found.items()}
        elif key in ("files", "rows", "when"):
            made[key] = found
        elif key == "action" and isinstance(found, str):
            made[key] = {"value": found}
        else:
            made[key] = _source(found)
    return made


def _source(found: Any) -> Any:
    return {"column": found} if isinstance(found, str) else found
