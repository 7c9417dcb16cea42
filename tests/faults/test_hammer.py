"""Eight processes at once on one server, four of them sweeping, while two readers follow the feed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from caseflow import Case, Desk, ManualClock
from caseflow.core.time.instants import DAY, micros
from caseflow.ports import Recorded, Store
from caseflow.stores.locations import open_store
from caseflow.stores.sqlalchemy import SqlStore
from tests.contracts.databases import CaughtUp, mariadb, postgres
from tests.faults.crew import START, Crew, FastClock, Task
from tests.faults.orders import Order, read
from tests.faults.soundness import check_given, check_sound, every_case, every_event
from tests.faults.workers import RULES, annotate, sweep

pytestmark = pytest.mark.soak

CASES, SECONDS = 500, 20
RUNGS = {
    level: micros(f"2025-{day}T00:00:00+08:00", what="day")
    for level, day in {"reminder": "03-07", "yellow": "03-09", "red": "03-19", "urge": "04-03"}.items()
}
"""Level -> the first instant that is late for what was asked on 3 March: 3, 5, 15, 30 days (市民心声)."""


@attrs.define
class Reader:
    """Follows the feed while others write; ends when it has seen so many events."""

    store: Store
    limit: int
    seen: list[Recorded] = attrs.Factory(list)
    ends_at: int | None = None

    def follow(self) -> None:
        patience = 0.0
        while self.ends_at is None or (len(self.seen) < self.ends_at and time.monotonic() < patience):
            page = self.store.feed(self.seen[-1].position if self.seen else 0, limit=self.limit)
            self.seen += page
            if not page:
                time.sleep(0.002)
            if page or self.ends_at is None:
                patience = time.monotonic() + 30  # a feed of PostgreSQL waits for transactions of others


@pytest.mark.parametrize("server", [
    pytest.param(postgres, id="postgresql", marks=pytest.mark.postgres),
    pytest.param(mariadb, id="mariadb", marks=pytest.mark.mariadb),
])  # fmt: skip
def test_eight_processes_lose_and_double_nothing(
    server: Callable[[], object], tmp_path: Path, counted: Callable[[str], None]
) -> None:
    """No acknowledged note is lost, every rung fires once, readers see every position once and in order."""
    with server() as url:  # type: ignore[attr-defined]  # a context manager of either kind
        known = asked_about(url)
        tasks = [Task(url, tmp_path, FastClock.started(days=2), "h", known, SECONDS)] * 8
        tasks = [task.of(str(number), is_writer=number < 4) for number, task in enumerate(tasks)]
        store = CaughtUp(url)
        readers = [Reader(open_store(url), limit) for limit in (7, 1000)]
        threads = [threading.Thread(target=reader.follow) for reader in readers]
        crew = Crew(list(zip([annotate] * 4 + [sweep] * 4, tasks, strict=True)))
        for thread in threads:
            thread.start()
        crew.join()
        desk = Desk(RULES, store, clock=ManualClock(START + 45 * DAY))
        desk.sweep()
        cases = dict(every_case(store))
        for reader in readers:
            reader.ends_at = sum(case.version for case in cases.values())
        for thread in threads:
            thread.join()
        counts = check_sound(store)
        given = check_given(desk, read(*[task.journal for task in tasks]), again_every=25)
        for case in cases.values():
            check_rungs(case)
        whole = list(every_event(store))
        for reader in readers:
            assert reader.seen == whole
            reader.store.close()
        store.close()
    assert given.acknowledged > CASES // 10
    counted(
        f"{server.__name__}: 8 processes, 4 of them sweeping, {SECONDS} s on {CASES} cases:"
        f" {given.acknowledged:,} commands acknowledged, 0 lost; {given.refused:,} refused;"
        f" {sum(len(case.escalations) for case in cases.values()):,} rungs, each once;"
        f" {counts.documents:,} documents without a gap; {len(readers)} readers saw"
        f" all {counts.events:,} positions"
    )


def asked_about(url: str) -> tuple[str, ...]:
    """The cases, all asked at one instant."""
    SqlStore.made(url).close()
    store = open_store(url)
    desk = Desk(RULES, store, clock=ManualClock(START))
    known = tuple(f"case-{number}" for number in range(CASES))
    for case_id in known:
        Order(f"first/{case_id}", case_id, "submit").give(desk)
    store.close()
    return known


def check_rungs(case: Case) -> None:
    """Each rung up to the reply, at its instant, and none after it."""
    until = min((reply.at_us for reply in case.facts.replies), default=START + 45 * DAY)
    owed = [(level, breach_at) for level, breach_at in RUNGS.items() if breach_at <= until]
    assert [(card.level, card.effective_us) for card in case.escalations] == owed, case.id
