"""A worker's piece of work: bounded, shared by chance, and at an end when nothing more can be done."""

from __future__ import annotations

import threading
from collections.abc import Container
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.contrib import work as module
from caseflow.contrib.work import HELPERS, Work, work
from caseflow.core.model.case import Case
from caseflow.delivery.directory import ListedDirectory
from caseflow.delivery.notifiers.simple import CallableNotifier
from caseflow.delivery.relay import Relay, RetryPolicy
from caseflow.errors import BadRecord
from caseflow.ports import Quarantined, Seen, Store
from caseflow.stores.locations import open_store

RULES = load_policy("wuhu")
CITIZEN = Actor("c-17", role="citizen")
PEOPLE = ListedDirectory([
    {"id": "z-1", "roles": ["duty_officer", "handler", "lead_official"], "addresses": {"chat": "z"}},
])  # fmt: skip


class Unreadable(MemoryStore):
    """Some of its cases cannot be read."""

    spoilt: Container[str] = ()

    def load(self, case_id: str) -> Case | None:
        if case_id in self.spoilt:
            raise BadRecord("bad-case", case=case_id, found="-")
        return super().load(case_id)


def desk_of(store: Store, cases: int) -> Desk:
    """So many cases, their yellow cards due."""
    desk = Desk(RULES, store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for number in range(cases):
        desk.submit(title="t", to="城管局", by=CITIZEN, case_id=f"c{number}")
    desk.clock.advance(days=6)
    return desk


def test_pieces_come_to_an_end_with_all_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short the time, each piece does some of it, until one says that nothing is left."""
    monkeypatch.setattr(module, "PIECE", 3)
    desk, messages = desk_of(MemoryStore(), 20), list[str]()
    notifier = CallableNotifier(lambda delivery: messages.append(delivery.id))
    relay = Relay(desk.store, PEOPLE, notifier, clock=desk.clock, retry_policy=RetryPolicy(batch=7))
    pieces: list[Work] = []
    while not pieces or pieces[-1].is_left:
        pieces.append(work(desk, relay, seconds=0))
    assert sum(piece.cards for piece in pieces) == 20
    assert max(piece.cards for piece in pieces) == 3
    assert sum(piece.sent for piece in pieces) == len(messages) == len(set(messages))
    assert desk.store.ready(desk.clock.now_us(), limit=1) == ()


def test_a_half_that_is_left_out_is_left_alone() -> None:
    """Two tasks may do them apart."""
    desk = desk_of(MemoryStore(), 2)
    relay = Relay(desk.store, PEOPLE, CallableNotifier(print), clock=desk.clock)
    assert (work(None, relay).cards, desk.health().sweep_lag > 0) == (0, True)
    done = work(desk, None)
    assert (done.cards, done.sent, done.is_left) == (2, 0, False)
    assert desk.store.ready(desk.clock.now_us(), limit=9) != ()


def test_what_cannot_be_done_is_not_begun_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """More cases set aside than a piece takes: the piece goes through all of them, and nothing is left."""
    monkeypatch.setattr(module, "PIECE", 2)
    store = Unreadable()
    desk = desk_of(store, 9)
    store.spoilt = {f"c{number}" for number in range(9)}
    assert work(desk, None, seconds=0) == Work()


@pytest.mark.parametrize(
    ("cases", "helpers"), [(0, []), (2, []), (3, [1]), (4, [1]), (5, [2]), (2 * HELPERS + 9, [HELPERS])]
)
def test_others_are_called_for_each_piece_beyond_the_first(
    cases: int, helpers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as have something to do, and never more than the most."""
    monkeypatch.setattr(module, "PIECE", 2)
    called: list[int] = []
    work(desk_of(MemoryStore(), cases), None, call=called.append)
    assert called == helpers


def test_workers_at_once_do_everything_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that draw from the same cases: each card once, each message once."""
    monkeypatch.setattr("caseflow.desk.sweeper.SHARED_BATCH", 4)
    messages: list[str] = []
    with open_store(f"sqlite:///{tmp_path}/cases.db") as store:
        desk = desk_of(store, 60)
        notifier = CallableNotifier(lambda delivery: messages.append(delivery.id))
        relay = Relay(store, PEOPLE, notifier, clock=desk.clock, retry_policy=RetryPolicy(batch=5))
        threads = [threading.Thread(target=work, args=(desk, relay)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work(desk, relay)
        assert [len(desk.get(f"c{number}").cards) for number in range(60)] == [1] * 60
        assert len(messages) == len(set(messages)) > 60


class Aside:
    """Counts what it is told is set aside."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def observe(self, seen: Seen) -> None:
        if isinstance(seen, Quarantined):
            self.names.append(seen.name)


def test_sweeps_of_a_part_tell_of_a_thing_once() -> None:
    """What one of them set aside is not news to the next that meets it, whatever lay between."""
    store, aside = Unreadable(), Aside()
    clock = desk_of(store, 9).clock
    store.spoilt = {"c0", "c8"}
    desk = Desk(RULES, store, clock=clock, observer=aside)
    for _ in range(8):
        desk.sweep(shared=True, limit=2)
    desk.sweep()
    assert sorted(aside.names) == ["c0", "c8"]
