"""OpenTelemetry: a span and measurements of all that desks and relays do, read from the SDK's own memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from caseflow import Desk, ManualClock, MemoryStore, Refused, Stale, load_policy
from caseflow.contrib.opentelemetry import OpenTelemetryObserver
from caseflow.core.model.events import Submitted
from caseflow.delivery.relay import Relay
from caseflow.errors import DeliveryFailed
from tests.delivery.people import EveryoneInOffice, Kept
from tests.journeys.people import CITIZEN, OFFICER, SUPERVISOR

SECRET = "张三的电话 13900000000"


class Telemetry:
    """A desk whose spans and metrics are kept in memory."""

    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        self.tracing = TracerProvider()
        self.tracing.add_span_processor(SimpleSpanProcessor(self.spans))
        self.reader = InMemoryMetricReader()
        self.metering = MeterProvider([self.reader])
        self.store, self.clock = MemoryStore(), ManualClock("2025-03-03T09:30:00+08:00")
        self.observer = OpenTelemetryObserver(
            tracer_provider=self.tracing, meter_provider=self.metering, store=self.store, clock=self.clock
        )
        self.desk = Desk(load_policy("wuhu"), self.store, clock=self.clock, observer=self.observer)

    def metrics(self) -> dict[str, list[Any]]:
        """Name -> data points, collected now."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return {metric.name: list(metric.data.data_points) for resource in data.resource_metrics
                for scope in resource.scope_metrics for metric in scope.metrics}  # fmt: skip

    def finished(self) -> list[ReadableSpan]:
        return list(self.spans.get_finished_spans())

    def submit(self, case_id: str = "c1") -> None:
        self.desk.submit(title=SECRET, body=SECRET, to="城管局", by=CITIZEN, case_id=case_id)


@pytest.fixture
def seen() -> Iterator[Telemetry]:
    telemetry = Telemetry()
    yield telemetry
    telemetry.metering.shutdown()
    telemetry.tracing.shutdown()


def values(points: list[Any], label: str) -> dict[str, Any]:
    return {point.attributes[label]: point.value for point in points}


def test_a_command_is_a_span_and_a_duration(seen: Telemetry) -> None:
    """Action, role, state, version and case in the span; action and outcome alone in the metric."""
    seen.submit()
    (span,) = seen.finished()
    assert (span.name, span.status.status_code) == ("caseflow submit", StatusCode.UNSET)
    assert dict(span.attributes or {}) == {
        "caseflow.action": "submit", "caseflow.outcome": "done", "caseflow.role": "citizen",
        "caseflow.case": "c1", "caseflow.state": "routed", "caseflow.version": seen.desk.get("c1").version,
    }  # fmt: skip
    assert span.start_time is not None
    assert span.end_time is not None
    (point,) = seen.metrics()["caseflow.command.duration"]
    assert dict(point.attributes) == {"caseflow.action": "submit", "caseflow.outcome": "done"}
    assert point.count == 1
    assert point.sum == pytest.approx((span.end_time - span.start_time) / 1e9, abs=1e-6)


def test_a_span_is_a_child_of_the_callers(seen: Telemetry) -> None:
    """In a request that is traced, the command belongs to it."""
    with seen.tracing.get_tracer("portal").start_as_current_span("POST /inquiries") as request:
        seen.submit()
    span = seen.finished()[0]
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id


def test_a_refusal_is_counted_by_its_code_and_is_no_error(seen: Telemetry) -> None:
    """The rules said no, which is their task; an unknown action leaves no name."""
    seen.submit()
    for action in ("reply", SECRET):
        with pytest.raises(Refused):
            seen.desk.act("c1", action, by=CITIZEN, fields={} if action == SECRET else {"text": SECRET})
    spans = seen.finished()[1:]
    assert [span.name for span in spans] == ["caseflow reply", "caseflow command"]
    assert {span.status.status_code for span in spans} == {StatusCode.UNSET}
    refused = [dict(point.attributes) for point in seen.metrics()["caseflow.command.duration"]
               if point.attributes["caseflow.outcome"] == "refused"]  # fmt: skip
    assert [(one["caseflow.action"], one["caseflow.code"]) for one in refused] == [
        ("reply", "role-may-not"), ("", "unknown-action"),
    ]  # fmt: skip


def test_another_error_is_one(seen: Telemetry) -> None:
    """A lost race with an expected version is a failed span with its code."""
    seen.submit()
    with pytest.raises(Stale):
        seen.desk.reply("c1", text=SECRET, by=OFFICER, expected_version=77)
    span = seen.finished()[-1]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "stale")


def test_conflicts_are_counted(seen: Telemetry) -> None:
    """A command that another writer overtook, once, is one conflict and one command done."""
    seen.submit()
    other = Desk(load_policy("wuhu"), seen.store, clock=seen.clock)
    leave = seen.desk.subscribe(
        "replied", lambda one: (leave(), other.note("c1", text="x", by=SUPERVISOR)), when="before"
    )
    seen.desk.reply("c1", text=SECRET, by=OFFICER)
    assert values(seen.metrics()["caseflow.command.conflicts"], "caseflow.action") == {"reply": 1}


