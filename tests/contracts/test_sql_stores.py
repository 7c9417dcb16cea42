"""`SqlStore` keeps the contract on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caseflow.ports import Store
from caseflow.testing import StoreContract
from tests.contracts.databases import emptied


@pytest.mark.postgres
class TestPostgres(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with emptied("postgresql", tmp_path) as store:
            yield store


@pytest.mark.mariadb
class TestMariaDb(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with emptied("mariadb", tmp_path) as store:
            yield store


class TestSqlite(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with emptied("sqlite", tmp_path) as store:
            yield store
