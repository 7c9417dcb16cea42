"""An empty store of each kind for the length of a test, as its URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from caseflow import SqliteStore
from caseflow.stores.sqlalchemy import SqlStore
from tests.contracts import databases


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    SqliteStore(folder / "cases.db").close()
    yield f"sqlite:///{folder}/cases.db"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    with databases.postgres() as url:
        SqlStore.made(url).close()
        yield url


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    with databases.mariadb() as url:
        SqlStore.made(url).close()
        yield url
