"""Stores by URL: which kind a URL means, and how a URL is told without its password."""

from __future__ import annotations

import re
from collections.abc import Callable

from caseflow.errors import StoreError
from caseflow.ports import Store
from caseflow.stores.memory import MemoryStore
from caseflow.stores.place import Place
from caseflow.stores.sqlite_place import SqlitePlace


def _file(url: str) -> Place:
    return SqlitePlace(url.removeprefix("sqlite:///"))


def _database(url: str) -> Place:
    try:
        from caseflow.stores.sql.place import SqlPlace  # only here: SQLAlchemy takes 0.3 s to import
    except ImportError as error:
        raise StoreError("store-driver", found=str(error)) from error
    return SqlPlace(url)


KINDS: dict[str, Callable[[str], Place]] = {
    "sqlite:///": _file,
    "sqlite+pysqlite:///": _database,
    "postgresql://": _database,
    "postgresql+": _database,
    "mariadb://": _database,
    "mariadb+": _database,
    "mysql://": _database,
    "mysql+": _database,
}
"""The prefix of a URL -> what makes its place."""


def open_store(url: str | None, *, must_exist: bool = False) -> Store:
    """The store of a URL; one in memory without, or for ``memory:``.

    Raises:
        StoreError: the URL is of no known kind, or there is no such store and it must exist.
    """
    if url is None or url == "memory:":
        return MemoryStore()
    return place_of(url).open(must_exist=must_exist)


def place_of(url: str) -> Place:
    """The place a URL names, which need not be there.

    Raises:
        StoreError: the URL is of no known kind.
    """
    for prefix, kind in KINDS.items():
        if url.startswith(prefix) and len(url) > len(prefix):
            return kind(url)
    raise StoreError("store-url", found=shown(url))


def shown(url: str) -> str:
    """The URL for people: no user, no password, no parameters."""
    return re.sub(r"//.*@", "//", url, flags=re.DOTALL).partition("?")[0]
