"""Strategies for policies, sound ones and ones broken in one named way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings

import caseflow.core.time.span
import caseflow.policies.calendar_keys
import caseflow.policies.load
import caseflow.policies.parse
import caseflow.policies.validate
from caseflow import Policy, load_policy
from caseflow.policies.parse import Notes, policy_from_document
from caseflow.policies.validate import check
from caseflow.testing import strategies as cs
from caseflow.testing.strategies.policy_faults import POLICY_FAULTS, PolicyFault, broken_by
from caseflow.testing.strategies.policy_features import FEATURES, plain

from .planted import PROPERTY, smallest

RECEIPT = Path(__file__).parents[2] / "examples" / "policies" / "receipt.toml"


@PROPERTY
@given(cs.policies())
def test_drawn_policies_are_sound(policy: Policy) -> None:
    """Checking a drawn policy finds nothing, and its document gives the same rules back."""
    notes = Notes("drawn")
    check(policy, notes)
    assert notes.problems == []
    assert policy_from_document(policy.document()).pin == policy.pin


def test_every_feature_is_drawn() -> None:
    """Each feature adds something to the plainest policy, and among some policies each is met."""
    met: set[str] = set()

    @settings(PROPERTY, max_examples=300)
    @given(cs.policies())
    def look(policy: Policy) -> None:
        met.update(policy.actions, policy.clocks, policy.states)

    look()
    for feature in FEATURES:
        table = plain() | {"clocks": {"clock1": {"start": ["submit"], "rungs": [{"level": "a"}]}}}
        feature(table)
        new = {name for part in ("actions", "clocks", "states") for name in table[part]}
        assert table != plain()
        assert new <= met, feature.__name__


def test_policies_shrink_to_one_clock_of_one_day_and_print_as_toml() -> None:
    """The plainest policy has two states, three actions and one rung; it reads as the file it could be."""
    policy = smallest(cs.policies(), lambda policy: True)
    assert (len(policy.states), len(policy.actions), len(policy.clocks)) == (2, 3, 1)
    assert '{ level = "level1", days = 1 }' in repr(policy)


@pytest.mark.parametrize("policy", [load_policy("wuhu"), load_policy(RECEIPT)], ids=["wuhu", "receipt"])
@pytest.mark.parametrize("way", POLICY_FAULTS, ids=lambda way: way.name)
def test_each_way_to_break_a_policy_is_told(way: PolicyFault, policy: Policy) -> None:
    """Planted in a real policy, each fault is told with its code at its key path."""
    broken = broken_by(way, policy)
    assert (broken.code, broken.path) in [(problem.code, problem.path) for problem in broken.problems()]


def test_one_way_can_be_asked_for() -> None:
    """Asked for one code, only faults of that code are drawn; the smallest is in the plainest policy."""
    broken = smallest(cs.broken_policies(codes=["no-end"]), lambda broken: True)
    assert (broken.code, broken.path) == ("no-end", "states")
    assert "<policy in which no state is final: states is no-end" in repr(broken)


@PROPERTY
@given(cs.broken_policies())
def test_broken_policies_are_found_broken(broken: cs.BrokenPolicy) -> None:
    """Whatever sound policy the fault is planted in, the expected problem is among those told."""
    assert (broken.code, broken.path) in [(problem.code, problem.path) for problem in broken.problems()]


def noted_codes() -> set[str]:
    """Every code that the modules which read and check policies note, read from their source."""
    found: set[str] = set()
    policies = caseflow.policies
    modules = (policies.load, policies.validate, policies.parse, policies.calendar_keys)
    for module in (*modules, caseflow.core.time.span):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = {"add": 1, "_all_known": 3, "Problem": 2, "BadInput": 0}.get(name)
            if place is not None and len(node.args) > place:
                given = ast.walk(node.args[place])
                found |= {str(part.value) for part in given if isinstance(part, ast.Constant)}
    return found


def test_no_code_of_policy_checking_is_left_out() -> None:
    """The ways lead to every code that reading and checking a policy can tell, and to no other."""
    assert {way.code for way in POLICY_FAULTS} == noted_codes()