def test_a_sweep_says_what_it_issued_and_how_late_it_was(seen: Telemetry) -> None:
    """Cards, reminders and lag; what it left; and how far sweeps are behind, though nobody sweeps."""
    for case_id in ("c1", "c2"):
        seen.submit(case_id)
    assert seen.metrics()["caseflow.sweep.behind"][0].value == 0
    seen.clock.set("2025-03-07T01:00:00+08:00")  # the reminder was due at midnight
    assert seen.metrics()["caseflow.sweep.behind"][0].value == 3600
    seen.clock.set("2025-03-09T00:00:10+08:00")
    seen.desk.sweep()
    metrics = seen.metrics()
    assert values(metrics["caseflow.sweep.issued"], "caseflow.kind") == {"card": 2, "reminder": 2}
    assert values(metrics["caseflow.sweep.left"], "caseflow.reason") == {"conflict": 0, "quarantined": 0}
    assert (metrics["caseflow.sweep.lag"][0].sum, metrics["caseflow.sweep.waiting"][0].value) == (172810, 0)
    assert metrics["caseflow.sweep.behind"][0].value == 0
    assert seen.finished()[-1].name == "caseflow sweep"


def test_what_is_set_aside_is_counted_by_kind_and_code(seen: Telemetry) -> None:
    """Once for each thing that is newly set aside; the sweep's own lag is that of the others."""
    for case_id in ("c1", "c2"):
        seen.submit(case_id)
        seen.clock.advance(minutes=1)
    seen.desk.subscribe("card-issued", spoil, when="before")
    seen.clock.set("2025-03-09T00:00:10+08:00")
    for _ in range(2):
        seen.desk.sweep()
    metrics = seen.metrics()
    (point,) = metrics["caseflow.quarantined"]
    assert (dict(point.attributes), point.value) == (
        {"caseflow.kind": "case", "caseflow.code": "hook-failed"}, 1,
    )  # fmt: skip
    assert values(metrics["caseflow.sweep.left"], "caseflow.reason")["quarantined"] == 2


def spoil(happened: Any) -> None:
    if happened.case.id == "c1":
        raise ValueError(SECRET)


def test_hooks_that_fail_are_counted(seen: Telemetry) -> None:
    """By event and by when; the function's words stay out."""

    def fail(happened: object) -> None:
        raise ValueError(SECRET)

    seen.desk.subscribe(Submitted, fail)
    seen.submit()
    (point,) = seen.metrics()["caseflow.hook.errors"]
    assert (dict(point.attributes), point.value) == (
        {"caseflow.event": "submitted", "caseflow.when": "after"}, 1,
    )  # fmt: skip


def test_the_relays_queue_and_its_dead_letters(seen: Telemetry) -> None:
    """What waits before, what was told after, and what was given up, in rounds and in the store."""
    seen.submit()
    waiting = values(seen.metrics()["caseflow.relay.queue"], "caseflow.status")["pending"]
    assert waiting > 0
    relay = Relay(seen.store, EveryoneInOffice(), Kept(), clock=seen.clock, observer=seen.observer)
    relay.once()
    metrics = seen.metrics()
    assert values(metrics["caseflow.relay.notices"], "caseflow.outcome")["sent"] == waiting
    assert values(metrics["caseflow.relay.queue"], "caseflow.status") == {
        "pending": 0,
        "leased": 0,
        "dead": 0,
    }

    def refuse(delivery: object) -> None:
        raise DeliveryFailed(retry=False, what="x", found="gone")

    seen.desk.reply("c1", text=SECRET, by=OFFICER)
    Relay(seen.store, EveryoneInOffice(), Kept(refuse), clock=seen.clock, observer=seen.observer).once()
    metrics = seen.metrics()
    dead = values(metrics["caseflow.relay.queue"], "caseflow.status")["dead"]
    assert dead == values(metrics["caseflow.relay.notices"], "caseflow.outcome")["dead"] > 0
    assert [span.name for span in seen.finished() if "relay" in span.name] == ["caseflow relay"] * 2


def test_nothing_of_it_holds_a_text(seen: Telemetry) -> None:
    """Spans and metrics of commands, refusals, sweeps and relays, written out, hold no personal text."""
    seen.submit()
    with pytest.raises(Refused):
        seen.desk.reply("c1", text=SECRET, by=CITIZEN)
    seen.desk.reply("c1", text=SECRET, by=OFFICER)
    seen.clock.advance(days=40)
    seen.desk.sweep()
    Relay(seen.store, EveryoneInOffice(), Kept(), clock=seen.clock, observer=seen.observer).until_empty()
    written = "".join(span.to_json() for span in seen.finished()) + str(seen.metrics())
    assert "caseflow reply" in written
    assert SECRET not in written
    assert SECRET not in written.encode().decode("unicode_escape", "replace")


def test_without_a_provider_it_is_silent() -> None:
    """With OpenTelemetry's defaults, which do nothing, a desk works as ever."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), observer=OpenTelemetryObserver())
    assert desk.submit(title="x", to="城管局", by=CITIZEN, case_id="c1").state == "routed"
