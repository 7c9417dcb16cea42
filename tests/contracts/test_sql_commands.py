"""What a command and a sweep say to a database: few statements, every question by index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from caseflow import Actor, Desk, ManualClock, MemoryStore, StoreError, load_policy
from caseflow.cli import run
from caseflow.ports import Append, KeyClaim, Query
from caseflow.stores.database_urls import parsed
from caseflow.testing.contract.case_factory import submitted
from tests.contracts.databases import DATABASES, CaughtUp, emptied

BOSS = Actor("s-1", role="importer")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


class Listening:
    """A cursor that notes what it is told."""

    def __init__(self, cursor: Any, said: list[str]) -> None:
        self._cursor, self._said = cursor, said

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *given: Any) -> Any:
        self._said.append(sql)
        return self._cursor.execute(sql, *given)

    def executemany(self, sql: str, rows: list[Any]) -> Any:
        self._said += [sql] * (len(rows) if "UPDATE" in sql else 1)  # an insert is one of many rows
        return self._cursor.executemany(sql, rows)


@pytest.fixture
def said(store: CaughtUp, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    connections: Any = store._connections
    whole = type(connections)._cursor_of
    monkeypatch.setattr(
        connections, "_cursor_of", lambda connection: Listening(whole(connections, connection), said)
    )
    return said


def test_a_command_costs_at_most_three_inserts_and_one_update(store: CaughtUp, said: list[str]) -> None:
    """After ``submit``, with nothing due: its event, texts and notices, and a fourth for a key.

    On PostgreSQL all of it is one statement.
    """
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case = desk.submit(title="t", to="城管局", by=BOSS, key="k-0")
    for action, fields in (
        ("acknowledge", {"text": "x"}), ("take_charge", {}), ("dispatch", {"officer": "o"}),
        ("reply", {"text": "y", "reason": "r"}), ("complete", {"text": "z"}),
        ("rate", {"score": 5, "text": "好"}),
    ):  # fmt: skip
        desk.clock.advance(minutes=1)
        said.clear()
        case = desk.act(case.id, action, by=BOSS, fields=fields, key=f"k-{action}")
        everything = " ".join(said)
        assert everything.count("INSERT") <= 4
        assert everything.count("INSERT INTO caseflow_keys") == 1
        assert everything.count("UPDATE caseflow_") == 1
        if store._sql.dialect.one_statement:
            assert [sql.split()[0] for sql in said] == ["SELECT", "SELECT", "WITH"]


def test_a_sweep_with_nothing_due_only_asks(store: CaughtUp, said: list[str]) -> None:
    """It asks what is due and what waits, and opens no transaction."""
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="t", by=BOSS)
    said.clear()
    desk.sweep()
    assert [sql.split()[0] for sql in said] == ["SELECT", "SELECT"]


QUERIES = (
    Query(), Query(unit="u1"), Query(citizen="x4"), Query(unit="u1", overdue_at=900), Query(overdue_at=900),
    Query(after=(20, "c11")), Query(unit="u1", after=(20, "c11")), Query(after=(None, "c11")),
)  # fmt: skip


def test_every_question_is_read_by_an_index(store: CaughtUp) -> None:
    """Lists, what is due and its next page, and the feed never scan a table and never sort."""
    store.append([submitted(f"c{n:03}", due=n + 9, unit=f"u{n % 90}", citizen=f"x{n}") for n in range(900)])
    asked = [
        *(store._sql.find(query.replace(limit=5)) for query in QUERIES),
        store._sql.due(15, limit=5, after=None),
        store._sql.due(900, limit=5, after=(500, "c500")),
        (store._sql["select_feed"], (store.feed(limit=899)[-1].position, 5)),
    ]
    url = parsed(store.url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        kind = engine.dialect.name
        if kind != "sqlite":
            names = ("caseflow_cases", "caseflow_events")
            for name in names:
                connection.execute(text(f"ANALYZE {'TABLE ' if kind == 'mariadb' else ''}{name}"))
        if kind == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))  # 900 rows would not be worth an index
        explain = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN "
        for sql, given in asked:
            rows = connection.exec_driver_sql(explain + sql, given).fetchall()
            plan = " ".join(str(part) for row in rows for part in row)
            assert "Seq Scan" not in plan, plan
            assert "TEMP B-TREE" not in plan, plan
            assert "filesort" not in plan, plan
            assert " ALL " not in plan.replace(" None", ""), plan
    engine.dispose()


def test_a_shared_sweep_takes_up_to_its_limit_in_an_order_of_chance() -> None:
    """Piece by piece every card is fired once; "more" is told until nothing is left that can be done."""
    orders = set[tuple[str, ...]]()
    for _ in range(5):
        desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
        for number in range(40):
            desk.submit(title="t", to="城管局", by=BOSS, case_id=f"案-{number}")
        desk.clock.advance(days=6)
        swept = [desk.sweep(shared=True, limit=7) for _ in range(7)]
        assert [len(done.cards) for done in swept] == [7, 7, 7, 7, 7, 5, 0]
        assert [done.more for done in swept] == [True] * 5 + [False] * 2
        order = tuple(card.case_id for done in swept for card in done.cards)
        assert len(set(order)) == 40
        orders.add(order)
    assert len(orders) > 1


class SweptBetween(MemoryStore):
    """A store on which another desk sweeps right before each append of the first."""

    def __init__(self) -> None:
        super().__init__()
        self.appends = 0
        self.other: Desk | None = None

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        other, self.other = self.other, None
        if other is not None:
            other.sweep(limit=30)
            self.appends = 0
        self.appends += 1
        super().append(appends, claim)


def test_sweeps_that_meet_look_again_before_they_halve() -> None:
    """What another has swept meanwhile costs one more look at the batch, and no card is fired twice."""
    store = SweptBetween()
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    desk, other = (Desk(load_policy("wuhu"), store, clock=clock) for _ in range(2))
    for number in range(40):
        desk.submit(title="t", to="城管局", by=BOSS, case_id=f"案-{number}")
    clock.advance(days=6)
    store.other = other
    swept = desk.sweep()
    assert (len(swept.cards), swept.conflicts, swept.quarantined) == (10, (), ())
    assert store.appends == 2, "one that was stale, one of what was left"
    assert sum(len(desk.get(f"案-{number}").cards) for number in range(40)) == 40


def test_the_command_line_sweeps_with_others(tmp_path: Path) -> None:
    """``--shared`` is taken."""
    url = f"sqlite:///{tmp_path}/c.db"
    run(["store", "init", "--store", url])
    assert run(["sweep", "--store", url, "--shared"]) == 0


def test_work_goes_along_with_notices(store: CaughtUp) -> None:
    """In the transaction of an append that brings some, and of no other; what it raises undoes the append."""
    seen: list[int] = []

    def count(cursor: Any) -> None:
        cursor.execute("SELECT count(*) FROM caseflow_events WHERE case_id <> ''")
        seen.append(cursor.fetchone()[0])

    store.with_notices(count)
    desk = Desk(load_policy("wuhu"), store)
    desk.submit(title="t", to="城管局", by=BOSS, case_id="c1")
    assert seen == [1], "its own event is there"
    desk.note("c1", text="t", by=BOSS)
    assert seen == [1]
    store.with_notices(lambda cursor: cursor.execute("SELECT * FROM no_such_table"))
    with pytest.raises(StoreError):
        desk.submit(title="t", to="城管局", by=BOSS, case_id="c2")
    assert store.load("c2") is None
