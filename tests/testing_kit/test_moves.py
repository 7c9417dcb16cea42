"""Moves fit any policy: what is called fitting is taken, what is called wrong is refused for that reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Policy, Refused, load_policy
from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.decide import decide
from caseflow.core.rules import Rules
from caseflow.sealing import sealed
from caseflow.testing import moves
from caseflow.testing.moves import Move

HERE = Path(__file__).parent
FILES: dict[str, str | Path] = {
    "wuhu": "wuhu",
    "receipt": HERE.parents[1] / "examples/policies/receipt.toml",
    "five clocks": HERE.parent / "laws/policy.toml",
    "typed": HERE / "typed.toml",
}
POLICIES = {name: load_policy(file) for name, file in FILES.items()}
OF_ANOTHER_CASE = ("primary-unknown", "merge-cycle", "primary-ended", "primary-is-younger")


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> Policy:
    return POLICIES[request.param]


def walk(policy: Policy, steps: int = 40) -> Iterator[tuple[Desk, Rules, Case]]:
    """A case at each of so many versions, submitted again when it has ended."""
    desk = Desk(policy, MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case, turn = Case("c0"), 0
    for number in range(steps):
        yield desk, desk.rules, case
        open_ways = moves.accepted(desk.rules, case)
        if not open_ways or case.place.final:
            turn += 1
            case = Case(f"c{turn}")
            open_ways = ("submit",)
        move = moves.fitting(desk.rules, case, open_ways[number * 7 % len(open_ways)], number * 101)
        assert move is not None
        try:
            case = take(desk, case, move)
        except Refused:
            continue


def take(desk: Desk, case: Case, move: Move) -> Case:
    return desk.act(case.id, move.action, by=move.by, fields=move.fields)


def command(rules: Rules, move: Move) -> Command:
    return sealed(rules, move.action, move.by, move.fields, None)[0]


def refused_with(desk: Desk, case: Case, move: Move) -> str:
    with pytest.raises(Refused) as error:
        decide(desk.rules, case, command(desk.rules, move), desk.clock.now_us())
    return error.value.refusal.code


def test_a_fitting_move_is_refused_by_guards_alone(policy: Policy) -> None:
    """Role and fields of a fitting move are right for every action in every state met on a walk."""
    tried = 0
    for desk, rules, case in walk(policy):
        for action in moves.accepted(rules, case):
            for number in (0, 1, 2**61 - 1, 12_345_678_901):
                move = moves.fitting(rules, case, action, number)
                assert move is not None or not moves.fitting_actors(rules, case, action)
                if move is None:
                    continue
                tried += 1
                try:
                    decide(rules, case, command(rules, move), desk.clock.now_us())
                except Refused as error:
                    rule, code = error.refusal.rule, error.refusal.code
                    by_guard = rule.endswith(".guards") or rule.startswith(("limits", "clocks"))
                    assert by_guard or code in OF_ANOTHER_CASE, (code, move)
    assert tried > 100


def test_a_wrong_field_is_refused_for_what_is_wrong(policy: Policy) -> None:
    """Each wrong move is refused with the very code it names."""
    met = set()
    for desk, rules, case in walk(policy, 25):
        for action in moves.accepted(rules, case):
            for wrong in moves.wrong_fields(rules, case, action, 5):
                assert refused_with(desk, case, wrong.move) == wrong.code, wrong
                met.add(wrong.code)
    assert "field-unknown" in met
    if policy.name == "typed":
        assert met == {
            "field-unknown", "field-missing", "field-not-text", "field-not-a-choice", "field-not-printable",
            "field-not-int", "field-out-of-range", "field-not-bool", "field-not-sha256", "text-too-long",
            "text-with-nul", "text-with-surrogate",
        }  # fmt: skip


def test_an_unfitting_actor_is_refused_for_who_they_are(policy: Policy) -> None:
    """Each unfitting actor is refused with the very code that goes with them."""
    for desk, rules, case in walk(policy, 25):
        for action in moves.accepted(rules, case):
            move = moves.fitting(rules, case, action, 3)
            for number in range(8):
                found = moves.unfitting_actor(rules, case, action, number)
                if move is not None and found is not None:
                    assert refused_with(desk, case, move.replace(by=found[0])) == found[1]


def test_the_same_number_gives_the_same_move(policy: Policy) -> None:
    """Nothing but the number chooses."""
    for _, rules, case in walk(policy, 10):
        for action in policy.actions:
            for number in (0, 7, 991, 10**12):
                once = moves.fitting(rules, case, action, number, others=("c8", "c9"))
                assert once == moves.fitting(rules, case, action, number, others=("c8", "c9"))


def test_number_0_gives_the_least() -> None:
    """The simplest move has the required fields alone, the first unit, the least number, the first choice."""
    rules = Rules(POLICIES["typed"])
    case = Case("c1", 1, place=rules.places["busy"], unit="住建局", citizen="a-1")
    move = moves.fitting(rules, case, "measure")
    assert move == Move(
        "measure",
        Actor("officer-1", role="officer", unit="住建局"),
        {
            "what": "what-1", "colour": "red", "level": -3, "sure": False, "seen": 0, "print": "0" * 64,
            "where": "城管局", "story": "路灯不亮 story", "reason": "路灯不亮 reason",
        },
    )  # fmt: skip


def test_a_co_handler_may_act_where_the_action_admits_it() -> None:
    """Co-handling units are among the fitting actors of an action that admits them, and of no other."""
    rules = Rules(POLICIES["typed"])
    case = Case("c1", 1, place=rules.places["busy"], unit="城管局", citizen="a-1")
    helped = case.replace(facts=case.facts.replace(co_handlers=("水务集团",)))
    units = {actor.unit for actor in moves.fitting_actors(rules, helped, "report") if actor.role == "officer"}
    assert units == {"城管局", "水务集团"}
    lead = {actor.unit for actor in moves.fitting_actors(rules, helped, "close") if actor.role == "officer"}
    assert lead == {"城管局"}


def test_nobody_and_no_such_action() -> None:
    """Where nobody may, or no state knows the action, there is no move."""
    rules = Rules(POLICIES["wuhu"])
    assert moves.fitting(rules, Case("c1"), "no-such-action") is None
    assert moves.unfitting_actor(rules, Case("c1"), "no-such-action") is None
    held = Case("c1", 1, place=rules.places["routed"])
    assert {actor.role for actor in moves.fitting_actors(rules, held, "sign_in")} == {"importer"}
