"""A refusal tells a stranger nothing of the case; rights are asked of whoever replaces the policy's table."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from caseflow import Actor, BadInput, Desk, ManualClock, MemoryStore, Refused, Stale, UnknownCase, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Command
from caseflow.core.policy import Role
from caseflow.desk import Page
from caseflow.errors import Refusal
from caseflow.ports import Append, PolicyRights
from caseflow.testing.actors import permitted_actors
from caseflow.testing.command_generator import legal_fields
from caseflow.testing.laws.liveness import Liveness, Standing
from tests.journeys.people import CITIZEN, COORDINATOR, IMPORTER, NEIGHBOUR, OFFICER, refused, submitted

START = 1_740_967_800_000_000
STRANGERS = (
    Actor("x-1", role="citizen"),
    Actor("x-2", role="handler", unit="气象台"),
    Actor("x-3", role="handler"),
    Actor("x-4", role="lead_official", unit="气象台"),
    Actor("x-5", role="astrologer", unit="气象台"),
)
LATE = "2025-03-03T09:30:00+08:00"


def asked(rules: CompiledPolicy, case: Case, by: Actor, action: str) -> Iterator[dict[str, Any]]:
    """The same action as a stranger may ask for it: bare, in full, late, at a version, under a key."""
    yield {}
    if action in rules.policy.actions:
        yield {"fields": legal_fields(rules, case, action, 0)}
    yield {"effective_at": LATE, "fields": {"reason": "补记"}}
    yield {"expected_version": 999}
    yield {"key": f"{by.id} {action}"}


def store_with(stands: Standing) -> MemoryStore:
    """A store that holds the case as it stands."""
    case, events = stands
    store = MemoryStore()
    store.append([Append(case, 0, events)])
    return store


@pytest.mark.soak
@pytest.mark.parametrize("name", ["base", "wuhu"])
def test_a_stranger_hears_the_same_wherever_the_case_stands(name: str) -> None:
    """Every action in every state, however asked: to the byte one refusal without the case."""
    ways = Liveness(load_policy(name), start=START)
    rules = ways.rules
    by_state = {stands[0].state: stands for stands in ways.configurations.values()}
    heard: dict[tuple[str, str, int], set[bytes]] = {}
    for state, stands in by_state.items():
        desk = Desk(rules, store_with(stands), clock=ManualClock("2025-03-20T09:30:00+08:00"))
        case = stands[0]
        secret = {state, case.unit, *rules.plan, *(row for row in rules.table[state])} - {"", "submit"}
        for by in STRANGERS:
            for action in (*rules.policy.actions, "no_such_action"):
                for way, terms in enumerate(asked(rules, case, by, action)):
                    with pytest.raises(Refused) as caught:
                        desk.act(case.id, action, by=by, **terms)
                    refusal, error = caught.value.refusal, pickle.dumps(caught.value)
                    heard.setdefault((by.id, action, way), set()).add(error.replace(case.id.encode(), b"c"))
                    assert (refusal.state, refusal.missing) == ("", ())
                    assert refusal.possible_from is refusal.possible_until is None
                    told = f"{refusal!r} {error!r} {caught.value}"
                    source = rules.policy.actions[action].source if action in rules.policy.actions else ""
                    told = told.replace(source, "").replace(action, "").replace(f"roles.{by.role}", "")
                    assert [word for word in secret if f"'{word}'" in told or f" {word} " in told] == []
        for by in STRANGERS:
            allowed = desk.allowed(case.id, by=by)
            heard.setdefault((by.id, "allowed", 0), set()).add(msgspec.json.encode(allowed))
    assert len(by_state) > 5
    assert [asked for asked, answers in heard.items() if len(answers) > 1] == []


@pytest.mark.parametrize("name", [pytest.param("base", marks=pytest.mark.soak), "wuhu"])
def test_whoever_may_act_somewhere_is_no_stranger(name: str) -> None:
    """Who may take some action on the case is told where it stands when another is refused."""
    ways = Liveness(load_policy(name), start=START)
    for stands in {stands[0].state: stands for stands in ways.configurations.values()}.values():
        case, rules = stands[0], ways.rules
        desk = Desk(rules, store_with(stands), clock=ManualClock(LATE))
        for by in {by for action in rules.table[case.state] for by in permitted_actors(rules, case, action)}:
            assert refused(desk, case.id, "no_such_action", by).code == "unknown-action"


def test_a_stranger_is_not_told_the_version(desk: Desk) -> None:
    """Whatever version is expected, the refusal comes first; who may act is told `Stale`."""
    submitted(desk)
    assert refused(desk, "c1", "note", NEIGHBOUR, text="x", expected_version=7).code == "not-your-unit"
    with pytest.raises(Stale):
        desk.note("c1", text="x", by=OFFICER, expected_version=7)


# -- the portal's own rights --------------------------------------------------------------------------------


class Clerks(PolicyRights):
    """The policy's rights, and those of clerks: they may everything on cases of their unit, late too."""

    def rights(self, rules: CompiledPolicy, by: Actor, /) -> Role:
        if by.role == "clerk":
            return Role(scope="unit" if by.unit else "own", everything=True, backdate=True, reads="internal")
        return super().rights(rules, by)


CLERK = Actor("k-1", role="clerk", unit="城管局")
LODGER = Actor("k-2", role="clerk")


@pytest.fixture
def own() -> Desk:
    return Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(LATE), authorizer=Clerks())


