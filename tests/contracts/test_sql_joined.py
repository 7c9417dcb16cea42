"""A store inside the portal's own transaction: together with the portal's rows, or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from caseflow import (
    Actor,
    Case,
    Desk,
    KeyReused,
    ManualClock,
    MemoryStore,
    Stale,
    StoreBusy,
    StoreError,
    load_policy,
)
from caseflow.contrib.http_api import ROUTES, ApiRequest, CaseApi
from caseflow.core.policy import pin_of
from caseflow.ports import KeyClaim, Seen
from caseflow.stores.database_urls import parsed
from caseflow.stores.portal_transaction import JoinedConnections
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from caseflow.testing.contract.query_duties import race
from caseflow.views import documents as d
from caseflow.views.action_forms import actions_document
from caseflow.views.explanation_documents import explanation_document, explanations_document
from tests.contracts.databases import DATABASES, CaughtUp, emptied

BOSS = Actor("s-1", role="importer")
OFFICER = Actor("o-1", role="handler", unit="城管局")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    """The same database seen by a store of its own."""
    with emptied(request.param, tmp_path) as store:
        yield store


@pytest.fixture
def engine(store: CaughtUp) -> Iterator[Engine]:
    """The portal's engine, with a table of its own."""
    level = {"isolation_level": "READ COMMITTED"} if "mariadb" in store.url else {}
    engine = create_engine(parsed(store.url), **level)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE portal (word VARCHAR(20) PRIMARY KEY)"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE portal"))
    engine.dispose()


def insert(connection: Connection, word: str) -> None:
    connection.execute(text("INSERT INTO portal VALUES (:word)"), {"word": word})


