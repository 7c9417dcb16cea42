"""What stops, pauses, moves and restarts the reply clock of ``wuhu``, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caseflow import Desk
from tests.journeys.people import (
    BOSS,
    CITIZEN,
    COORDINATOR,
    NEIGHBOUR,
    OFFICER,
    SUPERVISOR,
    desk_of,
    dues,
    policy,
    refused,
    submitted,
    told,
)

FRESH = ["03-07", "03-09", "03-19", "04-03"]
"""Reminder, yellow, red and urging notice of a case submitted on Monday 3 March 2025."""


FIELDS: dict[str, dict[str, Any]] = {
    "attach": {"reference": "f", "sha256": "0" * 64, "size": 1, "media_type": "a/b"},
    "placeholder": {"text": "已收到"},
}


@pytest.mark.parametrize("action", ["placeholder", "note", "acknowledge", "report", "attach", "take_charge"])
def test_only_a_public_substantive_reply_stops_the_clock(desk: Desk, action: str) -> None:
    """Placeholders, internal notes and whatever else is done leave every deadline where it was."""
    case = submitted(desk)
    desk.clock.advance(days=1)
    after = desk.act(case.id, action, by=OFFICER, fields=FIELDS.get(action, {}))
    assert dues(after) == dues(case) == FRESH
    assert after.clocks[0].is_running
    desk.clock.advance(days=5)
    assert told(desk.sweep().cards) == ["yellow @ 03-09"]


def test_asking_the_citizen_pauses_nothing_in_wuhu(desk: Desk) -> None:
    """An information request is recorded, and the clock runs on."""
    case = submitted(desk)
    desk.request_information(case.id, text="哪一盏", by=OFFICER)
    desk.clock.advance(days=30)
    assert dues(desk.receive_information(case.id, by=CITIZEN)) == FRESH


@pytest.mark.parametrize(
    ("at", "cards"),
    [
        ("2025-03-08T23:59:59.999999+08:00", []),
        ("2025-03-09T00:00:00+08:00", ["yellow @ 03-09"]),
        ("2025-03-09T00:00:00.000001+08:00", ["yellow @ 03-09"]),
    ],
)
def test_a_reply_is_on_time_up_to_midnight(desk: Desk, at: str, cards: list[str]) -> None:
    """The last microsecond of the fifth day is on time; midnight is late, swept or not."""
    case = submitted(desk)
    desk.clock.set(at)
    assert told(desk.reply(case.id, text="已修复", by=OFFICER).cards) == cards
    desk.clock.advance(days=60)
    assert told(desk.sweep().cards) == []


@pytest.mark.parametrize(
    ("at", "fires"), [("2025-03-08T23:59:59.999999+08:00", 0), ("2025-03-09T00:00:00+08:00", 1)]
)
def test_a_sweep_is_never_early(desk: Desk, at: str, fires: int) -> None:
    """A card is issued at its instant and not a microsecond before; a second sweep issues nothing."""
    submitted(desk)
    desk.clock.set(at)
    assert len(desk.sweep().cards) == fires
    assert len(desk.sweep().cards) == 0


def test_retracting_a_reply_makes_its_time_a_pause(desk: Desk) -> None:
    """From reply to retraction nothing ran: two days' ends lie in it, so every deadline is two days later."""
    case = submitted(desk)
    desk.clock.set("2025-03-05T10:00:00+08:00")
    desk.reply(case.id, text="已修复", by=OFFICER)
    desk.clock.set("2025-03-07T10:00:00+08:00")
    after = desk.retract_reply(case.id, reason="又坏了", by=BOSS)
    assert dues(after) == ["03-09", "03-11", "03-21", "04-05"]
    (run,) = after.clocks
    assert (run.cycle, run.is_running, len(run.pauses), after.has_reply) == (1, True, 1, False)
    desk.clock.set("2025-03-11T00:00:00+08:00")
    assert told(desk.sweep().cards) == ["yellow @ 03-11"]


def test_a_pause_that_was_open_at_a_reply_goes_on_after_its_retraction(tmp_path: Path) -> None:
    """A revival closes no pause: nothing falls due until it is resumed, and no day since its begin counts."""
    desk = desk_of(
        policy(tmp_path, '[clocks.reply]\npause = ["request_information"]\nresume = ["acknowledge"]\n')
    )
    submitted(desk)
    desk.clock.set("2025-03-04T10:00:00+08:00")
    desk.request_information("c1", text="哪一盏", by=OFFICER)
    desk.clock.set("2025-03-06T10:00:00+08:00")
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.clock.set("2025-03-08T10:00:00+08:00")
    (run,) = desk.retract_reply("c1", reason="又坏了", by=BOSS).clocks
    assert (run.is_running, run.is_paused) == (True, True)
    desk.clock.set("2025-04-10T10:00:00+08:00")
    assert (told(desk.sweep().cards), desk.get("c1").deadline) == ([], None)
    assert dues(desk.act("c1", "acknowledge", by=OFFICER)) == ["04-13", "04-15", "04-25", "05-10"]


