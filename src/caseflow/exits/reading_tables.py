"""A whole table read again: its rows as the lines of `exits.jsonl` would say them, a case at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from caseflow.errors import LogError
from caseflow.exits.tables import COLUMNS, END, OF_WHOLE, POLICY, unguarded
from caseflow.exits.whole import HEAD, Object, case_object

LONGEST_CELL = 1 << 24
"""Characters of an event or a policy; whoever reads a table that is longer is being fooled."""
_Row = tuple[int, dict[str, str]]
"""The number of a row's last line, and its cells by column."""


def rows_read(path: Path) -> Iterator[Object]:
    """The header, policies, cases and the end.

    Raises:
        LogError: ``export-lean`` for a table that was not written whole; a row that is none.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        csv.field_size_limit(max(LONGEST_CELL, csv.field_size_limit()))  # of the process; only ever raised
        rows = csv.DictReader(file, strict=True)
        try:
            if not {*COLUMNS, *OF_WHOLE}.issubset(rows.fieldnames or ()):
                raise LogError("export-lean", file=path, line=1)
            yield 1, HEAD, ()
            for case_id, found in groupby(_numbered(rows), key=lambda row: row[1]["case_id"]):
                group = list(found)
                yield from [_case(path, case_id, group)] if case_id else map(_aside, group)
        except (csv.Error, ValueError, TypeError, RecursionError) as error:
            raise LogError("export-line", file=path, line=rows.line_num, found=str(error)[:120]) from error


def _numbered(rows: csv.DictReader[str]) -> Iterator[_Row]:
    for row in rows:
        if None in row or None in row.values():
            raise ValueError("a row of another length")
        yield rows.line_num, row


def _aside(numbered: _Row) -> Object:
    """A row that belongs to no case."""
    number, row = numbered
    body = json.loads(row["body"])
    if row["event"] == POLICY:
        return number, {"policy": row["hash"], "document": body}, ()
    if row["event"] == END:
        return number, {"end": body}, ()
    raise ValueError("no case, policy or end")


def _case(path: Path, case_id: str, found: list[_Row]) -> Object:
    """The rows of a case, which must be in the order of versions."""
    number, last = found[-1]
    rows = list(map(itemgetter(1), found))
    if [row["version"] for row in rows] != [str(version) for version in range(1, len(rows) + 1)]:
        raise LogError("export-broken", file=path, line=number, case=unguarded(case_id))
    bodies = [unguarded(row["body"]) for row in rows]
    return number, *case_object(unguarded(case_id), bodies, last["hash"])
