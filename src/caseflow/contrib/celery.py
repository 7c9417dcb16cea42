"""Sweeps and relays as a periodic task of Celery, on whatever broker the portal has."""

from __future__ import annotations

from typing import Any

from celery import Celery

from caseflow.contrib.work import work
from caseflow.delivery.relay import Relay
from caseflow.desk import Desk


def celery_work(
    app: Celery,
    desk: Desk | None,
    relay: Relay | None = None,
    *,
    name: str = "caseflow.work",
    queue: str | None = None,
    every: float = 60.0,
    seconds: float = 20.0,
) -> Any:
    """Register the task that sweeps and tells, and its place in the schedule of Celery's beat.

    Where more is due than one worker takes up, it calls others. A message that nobody took up within a period
    expires: the next period's finds the same work. So nothing piles up while no worker runs, and nothing is
    lost with a broker or a worker.

    Args:
        app: the portal's.
        desk, relay: whose cases and notices; with `None` in place of one, two tasks may do them apart.
        name: of the task, and of its entry in the schedule.
        queue: its messages' queue; the app's own by default.
        every: seconds from one period to the next.
        seconds: of one piece, after which the worker is free for other tasks; see `caseflow.contrib.work`.

    Returns:
        The task; ``delay()`` begins a piece now.
    """
    options: dict[str, Any] = {"expires": every, **({} if queue is None else {"queue": queue})}

    def do(is_period: bool = False) -> None:
        if work(desk, relay, seconds=seconds, call=call if is_period else None).is_left:
            call(1)

    def call(helpers: int) -> None:
        for _ in range(helpers):
            task.apply_async(**options)

    engine: Any = app  # it says nothing of its types
    task = engine.task(do, name=name, ignore_result=True)
    engine.add_periodic_task(every, task.s(True), name=name, **options)
    return task
