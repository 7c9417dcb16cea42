"""The fast table and the stock `transitions` machine are one lifecycle."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transitions import Machine, MachineError

from caseflow import Policy, Stage, load_policy
from caseflow.core.engine.actions import ACTIONS
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.machine import START, machine
from caseflow.core.policy import Action, State


class Model:
    def __init__(self, state: str) -> None:
        self.state = state


def by_machine(made: Machine, state: str, action: str, held: bool) -> str | None:
    """Where the stock machine leads; ``None`` when it refuses."""
    model = Model(state or START)
    try:
        assert made.events[action].trigger(model, held=held)
    except MachineError:
        return None
    return "" if model.state == START else model.state


def by_table(rules: CompiledPolicy, state: str, action: str, held: bool) -> str | None:
    """Where the table leads; ``None`` when it has no row."""
    row = rules.table[state].get(action)
    if row is None:
        return None
    place = row.held_place if held else row.place
    return place.state if place is not None else state


def assert_same(policy: Policy) -> int:
    rules, made, legal = CompiledPolicy(policy), machine(policy), 0
    for state in ("", *policy.states):
        for action in policy.actions:
            for held in (False, True):
                if action not in made.events:  # an action without any move
                    assert by_table(rules, state, action, held) is None
                    continue
                found = by_machine(made, state, action, held)
                assert found == by_table(rules, state, action, held), (state, action, held)
                legal += found is not None
    return legal


def test_wuhu_is_the_same_in_table_and_machine() -> None:
    """Every state and action of ``wuhu``, with and without a unit, comes to the same answer."""
    assert assert_same(load_policy("wuhu")) > 200


STATES = ("a", "b", "c", "d")
TARGETS = st.sampled_from((*STATES, "="))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any lifecycle over four states, sensible or not: both readings must agree on nonsense as well."""
    stages = st.sampled_from([stage.value for stage in Stage])
    states = {name: State(stage=draw(stages), final=draw(st.booleans())) for name in STATES}
    names = draw(
        st.lists(st.sampled_from([*sorted(set(ACTIONS) - {"submit"}), "x", "y"]), unique=True, max_size=6)
    )
    actions = {
        name: Action(
            moves=draw(st.dictionaries(st.sampled_from((*STATES, "open")), TARGETS, max_size=4)),
            with_unit=draw(st.sampled_from(("", *STATES))),
        )
        for name in names
    }
    actions["submit"] = Action(
        moves={"start": draw(st.sampled_from(STATES))}, with_unit=draw(st.sampled_from(("", "a")))
    )
    return Policy(name="generated", states=states, actions=actions)


@settings(derandomize=True, database=None, max_examples=100, deadline=None)
@given(policies())
def test_any_policy_is_the_same_in_table_and_machine(policy: Policy) -> None:
    """Table and machine agree on every state, action and holder of any description."""
    assert_same(policy)


def test_the_machine_has_one_start_and_no_moves_of_its_own() -> None:
    """It begins before the submission, and holds no state or trigger that the policy does not name."""
    wuhu = load_policy("wuhu")
    made = machine(wuhu)
    assert made.initial == START
    assert set(made.states) == {START, *wuhu.states}
    assert set(made.events) == set(wuhu.actions)


def test_the_machine_refuses_what_is_not_in_the_table() -> None:
    """A closed case is not routed: the stock machine raises, as the desk refuses."""
    made = machine(load_policy("wuhu"))
    with pytest.raises(MachineError):
        made.events["route"].trigger(Model("closed"), held=True)
