"""`policy_laws` finds nothing in sound policies and engines, and what is wrong in each broken one."""

from __future__ import annotations

import functools
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import BadInput, Policy, load_policy
from caseflow.testing import LawBroken, PolicyLaws, laws_as_test, policy_laws
from caseflow.testing import strategies as cs
from caseflow.testing.laws import policy_laws as proof
from caseflow.testing.laws.laws import LAWS
from caseflow.testing.laws.liveness import Liveness, prove_liveness
from caseflow.testing.laws.policy_machine import starts_of

from .mutants import FIVE, HANGING, MUTANTS, broken
from .planted import PROPERTY

HERE = Path(__file__).parent
AT_REST = {"liveness", "rungs"}
"""What is proved of the policy, not of lives."""
RECEIPT = HERE.parents[1] / "examples" / "policies" / "receipt.toml"


@pytest.mark.parametrize("policy", ["wuhu", RECEIPT, HERE / "typed.toml", FIVE, HANGING], ids=str)
def test_a_sound_policy_breaks_no_law(policy: str | Path) -> None:
    """Every law holds under the shipped policy and the example, and under two of the tests' own."""
    report = policy_laws(policy, examples=6, steps=25)
    report.raise_if_broken()
    assert report.ok and report.lives >= 6


@pytest.mark.soak
@pytest.mark.parametrize("policy", ["wuhu", RECEIPT, FIVE, HANGING], ids=str)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_sound_policy_breaks_no_law_at_length(policy: str | Path, seed: int) -> None:
    """The same over 200 lives of 30 steps, twice."""
    policy_laws(policy, seed=seed).raise_if_broken()


@pytest.mark.soak
@settings(PROPERTY, max_examples=12, suppress_health_check=[HealthCheck.nested_given])
@given(cs.policies(max_features=8), st.integers(0, 999))
def test_no_drawn_policy_breaks_a_law(policy: Policy, seed: int) -> None:
    """Whatever keys are drawn together, every law holds over some lives, and no rung is dead."""
    policy_laws(policy, examples=3, steps=20, seed=seed, shrink=False).raise_if_broken()


@pytest.mark.soak
@settings(PROPERTY, max_examples=30, suppress_health_check=[HealthCheck.nested_given])
@given(cs.policies(max_features=10), st.integers(0, 999))
def test_no_drawn_policy_breaks_a_law_at_length(policy: Policy, seed: int) -> None:
    """The same over more policies and lives."""
    policy_laws(policy, examples=8, steps=25, seed=seed, shrink=False).raise_if_broken()


@functools.cache
def explored(policy: str | Path) -> Liveness:
    """What the sound engine explores of a policy: a mutant is to be found in lives."""
    known = load_policy(policy)
    return Liveness(known, start=starts_of(known)[0])


LONG = frozenset({
    "what_came_after_a_late_fact_is_not_gone_through_again", "a_warning_does_not_go_with_its_breach",
    "a_late_sweep_differs", "forgets_when_it_was_true", "a_merged_case_escalates", "forgets_appeals",
})  # fmt: skip
"""Mutants that take seconds to be found."""


@pytest.mark.parametrize("name", [
    pytest.param(name, id=f"{laws[0]}-{name}", marks=pytest.mark.soak if name in LONG else ())
    for name, (laws, *_) in MUTANTS.items()
])  # fmt: skip
def test_a_broken_engine_is_found(name: str) -> None:
    """The mutant is found with the default effort, and by a law that it breaks."""
    laws, policy, _ = MUTANTS[name]
    ways = explored(policy)
    with broken(name), mock.patch.object(proof, "Liveness", return_value=ways):
        report = policy_laws(policy, most=1, shrink=False)
    violations = [violation for violation in report.violations if violation.law not in AT_REST]
    assert violations != []
    assert violations[0].law in laws, violations[0].text()


