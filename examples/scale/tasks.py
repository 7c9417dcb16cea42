"""What the workers share: a county's year made up and lived through on the desk, and what is due swept."""

from __future__ import annotations

import csv
import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from procrastinate import App, PsycopgConnector
from psycopg.conninfo import make_conninfo

from caseflow import Actor, Desk, ManualClock, load_policy
from caseflow.core.engine.fields import from_text
from caseflow.simulation import load_scenario, simulate
from caseflow.simulation.fleet import COLUMNS
from caseflow.stores.database_urls import parsed
from caseflow.stores.locations import open_store

NEW_YEAR = datetime.fromisoformat("2026-01-01T00:00:00+08:00")
"""The midnight after the scenario's last day."""
BEFORE = NEW_YEAR - timedelta(days=6) + timedelta(hours=10)
"""Whoever asked on this day and got no reply is owed a yellow card from that midnight on."""
CITIZEN = Actor("c-1", role="citizen")
PIECE = 50
"""Commands between two lines of a worker's journal; five times as many cases are swept between two."""


def portal(url: str, folder: Path) -> App:
    """The portal's queue, in the database of its cases, and its tasks."""
    where = parsed(url)
    arguments: dict[str, Any] = where.translate_connect_args(username="user", database="dbname")
    conninfo = make_conninfo(**arguments, **dict[str, Any](where.query))
    app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=3))

    def note(what: str, count: int) -> None:
        """In this worker's journal: so many more were committed, when, and after how much processor time."""
        with (folder / f"journal-{os.getpid()}.csv").open("a", encoding="utf-8") as file:
            file.write(f"{what},{time.time()},{time.process_time()},{count}\n")

    @app.task(name="make_up")
    def make_up(county: int, cases: int) -> None:
        """Simulate a county's year into a log, on a desk in memory."""
        with (folder / f"county-{county}.csv").open("w", newline="", encoding="utf-8") as out:
            simulate(load_scenario("city"), cases=cases, seed=county, out=out)

    @app.task(name="live")
    def live(county: int) -> None:
        """Take a log's commands one by one, each decided and committed at its own instant."""
        log, clock, done = folder / f"county-{county}.csv", ManualClock(0), 0
        with open_store(url) as store, log.open(newline="", encoding="utf-8") as rows:
            desk = Desk(load_policy("wuhu"), store, clock=clock)
            note("commands", 0)
            for done, row in enumerate(csv.DictReader(rows), start=1):
                row["primary"] = row["primary"] and f"{county}-{row['primary']}"
                clock.set(row["at"])
                by = Actor(row["actor"], role=row["role"], unit=row["unit"])
                texts = {name: row[name] for name in COLUMNS[6:] if row[name]}
                fields = from_text(desk.rules.fields.get(row["action"], {}), texts)
                desk.act(f"{county}-{row['case_id']}", row["action"], by=by, fields=fields)
                if done % PIECE == 0:
                    note("commands", PIECE)
            note("commands", done % PIECE)

    @app.task(name="ask")
    def ask(first: int, cases: int) -> None:
        """Submit cases on one day, which nobody answers."""
        with open_store(url) as store:
            desk = Desk(load_policy("wuhu"), store, clock=ManualClock(BEFORE))
            for number in range(first, first + cases):
                desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id=f"last-{number}")

    @app.task(name="sweep")
    def sweep(since: float) -> None:
        """Issue with the others what is due at the new year, which is at `since` (epoch seconds)."""
        more, clock = True, ManualClock(NEW_YEAR)
        with open_store(url) as store:
            desk = Desk(load_policy("wuhu"), store, clock=clock)
            while more:
                clock.set(NEW_YEAR + timedelta(seconds=time.time() - since))
                swept = desk.sweep(limit=5 * PIECE, shared=True)
                note("cards", len(swept.cards))
                note("reminders", len(swept.reminders))
                more = swept.more

    return app


def work(url: str, folder: Path) -> None:
    """A worker process, until it is terminated."""
    portal(url, folder).run_worker(concurrency=1, delete_jobs="successful")
