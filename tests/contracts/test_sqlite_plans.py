"""What the SQLite store says to SQLite: few statements a command, and every question by index."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from caseflow import Actor, Desk, ManualClock, SqliteStore, load_policy
from caseflow.core.model import events as e
from caseflow.ports import Query
from caseflow.ports.records import Order
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


def test_what_waits_to_be_told_is_read_by_its_index(path: Path, store: SqliteStore) -> None:
    """``ready`` reads no row and sorts nothing."""
    store.ready(100, limit=10)
    (plan,) = plans(path)
    assert "SEARCH" in plan and "COVERING INDEX caseflow_notices_ready" in plan


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


READERS = [
    Query(
        unit=unit, kind=kind, region=area, policy=policy, level=level, state=state, since=since, order=order,
        after=after,
    )
    for unit, kind, area, policy, level, state, since, order, after in itertools.product(
        (None, "u1"), (None, "k"), (None, "r"), (None, "p"), (None, "yellow"), (None, "routed"), (None, 5),
        get_args(Order), (None, (20, "c11")),
    )
]  # fmt: skip


def test_what_readers_ask_is_never_sorted_and_never_scans_the_table(path: Path, store: SqliteStore) -> None:
    """Every combination of their filters, in every order, from the first page or a later one."""
    for query in READERS:
        SAID.clear()
        store.find(query)
        (plan,) = plans(path)
        assert "INDEX caseflow_cases_" in plan, query
        wanted = {"due": "due|by_unit|by_state", "worst": "running", "newest": "newest"}[query.order]
        assert re.search(wanted, plan), (query, plan)


@pytest.mark.parametrize(
    ("query", "index"),
    [(Query(unit="u1"), "counted"), (Query(unit="u1", state="routed"), "counted"), (Query(), "counted"),
     (Query(citizen="x4"), "by_citizen"), (Query(kind="k"), "newest_by_kind"),
     (Query(policy="p"), "newest_by_policy"), (Query(region="r", since=5), "newest_by_region"),
     (Query(since=5), "newest"),
     (Query(overdue_at=9), "running"), (Query(level="yellow"), "newest_by_level")],
)  # fmt: skip
def test_counts_are_read_from_an_index(path: Path, store: SqliteStore, query: Query, index: str) -> None:
    """What is counted is found by its filter; those of everything, and of a unit, from one index alone."""
    store.counts(query)
    assert f"INDEX caseflow_cases_{index} " in f"{plans(path)[0]} "
    if index == "counted":
        assert "COVERING" in plans(path)[0]
        assert "TEMP" not in " ".join(plans(path))


def test_words_are_read_from_the_index_of_titles(path: Path, store: SqliteStore) -> None:
    """In order, by the first pair of characters, the others looked up; then each case by its id."""
    store.search_titles()
    for after in (None, (20, "c11")):
        SAID.clear()
        store.find(Query(words=("噪音扰民",), unit="u1", since=5, after=after))
        read = plans(path)
        searched = [line for line in read if re.match("SEARCH (caseflow_titles|t) USING PRIMARY KEY", line)]
        assert len(searched) == 4  # each of the three pairs is counted, and one of them read
        assert not any(re.search(r"TEMP|SCAN (caseflow|[tch]\b)", line) for line in read)


@pytest.mark.parametrize(
    ("query", "index"),
    [(Query(state="routed"), "by_state"), (Query(order="worst"), "running"),
     (Query(order="newest"), "newest"), (Query(order="newest", kind="k"), "newest_by_kind"),
     (Query(order="newest", region="r"), "newest_by_region"),
     (Query(order="newest", policy="p"), "newest_by_policy"),
     (Query(order="newest", level="yellow"), "newest_by_level"),
     (Query(order="newest", unit="u1"), "newest_by_unit"), (Query(overdue_at=30), "running"),
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
     (Query(unit="u1", helping=True, state="routed", after=(20, "c11")), "due"),
     (Query(unit="u1", helping=True, kind="", region="", level="", since=1, after=(20, "c11")), "due"),
     (Query(unit="u1", helping=True, order="worst", kind="", level="", until=99), "running"),
     (Query(unit="u1", helping=True, order="newest"), "newest"),
     (Query(unit="u1", helping=True, order="newest", since=1, state="routed"), "newest"),
     (Query(unit="u1", helping=True, order="newest", until=99, after=(99, "c11")), "newest")],
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


def test_counts_and_words_of_a_helper_scan_nothing(path: Path, store: SqliteStore) -> None:
    """What it helps with is counted from the helpers' index; a title's case is looked up there by its key."""
    store.search_titles()
    query = Query(unit="u1", helping=True, since=1)
    for asked, index in (
        (lambda: store.counts(query), "SEARCH h USING"),
        (lambda: store.find(query.replace(words=("噪音",))), "SEARCH h USING"),
    ):
        SAID.clear()
        asked()
        found = plans(path)
        assert any(index in plan for plan in found), found
        assert not any(re.search(r"SCAN (caseflow|[tch]\b)", plan) for plan in found), found


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


def test_an_update_names_the_indexed_columns_that_change(path: Path, store: SqliteStore) -> None:
    """What another process wrote is known as it was read; what the row held otherwise is put right."""
    connection = sqlite3.Connection(path)
    connection.execute("UPDATE caseflow_cases SET level = 'odd' WHERE id = 'c3'")
    connection.commit()
    with SqliteStore(path) as other:
        for case_id in ("c2", "c3"):
            case = other.load(case_id)
            assert case is not None
            other.append([then(case, e.Noted(case.last_us + 1, BY))])
    named = [sql.partition(" WHERE ")[0] for sql, _ in SAID if sql.startswith("UPDATE caseflow_cases")]
    assert named == [
        "UPDATE caseflow_cases SET version = ?, snapshot = ?, head = ?",
        "UPDATE caseflow_cases SET version = ?, level = ?, snapshot = ?, head = ?",
    ]
    assert connection.execute("SELECT level FROM caseflow_cases WHERE id = 'c3'").fetchone() == ("",)
    connection.close()
