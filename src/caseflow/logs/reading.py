"""The rows of CSV and CSV.gz files, with their places; every flaw names file, line and column."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from caseflow.core.values import Value, value
from caseflow.errors import LogError


@value
class Row(Value):
    """The cells of one row in the order of the header, and the line it begins on."""

    line: int
    cells: tuple[str, ...]


def read_header(path: Path, encoding: str) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The columns of the file, and its rows as they come.

    Raises:
        LogError: the file cannot be read or is not in that encoding; a row has too few or too many cells.
    """
    reader = csv.reader(io.StringIO(_text(path, encoding), newline=""), strict=True)
    try:
        header = tuple(next(reader, ()))
    except csv.Error as error:
        raise LogError("log-row", file=path, line=1, column=1, found=error) from error
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise LogError("log-row", file=path, line=1, column=twice[0], found="this column stands twice")
    return header, _rows(path, reader, len(header))


def _rows(path: Path, reader: Iterator[list[str]], width: int) -> Iterator[Row]:
    line = 1
    source = reader
    while True:
        line = source.line_num + 1  # type: ignore[attr-defined]  # a csv.reader counts its lines
        try:
            cells = next(source, None)
        except csv.Error as error:
            raise LogError("log-row", file=path, line=line, column=1, found=error) from error
        if cells is None:
            return
        if len(cells) != width:
            if not cells:
                continue
            raise LogError("log-cells", file=path, line=line, found=len(cells), expected=width)
        yield Row(line, tuple(cells))


def _text(path: Path, encoding: str) -> str:
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise LogError("log-missing", file=path, found=getattr(error, "strerror", None) or error) from error
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError as error:
        raise LogError("log-missing", file=path, found=f"no encoding is called {encoding}") from error
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
