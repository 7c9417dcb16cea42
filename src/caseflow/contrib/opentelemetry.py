"""`OpenTelemetryObserver`: what desks and relays do, as spans and metrics of OpenTelemetry."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation, get_meter
from opentelemetry.trace import Span, Status, StatusCode, Tracer, TracerProvider, get_tracer

from caseflow.clock import SystemClock
from caseflow.core.notices import DEAD, LEASED, PENDING
from caseflow.ports import Clock, Quarantined, Store
from caseflow.ports.observations import (
    CommandConflict,
    CommandDone,
    CommandFailed,
    CommandRefused,
    HookError,
    RelayRound,
    Seen,
    SweepDone,
)

SCOPE = "caseflow"
COUNTED = 1000
"""Notices of a status that are counted; what shows as 1000 is 1000 or more."""

Attributes = Mapping[str, str | int]


class OpenTelemetryObserver:
    """An `Observer` that makes a span and measurements of each record.

    One serves any number of desks and relays, in any threads. Spans are children of the caller's current
    span; they begin and end as the command did, and are made when it has ended. Case ids stand in spans
    alone, never in metrics. Nothing of it holds a text.

    Args:
        tracer_provider, meter_provider: the application's; the global ones by default.
        store: measured too, whenever metrics are collected, whether or not anybody sweeps or relays: how
            far sweeps are behind, and how many notices wait.
        clock: tells the time for how far sweeps are behind; the system's by default.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        store: Store | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._tracer: Tracer = get_tracer(SCOPE, tracer_provider=tracer_provider)
        meter = get_meter(SCOPE, meter_provider=meter_provider)
        self._commands = meter.create_histogram(
            "caseflow.command.duration", "s", "Commands by action, outcome and code"
        )
        self._conflicts = meter.create_counter(
            "caseflow.command.conflicts", "{conflict}", "Commands decided anew, another writer was faster"
        )
        self._hook_errors = meter.create_counter("caseflow.hook.errors", "{error}", "Hooks that failed")
        self._sweeps = meter.create_histogram("caseflow.sweep.duration", "s", "Sweeps")
        self._lag = meter.create_histogram(
            "caseflow.sweep.lag", "s", "From the earliest instant that was due to the sweep that met it"
        )
        self._issued = meter.create_counter("caseflow.sweep.issued", "{card}", "Cards and reminders issued")
        self._left = meter.create_counter("caseflow.sweep.left", "{case}", "Cases left for another sweep")
        self._aside = meter.create_counter(
            "caseflow.quarantined", "{thing}", "What was set aside, by kind and code, each time it is told"
        )
        self._waiting = meter.create_gauge(
            "caseflow.sweep.waiting", "{case}", "Cases waiting for a calendar that reaches further"
        )
        self._rounds = meter.create_histogram("caseflow.relay.duration", "s", "Rounds of relays")
        self._notices = meter.create_counter("caseflow.relay.notices", "{notice}", "Notices by outcome")
        if store is not None:
            _measure(meter, store, clock if clock is not None else SystemClock())

    def observe(self, seen: Seen, /) -> None:
        """Make of the record what belongs to it."""
        match seen:
            case CommandDone():
                self._done(seen)
            case CommandRefused():
                self._refused(seen)
            case CommandFailed():
                self._failed(seen)
            case CommandConflict():
                self._conflicts.add(1, {"caseflow.action": seen.action})
            case HookError():
                self._hook_errors.add(1, {"caseflow.event": seen.event, "caseflow.when": seen.when})
            case SweepDone():
                self._swept(seen)
            case RelayRound():
                self._relayed(seen)
            case Quarantined():
                self._aside.add(1, {"caseflow.kind": seen.kind, "caseflow.code": seen.code})

    def _done(self, seen: CommandDone) -> None:
        labels = {"caseflow.action": seen.action, "caseflow.outcome": "done"}
        self._commands.record(seen.seconds, labels)
        case: Attributes = {
            "caseflow.case": seen.case_id, "caseflow.state": seen.state, "caseflow.version": seen.version,
        }  # fmt: skip
        self._span(f"caseflow {seen.action}", seen.seconds, {**labels, "caseflow.role": seen.role, **case})

    def _refused(self, seen: CommandRefused) -> None:
        labels = {"caseflow.action": seen.action, "caseflow.outcome": "refused", "caseflow.code": seen.code}
        self._commands.record(seen.seconds, labels)
        case = {"caseflow.case": seen.case_id, "caseflow.state": seen.state, "caseflow.role": seen.role}
        self._span(f"caseflow {seen.action or 'command'}", seen.seconds, {**labels, **case})

    def _failed(self, seen: CommandFailed) -> None:
        labels = {"caseflow.action": seen.action, "caseflow.outcome": "failed", "caseflow.code": seen.code}
        self._commands.record(seen.seconds, labels)
        name, labels = f"caseflow {seen.action or 'command'}", {**labels, "caseflow.role": seen.role}
        self._span(name, seen.seconds, labels, failed=seen.code)

    def _swept(self, seen: SweepDone) -> None:
        self._sweeps.record(seen.seconds)
        self._lag.record(seen.lag)
        self._issued.add(seen.cards, {"caseflow.kind": "card"})
        self._issued.add(seen.reminders, {"caseflow.kind": "reminder"})
        self._left.add(seen.conflicts, {"caseflow.reason": "conflict"})
        self._left.add(seen.quarantined, {"caseflow.reason": "quarantined"})
        self._waiting.set(seen.waiting)
        counts = {"caseflow.cards": seen.cards, "caseflow.reminders": seen.reminders,
                  "caseflow.conflicts": seen.conflicts, "caseflow.quarantined": seen.quarantined}  # fmt: skip
        self._span("caseflow sweep", seen.seconds, counts)

    def _relayed(self, seen: RelayRound) -> None:
        self._rounds.record(seen.seconds)
        counts = {"sent": seen.sent, "retried": seen.retried, "dead": seen.dead,
                  "cancelled": seen.cancelled, "collapsed": seen.collapsed,
                  "quarantined": seen.quarantined}  # fmt: skip
        for outcome, count in counts.items():
            self._notices.add(count, {"caseflow.outcome": outcome})
        if seen.claimed:
            named = {f"caseflow.{outcome}": count for outcome, count in counts.items()}
            self._span("caseflow relay", seen.seconds, named)

    def _span(self, name: str, seconds: float, attributes: Attributes, *, failed: str = "") -> None:
        """A span that ends now and began so many seconds ago."""
        end = time.time_ns()
        begun = end - int(seconds * 1e9)
        span: Span = self._tracer.start_span(name, start_time=begun, attributes=dict(attributes))
        if failed:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(end)


def _measure(meter: Meter, store: Store, clock: Clock) -> None:
    """What is asked of the store at each collection; every question is one by index."""

    def behind(options: CallbackOptions) -> Iterable[Observation]:
        due = store.next_due()
        yield Observation(0.0 if due is None else max(0, clock.now_us() - due) / 1e6)

    def queued(options: CallbackOptions) -> Iterable[Observation]:
        for status in (PENDING, LEASED, DEAD):
            count = len(store.notices(status=status, limit=COUNTED))
            yield Observation(count, {"caseflow.status": status})

    meter.create_observable_gauge(
        "caseflow.sweep.behind", [behind], "s", "For how long the earliest rung has been due and is not swept"
    )
    meter.create_observable_gauge("caseflow.relay.queue", [queued], "{notice}", "Notices, at most 1000 each")
