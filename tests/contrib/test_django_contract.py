"""`DjangoStore` keeps the contract on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from caseflow.contrib.django import DjangoStore
from caseflow.testing import StoreContract
from tests.contracts.databases import CaughtUp
from tests.contrib.portal.databases import PortalStore, portal


class InAPortal(StoreContract):
    """A store on Django's connection, a second handle by SQLAlchemy, one of a later version."""

    kind: str
    walks = 8

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[tuple[str, CaughtUp]]:
        with portal(self.kind, tmp_path) as opened:
            yield opened

    @pytest.fixture
    def store(self, opened: tuple[str, CaughtUp]) -> PortalStore:
        return PortalStore(opened[0])

    @pytest.fixture
    def another(self, opened: tuple[str, CaughtUp]) -> CaughtUp:
        return opened[1]

    @pytest.fixture
    def newer(self, opened: tuple[str, CaughtUp]) -> Iterator[Callable[[], Any]]:
        alias, _ = opened
        with connections[alias].cursor() as cursor:
            cursor.execute("UPDATE caseflow_store SET version = version + 1")
            yield lambda: DjangoStore(alias).next_due()
            cursor.execute("UPDATE caseflow_store SET version = version - 1")


class TestSqlite(InAPortal):
    kind = "sqlite"


@pytest.mark.soak
@pytest.mark.postgres
class TestPostgres(InAPortal):
    kind = "postgresql"
    walks = 4


@pytest.mark.soak
@pytest.mark.mariadb
class TestMariaDb(InAPortal):
    kind = "mariadb"
    walks = 3
