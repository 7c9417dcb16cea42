"""Who may do what: the policy's table, denied by default, and refusals that say what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, Case, Desk, Refused
from caseflow.core.time.instants import moment
from tests.journeys.people import (
    BOSS,
    CITIZEN,
    COORDINATOR,
    FILE,
    NEIGHBOUR,
    OFFICER,
    SUPERVISOR,
    desk_of,
    policy,
    refused,
    submitted,
)

STRANGER = Actor("c-99", role="citizen")
NOBODY = Actor("x-1", role="astrologer", unit="城管局")
ROLES = {
    "citizen": CITIZEN,
    "handler": OFFICER,
    "lead_official": BOSS,
    "coordinator": COORDINATOR,
    "supervisor": SUPERVISOR,
}


def test_whoever_is_not_named_may_not(desk: Desk) -> None:
    """For every action and every role of ``wuhu``: named in the table, or refused for the role."""
    submitted(desk)
    for role, actor in ROLES.items():
        for entry in desk.allowed("c1", by=actor):
            rule = desk.rules.policy.actions[entry.action]
            is_there = entry.refusal is None or entry.refusal.code not in ("not-in-state", "case-exists")
            by_role = entry.refusal is not None and entry.refusal.code == "role-may-not"
            if is_there:
                assert by_role == (role not in rule.roles), (role, entry.action)


@pytest.mark.parametrize("actor", [NOBODY, Actor("s-0", role="system")])
def test_an_unknown_role_may_nothing(desk: Desk, actor: Actor) -> None:
    """A role that the policy lacks is denied everything, even where its unit holds the case."""
    submitted(desk)
    assert not [entry.action for entry in desk.allowed("c1", by=actor) if entry.is_allowed]
    refusal = refused(desk, "c1", "note", actor, text="x")
    assert (refusal.code, refusal.found) == ("role-may-not", actor.role)
    with pytest.raises(Refused):
        desk.submit(title="t", by=actor)


def test_a_citizen_acts_on_their_own_case_only(desk: Desk) -> None:
    """Another citizen may neither rate nor withdraw nor attach; the one who asked may."""
    submitted(desk)
    for action, fields in (("withdraw", {}), ("attach", FILE)):
        assert refused(desk, "c1", action, STRANGER, **fields).code == "not-your-case"  # type: ignore[arg-type]  # no instant in it
    desk.reply("c1", text="已修复", by=OFFICER)
    assert refused(desk, "c1", "rate", STRANGER, score=1).code == "not-your-case"
    assert desk.rate("c1", score=5, by=CITIZEN).version == 3


def test_a_case_submitted_for_somebody_belongs_to_them(desk: Desk) -> None:
    """A coordinator enters a letter for a citizen, who may then withdraw it; no citizen can give it away."""
    desk.submit(title="t", citizen=CITIZEN.id, case_id="letter", by=COORDINATOR)
    assert refused(desk, "letter", "withdraw", STRANGER).code == "not-your-case"
    assert desk.withdraw("letter", by=CITIZEN).state == "withdrawn"
    assert submitted(desk, "mine", citizen=STRANGER.id).citizen == CITIZEN.id


@pytest.mark.parametrize("actor", [NEIGHBOUR, Actor("o-0", role="handler")])
def test_a_handler_acts_for_the_unit_that_holds_the_case(desk: Desk, actor: Actor) -> None:
    """Another unit's handler, or one without a unit, is refused, and not told who holds it."""
    submitted(desk)
    refusal = refused(desk, "c1", "take_charge", actor)
    assert (refusal.code, refusal.missing, refusal.found) == ("not-your-unit", (), actor.unit)
    desk.transfer("c1", to="水务局", by=COORDINATOR)
    assert refused(desk, "c1", "take_charge", OFFICER).code == "not-your-unit"


def test_a_case_that_nobody_holds_is_no_units(desk: Desk) -> None:
    """Before it is routed no unit acts, and none is told that it is with nobody."""
    submitted(desk, to="")
    refusal = refused(desk, "c1", "acknowledge", OFFICER, text="x")
    assert (refusal.code, refusal.state, refusal.missing) == ("not-your-unit", "", ())
    assert refusal.text("en").startswith("is not with your unit")


