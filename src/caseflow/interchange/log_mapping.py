"""Mappings in TOML: how the columns of a log become commands, and those of a table become cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path
from typing import Any, TypeVar

import attrs

from caseflow.errors import PolicyError
from caseflow.interchange.log_times import wrong_times
from caseflow.policies.load import read_toml
from caseflow.policies.parse import Notes, built, is_list, is_table

OWN_COLUMNS = ("case_id", "action", "at", "actor", "role", "unit", "effective_at")
"""What a plain log's columns mean; every other column is a field of the action."""
UNREAD = "version"
"""A plain log's column that is not read: it keeps two rows apart that say the same."""


@attrs.frozen(kw_only=True)
class Source:
    """Where a value comes from: a column, or the same value for every row, and how it is translated."""

    column: str = ""
    value: str = ""
    translate: dict[str, str] = attrs.field(factory=dict[str, str])


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

    def holds(self, cell: str) -> bool:
        """Whether the cell is as the condition says."""
        return (
            (self.equals is None or cell == self.equals)
            and (self.differs is None or cell != self.differs)
            and (not self.among or cell in self.among)
            and (self.empty is None or (cell == "") == self.empty)
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
    fields: dict[str, Source] = attrs.field(factory=dict[str, Source])


ASIDE = "aside"
IDENTICAL = ("error", ASIDE)
"""What may be done with a row that is identical to an earlier one."""


@attrs.frozen(kw_only=True)
class TableFormat:
    """How a CSV file is written, where it is not UTF-8, parted by commas, with times in ISO 8601."""

    encoding: str = ""
    separator: str = ""
    times: tuple[str, ...] = ()
    """Ways to write a time, of which the first that fits is taken: see `log_times.wrong_times`."""
    identical: str = IDENTICAL[0]


@attrs.frozen(kw_only=True)
class LogMapping(TableFormat):
    """The mapping of a log: its events in order, and the rows to pass over.

    A row is passed over when any condition of ``skip`` holds. A row that no event is for is an error. Without
    any event the columns are caseflow's own.
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
        return ({source.column for source in sources} | {condition.column for condition in conditions}) - {""}


def plain_mapping(header: tuple[str, ...], mapping: LogMapping) -> LogMapping:
    """The mapping with the events of a log that has caseflow's own columns."""
    own: dict[str, Any] = {name: Source(column=name) for name in OWN_COLUMNS if name in header}
    fields = {name: Source(column=name) for name in header if name not in (*OWN_COLUMNS, UNREAD)}
    return attrs.evolve(mapping, events=(MappedEvent(**own, fields=fields),))


# -- tables of cases ---------------------------------------------------------------------------------------

NOTHING = Source()
PLAIN = (
    "case_id", "state", "unit", "kind", "channel", "region", "urgency", "citizen", "title", "body", "policy",
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
    policy: Source = NOTHING


@attrs.frozen(kw_only=True)
class ExtensionColumns:
    """An extension that a row may hold: it holds it when the cell of ``at`` is not empty."""

    at: Source
    days: Source
    clock: Source = NOTHING


@attrs.frozen(kw_only=True)
class PauseColumns:
    """A pause that a row may hold: it holds it when the cell of ``since`` is not empty.

    Where only the length of all pauses is known: when that of ``days`` or ``hours`` is neither empty nor 0.
    """

    since: Source = NOTHING
    until: Source = NOTHING
    clock: Source = NOTHING
    days: Source = NOTHING
    hours: Source = NOTHING

    @property
    def first(self) -> Source:
        """What says whether a row holds it; `NOTHING` where nothing does."""
        return next((source for source in (self.since, self.days, self.hours) if source != NOTHING), NOTHING)


@attrs.frozen(kw_only=True)
class HolderColumns:
    """An earlier holder that a row may name: it does when the cell of ``since`` is not empty."""

    unit: Source
    since: Source


@attrs.frozen(kw_only=True)
class RatingColumns:
    """A rating that a row may hold: it holds it when the cell of ``at`` and one of its fields are not empty.

    So a row that only says when nobody answered holds none: the time that passed without one says so.
    """

    at: Source
    fields: dict[str, Source]
    by: Source = NOTHING


@attrs.frozen(kw_only=True)
class LegacyMapping(TableFormat):
    """The mapping of a table with one row a case.

    A row is passed over when any condition of ``skip`` holds. A row in a state that ends is for the record.
    """

    case: CaseColumns
    format: int = 1
    extensions: tuple[ExtensionColumns, ...] = ()
    pauses: tuple[PauseColumns, ...] = ()
    holders: tuple[HolderColumns, ...] = ()
    ratings: tuple[RatingColumns, ...] = ()
    started: dict[str, Source] = attrs.field(factory=dict[str, Source])
    ended: dict[str, Source] = attrs.field(factory=dict[str, Source])
    skip: tuple[Condition, ...] = ()

    def sources(self) -> Iterator[Source]:
        """Every source it names."""
        parts: tuple[Any, ...] = (self.case, *self.extensions, *self.pauses, *self.holders)
        for part in parts:
            yield from (getattr(part, field.name) for field in attrs.fields(part.__class__))
        for rating in self.ratings:
            yield from (rating.at, rating.by, *rating.fields.values())
        yield from self.started.values()
        yield from self.ended.values()

    def columns(self) -> set[str]:
        """Every column it names."""
        named = {source.column for source in self.sources()} | {condition.column for condition in self.skip}
        return named - {""}

    def column_of(self, name: str) -> str:
        """The column that a part of the case is read from; the name itself for a constant.

        Args:
            name: as `LegacyCase` calls it; of a list or table also one part, ``pauses[1].until`` or
                ``started.reply``.
        """
        match = _FIELD.fullmatch(name)
        if match is not None:
            return self.ratings[int(match["index"])].fields[match["field"]].column or name
        match = _PART.fullmatch(name)
        if match is not None:
            source: Source = getattr(getattr(self, match["list"])[int(match["index"])], match["key"])
            return source.column or name
        clocks = {"started": self.started, "ended": self.ended}
        table, _, clock = name.partition(".")
        parts: dict[str, Source] = {
            "extensions": self.extensions[0].at if self.extensions else NOTHING,
            "pauses": self.pauses[0].first if self.pauses else NOTHING,
            "holders": self.holders[0].since if self.holders else NOTHING,
            "ratings": self.ratings[0].at if self.ratings else NOTHING,
            "to": self.case.unit,
        }
        if table in clocks:
            source = clocks[table].get(clock) or next(iter(clocks[table].values()), NOTHING)
        else:
            source = parts[name] if name in parts else getattr(self.case, name, NOTHING)
        return source.column or name


_FIELD = re.compile(r"ratings\[(?P<index>[0-9]+)\]\.fields\.(?P<field>.+)")
_PART = re.compile(r"(?P<list>extensions|pauses|holders|ratings)\[(?P<index>[0-9]+)\]\.(?P<key>[a-z]+)")


# -- files -------------------------------------------------------------------------------------------------

_Mapping = TypeVar("_Mapping", LogMapping, LegacyMapping)


def load_mapping(path: str | Path) -> LogMapping:
    """The mapping of a log in a TOML file; a plain text for a source names a column.

    Raises:
        PolicyError: lists every problem of the file.
    """
    notes = Notes(str(path))
    mapping = _read(LogMapping, path, notes, _log_table)
    for index, event in enumerate(mapping.events if mapping else ()):
        if event.rows not in ROWS:
            notes.add(f"events[{index}].rows", "unknown-rows", event.rows)
    return _checked(mapping, notes)


def load_legacy_mapping(path: str | Path) -> LegacyMapping:
    """The mapping of a table with one row a case; a plain text for a source names a column.

    Raises:
        PolicyError: lists every problem of the file.
    """
    notes = Notes(str(path))
    mapping = _read(LegacyMapping, path, notes, _legacy_table)
    for index, pause in enumerate(mapping.pauses if mapping else ()):
        if pause.first == NOTHING:
            notes.add(f"pauses[{index}].since", "missing-key")
    return _checked(mapping, notes)


def _read(
    kind: type[_Mapping],
    path: str | Path,
    notes: Notes,
    spelled_out: Callable[[dict[str, Any]], dict[str, Any]],
) -> _Mapping | None:
    table = read_toml(Path(path), notes)
    return None if table is None else built(kind, spelled_out(table), notes)


def _checked(mapping: _Mapping | None, notes: Notes) -> _Mapping:
    if mapping is not None:
        _check_format(mapping, notes)
    if mapping is None or notes.problems:
        raise PolicyError(notes.problems)
    return mapping


def _check_format(mapping: LogMapping | LegacyMapping, notes: Notes) -> None:
    if mapping.format != 1:
        notes.add("format", "unknown-format", mapping.format)
    if mapping.separator and (len(mapping.separator) > 1 or mapping.separator in _NO_SEPARATORS):
        notes.add("separator", "bad-separator", repr(mapping.separator))
    if mapping.identical not in IDENTICAL:
        notes.add("identical", "unknown-identical", mapping.identical)
    code, wrong = wrong_times(mapping.times)
    if code:
        notes.add("times", code, wrong)


_NO_SEPARATORS = '"\r\n \ufeff'


def _with_lists(table: dict[str, Any]) -> dict[str, Any]:
    """The table with one way to write times as a list of one."""
    times = table.get("times")
    return {**table, "times": [times]} if isinstance(times, str) else table


def _log_table(table: dict[str, Any]) -> dict[str, Any]:
    """The table with every plain text where a source is expected as ``{column = text}``."""
    table, events = _with_lists(table), table.get("events")
    if not is_list(events):
        return table
    return {**table, "events": [_event(event) if is_table(event) else event for event in events]}


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in event.items():
        if key == "fields" and is_table(value):
            table[key] = _sources(value)
        elif key in ("files", "rows", "when"):
            table[key] = value
        elif key == "action" and isinstance(value, str):
            table[key] = {"value": value}
        else:
            table[key] = _source(value)
    return table


def _legacy_table(table: dict[str, Any]) -> dict[str, Any]:
    """The same for a table of cases."""
    spelled = _with_lists(dict(table))
    for key in ("case", "started", "ended"):
        if is_table(spelled.get(key)):
            spelled[key] = _sources(spelled[key])
    for key in ("extensions", "pauses", "holders"):
        if is_list(spelled.get(key)):
            spelled[key] = [_sources(row) if is_table(row) else row for row in spelled[key]]
    if is_list(spelled.get("ratings")):
        spelled["ratings"] = [_rating(row) if is_table(row) else row for row in spelled["ratings"]]
    return spelled


def _rating(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _sources(value) if key == "fields" and is_table(value) else _source(value)
        for key, value in row.items()
    }


def _sources(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _source(value) for name, value in table.items()}


def _source(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value
