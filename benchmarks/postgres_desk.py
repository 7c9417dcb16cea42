"""A desk command on PostgreSQL against a bare psycopg loop that writes the same rows, and ``eventsourcing``.

The rows are those of our own run. The bare loop writes them as one would by hand: one transaction a command,
one statement a row, a new transaction begun by its first statement. Writers beside each other are processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import psycopg
from sqlalchemy.engine import URL

from benchmarks import servers
from benchmarks.beside import beside
from benchmarks.eventsourced import portal
from benchmarks.life import START, STEPS, guarded_policy
from benchmarks.memory_desk import live_bare, live_with_texts
from benchmarks.report import Row
from benchmarks.timing import interleaved, seconds
from caseflow import Case, Desk, ManualClock
from caseflow.stores.sqlalchemy import SqlStore

WRITERS = 8
NOTICE = "id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body"
"""The columns of a new notice that differ from one to the next."""
Written = list[list[tuple[str, tuple[Any, ...]]]]
_runs = count()


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Microseconds a command of the mean over the eight; commands a second of eight writers."""
    if servers.missing(servers.POSTGRES, "postgres_desk"):
        return ()
    cases, rounds = (5, 3) if quick else (25, 7)
    with servers.postgres() as url:
        SqlStore.made(url).close()
        found = interleaved(
            {
                "ours": lambda: _ours(url, cases, live_bare),
                "bare": lambda: _bare(url, cases, live_bare),
                "ours with texts": lambda: _ours(url, cases, live_with_texts),
                "bare with texts": lambda: _bare(url, cases, live_with_texts),
                "peer": lambda: _peer(url, cases),
                "ours of eight": lambda: _beside(lambda: _ours(url, cases, live_bare)),
                "peer of eight": lambda: _beside(lambda: _peer(url, cases, is_made=True)),
            },
            rounds=rounds,
        )
    return (
        _share("desk command, PostgreSQL", found["ours"], found["bare"], must=0.9),
        _share("the same with texts, typed methods", found["ours with texts"], found["bare with texts"]),
        _times("desk command, PostgreSQL", found["ours"], found["peer"], must=2),
        _times(f"the same, {WRITERS} writers", found["ours of eight"], found["peer of eight"], must=1.7),
    )


def _share(work: str, ours: float, bare: float, must: float | None = None) -> Row:
    return Row(
        work=work, unit="us", ours=ours * 1e6, peer=bare * 1e6, against="bare psycopg loop, same rows",
        score=bare / ours, sense="{:.0%} of its speed", must=must,
        note="one statement a command, which is whole or not at all by itself",
    )  # fmt: skip


def _times(work: str, ours: float, peer: float, must: float) -> Row:
    return Row(
        work=work, unit="us", ours=ours * 1e6, peer=peer * 1e6, against="eventsourcing, PostgreSQL",
        score=peer / ours, sense="{:.2f}x faster", must=must,
    )  # fmt: skip


def _desk(url: URL) -> Desk:
    desk = Desk(guarded_policy(), SqlStore(url), clock=ManualClock(START))
    live_bare(desk, f"first-{os.getpid()}-{next(_runs)}")  # the policy is stored, statements are prepared
    return desk


def _ids(cases: int) -> list[str]:
    run = f"{os.getpid()}-{next(_runs)}"
    return [f"case-{run}-{number}" for number in range(cases)]


def _ours(url: URL, cases: int, live: Callable[[Desk, str], None]) -> float:
    desk = _desk(url)
    ids = _ids(cases)

    def all_cases() -> None:
        for case_id in ids:
            live(desk, case_id)

    taken = seconds(all_cases)
    desk.store.close()
    return taken / cases / len(STEPS)


def _bare(url: URL, cases: int, live: Callable[[Desk, str], None]) -> float:
    written = _written(url, cases, live)
    with _connected(url) as connection:

        def all_commands() -> None:
            for command in written:
                for sql, values in command:
                    connection.execute(sql, values)
                connection.commit()

        all_commands()  # once for the driver to prepare its statements, and undone
        for table in ("cases", "events", "texts", "notices"):
            connection.execute(f"DELETE FROM caseflow_{table} WHERE {'id' if table == 'cases' else 'case_id'}"
                               " LIKE 'bare-%'")  # fmt: skip
        connection.commit()
        return seconds(all_commands) / len(written)


