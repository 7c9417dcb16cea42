"""The folder of exported tables: Parquet files, and numbered manifests of which the newest says what counts.

A run writes its files under names of its own and then, in one step that either is done or is not, the next
manifest. What no manifest names was never there: a run that was killed leaves nothing but files to sweep up.
The number is taken by making its file, so that of two runs at once one is refused.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from caseflow.analytics.table_schemas import FORMAT
from caseflow.core.value import Value
from caseflow.errors import StoreError

MANIFESTS = "manifests"
KEPT = 2
"""Manifests, and the files that they name, that stay for those who read while a run goes on."""


class TableFile(Value):
    """A file of one table: its path in the folder, and how many rows it has."""

    table: str
    path: str
    rows: int


class Manifest(Value, omit_defaults=False):
    """What counts as of one run.

    Attributes:
        number: of the run; 0 before any.
        format: the version of the schemas.
        position: the position of the feed up to which the rows tell, and the case and version of its event.
        files: all that are to be read; of a case the rows with the highest ``batch`` count.
        batches: how many runs the rows are of.
        unread: cases that could not be read; the next run tries them again.
    """

    number: int = 0
    format: int = FORMAT
    position: int = 0
    case_id: str = ""
    version: int = 0
    files: tuple[TableFile, ...] = ()
    batches: int = 0
    unread: tuple[str, ...] = ()

    def of(self, table: str) -> tuple[TableFile, ...]:
        """The files of a table, in the order of their runs."""
        return tuple(one for one in self.files if one.table == table)


class TableLog:
    """The manifests of a folder.

    Args:
        folder: made when the first run commits.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.token = secrets.token_hex(4)

    def latest(self) -> Manifest:
        """The newest manifest; an empty one where there is none, or it is of other schemas.

        Raises:
            StoreError: ``tables-unreadable``: it is no manifest.
        """
        numbers = self._numbers()
        if not numbers:
            return Manifest()
        path = self._path(numbers[-1])
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError("tables-unreadable", found=str(path)) from error
        return manifest if manifest.format == FORMAT else Manifest(number=manifest.number)

    def new_file(self, number: int, table: str) -> Path:
        """Where a run may write rows of a table; its folder is there afterwards."""
        path = self.folder / table / f"{number:08}-{self.token}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def commit(self, manifest: Manifest) -> None:
        """Make the manifest the newest one, and sweep up what the last two do not name.

        Raises:
            StoreError: ``tables-overtaken``: another run took that number first.
        """
        for file in manifest.files:
            if file.path.endswith(f"{manifest.number:08}-{self.token}.parquet"):
                try:
                    _synced(self.folder / file.path)
                except FileNotFoundError as error:  # swept up by the run that was done first
                    raise StoreError("tables-overtaken", found=str(self.folder)) from error
        target = self._path(manifest.number)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}-{self.token}")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        _synced(draft)
        try:
            os.link(draft, target)
        except FileExistsError as error:
            raise StoreError("tables-overtaken", found=str(self.folder)) from error
        finally:
            draft.unlink()
        _synced(target.parent)
        self._sweep(manifest.number)

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in (self.folder / MANIFESTS).glob("[0-9]*.json"))

    def _path(self, number: int) -> Path:
        return self.folder / MANIFESTS / f"{number:08}.json"

    def _sweep(self, number: int) -> None:
        """Remove files up to that run which no manifest names that stays."""
        numbers = self._numbers()
        stay = [msgspec.json.decode(self._path(one).read_bytes(), type=Manifest) for one in numbers[-KEPT:]]
        named = {file.path for manifest in stay for file in manifest.files}
        for path in self.folder.glob("*/*.parquet"):
            if _run(path) <= number and path.relative_to(self.folder).as_posix() not in named:
                _remove((path,))
        _remove(self._path(one) for one in numbers[:-KEPT])


def _run(path: Path) -> int:
    digits = path.name.partition("-")[0]
    return int(digits) if digits.isdigit() else 1 << 62


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # a reader of Windows may hold it: the next run sweeps it up
            path.unlink()


def _synced(path: Path) -> None:
    """What was written there is on the disk; a folder that cannot be synced is left to the system."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return  # folders of Windows
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
