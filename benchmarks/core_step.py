"""A core step: decide + evolve + event + deadlines, no store; against state machines that record nothing."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import state_machines
from benchmarks.life import CITIZEN, COORDINATOR, OFFICER, START, STEPS, UNIT, guarded_policy
from benchmarks.report import Row, faster
from benchmarks.timing import Work, interleaved, seconds
from caseflow import Case, Command
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.decide import step
from caseflow.core.time.instants import SECOND, micros


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Microseconds a step, ours and each peer's."""
    cases, few = (200, 20) if quick else (2_000, 100)
    found = interleaved(
        {
            "ours": _steps(_ours(), cases),
            "shared": _steps(state_machines.shared_transitions(), cases),
            "added": _steps(state_machines.added_transitions(), few),
            "automat": _steps(state_machines.automat(), cases),
            "statemachine": _steps(state_machines.statemachine(), few),
        },
        rounds=3 if quick else 15,
    )
    ours = found["ours"]
    return (
        faster("core step", ours, found["shared"], "transitions, one shared machine", must=3, hoped=5),
        faster("core step", ours, found["added"], "transitions, add_model per case"),
        faster("core step", ours, found["automat"], "Automat"),
        faster("core step", ours, found["statemachine"], "python-statemachine"),
    )


def commands() -> tuple[Command, ...]:
    """The eight commands as a door has prepared them."""
    return (
        Command("submit", CITIZEN, {"kind": "complaint"}),
        Command("acknowledge", COORDINATOR),
        Command("route", COORDINATOR, {"to": UNIT}),
        Command("dispatch", OFFICER),
        Command("reply", OFFICER, texts=(("text", ""),)),
        Command("complete", OFFICER),
        Command("rate", CITIZEN, {"score": 5}),
        Command("close", COORDINATOR),
    )


def _steps(live: Callable[[int], None], cases: int) -> Work:
    return lambda: seconds(lambda: live(cases)) / cases / len(STEPS)


def _ours() -> Callable[[int], None]:
    rules, asked = CompiledPolicy(guarded_policy()), commands()

    def live(cases: int) -> None:
        now = micros(START)
        for _ in range(cases):
            case = Case("c-1")
            for command in asked:
                now += SECOND
                case, _ = step(rules, case, command, now)

    return live
