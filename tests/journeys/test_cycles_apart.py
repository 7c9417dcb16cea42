"""Cycles are kept apart: what is said of a case speaks of its present cycle, and of replies that stand."""

from __future__ import annotations

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy

CITIZEN, OFFICER = Actor("c-1", role="citizen"), Actor("o", role="handler", unit="城管局")
LEAD, COORDINATOR = Actor("l", role="lead_official", unit="城管局"), Actor("k", role="coordinator")


@pytest.fixture
def desk() -> Desk:
    """A case that was answered and rated 2 on its second day."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="井盖", to="城管局", by=CITIZEN, case_id="a")
    desk.clock.advance(days=1)
    desk.reply("a", text="不归我管", by=OFFICER)
    desk.clock.advance(hours=1)
    desk.rate("a", score=2, by=CITIZEN)
    return desk


def told(desk: Desk) -> tuple[bool, int | None, bool]:
    """Whether the public reads of a reply, which score, and whether the case counts as replied to."""
    seen = desk.public("a")
    return seen.replied_at is not None, seen.score, desk.get("a").has_reply


def test_a_reopened_case_is_neither_answered_nor_rated(desk: Desk) -> None:
    """Until it is answered again; the old cycle stays in the record."""
    assert told(desk) == (True, 2, True)
    desk.close("a", by=COORDINATOR)
    desk.reopen("a", by=CITIZEN, reason="又坏了")
    assert told(desk) == (False, None, False)
    assert [rating.score for rating in desk.get("a").facts.ratings] == [2]
    desk.reply("a", text="已更换", by=OFFICER)
    assert told(desk) == (True, None, True)
    desk.rate("a", score=4, by=CITIZEN)
    assert told(desk) == (True, 4, True)


def test_what_was_rated_and_taken_back_does_not_keep_the_next_reply_from_being_rated(desk: Desk) -> None:
    """The rating goes with the reply it was of, and so does one that changed it."""
    desk.rate("a", score=1, by=CITIZEN)
    assert told(desk) == (True, 1, True)
    desk.retract_reply("a", by=LEAD, reason="写错")
    assert told(desk) == (False, None, False)
    desk.clock.advance(days=1)
    desk.reply("a", text="已更换", by=OFFICER)
    desk.rate("a", score=5, by=CITIZEN)
    assert told(desk) == (True, 5, True)


def test_a_text_says_by_which_act_it_came_and_whom_it_is_for(desk: Desk) -> None:
    """A note and a reply have the same field; the act and the audience tell them apart."""
    desk.note("a", text="老上访户", by=OFFICER)
    desk.retract_reply("a", by=LEAD, reason="写错")
    assert [(text.action, text.field, text.audience) for text in desk.texts("a")] == [
        ("submit", "title", "parties"),
        ("reply", "text", "internal"),
        ("note", "text", "internal"),
        ("retract_reply", "reason", "internal"),
    ]
