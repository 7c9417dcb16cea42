"""The shared life in other libraries' state machines: one guard and one callback a step, nothing recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from automat import TypeMachineBuilder
from statemachine import State, StateMachine
from transitions import Machine

from benchmarks.life import MOVES, STATES, STEPS


class Plain:
    """A case as a machine's user would write it."""

    def __init__(self) -> None:
        self.state = STATES[0]
        self.steps = 0

    def may_move(self) -> bool:
        """The guard."""
        return self.steps < len(STEPS)

    def moved(self) -> None:
        """The callback."""
        self.steps += 1


def shared_transitions() -> Callable[[int], None]:
    """``transitions`` at its fastest stock use: one machine without models, triggered on the case."""
    machine = _machine()
    asked = [machine.events[step] for step in STEPS]

    def live(cases: int) -> None:
        for _ in range(cases):
            case = Plain()
            for event in asked:
                event.trigger(case)

    return live


def added_transitions() -> Callable[[int], None]:
    """``transitions`` as its documentation shows it: each case becomes a model, and leaves at the end."""
    machine = _machine()

    def live(cases: int) -> None:
        for _ in range(cases):
            case: Any = Plain()
            machine.add_model(case)
            for step in STEPS:
                getattr(case, step)()
            machine.remove_model(case)

    return live


def _machine() -> Any:
    machine = Machine(model=None, states=list(STATES), initial=STATES[0])
    for step, (source, target) in MOVES.items():
        stays = source == target
        machine.add_transition(step, source, None if stays else target, conditions="may_move", after="moved")
    return machine


class _Life(Protocol):
    def submit(self) -> None: ...
    def acknowledge(self) -> None: ...
    def route(self) -> None: ...
    def dispatch(self) -> None: ...
    def reply(self) -> None: ...
    def complete(self) -> None: ...
    def rate(self) -> None: ...
    def close(self) -> None: ...


def automat() -> Callable[[int], None]:
    """Automat; it has no guards, so each step's output asks first."""
    builder: Any = TypeMachineBuilder(_Life, Plain)
    states = {name: builder.state(name) for name in STATES}
    for step, (source, target) in MOVES.items():

        def output(life: _Life, case: Plain) -> None:
            if case.may_move():
                case.moved()

        states[source].upon(getattr(_Life, step)).to(states[target])(output)
    make = builder.build()

    def live(cases: int) -> None:
        for _ in range(cases):
            case = make(Plain())
            for step in STEPS:
                getattr(case, step)()

    return live


class _Machine(StateMachine):
    start = State(initial=True)
    submitted = State()
    routed = State()
    handling = State()
    answered = State()
    evaluation = State()
    closed = State(final=True)

    submit = start.to(submitted, cond="may_move", after="moved")
    acknowledge = submitted.to(submitted, cond="may_move", after="moved", internal=True)
    route = submitted.to(routed, cond="may_move", after="moved")
    dispatch = routed.to(handling, cond="may_move", after="moved")
    reply = handling.to(answered, cond="may_move", after="moved")
    complete = answered.to(evaluation, cond="may_move", after="moved")
    rate = evaluation.to(evaluation, cond="may_move", after="moved", internal=True)
    close = evaluation.to(closed, cond="may_move", after="moved")


def statemachine() -> Callable[[int], None]:
    """python-statemachine: a machine for each case, as it is meant."""

    def live(cases: int) -> None:
        for _ in range(cases):
            case = _Machine(Plain())
            for step in STEPS:
                getattr(case, step)()

    return live
