"""The portal's own rows and its cases are committed together, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext, override_settings

from caseflow import Actor, Case, Desk, KeyReused, ManualClock, Stale, StoreBusy, StoreError, load_policy
from caseflow.contrib.django import DjangoStore
from caseflow.ports import KeyClaim
from caseflow.testing.contract.case_factory import submitted, then
from caseflow.testing.contract.query_duties import race
from caseflow.views.action_forms import actions_document
from caseflow.views.documents import case_document
from tests.contracts.databases import DATABASES, CaughtUp
from tests.contrib.portal.databases import portal
from tests.contrib.portal.models import Post

BOSS = Actor("s-1", role="importer")


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, CaughtUp]]:
    """Django's alias, and the same database seen by a store of its own."""
    with portal(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def using(opened: tuple[str, CaughtUp]) -> str:
    return opened[0]


@pytest.fixture
def store(using: str) -> DjangoStore:
    return DjangoStore(using)


@pytest.fixture
def other(opened: tuple[str, CaughtUp]) -> CaughtUp:
    return opened[1]


def atomic(using: str) -> AbstractContextManager[None]:
    found: AbstractContextManager[None] = transaction.atomic(using=using)
    return found


def post(using: str, word: str) -> None:
    Post.objects.using(using).create(word=word)


def words(using: str) -> list[str]:
    return list(Post.objects.using(using).order_by("word").values_list("word", flat=True))


class Meant(Exception):
    """Ends an atomic block of a test."""


def test_the_portals_rows_and_the_cases_are_committed_together(
    using: str, store: DjangoStore, other: CaughtUp
) -> None:
    """Nobody else sees either before the portal's commit; both are there after it."""
    first = submitted("c1")
    with atomic(using):
        post(using, "row")
        store.append([first], KeyClaim("a", "k", "d", "c1", 1, 1))
        second = then(first.case)
        store.append([second])
        assert store.load("c1") == second.case
        if using != "default":  # a reader of SQLite would wait here for the writer
            assert other.load("c1") is None
    assert other.load("c1") == second.case
    assert [entry.version for entry in other.feed()] == [1, 2]
    assert words(using) == ["row"]


def test_a_rollback_of_the_portals_takes_the_cases_along(
    using: str, store: DjangoStore, other: CaughtUp
) -> None:
    """Neither case, event, key nor due instant is left, though the store returned from its appends."""
    with pytest.raises(Meant), atomic(using):
        store.append([submitted("c1", due=5)], KeyClaim("a", "k", "d", "c1", 1, 1))
        post(using, "row")
        raise Meant
    assert store.load("c1") is None
    assert (other.feed(), other.recall("a", "k"), other.next_due(), words(using)) == ((), None, None, [])


def test_the_portals_error_takes_the_cases_along(using: str, store: DjangoStore, other: CaughtUp) -> None:
    """A unique column of the portal's that is violated after the append leaves no case."""
    post(using, "taken")
    with pytest.raises(IntegrityError), atomic(using):
        store.append([submitted("c1")])
        post(using, "taken")
    assert other.load("c1") is None


def test_a_refused_append_leaves_the_transaction_usable(
    using: str, store: DjangoStore, other: CaughtUp
) -> None:
    """After `Stale` and `KeyReused` the portal's rows of before and after are committed."""
    first, another = submitted("c1"), submitted("c2")
    store.append([first, another], KeyClaim("a", "k", "d", "c1", 1, 1))
    with atomic(using):
        post(using, "before")
        with pytest.raises(Stale):
            store.append([then(first.case).replace(expected=7)])
        with pytest.raises(Stale):
            store.append([submitted("c1")])
        with pytest.raises(Stale):
            store.append([then(another.case), then(first.case).replace(expected=0)])
        with pytest.raises(KeyReused):
            store.append([then(first.case)], KeyClaim("a", "k", "d2", "c1", 2, 2))
        post(using, "after")
        store.append([then(first.case)])
    assert words(using) == ["after", "before"]
    assert [entry.case_id for entry in other.feed()] == ["c1", "c2", "c1"]


def test_an_inner_atomic_block_is_rolled_back_alone(using: str, store: DjangoStore, other: CaughtUp) -> None:
    """What was appended in it is gone, what came before and after it is committed."""
    with atomic(using):
        store.append([submitted("outer")])
        with pytest.raises(Meant), atomic(using):
            store.append([submitted("inner")])
            raise Meant
        store.append([submitted("after")])
    assert [head.case_id for head in other.heads()] == ["after", "outer"]


def test_without_a_transaction_each_append_is_whole(using: str, store: DjangoStore, other: CaughtUp) -> None:
    """In autocommit an append is committed when it returns, and one that is refused leaves nothing."""
    first = submitted("c1")
    store.append([first])
    assert other.load("c1") == first.case
    with pytest.raises(Stale):
        store.append([submitted("c2"), submitted("c1")])
    assert other.load("c2") is None
    assert connections[using].get_autocommit()


def test_a_portal_that_commits_by_hand_owns_the_transaction(
    using: str, store: DjangoStore, other: CaughtUp
) -> None:
    """With autocommit off, nothing is there before the portal's own commit, and work after it is refused."""
    transaction.set_autocommit(False, using=using)
    try:
        store.append([submitted("c1")])
        transaction.rollback(using=using)
        store.append([submitted("c2")])
        with pytest.raises(StoreError, match="on_commit"):
            store.after_commit(print)
        transaction.commit(using=using)
    finally:
        transaction.set_autocommit(True, using=using)
    assert [head.case_id for head in other.heads()] == ["c2"]


def test_work_after_the_commit_comes_in_its_order(using: str, store: DjangoStore, other: CaughtUp) -> None:
    """With the portal's own ``on_commit`` in between: each once, in the order given, when all can be seen."""
    done: list[str] = []
    with atomic(using):
        store.append([submitted("c1")])
        store.after_commit(lambda: done.append(f"first {other.load('c1') is not None}"))
        transaction.on_commit(lambda: done.append("the portal's"), using=using)
        with pytest.raises(Meant), atomic(using):
            store.after_commit(lambda: done.append("dropped"))
            raise Meant
        store.after_commit(lambda: done.append("last"))
        assert done == []
    assert done == ["first True", "the portal's", "last"]


def test_work_after_the_commit_is_done_at_once_without_a_transaction(store: DjangoStore) -> None:
    """In autocommit what was appended is committed already."""
    done: list[str] = []
    store.append([submitted("c1")])
    store.after_commit(lambda: done.append("now"))
    assert done == ["now"]


def test_two_threads_racing_for_a_case_lose_no_note(using: str, store: DjangoStore) -> None:
    """Each notes and writes its own row in one atomic block, again when `Stale`: every pair is there."""
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="路灯不亮", by=BOSS, case_id="c1")
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(8):
                note_with_a_row(desk, using, f"{name}-{number}")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    notes = sorted(text.text for text in desk.texts("c1") if text.field == "text")
    assert notes == words(using) == sorted(f"{name}-{number}" for name in "ab" for number in range(8))
    assert desk.get("c1").version == 17


