"""Logs of other systems as commands: CSV files, and what each mapped event says of a row.

Every flaw names file, line and column.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from caseflow.core.bounds import LARGEST_LOG, MOST_COLUMNS
from caseflow.core.model.commands import Actor
from caseflow.core.time.instants import moment
from caseflow.errors import BadInput, LogError
from caseflow.interchange.log_mapping import (
    ASIDE,
    OWN_COLUMNS,
    LogMapping,
    MappedEvent,
    Source,
    TableFormat,
    plain_mapping,
)
from caseflow.interchange.log_times import ISO, TimeReader

IMPORTER = Actor("importer", role="importer")
"""Who acts in a row that names nobody."""

UTF8, COMMA = "utf-8", ","
"""How a table is written where nothing is said."""
SEPARATORS = ",;\t|"
"""What tables are parted by."""
Cells = tuple[str, ...]
_MARKS = {
    codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
    "\ufeff".encode("gb18030"): "gb18030",
}  # fmt: skip
_COMMON: dict[str, Callable[[bytes], bool]] = {
    "utf-8": lambda sign: True,
    "gb18030": lambda sign: len(sign) == 2 and min(sign) > 0xA0,  # those of GB 2312
    "big5": lambda sign: sign[:1] < b"\xc7",  # those of its first level
}
"""Encodings -> whether a character, in its bytes, is one that text in it is mostly made of."""
_LOOKED_AT = 1_000_000
"""Bytes by which an encoding is told."""


class LogRow(NamedTuple):
    """The cells of one row in the order of the header, and the line it begins on."""

    line: int
    cells: Cells


# -- files -------------------------------------------------------------------------------------------------


def read_header(path: Path, written: TableFormat) -> tuple[Cells, Iterator[LogRow]]:
    """The columns of the file, and its rows as they come; a first line ``sep=;`` is passed over.

    Raises:
        LogError: the file cannot be read or is not in that encoding; a row has too few or too many cells.
    """
    separator = written.separator or COMMA
    text = io.StringIO(_text(path, written.encoding or UTF8), newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    try:
        header = tuple(next(reader, ()))
        if header == ("sep=", ""):
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


def check_columns(path: Path, header: Cells, wanted: Iterable[str], written: TableFormat) -> None:
    """Nothing, when the file has these columns.

    Raises:
        LogError: it lacks some; it is told by which separator they would be there.
    """
    missing = sorted(set(wanted) - set(header))
    if not missing:
        return
    separator = written.separator or COMMA
    line = separator.join(header).removeprefix("sep=")
    for other in SEPARATORS:
        if other != separator and (
            line == other or set(missing) <= set(next(csv.reader([line], delimiter=other), ()))
        ):
            key = f"separator = {json.dumps(other)}"
            raise LogError("log-separator", file=path, found=", ".join(missing), missing=key)
    raise LogError("log-columns", file=path, found=", ".join(missing), missing=", ".join(header))


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
        mark = _mark_of(raw)
        if mark and not codecs.lookup(encoding).name.startswith(mark):
            raise UnicodeDecodeError(encoding, raw, 0, 1, "a mark of another encoding")
        text = raw.decode(encoding)
        if "\0" in text and looks_like(raw).startswith("utf-16"):
            raise UnicodeDecodeError(encoding, raw, raw.index(0), raw.index(0) + 1, "no text holds it")
    except UnicodeDecodeError as error:
        before, looks = raw[: error.start], looks_like(raw)
        raise LogError(
            "log-encoding-looks" if looks else "log-encoding",
            file=path,
            line=before.count(b"\n") + 1,
            column=error.start - before.rfind(b"\n"),
            found=f"0x{raw[error.start]:02x}",
            encoding=encoding,
            expected=looks,
        ) from error
    except (LookupError, ValueError) as error:
        raise LogError("log-missing", file=path, found=f"no encoding is called {encoding}") from error
    return text.removeprefix("\ufeff")


def _mark_of(raw: bytes) -> str:
    """The encoding whose byte order mark the bytes begin with; empty for none."""
    return next((name for mark, name in _MARKS.items() if raw.startswith(mark)), "")


def looks_like(raw: bytes) -> str:
    """The encoding that bytes seem to be text in, for people to judge by; empty where none does.

    A byte order mark says it; many zeros are UTF-16 without one. Of what else decodes, Chinese is told by its
    common characters, which text of other languages does not come to.
    """
    begin = raw[:_LOOKED_AT]
    if mark := _mark_of(begin):
        return mark
    even, odd = begin[::2].count(0), begin[1::2].count(0)
    if even + odd > len(begin) // 10:
        return "utf-16-le" if odd > even else "utf-16-be"
    for name, is_common in _COMMON.items():
        try:
            text = codecs.getincrementaldecoder(name)().decode(begin)
        except UnicodeDecodeError:
            continue
        foreign = [sign.encode(name, "ignore") for sign in text if not sign.isascii()]
        if foreign and sum(map(is_common, foreign)) > len(foreign) * 0.9:
            return name
    return ""


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

    def in_iso(self, name: str, text: str, *, is_date: bool) -> str:
        """A field that is a date or an instant, in ISO 8601, as the log writes times.

        Raises:
            BadInput: the text is no time.
        """
        try:
            if not is_date:
                return moment(self._times.read(text)).isoformat()
            return text if self._times.times == (ISO,) else self._times.local(text).date().isoformat()
        except BadInput as error:
            raise BadInput(error.code, **{**error.data, "what": name}) from error

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
    path: Path,
    mapping: LogMapping,
    *,
    times: TimeReader,
    reject: Reject,
    aside: Reject,
) -> Iterator[Step]:
    """The commands of a file, row by row and within a row in the order of the mapping.

    Args:
        mapping: what the columns mean; without events they are caseflow's own.
        times: reads times as the mapping says that they are written.
        reject: what is done with a row that cannot be read; aside: with one that is identical to an earlier
            one, where the mapping sets these aside.
    """
    header, rows = read_header(path, mapping)
    used = mapping.of(path.name)
    check_columns(path, header, used.columns() if mapping.events else OWN_COLUMNS[:3], mapping)
    if not mapping.events:
        used = plain_mapping(header, used)
    index = {name: place for place, name in enumerate(header)}
    skip = [(index[condition.column], condition.holds) for condition in used.skip]
    readers = [EventReader(path, event, index, times) for event in used.events]
    are_for_all = all(reader.is_for_all for reader in readers)
    lines: dict[Cells, int] = {}
    again = aside if mapping.identical == ASIDE else reject
    for row in rows:
        line, cells = row
        if skip and any(holds(cells[place]) for place, holds in skip):
            continue
        first = lines.setdefault(cells, line)
        if first != line:
            again(path, row, header[0], LogError("log-duplicate", file=path, line=line, first=first))
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
