"""A mapped event of a row, read cell by cell: when, which case, what, by whom, with which fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from caseflow.core.commands import Actor
from caseflow.core.instants import moment
from caseflow.logs.mapping import MappedEvent, Source
from caseflow.logs.times import TimeReader

IMPORTER = Actor("importer", role="importer")
"""Who acts in a row that names nobody."""

Cells = tuple[str, ...]


class EventReader:
    """Reads one mapped event from the cells of a row; columns are looked up once.

    Attributes:
        path: the file.
        at_column: the column of the event's time.
        backdates: whether the mapping names a column for ``effective_at``.
    """

    def __init__(self, path: Path, event: MappedEvent, index: dict[str, int], times: TimeReader) -> None:
        self.path = path
        self.at_column = event.at.column
        self.case_id = getter(event.case_id, index)
        self.action = getter(event.action, index)
        self.backdates = event.effective_at != Source()
        self._event = event
        self._met: set[str] = set()
        self._times = times
        self._when = tuple((index[condition.column], condition.holds) for condition in event.when)
        self._at = getter(event.at, index)
        self._since = getter(event.effective_at, index)
        self._who = tuple(getter(source, index) for source in (event.actor, event.role, event.unit))
        self._named = any(source != Source() for source in (event.actor, event.role, event.unit))
        self._fields = tuple((name, getter(source, index)) for name, source in event.fields.items())
        self._actors: dict[Cells, Actor] = {}

    def is_for(self, cells: Cells) -> bool:
        """Whether every condition of the event holds in the row."""
        return all(holds(cells[place]) for place, holds in self._when)

    def is_in_turn(self, cells: Cells) -> bool:
        """Whether the event may stand in this row of the case; asked of every row, in the file's order."""
        if self._event.rows == "all":
            return True
        case_id = self.case_id(cells)
        is_first = case_id not in self._met
        self._met.add(case_id)
        return is_first is (self._event.rows == "first")

    def at(self, cells: Cells) -> int | None:
        """When, in epoch microseconds; `None` when the row has no such event.

        Raises:
            BadInput: the cell is no time.
        """
        text = self._at(cells)
        return self._times.read(text) if text else None

    def effective_at(self, cells: Cells) -> datetime | None:
        """Since when it is true; `None` for the event's own time.

        Raises:
            BadInput: the cell is no time.
        """
        text = self._since(cells)
        return moment(self._times.read(text)) if text else None

    def fields(self, cells: Cells) -> dict[str, str]:
        """The fields that are not empty, as text."""
        return {name: found for name, get in self._fields if (found := get(cells))}

    def actor(self, cells: Cells) -> Actor:
        """Who acts: whoever the row names, else the importer.

        Raises:
            BadInput: a name that no actor can have.
        """
        if not self._named:
            return IMPORTER
        key = tuple([get(cells) for get in self._who])
        by = self._actors.get(key)
        if by is None:
            name, role, unit = key
            by = Actor(name or role, role=role or IMPORTER.role, unit=unit) if name or role else IMPORTER
            self._actors[key] = by
        return by

    def column_of(self, name: str) -> str:
        """The column that a field, or a part of the command, was read from; its own name for a constant."""
        source = self._event.fields.get(name) or getattr(self._event, name, None)
        return source.column or name if isinstance(source, Source) else name


def getter(source: Source, index: dict[str, int]) -> Callable[[Cells], str]:
    """What reads a source from the cells of a row."""
    if not source.column:
        return lambda _: source.value
    get: Callable[[Any], str] = itemgetter(index[source.column])
    if source.translate:
        translate = source.translate
        return lambda cells: translate.get(get(cells), get(cells))
    return get
