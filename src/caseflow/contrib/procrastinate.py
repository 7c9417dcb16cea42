"""Sweeps and relays as a periodic task of procrastinate, which an append may wake in its own transaction."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from caseflow.contrib.work import work
from caseflow.delivery.relay import Relay
from caseflow.desk import Desk
from caseflow.stores.sql.store import RelationalStore


def procrastinate_work(
    app: App,
    desk: Desk | None,
    relay: Relay | None = None,
    *,
    name: str = "caseflow.work",
    queue: str = "caseflow",
    cron: str = "* * * * *",
    seconds: float = 20.0,
) -> Task[..., None, ...]:
    """Register the task that sweeps and tells; every worker of its queue takes part.

    Once a period one job is deferred, by whichever worker comes first. Where more is due than one takes up,
    it calls others: at most 17 jobs of the task wait, beside those that appends deferred (see `wake`).

    Args:
        app: the portal's.
        desk, relay: whose cases and notices; with `None` in place of one, two tasks may do them apart.
        name: of the task.
        queue: its jobs' queue.
        cron: when it begins by itself; every minute.
        seconds: of one piece, after which the worker is free for other jobs; see `caseflow.contrib.work`.
    """

    def do(timestamp: int = 0, helper: int = 0) -> None:
        if work(desk, relay, seconds=seconds, call=call if timestamp else None).is_left:
            defer(helper)

    def call(helpers: int) -> None:
        for helper in range(1, helpers + 1):
            defer(helper)

    def defer(helper: int) -> None:
        with suppress(AlreadyEnqueued):  # as good as deferred
            task.configure(queueing_lock=f"{name}/{helper}").defer(helper=helper)

    task: Task[Any, None, Any] = app.task(name=name, queue=queue)(do)
    app.periodic(cron=cron, periodic_id=name, queueing_lock=name)(task)
    return task


def wake(store: RelationalStore, task: Task[..., None, ...]) -> None:
    """Defer the task in the transaction of each append that brings notices, so that they are told at once.

    The job is there when the append is committed, and gone with it: in a transaction of the portal's
    (`SqlStore.joined`, `DjangoStore`) as in one of the store's own. Without it they wait for the next period.

    Args:
        store: on PostgreSQL by psycopg; procrastinate's tables are on the search path of its connections.
        task: of `procrastinate_work`.
    """
    jobs = JobManager(SyncPsycopgConnector())  # of the connection that it is handed, and none of its own

    def defer(cursor: Any) -> None:
        deferrer = task.configure(connection=cursor.connection)
        deferrer.job_manager = jobs
        try:
            deferrer.defer()
        except ConnectorException as error:
            raise error.__cause__ or error from None  # the driver's own, which the store knows

    store.with_notices(defer)
