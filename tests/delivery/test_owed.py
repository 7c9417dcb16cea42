"""Who is owed what: notices, corrections and documents, written with the events."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from caseflow import Desk, MemoryStore, PolicyError, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.notices import CANCELLED, Notice, Posted
from caseflow.core.policy import Policy
from caseflow.policies.parse import policy_from_document
from tests.journeys.people import (
    BOSS,
    CITIZEN,
    COORDINATOR,
    IMPORTER,
    NEIGHBOUR,
    OFFICER,
    SUPERVISOR,
    desk_of,
    policy,
    refused,
    submitted,
)  # fmt: skip


@pytest.fixture
def desk() -> Desk:
    return desk_of(load_policy("wuhu"))


def posted(desk: Desk, case_id: str = "c1") -> tuple[Posted, ...]:
    return desk.store.notices(case_id=case_id)


def said(notices: tuple[Posted, ...]) -> list[str]:
    """``what > role@unit`` of each notice."""
    return [_said(row.notice) for row in notices]


def _said(notice: Notice) -> str:
    return f"{notice.level or notice.topic} > {notice.role}" + (f"@{notice.unit}" if notice.unit else "")


def since(desk: Desk, after: int) -> list[str]:
    return said(desk.store.notices(case_id="c1", after=after))


def test_a_routed_case_is_told_to_its_duty_officer(desk: Desk) -> None:
    """At submission, by routing, by a transfer: of the unit that has it now; without one the coordinator."""
    submitted(desk)
    desk.transfer("c1", to="水务局", by=COORDINATOR)
    assert said(posted(desk)) == ["submitted > duty_officer@城管局", "transferred > duty_officer@水务局"]
    submitted(desk, "c2", to="")
    assert said(posted(desk, "c2")) == ["submitted > coordinator"]
    desk.route("c2", to="城管局", by=COORDINATOR)
    assert said(posted(desk, "c2")) == ["submitted > coordinator", "routed > duty_officer@城管局"]


@pytest.mark.parametrize(
    ("action", "fields", "by", "expected"),
    [
        ("acknowledge", {"text": "已收到"}, OFFICER, ["acknowledged > citizen"]),
        ("placeholder", {"text": "已收到"}, OFFICER, ["placeholder-replied > citizen"]),
        ("reply", {"text": "已修复"}, OFFICER, ["replied > citizen"]),
        ("request_information", {"text": "哪条路?"}, OFFICER, ["information-requested > citizen"]),
        ("reject", {"code": "unclear"}, COORDINATOR, ["rejected > citizen"]),
        ("send_back", {"reason": "非本局职责"}, OFFICER, ["returned > coordinator"]),
        ("add_co_handler", {"co_handler": "水务局"}, BOSS, ["co-handler-added > duty_officer@水务局"]),
        ("request_extension", {"days": 5, "reason": "等配件"}, OFFICER, ["extension-requested > supervisor"]),
        ("note", {"text": "内部"}, OFFICER, []),
        ("take_charge", {}, OFFICER, []),
    ],
)  # fmt: skip
def test_an_act_is_told_to_whom_the_policy_names(
    desk: Desk, action: str, fields: dict[str, object], by: object, expected: list[str]
) -> None:
    """The citizen hears of what concerns them, the office of what it must answer; nobody of notes."""
    submitted(desk)
    desk.act("c1", action, by=by, fields=fields)  # type: ignore[arg-type]  # an actor
    assert since(desk, 1) == expected


def test_the_citizen_is_told_of_an_extension(desk: Desk) -> None:
    """A grant is told with its days, to the citizen and to the unit."""
    submitted(desk)
    desk.request_extension("c1", days=5, reason="等配件", by=OFFICER)
    desk.grant_extension("c1", by=SUPERVISOR)
    notices = posted(desk)[2:]
    assert said(notices) == ["extension-granted > citizen", "extension-granted > handler@城管局"]
    assert notices[0].notice.body == {"template": "extension_granted", "days": 5, "clock": "reply"}


def test_a_rung_is_told_to_its_recipients_at_its_instant(desk: Desk) -> None:
    """Each recipient of the rung once; whoever acts for a unit, for the unit that held the case."""
    submitted(desk)
    desk.clock.set("2025-03-20T09:30:00+08:00")
    desk.sweep()
    desk.sweep()
    rows = posted(desk)[1:]
    assert said(rows) == [
        "reminder > handler@城管局",
        "yellow > handler@城管局", "yellow > lead_official@城管局",
        "red > handler@城管局", "red > lead_official@城管局", "red > supervisor",
    ]  # fmt: skip
    instants = {card.level: card.effective_us for card in desk.get("c1").escalations}
    assert all(row.notice.at_us == instants[row.notice.level] for row in rows)
    assert {row.notice.topic for row in rows} == {"reminder", "card"}


@pytest.mark.parametrize(
    ("without_unit", "expected"),
    [
        (
            ("coordinator",),
            ["submitted > coordinator", "reminder > coordinator", "yellow > coordinator",
             "red > coordinator", "red > supervisor"],
        ),
        (("supervisor",), ["submitted > supervisor", "reminder > supervisor", "yellow > supervisor",
                           "red > supervisor"]),
        ((), ["red > supervisor"]),
    ],
)  # fmt: skip
def test_of_a_case_without_unit_those_are_told_whom_the_policy_names(
    without_unit: tuple[str, ...], expected: list[str]
) -> None:
    """In the place of a unit's people, each once; nobody where the policy names nobody."""
    desk = desk_of(attrs.evolve(load_policy("wuhu"), without_unit=without_unit))
    submitted(desk, to="")
    desk.clock.set("2025-03-20T09:30:00+08:00")
    desk.sweep()
    assert said(posted(desk)) == expected


