"""Strategies for people, commands, timelines and cases, under policies of all kinds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Policy, Refused, SqliteStore, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.evolve import replay
from caseflow.core.time.instants import office_days
from caseflow.testing import strategies as cs
from caseflow.testing.illegal_commands import FAULTS

from .planted import (
    PROPERTY,
    pauses_forgotten,
    smallest,
    sweeps_a_microsecond_early,
    yellow_a_microsecond_early,
)

ROOT = Path(__file__).parents[2]
POLICIES = {
    "wuhu": load_policy("wuhu"),
    "receipt": load_policy(ROOT / "examples" / "policies" / "receipt.toml"),
    "five clocks": load_policy(ROOT / "tests" / "laws" / "policy.toml"),
}
ANY: dict[str, st.SearchStrategy[Policy]] = {name: st.just(policy) for name, policy in POLICIES.items()}
ANY["drawn"] = cs.policies()
FEW = ("submit", "route", "request_information", "receive_information", "reply", "note")
"""Actions enough to forget a pause: among all of them the search is long."""


@pytest.mark.parametrize("name", ANY)
def test_timelines_are_legal_under_any_policy(name: str) -> None:
    """Every step of a drawn timeline is accepted again on a fresh desk, in the order of time."""

    @PROPERTY
    @given(cs.timelines(ANY[name], cases=2))
    def legal(script: cs.Script) -> None:
        instants = [step.at_us for step in script.steps]
        assert instants == sorted(instants)
        for case in script.cases():
            assert case.version > 0

    legal()


@pytest.mark.parametrize("name", ANY)
def test_illegal_commands_are_refused_by_the_code_foretold(name: str) -> None:
    """One thing is wrong with the command, and the refusal names it and changes nothing."""

    @PROPERTY
    @given(cs.illegal_commands(ANY[name]))
    def refused(command: cs.IllegalCommand) -> None:
        desk = command.script.desk()
        refusal = command.refused(desk)
        assert refusal.code == command.code, command.way
        assert refusal.text("zh") != refusal.code
        assert len(desk.history("c1")) == len(command.script.run().history("c1"))

    refused()


def ways_drawn(way: str) -> set[str]:
    drawn: set[str] = set()

    @settings(PROPERTY, max_examples=10)
    @given(cs.illegal_commands("wuhu", ways=[way]))
    def meet(command: cs.IllegalCommand) -> None:
        drawn.add(command.way)

    meet()
    return drawn


def test_each_way_to_be_wrong_is_met() -> None:
    """Commands are drawn that are wrong in each of the ways; one way only where it is asked for."""
    for way in FAULTS:
        assert way in ways_drawn(way)


@pytest.mark.parametrize("name", POLICIES)
def test_timelines_meet_the_policys_actions(name: str) -> None:
    """Two hundred timelines of ten to twenty steps take most actions of the policy at least once."""
    policy = POLICIES[name]
    taken: Counter[str] = Counter()

    @settings(PROPERTY, max_examples=200)
    @given(cs.timelines(policy, cases=2, min_steps=10, max_steps=20))
    def count(script: cs.Script) -> None:
        taken.update(step.action for step in script.steps)

    count()
    missed = sorted(set(policy.actions) - set(taken))
    assert len(missed) <= len(policy.actions) // 3, missed


@PROPERTY
@given(cs.legal_commands("wuhu"))
def test_legal_commands_can_be_taken_one_by_one(steps: tuple[cs.Step, ...]) -> None:
    """They begin with the submission, and none is refused."""
    desk = Desk(POLICIES["wuhu"], MemoryStore(), clock=ManualClock(steps[0].at))
    for step in steps:
        assert step.take(desk) is not None
    assert steps[0].action == "submit"


@PROPERTY
@given(cs.cases(cs.policies()))
def test_cases_are_what_a_desk_would_make(case: Case) -> None:
    """A drawn case has a history behind it: its version counts events, its clocks began with it."""
    assert case.version >= 1
    assert all(run.since_us >= case.submitted_us for run in case.clocks)


@PROPERTY
@given(st.data())
def test_actors_fit_or_do_not(data: st.DataObject) -> None:
    """Those who fit are let in by role and scope, those who do not are refused for it."""
    script = data.draw(cs.timelines("wuhu"))
    case = script.cases()[0]
    rules = CompiledPolicy(POLICIES["wuhu"])
    action = data.draw(st.sampled_from(sorted(rules.table[case.state])))
    wrong = data.draw(cs.actors("wuhu", action=action, case=case, fitting=False))
    desk = script.run()
    with pytest.raises(Refused) as caught:
        desk.act(case.id, action, by=wrong, fields={})
    assert caught.value.refusal.code in ("role-may-not", "not-your-case", "not-your-unit", "no-unit")


def test_actors_shrink_to_the_first_role_and_unit() -> None:
    """The plainest actor is the policy's first role."""
    assert smallest(cs.actors("wuhu"), lambda actor: True) == Actor("citizen-1", role="citizen")


