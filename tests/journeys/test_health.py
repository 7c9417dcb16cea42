"""How sweeps, relays and calendars stand: told in counts, held to the portal's limits, to whoever asks."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, StoreError, load_policy
from caseflow.cli import run
from caseflow.contrib.http_api import ROUTES, ApiAnswer, ApiRequest, CaseApi
from caseflow.core.model.case import Case
from caseflow.delivery.directory import ListedDirectory
from caseflow.delivery.notifiers.simple import CallableNotifier
from caseflow.delivery.relay import Relay
from caseflow.errors import BadRecord
from caseflow.stores.locations import open_store
from caseflow.views.health import CalendarEnd, HealthDocument, HealthLimits

START = "2025-03-03T09:30:00+08:00"
LATE = "2025-03-09T00:10:00+08:00"
"""Ten minutes after the yellow card of a case of the start is due."""
CITIZEN = Actor("c-17", role="citizen")
NO_LIMITS = HealthLimits(sweep_lag=None, relay_lag=None)
(HEALTH,) = (route for route in ROUTES if route.name == "get_health")


class Unreadable(MemoryStore):
    """A store in which one case cannot be read, or none once it is down."""

    bad = ""
    is_down = False

    def load(self, case_id: str) -> Case | None:
        if case_id == self.bad:
            raise BadRecord("bad-case", case=case_id, found="-")
        return super().load(case_id)

    def due(self, *args: Any, **options: Any) -> Any:
        if self.is_down:
            raise StoreError("store-unreachable", path="x", found="y")
        return super().due(*args, **options)


@pytest.fixture
def desk() -> Desk:
    desk = Desk(load_policy("wuhu"), Unreadable(), clock=ManualClock(START))
    desk.submit(title="t", to="城管局", by=CITIZEN, case_id="c1")
    return desk


def asked(desk: Desk, limits: HealthLimits | None = None) -> ApiAnswer:
    return CaseApi(desk, health=limits).answer(HEALTH, ApiRequest(None))


def test_a_sweep_that_is_late_is_told_from_the_limit_on(desk: Desk) -> None:
    """The lag is that of the earliest rung not fired; just as long as the limit is still well."""
    assert desk.health(NO_LIMITS).sweep_lag == 0
    desk.sweep()
    desk.clock.set("2025-03-06T23:59:59.5+08:00")  # the reminder is due at the next midnight
    assert desk.health(NO_LIMITS).sweep_lag == 0
    desk.clock.set("2025-03-07T00:15:00+08:00")
    limits = HealthLimits(sweep_lag=900, relay_lag=None)
    assert (desk.health(limits).sweep_lag, desk.health(limits).is_healthy) == (900, True)
    desk.clock.set("2025-03-07T00:15:00.000001+08:00")
    health = desk.health(limits)
    assert (health.is_healthy, health.beyond) == (False, ("sweep_lag",))
    desk.sweep()
    assert desk.health(limits).sweep_lag == 0


def test_a_case_set_aside_is_counted_and_makes_no_lag(desk: Desk) -> None:
    """Sweeps pass it by, so that its instant says nothing of them; the next one's does."""
    desk.clock.advance(hours=1)
    desk.submit(title="t", to="城管局", by=CITIZEN, case_id="c2")
    desk.clock.advance(days=4)
    both = desk.health(NO_LIMITS)
    desk.store.bad = "c1"  # type: ignore[attr-defined]  # a store of this test's
    health = desk.health(HealthLimits(sweep_lag=None, relay_lag=None, quarantined=0))
    assert (both.quarantined, health.quarantined, health.beyond) == (0, 1, ("quarantined",))
    assert health.sweep_lag == both.sweep_lag
    desk.sweep()
    assert (desk.health(NO_LIMITS).quarantined, desk.health(NO_LIMITS).sweep_lag) == (1, 0)


def test_a_relay_that_is_late_and_its_dead_letters_are_told(desk: Desk) -> None:
    """From the instant from which the first notice could be told; what is given up waits no more."""
    desk.clock.advance(minutes=20)
    health = desk.health()
    assert (health.relay_lag, health.beyond) == (1200, ("relay_lag",))
    nobody = ListedDirectory([])
    Relay(desk.store, nobody, CallableNotifier(print), clock=desk.clock).until_empty()
    health = desk.health()
    assert (health.relay_lag, health.is_healthy) == (0, True)
    assert health.dead_letters == len(desk.store.notices(status="dead")) > 0
    assert desk.health(HealthLimits(dead_letters=health.dead_letters - 1)).beyond == ("dead_letters",)


@pytest.mark.parametrize(("days", "beyond"), [(20, ()), (21, ("calendar_days",))])
def test_a_calendar_about_to_end_is_told(tmp_path: Path, days: int, beyond: tuple[str, ...]) -> None:
    """As many days as are asked for are enough; one less is told."""
    policy = tmp_path / "own.toml"
    (tmp_path / "own-days.toml").write_text('name = "own"\nfirst = 2025-01-01\nlast = 2025-03-23\n')
    clock = '[clocks.reply]\ncounting = "working"\ncalendar = "own"\n'
    policy.write_text(f'extends = "wuhu"\nname = "own"\n[calendars.own]\nfile = "own-days.toml"\n{clock}')
    desk = Desk(load_policy(policy), MemoryStore(), clock=ManualClock("2025-03-03T23:59:59+08:00"))
    health = desk.health(HealthLimits(calendar_days=days))
    assert health.calendars == (CalendarEnd(name="own", last_day=date(2025, 3, 23), days_left=20),)
    assert health.beyond == beyond


def test_a_load_balancer_reads_the_status(desk: Desk) -> None:
    """200 within the limits, 503 beyond them, with the same document; 503 too without a store."""
    desk.clock.set(LATE)
    assert [asked(desk, limits).status for limits in (NO_LIMITS, None)] == [200, 503]
    answer = asked(desk)
    health = msgspec.json.decode(answer.body, type=HealthDocument)
    assert (health.is_healthy, health.beyond) == (False, ("sweep_lag", "relay_lag"))
    assert dict(answer.headers)["Cache-Control"] == "no-store"
    desk.store.is_down = True  # type: ignore[attr-defined]  # a store of this test's
    down = asked(desk)
    assert (down.status, down.media_type) == (503, "application/problem+json")
    assert msgspec.json.decode(down.body)["status"] == 503


def test_a_monitor_asks_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 beyond a limit, marked; the document is that of the API."""
    url = f"sqlite:///{tmp_path}/c.db"
    with open_store(url) as store:
        Desk(load_policy("wuhu"), store, clock=ManualClock(START)).submit(
            title="t", to="城管局", by=CITIZEN, case_id="c1"
        )
    assert run(["store", "health", "--store", url, "--lang", "zh"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in lines] == ["! ", "! ", "  ", "  ", "  "]
    assert lines[0].startswith("! 扫描滞后（秒）：")
    calm = ["--sweep-lag", "1e12", "--relay-lag", "1e12"]
    assert run(["store", "health", "--store", url, "--json", *calm]) == 0
    assert json.loads(capsys.readouterr().out).keys() == set(HealthDocument.__struct_fields__)