def note_with_a_row(desk: Desk, using: str, word: str) -> None:
    while True:
        try:
            with atomic(using):
                post(using, word)
                desk.note("c1", text=word, by=BOSS)
            return
        except Stale:
            continue


def test_a_policy_whose_pinning_was_rolled_back_is_pinned_again(using: str, other: CaughtUp) -> None:
    """A desk pins once; were that undone, the cases that follow would have lost their rules."""
    desk = Desk(load_policy("wuhu"), DjangoStore(using), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    with pytest.raises(Meant), atomic(using):
        desk.submit(title="t", by=BOSS, case_id="c1")
        raise Meant
    assert other.pinned(desk.rules.pin) is None
    with atomic(using):
        desk.submit(title="t", by=BOSS, case_id="c2")
    assert other.pinned(desk.rules.pin) is not None
    desk.note("c2", text="x", by=BOSS)
    with CaptureQueriesContext(connections[using]) as asked:
        desk.note("c2", text="y", by=BOSS)
    assert not any("caseflow_policies" in query["sql"] for query in asked)


@pytest.mark.parametrize("is_atomic", [True, False])
def test_djangos_query_log_sees_the_statements(using: str, store: DjangoStore, is_atomic: bool) -> None:
    """With DEBUG on, each is logged, its values too where Django logs them, and nothing fails for it."""
    block: Any = atomic(using) if is_atomic else override_settings()
    with override_settings(DEBUG=True), CaptureQueriesContext(connections[using]) as asked, block:
        store.append([submitted("case-seen")])
        store.append([submitted("two"), submitted("three")])
        assert store.load("case-seen") is not None
    logged = [query["sql"] for query in asked]
    assert any("INSERT INTO caseflow_events" in sql for sql in logged)
    assert any("case-seen" in sql for sql in logged)


def test_a_case_is_written_in_few_statements(using: str, store: DjangoStore) -> None:
    """A command with a text and a key is one changing statement on PostgreSQL, and four elsewhere."""
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="t", by=BOSS, case_id="c1")
    with CaptureQueriesContext(connections[using]) as asked, atomic(using):
        desk.note("c1", text="x", by=BOSS, key="k")
    changes = [query["sql"] for query in asked if "INSERT" in query["sql"] or "UPDATE" in query["sql"]]
    assert len(changes) == (1 if using == "postgresql" else 4)


