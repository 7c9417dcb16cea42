"""The text of a calendar's file: UTF-8, of a bearable size, with or without a byte order mark."""

from __future__ import annotations

import codecs
from pathlib import Path

from caseflow.core.bounds import LARGEST_FILE
from caseflow.errors import BadInput


def calendar_text(path: Path) -> str:
    """What the file says.

    Raises:
        BadInput: there is no such file, it is too large, cannot be read, or is not UTF-8.
    """
    try:
        if not path.is_file():
            raise BadInput("no-such-file" if not path.exists() else "not-a-file", what=path.name, found=path)
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise BadInput("too-large", what=path.name, found=f"{size} bytes, at most {LARGEST_FILE}")
        return path.read_bytes().removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise BadInput("not-utf8", what=path.name, found=place_of(error)) from error
    except OSError as error:
        raise BadInput("not-a-file", what=path.name, found=error.strerror or error) from error


def place_of(error: UnicodeDecodeError) -> str:
    """Where the first byte stands that is not UTF-8."""
    before = error.object[: error.start]
    line, byte = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    return f"line {line}, byte {byte}"
