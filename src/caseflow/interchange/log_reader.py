"""Logs of other systems as commands: CSV files, their times, and what each mapped event says of a row.

Every flaw names file, line and column.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from caseflow.core.bounds import LARGEST_LOG, MOST_COLUMNS
from caseflow.core.model.commands import Actor
from caseflow.core.time.instants import micros, zone_info
from caseflow.errors import BadInput, LogError
from caseflow.interchange.log_mapping import LogMapping, MappedEvent, Source, plain_mapping

IMPORTER = Actor("importer", role="importer")
"""Who acts in a row that names nobody."""

Cells = tuple[str, ...]


class LogRow(NamedTuple):
    """The cells of one row in the order of the header, and the line it begins on."""

    line: int
    cells: Cells


# -- files -------------------------------------------------------------------------------------------------


def read_header(path: Path, encoding: str) -> tuple[Cells, Iterator[LogRow]]:
    """The columns of the file, and its rows as they come.

    Raises:
        LogError: the file cannot be read or is not in that encoding; a row has too few or too many cells.
    """
    reader = csv.reader(io.StringIO(_text(path, encoding), newline=""), strict=True)
    try:
        header = tuple(next(reader, ()))
    except csv.Error as error:
        raise LogError("log-row", file=path, line=1, column=1, found=error) from error
    if len(header) > MOST_COLUMNS:
        wide = f"{len(header)} columns, at most {MOST_COLUMNS}"
        raise LogError("log-row", file=path, line=1, column=MOST_COLUMNS + 1, found=wide)
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise LogError("log-row", file=path, line=1, column=twice[0], found="this column stands twice")
    return header, _rows(path, reader, len(header))


def _rows(path: Path, reader: Any, width: int) -> Iterator[LogRow]:
    line = reader.line_num + 1
    try:
        for cells in reader:
            if len(cells) == width:
                yield LogRow(line, tuple(cells))
            elif cells:
                raise LogError("log-cells", file=path, line=line, found=len(cells), expected=width)
            line = reader.line_num + 1
    except csv.Error as error:
        raise LogError("log-row", file=path, line=line, column=1, found=error) from error


def _text(path: Path, encoding: str) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            raw = file.read(LARGEST_LOG + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise LogError("log-missing", file=path, found=getattr(error, "strerror", None) or error) from error
    if len(raw) > LARGEST_LOG:
        raise LogError("too-large", what=path, found=f"more than {LARGEST_LOG} bytes, unpacked")
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise LogError(
            "log-encoding",
            file=path,
            line=before.count(b"\n") + 1,
            column=error.start - before.rfind(b"\n"),
            found=f"0x{raw[error.start]:02x}",
            encoding=encoding,
        ) from error
    except (LookupError, ValueError) as error:
        raise LogError("log-missing", file=path, found=f"no encoding is called {encoding}") from error


# -- times -------------------------------------------------------------------------------------------------

_NAIVE_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_DATE = len("2025-03-03")
"""Every way to write a date in ISO 8601 is at most that long."""


class TimeReader:
    """Reads ISO 8601 times; naive ones as local times of the zone.

    An ambiguous local time takes its first reading and is counted in `ambiguous`; one that does not exist
    is an error. Local midnights are remembered by day where one offset holds for the whole day, since looking
    offsets up costs more than all the rest.
    """

    def __init__(self, zone: str | None) -> None:
        """Args: zone: the IANA name for naive times; ``None`` refuses them."""
        self.zone = zone
        self.ambiguous = 0
        self._info = None if zone is None else zone_info(zone)
        self._midnights: dict[str, int | None] = {}

    def read(self, text: str) -> int:
        """Epoch microseconds.

        Raises:
            BadInput: no ISO 8601 time, a naive one without a zone, or one that the zone skipped.
        """
        try:
            read = datetime.fromisoformat(text)
        except ValueError as error:
            raise BadInput("bad-instant", what="time", found=text) from error
        if read.tzinfo is not None:
            return micros(read)
        if self._info is None:
            raise BadInput("log-naive", found=text)
        day = text[:_DATE]
        midnight = self._midnights.get(day)
        if midnight is None:
            if day not in self._midnights:
                midnight = self._midnights[day] = self._midnight(read)
            if midnight is None:
                return self._exactly(read)
        seconds = (read.hour * 60 + read.minute) * 60 + read.second
        return midnight + seconds * 1_000_000 + read.microsecond

    def _midnight(self, read: datetime) -> int | None:
        """When the local day began; `None` when more than one offset holds in it, looked at hour by hour."""
        begin = read.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = [begin.replace(hour=hour) for hour in range(24)]
        last = begin.replace(hour=23, minute=59, second=59, microsecond=999_999)
        offsets = {
            local.replace(tzinfo=self._info, fold=fold).utcoffset()
            for local in (*hours, last)
            for fold in (0, 1)
        }
        only = offsets.pop()
        return None if offsets or only is None else (begin - _NAIVE_EPOCH - only) // _MICROSECOND

    def _exactly(self, read: datetime) -> int:
        first, second = (micros(read.replace(tzinfo=self._info, fold=fold)) for fold in (0, 1))
        if second < first:
            raise BadInput("no-such-time", found=read.isoformat(), zone=self.zone)
        self.ambiguous += second > first
        return first


# -- mapped events -----------------------------------------------------------------------------------------


class EventReader:
    """Reads one mapped event from the cells of a row; columns are looked up once.

    Attributes:
        path: the file.
        at: reads the event's time as text, empty when the row has no such event; at_column: its column.
        case_id, action: read the case's id and the action.
        is_for_all: whether it may stand in every row, so that `is_for` need not be asked.
        says_more: whether the mapping names who acts, a field or a column for ``effective_at``.
    """

    def __init__(self, path: Path, event: MappedEvent, index: dict[str, int], times: TimeReader) -> None:
        self.path = path
        self.at = getter(event.at, index)
        self.at_column = event.at.column
        self.case_id = getter(event.case_id, index)
        self.action = getter(event.action, index)
        self.is_for_all = event.rows == "all" and not event.when
        named = (event.actor, event.role, event.unit)
        self.says_more = bool(event.fields) or any(
            source != Source() for source in (*named, event.effective_at)
        )
        self._event = event
        self._rows = event.rows
        self._met: set[str] = set()
        self._times = times
        self._when = tuple((index[condition.column], condition.holds) for condition in event.when)
        self._since = getter(event.effective_at, index)
        self._who = tuple(getter(source, index) for source in named)
        self._named = any(source != Source() for source in named)
        self._fields = tuple((name, getter(source, index)) for name, source in event.fields.items())
        self._actors: dict[Cells, Actor] = {}

    def is_for(self, cells: Cells) -> bool:
        """Whether the event may stand in this row; asked once for every row, in the file's order."""
        is_in_turn = self._rows == "all" or self._is_in_turn(self.case_id(cells))
        return is_in_turn and all(holds(cells[place]) for place, holds in self._when)

    def _is_in_turn(self, case_id: str) -> bool:
        """Whether the row is the case's first, or a later one, as the mapping wants it."""
        is_first = case_id not in self._met
        self._met.add(case_id)
        return is_first is (self._rows == "first")

    def effective_us(self, cells: Cells) -> int | None:
        """Since when it is true, in epoch microseconds; `None` for the event's own time.

        Raises:
            BadInput: the cell is no time.
        """
        text = self._since(cells)
        return self._times.read(text) if text else None

    def fields(self, cells: Cells) -> dict[str, str]:
        """The fields that are not empty, as text."""
        return {name: text for name, get in self._fields if (text := get(cells))}

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

    def tells(self, name: str) -> bool:
        """Whether the log has that field of the event, empty or not."""
        return name in self._event.fields

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

        def translated(cells: Cells) -> str:
            cell: str = get(cells)
            return translate.get(cell, cell)

        return translated
    return get


