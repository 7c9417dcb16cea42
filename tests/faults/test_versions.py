"""An older and a newer program on one store: the older one stops at the migration, and loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from caseflow import Desk, StoreError
from caseflow.ports.protocols import StoreLocation
from caseflow.stores.locations import location_of
from caseflow.stores.sql import schema
from tests.faults.crew import Crew, FastClock, Task
from tests.faults.empty_stores import mariadb, postgresql, sqlite
from tests.faults.orders import Order, read
from tests.faults.soundness import check_given, check_sound
from tests.faults.workers import RULES, at_work, give

pytestmark = pytest.mark.soak

SECONDS, AFTERWARDS = 4.0, 20


def migrate_all(task: Task) -> None:
    """The newer program: a step more, and then at work like the others."""
    time.sleep(task.seconds / 3)
    more = schema.Table("caseflow_more", ("id {name} PRIMARY KEY",))
    schema.STEPS[schema.newest() + 1] = (more,)
    location: StoreLocation = location_of(task.url)
    steps = location.migrate()
    with at_work(task) as (desk, journal):
        journal.write("migrated", *steps)
        until, number = time.monotonic() + task.seconds / 3, 0
        while time.monotonic() < until:
            number += 1
            order = Order(f"{task.seed}/{number}", f"case-{task.seed}-{number}", "submit")
            journal.write("asked", *attrs.astuple(order))
            give(desk, journal, order)


def go_on(task: Task) -> None:
    """The older program: it writes until it is told of the newer schema, and then tries on."""
    until, number, told, last = time.monotonic() + 60, 0, 0, ""
    with at_work(task) as (desk, journal):
        while told < AFTERWARDS and time.monotonic() < until:
            number += 1
            is_new = number % 3 == 1 or not last
            case_id = f"case-{task.seed}-{number}" if is_new else last
            order = Order(f"{task.seed}/{number}", case_id, "submit" if is_new else "note")
            journal.write("asked", *attrs.astuple(order))
            try:
                give(desk, journal, order)
            except StoreError as error:
                if error.code == "store-busy":
                    continue
                told += 1
                journal.write("refused", order.key, error.code)
            else:
                last = case_id
                if told:
                    journal.write("late", order.key)


@pytest.mark.parametrize("kind", [
    sqlite,
    pytest.param(postgresql, marks=pytest.mark.postgres),
    pytest.param(mariadb, marks=pytest.mark.mariadb),
])  # fmt: skip
def test_an_older_program_stops_at_the_migration(
    kind: Callable[[Path], object],
    tmp_path: Path,
    counted: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it was acknowledged is there once; what it is refused is nowhere; the newer one goes on."""
    with kind(tmp_path) as url:  # type: ignore[attr-defined]  # a context manager of any kind
        of_all = Task(url, tmp_path, FastClock.started(days=0.01), "v", seconds=SECONDS)
        work = {"older-1": go_on, "older-2": go_on, "newer": migrate_all}
        tasks = [of_all.of(who, is_writer=False) for who in work]
        Crew(list(zip(work.values(), tasks, strict=True))).join()
        lines = "".join(task.journal.read_text() for task in tasks)
        assert '"late"' not in lines, "it wrote after it had been told"
        assert '"migrated"' in lines
        older, newer = read(*[task.journal for task in tasks[:2]]), read(tasks[2].journal)
        assert set(older.refused.values()) == {"store-newer"}
        monkeypatch.setitem(schema.STEPS, schema.newest() + 1, ())
        store = location_of(url).open(must_exist=True)
        desk = Desk(RULES, store, clock=of_all.clock)
        done = [check_given(desk, journal) for journal in (older, newer)]
        counts = check_sound(store)
        store.close()
    counted(
        f"two programs on {kind.__name__}: the older one's {done[0].acknowledged:,} commands each recorded"
        f" once, then {done[0].refused} refused as store-newer, none of them recorded; the newer one's"
        f" {done[1].acknowledged:,} each once; {counts.events:,} events"
    )