def words(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT word FROM portal ORDER BY word")))


def test_the_portals_rows_and_the_cases_are_committed_together(store: CaughtUp, engine: Engine) -> None:
    """Nobody else sees either before the portal's commit; both are there after it."""
    first = submitted("c1")
    with engine.begin() as connection:
        insert(connection, "row")
        joined = SqlStore.joined(connection)
        joined.append([first], KeyClaim("a", "k", "d", "c1", 1, 1))
        second = then(first.case)
        joined.append([second])
        assert joined.load("c1") == second.case
        if "sqlite" not in store.url:
            assert store.load("c1") is None
    assert store.load("c1") == second.case
    assert [entry.version for entry in store.feed()] == [1, 2]
    assert words(engine) == ["row"]


def test_a_rollback_of_the_portals_takes_the_cases_along(store: CaughtUp, engine: Engine) -> None:
    """Neither case, event, key nor text is left, though the joined store returned from its appends."""
    with engine.connect() as connection:
        SqlStore.joined(connection).append([submitted("c1", due=5)], KeyClaim("a", "k", "d", "c1", 1, 1))
        insert(connection, "row")
        connection.rollback()
    assert store.load("c1") is None
    assert (store.feed(), store.recall("a", "k"), store.next_due(), words(engine)) == ((), None, None, [])


def test_a_refused_append_leaves_the_transaction_usable(store: CaughtUp, engine: Engine) -> None:
    """After `Stale` and `KeyReused` the portal's rows of before and after are committed."""
    first, other = submitted("c1"), submitted("c2")
    store.append([first, other], KeyClaim("a", "k", "d", "c1", 1, 1))
    with engine.begin() as connection:
        insert(connection, "before")
        joined = SqlStore.joined(connection)
        with pytest.raises(Stale):
            joined.append([then(first.case).replace(expected=7)])
        with pytest.raises(Stale):
            joined.append([submitted("c1")])
        with pytest.raises(Stale):
            joined.append([then(other.case), then(first.case).replace(expected=0)])
        with pytest.raises(KeyReused):
            joined.append([then(first.case)], KeyClaim("a", "k", "d2", "c1", 2, 2))
        insert(connection, "after")
        joined.append([then(first.case)])
    assert words(engine) == ["after", "before"]
    assert [entry.case_id for entry in store.feed()] == ["c1", "c2", "c1"]


def test_work_after_the_commit_waits_for_the_portals(store: CaughtUp, engine: Engine) -> None:
    """It is done once, after the commit, when another connection sees the case; not before."""
    seen: list[bool] = []
    with engine.begin() as connection:
        joined = SqlStore.joined(connection)
        joined.append([submitted("c1")])
        joined.after_commit(lambda: seen.append(store.load("c1") is not None))
        assert seen == []
    assert seen == [True]
    with engine.begin():
        pass
    assert seen == [True]


def test_work_after_the_commit_is_dropped_by_a_rollback(store: CaughtUp, engine: Engine) -> None:
    """A rollback drops all of it; one to a savepoint what was added after the savepoint."""
    done: list[str] = []
    with engine.connect() as connection:
        joined = SqlStore.joined(connection)
        joined.after_commit(lambda: done.append("rolled back"))
        connection.rollback()
        joined.after_commit(lambda: done.append("kept"))
        nested = connection.begin_nested()
        joined.append([submitted("c1")])
        joined.after_commit(lambda: done.append("in the savepoint"))
        nested.rollback()
        connection.commit()
        assert done == []
        with connection.begin():
            assert done == ["kept"]
    assert done == ["kept"]
    assert store.load("c1") is None


def test_work_after_a_commit_that_failed_is_not_done(store: CaughtUp, engine: Engine) -> None:
    """When the portal's transaction fails, so does everything."""
    done: list[str] = []
    with pytest.raises(IntegrityError), engine.begin() as connection:
        joined = SqlStore.joined(connection)
        joined.append([submitted("c1")])
        joined.after_commit(lambda: done.append("x"))
        insert(connection, "twice")
        insert(connection, "twice")
    assert (done, store.load("c1")) == ([], None)


def test_a_session_can_be_joined(store: CaughtUp, engine: Engine) -> None:
    """A desk on the connection of an ORM session commits with the session."""
    done: list[str] = []
    with Session(engine) as session:
        joined = SqlStore.joined(session.connection())
        joined.after_commit(lambda: done.append("told"))
        desk = Desk(load_policy("wuhu"), joined, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        desk.submit(title="路灯不亮", by=BOSS, case_id="c1")
        session.execute(text("INSERT INTO portal VALUES ('x')"))
        assert done == []
        session.commit()
        assert done == ["told"]
    assert store.load("c1") is not None


def test_nothing_is_committed_by_the_store(store: CaughtUp, engine: Engine) -> None:
    """Joined, it sends no COMMIT of its own, whatever it is asked to do."""
    commits: list[str] = []
    event.listen(engine, "commit", lambda connection: commits.append("commit"))
    with engine.connect() as connection:
        joined = SqlStore.joined(connection)
        joined.append([submitted("c1"), submitted("c2")])
        joined.claim(1 << 60, limit=9, lease_us=5, token="t")
        joined.pin("p", {})
        assert connection.in_transaction()
        assert commits == []
        connection.rollback()
    assert store.pinned("p") is None


def test_a_connection_in_autocommit_is_refused(store: CaughtUp, engine: Engine) -> None:
    """It has no transaction to join."""
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection, pytest.raises(StoreError, match="autocommit"):
        SqlStore.joined(connection)


def test_a_policy_pinned_in_a_savepoint_that_is_undone_is_pinned_again(
    store: CaughtUp, engine: Engine
) -> None:
    """Cases that follow on the same desk would have lost their rules."""
    with engine.begin() as connection:
        desk = Desk(
            load_policy("wuhu"), SqlStore.joined(connection), clock=ManualClock("2025-03-03T09:30+08:00")
        )
        undone = connection.begin_nested()
        desk.submit(title="t", by=BOSS, case_id="c1")
        undone.rollback()
        desk.submit(title="t", by=BOSS, case_id="c2")
    assert store.load("c1") is None
    assert store.load("c2") is not None
    document = store.pinned(desk.rules.pin)
    assert document is not None
    assert pin_of(dict(document)) == desk.rules.pin


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_work_after_a_commit_that_the_database_refuses_is_not_done(store: CaughtUp, engine: Engine) -> None:
    """A constraint that is looked at in the commit fails it: nobody is told of what never happened."""
    deferred = "CREATE TABLE page (word VARCHAR(20) REFERENCES portal DEFERRABLE INITIALLY DEFERRED)"
    done: list[str] = []
    with engine.begin() as connection:
        connection.execute(text(deferred))
    try:
        with pytest.raises(IntegrityError), engine.begin() as connection:
            joined = SqlStore.joined(connection)
            joined.append([submitted("c1")])
            joined.after_commit(lambda: done.append("told"))
            connection.execute(text("INSERT INTO page VALUES ('nowhere')"))
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
        assert (done, store.load("c1")) == ([], None)
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE page"))


def test_work_that_fails_after_the_commit_stops_nobody(
    store: CaughtUp, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """The commit stands: the error is logged by its kind, the rest is done, the connection goes back."""
    done: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError("秘密")

    with engine.begin() as connection:
        joined = SqlStore.joined(connection)
        joined.append([submitted("c1")])
        joined.after_commit(fail)
        joined.after_commit(lambda: done.append("told"))
    assert (done, store.load("c1") is not None) == (["told"], True)
    assert "work after the commit failed: ZeroDivisionError" in caplog.text
    assert "秘密" not in caplog.text
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # every pool that is tested counts


def test_two_desks_of_one_transaction_lose_no_policy(store: CaughtUp, engine: Engine) -> None:
    """The second one saw the policy that the first had pinned in a savepoint, which was undone."""
    with engine.begin() as connection:
        policy, clock = load_policy("wuhu"), ManualClock("2025-03-03T09:30:00+08:00")
        desks = [Desk(policy, SqlStore.joined(connection), clock=clock) for _ in range(2)]
        undone = connection.begin_nested()
        for number, desk in enumerate(desks):
            desk.submit(title="t", by=BOSS, case_id=f"lost-{number}")
        undone.rollback()
        desks[1].submit(title="t", by=BOSS, case_id="c2")
    assert store.pinned(desks[1].rules.pin) is not None


# -- one desk, many connections --------------------------------------------------------------------------


class CountingCursor:
    """A cursor that notes what is executed."""

    def __init__(self, cursor: Any, statements: list[str]) -> None:
        self._cursor = cursor
        self._statements = statements

    def execute(self, sql: str, *values: Any) -> Any:
        self._statements.append(sql)
        return self._cursor.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that joined stores say to their databases."""
    statements: list[str] = []
    cursor_of = JoinedConnections._cursor
    monkeypatch.setattr(
        JoinedConnections, "_cursor", lambda self: CountingCursor(cursor_of(self), statements)
    )
    return statements


@pytest.fixture
def desk(store: CaughtUp) -> Desk:
    return Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))


def page_of_one_case(desk: Desk, case_id: str, by: Actor) -> list[Any]:
    """What a portal shows on one page, as documents of the HTTP API."""
    file, now = desk.seen_by(by).open(case_id), desk.clock.now_us()
    rules = file.rules
    return [
        d.case_document(rules, file.get(), now, lang="zh"),
        actions_document(rules, file.allowed(), case_id=case_id, lang="zh"),
        explanations_document(
            explanation_document(rules, part, lang="zh")
            for clock in rules.policy.clocks
            for part in file.explain(clock=clock)
        ),
        d.forecast_document(rules, file.forecast(), lang="zh"),
        d.story_document(rules, file.story(lang="zh")),
        file.texts(),
        file.documents(),
        file.history(),
    ]


def test_a_page_of_one_case_costs_six_statements_at_most(
    desk: Desk, engine: Engine, statements: list[str]
) -> None:
    """On a connection that no desk has met before, four of a case, one of its session where it has one; on
    the next pages four. As many where the policy has changed since, and for an act with what it must look at.
    """
    desk.submit(title="路灯不亮", body="三天了", to="城管局", by=BOSS, case_id="c1")
    desk.reply("c1", text="已修复", by=BOSS)
    newer_rules = attrs.evolve(desk.rules.policy, name="newer")
    newer = Desk(newer_rules, desk.store, clock=desk.clock)
    newer.submit(title="t", by=BOSS, case_id="c2")
    counts, pages = [], []
    for shared in (desk, desk, newer, newer):
        with engine.connect() as connection:
            statements.clear()
            pages.append(page_of_one_case(shared.joined(connection), "c1", OFFICER))
            counts.append(len(statements))
    assert counts == [4 if engine.dialect.name == "sqlite" else 5, 4, 4, 4]
    assert all(page == pages[0] for page in pages)
    with engine.begin() as connection:
        statements.clear()
        desk.joined(connection).note("c1", text="x", by=BOSS)
    assert len(statements) <= 6


def test_a_question_over_http_costs_six_statements_at_most(
    desk: Desk, engine: Engine, statements: list[str]
) -> None:
    """Each by itself, its desk made for the request."""
    desk.submit(title="路灯不亮", to="城管局", by=BOSS, case_id="c1")
    for route in ROUTES:
        if route.method == "GET":
            with engine.connect() as connection:
                statements.clear()
                path = {"case_id": "c1", "clock": "reply"} if "{case_id}" in route.path else {}
                answer = CaseApi(desk.joined(connection)).answer(route, ApiRequest(OFFICER, path))
                assert answer.status == 200, answer.body
                assert len(statements) <= 4 + ("list" not in route.name), route.name


def test_desks_of_many_connections_are_one(desk: Desk, store: CaughtUp, engine: Engine) -> None:
    """Rules, clock, hooks and observer are those of the desk that they come from, whatever came later."""
    seen, told = list[str](), list[Seen]()

    class Told:
        def observe(self, seen: Seen) -> None:
            told.append(seen)

    shared = Desk(desk.rules, store, clock=desk.clock, observer=Told())
    with engine.begin() as connection:
        joined = shared.joined(connection)
        shared.subscribe("submitted", lambda happened: seen.append(happened.case.id))
        assert joined.rules is shared.rules and joined.clock is shared.clock
        joined.submit(title="t", by=BOSS, case_id="c1")
        assert type(joined.joined(connection)) is Desk
        assert seen == []
    assert seen == ["c1"]
    assert [type(one).__name__ for one in told] == ["CommandDone"]
    assert store.load("c1") is not None
    with engine.connect() as connection:
        assert shared.joined(connection).sweep(limit=1).cards == ()


def test_a_policy_that_a_joined_desk_lost_is_kept_by_the_next(
    desk: Desk, store: CaughtUp, engine: Engine
) -> None:
    """What one transaction brought and lost is thought kept by all, until they look."""
    for is_kept in (False, True):
        with engine.connect() as connection:
            desk.joined(connection).submit(title="t", by=BOSS, case_id=f"c-{is_kept}")
            if is_kept:
                connection.commit()
    assert [head.case_id for head in store.heads()] == ["c-True"]
    assert store.pinned(desk.rules.pin) is not None


def test_a_store_that_cannot_be_joined_is_named() -> None:
    """With the way out."""
    desk = Desk(load_policy("wuhu"), MemoryStore())
    with pytest.raises(StoreError, match="SqlStore") as caught:
        desk.joined(object())
    assert caught.value.code == "store-not-joinable"


def test_of_another_database_nothing_is_shared(desk: Desk, tmp_path: Path) -> None:
    """It is looked at as the first time: tables that are not there are told at once."""
    elsewhere = create_engine(f"sqlite+pysqlite:///{tmp_path}/elsewhere.db")
    with elsewhere.connect() as connection, pytest.raises(StoreError) as caught:
        desk.joined(connection)
    assert caught.value.code == "store-missing"
    elsewhere.dispose()


CLICKS: dict[str, Callable[[Desk], Case]] = {
    "submit": lambda desk: desk.submit(title="又", by=BOSS, key="k", case_id=uuid.uuid4().hex),
    "reply": lambda desk: desk.reply("c1", text="已修复", by=BOSS, key="k"),
    "withdraw": lambda desk: desk.withdraw("c1", by=BOSS, key="k"),
}


@pytest.mark.parametrize("command", CLICKS)
def test_a_double_click_in_transactions_of_the_portal_is_never_refused(
    desk: Desk, store: CaughtUp, engine: Engine, command: str
) -> None:
    """The twin commits when its whole page is done: the others wait, and are told what it came to."""
    desk.submit(title="t", to="城管局", by=BOSS, case_id="c1")
    cases: list[Case] = []

    def click() -> None:
        while True:
            try:
                with engine.begin() as connection:
                    case = CLICKS[command](desk.joined(connection))
                    insert(connection, case.id[:10] + uuid.uuid4().hex[:10])
            except (StoreBusy, OperationalError):  # SQLite's file is locked
                continue
            cases.append(case)
            return

    race([click] * 5)
    assert all(case == cases[0] for case in cases)
    assert sorted(case.is_repeat for case in cases) == [False, *[True] * 4]
    assert len(words(engine)) == 5
