"""Where a store lies, by URL: opened, made, looked at, migrated. A URL is shown without its password."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from caseflow.errors import StoreError
from caseflow.ports.protocols import ClosingStore, MovableStore, StoreLocation
from caseflow.ports.records import StoreStatus
from caseflow.stores.memory import MemoryStore
from caseflow.stores.sqlite import SqliteStore


class SqliteLocation:
    """The file of that path."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def open(self, *, must_exist: bool = False) -> MovableStore:
        """The store; the file is made when it is missing, unless it must exist."""
        if must_exist and not self.path.exists():
            raise StoreError("store-failed", path=str(self.path), found="no such file")
        return SqliteStore(self.path)

    def make(self) -> bool:
        """Make the file; whether it was not there before."""
        is_missing = not self.path.exists()
        SqliteStore(self.path).close()
        return is_missing

    def status(self) -> StoreStatus:
        """How the file stands; it stays as it is."""
        return SqliteStore.status(self.path)

    def migrate(self) -> tuple[int, ...]:
        """Bring the file to today's schema; see `SqliteStore.migrate`."""
        return SqliteStore.migrate(self.path)


def _file(url: str) -> StoreLocation:
    return SqliteLocation(url.removeprefix("sqlite:///"))


def _database(url: str) -> StoreLocation:
    try:
        from caseflow.stores.sqlalchemy import DatabaseLocation  # only here: it takes 0.3 s to import
    except ImportError as error:
        raise StoreError("store-driver", found=str(error)) from error
    return DatabaseLocation(url)


KINDS: dict[str, Callable[[str], StoreLocation]] = {
    "sqlite:///": _file,
    "sqlite+pysqlite:///": _database,
    "postgresql://": _database,
    "postgresql+": _database,
    "mariadb://": _database,
    "mariadb+": _database,
    "mysql://": _database,
    "mysql+": _database,
}
"""The prefix of a URL -> what gives its location."""


def open_store(url: str | None, *, must_exist: bool = False) -> ClosingStore:
    """The store of a URL, a context manager that closes it; one in memory without, or for ``memory:``.

    Raises:
        StoreError: the URL is of no known kind, or there is no such store and it must exist.
    """
    if url is None or url == "memory:":
        return MemoryStore()
    return location_of(url).open(must_exist=must_exist)


def location_of(url: str) -> StoreLocation:
    """The location a URL names; there need not be a store.

    Raises:
        StoreError: the URL is of no known kind.
    """
    for prefix, kind in KINDS.items():
        if url.startswith(prefix) and len(url) > len(prefix):
            return kind(url)
    raise StoreError("store-url", found=shown(url))


def shown(url: str) -> str:
    """The URL for people: no user, no password, no parameters."""
    return re.sub(r":(/*).*@", r":\1", url, count=1, flags=re.DOTALL).partition("?")[0]
