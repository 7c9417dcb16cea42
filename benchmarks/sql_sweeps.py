"""Sweeps on PostgreSQL and MariaDB: very many open cases with none due, and many due for four workers."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from benchmarks import servers
from benchmarks.beside import beside
from benchmarks.life import CITIZEN, START, UNIT
from benchmarks.report import Row
from benchmarks.timing import seconds
from caseflow import Desk, ManualClock, load_policy
from caseflow.core.model.evolve import replay
from caseflow.stores.sqlalchemy import SqlStore

WORKERS = 4
BATCH = 500
FIRSTS = {"late": "late-0000000", "bare": "bare-0000000", "idle": "idle-0000000"}
"""The first case of each kind: due for our workers, due for the bare loop, and not due for days."""


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Milliseconds of a sweep with nothing due; cards a second of four workers."""
    many, due = (20_000, 4_000) if quick else (1_000_000, 100_000)
    found: list[Row] = []
    if not servers.missing(servers.POSTGRES, "sql_sweeps on PostgreSQL"):
        with servers.postgres() as url:
            make(url, many=many, due=due)
            found += _idle(url, "PostgreSQL", many)
            found += _issuing(url, many=many, due=due)
    if not servers.missing(servers.MARIADB, "sql_sweeps on MariaDB"):
        with servers.mariadb() as url:
            make(url, many=many, due=0)
            found += _idle(url, "MariaDB", many)
    return tuple(found)


def desk_on(url: URL, *, days: float) -> Desk:
    """A desk whose clock stands so many days after the start."""
    desk = Desk(load_policy("wuhu"), SqlStore(url), clock=ManualClock(START))
    desk.clock.advance(hours=round(days * 24))
    return desk


def _idle(url: URL, server: str, many: int) -> tuple[Row, ...]:
    """At four days nothing is due: the reminders were fired, the cards are still to come."""
    desk = desk_on(url, days=4.5)
    case = desk.cases(limit=1).cases[0]
    assert replay(case.id, desk.history(case.id)) == case, "a multiplied case is not what its events say"
    assert not desk.sweep().cards
    taken = median(seconds(desk.sweep) for _ in range(50)) * 1e3
    desk.store.close()
    return (
        Row(work=f"sweep on {server}, {many:,} open, none due", unit="ms", ours=taken, score=taken,
            sense="{:.2f} ms", at_least=False, must=5),
    )  # fmt: skip


def _issuing(url: URL, *, many: int, due: int) -> tuple[Row, ...]:
    bare = beside([_bare_worker(url, which) for which in range(WORKERS)])
    ours = beside([_worker(url, which) for which in range(WORKERS)])
    with _connected(url) as connection:
        once = connection.execute(
            "SELECT count(*), count(DISTINCT case_id) FROM caseflow_events WHERE version = 3"
            " AND case_id LIKE 'late-%'"
        ).fetchone()
    assert sum(ours.found) == due and once == (due, due), f"each case owes one card: {ours.found}, {once}"
    assert sum(bare.found) == due
    speed, limit = due / ours.seconds, due / bare.seconds
    return (
        Row(work=f"sweep issuing {due:,} of {many:,}, PostgreSQL, {WORKERS} workers", unit="cards/s",
            ours=speed, peer=limit, against="bare psycopg, same rows, same batches", score=speed,
            sense=f"{{:,.0f}} a second, {speed / limit:.0%} of the bare speed", must=5_000),
    )  # fmt: skip


def _worker(url: URL, which: int) -> Callable[[], float]:
    def work() -> float:
        desk = desk_on(url, days=7)
        return len(desk.sweep(shared=True).cards)

    return work


def _bare_worker(url: URL, which: int) -> Callable[[], float]:
    """The update and the insert of each card, rows made before the clock runs, in batches as ours."""

    def work() -> float:
        done = 0
        with _connected(url) as connection:
            ids = connection.execute(
                "SELECT id, snapshot, head FROM caseflow_cases WHERE id LIKE 'bare-%%'"
                " AND right(id, 7)::int %% %s = %s ORDER BY next_due, id",
                (WORKERS, which), binary=True,
            ).fetchall()  # fmt: skip
            connection.commit()
            for first in range(0, len(ids), BATCH):
                batch = ids[first : first + BATCH]
                cursor = connection.cursor()
                cursor.executemany(
                    "UPDATE caseflow_cases SET version = 3, next_due = next_due + 864000000000,"
                    " due_order = due_order + 864000000000, snapshot = %s, head = %s"
                    " WHERE id = %s AND version = 2",
                    [(snapshot, head, case_id) for case_id, snapshot, head in batch],
                )
                cursor.executemany(
                    "INSERT INTO caseflow_events (position, case_id, version, body, hash)"
                    " VALUES ((txid_current() << 20) + %s, %s, 3, %s, %s)",
                    [(number, case_id, b"x" * 160, head) for number, (case_id, _, head) in enumerate(batch)],
                )
                connection.commit()
                done += len(batch)
        return done

    return work


def _connected(url: URL) -> psycopg.Connection[Any]:
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


def make(url: URL, *, many: int, due: int) -> None:
    """One case of each kind through the desk, then its rows multiplied on the server."""
    SqlStore.made(url).close()
    desk = desk_on(url, days=0)
    kinds = {"late": due, "bare": due} if due else {}
    for kind in kinds:
        desk.submit(title="", kind="complaint", to=UNIT, by=CITIZEN, case_id=FIRSTS[kind])
    desk.clock.advance(hours=96)
    desk.sweep()
    desk.submit(title="", kind="complaint", to=UNIT, by=CITIZEN, case_id=FIRSTS["idle"])
    desk.store.close()
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for kind, count in (*kinds.items(), ("idle", many - sum(kinds.values()))):
            for line in _multiplied(engine.dialect.name, kind, count):
                connection.exec_driver_sql(line)
    engine.dispose()


def _multiplied(server: str, kind: str, count: int) -> tuple[str, ...]:
    """Each row differs from the first case's in its id alone, inside the snapshot too."""
    first = FIRSTS[kind]
    if server == "postgresql":
        numbers = (
            f"(SELECT '{kind}-' || lpad(n::text, 7, '0') AS new FROM generate_series(1, {count - 1}) n) i"
        )
        snapshot = f"convert_to(replace(convert_from(snapshot, 'UTF8'), '{first}', i.new), 'UTF8')"
        position, positions = "position, ", "(txid_current() << 20) + row_number() OVER (), "
        analyze = ("ANALYZE caseflow_cases", "ANALYZE caseflow_events")
    else:
        numbers = f"(SELECT concat('{kind}-', lpad(seq, 7, '0')) AS new FROM seq_1_to_{count - 1}) i"
        snapshot, position, positions = f"replace(snapshot, '{first}', i.new)", "", ""
        analyze = ("ANALYZE TABLE caseflow_cases", "ANALYZE TABLE caseflow_events")
    columns = "version, state, unit, citizen, next_due, due_order, deadline, waits, head"
    of_cases = ", ".join(f"c.{column}" for column in columns.split(", "))
    return (
        f"INSERT INTO caseflow_cases (id, snapshot, {columns})"
        f" SELECT i.new, {snapshot}, {of_cases} FROM {numbers}, caseflow_cases c WHERE c.id = '{first}'",
        f"INSERT INTO caseflow_events ({position}case_id, version, body, hash)"
        f" SELECT {positions}i.new, e.version, e.body, e.hash FROM {numbers}, caseflow_events e"
        f" WHERE e.case_id = '{first}'",
        *analyze,
    )
