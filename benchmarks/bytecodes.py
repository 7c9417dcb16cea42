"""How many bytecodes a command costs: the one figure that the load of the machine cannot move."""

from __future__ import annotations

from typing import Any

from benchmarks.core_step import commands
from benchmarks.life import COORDINATOR, START, guarded_policy
from benchmarks.report import Row, at_most
from benchmarks.timing import counted
from caseflow import Case, Desk, ManualClock, MemoryStore, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.decide import step
from caseflow.core.time.instants import SECOND, micros


def core_step() -> int:
    """The mean over the eight steps of the shared life: decided and folded, nothing stored."""
    rules, life = CompiledPolicy(guarded_policy()), commands()

    def live() -> None:
        case, now = Case("c-1"), micros(START)
        for command in life:
            now += SECOND
            case, _ = step(rules, case, command, now)

    live()  # what is made at the first use
    return counted(live) // len(life)


def quiet_command() -> int:
    """A desk command on `MemoryStore` that tells nobody: an internal note."""
    return _command("note")


def told_command() -> int:
    """A desk command on `MemoryStore` that owes notices: a hand-over to a unit."""
    return _command("route", to="城管局")


def swept_rung() -> int:
    """A rung that a sweep finds due and issues."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(START))
    for name in ("c-1", "c-2"):
        desk.submit(title="x", to="城管局", by=COORDINATOR, case_id=name)
        desk.clock.advance(days=1)
    desk.clock.advance(days=2)
    desk.sweep()
    desk.clock.advance(days=1)
    return counted(desk.sweep)


def _command(action: str, **fields: Any) -> int:
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(START))
    for name in ("c-1", "c-2"):
        desk.submit(title="x", by=COORDINATOR, case_id=name)
    desk.act("c-1", action, by=COORDINATOR, fields=fields)
    return counted(lambda: desk.act("c-2", action, by=COORDINATOR, fields=fields))


BUDGET = {"core step": 480, "quiet command": 980, "command with notices": 1_290, "swept rung": 955}
"""Bytecodes that each may cost at the most."""


def measured() -> dict[str, int]:
    """What each costs now."""
    return {
        "core step": core_step(),
        "quiet command": quiet_command(),
        "command with notices": told_command(),
        "swept rung": swept_rung(),
    }


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Bytecodes a command, against the budget."""
    return tuple(
        at_most(f"bytecodes, {name}", count, must=BUDGET[name]) for name, count in measured().items()
    )
