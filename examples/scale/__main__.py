"""A part of a province's year on PostgreSQL, worked by four processes, and its boards from Parquet files.

Counties of 2,600 cases a year are simulated into logs. Workers on procrastinate take the logs' commands
through a desk into one store, then sweep what is due at New Year's midnight; tables are exported, and boards
counted from them.
Run it:  python -m examples.scale --store postgresql://user@host/database --cases 2000 --workers 4
It prints its figures and leaves them in `--out`, as figures.json and figures.svg. Its tables lie in a schema
of their own, which is dropped at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from examples.scale.tasks import portal, work
from procrastinate import App
from sqlalchemy import Connection, create_engine, text

from caseflow.stores.database_urls import parsed
from caseflow.stores.sqlalchemy import SqlStore

COUNTY = 2_600
"""Cases a year for which the scenario's offices are staffed."""


@contextmanager
def own_schema(url: str) -> Iterator[tuple[Connection, str]]:
    """A connection to a new schema of the database, which is dropped afterwards, and its URL."""
    where, name = parsed(url), f"caseflow_scale_{os.getpid()}"
    engine = create_engine(where, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
        connection.execute(text(f"SET search_path TO {name}"))
        try:
            there = where.update_query_dict({"options": f"-csearch_path={name}"})
            yield connection, there.render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@contextmanager
def workers(url: str, folder: Path, count: int) -> Iterator[None]:
    """So many worker processes, ended afterwards."""
    spawn = get_context("spawn")
    processes = [spawn.Process(target=work, args=(url, folder), daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def run_jobs(app: App, connection: Connection, task: str, jobs: list[dict[str, Any]]) -> float:
    """Have the workers do these jobs of a task; returns when they were deferred, in epoch seconds.

    Raises:
        RuntimeError: one of them failed, or the workers did; they have told why.
    """
    since = time.time()
    for job in jobs:
        app.configure_task(task).defer(**job)
    left = text("SELECT status FROM procrastinate_jobs LIMIT 1")  # what is done is deleted
    while status := connection.execute(left).scalar():
        if status == "failed" or not active_children():
            raise RuntimeError(f"a job {task} failed, or no worker lives")
        time.sleep(0.02)
    return since


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything, one phase after the other; returns the figures."""
    cases, unanswered, count = options.cases, options.unanswered, options.workers
    counties = range(max(round(cases / COUNTY), count))
    logs = [{"county": at, "cases": cases // len(counties) + (at < cases % len(counties))} for at in counties]
    asked = [{"first": at, "cases": min(100, unanswered - at)} for at in range(0, unanswered, 100)]
    load = os.getloadavg()[0]
    with own_schema(options.store) as (connection, there):
        store, app = SqlStore.made(there), portal(there, folder)
        with app.open():
            app.schema_manager.apply_schema()
            with workers(there, folder, count):
                run_jobs(app, connection, "make_up", logs)
                lived = run_jobs(app, connection, "live", [{"county": at} for at in counties])
                loaded = os.getloadavg()[0]
                run_jobs(app, connection, "ask", asked)
                swept = run_jobs(app, connection, "sweep", [{"since": time.time()}] * count)
        memory = resource.RUSAGE_CHILDREN
        from examples.scale import figures  # here, since each worker begins as this module does

        result = {
            "cases": cases, "counties": len(counties), "workers": count, "cores": os.cpu_count() or 0,
            "load before": load, "load with the commands": loaded,
            **figures.worked(folder, lived, swept),
            "memory of the largest worker, MB": figures.memory_mb(memory),
            **figures.exported(store, connection, folder / "tables"),
        }  # fmt: skip
        store.close()
    return result


def main() -> None:
    """Run it as the module says."""
    parser = argparse.ArgumentParser(prog="python -m examples.scale")
    parser.add_argument("--store", required=True, metavar="URL", help="a database of PostgreSQL")
    parser.add_argument("--cases", type=int, default=2_000, help="of the year")
    parser.add_argument("--unanswered", type=int, default=500, help="more, all due at midnight")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("build/scale"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(options, Path(folder))
    from examples.scale.figures import lines_of, svg_of

    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (options.out / "figures.svg").write_text(svg_of(figures), encoding="utf-8")
    print("\n".join(lines_of(figures)))


if __name__ == "__main__":
    main()