def test_no_words_and_no_people_are_in_a_notice(desk: Desk) -> None:
    """What people wrote is looked up at delivery; a notice repeats neither texts nor ids of people."""
    submitted(desk, body="我家门口")
    desk.dispatch("c1", officer="o-77", by=OFFICER)
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.complete("c1", text="办结了", by=OFFICER)
    written = repr(posted(desk))
    assert not [word for word in ("路灯", "门口", "修复", "办结了", "c-17", "o-77", "o-4") if word in written]


def test_the_ids_are_the_same_whoever_writes_them() -> None:
    """Two desks over two stores, one swept late and one each day, post the same notices."""
    ids = []
    for days in (1, 20):
        desk = desk_of(load_policy("wuhu"))
        submitted(desk)
        for _ in range(20 // days):
            desk.clock.advance(days=days)
            desk.sweep()
        ids.append([row.notice for row in posted(desk)])
    assert ids[0] == ids[1]
    assert len({notice.id for notice in ids[0]}) == 7


def test_an_annulled_card_cancels_its_notices_and_owes_corrections(desk: Desk) -> None:
    """A reply recorded late takes the yellow card back: its two notices, and no others."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    before = posted(desk)
    desk.reply(
        "c1", text="已修复", effective_at="2025-03-08T09:00:00+08:00", reason="电话答复", by=COORDINATOR
    )
    after = posted(desk)
    yellow = [row.notice for row in before if row.notice.level == "yellow"]
    assert [row.notice.id for row in after if row.status == CANCELLED] == [notice.id for notice in yellow]
    corrections = [row.notice for row in after if row.notice.topic == "correction"]
    assert [(n.corrects, n.role, n.unit, n.level) for n in corrections] == [
        (n.id, n.role, n.unit, "yellow") for n in yellow
    ]
    assert {n.body["cause"] for n in corrections} == {"replied"}


def test_a_card_issued_and_annulled_in_one_go_is_told_to_nobody(desk: Desk) -> None:
    """The late reply itself finds the yellow card due: nobody was told, so nobody needs to hear more."""
    submitted(desk)
    desk.clock.set("2025-04-10T09:00:00+08:00")
    desk.reply("c1", text="已修复", effective_at="2025-03-06T09:00:00+08:00", reason="电话", by=COORDINATOR)
    case = desk.get("c1")
    assert [(card.level, card.stands) for card in case.cards] == [
        ("yellow", False), ("red", False), ("urge", False),
    ]  # fmt: skip
    assert said(posted(desk)) == ["submitted > duty_officer@城管局", "replied > citizen"]
    assert desk.store.documents("c1") == ()


def test_a_card_issued_again_is_corrected_once_for_each_time(desk: Desk) -> None:
    """Annulled by a late hand-over and owed to the other unit at the same instant: both are told rightly."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    back = {"effective_at": "2025-03-05T09:00:00+08:00", "reason": "电话转办"}
    desk.transfer("c1", to="水务局", by=COORDINATOR, **back)  # type: ignore[arg-type]  # texts
    again = {"effective_at": "2025-03-05T10:00:00+08:00", "reason": "再转"}
    desk.transfer("c1", to="城管局", by=COORDINATOR, **again)  # type: ignore[arg-type]  # texts
    rows = [row.notice for row in posted(desk) if row.notice.level == "yellow"]
    assert [_said(notice) for notice in rows if not notice.corrects and notice.role == "handler"] == [
        "yellow > handler@城管局", "yellow > handler@水务局", "yellow > handler@城管局",
    ]  # fmt: skip
    corrected = [notice.corrects for notice in rows if notice.corrects]
    assert len(corrected) == len(set(corrected)) == 4
    assert len({notice.id for notice in rows}) == len(rows)


# -- documents ------------------------------------------------------------------------------------------


def test_an_urging_notice_is_numbered_in_the_year_it_is_issued(desk: Desk) -> None:
    """Effective on 31 December in the office's zone, noticed in January: a number of the new year."""
    desk.clock.set("2024-11-30T09:00:00+08:00")
    submitted(desk)
    desk.clock.set("2025-01-01T00:00:00+08:00")
    desk.sweep()
    (document,) = desk.store.documents("c1")
    assert (document.draft.series, document.draft.year, document.number) == ("催办", 2025, 1)
    assert document.draft.body["unit"] == "城管局"
    assert document.draft.body["issuer"] == "supervisor"
    urging = [row.notice for row in posted(desk) if row.notice.level == "urge"]
    assert {notice.topic for notice in urging} == {"document"}
    assert {notice.body["document"] for notice in urging} == {document.draft.id}


def test_the_number_of_an_annulled_notice_is_void_and_never_used_again(desk: Desk) -> None:
    """作废: the register keeps the number; the next document has the next one."""
    submitted(desk)
    submitted(desk, "c2")
    desk.clock.set("2025-04-10T09:00:00+08:00")
    desk.sweep()
    desk.reply("c1", text="已修复", effective_at="2025-03-06T09:00:00+08:00", reason="电话", by=COORDINATOR)
    submitted(desk, "c3")
    desk.clock.set("2025-06-10T09:00:00+08:00")
    desk.sweep()
    register = desk.store.issued("催办", 2025)
    assert [(document.draft.case_id, document.number, document.is_void) for document in register] == [
        ("c1", 1, True), ("c2", 2, False), ("c3", 3, False),
    ]  # fmt: skip
    assert register[0].void_reason == "replied"


def test_the_addressed_unit_signs_for_its_document(desk: Desk) -> None:
    """签收 by any role of the unit that may, once; after a transfer the unit addressed still signs."""
    submitted(desk)
    desk.clock.set("2025-04-10T09:00:00+08:00")
    desk.sweep()
    (document,) = desk.store.documents("c1")
    desk.transfer("c1", to="水务局", by=COORDINATOR)
    other = refused(desk, "c1", "sign_receipt", NEIGHBOUR, document=document.draft.id)
    assert (other.code, other.missing) == ("not-your-document", ("城管局",))
    signed = desk.sign_receipt("c1", document=document.draft.id, by=OFFICER)
    (receipt,) = signed.facts.receipts
    assert (receipt.document, receipt.by, receipt.unit) == (document.draft.id, "o-4", "城管局")
    again = desk.sign_receipt("c1", document=document.draft.id, by=BOSS)
    assert again.facts == signed.facts
    assert [row.notice.role for row in posted(desk) if row.notice.topic == "receipt-signed"] == ["supervisor"]


@pytest.mark.parametrize(
    ("document", "by", "code"),
    [
        ("its own", NEIGHBOUR, "not-your-unit"),
        ("its own", CITIZEN, "role-may-not"),
        ("d-0", OFFICER, "no-document"),
        ("", OFFICER, "field-missing"),
    ],
)
def test_nobody_else_signs(desk: Desk, document: str, by: object, code: str) -> None:
    """Another unit, a citizen, a document that is none: refused with the reason, nothing recorded."""
    submitted(desk)
    desk.clock.set("2025-04-10T09:00:00+08:00")
    desk.sweep()
    name = desk.store.documents("c1")[0].draft.id if document == "its own" else document
    refusal = refused(desk, "c1", "sign_receipt", by, document=name)  # type: ignore[arg-type]  # an actor
    assert refusal.code == code


def test_a_void_document_is_not_signed_for(desk: Desk) -> None:
    """A notice that was annulled says so to whoever would sign."""
    submitted(desk)
    desk.clock.set("2025-04-10T09:00:00+08:00")
    desk.sweep()
    name = desk.store.documents("c1")[0].draft.id
    desk.reply("c1", text="已修复", effective_at="2025-03-06T09:00:00+08:00", reason="电话", by=COORDINATOR)
    for actor in (OFFICER, IMPORTER):
        assert refused(desk, "c1", "sign_receipt", actor, document=name).code == "document-void"


# -- the policy's tables --------------------------------------------------------------------------------


def test_a_policy_adds_channels_and_roles_to_a_rung(tmp_path: Path) -> None:
    """A rule that names the rung gives a recipient other channels, and tells others besides."""
    rules = policy(
        tmp_path,
        '[notices.loud]\non = ["rung:red"]\nto = ["handler", "coordinator"]\nchannels = ["sms", "email"]\n',
    )
    desk = desk_of(rules)
    submitted(desk)
    desk.clock.set("2025-03-20T09:30:00+08:00")
    desk.sweep()
    red = [row.notice for row in posted(desk) if row.notice.level == "red"]
    assert [(notice.role, notice.channel, notice.body["template"]) for notice in red] == [
        ("lead_official", "", "card"), ("supervisor", "", "card"),
        ("handler", "sms", "loud"), ("handler", "email", "loud"),
        ("coordinator", "sms", "loud"), ("coordinator", "email", "loud"),
    ]  # fmt: skip


def test_a_policy_may_tell_of_its_own_actions_and_take_rules_away(tmp_path: Path) -> None:
    """An action of the policy's own is an occasion as any other; ``remove`` ends a shipped notice."""
    rules = policy(
        tmp_path,
        'remove = ["notices.assigned"]\n'
        '[actions.visit]\nmoves = { open = "=" }\nroles = ["handler"]\n'
        '[notices.visited]\non = ["visit", "event:followed"]\nto = ["citizen"]\n',
    )
    desk = desk_of(rules)
    submitted(desk)
    desk.act("c1", "visit", by=OFFICER)
    assert said(posted(desk)) == ["acted > citizen"]
    assert posted(desk)[0].notice.body == {"template": "visited", "action": "visit"}


def test_a_reply_that_is_taken_back_is_told_no_more_whoever_is_told_of_that(tmp_path: Path) -> None:
    """Its notices are cancelled by a policy, too, that tells nobody of a retraction."""
    desk = desk_of(policy(tmp_path, 'remove = ["notices.reply_retracted"]\n'))
    submitted(desk)
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.clock.advance(hours=1)
    desk.retract_reply("c1", reason="有误", by=BOSS)
    states = {row.status for row in posted(desk) if row.notice.topic == "replied"}
    assert states == {CANCELLED}


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ('on = ["replyy"]\nto = ["citizen"]', "notices.x.on[0]", "unknown-occasion"),
        ('on = ["event:replied?"]\nto = ["citizen"]', "notices.x.on[0]", "unknown-occasion"),
        ('on = ["event:card-issued"]\nto = ["citizen"]', "notices.x.on[0]", "unknown-occasion"),
        ('on = ["rung:blue"]\nto = ["citizen"]', "notices.x.on[0]", "unknown-occasion"),
        ('on = ["rung:take_charge/red"]\nto = ["citizen"]', "notices.x.on[0]", "unknown-occasion"),
        ('on = ["reply"]\nto = ["mayor"]', "notices.x.to", "unknown-role"),
        ('on = ["reply"]', "notices.x", "notice-says-nothing"),
        ('to = ["citizen"]', "notices.x", "notice-says-nothing"),
        ('on = ["reply"]\nto = ["citizen"]\ncc = []', "notices.x.cc", "unknown-key"),
    ],
)
def test_a_notice_that_cannot_be_is_refused(tmp_path: Path, text: str, path: str, code: str) -> None:
    """Unknown occasions, levels, roles and keys are told by key path when the policy is read."""
    with pytest.raises(PolicyError) as caught:
        policy(tmp_path, f"[notices.x]\n{text}\n")
    assert [(problem.path, problem.code) for problem in caught.value.problems] == [(path, code)]


