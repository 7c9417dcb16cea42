"""A desk command on `MemoryStore` (load, decide, append) against ``eventsourcing`` in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.eventsourced import portal
from benchmarks.life import (
    ANSWER,
    BODY,
    CITIZEN,
    COORDINATOR,
    OFFICER,
    START,
    STEPS,
    TITLE,
    UNIT,
    guarded_policy,
)
from benchmarks.report import Row, faster
from benchmarks.timing import interleaved, seconds
from caseflow import Desk, ManualClock, MemoryStore, Policy


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Microseconds a command, the mean over the eight, ours and the peer's."""
    cases, few = (200, 50) if quick else (2_000, 200)
    policy = guarded_policy()
    found = interleaved(
        {
            "texts": lambda: _ours(policy, cases, texts=True),
            "peer": lambda: _peer(few, texts=False),
            "peer with texts": lambda: _peer(few, texts=True),
            "bare": lambda: _ours(policy, cases, texts=False),
            "quiet": lambda: _ours(policy, cases, texts=False, tells=False),
        },
        rounds=3 if quick else 9,
    )
    return (
        faster("desk command, memory, nobody told", found["quiet"], found["peer"], "eventsourcing",
               must=18, hoped=40),
        faster("the same with notices, one for two commands", found["bare"], found["peer"],
               "eventsourcing, which tells nobody", must=11, hoped=14),
        faster("the same with texts, typed methods", found["texts"], found["peer with texts"],
               "eventsourcing, which tells nobody"),
    )  # fmt: skip


def _ours(policy: Policy, cases: int, *, texts: bool, tells: bool = True) -> float:
    desk = Desk(policy, MemoryStore(), clock=ManualClock(START), tells=tells)
    live = live_with_texts if texts else live_bare
    ids = [f"case-{number:06d}" for number in range(cases)]

    def all_cases() -> None:
        for case_id in ids:
            live(desk, case_id)

    return seconds(all_cases) / cases / len(STEPS)


def _peer(cases: int, *, texts: bool) -> float:
    application = portal()
    return seconds(lambda: application.live(cases, texts=texts)) / cases / len(STEPS)


KIND: Mapping[str, Any] = {"kind": "complaint"}
TO: Mapping[str, Any] = {"to": UNIT}
SCORE: Mapping[str, Any] = {"score": 5}


def live_bare(desk: Desk, case_id: str) -> None:
    """The eight commands by name, without texts."""
    act = desk.act
    act(case_id, "submit", by=CITIZEN, fields=KIND)
    act(case_id, "acknowledge", by=COORDINATOR)
    act(case_id, "route", by=COORDINATOR, fields=TO)
    act(case_id, "dispatch", by=OFFICER)
    act(case_id, "reply", by=OFFICER, fields={"text": "已修复"})
    act(case_id, "complete", by=OFFICER)
    act(case_id, "rate", by=CITIZEN, fields=SCORE)
    act(case_id, "close", by=COORDINATOR)
    desk.clock.advance(seconds=1)


def live_with_texts(desk: Desk, case_id: str) -> None:
    """The eight commands by the typed methods, with the texts that citizens and officers write."""
    desk.submit(title=TITLE, body=BODY, kind="complaint", by=CITIZEN, case_id=case_id)
    desk.acknowledge(case_id, by=COORDINATOR)
    desk.route(case_id, to=UNIT, by=COORDINATOR)
    desk.dispatch(case_id, by=OFFICER)
    desk.reply(case_id, text=ANSWER, by=OFFICER)
    desk.complete(case_id, by=OFFICER)
    desk.rate(case_id, score=5, by=CITIZEN)
    desk.close(case_id, by=COORDINATOR)
    desk.clock.advance(seconds=1)