def test_a_sweep_writes_its_batches(using: str, store: DjangoStore, other: CaughtUp) -> None:
    """Many cases in one append: inside the portal's transaction, undone with it, and outside of any."""
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    desk = Desk(load_policy("wuhu"), store, clock=clock)
    for number in range(30):
        desk.submit(title="路灯不亮", to="城管局", by=BOSS, case_id=f"c{number}")
    clock.advance(days=6)
    with pytest.raises(Meant), atomic(using):
        assert len(desk.sweep().cards) == 30
        raise Meant
    assert other.waiting(0) == 0
    assert other.events("c7")[1:] == ()
    assert len(desk.sweep().cards) == 30
    with atomic(using):
        assert desk.sweep().cards == ()
    assert {len(other.events(f"c{number}")) for number in range(30)} == {3}


def test_a_page_of_one_case_costs_six_queries_at_most(using: str, store: DjangoStore) -> None:
    """Four of the case, and none twice: case, events, texts, documents; on one desk for all requests."""
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    desk, officer = Desk(load_policy("wuhu"), store, clock=clock), Actor("o", role="handler", unit="城管局")
    desk.submit(title="路灯不亮", to="城管局", by=BOSS, case_id="c1")
    desk.reply("c1", text="已修复", by=BOSS)
    with CaptureQueriesContext(connections[using]) as queries:
        file = desk.seen_by(officer).open("c1")
        rules = file.rules
        case_document(rules, file.get(), clock.now_us(), lang="zh")
        actions_document(rules, file.allowed(), case_id="c1", lang="zh")
        assert [file.explain(clock=clock) for clock in rules.policy.clocks]
        assert file.forecast() == ()
        assert "已修复" in str(file.story(lang="zh"))
        assert [text.text for text in file.texts()] == ["路灯不亮", "已修复"]
        assert (file.documents(), len(file.history())) == ((), 2)
    assert len(queries) == 4


def test_a_double_click_in_atomic_blocks_is_never_refused(using: str, store: DjangoStore) -> None:
    """The twin commits when its whole page is done: the others wait, and are told what it came to."""
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    desk, cases = Desk(load_policy("wuhu"), store, clock=clock), list[Case]()
    desk.submit(title="t", to="城管局", by=BOSS, case_id="c1")

    def click(turn: int) -> None:
        while True:
            try:
                with atomic(using):
                    case = desk.withdraw("c1", by=BOSS, key="k")
                    post(using, f"row-{turn}")
            except (StoreBusy, OperationalError):  # SQLite lets no reader become a writer
                continue
            cases.append(case)
            return

    race([partial(click, turn) for turn in range(5)])
    assert all(case == cases[0] for case in cases)
    assert sorted(case.is_repeat for case in cases) == [False, *[True] * 4]
    assert len(words(using)) == 5