@pytest.mark.parametrize(("issuer", "code"), [("mayor", "unknown-role"), ("handler", "issuer-not-over-all")])
def test_an_issuer_is_a_role_over_all_cases(tmp_path: Path, issuer: str, code: str) -> None:
    """A document's issuer is known to the policy, and stands over all units."""
    with pytest.raises(PolicyError) as caught:
        policy(tmp_path, f'[documents."催办通知单"]\nissuer = "{issuer}"\n')
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_policy_from_before_notices_tells_by_its_rungs() -> None:
    """A stored document without the newer tables is read as it was pinned, and its rungs tell."""
    document = load_policy("wuhu").document()
    for table in ("notices", "documents"):
        del document["policy"][table]
    old = policy_from_document(document)
    assert (old.notices, old.documents) == ({}, {})
    assert old.document() == document
    routes = CompiledPolicy(old).routes
    assert routes.of_events == {}
    assert [telling.role for telling in routes.of_rungs["reply", "yellow"]] == ["handler", "lead_official"]
    assert routes.documents["reply", "urge"].issuer == "supervisor"


def test_an_unchanged_policy_keeps_its_pin() -> None:
    """A policy that says nothing of notices has the document it always had, key by key."""
    bare = Policy(name="x")
    assert not {"notices", "documents"} & set(bare.document()["policy"])


def test_a_desk_that_does_not_tell_writes_nothing() -> None:
    """The past, brought in from a log, storms no office."""
    desk = desk_of(load_policy("wuhu"))
    silent = Desk(desk.rules, MemoryStore(), clock=desk.clock, tells=False)
    submitted(silent)
    silent.clock.advance(days=40)
    silent.sweep()
    assert (silent.store.notices(), silent.store.documents("c1")) == ((), ())
    assert len(silent.get("c1").cards) == 3
