"""From a store to a rectification: what is proposed, opened with its cases linked, dismissed for good."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Refused, SqliteStore, load_policy
from caseflow.analytics import Proposals, dismiss, evidence, open_rectification, proposals_of
from caseflow.cli import run
from caseflow.core.time.instants import DAY, micros, moment
from caseflow.ports import Quarantined, Store

SUPERVISOR = Actor("s-1", role="supervisor")
COLLEAGUE = Actor("s-2", role="supervisor")
CITIZEN = Actor("c-1", role="citizen")
FIRST = "2025-01-06T10:00:00+08:00"
WEEKS = 9
INQUIRY = """
extends = "base"
name = "inquiry"
[actions.link]
moves = { open = "=" }
roles = ["supervisor"]
[actions.unlink]
moves = { open = "=" }
roles = ["supervisor"]
[links.gave-rise-to]
to = ["rectification"]
public = true
labels = { zh = "引发整改", en = "gave rise to" }
"""
LAMPS = "幸福路北段的路灯已经连续多日不亮,夜间出行十分危险,请尽快安排维修,盼复,第{}次反映"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Nine weeks of two kinds in two places; in the last, ten complaints of one place say nearly the same."""
    return lived(tmp_path, MemoryStore())


def lived(tmp_path: Path, store: Store) -> Desk:
    (tmp_path / "inquiry.toml").write_text(INQUIRY, encoding="utf-8")
    clock = ManualClock(FIRST)
    policies = [load_policy(tmp_path / "inquiry.toml"), load_policy("rectification")]
    desk = Desk(policies=policies, store=store, clock=clock)
    for week in range(WEEKS):
        clock.set(moment(micros(FIRST) + week * 7 * DAY + DAY))
        for kind in ("complaint", "consultation"):
            for place in ("东区", "西区"):
                desk.submit(title=f"{place}的事 {week}", by=CITIZEN, kind=kind, region=place)
    for number in range(10):
        desk.submit(
            title="路灯不亮", body=LAMPS.format(number), by=CITIZEN, kind="complaint", region="西区",
            case_id=f"lamp-{number}",
        )  # fmt: skip
    clock.set(moment(micros(FIRST) + WEEKS * 7 * DAY))
    return desk


def proposed(desk: Desk) -> Proposals:
    return proposals_of(desk, days=7)


def test_an_excess_is_proposed_with_its_cases_and_numbers(desk: Desk) -> None:
    """Eleven complaints where one a week was usual; ten of them say nearly the same."""
    result = proposed(desk)
    (proposal,) = result.proposals
    assert (proposal.basis, proposal.kind, proposal.place) == ("excess", "complaint", "西区")
    assert len(proposal.cases) == 11
    assert proposal.groups == (tuple(f"lamp-{number}" for number in range(10)),)
    assert proposal.excess is not None
    assert (proposal.excess.expected, proposal.excess.windows) == (1.0, 7)
    assert 1 <= proposal.excess.bound < 11
    assert proposal.excess.adjusted_p <= 0.05
    assert result.search.looked_at == 4
    document = result.document()
    assert document["proposals"][0]["count"] == 11
    assert json.loads(json.dumps(document)) == document


def test_an_opened_rectification_is_linked_to_its_cases(desk: Desk) -> None:
    """Each case gave rise to it; both ends know, and the proposal is not made again."""
    (proposal,) = proposed(desk).proposals
    opening = open_rectification(desk, proposal, by=SUPERVISOR, title="西区路灯", goal="全部修复")
    assert opening.unlinked == ()
    assert (opening.case.origin.kind, opening.case.origin.region) == ("recurring", "西区")
    assert {link.case for link in opening.case.facts.links} == set(proposal.cases)
    assert [link.case for link in desk.get("lamp-3").facts.links] == [proposal.id]
    (body,) = [text.text for text in desk.texts(proposal.id) if text.field == "body"]
    assert body == evidence(proposal, "zh")
    assert (proposed(desk).proposals, proposed(desk).decided) == ((), (proposal.id,))


def test_opening_goes_on_where_it_was_broken_off(desk: Desk) -> None:
    """A second call by the same person links what is left, and tells what cannot be linked."""
    (proposal,) = proposed(desk).proposals
    desk.withdraw("lamp-1", by=CITIZEN)
    first = open_rectification(desk, proposal, by=SUPERVISOR, title="西区路灯")
    assert [case_id for case_id, _ in first.unlinked] == ["lamp-1"]
    again = open_rectification(desk, proposal, by=SUPERVISOR, title="西区路灯")
    assert again == first


