"""A unit is held to account: proposed by rules, heard, found by others, appealed; points with evidence."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from caseflow import Actor, BadInput, Case, Desk, ManualClock, PolicyError, Refused, load_policy
from caseflow.oversight import (
    evidence_sheet,
    point_ledger,
    propose_referrals,
    review_referrals,
    sheet_html,
    write_points,
)
from caseflow.ports import Store
from tests.journeys.people import BOSS, CITIZEN, COORDINATOR, MONDAY, OFFICER

RULES = Actor("rules-1", role="proposer")
SUPERVISOR = Actor("s-1", role="supervisor", unit="市政务公开办公室")
PANEL = Actor("p-1", role="panel", unit="市效能办")
REVIEW = Actor("p-2", role="review_panel", unit="市效能办")
MARCH = {"since": "2025-03-01", "until": "2025-04-01"}
APRIL = {"since": "2025-04-01", "until": "2025-05-01"}
YEAR = {"since": "2025-01-01", "until": "2026-01-01"}


@pytest.fixture
def desk(store: Store) -> Desk:
    policies = [load_policy("wuhu"), load_policy("referral")]
    return Desk(policies, store=store, clock=ManualClock(MONDAY))


def late_case(desk: Desk, case_id: str = "c-1", unit: str = "城管局") -> Case:
    """An inquiry of 3 March that nobody answers: yellow on the 9th, red on the 19th, urged on 3 April."""
    return desk.submit(title="路灯不亮", to=unit, by=CITIZEN, case_id=case_id)


def proposed(desk: Desk) -> str:
    """The referral for the red card of `late_case`, on 20 March."""
    late_case(desk)
    desk.clock.set("2025-03-20T09:00:00+08:00")
    desk.sweep()
    (referral,) = propose_referrals(desk, **MARCH, by=RULES).referrals
    return referral


def found_(desk: Desk) -> str:
    """A referral with its finding, of 31 March."""
    referral = proposed(desk)
    desk.act(referral, "open", by=SUPERVISOR)
    desk.clock.set("2025-03-31T09:00:00+08:00")
    desk.sweep()
    desk.act(referral, "find", by=PANEL, fields={"findings": "逾期未答复，属实"})
    return referral


def refused(do: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        do()
    refusal = caught.value.refusal
    assert refusal.text("zh") and refusal.text("en")
    return refusal.code


def costs(desk: Desk, **period: str) -> list[tuple[str, int, str]]:
    return [(one.item, one.points, one.case_id) for one in point_ledger(desk, **period).entries]


def test_a_red_card_proposes_a_referral_for_delay_with_every_card_of_the_unit(desk: Desk) -> None:
    referral = desk.get(proposed(desk))
    assert (referral.origin.kind, referral.unit, referral.state) == ("delay", "城管局", "proposed")
    sheet = evidence_sheet(desk, referral.id)
    assert [(row.what, row.effective_at, row.last_day, row.stands) for row in sheet.rows] == [
        ("黄牌警示", "2025-03-09T00:00:00+08:00", "2025-03-08", True),
        ("红牌督办", "2025-03-19T00:00:00+08:00", "2025-03-18", True),
    ]
    assert sheet.rows[1].length == "15 个自然日"
    assert sheet.rows[1].source == "市民心声办理规则（2008）：超过 15 日未答复"


def test_nothing_is_held_against_a_unit_twice(desk: Desk) -> None:
    referral = proposed(desk)
    assert propose_referrals(desk, **MARCH, by=RULES).referrals == ()
    assert propose_referrals(desk, **YEAR, by=RULES).referrals == ()
    desk.act(referral, "drop", by=SUPERVISOR, fields={"reason": "已另案处理"})
    assert propose_referrals(desk, **YEAR, by=RULES).referrals == ()


@pytest.mark.parametrize(("cases", "times"), [(4, 0), (5, 1)])
def test_yellow_cards_propose_one_once_there_are_enough(desk: Desk, cases: int, times: int) -> None:
    for number in range(cases):
        late_case(desk, f"c-{number}")
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    assert len(propose_referrals(desk, **MARCH, by=RULES).referrals) == times


def test_a_card_counts_in_the_period_in_which_it_took_effect(desk: Desk) -> None:
    late_case(desk)
    desk.clock.set("2025-03-20T09:00:00+08:00")
    desk.sweep()
    before = {"since": "2025-02-01", "until": "2025-03-19"}
    assert propose_referrals(desk, **before, by=RULES).referrals == ()
    on_the_day = {"since": "2025-03-19", "until": "2025-03-20"}
    (referral,) = propose_referrals(desk, **on_the_day, by=RULES).referrals
    assert [row.what for row in evidence_sheet(desk, referral).rows] == ["红牌督办"]


def test_returns_propose_one_for_inaction_against_the_unit_that_gave_back(desk: Desk) -> None:
    for number in range(5):
        late_case(desk, f"c-{number}")
        desk.send_back(f"c-{number}", by=OFFICER, reason="不属本单位职责")
        desk.route(f"c-{number}", to="水务局", by=COORDINATOR)
    (referral,) = propose_referrals(desk, **MARCH, by=RULES).referrals
    case = desk.get(referral)
    assert (case.origin.kind, case.unit) == ("inaction", "城管局")
    assert [row.what for row in evidence_sheet(desk, referral).rows] == ["退单"] * 5


def test_more_evidence_than_one_field_holds_is_added(desk: Desk) -> None:
    for number in range(101):
        late_case(desk, f"c-{number:03}")
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    (referral,) = propose_referrals(desk, **MARCH, by=RULES).referrals
    assert len(evidence_sheet(desk, referral, at="2025-03-10T10:00:00+08:00").rows) == 101


def test_arbitrary_conduct_is_for_a_person_to_say(desk: Desk) -> None:
    referral = desk.submit(title="违规收费", kind="arbitrary", to="城管局", by=SUPERVISOR, policy="referral")
    desk.act(referral.id, "open", by=SUPERVISOR)
    desk.act(referral.id, "rebut", by=BOSS, fields={"statement": "收费有依据"})
    desk.act(referral.id, "find", by=PANEL, fields={"findings": "无依据收费"})
    desk.clock.advance(days=20)
    desk.sweep()
    assert costs(desk, **YEAR) == [("finding", 10, "")]


def test_the_unit_is_heard_before_anybody_finds(desk: Desk) -> None:
    referral = proposed(desk)
    find = partial(desk.act, referral, "find", by=PANEL, fields={"findings": "属实"})
    desk.act(referral, "open", by=SUPERVISOR)
    assert refused(find) == "not-in-state"
    rebut = {"statement": "路灯归水务局管"}
    desk.act(referral, "rebut", by=BOSS, fields=rebut)
    assert desk.get(referral).state == "heard"
    stranger = Actor("l-9", role="lead_official", unit="水务局")
    assert refused(partial(desk.act, referral, "rebut", by=stranger, fields=rebut)) == "not-your-unit"
    desk.clock.advance(days=11)
    assert refused(partial(desk.act, referral, "rebut", by=BOSS, fields=rebut)) == "too-late"
    find()
    assert desk.get(referral).state == "found"


def test_nobody_decides_on_their_own_unit_nor_on_what_they_brought(desk: Desk) -> None:
    referral = proposed(desk)
    of_unit = Actor("p-9", role="panel", unit="城管局")
    desk.act(referral, "open", by=SUPERVISOR)
    desk.act(referral, "rebut", by=BOSS, fields={"statement": "已在办理"})
    findings = {"findings": "属实"}
    assert refused(partial(desk.act, referral, "find", by=of_unit, fields=findings)) == "of-that-unit"
    opener = Actor(SUPERVISOR.id, role="panel", unit="市政务公开办公室")
    assert refused(partial(desk.act, referral, "find", by=opener, fields=findings)) == "by-the-same"
    handler = Actor("o-4", role="handler", unit="城管局")
    assert refused(partial(desk.act, referral, "find", by=handler, fields=findings)) == "role-may-not"


def test_a_finding_costs_points_once_no_appeal_lies_against_it(desk: Desk) -> None:
    referral = found_(desk)
    assert costs(desk, **YEAR) == []
    desk.clock.set("2025-04-16T09:00:00+08:00")
    desk.sweep()
    assert desk.get(referral).state == "confirmed"
    assert costs(desk, **MARCH) == []
    assert costs(desk, **APRIL) == [("reply/yellow", 1, "c-1"), ("reply/red", 3, "c-1")]
    assert point_ledger(desk, **APRIL).totals == {"城管局": 4}
    assert point_ledger(desk, **APRIL, unit="水务局").entries == ()


@pytest.mark.parametrize(("decision", "points"), [("uphold", 4), ("overturn", 0)])
def test_an_appeal_is_decided_by_others(desk: Desk, decision: str, points: int) -> None:
    referral = found_(desk)
    desk.act(referral, "appeal", by=BOSS, fields={"grounds": "答复已在系统外作出"})
    desk.clock.advance(days=20)
    desk.sweep()
    assert (desk.get(referral).state, costs(desk, **YEAR)) == ("appealed", [])
    findings = {"findings": "已复核"}
    same = Actor(PANEL.id, role="review_panel")
    assert refused(partial(desk.act, referral, decision, by=same, fields=findings)) == "by-the-same"
    desk.act(referral, decision, by=REVIEW, fields=findings)
    assert sum(cost for _, cost, _ in costs(desk, **YEAR)) == points


def test_an_appeal_comes_too_late_after_its_term(desk: Desk) -> None:
    referral = found_(desk)
    desk.clock.set("2025-04-16T00:00:00+08:00")
    desk.sweep()
    assert desk.get(referral).state == "confirmed"
    appeal = partial(desk.act, referral, "appeal", by=BOSS, fields={"grounds": "不服"})
    assert refused(appeal) == "not-in-state"


def test_evidence_that_the_panel_does_not_accept_costs_nothing(desk: Desk) -> None:
    referral = proposed(desk)
    desk.act(referral, "open", by=SUPERVISOR)
    desk.act(referral, "rebut", by=BOSS, fields={"statement": "停电所致"})
    yellow = evidence_sheet(desk, referral).rows[0].name
    desk.act(referral, "set_aside", by=PANEL, fields={"evidence": yellow, "reason": "不可抗力"})
    desk.act(referral, "find", by=PANEL, fields={"findings": "红牌属实"})
    desk.clock.advance(days=20)
    desk.sweep()
    assert costs(desk, **YEAR) == [("reply/red", 3, "c-1")]
    now = evidence_sheet(desk, referral, at=desk.get(referral).last_us)
    assert [(row.stands, row.is_set_aside) for row in now.rows] == [(False, True), (True, False)]


def test_a_card_annulled_later_takes_its_points_back_with_a_record(desk: Desk) -> None:
    referral = found_(desk)
    desk.clock.set("2025-04-16T09:00:00+08:00")
    desk.sweep()
    april = point_ledger(desk, **APRIL)
    desk.clock.set("2025-05-06T09:00:00+08:00")
    desk.reply(
        "c-1", text="已修复", by=COORDINATOR, effective_at="2025-03-12T10:00:00+08:00", reason="纸质答复补录"
    )
    red = april.entries[1]
    name = f"c-1@{red.version}"
    assert review_referrals(desk, by=RULES).taken_back == ((referral, name),)
    assert review_referrals(desk, by=RULES).taken_back == ()
    assert point_ledger(desk, **APRIL) == april  # what was published stays true
    (entry,) = point_ledger(desk, since="2025-05-01", until="2025-06-01").entries
    assert (entry.points, entry.item, entry.cause) == (-3, "reply/red", "replied")
    assert entry.row()["at"] == "2025-05-06T09:00:00+08:00"
    assert point_ledger(desk, **YEAR).totals == {"城管局": 1}
    acts = [event for event in desk.history(referral) if getattr(event, "action", "") == "take_back"]
    assert len(acts) == 1 and acts[0].by.id == RULES.id


def test_a_card_that_its_unit_appealed_against_takes_its_points_back(desk: Desk) -> None:
    referral = found_(desk)
    desk.clock.set("2025-04-16T09:00:00+08:00")
    desk.sweep()
    desk.annul_card("c-1", level="red", clock="reply", by=SUPERVISOR, reason="停电属不可抗力")
    assert len(review_referrals(desk, by=RULES).taken_back) == 1
    assert point_ledger(desk, **YEAR).totals == {"城管局": 1}
    assert desk.get(referral).state == "confirmed"


def test_a_card_annulled_before_the_finding_never_costs_anything(desk: Desk) -> None:
    referral = proposed(desk)
    desk.act(referral, "open", by=SUPERVISOR)
    desk.reply(
        "c-1", text="已修复", by=COORDINATOR, effective_at="2025-03-12T10:00:00+08:00", reason="纸质答复补录"
    )
    review_referrals(desk, by=RULES)
    desk.clock.set("2025-03-31T09:00:00+08:00")
    desk.sweep()
    desk.act(referral, "find", by=PANEL, fields={"findings": "黄牌属实"})
    desk.clock.set("2025-05-01T09:00:00+08:00")
    desk.sweep()
    assert costs(desk, **YEAR) == [("reply/yellow", 1, "c-1")]


def test_a_sheet_shows_how_the_cards_stood_on_its_day(desk: Desk) -> None:
    referral = proposed(desk)
    desk.clock.set("2025-03-25T09:00:00+08:00")
    desk.reply(
        "c-1", text="已修复", by=COORDINATOR, effective_at="2025-03-12T10:00:00+08:00", reason="纸质答复补录"
    )
    assert [row.stands for row in evidence_sheet(desk, referral).rows] == [True, True]
    later = evidence_sheet(desk, referral, at="2025-03-25T09:00:00+08:00", lang="en")
    assert [(row.stands, row.cause) for row in later.rows] == [(True, ""), (False, "replied")]
    assert later.conduct == "delay"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_sheet_is_a_page_to_print(desk: Desk, lang: str) -> None:
    late_case(desk, "<b>&c")
    desk.clock.set("2025-03-20T09:00:00+08:00")
    desk.sweep()
    (referral,) = propose_referrals(desk, **MARCH, by=RULES).referrals
    page = sheet_html(evidence_sheet(desk, referral, lang=lang), lang=lang)
    assert "size: A4" in page and "&lt;b&gt;&amp;c@" in page and "<b>&c" not in page
    assert page.count("<tr>") == 3 and "$" not in page
    if lang == "zh":
        visible = re.sub(r"<style>.*?</style>|<[^>]*>|&lt;b&gt;&amp;c@\d+", "", page, flags=re.DOTALL)
        assert re.findall("[A-Za-z]{2,}", visible.replace(referral, "")) == []


def test_a_ledger_is_a_table_and_a_document_about_units_alone(desk: Desk) -> None:
    found_(desk)
    desk.clock.set("2025-04-16T09:00:00+08:00")
    desk.sweep()
    ledger, out = point_ledger(desk, **YEAR), io.StringIO()
    write_points(ledger, out)
    head, first, _ = out.getvalue().splitlines()
    assert head == "unit,at,points,conduct,item,referral,case_id,version,effective_at,cause"
    assert first.startswith("城管局,2025-04-16T00:00:00+08:00,1,delay,reply/yellow,")
    assert ledger.document()["totals"] == {"城管局": 4}
    people = {one.id for one in (RULES, SUPERVISOR, PANEL, BOSS, OFFICER, CITIZEN)}
    assert not people & set(re.split(r"[,\n]", out.getvalue()))


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("[conduct.arbitrary.propose]\nred = 1", "conduct-by-person", "conduct.arbitrary.propose.red"),
        ("[conduct.delay.propose]\nfinding = 1", "conduct-by-person", "conduct.delay.propose.finding"),
        ("[conduct.delay.propose]\nred = 0", "out-of-bounds", "conduct.delay.propose.red"),
        ("[conduct.delay.points]\nred = -3", "out-of-bounds", "conduct.delay.points.red"),
        ("[conduct.sloth.points]\nfinding = 1", "conduct-no-kind", "conduct.sloth"),
    ],
)
def test_what_conduct_cannot_say_is_told_with_its_place(
    text: str, code: str, path: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f'extends = "referral"\n{text}', encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(file)
    assert [(one.code, one.path) for one in caught.value.problems] == [(code, path)]


def test_a_desk_without_a_policy_of_referrals_says_so(store: Store) -> None:
    desk = Desk(load_policy("wuhu"), store=store, clock=ManualClock(MONDAY))
    with pytest.raises(BadInput) as caught:
        propose_referrals(desk, **MARCH, by=RULES)
    assert caught.value.code == "no-conduct"


@pytest.mark.parametrize("wrong", ["gestern", "2025-02-30", 7, None])
def test_a_day_that_is_none_is_refused(desk: Desk, wrong: object) -> None:
    with pytest.raises(BadInput):
        point_ledger(desk, since=wrong, until="2025-04-01")  # type: ignore[arg-type]  # what callers may pass


def test_a_rebuttal_or_a_case_that_cannot_be_read_stops_no_other(desk: Desk) -> None:
    referral = proposed(desk)
    desk.submit(
        title="查无此件", kind="delay", to="水务局", by=SUPERVISOR, policy="referral",
        own_fields={"evidence": ["nowhere@3", "c-1@x"]},
    )  # fmt: skip
    reviewed = review_referrals(desk, by=RULES)
    assert {one.name for one in reviewed.quarantined} >= {"nowhere", "nowhere@3", "c-1@x"}
    assert evidence_sheet(desk, referral).quarantined == ()
