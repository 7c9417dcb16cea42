"""The shipped policies are whole: each has its page, every term its law, every state a way on."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from caseflow import load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.policies.lint.reachability import leading
from caseflow.policies.lint.state_space import StateSpace
from caseflow.policies.load import shipped

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "policies"
CHINESE = ROOT / "docs" / "zh" / "policies"
SHIPPED = ROOT / "src" / "caseflow" / "policies"
TERMS = runpy.run_path(str(ROOT / "docs" / "policy_terms.py"))


def language_and_name(page: Path) -> str:
    return f"{'zh' if page.parent == CHINESE else 'en'}-{page.stem}"


@pytest.mark.parametrize("page", TERMS["pages"](), ids=language_and_name)
def test_a_table_of_terms_is_its_policys(page: Path) -> None:
    """`python docs/policy_terms.py` would change nothing."""
    assert page.read_text(encoding="utf-8") == TERMS["filled"](page)


def test_every_shipped_policy_has_its_page() -> None:
    """Each has a page with its picture in both languages; of Wuhu the English one is the reference."""
    assert {page.stem for page in PAGES.glob("*.md")} == {*shipped()} - {"wuhu"}
    assert {page.stem for page in CHINESE.glob("*.md")} == {*shipped()}
    for page in (*PAGES.glob("*.md"), *CHINESE.glob("*.md")):
        assert page.stem == "wuhu" or f"]({page.stem}.svg)" in page.read_text(encoding="utf-8"), page


def test_every_page_in_chinese_has_its_table() -> None:
    """None is left out when the tables are written."""
    assert {*CHINESE.glob("*.md")} <= {*TERMS["pages"]()}


@pytest.mark.parametrize(
    "page", [*sorted(PAGES.glob("*.md")), *sorted(CHINESE.glob("*.md"))], ids=language_and_name
)
def test_a_page_says_what_could_not_be_verified(page: Path) -> None:
    """What a source in the policy calls unverified, the page does outside its table of terms as well."""
    policy = (SHIPPED / f"{page.stem}.toml").read_text(encoding="utf-8")
    words = TERMS["TABLE"].sub("", page.read_text(encoding="utf-8"))
    assert "unverified" not in policy or ("未核实" if page.parent == CHINESE else "nverified") in words


@pytest.mark.parametrize("name", shipped())
def test_every_term_names_its_law_and_has_labels(name: str) -> None:
    """Each clock and each rung of a shipped policy has a source and labels in both languages."""
    for clock in load_policy(name).clocks.values():
        assert clock.source and clock.labels.zh and clock.labels.en, clock
        for rung in clock.rungs:
            assert rung.source and rung.labels.zh and rung.labels.en, rung


@pytest.mark.parametrize("name", sorted({*shipped()} - {"base", "wuhu"}))
def test_a_case_can_come_under_later_rules_in_every_state(name: str) -> None:
    """`migrate` stands open to somebody whose cases are not only their own, ended ones included."""
    rules = load_policy(name)
    rule = rules.actions["migrate"]
    assert {state for state, place in rules.states.items() if place.final} <= rule.moves.keys()
    assert rule.moves["open"] == "="
    assert any(rules.roles[role].scope == "any" for role in rule.roles)


@pytest.mark.parametrize("name", shipped())
def test_no_state_holds_a_case_that_no_unit_has(name: str) -> None:
    """From each open state somebody whose rights need no unit can move the case on, of their own accord."""
    rules = load_policy(name)
    for state, place in rules.states.items():
        ways = [
            action
            for action, rule in rules.actions.items()
            if rule.moves.get(state, rule.moves.get("open", "=")) not in ("=", state)
            and any(rules.roles[role].scope == "any" for role in rule.roles)
            and "unit_holds" not in rule.guards
        ]
        assert place.final or ways, state


@pytest.mark.parametrize("name", shipped())
def test_everything_that_people_read_has_labels(name: str) -> None:
    """Roles, kinds, reasons, states and actions of a shipped policy are named in both languages."""
    rules = load_policy(name)
    for table in (rules.roles, rules.kinds, rules.reasons, rules.states, rules.actions):
        for key, part in table.items():
            assert part.labels.zh and part.labels.en, key


@pytest.mark.parametrize("name", shipped())
def test_every_case_can_come_to_an_end(name: str) -> None:
    """From each situation that can be reached people, and not a program alone, can lead to a final state."""
    rules = CompiledPolicy(load_policy(name))
    graph = StateSpace(rules).graph()
    people = {key for key, role in rules.policy.roles.items() if not role.everything}
    steps = [
        (arrow.origin, arrow.target)
        for arrow in graph.arrows()
        if people & rules.table[arrow.origin.state][arrow.action].scopes.keys()
    ]
    ends = [spot for spot in graph.spots if spot.state and rules.policy.states[spot.state].final]
    assert graph.complete and leading(steps, ends) == set(graph.spots)
