"""How the columns of a portal's own table of cases become what is known of each case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from caseflow.config import read_toml
from caseflow.core.policy_document import Notes, built
from caseflow.errors import PolicyError
from caseflow.logs.mapping import Condition, Source

NOTHING = Source()
PLAIN = (
    "case_id", "state", "unit", "kind", "channel", "region", "urgency", "citizen", "title", "body",
)  # fmt: skip
"""Names of a case that are taken as they are."""
INSTANTS = ("submitted_at", "unit_since", "state_since", "replied_at")
"""Names that are read as times."""


@attrs.frozen(kw_only=True)
class CaseColumns:
    """Where each part of a case stands; see `caseflow.LegacyCase`."""

    case_id: Source
    state: Source
    submitted_at: Source
    unit: Source = NOTHING
    unit_since: Source = NOTHING
    state_since: Source = NOTHING
    replied_at: Source = NOTHING
    kind: Source = NOTHING
    channel: Source = NOTHING
    region: Source = NOTHING
    urgency: Source = NOTHING
    citizen: Source = NOTHING
    title: Source = NOTHING
    body: Source = NOTHING


@attrs.frozen(kw_only=True)
class ExtensionColumns:
    """An extension that a row may hold: it holds it when the cell of ``at`` is not empty."""

    at: Source
    days: Source
    clock: Source = NOTHING


@attrs.frozen(kw_only=True)
class PauseColumns:
    """A pause that a row may hold: it holds it when the cell of ``since`` is not empty."""

    since: Source
    until: Source = NOTHING
    clock: Source = NOTHING


@attrs.frozen(kw_only=True)
class LegacyMapping:
    """The mapping of a table with one row a case.

    A row is passed over when any condition of ``skip`` holds: those of cases that are over.
    """

    case: CaseColumns
    format: int = 1
    extensions: tuple[ExtensionColumns, ...] = ()
    pauses: tuple[PauseColumns, ...] = ()
    started: dict[str, Source] = attrs.field(factory=dict)
    ended: dict[str, Source] = attrs.field(factory=dict)
    skip: tuple[Condition, ...] = ()

    def sources(self) -> Iterator[Source]:
        """Every source it names."""
        parts: tuple[Any, ...] = (self.case, *self.extensions, *self.pauses)
        for part in parts:
            yield from (getattr(part, field.name) for field in attrs.fields(type(part)))
        yield from self.started.values()
        yield from self.ended.values()

    def columns(self) -> set[str]:
        """Every column it names."""
        named = {source.column for source in self.sources()} | {found.column for found in self.skip}
        return named - {""}

    def column_of(self, name: str) -> str:
        """The column that a part of the case is read from; the name itself for a constant."""
        parts: dict[str, Source] = {
            "extensions": self.extensions[0].at if self.extensions else NOTHING,
            "pauses": self.pauses[0].since if self.pauses else NOTHING,
            "started": next(iter(self.started.values()), NOTHING),
            "ended": next(iter(self.ended.values()), NOTHING),
            "to": self.case.unit,
        }
        source: Source = parts[name] if name in parts else getattr(self.case, name, NOTHING)
        return source.column or name


def load_legacy_mapping(path: str | Path) -> LegacyMapping:
    """The mapping in a TOML file; a plain text for a source names a column.

    Raises:
        PolicyError: lists every problem of the file.
    """
    notes = Notes(str(path))
    table = read_toml(Path(path), notes)
    mapping = None if table is None else built(LegacyMapping, _spelled_out(table), notes)
    if mapping is not None and mapping.format != 1:
        notes.add("format", "unknown-format", mapping.format)
    if mapping is None or notes.problems:
        raise PolicyError(notes.problems)
    return mapping


def _spelled_out(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with every plain text where a source is expected made ``{column = text}``."""
    made = dict(table)
    for key in ("case", "started", "ended"):
        if isinstance(made.get(key), dict):
            made[key] = _sources(made[key])
    for key in ("extensions", "pauses"):
        if isinstance(made.get(key), list):
            made[key] = [_sources(found) if isinstance(found, dict) else found for found in made[key]]
    return made


def _sources(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"column": found} if isinstance(found, str) else found for name, found in table.items()}
