"""The portal of real workers: one store, one desk, one relay, and the engine that the environment names.

STORE=postgresql://... JOURNAL=told python -m procrastinate --app tests.faults.task_engines.portal worker
STORE=... BROKER=redis://... JOURNAL=told celery --app tests.faults.task_engines:portal worker
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import Celery
from procrastinate import App, PsycopgConnector
from psycopg.conninfo import make_conninfo

from caseflow import Desk
from caseflow.contrib.celery import celery_work
from caseflow.contrib.procrastinate import procrastinate_work, wake
from caseflow.delivery.relay import Relay, RetryPolicy
from caseflow.stores.database_urls import parsed
from caseflow.stores.sqlalchemy import SqlStore
from tests.faults.orders import Journal
from tests.faults.workers import PEOPLE, RULES, Written

PACE = RetryPolicy(batch=20, lease=1, first=1, longest=1, attempts=1_000)


def connected(url: str) -> App:
    """procrastinate on the same database and schema as the store."""
    where = parsed(url)
    arguments: dict[str, Any] = where.translate_connect_args(username="user", database="dbname")
    conninfo = make_conninfo(**arguments, **dict[str, Any](where.query))
    return App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=3))


def brokered(broker: str, queue: str) -> Celery:
    engine = Celery("portal", broker=broker)
    engine.conf.update(
        task_default_queue=queue, worker_send_task_events=False, broker_connection_retry_on_startup=True,
        worker_hijack_root_logger=False,
    )  # fmt: skip
    return engine


def made(url: str, told: Path, broker: str) -> Any:
    store = SqlStore(url)
    desk, journal = Desk(RULES, store), Journal(told)
    relay = Relay(store, PEOPLE, Written(journal), retry_policy=PACE)
    if broker:
        engine = brokered(broker, os.environ["QUEUE"])
        celery_work(engine, desk, relay, every=1.0, seconds=2.0)
        return engine
    app = connected(url)
    wake(store, procrastinate_work(app, desk, relay, cron="* * * * * *", seconds=2.0))
    return app


portal: Any = None
if "STORE" in os.environ:
    told = Path(os.environ["JOURNAL"])
    portal = made(
        os.environ["STORE"], told.with_name(f"{told.name}-{os.getpid()}"), os.environ.get("BROKER", "")
    )
