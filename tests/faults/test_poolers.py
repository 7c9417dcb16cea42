"""Many processes behind PgBouncer in transaction mode, over fewer sessions than there are processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from caseflow import Desk, ManualClock
from caseflow.core.time.instants import DAY
from caseflow.stores.locations import open_store
from caseflow.stores.sqlalchemy import SqlStore
from tests.contracts.pgbouncer import pooled
from tests.faults.crew import START, Crew, FastClock, Task
from tests.faults.orders import Order, read
from tests.faults.soundness import check_given, check_sound
from tests.faults.workers import RULES, annotate, carry, sweep

pytestmark = [pytest.mark.soak, pytest.mark.postgres]

CASES, SECONDS, SESSIONS = 100, 12, 3
CREW = {"write-1": annotate, "write-2": annotate, "write-3": annotate, "write-4": annotate,
        "sweep-1": sweep, "sweep-2": sweep, "carry": carry}  # fmt: skip


def test_processes_share_few_sessions_and_lose_nothing(
    tmp_path: Path, counted: Callable[[str], None]
) -> None:
    """Writers, sweepers and a relay by the URL alone, while a portal's own engine joins in."""
    with pooled(sessions=SESSIONS) as database:
        SqlStore.made(database.through).close()
        store = open_store(database.through)
        clock = ManualClock(START)
        desk = Desk(RULES, store, clock=clock)
        known = tuple(f"case-{number}" for number in range(CASES))
        for case_id in known:
            Order(f"first/{case_id}", case_id, "submit").give(desk)
        of_all = Task(database.through, tmp_path, FastClock.started(days=2), "p", known, SECONDS)
        tasks = [of_all.of(who, is_writer=who.startswith("write")) for who in CREW]
        crew = Crew(list(zip(CREW.values(), tasks, strict=True)))
        done = threading.Event()
        notes: list[Order] = []

        def portal() -> None:
            """Threads of this process at the same sessions."""
            mine = Desk(RULES, store, clock=of_all.clock)
            while not done.is_set():
                order = Order(f"portal/{len(notes)}", known[len(notes) % CASES], "note")
                order.give(mine)
                notes.append(order)

        thread = threading.Thread(target=portal)
        thread.start()
        crew.join()
        done.set()
        thread.join()
        last = Desk(RULES, store, clock=ManualClock(START + 45 * DAY))
        last.sweep()
        counts = check_sound(store)
        given = check_given(last, read(*[task.journal for task in tasks]), again_every=10)
        store.close()
    counted(
        f"PgBouncer: {len(CREW)} processes and a thread over {SESSIONS} sessions for {SECONDS} s:"
        f" {given.acknowledged + len(notes):,} commands acknowledged, 0 lost; {given.refused:,} refused;"
        f" {counts.cards:,} cards, {counts.documents:,} documents without a gap, {counts.events:,} events"
    )
