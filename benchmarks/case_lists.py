"""Pages of case lists over a million cases, counts, words in titles: on SQLite, and on servers if any.

``python -m benchmarks.case_lists`` prints the milliseconds of every list; the report has the worst first one
and what reading rights cost.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from sqlalchemy import create_engine
from tests.contracts.databases import MARIADB, POSTGRES, CaughtUp, emptied

from benchmarks.report import Row, load
from benchmarks.timing import interleaved, seconds
from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.core.model.case import Case, Facts
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.commands import CaseState
from caseflow.core.model.events import Origin
from caseflow.desk import Page
from caseflow.desk.case_list import page_of
from caseflow.desk.reader import query_now
from caseflow.ports import Query, Store
from caseflow.ports.title_search import pairs
from caseflow.stores.database_urls import parsed
from caseflow.stores.sql.append import as_json, case_values, helper_rows, submission_values
from caseflow.stores.sql.schema import ddl
from caseflow.stores.sql.store import RelationalStore
from caseflow.stores.sqlite import SqliteStore

NOW = 1_750_000_000_000_000
DAY = 86_400_000_000
Listed = Callable[[], Page]
CITIZEN, OFFICER = Actor("c-1", role="citizen"), Actor("o-1", role="handler", unit="城管局")
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
    "worst, unit, helping": Query(order="worst", unit="u7", helping=True),
    "newest, unit, helping": Query(order="newest", unit="u7", helping=True),
    "newest, unit, helping, kind": Query(order="newest", unit="u7", helping=True, kind="advice"),
    "words, unit, helping": Query(words=("噪音",), unit="u7", helping=True),
    "all": Query(),
    "citizen": Query(citizen="x17"),
    "worst first": Query(order="worst"),
    "worst, kind, region": Query(order="worst", kind="advice", region="r7"),
    "worst, level": Query(order="worst", level="red"),
    "due, region": Query(region="r7"),
    "newest": Query(order="newest"),
    "newest, state rare": Query(order="newest", state="rare"),
    "newest, unit": Query(order="newest", unit="u7"),
    "newest, kind": Query(order="newest", kind="advice"),
    "newest, policy": Query(order="newest", policy="rectification"),
    "due, policy": Query(policy="rectification"),
    "newest, region, kind": Query(order="newest", region="r7", kind="advice"),
    "newest, level": Query(order="newest", level="red"),
    "newest, a day": Query(order="newest", since=NOW - 400 * DAY, until=NOW - 399 * DAY),
    "words, many": Query(words=("噪音",)),
    "words, few": Query(words=("路灯17",)),
    "words, both": Query(words=("噪音", "路灯17")),
}
COUNTS = {
    "all": Query(),
    "unit": Query(unit="u7"),
    "unit, helping": Query(unit="u7", helping=True),
    "region": Query(region="r7"),
    "overdue": Query(overdue_at=NOW),
}


def cases(count: int) -> Iterator[Case]:
    """Six in ten closed, four in a hundred overdue, in a hundred units; with each tenth another unit helps.

    One in twenty-five has a red card, one in ten is advice, one in a hundred a rectification; there are two
    hundred regions. The snapshots are
    small: it is the index that is measured.
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
            submitted_us=submitted_us(n),
            next_due_us=deadline if runs and n % 3 else None,
            clocks=() if deadline is None else (run,),
            origin=Origin(
                "p" * 64, policy="rectification" if n % 100 == 1 else "inquiry",
                kind="advice" if n % 10 == 1 else "need", region=f"r{n // 7 % 200}",
            ),
            facts=Facts(co_handlers=(f"u{5 + n % 7}",) if n % 10 == 1 else ()),
        )  # fmt: skip


def case_row(n: int, case: Case) -> tuple[Any, ...]:
    """The values of ``insert_case``; a card's level is written where no card is."""
    *values, _, snapshot = case_values(case)
    level = "red" if n % 50 in (1, 3) else ""
    return (*values, level, snapshot, b"h", case.id, *submission_values(case))


def submitted_us(n: int) -> int:
    """When the n-th was submitted: over a thousand days."""
    return NOW - n % 1000 * DAY - n


def fill(store: RelationalStore, count: int) -> None:
    """Put so many cases in, in one transaction for each ten thousand, and then the indexes."""
    dialect = store._sql.dialect
    lines = [line for line in ddl(dialect, step=1) if " ON caseflow_cases " in line]
    for line in lines:
        _run(store, f"DROP INDEX {line.split()[5]}")
    if dialect.name == "sqlite":
        _run(store, "PRAGMA cache_size = -400000")
    for batch in batched(enumerate(cases(count))):
        _insert(store, "insert_case", [case_row(n, case) for n, case in batch])
        _insert(store, "upsert_helper", [row for _, case in batch for row in helper_rows(case)])
    for line in lines:
        _run(store, line)
    if dialect.name != "sqlite":
        for table in ("caseflow_cases", "caseflow_helpers"):
            _run(store, f"ANALYZE {'TABLE ' if dialect.name == 'mariadb' else ''}{table}")


def fill_titles(store: RelationalStore, count: int) -> None:
    """Give each case a title, and put them into the index: one in ten is about noise."""
    store.search_titles()
    for batch in batched(enumerate(case.id for case in cases(count))):
        titles = [
            (n, case_id, "夜间噪音扰民" if n % 10 == 2 else f"路灯{n % 5000}不亮") for n, case_id in batch
        ]
        texts = [(case_id, 1, as_json({"title": ("s", title)})) for _, case_id, title in titles]
        _insert(store, "insert_texts", texts)
        rows = [(pair, submitted_us(n), case_id) for n, case_id, title in titles for pair in pairs(title)]
        if "insert_titles" in store._sql:
            columns = [list(column) for column in zip(*rows, strict=True)]
            _run(store, store._sql["insert_titles"], columns)
        else:
            _insert(store, "insert_title", rows)


