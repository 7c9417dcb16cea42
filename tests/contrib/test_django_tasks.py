"""Sweeps and relays as a task of Django 6; left out where Django is older."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test.utils import override_settings

from caseflow import Actor, ManualClock
from caseflow.contrib.django import desk, relay
from caseflow.ports.records import Delivery, Person
from tests.contrib.portal.databases import portal

pytest.importorskip("django.tasks", reason="Django has tasks from 6.0 on")

CLOCK = ManualClock("2025-03-03T09:30:00+08:00")
CITIZEN = Actor("c-17", role="citizen")
SENT: list[Delivery] = []
TASKS = "django.tasks.backends"


class Everybody:
    def holders(self, role: str, *, unit: str, case: Any) -> list[Person]:
        return [Person(role, addresses={"test": role})]


class Sent:
    def send(self, delivery: Delivery) -> None:
        SENT.append(delivery)


@pytest.fixture
def using(tmp_path: Path) -> Iterator[str]:
    SENT.clear()
    desk.cache_clear()
    relay.cache_clear()
    names = {"CLOCK": CLOCK, "DIRECTORY": Everybody, "NOTIFIERS": Sent}
    with portal("sqlite", tmp_path) as (alias, _), override_settings(CASEFLOW={"USING": alias, **names}):
        yield alias
    desk.cache_clear()
    relay.cache_clear()


def test_the_task_sweeps_and_tells(using: str) -> None:
    """On the backend that runs at once: what is due is issued, and told in the end."""
    from caseflow.contrib.django.tasks import caseflow_work

    with override_settings(TASKS={"default": {"BACKEND": f"{TASKS}.immediate.ImmediateBackend"}}):
        CLOCK.set("2025-03-03T09:30:00+08:00")
        desk().submit(title="t", to="城管局", by=CITIZEN, case_id="c1")
        CLOCK.advance(days=40)
        counts = caseflow_work.enqueue().return_value
        CLOCK.advance(hours=1)
        caseflow_work.enqueue()
    assert (counts["cards"], counts["is_left"]) == (3, False)
    assert [row.status for row in desk().store.notices() if row.next_try_us is not None] == []
    assert SENT


def test_the_task_is_enqueued_after_the_commit(using: str) -> None:
    """Once for each append that brings notices; never for what is rolled back."""
    from django.tasks import task_backends

    from caseflow.contrib.django.tasks import wake

    with override_settings(TASKS={"default": {"BACKEND": f"{TASKS}.dummy.DummyBackend"}}):
        wake()
        dummy: Any = task_backends["default"]
        with pytest.raises(ZeroDivisionError), transaction.atomic(using=using):
            desk().submit(title="t", to="城管局", by=CITIZEN, case_id="c0")
            raise ZeroDivisionError
        assert dummy.results == []
        with transaction.atomic(using=using):
            desk().submit(title="t", to="城管局", by=CITIZEN, case_id="c1")
            assert dummy.results == []
        assert [one.task.name for one in dummy.results] == ["caseflow_work"]
