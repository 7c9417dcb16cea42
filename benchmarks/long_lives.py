"""What a command costs in a case that has lived long: the curve over notes, pauses and cycles."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from attrs import evolve

from benchmarks.life import ANSWER, CITIZEN, COORDINATOR, OFFICER, START, TITLE, UNIT
from benchmarks.report import Row, at_most
from benchmarks.timing import counted
from caseflow import Case, Desk, ManualClock, MemoryStore, load_policy
from caseflow.core.model.evolve import replay
from caseflow.serialization.codec import pack

CASE = "c-1"


def desk(store: Any = None) -> Desk:
    """A desk with the one case."""
    limits = load_policy("wuhu").limits
    policy = evolve(load_policy("wuhu"), limits=evolve(limits, reopens=1 << 20))
    desk = Desk(policy, MemoryStore() if store is None else store, clock=ManualClock(START))
    desk.submit(title=TITLE, to=UNIT, by=CITIZEN, case_id=CASE)
    return desk


def note(desk: Desk) -> None:
    """An event that changes no clock, with a text."""
    desk.clock.advance(seconds=1)
    desk.note(CASE, text=ANSWER, by=OFFICER)


def pause(desk: Desk) -> None:
    """Information asked for and received: a pause of every running clock."""
    desk.clock.advance(seconds=20)
    desk.request_information(CASE, text=ANSWER, by=OFFICER)
    desk.clock.advance(seconds=20)
    desk.receive_information(CASE, by=OFFICER)


def cycle(desk: Desk) -> None:
    """Replied, completed, rated, closed and begun anew: another instance of every clock."""
    desk.clock.advance(seconds=60)
    desk.reply(CASE, text=ANSWER, by=OFFICER)
    desk.complete(CASE, text=ANSWER, by=OFFICER)
    desk.rate(CASE, score=3, by=CITIZEN)
    desk.close(CASE, by=COORDINATOR)
    desk.reopen(CASE, by=COORDINATOR, reason=ANSWER)


LIVES: dict[str, tuple[Callable[[Desk], None], int]] = {
    "notes": (note, 50_000), "pauses": (pause, 2_000), "cycles": (cycle, 1_000),
}  # fmt: skip
"""What is done again and again -> what, and how often at the most."""


def curve(name: str, most: int, *, points: int = 4, store: Any = None) -> list[dict[str, float]]:
    """What the last command cost, and a replay, at so many equal steps up to the most."""
    act, found = LIVES[name][0], desk(store)
    lines, done = list[dict[str, float]](), 0
    for point in range(1, points + 1):
        begun = time.perf_counter()
        upto = most * point // points
        for _ in range(upto - done):
            act(found)
        each = (time.perf_counter() - begun) / max(1, upto - done)
        done = upto
        case: Case = found.get(CASE)
        events = found.history(CASE)
        begun = time.perf_counter()
        assert replay(CASE, events) == case
        replayed = time.perf_counter() - begun
        lines.append({
            name: done, "events": case.version, "microseconds each": each * 1e6,
            "bytecodes": counted(lambda: act(found)), "snapshot": len(pack(case)),
            "replay, microseconds an event": replayed / len(events) * 1e6,
        })  # fmt: skip
        done += 1
    return lines


def rows(*, quick: bool) -> tuple[Row, ...]:
    """The curves, printed; and for each the growth from the half to the whole, 2 being linear."""
    found = []
    for name, (_, most) in LIVES.items():
        lines = curve(name, most // 10 if quick else most)
        for line in lines:
            print("  " + ", ".join(f"{what} {value:,.0f}" for what, value in line.items()))
        growth = lines[-1]["bytecodes"] / lines[1]["bytecodes"]
        found.append(at_most(f"long lives, {name}: bytecodes of the last, twice as many", growth, must=2.1))
    return tuple(found)
