"""``caseflow deadline --batch``: a table of deadlines, each row computed and compared with what it says."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import attrs

from caseflow import BadInput, LogError
from caseflow.cli.deadline_terms import KEYS, TermReader, key_of
from caseflow.cli.options import BOM, Lang, usage
from caseflow.core.time.instants import micros
from caseflow.interchange.cells import safe_cell
from caseflow.interchange.log_mapping import TableFormat
from caseflow.interchange.log_reader import read_header

ANSWER = "breach_at"
"""The column that is computed; what the file says there is compared, and written over."""
COLUMNS = ("id", *KEYS, ANSWER, "about")
"""The columns that a table may have, in any order; ``id`` and ``about`` are only copied."""


@attrs.frozen(kw_only=True)
class Mismatch:
    """A row whose answer in the file is not the computed one."""

    line: int
    id: str
    written: str
    computed: str


@attrs.frozen(kw_only=True)
class BatchResult:
    """How many rows there were, how many had an answer, and which of these do not match."""

    rows: int
    answered: int
    mismatches: tuple[Mismatch, ...]


def run_batch(
    source: Path, out: Path, reader: TermReader, *, encoding: str, bom: bool, lang: Lang, start: str
) -> BatchResult:
    """Fill ``breach_at`` of every row; nothing is written when a row cannot be computed.

    An empty ``breach_at`` says "never late" in a table that has answers, and nothing in one that has none.

    Raises:
        click.UsageError: a column that is none of `COLUMNS`.
        LogError: the file cannot be read; a cell that cannot be used, by row and column.
    """
    header, read = read_header(source, TableFormat(encoding=encoding))
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        raise usage("unknown-columns", lang, names=", ".join(unknown), known=", ".join(COLUMNS))
    if "start" not in header and not start:
        raise LogError("log-columns", file=source, found="start", missing=", ".join(header))
    rows = [(row.line, dict(zip(header, row.cells, strict=True))) for row in read]
    answers = [_computed(source, line, cells, reader) for line, cells in rows]
    is_answered = any(cells.get(ANSWER, "").strip() for _, cells in rows)
    mismatches = [
        Mismatch(line=line, id=cells.get("id", ""), written=cells[ANSWER], computed=answer)
        for (line, cells), answer in zip(rows, answers, strict=True)
        if is_answered and not _agrees(cells[ANSWER].strip(), answer)
    ]
    columns = header if ANSWER in header else (*header, ANSWER)
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM if bom else "")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for (_, cells), answer in zip(rows, answers, strict=True):
            writer.writerow([safe_cell({**cells, ANSWER: answer}[name]) for name in columns])
    return BatchResult(rows=len(rows), answered=len(rows) if is_answered else 0, mismatches=tuple(mismatches))


def _computed(source: Path, line: int, cells: Mapping[str, str], reader: TermReader) -> str:
    try:
        terms = reader.terms(cells)
        return terms.text(terms.breach())
    except BadInput as error:
        raise LogError("log-row", file=source, line=line, column=key_of(error, cells), found=error) from error


def _agrees(written: str, computed: str) -> bool:
    """Whether both say the same instant, whatever the offset, or the same word."""
    if written == computed:
        return True
    try:
        return bool(written and computed) and micros(written) == micros(computed)
    except BadInput:  # no instant: "unknown", or anything
        return False