def test_a_card_before_the_reply_outlives_its_retraction(desk: Desk) -> None:
    """Retraction neither annuls nor repeats the yellow card; only what had not fired moves."""
    case = submitted(desk)
    desk.clock.set("2025-03-10T10:00:00+08:00")
    desk.reply(case.id, text="已修复", by=OFFICER)
    desk.clock.set("2025-03-12T10:00:00+08:00")
    after = desk.retract_reply(case.id, reason="又坏了", by=BOSS)
    assert (told(after.cards), dues(after)[2:]) == (["yellow @ 03-09"], ["03-21", "04-05"])
    desk.clock.set("2025-04-30T00:00:00+08:00")
    assert told(desk.sweep().cards) == ["red @ 03-21", "urge @ 04-05"]


def test_a_granted_extension_moves_only_what_has_not_fired(desk: Desk) -> None:
    """The reminder of 7 March stands, and comes again before the yellow card, ten days later as all are."""
    case = submitted(desk)
    desk.clock.set("2025-03-07T10:00:00+08:00")
    desk.request_extension(case.id, days=10, reason="等配件", by=OFFICER)
    desk.clock.set("2025-03-08T10:00:00+08:00")
    after = desk.grant_extension(case.id, by=SUPERVISOR)
    assert told(after.reminders) == ["reminder @ 03-07"]
    assert dues(after) == ["03-17", "03-19", "03-29", "04-13"]
    desk.clock.set("2025-03-17T00:00:00+08:00")
    desk.sweep()
    assert told(desk.get(case.id).reminders) == ["reminder @ 03-07", "reminder @ 03-17"]
    desk.clock.set("2025-03-19T00:00:00+08:00")
    assert told(desk.sweep().cards) == ["yellow @ 03-19"]


def test_a_grant_after_the_card_leaves_the_card(desk: Desk) -> None:
    """Asked for in time but granted late: the yellow card stands, red and urging notice move."""
    case = submitted(desk)
    desk.clock.set("2025-03-08T10:00:00+08:00")
    desk.request_extension(case.id, days=10, reason="等配件", by=OFFICER)
    desk.clock.set("2025-03-10T10:00:00+08:00")
    after = desk.grant_extension(case.id, days=3, by=SUPERVISOR)
    assert told(after.cards) == ["yellow @ 03-09"]
    assert dues(after) == ["03-07", "03-09", "03-22", "04-06"]


def test_a_grant_at_the_very_breach_comes_after_it(desk: Desk) -> None:
    """At midnight the card is effective and keeps its instant; the later rungs move."""
    case = submitted(desk)
    desk.request_extension(case.id, days=10, reason="等配件", by=OFFICER)
    desk.clock.set("2025-03-09T00:00:00+08:00")
    after = desk.grant_extension(case.id, by=SUPERVISOR)
    assert (told(after.cards), dues(after)) == (["yellow @ 03-09"], ["03-07", "03-09", "03-29", "04-13"])


def test_a_pending_extension_stops_nothing(desk: Desk) -> None:
    """Asking alone moves no deadline, and a refused request leaves none behind."""
    case = submitted(desk)
    desk.request_extension(case.id, days=10, reason="等配件", by=OFFICER)
    desk.clock.advance(days=6)
    assert told(desk.sweep().cards) == ["yellow @ 03-09"]
    desk.refuse_extension(case.id, by=SUPERVISOR)
    assert refused(desk, case.id, "grant_extension", SUPERVISOR).code == "no-extension-pending"


def test_an_extension_is_asked_for_before_the_breach_and_capped(desk: Desk) -> None:
    """The last microsecond is early enough; at midnight it is too late. One a cycle, thirty days at most."""
    case, other = submitted(desk), submitted(desk, "c2")
    refusal = refused(desk, case.id, "request_extension", OFFICER, days=31, reason="等配件")
    assert (refusal.code, refusal.rule) == ("extension-too-long", "limits.extension_days")
    desk.clock.set("2025-03-08T23:59:59.999999+08:00")
    desk.request_extension(case.id, days=30, reason="等配件", by=OFFICER)
    assert refused(desk, case.id, "request_extension", OFFICER, days=1, reason="x").missing == (
        "grant_extension",
        "refuse_extension",
    )
    desk.grant_extension(case.id, by=SUPERVISOR)
    again = refused(desk, case.id, "request_extension", OFFICER, days=1, reason="x")
    assert again.code == "extensions-used-up"
    desk.clock.set("2025-03-09T00:00:00+08:00")
    assert refused(desk, other.id, "request_extension", OFFICER, days=1, reason="x").code == "after-breach"


def test_returns_and_transfers_never_restart_the_citizens_clock(desk: Desk) -> None:
    """However often a case changes hands, the citizen waits from the submission."""
    case = submitted(desk)
    for _ in range(2):
        desk.clock.advance(days=1)
        desk.send_back(case.id, reason="不属本局", by=OFFICER)
        desk.route(case.id, to="水务局", by=COORDINATOR)
        case = desk.transfer(case.id, to="城管局", by=COORDINATOR)
    assert dues(case) == FRESH
    assert len(case.clocks) == 1


