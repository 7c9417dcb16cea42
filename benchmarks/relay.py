"""A relay with a function as its notifier: four workers on PostgreSQL, one on SQLite and in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.beside import beside
from benchmarks.life import CITIZEN, START, UNIT, WORKPLACE
from benchmarks.report import Row
from benchmarks.timing import seconds
from caseflow import Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.core.model.case import Case
from caseflow.delivery.notifiers.simple import CallableNotifier
from caseflow.delivery.relay import Relay
from caseflow.ports import Store
from caseflow.ports.records import Delivery, Person
from caseflow.stores.sqlalchemy import SqlStore

WORKERS = 4


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Notices a second, each of another case: claimed, addressed, worded, handed on and settled."""
    few, many = (500, 2_000) if quick else (5_000, 20_000)
    measurements = [_alone(MemoryStore(), "in memory", few)]
    path = WORKPLACE / "relay.db"
    for file in (path, *WORKPLACE.glob("relay.db-*")):
        Path(file).unlink(missing_ok=True)
    measurements.append(_alone(SqliteStore(str(path)), "on SQLite", few))
    if not servers.missing(servers.POSTGRES, "relay on PostgreSQL"):
        with servers.postgres() as url:
            measurements.append(_together(url, many))
    return tuple(measurements)


class Office:
    """One person for every role."""

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        """That person."""
        return (Person(role, "", {"email": "x@office.example"}),)


def _owed(store: Store, many: int) -> None:
    """So many cases routed on submission: a notice to the duty officer of each."""
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock(START))
    for number in range(many):
        desk.submit(title="路灯不亮", to=UNIT, by=CITIZEN, case_id=f"c-{number}")


def _relay(store: Store, got: list[str]) -> Relay:
    def keep(delivery: Delivery) -> None:
        got.append(delivery.id)

    clock = ManualClock(START)
    clock.advance(hours=1)
    return Relay(store, Office(), CallableNotifier(keep), clock=clock)


def _alone(store: Store, where: str, many: int) -> Row:
    _owed(store, many)
    got: list[str] = []
    taken = seconds(_relay(store, got).until_empty)
    assert len(set(got)) == many
    store.close()
    speed = many / taken
    return Row(work=f"relay {where}, {many:,} notices, 1 worker", unit="notices/s", ours=speed, score=speed,
               sense="{:,.0f} a second")  # fmt: skip


def _worker(url: Any) -> Callable[[], float]:
    def work() -> float:
        store, got = SqlStore(url), list[str]()
        _relay(store, got).until_empty()
        store.close()
        return len(set(got))

    return work


def _together(url: Any, many: int) -> Row:
    store = SqlStore.made(url)
    _owed(store, many)
    store.close()
    done = beside([_worker(url) for _ in range(WORKERS)])
    assert sum(done.found) == many, f"each notice once: {done.found}"
    speed = many / done.seconds
    return Row(work=f"relay on PostgreSQL, {many:,} notices, {WORKERS} workers", unit="notices/s", ours=speed,
               score=speed, sense="{:,.0f} a second", must=2_000)  # fmt: skip
