"""What inquiries reveal is put right: measured, verified by somebody else, watched; and it comes again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from caseflow import Actor, BadInput, Case, Desk, ManualClock, Refused, load_policy
from caseflow.oversight import Recurrences, recurrences
from caseflow.ports import Store
from tests.journeys.people import BOSS, CITIZEN, COORDINATOR, MONDAY, OFFICER, SUPERVISOR

VERIFIER = Actor("v-1", role="verifier")


@pytest.fixture(params=["wuhu", "base"])
def inquiry_policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(store: Store, inquiry_policy: str) -> Desk:
    policies = [load_policy(inquiry_policy), load_policy("rectification")]
    return Desk(policies, store=store, clock=ManualClock(MONDAY))


def answered(desk: Desk, case_id: str, region: str = "镜湖区") -> Case:
    """An inquiry that was answered, about a street light."""
    desk.submit(title="路灯不亮", to="城管局", kind="complaint", region=region, by=CITIZEN, case_id=case_id)
    return desk.reply(case_id, text="将统一更换", by=OFFICER)


def opened(desk: Desk, *inquiries: str, **fields: object) -> str:
    """A rectification to which the inquiries gave rise, at its lead unit."""
    case = desk.submit(
        title="镜湖区路灯", kind="recurring", by=SUPERVISOR, policy="rectification", case_id="zg-1",
        region="镜湖区", own_fields={"problem": "complaint", **fields},
    )  # fmt: skip
    desk.route(case.id, to="城管局", by=SUPERVISOR)
    for inquiry in inquiries:
        desk.link(inquiry, case.id, as_="gave-rise-to", by=SUPERVISOR)
    return case.id


def measure(desk: Desk, case_id: str, name: str = "更换灯具", due: str = "2025-04-30") -> None:
    fields = {"measure": name, "owner": "城管局", "due": due}
    desk.act(case_id, "set_measure", by=BOSS, fields=fields)


def verified(desk: Desk, case_id: str) -> None:
    """Done on one measure, and verified."""
    measure(desk, case_id)
    desk.act(case_id, "complete_measure", by=OFFICER, fields={"measure": "更换灯具"})
    desk.act(case_id, "report_done", by=BOSS, fields={"evidence": "验收单"})
    desk.act(case_id, "verify", by=VERIFIER, fields={"findings": "抽查 20 处，均已更换"})


def refused(do: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        do()
    return caught.value.refusal.code


def test_a_verified_rectification_marks_its_inquiries_in_the_same_transaction(desk: Desk) -> None:
    for name in ("c-1", "c-2"):
        answered(desk, name)
    rectification = opened(desk, "c-1", "c-2")
    assert [desk.get(name).state for name in ("c-1", "c-2")] == ["rectification"] * 2
    assert refused(partial(desk.close, "c-1", by=COORDINATOR)) == "rectification-open"
    verified(desk, rectification)
    for name in ("c-1", "c-2"):
        case = desk.get(name)
        assert [(one.id, one.verified_us is not None) for one in case.facts.rectifications] == [
            ("zg-1", True)
        ]
        assert desk.close(name, by=COORDINATOR).state == "closed"
        events = desk.history(name)
        assert [event.name for event in events[-3:]] == [
            "linked-case-moved", "rectification-verified", "closed",
        ]  # fmt: skip
        assert events[-2].by.role == "system"


def test_a_single_inquirys_rectification_takes_its_kind_and_place(desk: Desk) -> None:
    answered(desk, "c-1", region="弋江区")
    case = desk.submit(
        title="一盏灯", kind="single", by=SUPERVISOR, policy="rectification", case_id="zg-1", to="城管局"
    )
    desk.link("c-1", case.id, as_="gave-rise-to", by=SUPERVISOR)
    verified(desk, case.id)
    assert recurrences(desk, case.id).matters == (("complaint", "弋江区"),)


def test_an_inquiry_that_is_linked_after_the_verification_is_marked_at_once(desk: Desk) -> None:
    answered(desk, "c-1")
    rectification = opened(desk, "c-1")
    verified(desk, rectification)
    answered(desk, "c-2")
    desk.link("c-2", rectification, as_="gave-rise-to", by=SUPERVISOR)
    (one,) = desk.get("c-2").facts.rectifications
    assert one.verified_us is not None


def test_a_rectification_that_is_dropped_is_waited_for_no_more(desk: Desk) -> None:
    """The inquiry says so in the same transaction, the office is told, and it can be closed."""
    answered(desk, "c-1")
    rectification = opened(desk, "c-1")
    desk.withdraw(rectification, by=SUPERVISOR, reason="与另一项目合并")
    case = desk.get("c-1")
    assert [(one.id, one.verified_us, one.is_awaited) for one in case.facts.rectifications] == [
        ("zg-1", None, False)
    ]
    events = desk.history("c-1")
    assert [event.name for event in events[-2:]] == ["linked-case-moved", "rectification-dropped"]
    told = [
        row.notice.role for row in desk.store.notices(case_id="c-1") if row.notice.version == case.version
    ]
    assert sorted(told) == ["coordinator", "supervisor"]
    assert desk.close("c-1", by=COORDINATOR).state == "closed"


def test_an_inquiry_still_waits_for_another_rectification(desk: Desk) -> None:
    """One was dropped, and the other is waited for until it is verified."""
    answered(desk, "c-1")
    dropped = opened(desk, "c-1")
    desk.withdraw(dropped, by=SUPERVISOR, reason="重复立项")
    other = desk.submit(
        title="更换", kind="single", by=SUPERVISOR, policy="rectification", to="城管局", case_id="zg-2"
    )
    desk.link("c-1", other.id, as_="gave-rise-to", by=SUPERVISOR)
    assert refused(partial(desk.close, "c-1", by=COORDINATOR)) == "rectification-open"
    verified(desk, other.id)
    assert desk.close("c-1", by=COORDINATOR).state == "closed"


def test_a_link_that_is_taken_back_leaves_a_way_on(desk: Desk) -> None:
    """The supervising office records by hand that it is waited for no more, once."""
    answered(desk, "c-1")
    rectification = opened(desk, "c-1")
    desk.unlink("c-1", rectification, as_="gave-rise-to", by=SUPERVISOR, reason="误关联")
    assert refused(partial(desk.close, "c-1", by=COORDINATOR)) == "rectification-open"
    drop = partial(
        desk.drop_rectification, "c-1", rectification=rectification, by=SUPERVISOR, reason="误关联"
    )
    assert not drop().facts.rectifications[0].is_awaited
    assert refused(drop) == "rectification-not-linked"
    assert desk.close("c-1", by=COORDINATOR).state == "closed"


def test_a_closed_inquiry_is_linked_for_the_record_alone(desk: Desk) -> None:
    answered(desk, "c-1")
    desk.close("c-1", by=COORDINATOR)
    opened(desk, "c-1")
    case = desk.get("c-1")
    assert (case.state, case.facts.rectifications, len(case.facts.links)) == ("closed", (), 1)


def test_whoever_reported_does_not_verify(desk: Desk) -> None:
    rectification = opened(desk)
    measure(desk, rectification)
    report = partial(desk.act, rectification, "report_done", by=BOSS, fields={"evidence": "验收单"})
    assert refused(report) == "clock-runs"
    desk.act(rectification, "complete_measure", by=OFFICER, fields={"measure": "更换灯具"})
    report()
    same = Actor(BOSS.id, role="verifier")
    verify = partial(desk.act, rectification, "verify", fields={"findings": "已查"})
    assert refused(partial(verify, by=same)) == "by-the-same"
    desk.act(rectification, "find_undone", by=VERIFIER, fields={"reason": "3 处未换"})
    assert desk.get(rectification).state == "working"


def test_each_measure_has_its_own_day(desk: Desk) -> None:
    rectification = opened(desk)
    measure(desk, rectification, "更换灯具", "2025-03-31")
    measure(desk, rectification, "巡查制度", "2025-04-30")
    desk.act(rectification, "complete_measure", by=OFFICER, fields={"measure": "巡查制度"})
    desk.clock.set("2025-05-02T09:00:00+08:00")
    desk.sweep()
    cards = [(one.subject, one.level, str(one.effective_at.date())) for one in desk.get(rectification).cards]
    assert cards == [("更换灯具", "yellow", "2025-04-01"), ("更换灯具", "red", "2025-05-01")]


def watch(desk: Desk, rectification: str) -> Recurrences:
    return recurrences(desk, rectification)


def test_new_cases_of_the_same_kind_and_place_are_counted_under_watch(desk: Desk) -> None:
    answered(desk, "c-1")
    rectification = opened(desk, "c-1", tolerated=1)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    verified(desk, rectification)
    answered(desk, "as-it-was-verified")
    assert watch(desk, rectification).count == 0  # what came before, or at that instant, does not count
    desk.clock.advance(hours=1)
    answered(desk, "new-1")
    answered(desk, "elsewhere", region="鸠江区")
    desk.submit(title="建议", kind="suggestion", region="镜湖区", by=CITIZEN, case_id="other")
    assert (watch(desk, rectification).cases, watch(desk, rectification).exceeds) == (("new-1",), False)
    desk.clock.advance(days=1)
    answered(desk, "new-2")
    again = desk.submit(title="路灯又不亮", kind="complaint", region="镜湖区", by=CITIZEN, case_id="twice")
    desk.merge(again.id, primary="new-2", by=COORDINATOR)
    counted = watch(desk, rectification)
    assert (counted.cases, counted.exceeds, counted.until_us) == (("new-1", "new-2"), True, None)
    desk.clock.advance(hours=1)
    fields = {"reason": "观察期内新发 2 件", "new_cases": counted.count}
    assert desk.act(rectification, "open_again", by=VERIFIER, fields=fields).state == "working"
    desk.clock.advance(days=1)
    answered(desk, "new-3")
    assert watch(desk, rectification).cases == ("new-1", "new-2")  # that watch is over


def test_a_quiet_watch_closes_it_by_itself(desk: Desk) -> None:
    rectification = opened(desk)
    verified(desk, rectification)
    desk.clock.set("2025-06-02T09:00:00+08:00")
    desk.sweep()
    case = desk.get(rectification)
    assert (case.state, [one.level for one in case.reminders][-1]) == ("watching", "soon")
    desk.clock.set("2025-06-04T09:00:00+08:00")
    desk.sweep()
    assert desk.get(rectification).state == "closed"
    assert desk.act(rectification, "reopen", by=SUPERVISOR, fields={"reason": "又发"}).state == "working"


def test_a_rectification_without_region_watches_all_of_them(desk: Desk) -> None:
    case = desk.submit(
        title="路灯", kind="recurring", by=SUPERVISOR, policy="rectification", to="城管局",
        own_fields={"problem": "complaint"},
    )  # fmt: skip
    verified(desk, case.id)
    desk.clock.advance(hours=1)
    for name, region in (("n-1", "镜湖区"), ("n-2", "鸠江区")):
        answered(desk, name, region)
    assert watch(desk, case.id).cases == ("n-1", "n-2")


def test_what_was_never_verified_or_says_no_kind_has_no_recurrences(desk: Desk) -> None:
    rectification = opened(desk)
    with pytest.raises(BadInput) as caught:
        recurrences(desk, rectification)
    assert caught.value.code == "not-watched" and str(caught.value)
    case = desk.submit(title="无类别", kind="single", by=SUPERVISOR, policy="rectification", to="城管局")
    verified(desk, case.id)
    with pytest.raises(BadInput) as caught:
        recurrences(desk, case.id)
    assert caught.value.code == "no-matter" and str(caught.value)