def test_reopening_begins_a_second_cycle(desk: Desk) -> None:
    """The old cycle's card stays as it is; the new one starts at the reopening and earns its own."""
    case = submitted(desk)
    desk.clock.set("2025-03-10T10:00:00+08:00")
    desk.reply(case.id, text="已修复", by=OFFICER)
    desk.close(case.id, by=COORDINATOR)
    desk.clock.set("2025-03-20T10:00:00+08:00")
    after = desk.reopen(case.id, reason="又灭了", by=CITIZEN)
    assert [run.cycle for run in after.clocks] == [1, 2]
    assert dues(after) == ["03-24", "03-26", "04-05", "04-20"]
    desk.clock.set("2025-03-26T00:00:00+08:00")
    (card,) = desk.sweep().cards
    assert (card.level, card.cycle) == ("yellow", 2)
    first, second = desk.get(case.id).cards
    assert (first.cycle, first.stands, second) == (1, True, card)


@pytest.mark.parametrize(
    ("since", "standing"),
    [
        ("2025-03-08T23:59:59.999999+08:00", ["-yellow @ 03-09"]),
        ("2025-03-09T00:00:00+08:00", ["yellow @ 03-09"]),
    ],
)
def test_a_reply_recorded_late_annuls_what_it_prevented(desk: Desk, since: str, standing: list[str]) -> None:
    """A reply that was on time annuls the card, naming the cause; one that was late leaves it."""
    case = submitted(desk)
    desk.clock.set("2025-03-12T10:00:00+08:00")
    desk.sweep()
    after = desk.reply(case.id, text="已修复", by=COORDINATOR, effective_at=since, reason="邮件漏登")
    assert told(after.cards) == standing
    assert told(after.reminders) == ["reminder @ 03-07"]
    (card,) = after.cards
    if not card.stands:
        assert card.annulled_because == "replied"
        assert card.annulled_at is not None
        assert card.annulled_at.isoformat() == "2025-03-12T10:00:00+08:00"
    assert [event.name for event in desk.history(case.id)].count("card-issued") == 1
    desk.clock.advance(days=60)
    assert desk.sweep().cards == ()


def test_a_card_names_who_held_the_case_at_its_instant(desk: Desk) -> None:
    """The yellow card goes to the unit of that midnight, although another one holds the case when swept."""
    case = submitted(desk)
    desk.clock.set("2025-03-09T00:00:00+08:00")  # a hand-over at that very instant comes after the card
    desk.transfer(case.id, to="水务局", by=COORDINATOR)
    desk.clock.set("2025-03-18T23:59:59+08:00")
    desk.send_back(case.id, reason="不属本局", by=NEIGHBOUR)
    desk.clock.set("2025-04-10T00:00:00+08:00")
    desk.route(case.id, to="电力局", by=COORDINATOR)
    desk.sweep()
    units = [(card.level, card.unit) for card in desk.get(case.id).cards]
    assert units == [("yellow", "城管局"), ("red", ""), ("urge", "")]


@pytest.mark.parametrize(
    ("since", "cards"),
    [
        ("2025-03-08T23:59:59.999999+08:00", [("-yellow @ 03-09", "城管局"), ("yellow @ 03-09", "水务局")]),
        ("2025-03-09T00:00:00+08:00", [("yellow @ 03-09", "城管局")]),
    ],
)
def test_a_hand_over_recorded_late_moves_the_card(
    desk: Desk, since: str, cards: list[tuple[str, str]]
) -> None:
    """Who held the case just before the card's instant gets it; a hand-over at the instant comes after."""
    case = submitted(desk)
    desk.clock.set("2025-03-12T10:00:00+08:00")
    desk.sweep()
    after = desk.transfer(case.id, to="水务局", by=COORDINATOR, effective_at=since, reason="漏登")
    assert [(told((card,))[0], card.unit) for card in after.cards] == cards
    assert told(after.reminders) == ["reminder @ 03-07"]


def test_a_pause_goes_on_from_one_pausing_state_to_the_next(tmp_path: Path) -> None:
    """Leaving a state that pauses for another that pauses resumes nothing."""
    rules = policy(
        tmp_path,
        """
[clocks.reply]
pause = ["state:awaiting_information", "state:on_hold"]
[states.on_hold]
stage = "handling"
[actions.hold]
moves = { awaiting_information = "on_hold" }
roles = ["handler"]
[actions.go_on]
moves = { on_hold = "handling" }
roles = ["handler"]
""",
    )
    desk = desk_of(rules)
    submitted(desk)
    desk.request_information("c1", text="哪一盏", by=OFFICER)
    desk.clock.advance(days=2)
    case = desk.act("c1", "hold", by=OFFICER)
    assert (case.clocks[0].is_paused, case.deadline) == (True, None)
    desk.clock.advance(days=3)
    assert dues(desk.act("c1", "go_on", by=OFFICER)) == ["03-11", "03-13", "03-23", "04-07"]