def test_a_co_handling_unit_notes_and_reports_only(desk: Desk) -> None:
    """It may note, report and attach; the public reply is the lead unit's."""
    submitted(desk)
    desk.add_co_handler("c1", co_handler="水务局", by=COORDINATOR)
    desk.note("c1", text="x", by=NEIGHBOUR)
    desk.report("c1", text="x", by=NEIGHBOUR)
    desk.act("c1", "attach", by=NEIGHBOUR, fields=FILE)
    for action, fields in (("reply", {"text": "x"}), ("placeholder", {"text": "x"}), ("take_charge", {})):
        assert refused(desk, "c1", action, NEIGHBOUR, **fields).code == "not-your-unit"


def test_only_some_roles_may_backdate(desk: Desk) -> None:
    """A fact recorded late needs the right, a reason, and an instant between submission and now."""
    submitted(desk)
    desk.clock.advance(days=2)
    since, reason = "2025-03-04T09:30:00+08:00", "补记"

    def code(by: Actor, at: str, **fields: object) -> str:
        return refused(desk, "c1", "reply", by, effective_at=at, text="x", **fields).code

    assert code(OFFICER, since, reason=reason) == "may-not-backdate"
    assert code(COORDINATOR, since) == "field-missing"
    assert code(COORDINATOR, "2025-03-03T09:29:59+08:00", reason=reason) == "before-submission"
    assert code(COORDINATOR, "2025-03-05T09:30:00.000001+08:00", reason=reason) == "in-the-future"
    after = desk.reply("c1", text="x", by=COORDINATOR, effective_at=since, reason=reason)
    assert after.facts.replies[0].at_us < after.last_us
    assert desk.history("c1")[-1].effective_at.isoformat() == "2025-03-04T01:30:00+00:00"


def test_a_refusal_is_data(desk: Desk) -> None:
    """Code, action, state, rule, what is missing, the source; and a text in either language."""
    submitted(desk)
    refusal = refused(desk, "c1", "close", SUPERVISOR)
    assert (refusal.code, refusal.action, refusal.state) == ("not-in-state", "close", "routed")
    assert refusal.rule == "actions.close.moves"
    assert refusal.source == "市民心声办理规则：结案"
    assert {"reply", "take_charge", "withdraw"} <= set(refusal.missing)
    assert "close" not in refusal.missing
    with pytest.raises(Refused) as caught:
        desk.close("c1", by=SUPERVISOR)
    assert caught.value.text("en").startswith("case c1: is routed, which accepts ")
    assert caught.value.text("zh").startswith("案件 c1：处于 routed，可用动作为 ")
    assert refusal.source in caught.value.text("zh")


WRONG: list[tuple[str, Actor, dict[str, object], str, str]] = [
    ("not-in-state", SUPERVISOR, {}, "close", "actions.close.moves"),
    ("role-may-not", CITIZEN, {}, "take_charge", "actions.take_charge.roles"),
    ("not-your-case", STRANGER, {}, "withdraw", "roles.citizen.scope"),
    ("not-your-unit", NEIGHBOUR, {}, "take_charge", "roles.handler.scope"),
    ("field-missing", COORDINATOR, {}, "transfer", "actions.transfer.fields"),
    ("field-unknown", OFFICER, {"colour": "red"}, "take_charge", "actions.take_charge.fields"),
    ("field-out-of-range", OFFICER, {"days": 0, "reason": "r"}, "request_extension", "fields.days"),
    ("field-missing", OFFICER, {"days": 1}, "request_extension", "actions.request_extension.fields"),
    ("no-extension-pending", SUPERVISOR, {}, "grant_extension", "actions.grant_extension.guards"),
    ("unknown-action", OFFICER, {}, "teleport", "actions.teleport.actions"),
    ("case-exists", CITIZEN, {"title": "t"}, "submit", "actions.submit.moves"),
    ("field-not-a-choice", SUPERVISOR, {"code": "because"}, "reject", "fields.code"),
]


