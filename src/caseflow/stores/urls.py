"""Stores by URL: which kind a URL means. A kind is a prefix and what makes a `Place` of the rest."""

from __future__ import annotations

from collections.abc import Callable

from caseflow.errors import StoreError
from caseflow.ports import Store
from caseflow.stores.memory import MemoryStore
from caseflow.stores.place import Place
from caseflow.stores.sqlite_place import SqlitePlace

KINDS: dict[str, Callable[[str], Place]] = {"sqlite:///": SqlitePlace}
"""The prefix of a URL -> what makes the place of what follows it."""


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
            return kind(url.removeprefix(prefix))
    raise StoreError("store-url", found=url)
