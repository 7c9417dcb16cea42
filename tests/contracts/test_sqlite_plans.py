"""What the SQLite store says to SQLite: few statements a command, and every question by index."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, Desk, ManualClock, SqliteStore, load_policy
from caseflow.core.model import events as e
from caseflow.ports import Query
from caseflow.testing.contract.case_factory import BY, submitted, then

BOSS = Actor("s-1", role="importer")
SAID: list[tuple[str, Any]] = []


class RecordingCursor(sqlite3.Cursor):
    """Notes every statement with its parameters, and runs it."""

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        SAID.append((sql, parameters))
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        rows = list(parameters)
        SAID.extend((sql, row) for row in rows)
        return super().executemany(sql, rows)


class Recording(sqlite3.Connection):
    """A connection of recording cursors."""

    def cursor(self, factory: Any = RecordingCursor) -> Any:
        return super().cursor(factory)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **given: connect(*args, factory=Recording, **given))
    return tmp_path / "cases.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    store.append([submitted(f"c{n}", due=n + 9, unit=f"u{n % 3}", citizen=f"x{n}") for n in range(50)])
    SAID.clear()
    yield store
    store.close()


def plans(path: Path) -> list[str]:
    """How SQLite would answer each of the questions asked."""
    selects = [(sql, values) for sql, values in SAID if sql.startswith("SELECT")]
    assert selects, "no question was recorded"
    connection = sqlite3.Connection(path)
    try:
        rows = [connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall() for sql, values in selects]
    finally:
        connection.close()
    return [detail for found in rows for *_, detail in found]


def test_what_is_due_is_read_by_its_index(path: Path, store: SqliteStore) -> None:
    """``due``, its next page, ``next_due`` and ``waiting`` search a partial index; nothing is sorted."""
    store.due(100, limit=10)
    store.due(100, limit=10, after=(20, "c11"))
    store.next_due()
    store.waiting(100)
    found = plans(path)
    assert len(found) == 4
    assert all("INDEX caseflow_cases_due" in plan or "INDEX caseflow_cases_waiting" in plan for plan in found)
    assert all("SEARCH" in plan for plan in (found[0], found[1], found[3]))


SHAPES = [
    Query(unit=unit, citizen=citizen, state=state, overdue_at=overdue, after=after)
    for unit, citizen, state, overdue, after in itertools.product(
        (None, "u1"), (None, "x4"), (None, "routed"), (None, 30), (None, (20, "c11"), (None, "c11"))
    )
]


@pytest.mark.parametrize("query", SHAPES, ids=lambda query: "".join("+" if part else "-" for part in (
    query.unit, query.citizen, query.state, query.overdue_at, query.after)))  # fmt: skip
def test_find_never_sorts_and_never_scans_the_table(path: Path, store: SqliteStore, query: Query) -> None:
    """Every combination of filters and cursor is served in order by an index.

    What is overdue of one citizen, who has few cases, is found by index and sorted.
    """
    store.find(query)
    found = plans(path)
    is_sorted = query.citizen is not None and query.overdue_at is not None
    assert all("INDEX" in plan or is_sorted for plan in found)
    assert not any("TEMP B-TREE" in plan and not is_sorted for plan in found)
    if query != Query():
        assert "SEARCH" in found[0]


@pytest.mark.parametrize(
    ("query", "index"),
    [(Query(state="routed"), "by_state"), (Query(overdue_at=30), "running"),
     (Query(state="routed", overdue_at=30), "running"), (Query(unit="u1", overdue_at=30), "running_by_unit"),
     (Query(unit="u1"), "by_unit"), (Query(citizen="x4"), "by_citizen"), (Query(), "due")],
)  # fmt: skip
def test_each_list_has_its_index(path: Path, store: SqliteStore, query: Query, index: str) -> None:
    """By state, by overdue, by unit and by citizen a page is read from the index made for it."""
    store.find(query)
    assert f"INDEX caseflow_cases_{index} " in f"{plans(path)[0]} "


@pytest.mark.parametrize(
    ("query", "index"),
    [(Query(unit="u1", helping=True), "due"), (Query(unit="u1", helping=True, overdue_at=30), "running"),
     (Query(unit="u1", helping=True, state="routed", after=(20, "c11")), "due")],
)  # fmt: skip
def test_what_a_unit_holds_or_helps_with_is_merged_from_two_indexes(
    path: Path, store: SqliteStore, query: Query, index: str
) -> None:
    """Each of the two lists is read in order from its index up to a page, and only those pages are merged."""
    cases = store.find(Query(unit="u2"))
    store.append([then(case, e.CoHandlerAdded(60, BY, unit="u1")) for case in cases])
    SAID.clear()
    assert store.find(query)
    found = plans(path)
    assert any(f"INDEX caseflow_helpers_{index} " in plan for plan in found)
    assert any("INDEX caseflow_cases_" in plan and "by_unit" in plan for plan in found)
    assert {plan for plan in found if plan.startswith("SCAN")} == {"SCAN held", "SCAN helped"}
    assert sum("TEMP B-TREE" in plan for plan in found) == 2  # of one page each


def test_a_command_on_a_case_with_a_helper_costs_one_statement_more(path: Path) -> None:
    """Where its places in lists move; none where they stay."""
    desk = Desk(load_policy("wuhu"), SqliteStore(path), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case = desk.submit(title="t", to="城管局", by=BOSS)
    for action, fields, inserts in (
        ("add_co_handler", {"co_handler": "水务局"}, 1), ("note", {"text": "x"}, 0),
        ("reply", {"text": "y"}, 1),
    ):  # fmt: skip
        SAID.clear()
        desk.act(case.id, action, by=BOSS, fields=fields)
        assert sum(sql.startswith("INSERT INTO caseflow_helpers") for sql, _ in SAID) == inserts


def test_a_case_and_its_history_are_searched(path: Path, store: SqliteStore) -> None:
    """Loading a case, its events and texts, a key, a policy and the feed's next page scan nothing."""
    store.load("c7")
    store.events("c7")
    store.texts("c7")
    store.recall("a", "k")
    store.pinned("p")
    store.feed(10)
    found = plans(path)
    assert len(found) == 6
    assert all("SEARCH" in plan and "TEMP" not in plan for plan in found)


