"""Timelines with several policies: cases under each, links between them, takeovers, tests to paste."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, BadInput, LegacyCase
from caseflow.testing import Timeline, check_golden, record, write_golden

POLICIES = ["wuhu", "rectification"]
IMPORTER = Actor("i-1", role="importer")


def linked() -> Timeline:
    """A rectification that an inquiry gave rise to, and its inquiry's reply."""
    timeline = Timeline(policies=POLICIES, start="2025-03-03 09:00")
    case = timeline.submit("路灯不亮", to="城管局")
    repair = timeline.submit("更换路灯线路", to="城管局", policy="rectification")
    timeline.link(case, repair, as_="gave-rise-to", by="supervisor")
    return timeline


def test_cases_stand_under_the_policy_that_they_name() -> None:
    """The first is for those that name none; actors, rungs and stories are each policy's own."""
    timeline = linked()
    inquiry, repair = timeline.case("case-1"), timeline.case("case-2")
    assert (inquiry.origin.policy, repair.origin.policy) == ("wuhu", "rectification")
    assert [(link.type, link.case) for link in inquiry.facts.links] == [("gave-rise-to", "case-2")]
    timeline.advance(days=6)
    assert (timeline.cards(inquiry), timeline.cards(repair)) == (("yellow",), ())
    with timeline.refused("policy-not-offered") as expected:
        timeline.submit("x", policy="petition")
    assert expected.refusal is not None and expected.refusal.missing == tuple(POLICIES)


def test_a_linked_case_learns_at_once() -> None:
    """What one comes to is done to the other, delivered twice or after a crash; a branch leaves no trace."""
    timeline = Timeline(POLICIES, start="2025-03-03 09:00")
    case = timeline.submit("路灯不亮", to="城管局")
    timeline.reply(case, "已列入整改")
    with timeline.twice():
        repair = timeline.submit("更换灯具", to="城管局", policy="rectification", case_id="zg-1")
        timeline.link(case, repair, as_="gave-rise-to")
    timeline.crash()
    assert timeline.case(case).state == "rectification"
    measure = {"measure": "更换", "owner": "城管局", "due": "2025-04-30"}
    with timeline.what_if():
        timeline.act(repair, "set_measure", fields=measure)
        timeline.act(repair, "complete_measure", fields={"measure": "更换"})
        timeline.act(repair, "report_done", fields={"evidence": "验收单"})
        timeline.act(repair, "verify", fields={"findings": "已更换"}, by="verifier")
        assert timeline.close(case, by="coordinator").state == "closed"
    assert timeline.case(repair).state == "opened"


def test_what_was_done_can_be_pasted() -> None:
    """The source names the policies, the submission's policy and the link, and runs."""
    timeline = linked()
    timeline.advance(days=6)
    source = timeline.as_test("test_pasted")
    assert 'Timeline(["wuhu", "rectification"]' in source and 'policy="rectification"' in source
    scope: dict[str, object] = {}
    exec(source, scope)  # our own output
    scope["test_pasted"]()  # type: ignore[operator]


def test_a_history_of_both_is_kept(tmp_path: Path) -> None:
    """A golden file of one case holds the other, both policies, and is decided again under each."""
    timeline = linked()
    timeline.advance(days=6)
    history = record(timeline.desk, ["case-1"])
    assert (history.ids(), len(history.policies)) == (("case-1", "case-2"), 2)
    write_golden(tmp_path / "linked.json", history)
    check_golden(tmp_path / "linked.json")


def past_of(policy: str) -> LegacyCase:
    return LegacyCase(
        case_id="old-1", state="closed", submitted_at="2025-02-01T09:00:00+08:00", policy=policy,
        state_since="2025-02-20T09:00:00+08:00", replied_at="2025-02-03T09:00:00+08:00",
        ended={"plan": "2025-02-03T09:00:00+08:00"} if policy == "rectification" else {},
    )  # fmt: skip


def test_a_takeover_names_its_policy() -> None:
    """It stands under that one; again in the same words nothing changes, under another one it is refused."""
    desk = Timeline(POLICIES).desk
    first = desk.adopt_all(lambda: [past_of("wuhu")], by=IMPORTER, reason="接收")
    assert (first.adopted, first.wrong) == (1, ())
    assert desk.adopt_all(lambda: [past_of("wuhu")], by=IMPORTER, reason="接收").unchanged == 1
    assert desk.adopt_all(lambda: [past_of("")], by=IMPORTER, reason="接收").unchanged == 1
    for policy, code in (("petition", "policy-not-offered"), ("rectification", "case-exists")):
        refused = desk.adopt_all(lambda policy=policy: [past_of(policy)], by=IMPORTER, reason="接收")  # type: ignore[misc]
        assert [one.error.code for one in refused.wrong] == [code]


def test_a_table_may_hold_cases_of_several_policies() -> None:
    """Each names its own; all or none of them are taken over."""
    desk, submitted = Timeline(POLICIES).desk, "2025-03-01T09:00:00+08:00"
    cases = [
        LegacyCase(case_id="old-1", state="opened", submitted_at=submitted, policy="rectification"),
        LegacyCase(case_id="old-2", state="submitted", submitted_at=submitted),
    ]
    assert desk.adopt_all(lambda: cases, by=IMPORTER, reason="接收").adopted == 2
    assert [case.id for case in desk.cases(policy="rectification")] == ["old-1"]
    one = desk.adopt(
        "old-3", by=IMPORTER, reason="接收", state="opened", submitted_at=submitted, policy="rectification"
    )
    assert one.origin.policy == "rectification"


def test_there_is_one_at_least() -> None:
    with pytest.raises(BadInput):
        Timeline([])
    with pytest.raises(BadInput):
        Timeline(["wuhu", "wuhu"])