# -- commands ----------------------------------------------------------------------------------------------

Step = tuple[int, str, str, EventReader, LogRow]
"""A command of the log: when, in epoch microseconds; the case; the action; and where to read the rest."""
Reject = Callable[[Path, LogRow, str, object], None]
"""What is done with a row that cannot be read: its file, the row, the column, and why."""


def read_steps(
    path: Path, mapping: LogMapping | None, encoding: str, *, times: TimeReader, reject: Reject
) -> Iterator[Step]:
    """The commands of a file, row by row and within a row in the order of the mapping."""
    header, rows = read_header(path, encoding)
    used = mapping.of(path.name) if mapping else plain_mapping(header, path)
    missing = sorted(used.columns() - set(header))
    if missing:
        raise LogError("log-columns", file=path, found=", ".join(missing), missing=", ".join(header))
    index = {name: place for place, name in enumerate(header)}
    skip = [(index[condition.column], condition.holds) for condition in used.skip]
    readers = [EventReader(path, event, index, times) for event in used.events]
    are_for_all = all(reader.is_for_all for reader in readers)
    lines: dict[Cells, int] = {}
    for row in rows:
        line, cells = row
        if skip and any(holds(cells[place]) for place, holds in skip):
            continue
        first = lines.setdefault(cells, line)
        if first != line:
            reject(path, row, header[0], LogError("log-duplicate", file=path, line=line, first=first))
            continue
        fitting = readers if are_for_all else [reader for reader in readers if reader.is_for(cells)]
        if not fitting:
            reject(path, row, header[0], LogError("log-unmapped", file=path, line=line))
        for reader in fitting:
            time = reader.at(cells)
            if not time:
                continue
            try:
                at = times.read(time)
            except BadInput as error:
                reject(path, row, reader.at_column, error)
                continue
            yield at, reader.case_id(cells), reader.action(cells), reader, row
