"""What an exported file holds, object by object, whichever format it is in: the lines of `exits.jsonl`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from caseflow.errors import LogError
from caseflow.exits.jsonl import FORMAT, KIND, parsed
from caseflow.exits.reading_tables import rows_read
from caseflow.exits.reading_xes import traces_read
from caseflow.exits.whole import Object


def objects(path: Path) -> Iterator[Object]:
    """What each line says, the header's first; of CSV and XES what a line would say.

    Raises:
        LogError: a line that says nothing; a file that is something else, or cannot be imported.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        begin = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"<"):
        return traces_read(path)
    return rows_read(path) if begin.startswith(b"position,case_id,") else _lines_read(path)


def _lines_read(path: Path) -> Iterator[Object]:
    """Each line's number, its object and the bytes of its events, the header's first.

    Raises:
        LogError: a line that is none, a file that is something else.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                found, bodies = parsed(line.decode())
            except (ValueError, RecursionError) as error:
                code = "export-header" if number == 1 else "export-line"
                raise wrong(path, number, code, found=str(error)[:120]) from error
            is_head = isinstance(found, dict) and found.get("caseflow") == KIND
            if number == 1 and not (is_head and found.get("format") == FORMAT):
                raise wrong(path, number, "export-header")
            if number > 1 and (is_head or not isinstance(found, dict)):
                raise wrong(path, number, "export-line", found="no case, policy or key")
            yield number, found, bodies


def wrong(path: Path, number: int, code: str, **data: object) -> LogError:
    """What is wrong with a line."""
    return LogError(code, file=path, line=number, **data)
