"""`SqlStore` keeps the contract on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caseflow.ports import Store
from tests.contracts.contract import StoreContract
from tests.contracts.databases import CaughtUp, emptied


@pytest.mark.postgres
class TestPostgres(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with emptied("postgresql") as store:
            yield store


@pytest.mark.mariadb
class TestMariaDb(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with emptied("mariadb") as store:
            yield store


class TestSqlite(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = CaughtUp.made(f"sqlite+pysqlite:///{tmp_path}/cases.db")
        yield store
        store.close()
