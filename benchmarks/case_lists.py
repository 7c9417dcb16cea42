"""Pages of case lists over a million cases, by state, overdue, unit: on SQLite, and on servers if any."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from caseflow.core.model.case import Case, Facts
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.commands import CaseState
from caseflow.ports import Query
from caseflow.stores.sql.append import case_values, helper_rows
from caseflow.stores.sql.store import RelationalStore
from caseflow.stores.sqlite import SqliteStore

NOW = 1_750_000_000_000_000
DAY = 86_400_000_000
STATES = (
    "routed",
    "handling",
    "answered",
    "closed",
    "closed",
    "closed",
    "closed",
    "closed",
    "closed",
    "rare",
)

QUERIES = {
    "state routed": Query(state="routed"),
    "state closed": Query(state="closed"),
    "state rare, unit": Query(state="rare", unit="u7"),
    "overdue": Query(overdue_at=NOW),
    "overdue, unit": Query(unit="u7", overdue_at=NOW),
    "overdue, state": Query(state="routed", overdue_at=NOW),
    "unit": Query(unit="u7"),
    "unit, helping": Query(unit="u7", helping=True),
    "overdue, unit, helping": Query(unit="u7", overdue_at=NOW, helping=True),
    "all": Query(),
    "citizen": Query(citizen="x17"),
}


def cases(count: int) -> Iterator[Case]:
    """Six in ten closed, four in a hundred overdue, in a hundred units; with each tenth another unit helps.

    The snapshots are small: it is the index that is measured.
    """
    for n in range(count):
        state = STATES[n % 10]
        runs = state in ("routed", "handling")
        deadline = NOW + (n % 3000 - 600) * DAY // 30 if runs else None
        run = ClockRun("reply", "", 1, "running", NOW, None, (("yellow", True),), (deadline,))
        yield Case(
            f"case-{n * 7919 % count:07}",
            1,
            place=CaseState(state, "handling"),
            unit=f"u{n // 10 % 100}",
            citizen=f"x{n % (count // 4)}",
            next_due_us=deadline if runs and n % 3 else None,
            clocks=() if deadline is None else (run,),
            facts=Facts(co_handlers=(f"u{n % 97}",) if n % 10 == 1 else ()),
        )


def fill(store: RelationalStore, count: int) -> None:
    """Put so many cases in, in one transaction for each ten thousand."""

    def write(batch: Sequence[Case]) -> None:
        rows = [(*case_values(case), b"h", case.id) for case in batch]
        helpers = [row for case in batch for row in helper_rows(case)]

        def put(cursor: Any) -> None:
            cursor.executemany(store._sql["insert_case"], rows)
            cursor.executemany(store._sql["upsert_helper"], helpers)

        store._connections.write(put)

    left = cases(count)
    while batch := tuple(islice(left, 10_000)):
        write(batch)
    if store._sql.dialect.name != "sqlite":
        verb = "ANALYZE" if store._sql.dialect.name == "postgresql" else "ANALYZE TABLE"
        for table in ("caseflow_cases", "caseflow_helpers"):
            store._connections.read(partial(_run, f"{verb} {table}"))


def _run(sql: str, cursor: Any) -> None:
    cursor.execute(sql)


def plan(store: RelationalStore, query: Query) -> str:
    """How the database would answer."""
    sql, values = store._sql.find(query)
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN", "mariadb": "EXPLAIN"}

    def ask(cursor: Any) -> str:
        cursor.execute(f"{explain[store._sql.dialect.name]} {sql}", values)
        return " | ".join(" ".join(map(str, row)) for row in cursor.fetchall())

    return store._connections.read(ask)


@contextmanager
def stores() -> Iterator[dict[str, RelationalStore]]:
    """A new store on every kind of database that can be reached."""
    from tests.contracts.databases import MARIADB, POSTGRES, emptied

    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, RelationalStore] = {
            "SQLite": SqliteStore(Path(folder) / "cases.db", synchronous="off")
        }
        if POSTGRES in os.environ:
            found["PostgreSQL"] = emptied("postgresql", Path(folder)).__enter__()
        if MARIADB in os.environ:
            found["MariaDB"] = emptied("mariadb", Path(folder)).__enter__()
        yield found
        for store in found.values():
            store.close()


def main(count: int = 1_000_000, *, show_plans: bool = False) -> None:
    """Print the milliseconds of a first page and of one after it, for each list and database."""
    with stores() as found:
        for name, store in found.items():
            fill(store, count)
            print(f"{name}, {count:,} cases: milliseconds of a page of 50, and of the next")
            for label, query in QUERIES.items():
                page, first = timed(store, query)
                after = query.replace(after=query.place(page[-1])) if page else query
                _, second = timed(store, after)
                print(f"  {label:<18} {first:8.2f} {second:8.2f}   {len(page)} cases")
                if show_plans:
                    print(f"    {plan(store, query)}")


def timed(store: RelationalStore, query: Query) -> tuple[tuple[Case, ...], float]:
    """The page and the milliseconds that the best of three questions took."""
    best, page = float("inf"), tuple[Case, ...]()
    for _ in range(3):
        begun = time.perf_counter()
        page = store.find(query)
        best = min(best, (time.perf_counter() - begun) * 1000)
    return page, best


if __name__ == "__main__":
    main()
