"""A move ``back`` leads to the state in which the case was before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, Desk, ManualClock, Refused, SqliteStore, load_policy, machine
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.evolve import replay
from caseflow.policies.lint.state_space import StateSpace
from caseflow.testing.laws.liveness import Liveness
from caseflow.views.mermaid import diagram

CITIZEN = Actor("c", role="citizen")
OFFICER = Actor("o", role="handler", unit="A局")
COORDINATOR = Actor("d", role="coordinator")
SUPERVISOR = Actor("s", role="supervisor")
IMPORTER = Actor("i", role="importer")
POLICY = """
extends = "wuhu"
name = "mine"
[states.halted]
stage = "handling"
[actions.halt]
moves = { routed = "halted", handling = "halted", answered = "halted" }
roles = ["supervisor", "coordinator"]
[actions.take_up]
moves = { halted = "back" }
roles = ["supervisor", "coordinator"]
[actions.reply.moves]
halted = "="
[actions.migrate.moves]
halted = "="
[clocks.reply]
pause = ["state:halted"]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    file = tmp_path / "mine.toml"
    file.write_text(POLICY, encoding="utf-8")
    store = SqliteStore(tmp_path / "store.db")
    return Desk(load_policy(file), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))


def halted(desk: Desk, *acts: str) -> str:
    """A case on which these were done before it was halted."""
    case_id = desk.submit(title="树", to="A局", by=CITIZEN).id
    fields: dict[str, Any] = {"reply": {"text": "已修复"}}
    for action in acts:
        desk.act(case_id, action, by=OFFICER, fields=fields.get(action))
    desk.act(case_id, "halt", by=SUPERVISOR)
    return case_id


@pytest.mark.parametrize(
    ("acts", "state"),
    [((), "routed"), (("take_charge",), "handling"), (("take_charge", "reply"), "answered")],
)
def test_a_case_goes_back_to_where_it_came_from(desk: Desk, acts: tuple[str, ...], state: str) -> None:
    """Whichever that is, also after something that moved it nowhere; the events suffice for it."""
    case_id = halted(desk, *acts)
    desk.acknowledge(case_id, by=OFFICER)
    assert desk.get(case_id).facts.came_from == state
    case = desk.act(case_id, "take_up", by=SUPERVISOR)
    assert (case.state, case.facts.came_from) == (state, "halted")
    assert replay(case_id, desk.history(case_id)) == case


def test_clocks_hang_on_the_state_that_is_come_back_to(desk: Desk) -> None:
    """A clock that the state paused runs on."""
    case_id = halted(desk, "take_charge")
    desk.clock.advance(days=2)
    assert desk.get(case_id).clocks[0].is_paused
    assert not desk.act(case_id, "take_up", by=SUPERVISOR).clocks[0].is_paused


def test_a_fact_told_late_moves_the_way_back(desk: Desk) -> None:
    """Charge was taken before the halt: the case goes back to where it had been by then."""
    case_id = desk.submit(title="树", to="A局", by=CITIZEN).id
    desk.clock.advance(days=2)
    desk.act(case_id, "halt", by=SUPERVISOR)
    since = "2025-03-04T10:00:00+08:00"
    late = {"effective_at": since, "reason": "补记"}
    desk.take_charge(case_id, by=IMPORTER, **late)  # type: ignore[arg-type]
    case = desk.get(case_id)
    assert (case.state, case.facts.came_from) == ("halted", "handling")
    assert replay(case_id, desk.history(case_id)) == case
    assert desk.act(case_id, "take_up", by=SUPERVISOR).state == "handling"


def test_a_case_is_taken_up_late(desk: Desk) -> None:
    """Halted and taken up again, and only then is it told: judged in the state of its time."""
    case_id = halted(desk, "take_charge")
    desk.clock.advance(days=2)
    desk.acknowledge(case_id, by=OFFICER)
    fields = {"reason": "补记"}
    since = "2025-03-04T10:00:00+08:00"
    case = desk.act(case_id, "take_up", by=COORDINATOR, fields=fields, effective_at=since)
    assert case.state == "handling"


def test_a_case_taken_over_goes_back_if_it_is_known_where_it_was(desk: Desk) -> None:
    """The shortest way to its state says so."""
    desk.adopt(
        "old",
        state="halted",
        unit="A局",
        submitted_at="2025-03-01T09:00:00+08:00",
        state_since="2025-03-02T09:00:00+08:00",
        reason="旧系统",
        by=IMPORTER,
    )
    assert desk.act("old", "take_up", by=SUPERVISOR).state == "routed"


def test_where_a_case_came_from_may_be_unknown(tmp_path: Path, desk: Desk) -> None:
    """It does not go back to a state from which the rules let none come."""
    case_id = halted(desk)
    narrower = tmp_path / "other.toml"
    narrower.write_text(
        POLICY.replace('routed = "halted", handling', "handling").replace("mine", "other"), encoding="utf-8"
    )
    other = Desk(load_policy(narrower), desk.store, clock=desk.clock)
    other.migrate(case_id, reason="规则变更", by=SUPERVISOR)
    with pytest.raises(Refused) as caught:
        other.act(case_id, "take_up", by=SUPERVISOR)
    assert (caught.value.code, caught.value.refusal.found) == ("no-way-back", "routed")


def test_the_machine_says_it_all(desk: Desk) -> None:
    """A portal's own model goes back by the stock machine, told where it came from."""
    lifecycle = machine(desk.rules.policy)

    class Letter:
        state = "halted"

    letter = Letter()
    assert not lifecycle.events["take_up"].trigger(letter, came_from="submitted")
    assert lifecycle.events["take_up"].trigger(letter, came_from="handling")
    assert letter.state == "handling"
    assert "halted --> answered : take_up" in diagram(desk.rules.policy, lang="en")


@pytest.mark.soak
def test_walks_know_the_way_back(desk: Desk) -> None:
    """Both the walk of the lint and the exploration lead back where one came from, and to an end."""
    graph = StateSpace(CompiledPolicy(desk.rules.policy)).graph()
    ways = {
        (arrow.origin.came_from, arrow.target.state) for arrow in graph.arrows() if arrow.action == "take_up"
    }
    assert ways == {(state, state) for state in ("routed", "handling", "answered")}
    assert not Liveness(desk.rules.policy, start=1_740_967_800_000_000).dead_ends()
