"""A desk over ``wuhu`` on a Monday morning, once on each store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caseflow import Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.ports import Store
from tests.journeys.people import MONDAY


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "cases.db")
    yield made
    made.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(policies=load_policy("wuhu"), store=store, clock=ManualClock(MONDAY))