def test_each_law_has_its_mutant() -> None:
    """No law is without a broken engine or policy that breaks it."""
    assert {law for laws, *_ in MUTANTS.values() for law in laws} == set(LAWS) - AT_REST


@pytest.mark.parametrize(("file", "law", "said"), [
    ("dead_end.toml", "liveness", "from checking no end can be reached"),
    ("dead_rung.toml", "rungs", "no case ever meets red of the clock reply"),
    ("nobody.toml", "liveness", "from held no end can be reached"),
])  # fmt: skip
def test_a_broken_policy_is_found(file: str, law: str, said: str) -> None:
    """A dead end by guards, one by roles, and a rung that can never fire are found."""
    report = policy_laws(HERE / file, examples=1, steps=1)
    assert (report.violations[0].law, said in report.violations[0].what) == (law, True)


def test_the_counterexample_is_short_and_runs() -> None:
    """The life that shows a broken law is shrunk to what it takes, and can be lived again."""
    with broken("issues_early"):
        report = policy_laws("wuhu", examples=80, most=1)
        found = report.violations[0]
        calls = [line for line in found.snippet.splitlines() if line.startswith("life.")]
        assert len(calls) <= 4, found.snippet
        with pytest.raises(LawBroken, match="law 3"):
            exec(found.snippet, {})
    exec(found.snippet, {})  # and on the sound engine it breaks nothing


def test_the_same_seed_gives_the_same_run() -> None:
    """Seed, examples and steps choose the run; another seed another; what else is loaded does not."""
    one, two, other = (
        policy_laws(HERE / "typed.toml", examples=2, steps=12, seed=seed) for seed in (5, 5, 6)
    )
    assert one.coverage.taken == two.coverage.taken != other.coverage.taken
    assert one.text() == two.text()
    proof = f"p({str(HERE / 'typed.toml')!r}, examples=2, steps=12, seed=5)"
    code = f"from caseflow.testing import policy_laws as p; print({proof}.text())"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout == one.text() + "\n"


def test_numbers_below_one_are_refused() -> None:
    """No examples, no steps: said plainly."""
    for wrong in ({"examples": 0}, {"steps": 0}, {"most": 0}):
        with pytest.raises(BadInput):
            policy_laws("wuhu", **wrong)  # type: ignore[arg-type]  # the names are its own


def test_the_coverage_says_what_was_never_reached() -> None:
    """One life of one step reaches the submission alone, and the table and the diagram name the rest."""
    report = policy_laws(HERE / "typed.toml", examples=1, steps=1)
    assert report.coverage.reached()[0] == {("", "submit")}
    assert "busy.close" in report.coverage.table()
    drawn = report.coverage.diagram()
    assert "classDef never" in drawn and "%% never reached: busy.close" in drawn
    assert "从未到达" in report.text("zh")


class TestReceiptLaws(PolicyLaws):
    """What a portal writes: the laws of its policy, as a test class."""

    policy = RECEIPT
    examples = 3
    steps = 10


test_typed_laws = laws_as_test(HERE / "typed.toml", examples=3, steps=10)


def test_a_broken_policy_fails_as_a_test() -> None:
    """The test class fails on a broken policy, tells the law, and skips without a policy."""

    class Broken(PolicyLaws):
        policy = load_policy(HERE / "dead_end.toml")
        examples = 1

    result = unittest.TestResult()
    Broken("test_every_law_holds").run(result)
    assert "an end can always be reached" in result.failures[0][1]
    PolicyLaws("test_every_law_holds").run(result)
    assert len(result.skipped) == 1


@pytest.mark.parametrize("file", sorted(RECEIPT.parent.glob("*.toml")), ids=lambda file: file.stem)
def test_the_examples_have_no_dead_ends(file: Path) -> None:
    """In every example policy an end can always be reached, and every rung can fire."""
    if "states" not in tomllib.loads(file.read_text(encoding="utf-8")):
        return  # a calendar's table
    prove_liveness(load_policy(file))
