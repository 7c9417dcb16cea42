"""The lifecycle as one `transitions.Machine` per policy: the definition of what may happen.

`caseflow.core.rules` compiles its table from the same description; a property test holds the two to the
same answer for every state and action. This is the only module that imports `transitions`.
"""

from __future__ import annotations

from typing import Any

from transitions import Machine

from caseflow.core.policy import Policy
from caseflow.core.rules import START, moves


def machine(policy: Policy) -> Machine:
    """The stock machine of the policy, without models.

    Its initial state is ``start``, before the submission. Where an action leads elsewhere when a unit holds
    the case, the event's keyword ``held`` (a bool) decides: ``machine.events[action].trigger(model,
    held=True)``.
    """
    made = Machine(
        model=None,
        states=[START, *policy.states],
        initial=START,
        auto_transitions=False,
        send_event=True,
    )
    for state, action, target in moves(policy):
        source, held = state or START, policy.actions[action].with_unit
        if held:
            made.add_transition(action, source, held, conditions=_is_held)
        made.add_transition(action, source, target or START)
    return made


def _is_held(event: Any) -> bool:
    return bool(event.kwargs.get("held", False))
