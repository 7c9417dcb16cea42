"""The same facts told in any order leave the same cards: how that is generated, told apart, and shown."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from caseflow import Actor, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.testing import LawBroken, Violation
from caseflow.testing.laws.fact_order import (
    FactSet,
    generated_facts,
    order_violation,
)
from caseflow.testing.laws.policy_machine import starts_of

from .mutants import FIVE, broken

HANDED = Path(__file__).with_name("handed.toml")
OFFICER = Actor("officer-1", role="officer", unit="城管局")


def violation_of(policy: str | Path, *, routes: int = 60) -> Violation | None:
    rules = CompiledPolicy(load_policy(policy))
    return order_violation(rules, "...", starts=starts_of(rules.policy), routes=routes, seed=0)


def handed() -> FactSet:
    """A case that goes from unit to unit: a warning after one day, a card after three."""
    facts = FactSet(HANDED, start="2025-03-03T09:30:00+08:00")
    facts.add("submit", by=OFFICER, fields={"to": "城管局"})
    return facts


@pytest.mark.parametrize("policy", ["wuhu", HANDED, FIVE], ids=["wuhu", "handed", "five clocks"])
def test_the_order_of_telling_does_not_matter(policy: str | Path) -> None:
    """Sixty sets of facts, each told in several orders, leave the same cards with the same units."""
    violation = violation_of(policy)
    assert violation is None, violation.text() + violation.snippet


def test_an_earlier_hand_over_told_later_fills_the_past_alone() -> None:
    """Whichever of two hand-overs is told first, the cards name who held the case when they took effect."""
    facts = handed()
    for day, unit in (("04", "住建局"), ("06", "水务集团")):
        facts.add(
            "transfer", by=OFFICER, fields={"to": unit, "reason": "late"}, since=f"2025-03-{day}T09:00+08:00"
        )
    assert facts.hold(now="2025-03-09T09:00+08:00") == 2


def test_facts_that_touch_nothing_may_be_told_in_any_order() -> None:
    """Two notes and a hand-over: in time and in all six orders the same cards stand."""
    facts = handed()
    for day in ("04", "05"):
        facts.add("note", by=OFFICER, fields={"reason": "late"}, since=f"2025-03-{day}T09:00+08:00")
    facts.add(
        "transfer", by=OFFICER, fields={"to": "住建局", "reason": "late"}, since="2025-03-06T09:00+08:00"
    )
    assert facts.hold(now="2025-03-09T09:00+08:00") == 6


def test_an_order_that_the_lifecycle_refuses_is_left_out() -> None:
    """What was done before a close may be told after it; what would follow a close may not."""
    before, after = handed(), handed()
    before.add("note", by=OFFICER, fields={"reason": "late"}, since="2025-03-04T09:00+08:00")
    for facts in (before, after):
        facts.add("close", by=OFFICER, fields={"reason": "late"}, since="2025-03-05T09:00+08:00")
    after.add("note", by=OFFICER, fields={"reason": "late"}, since="2025-03-06T09:00+08:00")
    assert before.hold(now="2025-03-09T09:00+08:00") == 2  # in time, and in both orders
    assert after.hold(now="2025-03-09T09:00+08:00") == 0  # only the close is told last


def test_generated_facts_lie_within_the_case_and_apart() -> None:
    """Each has an instant of its own before the telling, and most sets can be told in many orders."""
    rules, told_alike = CompiledPolicy(load_policy("wuhu")), 0
    for number in range(30):
        facts, now = generated_facts(rules, starts_of(rules.policy)[0], Random(number))
        instants = [step.at_us for step in facts.steps]
        assert instants == sorted(set(instants)) and instants[-1] < now
        told_alike += sum(facts.told(order, now=now) is not None for order in facts.orders())
    assert told_alike > 60


def test_an_engine_that_names_the_present_unit_is_found() -> None:
    """Its cards hang on what was told last; the facts that show it are few, and can be told again."""
    with broken("cards_name_who_holds_the_case_now"):
        violation = violation_of(HANDED)
        assert violation is not None and violation.law == "11"
        calls = [line for line in violation.snippet.splitlines() if line.startswith("facts.add")]
        assert len(calls) <= 3, violation.snippet
        snippet = violation.snippet.replace("FactSet(...", f"FactSet({str(HANDED)!r}")
        with pytest.raises(LawBroken, match="law 11"):
            exec(snippet, {})