def test_a_timeline_runs_on_any_store_and_reads_as_a_story(tmp_path: Path) -> None:
    """The same steps on SQLite give the same case, and its story tells cards and steps by date."""
    script = smallest(cs.timelines("wuhu"), lambda script: len(script.cases()[0].cards) > 1)
    store = SqliteStore(tmp_path / "cases.db")
    desk = script.run(script.desk(store))
    assert desk.get("c1").escalations == script.cases()[0].escalations
    assert replay("c1", store.events("c1")) == desk.get("c1")
    store.close()
    assert repr(script) == (
        "<timeline under wuhu\n2025-03-03 09:00  c1  submit by citizen citizen-1\n2025-03-19 09:00  sweep>"
    )
    assert "yellow card" in str(script.story())


def test_a_card_a_microsecond_early_shrinks_to_a_submission_and_a_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of an engine that issues the yellow card early, the smallest example is: submit, wait six days.

    A sweep may stand between: the shrinker does not always make one long wait of two.
    """
    yellow_a_microsecond_early(monkeypatch)
    days = office_days("Asia/Shanghai")

    def off_midnight(script: cs.Script) -> bool:
        cards = script.cases()[0].escalations
        return any(card.effective_us != days.midnight(days.day_of(card.effective_us)) for card in cards)

    found = smallest(cs.timelines(load_policy("wuhu")), off_midnight)
    first, *between, last = str(found).splitlines()
    assert (first, last) == ("2025-03-03 09:00  c1  submit by citizen citizen-1", "2025-03-09 09:00  sweep")
    assert len(between) <= 1 and all(line.endswith("  sweep") for line in between)


@pytest.mark.soak
def test_a_sweep_a_microsecond_early_shrinks_to_that_microsecond(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the microsecond before a rung shows the bug, the smallest example waits for just that."""
    sweeps_a_microsecond_early(monkeypatch)

    def noticed_too_soon(script: cs.Script) -> bool:
        return any(rung.detected_us < rung.effective_us for rung in script.cases()[0].escalations)

    found = smallest(cs.timelines("wuhu"), noticed_too_soon)
    assert str(found).splitlines() == [
        "2025-03-03 09:00  c1  submit by citizen citizen-1",
        "2025-03-06 23:59:59.999999  sweep   (1 us before reminder of reply)",
    ]


def test_a_timeline_can_be_played_by_the_kits_timeline() -> None:
    """A drawn script runs through `Timeline` step by step and ends with the same case, told as a story."""

    @settings(PROPERTY, max_examples=15)
    @given(cs.timelines("wuhu", max_steps=6))
    def play(script: cs.Script) -> None:
        played = script.play()
        case = script.cases()[0]
        assert played.case("c1").state == case.state
        levels = [rung.level for rung in case.escalations if rung.stands]
        assert levels == [rung.level for rung in played.case("c1").escalations if rung.stands]

    play()


@pytest.mark.soak
def test_a_forgotten_pause_shrinks_to_asking_and_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an engine that forgets pauses, the smallest example asks the citizen and waits for the card.

    A routing may stand between: the shrinker does not always find the submission that does it at once.
    """
    pauses_forgotten(monkeypatch)

    def overdue_while_waiting(script: cs.Script) -> bool:
        case = script.cases()[0]
        asked = max((step.at_us for step in script.steps if step.action == "request_information"), default=0)
        fell = [rung for rung in case.escalations if rung.clock == "completion" and rung.effective_us > asked]
        return case.state == "awaiting_information" and bool(fell)

    five = POLICIES["five clocks"]
    few = attrs.evolve(five, actions={name: five.actions[name] for name in FEW})
    found = smallest(cs.timelines(few, late=False), overdue_while_waiting)
    acts = [step.action for step in found.steps if step.action != "route"]
    assert acts == ["submit", "request_information", ""]
