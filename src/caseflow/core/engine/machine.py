"""The lifecycle as one stock `transitions.Machine` per policy: the definition of what may happen.

`caseflow.core.engine.compiled_policy` reads the table that commands are looked up in off this
machine. This is the only module that imports `transitions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transitions import Machine

from caseflow.core.policy import Policy

START = "start"
"""In ``moves``: before the case exists. The machine's initial state."""
OPEN = "open"
"""In ``moves``: every state that is not final."""
STAY = "="
"""In ``moves``: where the case is."""


def machine(policy: Policy) -> Machine:
    """The stock machine of the policy, without models: a portal may bind its own.

    Its initial state is ``start``, before the submission. An action that leaves the case where it is is an
    internal transition. Where an action leads elsewhere when a unit holds the case, the event's keyword
    ``held`` (a bool) decides: ``model.route(held=True)``, or without a bound model
    ``machine.events["route"].trigger(model, held=True)``.

    Roles, fields, preconditions and clocks are no part of it: `Desk.act` asks for those as well.
    """
    lifecycle = Machine(
        model=None,
        states=[START, *policy.states],
        initial=START,
        auto_transitions=False,
        send_event=True,
    )
    for action, rule in policy.actions.items():
        for source, target in _moves(policy, rule.moves).items():
            if rule.with_unit:
                held = None if rule.with_unit == source else rule.with_unit
                lifecycle.add_transition(action, source, held, conditions=_is_held)
            lifecycle.add_transition(action, source, None if target in (STAY, source) else target)
    return lifecycle


def transitions(policy: Policy) -> Iterator[tuple[str, str, str, str]]:
    """Every transition as ``(state, action, target, target when a unit holds the case)``, off the machine.

    The state before submission is the empty string; a target that is the state itself stays there.
    """
    for action, event in machine(policy).events.items():
        for source, alternatives in event.transitions.items():
            state = "" if source == START else source
            targets = [state if one.dest is None else one.dest for one in alternatives]
            yield state, action, targets[-1], targets[0]


def _moves(policy: Policy, moves: dict[str, str]) -> dict[str, str]:
    """``moves`` with ``open`` written out; a state that is named wins over it."""
    named = {state: target for state, target in moves.items() if state != OPEN}
    if OPEN not in moves:
        return named
    return {state: moves[OPEN] for state, described in policy.states.items() if not described.final} | named


def _is_held(event: Any) -> bool:
    return bool(event.kwargs.get("held", False))