def test_a_command_costs_at_most_three_inserts_and_one_update(path: Path) -> None:
    """After ``submit``, with nothing due: its event, texts and notices, and a fourth for a key.

    A second update is the notice of a reply that is taken back.
    """
    desk = Desk(load_policy("wuhu"), SqliteStore(path), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case = desk.submit(title="t", to="城管局", by=BOSS, key="k-0")
    for action, fields in (
        ("acknowledge", {"text": "x"}), ("take_charge", {}), ("dispatch", {"officer": "o"}),
        ("reply", {"text": "y", "reason": "r"}), ("retract_reply", {"reason": "r"}), ("reply", {"text": "z"}),
        ("complete", {"text": "z"}), ("rate", {"score": 5, "text": "好"}), ("close", {}),
    ):  # fmt: skip
        desk.clock.advance(minutes=1)
        SAID.clear()
        desk.act(case.id, action, by=BOSS, fields=fields, key=f"k-{action}-{case.version}")
        case = desk.get(case.id)
        said = [sql.split()[0].upper() for sql, _ in SAID]
        assert said.count("INSERT") <= 4
        assert sum(sql.startswith("INSERT INTO caseflow_keys") for sql, _ in SAID) == 1
        assert said.count("UPDATE") == 1 + (action == "retract_reply")
        assert said.count("BEGIN") == said.count("COMMIT") == 1
        assert not {"DELETE", "REPLACE"} & set(said)


def test_every_write_begins_immediate(path: Path) -> None:
    """A transaction that will write takes its lock at once, so it never fails half way for being deferred."""
    store = SqliteStore(path)
    store.append([submitted("c1", due=5)])
    store.pin("p", {})
    store.close()
    begins = [sql for sql, _ in SAID if sql.upper().startswith("BEGIN")]
    assert begins
    assert set(begins) == {"BEGIN IMMEDIATE"}


def test_a_sweep_with_nothing_due_writes_nothing(path: Path) -> None:
    """It asks what is due and what waits, by index, and opens no transaction."""
    desk = Desk(load_policy("wuhu"), SqliteStore(path), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="t", by=BOSS)
    SAID.clear()
    desk.sweep()
    assert {sql.split()[0] for sql, _ in SAID} == {"SELECT"}
    assert len(SAID) <= 3
