"""`SqlStore` keeps the contract on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from caseflow.ports import Store
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing import StoreContract, walk_beside_a_dict
from tests.contracts.databases import CaughtUp, emptied, of_a_later_schema


class OnADatabase(StoreContract):
    """A new store for each test; a second handle to its database; one that a later version wrote."""

    kind: str

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[CaughtUp]:
        with emptied(self.kind, tmp_path) as store:
            yield store

    @pytest.fixture
    def another(self, store: CaughtUp) -> Iterator[CaughtUp]:
        another = CaughtUp(store.url)
        yield another
        another.close()

    @pytest.fixture
    def newer(self, store: CaughtUp) -> Iterator[Callable[[], Any]]:
        with of_a_later_schema(store):
            yield lambda: SqlStore(store.url)

    @pytest.mark.soak
    def test_it_walks_long_beside_a_dict(self, store: Store) -> None:
        """Twenty longer walks give the dict's answers throughout."""
        walk_beside_a_dict(lambda: store, examples=20, steps=40, seconds=600)


@pytest.mark.postgres
class TestPostgres(OnADatabase):
    kind = "postgresql"
    walks = 6


@pytest.mark.mariadb
class TestMariaDb(OnADatabase):
    kind = "mariadb"
    walks = 4


class TestSqlite(OnADatabase):
    kind = "sqlite"
