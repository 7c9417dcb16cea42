"""A pair of procrastinate's workers on very many due cases, against one process that sweeps by itself."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL

from benchmarks import servers
from benchmarks.report import Row
from benchmarks.sql_sweeps import desk_on, make
from benchmarks.timing import interleaved, seconds
from caseflow.contrib.procrastinate import procrastinate_work

WORKERS = 2


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Cards a second, from the moment the job is deferred until the last card is issued."""
    if servers.missing(servers.POSTGRES, "workers"):
        return ()
    due, rounds = (2_000, 1) if quick else (10_000, 3)
    taken = interleaved({"pair": lambda: _of_pair(due), "one": lambda: _of_one(due)}, rounds=rounds)
    pair, one = due / taken["pair"], due / taken["one"]
    return (
        Row(work=f"{WORKERS} procrastinate workers, {due:,} due, PostgreSQL", unit="cards/s", ours=pair,
            peer=one, against="one process, desk.sweep()", score=pair,
            sense=f"{{:,.0f}} a second, {pair / one:.2f}x the one", must=2_000),
    )  # fmt: skip


def _of_one(due: int) -> float:
    with servers.postgres() as url:
        make(url, many=due + 1, due=due // 2)
        desk = desk_on(url, days=7)
        taken = seconds(desk.sweep)
        _check(url, due)
        desk.store.close()
        return taken


def _of_pair(due: int) -> float:
    with servers.postgres() as url:
        make(url, many=due + 1, due=due // 2)
        with _app(url).open() as app:
            app.schema_manager.apply_schema()
            task = procrastinate_work(app, None)
            workers = [_forked(lambda: _work(url)) for _ in range(WORKERS)]
            try:
                _wait(url, "SELECT count(*) FROM procrastinate_workers", WORKERS)
                time.sleep(1)  # until they listen
                horizon = desk_on(url, days=7).clock.now_us()

                def until_done() -> None:
                    task.defer(timestamp=1)
                    _wait(url, _LEFT.format(horizon), 0)

                taken = seconds(until_done)
            finally:
                for worker in workers:
                    os.kill(worker, 15)
                    os.waitpid(worker, 0)
        _check(url, due)
        return taken


_LEFT = "SELECT count(*) FROM (SELECT FROM caseflow_cases WHERE due_order <= {} LIMIT 1) AS one"


def _work(url: URL) -> None:
    desk = desk_on(url, days=7)
    app = _app(url)
    procrastinate_work(app, desk, cron="0 0 1 1 *")

    async def run() -> None:
        async with app.open_async():
            await app.run_worker_async(delete_jobs="always")

    asyncio.run(run())


def _app(url: URL) -> App:
    return App(connector=PsycopgConnector(conninfo=_conninfo(url), min_size=1, max_size=3))


def _conninfo(url: URL) -> str:
    arguments: dict[str, Any] = url.translate_connect_args(username="user", database="dbname")
    return make_conninfo(**arguments, **dict[str, Any](url.query))


def _forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    return child


def _wait(url: URL, question: str, count: int) -> None:
    """Until the answer is that number; asked so seldom that the asking takes nothing from the workers."""
    until = time.monotonic() + 120
    with psycopg.connect(_conninfo(url), autocommit=True) as connection:
        while connection.execute(question).fetchone() != (count,):
            assert time.monotonic() < until, question
            time.sleep(0.05)


def _check(url: URL, cards: int) -> None:
    """Each due case has its one card, and no event twice."""
    with psycopg.connect(_conninfo(url), autocommit=True) as connection:
        issued = connection.execute(
            "SELECT count(*), count(DISTINCT case_id) FROM caseflow_events WHERE version = 3"
        ).fetchone()
    assert issued == (cards, cards), f"{issued}, not {cards}"
