"""Writing a file so that it is there whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from caseflow.errors import BadInput


def write_atomically(path: Path, content: bytes) -> None:
    """Write the file, and let it reach the disk before it takes its name: a reader meets the old or the new.

    Raises:
        BadInput: ``file-failed``: it cannot be written; what was there stays.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise BadInput("file-failed", what=str(path), found=error.strerror or type(error).__name__) from error
