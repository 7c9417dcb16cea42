"""Strategies for policies, sound ones and ones broken in one named way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import caseflow.config
import caseflow.core.policy_check
import caseflow.core.policy_document
from caseflow import Policy, load_policy
from caseflow.core.policy_check import check
from caseflow.core.policy_document import Notes, policy_from_document
from caseflow.testing import strategies as cs
from caseflow.testing.strategies.features import FEATURES
from caseflow.testing.strategies.ways import WAYS

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


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.__name__)
def test_each_feature_is_drawn(feature: object) -> None:
    """Every feature changes the plainest policy, and some drawn policy has it."""
    assert callable(feature)
    from caseflow.testing.strategies import features

    table = features.plain() | {"clocks": {"clock1": {"start": ["submit"], "rungs": [{"level": "a"}]}}}
    feature(table)
    added = set(table["actions"]) - set(features.plain()["actions"])
    clocks = set(table["clocks"]) - {"clock1"}
    if added or clocks:
        found = smallest(
            cs.policies(), lambda policy: added <= set(policy.actions) and clocks <= set(policy.clocks)
        )
        assert len(found.actions) <= 3 + len(added) + 4
    assert table != features.plain()


def test_policies_shrink_to_one_clock_of_one_day_and_print_as_toml() -> None:
    """The plainest policy has two states, three actions and one rung; it reads as the file it could be."""
    policy = smallest(cs.policies(), lambda policy: True)
    assert (len(policy.states), len(policy.actions), len(policy.clocks)) == (2, 3, 1)
    assert '{ level = "level1", days = 1 }' in repr(policy)


@pytest.mark.parametrize("base", ["drawn", "wuhu", "receipt"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_each_way_to_break_a_policy_is_told(way: object, base: str) -> None:
    """Planted in any policy, each fault is told with its code at its key path."""
    policies = {
        "drawn": cs.policies(),
        "wuhu": st.just(load_policy("wuhu")),
        "receipt": st.just(load_policy(RECEIPT)),
    }
    code, name = way.code, way.name  # type: ignore[attr-defined]  # a Way, which pytest passes as an object
    broken = smallest(cs.broken_policies(policies[base], codes=[code]), lambda broken: broken.way == name)
    assert (broken.code, broken.path) in [(problem.code, problem.path) for problem in broken.problems()]


@PROPERTY
@given(cs.broken_policies())
def test_broken_policies_are_found_broken(broken: cs.BrokenPolicy) -> None:
    """Whatever sound policy the fault is planted in, the expected problem is among those told."""
    assert (broken.code, broken.path) in [(problem.code, problem.path) for problem in broken.problems()]


def noted_codes() -> set[str]:
    """Every code that the modules which read and check policies note, read from their source."""
    found: set[str] = set()
    for module in (caseflow.config, caseflow.core.policy_check, caseflow.core.policy_document):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = {"add": 1, "_all_known": 3, "Problem": 2}.get(name)
            if place is not None and len(node.args) > place:
                given = ast.walk(node.args[place])
                found |= {part.value for part in given if isinstance(part, ast.Constant)}
    return {str(code) for code in found}


def test_no_code_of_policy_checking_is_left_out() -> None:
    """The ways lead to every code that reading and checking a policy can tell, and to no other."""
    assert {way.code for way in WAYS} == noted_codes()
