"""The remedy that a refusal names is possible where it is given."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.decide import decide
from caseflow.core.engine.preconditions import GUARDS, check_asked
from caseflow.core.engine.remedies import NAMING_ACTIONS
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Command
from caseflow.errors import Refusal
from caseflow.testing.actors import UNITS, all_actors, permitted_actors
from caseflow.testing.command_generator import legal_fields
from caseflow.testing.laws.liveness import Liveness, Standing
from tests.journeys.people import SUPERVISOR, submitted

START = 1_740_967_800_000_000
IMPORTER = Actor("i-1", role="importer")


def refusals(rules: CompiledPolicy, case: Case) -> Iterator[Refusal]:
    """Every refusal of every action that anybody asks for, on the case as it stands."""
    for action in rules.policy.actions:
        row = rules.table[case.state].get(action)
        for by in all_actors(rules, UNITS[:1]):
            refused = check_asked(rules, case, Command(action, by), row, case.acted_us)
            if refused is not None:
                yield refused


def can_be_taken(rules: CompiledPolicy, stands: Standing, action: str) -> bool:
    """Whether somebody may take the action, with fields that fit."""
    case, events = stands
    for by in permitted_actors(rules, case, action):
        for number in range(4):
            fields = legal_fields(rules, case, action, number)
            texts = {name for name in fields if rules.fields[action][name].type == "text"}
            said = {name: value for name, value in fields.items() if name not in texts}
            command = Command(action, by, said, tuple((name, "") for name in texts))
            primary = Case("c0") if action == "merge" else None
            try:
                decide(rules, case, command, case.acted_us, history=lambda: events, primary=primary)
            except Refused as error:
                if error.refusal.code.startswith(("primary", "linked-case")):
                    return True  # there is no other case here to be merged into, or to be linked to
            else:
                return True
    return False


@pytest.mark.parametrize("name", ["base", "wuhu"])
@pytest.mark.parametrize("stride", [31, pytest.param(1, marks=pytest.mark.soak)])
def test_every_named_remedy_can_be_taken(name: str, stride: int) -> None:
    """Wherever a case can get, whatever is refused there: somebody can take what the refusal names.

    Every thirty-first place, and all of them at length.
    """
    ways = Liveness(load_policy(name), start=START)
    rules, states = ways.rules, set[str]()
    for stands in list(ways.configurations.values())[::stride]:
        case = stands[0]
        states.add(case.state)
        named = {
            (refused.code, remedy)
            for refused in refusals(rules, case)
            if refused.code in NAMING_ACTIONS
            for remedy in refused.missing
            if remedy in rules.policy.actions
        }
        taken = {remedy: can_be_taken(rules, stands, remedy) for remedy in {one for _, one in named}}
        assert [one for one in named if not taken[one[1]]] == [], (case.state, case.unit)
    assert states == rules.policy.states.keys() - {"merged"}


def a_desk() -> Desk:
    return Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T23:00:00+08:00"))


def test_a_reply_taken_back_before_routing_leaves_a_way_to_a_unit() -> None:
    """The reply of the coordinator to a case that nobody holds is retracted, and a unit is given the case."""
    desk = a_desk()
    desk.act("c1", "submit", by=IMPORTER, fields={"title": "灯"})
    desk.act("c1", "reply", by=IMPORTER, fields={"text": "请拨 12345"})
    desk.act("c1", "retract_reply", by=IMPORTER, fields={"reason": "应转办"})
    with pytest.raises(Refused) as refused:
        desk.act("c1", "transfer", by=IMPORTER, fields={"to": "城管局"})
    assert (refused.value.refusal.code, refused.value.refusal.missing) == ("no-unit", ("route",))
    assert desk.act("c1", "route", by=IMPORTER, fields={"to": "城管局"}).unit == "城管局"


def test_the_citizens_answer_is_taken_after_a_transfer() -> None:
    """What was asked by the unit before may be answered to the next; what nobody asked may not."""
    desk, citizen = a_desk(), Actor("z-1", role="citizen")
    desk.act("c1", "submit", by=citizen, fields={"title": "灯"})
    desk.act("c1", "route", by=IMPORTER, fields={"to": "城管局"})
    with pytest.raises(Refused, match="no information is waited for"):
        desk.act("c1", "receive_information", by=citizen, fields={"text": "三天了"})
    desk.act("c1", "request_information", by=IMPORTER, fields={"text": "哪里?"})
    desk.act("c1", "transfer", by=IMPORTER, fields={"to": "住建局"})
    assert desk.act("c1", "receive_information", by=citizen, fields={"text": "桥头"}).state == "routed"


def test_a_closed_case_can_be_rated_for_ninety_days() -> None:
    """The citizen rates after the closing, on the ninetieth day after the reply, and no later."""
    for days, is_taken in ((90, True), (91, False)):
        desk, citizen = a_desk(), Actor("z-1", role="citizen")
        desk.act("c1", "submit", by=citizen, fields={"title": "灯"})
        desk.act("c1", "reply", by=IMPORTER, fields={"text": "已阅"})
        desk.act("c1", "close", by=IMPORTER)
        desk.clock.advance(days=days)
        if is_taken:
            assert desk.act("c1", "rate", by=citizen, fields={"score": 1}).state == "closed"
        else:
            with pytest.raises(Refused, match="was possible until"):
                desk.act("c1", "rate", by=citizen, fields={"score": 1})


def test_an_ordered_rectification_can_be_verified_after_a_withdrawal() -> None:
    """The citizen withdraws while what the case revealed is put right; it is verified all the same."""
    desk, citizen = a_desk(), Actor("z-1", role="citizen")
    desk.act("c1", "submit", by=citizen, fields={"title": "灯"})
    desk.act("c1", "reply", by=IMPORTER, fields={"text": "已修"})
    desk.act("c1", "link_rectification", by=IMPORTER, fields={"rectification": "r-1"})
    desk.act("c1", "withdraw", by=citizen)
    case = desk.act("c1", "verify_rectification", by=IMPORTER, fields={"rectification": "r-1"})
    assert (case.state, case.facts.rectifications[0].verified_us is None) == ("withdrawn", False)


def test_a_clock_that_the_rules_lack_is_not_extended(desk: Desk) -> None:
    """An import may hold one: whoever asks what may be done is told that no clock runs."""
    case = submitted(desk, "c1")
    policy = desk.rules.policy
    lacking = CompiledPolicy(attrs.evolve(policy, clocks={"other": policy.clocks["reply"]}))
    command = Command("request_extension", SUPERVISOR)
    for guard in ("extensions_left", "extension_allowed", "before_breach"):
        refused = GUARDS[guard](lacking, case, command, desk.clock.now_us())
        assert refused is None or refused.code == "clock-not-running", guard
    assert GUARDS["extensions_left"](lacking, case, command, desk.clock.now_us()) is not None
