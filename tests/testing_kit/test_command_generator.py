"""Commands for any policy: what is called legal is taken, what is illegal is refused for just that reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Policy, Refused, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.decide import decide
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Command
from caseflow.serialization.redaction import sealed
from caseflow.testing.actors import accepted_actions, forbidden_actors, permitted_actors
from caseflow.testing.command_generator import legal_command
from caseflow.testing.illegal_commands import FAULTS, Situation, illegal_fields
from caseflow.testing.step import Step

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


def walk(policy: Policy, steps: int = 40) -> Iterator[tuple[Desk, CompiledPolicy, Case]]:
    """A case at each of so many versions, submitted again when it has ended."""
    desk = Desk(policy, MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case, turn = Case("c0"), 0
    for number in range(steps):
        yield desk, desk.rules, case
        names = accepted_actions(desk.rules, case)
        if not names or case.place.final:
            turn += 1
            case = Case(f"c{turn}")
            names = ("submit",)
        step = legal_command(desk.rules, case, names[number * 7 % len(names)], number * 101)
        assert step is not None
        try:
            case = step.ask(desk)
        except Refused:
            continue


def command(rules: CompiledPolicy, step: Step) -> Command:
    assert step.by is not None
    return sealed(rules, step.action, step.by, step.fields, step.effective_us)[0]


def refused_with(desk: Desk, case: Case, step: Step) -> str:
    with pytest.raises(Refused) as error:
        decide(
            desk.rules,
            case,
            command(desk.rules, step),
            desk.clock.now_us(),
            history=lambda: desk.store.events(case.id),
        )
    return error.value.refusal.code


def test_a_fitting_move_is_refused_by_guards_alone(policy: Policy) -> None:
    """Role and fields of a fitting step are right for every action in every state met on a walk."""
    tried = 0
    for desk, rules, case in walk(policy):
        for action in accepted_actions(rules, case):
            for number in (0, 1, 2**61 - 1, 12_345_678_901):
                step = legal_command(rules, case, action, number)
                assert step is not None or not permitted_actors(rules, case, action)
                if step is None:
                    continue
                tried += 1
                try:
                    decide(rules, case, command(rules, step), desk.clock.now_us())
                except Refused as error:
                    rule, code = error.refusal.rule, error.refusal.code
                    by_guard = rule.endswith(".guards") or rule.startswith(("limits", "clocks"))
                    assert by_guard or code in OF_ANOTHER_CASE, (code, step)
    assert tried > 100


def test_a_wrong_field_is_refused_for_what_is_wrong(policy: Policy) -> None:
    """Each wrong step is refused with the very code it names."""
    met = set()
    for desk, rules, case in walk(policy, 25):
        for action in accepted_actions(rules, case):
            for wrong in illegal_fields(rules, case, action, 5):
                assert refused_with(desk, case, wrong.step) == wrong.code, wrong
                met.add(wrong.code)
    assert "field-unknown" in met
    if policy.name == "typed":
        assert met == {
            "field-unknown", "field-missing", "field-not-text", "field-not-a-choice", "field-not-printable",
            "field-not-int", "field-out-of-range", "field-not-bool", "field-not-sha256", "text-too-long",
            "text-with-nul", "text-with-surrogate", "text-without-word", "field-not-date",
        }  # fmt: skip


def test_an_unfitting_actor_is_refused_for_who_they_are(policy: Policy) -> None:
    """Each unfitting actor is refused with the very code that goes with them."""
    for desk, rules, case in walk(policy, 25):
        for action in accepted_actions(rules, case):
            step = legal_command(rules, case, action, 3)
            for by, code in forbidden_actors(rules, case, action):
                if step is not None:
                    assert refused_with(desk, case, step.replace(by=by)) == code


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_refused_by_its_own_code(fault: str, policy: Policy) -> None:
    """Whatever is wrong with a command, it is refused by the code foretold, in every state met on a walk."""
    met = 0
    for desk, rules, case in walk(policy, 15):
        if case.version:
            situation = Situation(rules=rules, case=case, now=desk.clock.now_us(), number=3)
            for illegal in FAULTS[fault](situation):
                assert refused_with(desk, case, illegal.step) == illegal.code, illegal
                met += 1
    assert met or fault in ("it is late without a reason", "a guard refuses", "the role may not record late")


def test_the_same_number_gives_the_same_command(policy: Policy) -> None:
    """Nothing but the number chooses."""
    for _, rules, case in walk(policy, 10):
        for action in policy.actions:
            for number in (0, 7, 991, 10**12):
                once = legal_command(rules, case, action, number, others=("c8", "c9"))
                assert once == legal_command(rules, case, action, number, others=("c8", "c9"))


def test_number_0_gives_the_least() -> None:
    """The simplest step has the required fields alone, the first unit, the least number, the first choice."""
    rules = CompiledPolicy(POLICIES["typed"])
    case = Case("c1", 1, place=rules.places["busy"], unit="住建局", citizen="a-1")
    step = legal_command(rules, case, "measure")
    assert step == Step(
        action="measure",
        case_id="c1",
        by=Actor("officer-1", role="officer", unit="住建局"),
        fields={
            "what": "what-1", "colour": "red", "level": -3, "sure": False, "seen": 0, "print": "0" * 64,
            "where": "城管局", "story": "路灯不亮 story", "reason": "路灯不亮 reason",
        },
    )  # fmt: skip


def test_a_co_handler_may_act_where_the_action_admits_it() -> None:
    """Co-handling units are among the fitting actors of an action that admits them, and of no other."""
    rules = CompiledPolicy(POLICIES["typed"])
    case = Case("c1", 1, place=rules.places["busy"], unit="城管局", citizen="a-1")
    helped = case.replace(facts=case.facts.replace(co_handlers=("水务集团",)))
    units = {actor.unit for actor in permitted_actors(rules, helped, "report") if actor.role == "officer"}
    assert units == {"城管局", "水务集团"}
    lead = {actor.unit for actor in permitted_actors(rules, helped, "close") if actor.role == "officer"}
    assert lead == {"城管局"}


def test_nobody_and_no_such_action() -> None:
    """Where nobody may, or no state knows the action, there is no step."""
    rules = CompiledPolicy(POLICIES["wuhu"])
    assert legal_command(rules, Case("c1"), "no-such-action") is None
    assert forbidden_actors(rules, Case("c1"), "no-such-action") == ()
    held = Case("c1", 1, place=rules.places["routed"])
    assert {actor.role for actor in permitted_actors(rules, held, "take_charge")} == {"importer"}