def _written(url: URL, cases: int, live: Callable[[Desk, str], None]) -> Written:
    """The statements of our own run, command by command, for cases of other names."""
    desk = _desk(url)
    with _connected(url) as connection:
        watched = _Watched(desk, connection)
        for case_id in _ids(cases):
            live(watched, case_id)
    desk.store.close()
    return watched.written


class _Watched(Desk):
    """A desk that notes after each command what it wrote."""

    def __init__(self, desk: Desk, connection: psycopg.Connection[Any]) -> None:
        super().__init__(desk.rules.policy, desk.store, clock=desk.clock)
        self.connection = connection
        self.written: Written = []

    def act(self, case_id: str, action: str, **terms: Any) -> Case:
        case = super().act(case_id, action, **terms)
        self.written.append(list(self._changes(case)))
        self.connection.rollback()
        return case

    def _changes(self, case: Case) -> Iterator[tuple[str, tuple[Any, ...]]]:
        other = f"bare-{case.id}"
        columns = "version, state, unit, citizen, next_due, due_order, deadline, waits, level, snapshot, head"
        submission = "submitted, kind, region, policy, pin"
        row = self._one(f"SELECT {columns} FROM caseflow_cases WHERE id = %s", case.id)[0]
        before = self._events(case.id, 0)
        first = case.version if len(before) == case.version and len(before) > 1 else 1
        if first == 1:
            row = (*row, *self._one(f"SELECT {submission} FROM caseflow_cases WHERE id = %s", case.id)[0])
            marks = ", ".join(["%s"] * (len(row) + 1))
            sql = f"INSERT INTO caseflow_cases ({columns}, {submission}, id) VALUES ({marks})"
            yield sql, (*row, other)
        else:
            sets = ", ".join(f"{column} = %s" for column in columns.split(", "))
            sql = f"UPDATE caseflow_cases SET {sets} WHERE id = %s AND version = %s"
            yield sql, (*row, other, case.version - 1)
        for version, body, seal in self._events(case.id, first - 1):
            sql = "INSERT INTO caseflow_events (position, case_id, version, body, hash) VALUES"
            position = "((txid_current() << 20) + %s)"
            yield f"{sql} ({position}, %s, %s, %s, %s)", (version, other, version, body, seal)
        sql = "SELECT version, fields FROM caseflow_texts WHERE case_id = %s AND version >= %s"
        for version, fields in self._one(sql, case.id, first):
            insert = "INSERT INTO caseflow_texts (case_id, version, fields) VALUES (%s, %s, %s)"
            yield insert, (other, version, fields)
        names = NOTICE.split(", ")
        for row in self._one(
            f"SELECT {', '.join(names[2:])} FROM caseflow_notices WHERE case_id = %s AND version >= %s",
            case.id, first,
        ):  # fmt: skip
            columns = "status, attempts, next_try, token, error, merged_into, reached"
            marks = ", ".join(["%s"] * len(names))
            yield (
                f"INSERT INTO caseflow_notices ({NOTICE}, {columns})"
                f" VALUES ({marks}, 'pending', 0, 0, '', '', '', '[]') ON CONFLICT (id) DO NOTHING",
                (f"{other}-{row}"[:200], other, *row),
            )

    def _events(self, case_id: str, after: int) -> list[Any]:
        sql = "SELECT version, body, hash FROM caseflow_events WHERE case_id = %s AND version > %s ORDER BY 1"
        return self._one(sql, case_id, after)

    def _one(self, sql: str, *values: Any) -> list[Any]:
        return self.connection.execute(sql, values, binary=True).fetchall()


def _connected(url: URL) -> psycopg.Connection[Any]:
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


def _peer(url: URL, cases: int, *, is_made: bool = False) -> float:
    """Eight that make its tables at once would fail: those of one writer before them are used."""
    application = portal(
        {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "CREATE_TABLE": "n" if is_made else "y",
            "POSTGRES_DBNAME": url.database or "", "POSTGRES_HOST": url.host or "",
            "POSTGRES_PORT": str(url.port or 5432), "POSTGRES_USER": url.username or "",
            "POSTGRES_PASSWORD": url.password or "", "POSTGRES_SCHEMA": servers.SCHEMA,
        }
    )  # fmt: skip
    application.live(1, texts=False)
    taken = seconds(lambda: application.live(cases, texts=False))
    application.close()
    return taken / cases / len(STEPS)


def _beside(work: Callable[[], float]) -> float:
    """Seconds for each command of all when so many processes do the work at once."""
    each = beside([work] * WRITERS).found
    return sum(each) / len(each) / len(each)
