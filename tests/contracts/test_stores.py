"""The shipped stores keep the contract, and give the same answers as each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import MemoryStore, SqliteStore
from caseflow.ports import Append, Query, Store
from caseflow.testing import StoreContract
from caseflow.testing.contract.case_factory import stopped, submitted


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class OnDisk(StoreContract):
    """The same place for both handles, and for a later version's file."""

    terms: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with closing(SqliteStore(tmp_path / "案件.db", **self.terms)) as store:
            yield store

    @pytest.fixture
    def another(self, store: Store, tmp_path: Path) -> Iterator[Store]:
        with closing(SqliteStore(tmp_path / "案件.db", **self.terms)) as store:
            yield store

    @pytest.fixture
    def newer(self, tmp_path: Path) -> Callable[[], object]:
        path = tmp_path / "newer.db"
        SqliteStore(path, **self.terms).close()
        with closing(sqlite3.connect(path)) as later:
            later.execute("UPDATE caseflow_store SET version = 99")
            later.commit()
        return lambda: SqliteStore(path, **self.terms)


class TestSqliteStore(OnDisk):
    pass


class TestSqliteStoreWithWal(OnDisk):
    terms: ClassVar[dict[str, Any]] = {"journal": "wal", "synchronous": "normal"}


class TestSqliteStoreInMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with closing(SqliteStore(":memory:")) as store:
            yield store


DUES = st.none() | st.integers(1, 6)
UNITS = st.sampled_from(("", "城管局", "水务局"))


@st.composite
def appends(draw: st.DrawFn) -> list[Append]:
    ids = draw(st.lists(st.sampled_from("abcdefghij案😀"), unique=True, max_size=12))
    return [
        submitted(
            name, remind=draw(DUES), due=draw(DUES), unit=draw(UNITS), certain=draw(st.booleans()),
            citizen=draw(st.sampled_from(("", "x", "y"))),
            state=draw(st.sampled_from(("routed", "answered"))),
        )
        for name in ids
    ]  # fmt: skip


QUERIES = st.builds(
    Query, unit=st.none() | UNITS, citizen=st.none() | st.sampled_from(("", "x", "y")),
    state=st.none() | st.just("routed"), overdue_at=st.none() | st.integers(0, 7), limit=st.integers(1, 5),
)  # fmt: skip


@pytest.mark.soak
@settings(derandomize=True, database=None, max_examples=250, deadline=None)
@given(appends(), st.lists(QUERIES, min_size=3, max_size=3), st.sets(st.integers(0, 11)))
def test_stores_agree_on_every_question(news: list[Append], queries: list[Query], ended: set[int]) -> None:
    """Both stores give the same pages, dues and counts for any cases and any query."""
    stores: list[Store] = [MemoryStore(), SqliteStore(":memory:")]
    answers = []
    for store in stores:
        store.append(news)
        for index in sorted(ended):
            if index < len(news):
                store.append([stopped(news[index].case)])
        found: list[object] = [pages(store, query) for query in queries]
        found += [store.next_due(), [store.waiting(at) for at in range(8)]]
        found += [store.due(at, limit=limit) for at in range(8) for limit in (2, 99)]
        answers.append([*found, [(entry.case_id, entry.version) for entry in store.feed()]])
        store.close()
    assert answers[0] == answers[1]


def pages(store: Store, query: Query) -> list[str]:
    """The ids of all pages, in order, checked to be those of one long page."""
    ids: list[str] = []
    while page := store.find(query):
        ids += [case.id for case in page]
        query = query.replace(after=query.place(page[-1]))
    assert ids == [case.id for case in store.find(query.replace(after=None, limit=99))]
    return ids