def test_a_dismissed_proposal_is_kept_with_its_reason(desk: Desk) -> None:
    """It is a rectification that was dropped; it is not proposed again for that window, nor opened."""
    (proposal,) = proposed(desk).proposals
    case: Case = dismiss(desk, proposal, by=SUPERVISOR, reason="已在检修计划内")
    assert (case.id, case.state) == (proposal.id, "dropped")
    assert "已在检修计划内" in [text.text for text in desk.texts(proposal.id)]
    assert proposed(desk).decided == (proposal.id,)
    assert dismiss(desk, proposal, by=SUPERVISOR, reason="已在检修计划内").version == case.version
    with pytest.raises(Refused):
        dismiss(desk, proposal, by=COLLEAGUE, reason="同上")
    for person in (COLLEAGUE, SUPERVISOR):
        with pytest.raises(Refused):
            open_rectification(desk, proposal, by=person, title="西区路灯")


def test_who_may_not_open_a_rectification_may_not_dismiss_one(desk: Desk) -> None:
    """The policy says who; nothing is recorded of the attempt."""
    (proposal,) = proposed(desk).proposals
    with pytest.raises(Refused):
        dismiss(desk, proposal, by=CITIZEN, reason="不想要")
    assert proposed(desk).proposals == (proposal,)


def test_another_window_is_another_proposal(desk: Desk) -> None:
    """A dismissal speaks of its window, and of no other."""
    (proposal,) = proposed(desk).proposals
    dismiss(desk, proposal, by=SUPERVISOR, reason="观察")
    (other,) = proposals_of(desk, days=8).proposals
    assert other.id != proposal.id


def test_repeated_texts_that_no_excess_holds_are_proposed_by_themselves(desk: Desk) -> None:
    """Three in three places, one each: no place exceeds its past, but it is one matter."""
    for place in ("东区", "南区", "北区"):
        desk.submit(
            title="自来水发黄", body="近日家中自来水发黄有异味,无法饮用,请自来水公司检测水质", by=CITIZEN,
            kind="need", region=place, case_id=f"water-{place}",
        )  # fmt: skip
    desk.clock.set(moment(desk.clock.now_us() + DAY))
    texts = [one for one in proposals_of(desk, days=8).proposals if one.basis == "texts"]
    assert [(one.kind, one.place, one.excess) for one in texts] == [("need", "", None)]
    assert texts[0].cases == tuple(sorted(f"water-{place}" for place in ("东区", "南区", "北区")))
    opening = open_rectification(desk, texts[0], by=SUPERVISOR, title="水质")
    assert len(opening.case.facts.links) == 3


def test_rectifications_are_no_occurrences(desk: Desk) -> None:
    """Many rectifications opened in the window are no recurring problem, unless they are asked for."""
    for number in range(20):
        desk.submit(
            title=str(number), by=SUPERVISOR, kind="single", region="东区", policy="rectification",
            effective_at="2025-03-07T10:00:00+08:00", reason="补录",
        )  # fmt: skip
    assert {one.kind for one in proposed(desk).proposals} == {"complaint"}
    only = proposals_of(desk, days=7, policies=["rectification"])
    assert [(one.kind, one.count) for one in only.search.too_new] == [("single", 20)]


def test_one_case_that_cannot_be_read_stops_nobody(tmp_path: Path) -> None:
    """It is set aside by name, the rest is counted."""
    path = tmp_path / "cases.db"
    with SqliteStore(path) as store:
        lived(tmp_path, store)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE caseflow_cases SET snapshot = X'00' WHERE id = 'lamp-4'")
        connection.execute("UPDATE caseflow_events SET body = X'00' WHERE case_id = 'lamp-4'")
    connection.close()
    aside: list[Quarantined] = []
    with SqliteStore(path) as store:
        desk = Desk(load_policy("base"), store, clock=ManualClock("2025-03-10T10:00:00+08:00"))
        (proposal,) = proposals_of(desk, days=7, aside=aside.append).proposals
    assert len(proposal.cases) == 10
    assert {one.name for one in aside} == {"lamp-4"}


def test_the_command_line_tells_it_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table for people, JSON for programs, and what is wrong with an option."""
    with SqliteStore(tmp_path / "cases.db") as store:
        lived(tmp_path, store)
    command = [
        "recurring",
        "--store",
        f"sqlite:///{tmp_path}/cases.db",
        "--window",
        "1w",
        "--until",
        "2025-03-10",
    ]
    assert run([*command, "--lang", "zh"]) == 0
    chinese = capsys.readouterr().out
    assert "投诉维权" in chinese and "西区" in chinese and "recurring-" in chinese
    assert run([*command, "--lang", "en"]) == 0
    assert "each against 7 windows before" in capsys.readouterr().out
    assert run([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in document["proposals"]] == ["complaint"]
    assert run([*command, "--window", "soon"]) == 2
    assert run([*command, "--level", "2"]) == 3
    assert run([*command, "--until", "2025-01-10", "--lang", "en"]) == 0
    assert "nothing is proposed" in capsys.readouterr().out
