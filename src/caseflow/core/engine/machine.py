"""The lifecycle as one stock `transitions.Machine` per policy: the definition of what may happen.

`caseflow.core.engine.compiled_policy` reads the table that commands are looked up in off this
machine. This is the only module that imports `transitions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from transitions import Machine

from caseflow.core.policy import Policy

START = "start"
"""In ``moves``: before the case exists. The machine's initial state."""
OPEN = "open"
"""In ``moves``: every state that is not final."""
STAY = "="
"""In ``moves``: where the case is."""
KEEPS_STAGE = "stage"
"""In ``keeps``: the state of the same stage that accepts the most."""
BACK = "back"
"""In ``moves``: the state in which the case was before it came into the one it is in."""


class Way(NamedTuple):
    """A transition as the table has it; the state before submission is the empty string.

    Attributes:
        target: where it leads; the state itself when it stays there.
        held: where it leads when a unit holds the case.
        came_from: of a move ``back``: only for a case that came from there. Empty for every case.
    """

    state: str
    action: str
    target: str
    held: str
    came_from: str = ""


def machine(policy: Policy) -> Machine:
    """The stock machine of the policy, without models: a portal may bind its own.

    Its initial state is ``start``, before the submission. An action that leaves the case where it is is an
    internal transition. Where an action leads elsewhere when a unit holds the case, the event's keyword
    ``held`` (a bool) decides: ``model.route(held=True)``, or without a bound model
    ``machine.events["route"].trigger(model, held=True)``. A move ``back`` is a transition to each state from
    which the case may have come, and the keyword ``came_from`` decides.

    Roles, fields, preconditions and clocks are no part of it: `Desk.act` asks for those as well.
    """
    lifecycle = Machine(
        model=None,
        states=[START, *policy.states],
        initial=START,
        auto_transitions=False,
        send_event=True,
    )
    origins = entered_from(policy)
    for action, rule in policy.actions.items():
        for source, target in _moves(policy, rule.moves).items():
            if rule.with_unit:
                held = None if rule.with_unit == source else rule.with_unit
                lifecycle.add_transition(action, source, held, conditions=_is_held)
            if target == BACK:
                for origin in origins.get(source, ()):
                    lifecycle.add_transition(action, source, origin, conditions=_CameFrom(origin))
            else:
                lifecycle.add_transition(action, source, None if target in (STAY, source) else target)
    return lifecycle


def transitions(policy: Policy) -> Iterator[Way]:
    """Every transition, off the machine."""
    for action, event in machine(policy).events.items():
        for source, alternatives in event.transitions.items():
            state = "" if source == START else source
            when_held = [one for one in alternatives if _condition(one) is _is_held]
            for one in alternatives:
                condition = _condition(one)
                if condition is not _is_held:
                    target = state if one.dest is None else one.dest
                    held = target if not when_held else when_held[0].dest or state
                    came_from = condition.state if isinstance(condition, _CameFrom) else ""
                    yield Way(state, action, target, held, came_from)


def entered_from(policy: Policy) -> dict[str, tuple[str, ...]]:
    """State -> the states from which a case may come into it, in the policy's order; moves back count."""
    into: dict[str, set[str]] = {state: set() for state in policy.states}
    back: set[str] = set()
    for rule in policy.actions.values():
        for source, target in _moves(policy, rule.moves).items():
            back |= {source} if target == BACK else set()
            for end in (target, rule.with_unit):
                if end in into and source not in (end, START):
                    into[end].add(source)
    before = -1
    while before != (before := sum(map(len, into.values()))):
        for source in back & into.keys():
            for origin in into[source]:
                into[origin].add(source)
    return {state: tuple(one for one in policy.states if one in into[state]) for state in into}


class _CameFrom:
    """Holds for a case that was in that state before the one it is in."""

    def __init__(self, state: str) -> None:
        self.state = state

    def __call__(self, event: Any) -> bool:
        return bool(event.kwargs.get("came_from", "") == self.state)


def _condition(transition: Any) -> Any:
    return transition.conditions[0].func if transition.conditions else None


def _moves(policy: Policy, moves: dict[str, str]) -> dict[str, str]:
    """``moves`` with ``open`` and what states keep of others written out; a named state wins over both."""
    written = {
        state: moves[OPEN]
        for state, described in policy.states.items()
        if OPEN in moves and not described.final
    }
    written |= {state: target for state, target in moves.items() if state != OPEN}
    for state, described in policy.states.items():
        kept = kept_of(policy, state) if described.keeps and state not in moves else ""
        if kept in written:
            written[state] = STAY if written[kept] == state else written[kept]
    return written


def kept_of(policy: Policy, state: str) -> str:
    """The state whose actions a state accepts as well, at the end of the chain; empty for none.

    ``stage`` stands for the state of its stage that keeps no other's and accepts the most actions.
    """
    seen = {state}
    while (keeps := policy.states[state].keeps) != "":
        state = _busiest(policy, state) if keeps == KEEPS_STAGE else keeps
        if state in seen or state not in policy.states:
            return ""
        seen.add(state)
    return state


def _busiest(policy: Policy, of: str) -> str:
    stage = policy.states[of].stage
    peers = [name for name, state in policy.states.items() if state.stage == stage and not state.keeps]

    def accepted(name: str) -> int:
        is_open = not policy.states[name].final
        return sum(name in rule.moves or (is_open and OPEN in rule.moves) for rule in policy.actions.values())

    return max(peers, key=accepted, default="")


def _is_held(event: Any) -> bool:
    return bool(event.kwargs.get("held", False))
