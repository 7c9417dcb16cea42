"""What PostgreSQL and MariaDB make of case lists: each page is read in order from the index made for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from benchmarks.case_lists import NOW, fill, plan

from caseflow.ports import Query
from tests.contracts.databases import DATABASES, CaughtUp, emptied

LISTS = {
    "by_state": Query(state="routed"),
    "running": Query(overdue_at=NOW),
    "running_by_unit": Query(unit="u7", overdue_at=NOW),
    "by_unit": Query(unit="u7"),
    "by_citizen": Query(citizen="x17"),
    "due": Query(),
    "newest": Query(order="newest"),
    "newest_by_unit": Query(order="newest", unit="u7"),
    "newest_by_kind": Query(order="newest", kind="advice"),
    "newest_by_policy": Query(order="newest", policy="rectification"),
    "newest_by_region": Query(order="newest", region="r7"),
    "newest_by_level": Query(order="newest", level="red"),
}
"""Index -> a list that is read from it."""


@pytest.fixture(scope="module", params=DATABASES[:2])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path_factory.mktemp("plans")) as store:
        fill(store, 20_000)
        yield store


@pytest.mark.parametrize("index", LISTS)
def test_each_list_has_its_index(store: CaughtUp, index: str) -> None:
    """A page, and one after it, is read in order from the index: nothing is sorted, nothing scanned.

    Where few cases are all there are, a database may sort them.
    """
    query = LISTS[index]
    page = store.find(query)
    assert 0 < len(page) <= 50
    for asked in (query, query.replace(after=query.place(page[0]))):
        words = plan(store, asked)
        assert "Seq Scan" not in words
        if len(page) == 50:
            assert re.search(rf"caseflow_cases_{index}\b", words)
        if index in ("by_state", "due"):
            assert "Sort" not in words
            assert "filesort" not in words


@pytest.mark.parametrize(
    ("query", "index"),
    [(Query(unit="u7", helping=True), "due"), (Query(unit="u7", helping=True, overdue_at=NOW), "running"),
     (Query(unit="u7", helping=True, order="worst"), "running"),
     (Query(unit="u7", helping=True, order="newest"), "newest")],
)  # fmt: skip
def test_what_a_unit_holds_or_helps_with_comes_from_two_indexes(
    store: CaughtUp, query: Query, index: str
) -> None:
    """Neither table is gone through: each list is read from its index, and a page of each is merged."""
    page = store.find(query)
    assert {case.unit == "u7" for case in page} == {True, False}
    for asked in (query, query.replace(after=query.place(page[0]))):
        words = plan(store, asked)
        assert "Seq Scan" not in words
        assert re.search(rf"caseflow_helpers_{index}\b", words)
