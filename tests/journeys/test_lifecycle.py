"""A case from its submission to its end, by every action of ``wuhu``, on both stores."""

from __future__ import annotations

from typing import Any

import pytest

from caseflow import Desk, Stage, UnknownCase
from caseflow.core.model.evolve import replay
from tests.journeys.people import (
    BOSS,
    CITIZEN,
    COORDINATOR,
    FILE,
    IMPORTER,
    NEIGHBOUR,
    OFFICER,
    SUPERVISOR,
    refused,
    submitted,
    told,
)  # fmt: skip

Step = tuple[Any, str, dict[str, Any], str, str]
"""Who, does what, with which fields; the event it becomes, and the state afterwards."""

LIFE: tuple[Step, ...] = (
    (OFFICER, "acknowledge", {"text": "收到"}, "acknowledged", "routed"),
    (OFFICER, "take_charge", {}, "charge-taken", "handling"),
    (BOSS, "dispatch", {"officer": "o-5"}, "dispatched", "handling"),
    (COORDINATOR, "add_co_handler", {"co_handler": "水务局"}, "co-handler-added", "handling"),
    (NEIGHBOUR, "report", {"text": "管道无碍"}, "reported", "handling"),
    (OFFICER, "request_information", {"text": "哪一盏"}, "information-requested", "awaiting_information"),
    (CITIZEN, "receive_information", {"text": "路口那盏"}, "information-received", "handling"),
    (OFFICER, "request_extension", {"days": 5, "reason": "等配件"}, "extension-requested", "handling"),
    (SUPERVISOR, "refuse_extension", {}, "extension-refused", "handling"),
    (OFFICER, "request_extension", {"days": 5, "reason": "仍等配件"}, "extension-requested", "handling"),
    (SUPERVISOR, "grant_extension", {}, "extension-granted", "handling"),
    (OFFICER, "placeholder", {"text": "已收到"}, "placeholder-replied", "handling"),
    (OFFICER, "note", {"text": "内部"}, "noted", "handling"),
    (CITIZEN, "attach", FILE, "attached", "handling"),
    (OFFICER, "reply", {"text": "已修复"}, "replied", "answered"),
    (BOSS, "retract_reply", {"reason": "又坏了"}, "reply-retracted", "handling"),
    (OFFICER, "reply", {"text": "再次修复"}, "replied", "answered"),
    (OFFICER, "complete", {"text": "办结"}, "completed", "evaluation"),
    (OFFICER, "invite", {"token": "0123456789abcdef" * 2}, "invited", "evaluation"),
    (SUPERVISOR, "revoke_invitation", {}, "invitation-revoked", "evaluation"),
    (CITIZEN, "rate", {"score": 4, "text": "好"}, "rated", "evaluation"),
    (SUPERVISOR, "assess", {"efficiency": 3, "effect": 4}, "assessed", "evaluation"),
    (SUPERVISOR, "link_rectification", {"rectification": "R-1"}, "rectification-linked", "rectification"),
    (SUPERVISOR, "verify_rectification", {"rectification": "R-1"}, "rectification-verified", "rectification"),
    (COORDINATOR, "close", {}, "closed", "closed"),
    (CITIZEN, "reopen", {"reason": "又灭了"}, "reopened", "handling"),
    (OFFICER, "send_back", {"reason": "不属本局"}, "returned", "submitted"),
    (COORDINATOR, "route", {"to": "水务局"}, "routed", "routed"),
    (COORDINATOR, "transfer", {"to": "城管局"}, "transferred", "routed"),
    (SUPERVISOR, "migrate", {"reason": "规则更新"}, "migrated", "routed"),
    (
        SUPERVISOR,
        "redact",
        {"fields": ("title",), "basis": "个人信息保护法第四十七条", "reason": "本人申请"},
        "redacted",
        "routed",
    ),
    (SUPERVISOR, "reject", {"code": "in_court", "text": "已起诉"}, "rejected", "rejected"),
    (CITIZEN, "reopen", {"reason": "已撤诉"}, "reopened", "handling"),
    (CITIZEN, "withdraw", {"reason": "不问了"}, "withdrawn", "withdrawn"),
)