def batched(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Ten thousand at a time."""
    rows = iter(rows)
    while batch := list(islice(rows, 10_000)):
        yield batch


def _run(store: RelationalStore, sql: str, values: Sequence[Any] = ()) -> None:
    store._connections.write(lambda cursor: cursor.execute(sql, values))


def _insert(store: RelationalStore, name: str, rows: list[Any]) -> None:
    store._connections.write(lambda cursor: cursor.executemany(store._sql[name], rows))


def plan(store: RelationalStore, query: Query) -> str:
    """How the database would answer."""
    sql, values = store._sql.find(query, [pair for word in query.words for pair in pairs(word)])
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN", "mariadb": "EXPLAIN"}

    def ask(cursor: Any) -> str:
        cursor.execute(f"{explain[store._sql.dialect.name]} {sql}", values)
        return " | ".join(" ".join(map(str, row)) for row in cursor.fetchall())

    return store._connections.read(ask)


@contextmanager
def stores() -> Iterator[dict[str, RelationalStore]]:
    """A new store on every kind of database that can be reached."""
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
            fill_titles(store, count)
            vacuum(store)
            print(f"{name}, {count:,} cases: milliseconds of a page of 50, and of the next")
            for label, query in QUERIES.items():
                page, first = timed(store, query)
                after = query.replace(after=query.place(page[-1])) if page else query
                _, second = timed(store, after)
                print(f"  {label:<22} {first:8.2f} {second:8.2f}   {len(page)} cases", flush=True)
                if show_plans:
                    print(f"    {plan(store, query)}")
            for label, query in COUNTS.items():
                taken = best_of(partial(store.counts, query))
                print(
                    f"  counts, {label:<14} {taken:8.2f}            {len(store.counts(query))} rows",
                    flush=True,
                )


def vacuum(store: RelationalStore) -> None:
    """Let PostgreSQL look after what was written, as it does by itself before long."""
    if store._sql.dialect.name == "postgresql":
        assert isinstance(store, CaughtUp)
        engine = create_engine(parsed(store.url), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE caseflow_cases, caseflow_helpers, caseflow_titles")
        engine.dispose()


def timed(store: RelationalStore, query: Query) -> tuple[tuple[Case, ...], float]:
    """The page and the milliseconds that the best of three questions took."""
    return store.find(query), best_of(partial(store.find, query))


def best_of(work: Callable[[], object]) -> float:
    """The milliseconds that the best of three took."""
    return min(seconds(work) for _ in range(3)) * 1000


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Milliseconds of the worst first list, and what it costs more to be asked by a reader."""
    count = 20_000 if quick else 1_000_000
    measured = [*_rights(quick=quick)]
    with stores() as found:
        found.pop("MariaDB", None)
        for name, store in found.items():
            fill(store, count)
            vacuum(store)
            first = partial(store.find, Query(order="worst"))
            taken = interleaved({"first": partial(seconds, first)}, rounds=21)
            measured.append(
                Row(
                    work=f"worst first, 50 of {count:,}, {name}", unit="ms", ours=taken["first"] * 1000,
                    score=taken["first"] * 1000, sense="{:.2f} ms", at_least=False, must=5.0, note=load(),
                )
            )  # fmt: skip
    return tuple(measured)


def _rights(*, quick: bool) -> Iterator[Row]:
    """A list of 50, of the desk and of readers; a citizen's own on every store."""
    with stores() as found:
        found.pop("MariaDB", None)
        every: dict[str, Store] = {"memory": MemoryStore(), **found}
        for name, store in every.items():
            desk = _handled(store)
            lists: dict[str, tuple[Listed, Listed]] = {
                "of one's own": (desk.seen_by(CITIZEN).cases, partial(_own, desk))
            }
            if name == "SQLite":
                lists |= {
                    "of all": (desk.seen_by(Actor("k-1", role="coordinator")).cases, desk.cases),
                    "of a unit": (desk.seen_by(OFFICER).cases, partial(desk.cases, unit=OFFICER.unit)),
                }
            for label, (ours, same) in lists.items():
                pairs = [(_of_ten(ours), _of_ten(same)) for _ in range(101 if quick else 401)][1:]
                yield Row(
                    work=f"a list of 50 {label} with reading rights, {name}", unit="us",
                    ours=median(a for a, _ in pairs) * 1e6, peer=median(b for _, b in pairs) * 1e6,
                    against="the same list without rights", score=median(a / b for a, b in pairs),
                    sense="{:.2f}x its time", at_least=False, must=1.2, note=load(),
                )  # fmt: skip


def _handled(store: Store) -> Desk:
    """A desk with 200 cases of one citizen, a week old: with cards and reminders, half with a reply."""
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    desk = Desk(load_policy("wuhu"), store, clock=clock)
    ids = [f"c{n:03}" for n in range(200)]
    for case_id in ids:
        desk.submit(title="路灯", to=OFFICER.unit, by=CITIZEN, case_id=case_id)
    clock.advance(days=7)
    desk.sweep()
    for case_id in ids[::2]:
        desk.reply(case_id, text="修好了", by=OFFICER)
    return desk


def _own(desk: Desk) -> Page:
    """The citizen's cases as a desk would list them that knows no rights."""
    handler = desk._handler
    query = query_now(handler, {}).replace(citizen=CITIZEN.id)
    return page_of(desk.store, query, limit=50, cursor="", aside=handler.watch.tell)


def _of_ten(list_of: Listed) -> float:
    """The seconds of this process that a list takes, the mean of ten; pair by pair load moves them least."""
    begun = process_time()
    for _ in range(10):
        list_of()
    return (process_time() - begun) / 10


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