def test_a_role_that_the_policy_lacks_has_the_rights_the_portal_gives(own: Desk) -> None:
    """Scope, every action, backdating and who the citizen is: all by the portal's word."""
    own.submit(title="t", to="城管局", by=LODGER, citizen="somebody", case_id="c1")
    own.submit(title="t", to="水务局", by=CITIZEN, case_id="c2")
    assert own.get("c1").citizen == LODGER.id
    own.clock.advance(days=8)
    late = own.reply("c1", text="x", by=CLERK, effective_at="2025-03-05T09:30:00+08:00", reason="补记")
    assert [card.level for card in late.cards if card.stands] == []
    assert refused(own, "c2", "reply", CLERK, text="x").code == "not-your-unit"
    for by in (CLERK, LODGER):
        assert [row.id for row in own.seen_by(by).cases()] == ["c1"]
        assert own.seen_by(by).texts("c1")[0].text == "t"
        with pytest.raises(UnknownCase):
            own.seen_by(by).get("c2")
    assert "close" in [entry.action for entry in own.allowed("c1", by=CLERK) if entry.is_allowed]
    assert own.adopt("c9", state="routed", submitted_at=LATE, unit="城管局", by=CLERK, reason="r").version


class Closed(PolicyRights):
    """Nobody but the boss does anything, not even what the policy allows everybody."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []

    def rights(self, rules: CompiledPolicy, by: Actor, /) -> Role:
        return Role(scope="any", everything=True) if by.id == "boss" else Role(scope="own")

    def refuses(
        self, rules: CompiledPolicy, case: Case, row: Transition | None, command: Command, /
    ) -> Refusal | None:
        self.asked.append((command.action, row is not None))
        if command.by.id == "boss":
            return None
        return Refusal(code="role-may-not", action=command.action, found="closed on Sundays")


BOSS = Actor("boss", role="whoever")


def test_the_portals_word_goes_for_every_action_in_every_state() -> None:
    """It is asked before anything is told, also where the state lacks the action; guards and fields stay."""
    closed = Closed()
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(LATE), authorizer=closed)
    desk.submit(title="t", case_id="c1", by=BOSS)
    assert desk.reply("c1", text="x", by=BOSS).state == "answered"
    for action in ("note", "close", "take_charge", "no_such_action", "submit", "migrate"):
        refusal = refused(desk, "c1", action, IMPORTER)
        assert (refusal.found, refusal.state) == ("closed on Sundays", "")
    assert closed.asked[:4] == [("submit", True), ("reply", True), ("note", True), ("close", True)]
    assert closed.asked[4:6] == [("take_charge", False), ("no_such_action", False)]
    assert refused(desk, "c1", "retract_reply", BOSS, reason="r", text="x").code == "field-unknown"
    assert {entry.action for entry in desk.allowed("c1", by=BOSS) if entry.is_allowed} >= {
        "close",
        "withdraw",
    }
    assert desk.allowed("c1", by=IMPORTER)[0].refusal is not None


def test_the_portals_word_goes_for_backdating_and_takeovers() -> None:
    """A role that the policy lets record late and take over may not, where the portal says so."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(LATE), authorizer=Closed())
    desk.submit(title="t", to="城管局", case_id="c1", by=BOSS)
    desk.clock.advance(days=2)
    late: dict[str, Any] = {"effective_at": "2025-03-04T09:30:00+08:00", "reason": "r", "text": "x"}
    assert refused(desk, "c1", "reply", BOSS, **late).code == "may-not-backdate"
    assert refused(desk, "c1", "reply", COORDINATOR, **late).found == "closed on Sundays"
    with pytest.raises(Refused) as caught:
        desk.adopt("old", state="routed", submitted_at=LATE, unit="城管局", by=BOSS, reason="r")
    assert caught.value.code == "may-not-adopt"
    found = desk.adopt_all(lambda: (), by=BOSS, reason="r")
    assert found.adopted == 0


def test_a_granter_is_the_portals_choice(tmp_path: Any) -> None:
    """Who grants an extension of a clock is a part of the table: a portal's own rights replace it."""
    text = '[clocks.reply.extension]\ndays = 5\ntimes = 1\nby = ["supervisor"]\n'
    file = tmp_path / "own.toml"
    file.write_text(f'extends = "wuhu"\nname = "own"\n{text}', encoding="utf-8")
    for authorizer, code in ((None, "role-may-not"), (PolicyRights(), "role-may-not"), (Closed(), "")):
        by = BOSS if code == "" else IMPORTER
        desk = Desk(load_policy(file), MemoryStore(), clock=ManualClock(LATE), authorizer=authorizer)
        desk.submit(title="t", to="城管局", case_id="c1", by=by)
        desk.request_extension("c1", by=by, clock="reply", days=5, reason="r")
        if code:
            assert refused(desk, "c1", "grant_extension", by, clock="reply").code == code
        else:
            assert desk.grant_extension("c1", by=by, clock="reply").version == 3


def test_what_is_no_authorizer_is_told_at_once() -> None:
    """A bare function answers for one question of several, and is refused when the desk is made."""
    with pytest.raises(BadInput, match="authorizer"):
        Desk(load_policy("wuhu"), MemoryStore(), authorizer=lambda *_: None)  # type: ignore[arg-type]  # what is refused


def test_a_page_for_nobody_is_empty(own: Desk) -> None:
    """A role that neither policy nor portal knows sees nothing."""
    submitted(own)
    assert own.seen_by(Actor("x", role="astrologer")).cases() == Page(())
