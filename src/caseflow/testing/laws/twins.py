"""The rules that lives are lived under: a policy, and its longer twin that a case may adopt."""

from __future__ import annotations

import attrs

from caseflow.core.policy import Policy, Rung
from caseflow.core.rules import Rules, moves
from caseflow.testing.laws.model import Ruled


class Under:
    """A policy and its longer twin, compiled for the engine and made ready for the model; lives share it.

    Attributes:
        rules: the policy's and its twin's, compiled.
        modelled: by pin, what the model reads.
        targets: (state, action) -> the state in which the action leaves the case, under the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.rules = (Rules(policy), Rules(longer(policy)))
        self.modelled = {rules.pin: Ruled(rules.policy) for rules in self.rules}
        self.targets = {(state, action): target for state, action, target in moves(policy)}


def longer(policy: Policy) -> Policy:
    """The policy with every rung a day later, or an hour: what a case may adopt."""
    clocks = {
        name: attrs.evolve(clock, rungs=tuple(_longer(rung) for rung in clock.rungs))
        for name, clock in policy.clocks.items()
    }
    return attrs.evolve(policy, version=f"{policy.version}-longer", clocks=clocks)


def _longer(rung: Rung) -> Rung:
    return attrs.evolve(rung, days=rung.days + bool(rung.days), hours=rung.hours + bool(rung.hours))
