"""Over generated lives with crashes: what stands is told, once and under one id, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Desk, MemoryStore, Refused
from caseflow.core.notices import (
    CANCELLED,
    COLLAPSED,
    CORRECTION,
    DEAD,
    LEASED,
    OF_RUNGS,
    PENDING,
    REMINDER,
    SENT,
    Outcome,
    Posted,
)
from caseflow.core.time.instants import DAY, moment
from caseflow.errors import DeliveryFailed
from caseflow.ports import Store
from caseflow.ports.records import Delivery
from tests.delivery.people import Kept, desk_on, relay_of
from tests.journeys.people import COORDINATOR, OFFICER, SUPERVISOR, submitted

ACTS = (
    "wait",
    "sweep",
    "reply",
    "late reply",
    "late transfer",
    "retract",
    "extend",
    "relay",
    "crash",
    "fail",
)
LIVES = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 20)), min_size=3, max_size=14)


class Life:
    """One case, its desk, and relays that crash or fail when they are told to."""

    def __init__(self) -> None:
        self.desk: Desk = desk_on(MemoryStore())
        self.got: list[Delivery] = []
        self.said: set[str] = set()
        submitted(self.desk)

    def take(self, act: str, number: int) -> None:
        desk, now = self.desk, self.desk.clock.now_us()
        try:
            match act:
                case "wait":
                    desk.clock.set(now + number * DAY)
                case "sweep":
                    desk.sweep()
                case "reply":
                    desk.reply("c1", text="好了", by=COORDINATOR)
                case "late reply":
                    since = moment(max(now - number * DAY, desk.get("c1").submitted_us))
                    desk.reply("c1", text="好了", effective_at=since, reason="电话", by=COORDINATOR)
                case "late transfer":
                    since = moment(max(now - number * DAY, desk.get("c1").submitted_us))
                    to = ("水务局", "城管局")[number % 2]
                    desk.transfer("c1", to=to, effective_at=since, reason="电话", by=COORDINATOR)
                case "retract":
                    desk.retract_reply("c1", reason="有误", by=SUPERVISOR)
                case "extend":
                    desk.request_extension("c1", days=5, reason="等配件", by=OFFICER)
                    desk.grant_extension("c1", by=SUPERVISOR)
                case _:
                    self.relay(act, number)
        except Refused:
            return

    def relay(self, act: str, number: int) -> None:
        """A round that is whole, that dies before it says what it did, or whose messages are refused."""

        def check(delivery: Delivery) -> None:
            if act == "fail" and number % 3:
                raise DeliveryFailed(retry=number % 3 == 1, what="x", found="x")

        kept = Kept(check)
        relay = relay_of(self.desk, kept, batch=1 + number % 5, attempts=3)
        if act == "crash":
            relay.store = Dying(self.desk.store)  # type: ignore[assignment]  # it passes all else on
        relay.once()
        self.got += kept.got
        if act != "crash":
            self.said |= {delivery.notice.id for delivery in kept.got}

    def end(self) -> tuple[Posted, ...]:
        """Every rung fires, and relays go on until nothing is left to tell."""
        self.desk.sweep()
        for _ in range(40):
            kept = Kept()
            relay_of(self.desk, kept, attempts=99).until_empty()
            self.got += kept.got
            self.said |= {delivery.notice.id for delivery in kept.got}
            self.desk.clock.set(self.desk.clock.now_us() + DAY // 24)
        return self.desk.store.notices()


class Dying:
    """A store whose relay dies before it can say what became of its notices."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def settle(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        return ()


@pytest.mark.soak
@settings(max_examples=120, derandomize=True, database=None, deadline=None)
@given(LIVES)
def test_what_stands_is_told_and_what_does_not_is_corrected(acts: list[tuple[str, int]]) -> None:
    """Whatever happened and whoever crashed, at the end every notice has its one right fate."""
    life = Life()
    for act, number in acts:
        life.take(act, number)
    rows = life.end()
    by_id = {row.notice.id: row for row in rows}
    assert len(by_id) == len(rows)
    assert not [row for row in rows if row.status in (PENDING, LEASED)]
    ids = {delivery.notice.id for delivery in life.got}
    assert all(row.notice.id in ids for row in rows if row.status == SENT)
    assert len({delivery.id for delivery in life.got}) == len(ids)  # one id for each notice's one recipient
    _check_cards(life, rows)
    _check_corrections(life, rows, by_id)


def _check_cards(life: Life, rows: tuple[Posted, ...]) -> None:
    """Each standing card has one live notice for each recipient, told by itself or by a higher level."""
    live: dict[tuple[object, ...], int] = {}
    taken_back = {row.notice.corrects for row in rows}
    for row in rows:
        notice = row.notice
        if notice.topic in OF_RUNGS and notice.id not in taken_back:
            is_idle = notice.topic == REMINDER and row.error in ("clock-ended", "moved-on", "deadline-moved")
            assert row.status in (SENT, COLLAPSED, DEAD) or (row.status == CANCELLED and is_idle)
            key = (notice.body["clock"], notice.body["cycle"], notice.level, notice.at_us, notice.role)
            live[key] = live.get(key, 0) + 1
    standing = {
        (card.clock, card.cycle, card.level, card.effective_us, role)
        for card in life.desk.get("c1").escalations
        if card.stands
        for role in _recipients(life, card.clock, card.level)
    }
    assert set(live) == standing
    assert set(live.values()) <= {1}


def _recipients(life: Life, clock: str, level: str) -> tuple[str, ...]:
    routes = life.desk.rules.routes.of_rungs[clock, level]
    return tuple(one.role for one in routes)


def _check_corrections(life: Life, rows: tuple[Posted, ...], by_id: dict[str, Posted]) -> None:
    """A correction goes out where the card was told, by itself or with a higher one, and nowhere else.

    Where a relay died with the card in hand nobody knows, and it goes out as well.
    """
    for row in rows:
        if row.status == COLLAPSED:
            assert by_id[row.into].status == SENT
        if row.notice.topic != CORRECTION:
            continue
        first = by_id[row.notice.corrects]
        if row.status in (SENT, COLLAPSED):
            assert first.status in (SENT, COLLAPSED) or (first.status == CANCELLED and first.attempts)
        elif row.status == CANCELLED:
            assert first.status in (CANCELLED, DEAD)
            assert first.notice.id not in life.said
