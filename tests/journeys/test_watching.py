"""The observer and the log: every kind of record once, no words of anybody, and no harm done."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, CaseflowError, Desk, ManualClock, MemoryStore, Refused, SqliteStore, load_policy
from caseflow.core.model.events import Event
from caseflow.delivery.relay import Relay
from caseflow.desk.hooks import Happened
from caseflow.ports.observations import CommandDone, CommandFailed, CommandRefused, RelayRound, SweepDone
from tests.delivery.people import EveryoneInOffice, Kept
from tests.journeys.people import CITIZEN, COORDINATOR, OFFICER, SUPERVISOR

SECRET = "张三家住镜湖区7栋-q8Zk"
START = "2025-03-03T09:30:00+08:00"


class Notes:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def observe(self, seen: Any, /) -> None:
        self.seen.append(seen)


def whole_life(desk: Desk) -> None:
    """Everything a case can go through, with the secret wherever a text may stand."""
    desk.submit(title=SECRET, body=SECRET, to="城管局", by=CITIZEN, case_id="c1")
    desk.acknowledge("c1", text=SECRET, by=OFFICER)
    desk.note("c1", text=SECRET, by=SUPERVISOR)
    desk.clock.advance(days=9)
    desk.sweep()
    for by in (CITIZEN, OFFICER):
        try:
            desk.reply("c1", text=SECRET, by=by, key="k")
            desk.reply("c1", text=SECRET, by=by, key="k")
            desk.reply("c1", text=SECRET + "x", by=by, key="k")
        except CaseflowError:
            pass
    for action, fields in ((SECRET, {}), ("rate", {"score": SECRET}), ("note", {SECRET: SECRET})):
        with pytest.raises(CaseflowError):
            desk.act("c1", action, by=CITIZEN, fields=fields)
    with pytest.raises(CaseflowError):
        desk.act(SECRET, "note", by=CITIZEN)
    with pytest.raises(CaseflowError):
        desk.act(f" {SECRET}", "submit", by=CITIZEN)
    desk.retract_reply("c1", reason=SECRET, by=SUPERVISOR)
    desk.reply("c1", text=SECRET, by=OFFICER)
    desk.redact("c1", fields=["body"], basis="法", reason=SECRET, by=SUPERVISOR)
    desk.submit(title=SECRET, to="城管局", by=CITIZEN, case_id="c2")
    desk.merge("c2", primary="c1", reason=SECRET, by=COORDINATOR)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_no_log_holds_a_text(kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A whole life with every logger at DEBUG: commands, refusals, sweeps, hooks and relay write no text."""
    caplog.set_level(logging.DEBUG)
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "c.db")
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock(START))

    def fail(happened: Happened) -> None:
        raise ValueError(SECRET)

    def fail_to_send(delivery: object) -> None:
        raise ValueError(SECRET)

    desk.subscribe(Event, fail)
    whole_life(desk)
    Relay(store, EveryoneInOffice(), Kept(), clock=desk.clock).once()
    desk.reply("c1", text=SECRET, by=OFFICER)
    Relay(store, EveryoneInOffice(), Kept(fail_to_send), clock=desk.clock).once()
    written = [f"{record.name} {record.getMessage()} {record.exc_text}" for record in caplog.records]
    assert len([line for line in written if line.startswith("caseflow.desk")]) > 25
    assert [line for line in written if SECRET in line or ascii(SECRET)[1:-1] in line] == []
    assert all(record.exc_info is None for record in caplog.records)
    store.close()


def test_an_observer_is_told_of_each_thing_once(caplog: pytest.LogCaptureFixture) -> None:
    """A command, its repeat, a refusal, an unknown case and a sweep: five records with what they say."""
    notes = Notes()
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(START), observer=notes)
    for _ in range(2):
        case = desk.submit(title=SECRET, to="城管局", by=CITIZEN, case_id="c1", key="k")
    with pytest.raises(Refused):
        desk.reply("c1", text=SECRET, by=CITIZEN)
    with pytest.raises(CaseflowError):
        desk.reply(SECRET, text=SECRET, by=OFFICER)
    desk.clock.advance(days=7)
    desk.sweep()
    done, again, refused, failed, swept = notes.seen
    assert done == CommandDone("c1", "submit", "citizen", "routed", case.version, done.seconds)
    assert again.replace(seconds=0.0) == done.replace(seconds=0.0)
    assert refused == CommandRefused("c1", "reply", "citizen", "role-may-not", "routed", refused.seconds)
    assert failed == CommandFailed("reply", OFFICER.role, "unknown-case", failed.seconds)
    lag = 3 * 86400 + 9.5 * 3600  # from the reminder, due at the beginning of the 7th
    assert swept == SweepDone(1, 1, 0, 0, 0, lag, False, swept.seconds)
    assert all(0 < one.seconds < 60 for one in notes.seen)


def test_an_observer_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Commands, refusals, sweeps and rounds go on; the log names the class of the error alone."""

    class Broken:
        def observe(self, seen: Any, /) -> None:
            raise ValueError(SECRET)

    store = MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock(START), observer=Broken())
    assert desk.submit(title="x", to="城管局", by=CITIZEN, case_id="c1").state == "routed"
    with pytest.raises(Refused):
        desk.reply("c1", text="x", by=CITIZEN)
    desk.clock.advance(days=7)
    assert len(desk.sweep().cards) == 1
    assert Relay(store, EveryoneInOffice(), Kept(), clock=desk.clock, observer=Broken()).once().sent > 0
    failed = [record.getMessage() for record in caplog.records if "observer failed" in record.getMessage()]
    assert failed == [
        "the observer failed on CommandDone: ValueError", "the observer failed on CommandRefused: ValueError",
        "the observer failed on SweepDone: ValueError", "the observer failed on a round: ValueError",
    ]  # fmt: skip


def test_a_round_is_told_and_an_empty_one_is_not() -> None:
    """Counts of what became of the notices; a relay that finds nothing says nothing."""
    notes, store = Notes(), MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock(START))
    desk.submit(title="x", to="城管局", by=CITIZEN, case_id="c1")
    relay = Relay(store, EveryoneInOffice(), Kept(), clock=desk.clock, observer=notes)
    done = relay.once()
    relay.once()
    assert notes.seen == [RelayRound(done.claimed, done.sent, 0, 0, 0, 0, 0, notes.seen[0].seconds)]


@pytest.mark.parametrize(
    ("level", "lines"),
    [(logging.DEBUG, ["DEBUG", "INFO"]), (logging.INFO, ["INFO"]), (logging.WARNING, [])],
)
def test_the_log_has_its_levels(level: int, lines: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """Commands at DEBUG, a sweep that issued something at INFO; what was left over would be a WARNING."""
    caplog.set_level(level, logger="caseflow.desk")
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(START))
    desk.submit(title="x", to="城管局", by=Actor("c", role="citizen"), case_id="c1")
    desk.clock.advance(days=7)
    desk.sweep()
    assert [record.levelname for record in caplog.records] == lines