def test_a_case_lives_through_every_action(desk: Desk) -> None:
    """Each action, in one long life, becomes its event, moves the case, and folds back to the same case."""
    case = submitted(desk)
    assert (case.state, case.stage, case.unit, case.citizen) == ("routed", Stage.HANDLING, "城管局", "c-17")
    for who, action, fields, event, state in LIFE:
        desk.clock.advance(minutes=5)
        case = desk.act(case.id, action, by=who, fields=fields)
        assert (desk.history(case.id)[-1].name, case.state) == (event, state), action
        assert desk.get(case.id) == case == replay(case.id, desk.history(case.id))
    assert case.steps == ()  # the new cycle began without any
    assert case.facts.co_handlers == ("水务局",)
    assert [(file.reference, file.size) for file in case.facts.attachments] == [("files/1", 7)]
    assert [(rating.score, rating.cycle) for rating in case.facts.ratings] == [(4, 1)]
    assert not case.is_open


def test_every_action_of_wuhu_is_lived_through(desk: Desk) -> None:
    """The life above, submission, merger, signature, appeal and links are all that ``wuhu`` knows."""
    others = {"submit", "merge", "resume", "sign_receipt", "annul_card", "link", "unlink"}
    others.add("drop_rectification")  # done by the system: see test_rectifications
    lived = {action for _, action, _, _, _ in LIFE} | others
    assert lived == set(desk.rules.policy.actions)


def test_a_duplicate_is_merged_and_may_be_resumed(desk: Desk) -> None:
    """The follower is merged, the primary notes it; a coordinator may let it go on by itself."""
    submitted(desk, "p")
    desk.clock.advance(minutes=5)
    submitted(desk, "f")
    assert desk.merge("f", primary="p", by=COORDINATOR).state == "merged"
    assert [event.name for event in desk.history("p")] == ["submitted", "followed"]
    assert desk.get("p").facts.followers == ("f",)
    case = desk.act("f", "resume", by=COORDINATOR)
    assert (case.state, case.facts.primary) == ("handling", "")
    assert [event.name for event in desk.history("f")] == ["submitted", "merged", "resumed"]


def test_the_scenario_of_a_street_light(desk: Desk) -> None:
    """Submitted on Monday, unanswered for six days: a reminder, a yellow card, a reply, nothing more."""
    case = desk.submit(title="路灯不亮", body="三天了", kind="complaint", to="城管局", by=CITIZEN)
    desk.clock.advance(days=6)
    assert len(desk.cases(unit="城管局", overdue=True, limit=50)) == 1
    swept = desk.sweep()
    assert told(swept.cards) == ["yellow @ 03-09"]
    assert told(swept.reminders) == ["reminder @ 03-07"]
    assert (swept.conflicts, swept.quarantined, swept.waiting, swept.more) == ((), (), 0, False)
    desk.reply(case.id, text="已修复", by=OFFICER)
    (card,) = desk.get(case.id).cards
    assert (card.level, card.clock, card.subject, card.cycle, card.unit) == (
        "yellow",
        "reply",
        "",
        1,
        "城管局",
    )
    assert card.effective_at.isoformat() == "2025-03-09T00:00:00+08:00"
    assert card.detected_at.isoformat() == "2025-03-09T09:30:00+08:00"
    assert card.annulled_at is None
    assert desk.forecast(case.id) == ()
    assert len(desk.cases(unit="城管局", overdue=True, limit=50)) == 0
    assert [text.text for text in desk.texts(case.id)] == ["路灯不亮", "三天了", "已修复"]
    assert desk.sweep() == type(swept)()


def test_texts_lie_apart_from_the_events(desk: Desk) -> None:
    """Events carry a salted hash of what people wrote, never the words; two equal texts hash differently."""
    case = submitted(desk, body="我家门口的路灯")
    desk.note(case.id, text="同样的话", by=OFFICER)
    desk.note(case.id, text="同样的话", by=OFFICER)
    history = desk.history(case.id)
    assert "路灯" not in repr(history)
    assert "同样" not in repr(history)
    hashes = [dict(event.texts)["text"] for event in history[1:]]
    assert len(set(hashes)) == 2
    assert [(text.version, text.field) for text in desk.texts(case.id)] == [
        (1, "title"), (1, "body"), (2, "text"), (3, "text"),
    ]  # fmt: skip


def test_a_submission_without_a_unit_waits_for_its_route(desk: Desk) -> None:
    """It stands in the inquiry stage, nobody's, until it is routed; the clock runs all the time."""
    case = submitted(desk, to="")
    assert (case.state, case.stage, case.unit) == ("submitted", Stage.INQUIRY, "")
    routed = desk.route(case.id, to="城管局", by=COORDINATOR)
    assert (routed.state, routed.unit, routed.next_due_us) == ("routed", "城管局", case.next_due_us)


