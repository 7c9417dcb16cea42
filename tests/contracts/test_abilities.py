"""What a store may offer beside its duties: batch reads, and work after the commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from caseflow import SqliteStore
from caseflow.ports import BatchReader, Deferring
from caseflow.stores.sql.store import RelationalStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, emptied


@pytest.fixture(params=["file", *DATABASES])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RelationalStore]:
    if request.param == "file":
        with closing(SqliteStore(tmp_path / "cases.db")) as file:
            yield file
        return
    with emptied(request.param, tmp_path) as store:
        yield store


def test_many_cases_are_read_as_each_is_alone(store: RelationalStore) -> None:
    """``load_many`` and ``texts_many`` give by id what ``load`` and ``texts`` give; others are left out."""
    reader: BatchReader = store
    entries = [submitted(f"案-{number}", due=number) for number in range(700)]
    store.append(entries)
    store.append([then(entries[3].case)])
    ids = [entry.case.id for entry in entries]
    wanted = [*ids, "no such", "bad\ud800", "nul\0"]
    assert reader.load_many(wanted) == {name: store.load(name) for name in ids}
    assert reader.texts_many(wanted) == {name: store.texts(name) for name in ids if store.texts(name)}
    assert (reader.load_many([]), reader.texts_many([]), reader.documents_many(wanted)) == ({}, {}, {})


def test_work_after_the_commit_is_done_when_append_has_returned(store: RelationalStore) -> None:
    """A store that commits by itself does it at once, when the case is there for everybody."""
    deferring: Deferring = store
    seen: list[bool] = []
    store.append([submitted("c1")])
    deferring.after_commit(lambda: seen.append(store.load("c1") is not None))
    assert seen == [True]