@pytest.mark.parametrize(
    ("code", "actor", "fields", "action", "rule"), WRONG, ids=lambda part: str(part)[:20]
)
def test_each_refusal_names_its_rule(
    desk: Desk, code: str, actor: Actor, fields: dict[str, object], action: str, rule: str
) -> None:
    """The key path of the policy that stands in the way, in each kind of refusal, in both languages."""
    submitted(desk)
    refusal = refused(desk, "c1", action, actor, **fields)  # type: ignore[arg-type]  # no instant in it
    assert (refusal.code, refusal.rule) == (code, rule)
    assert refusal.text("en") != refusal.text("zh")
    assert "{" not in refusal.text("en") + refusal.text("zh")


def test_allowed_lists_every_action_with_its_form_or_its_refusal(desk: Desk) -> None:
    """In the policy's order; what it refuses is refused by the command for that very reason."""
    submitted(desk)
    listed = desk.allowed("c1", by=OFFICER)
    assert [entry.action for entry in listed] == list(desk.rules.policy.actions)
    form = {entry.action: entry for entry in listed}
    assert form["request_extension"].required == ("reason",)
    assert not form["rate"].is_allowed
    assert (form["reply"].is_allowed, form["reply"].fields["text"].type) == (True, "text")
    for entry in listed:
        if entry.refusal is not None and entry.action != "submit":
            fields = {"document": "d-1"} if entry.action == "sign_receipt" else {}
            assert refused(desk, "c1", entry.action, OFFICER, **fields).code == entry.refusal.code


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (SUPERVISOR, "abc"), (CITIZEN, "ab"), (STRANGER, "c"), (OFFICER, "a"),
        (NEIGHBOUR, "b"), (Actor("o-0", role="handler"), ""), (NOBODY, ""),
    ],
)  # fmt: skip
def test_a_list_shows_what_the_actor_may_see(desk: Desk, actor: Actor, expected: str) -> None:
    """A citizen sees their own cases, a handler their unit's, an office all; an unknown role nothing."""
    submitted(desk, "a")
    submitted(desk, "b", to="水务局")
    desk.submit(title="t", case_id="c", by=STRANGER)
    assert "".join(sorted(case.id for case in desk.seen_by(actor).cases())) == expected
    if actor is OFFICER:
        assert len(desk.seen_by(actor).cases(unit="水务局")) == 0


def test_a_policy_may_give_a_role_more(tmp_path: Path) -> None:
    """A table edited in TOML is enforced as it stands: the supervisor may now reply, the handler not."""
    desk = desk_of(policy(tmp_path, '[actions.reply]\nroles = ["supervisor"]\n'))
    submitted(desk)
    assert refused(desk, "c1", "reply", OFFICER, text="x").missing == ("importer", "supervisor")
    assert desk.reply("c1", text="x", by=SUPERVISOR).state == "answered"


def test_every_command_names_its_actor(desk: Desk) -> None:
    """The event keeps id, role and unit of whoever acted."""
    submitted(desk)
    doers: list[tuple[Callable[..., Case], Actor]] = [(desk.acknowledge, OFFICER), (desk.note, SUPERVISOR)]
    for do, actor in doers:
        do("c1", text="x", by=actor)
        assert desk.history("c1")[-1].by == actor


def test_a_fact_of_the_cycle_before_comes_too_late(desk: Desk) -> None:
    """What was true before the reopening belongs to a cycle that is over; its own instant is fine."""
    submitted(desk)
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.close("c1", by=COORDINATOR)
    desk.clock.advance(days=7)
    again: int = desk.clock.now_us()
    assert desk.reopen("c1", by=CITIZEN, reason="又坏了").facts.reopenings == (again,)
    desk.clock.advance(days=20)
    standing = [card.level for card in desk.sweep().cards]
    late: dict[str, Any] = {"text": "另一封", "reason": "补记"}
    before = moment(again - 1, "UTC").isoformat()
    found = refused(desk, "c1", "reply", COORDINATOR, effective_at=before, **late)
    assert (found.code, found.possible_from) == ("before-cycle", again)
    assert [card.level for card in desk.get("c1").cards if card.stands] == standing
    case = desk.reply("c1", by=COORDINATOR, effective_at=moment(again, "UTC"), **late)
    assert [card.level for card in case.cards if card.stands] == []
