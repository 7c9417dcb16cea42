"""A unit appeals against a card, and it is annulled: for good, whatever is told of the case afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Case, Desk, Refused, SqliteStore, load_policy
from caseflow.audit.verify import verify
from caseflow.cli import run
from caseflow.core.model.evolve import replay
from tests.journeys.people import (
    CITIZEN,
    COORDINATOR,
    MONDAY,
    OFFICER,
    SUPERVISOR,
    desk_of,
    policy,
    refused,
    submitted,
    told,
)


def carded(desk: Desk, days: int = 20) -> Case:
    """A case that stands at yellow and red, the sweep having told of both."""
    submitted(desk)
    desk.clock.advance(days=days)
    desk.sweep()
    return desk.get("c1")


def upheld(desk: Desk, level: str = "yellow", **more: object) -> Case:
    return desk.annul_card("c1", clock="reply", level=level, by=SUPERVISOR, reason="系统停运", **more)  # type: ignore[arg-type]  # subject, cycle


def test_only_that_card_goes_and_the_next_rungs_fire_as_before(desk: Desk) -> None:
    """Yellow is annulled and never comes again; red stands and the urging notice follows at its own day."""
    carded(desk)
    case = upheld(desk)
    assert told(case.cards) == ["-yellow @ 03-09", "red @ 03-19"]
    assert case.cards[0].annulled_because == "appeal-upheld"
    assert not desk.sweep().cards
    desk.clock.advance(days=20)
    assert [card.level for card in desk.sweep().cards] == ["urge"]
    assert replay("c1", desk.history("c1")) == desk.get("c1")


def test_whoever_was_told_of_the_card_gets_a_correction(desk: Desk) -> None:
    """What was not sent yet is cancelled, and a correction stands for each that the card had."""
    carded(desk)
    yellow = [row.notice.id for row in desk.store.notices() if row.notice.level == "yellow"]
    upheld(desk)
    rows = list(desk.store.notices())
    assert {row.status for row in rows if row.notice.id in yellow} == {"cancelled"}
    assert sorted(row.notice.corrects for row in rows if row.notice.topic == "correction") == sorted(yellow)
    assert all(row.notice.body["cause"] == "appeal-upheld" for row in rows if row.notice.corrects)


def test_the_numbered_document_of_the_card_is_void(desk: Desk) -> None:
    """The urging notice keeps its number and is void."""
    carded(desk, days=40)
    upheld(desk, "urge")
    (document,) = desk.documents("c1")
    assert (document.is_void, document.void_reason) == (True, "appeal-upheld")


@pytest.mark.parametrize("action", ["request_information", "reply"])
def test_a_fact_told_late_brings_it_not_back(desk: Desk, action: str) -> None:
    """Facts that move the rung's instant, or take the clock's end back, leave the annulled card annulled."""
    carded(desk)
    upheld(desk)
    late = {"by": COORDINATOR if action == "reply" else SUPERVISOR, "reason": "补录"}
    if action == "reply":
        desk.reply("c1", text="已修复", effective_at="2025-03-05T09:00:00+08:00", **late)  # type: ignore[arg-type]  # an actor, a text
        desk.retract_reply("c1", by=SUPERVISOR, reason="有误")
    else:
        desk.request_information("c1", text="哪条路?", by=OFFICER)
        desk.receive_information("c1", text="人民路", by=CITIZEN)
    desk.clock.advance(days=60)
    desk.sweep()
    yellow = [card for card in desk.get("c1").cards if card.level == "yellow"]
    assert [card.annulled_because for card in yellow] == ["appeal-upheld"]


def test_other_rules_bring_it_not_back(desk: Desk, tmp_path: Path) -> None:
    """Under rules by which yellow comes a day earlier and the clock has another name, it stays annulled."""
    carded(desk)
    upheld(desk)
    other = policy(
        tmp_path,
        """
        remove = ["clocks.reply"]
        [clocks.answer]
        was = ["reply"]
        start = ["submit", "reopen"]
        stop = ["reply"]
        rungs = [{ level = "yellow", days = 4 }, { level = "red", days = 16 }]
        """,
    )
    moved = Desk(other, desk.store, clock=desk.clock).migrate("c1", by=SUPERVISOR, reason="新规则")
    assert [card.level for card in moved.cards if card.stands] == ["red"]
    (explained,) = Desk(other, desk.store, clock=desk.clock).explain("c1", clock="answer")
    assert [(rung.level, rung.fired, rung.appealed) for rung in explained.rungs] == [
        ("yellow", True, True),
        ("red", True, False),
    ]


def test_a_card_of_an_earlier_cycle_is_named_by_it(desk: Desk) -> None:
    """Yellow stands in two cycles: which one is meant must be said, and the other one stands."""
    carded(desk, days=7)
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.close("c1", by=COORDINATOR)
    desk.reopen("c1", by=CITIZEN, reason="没有修好")
    desk.clock.advance(days=7)
    desk.sweep()
    ambiguous = refused(desk, "c1", "annul_card", SUPERVISOR, clock="reply", level="yellow", reason="停运")
    assert (ambiguous.code, ambiguous.missing) == ("card-ambiguous", ("cycle",))
    case = upheld(desk, cycle=1)
    assert [(card.cycle, card.stands) for card in case.cards] == [(1, False), (2, True)]
    assert told(upheld(desk).cards) == ["-yellow @ 03-09", "-yellow @ 03-16"]


def test_what_is_refused(desk: Desk) -> None:
    """Without a reason, by another role, of a card that does not stand, or stood only later."""
    carded(desk)
    card = {"clock": "reply", "level": "yellow"}
    assert refused(desk, "c1", "annul_card", SUPERVISOR, **card).missing == ("reason",)
    assert refused(desk, "c1", "annul_card", OFFICER, **card, reason="停运").code == "role-may-not"
    unknown = refused(desk, "c1", "annul_card", SUPERVISOR, clock="reply", level="urge", reason="停运")
    assert (unknown.code, unknown.missing) == ("no-card", ("reply/yellow", "reply/red"))
    with pytest.raises(Refused) as early:
        upheld(desk, effective_at="2025-03-08T23:59:59+08:00")
    assert early.value.refusal.code == "no-card"
    upheld(desk, effective_at="2025-03-10T09:00:00+08:00")
    assert refused(desk, "c1", "annul_card", SUPERVISOR, **card, reason="停运").code == "no-card"


def test_the_command_line_annuls_and_explains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`caseflow annul` shows the card as annulled, `explain` says on which ground; the audit is content."""
    url = f"sqlite:///{tmp_path / 'c.db'}"
    with SqliteStore(tmp_path / "c.db") as store:
        desk = Desk(load_policy("wuhu"), store, clock=desk_of(load_policy("wuhu"), MONDAY).clock)
        carded(desk)
    card = ("--clock", "reply", "--level", "yellow", "--reason", "停运", "--by", "s-1", "--store", url)
    assert run(("annul", "c1", *card, "--lang", "en")) == 0
    assert "annulled" in capsys.readouterr().out
    assert run(("explain", "c1", "--clock", "reply", "--store", url, "--lang", "zh")) == 0
    assert "经申诉撤销" in capsys.readouterr().out
    with SqliteStore(tmp_path / "c.db") as store:
        assert not verify(store).faults