def test_a_reply_is_legal_from_every_open_state(desk: Desk) -> None:
    """Nothing has to come before a reply; it stops the clock wherever the case stands."""
    for number, steps in enumerate(((), ("take_charge",), ("request_information",))):
        case = submitted(desk, f"c{number}")
        for action in steps:
            desk.act(case.id, action, by=OFFICER)
        after = desk.reply(case.id, text="已修复", by=OFFICER)
        assert (after.state, after.next_due, after.has_reply) == ("answered", None, True)


@pytest.mark.parametrize("first", ["answered", "evaluation"])
def test_rating_is_legal_from_both(desk: Desk, first: str) -> None:
    """The citizen may rate once the reply is there, with or without a completion notice, and change it."""
    case = submitted(desk)
    desk.reply(case.id, text="已修复", by=OFFICER)
    if first == "evaluation":
        desk.complete(case.id, by=OFFICER)
    for score in (1, 4, 5, 2, 3):
        rated = desk.rate(case.id, score=score, by=CITIZEN)
        assert (rated.state, rated.rating and rated.rating.score) == (first, score)
    assert [rating.score for rating in rated.facts.ratings] == [1, 4, 5, 2, 3]
    assert refused(desk, case.id, "rate", CITIZEN, score=5).code == "times-used-up"


def test_handling_steps_are_recorded_in_their_order(desk: Desk) -> None:
    """The four steps are noted as they happen, each once, and required by nothing."""
    case = submitted(desk)
    for action in ("dispatch", "acknowledge", "acknowledge"):
        case = desk.act(case.id, action, by=OFFICER)
    desk.reply(case.id, text="已修复", by=OFFICER)
    assert desk.complete(case.id, by=OFFICER).steps == ("dispatch", "acknowledge", "completion_notice")


def test_a_case_waits_for_its_rectifications(desk: Desk) -> None:
    """It does not close before every linked rectification was verified, and each only once."""
    case = submitted(desk)
    desk.reply(case.id, text="已修复", by=OFFICER)
    for name in ("R-1", "R-2"):
        desk.link_rectification(case.id, rectification=name, by=SUPERVISOR)
    desk.verify_rectification(case.id, rectification="R-1", by=SUPERVISOR)
    refusal = refused(desk, case.id, "close", SUPERVISOR)
    assert (refusal.code, refusal.missing) == ("rectification-open", ("R-2",))
    again = refused(desk, case.id, "verify_rectification", SUPERVISOR, rectification="R-1")
    assert again.code == "rectification-not-linked"
    desk.verify_rectification(case.id, rectification="R-2", by=SUPERVISOR)
    assert desk.close(case.id, by=SUPERVISOR).stage == Stage.ENDED


def test_returns_and_reopenings_are_capped(desk: Desk) -> None:
    """A fourth return and a third reopening are refused, naming the cap."""
    case = submitted(desk)
    for _ in range(3):
        desk.send_back(case.id, reason="不属本局", by=OFFICER)
        desk.route(case.id, to="城管局", by=COORDINATOR)
    refusal = refused(desk, case.id, "send_back", OFFICER, reason="不属本局")
    assert (refusal.code, refusal.found, refusal.rule) == ("returns-used-up", "3", "limits.returns")
    for _ in range(2):
        desk.reply(case.id, text="x", by=OFFICER)
        desk.close(case.id, by=COORDINATOR)
        desk.reopen(case.id, reason="不满意", by=CITIZEN)
    desk.reply(case.id, text="x", by=OFFICER)
    desk.close(case.id, by=COORDINATOR)
    assert refused(desk, case.id, "reopen", CITIZEN, reason="不满意").code == "reopens-used-up"


def test_the_importer_may_do_everything(desk: Desk) -> None:
    """Rows without an actor act as the importer, to whom ``wuhu`` allows every action."""
    case = submitted(desk)
    assert {entry.action for entry in desk.allowed(case.id, by=IMPORTER) if entry.is_allowed} >= {
        "reply", "withdraw", "reject", "migrate", "attach", "note",
    }  # fmt: skip
    for entry in desk.allowed(case.id, by=IMPORTER):
        assert entry.refusal is None or entry.refusal.code != "role-may-not"


def test_a_case_that_is_not_there(desk: Desk) -> None:
    """Every question and command about an unknown case says so."""
    for ask in (desk.get, desk.history, desk.texts, desk.forecast, desk.public):
        with pytest.raises(UnknownCase) as caught:
            ask("nobody")
        assert caught.value.data["case"] == "nobody"
    with pytest.raises(UnknownCase):
        desk.note("nobody", text="x", by=OFFICER)
