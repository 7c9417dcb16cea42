"""Sweeps and relays as a task of ``django.tasks``, which Django has from 6.0 on, on any of its backends."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.tasks import task

from caseflow.contrib.django.config import desk, relay, tells
from caseflow.contrib.django.django_store import DjangoStore
from caseflow.contrib.work import work


@task()
def caseflow_work() -> dict[str, Any]:
    """Sweep, and tell where the settings name a relay; it enqueues itself anew while something is left.

    Django has no schedule: enqueue it once a minute, from cron or by whatever the portal has for that.

    Returns:
        What the piece came to; see `caseflow.contrib.work.Work`.
    """
    done = work(desk(), relay() if tells() else None)
    if done.is_left:
        caseflow_work.enqueue()
    return done.to_dict()


def wake() -> None:
    """Enqueue the task after each commit that brings notices, so that they are told at once.

    Call it once a process, as in ``ready()`` of the portal's app. A process that dies right after its commit
    wakes nobody: the next piece tells what it left.
    """
    store = desk().store
    assert isinstance(store, DjangoStore)
    store.with_notices(lambda _: transaction.on_commit(caseflow_work.enqueue, using=store.using))
