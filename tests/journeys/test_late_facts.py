"""Facts told late meet the case as it stood in their own time: its units, its clocks, its earlier cycles."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Policy, Refused, load_policy
from caseflow.core.model.evolve import replay
from caseflow.core.time.instants import moment
from caseflow.serialization.codec import encode

BY = Actor("importer", role="importer")


def march(day: int, hour: int = 9) -> str:
    """That hour of a day in March."""
    return f"2025-03-{day:02}T{hour:02}:00:00+08:00"


def desk_of(policy: Policy | str = "wuhu", unit: str = "A") -> Desk:
    """A desk with the case ``c``, submitted on the third of March to a unit."""
    rules = load_policy(policy) if isinstance(policy, str) else policy
    desk = Desk(rules, MemoryStore(), clock=ManualClock(march(3)))
    desk.submit(title="x", to=unit, by=BY, case_id="c")
    return desk


def written(folder: Path, text: str) -> Policy:
    """The policy that the text says."""
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def standing(desk: Desk, case_id: str = "c") -> list[tuple[str, int, str, str]]:
    """Level, cycle, unit and day of each standing card and reminder; replay gives the same case."""
    case = desk.get(case_id)
    assert replay(case_id, desk.store.events(case_id)) == case
    return [
        (card.level, card.cycle, card.unit, f"{card.effective_at:%m-%d}")
        for card in case.escalations
        if card.stands
    ]


UNIT_CLOCK = """extends = "wuhu"
name = "unit-clock"
[clocks.answer]
start = ["submit", "transfer"]
subject = "unit"
rungs = [{ level = "late", days = 9 }]
"""


def test_an_extension_told_after_a_hand_over_is_of_the_unit_that_held_the_case(tmp_path: Path) -> None:
    """Asked for and granted while A held it, told when B does: A's clock is extended, B's is not."""
    desk = desk_of(written(tmp_path, UNIT_CLOCK))
    desk.clock.set(march(8))
    desk.transfer("c", to="B", by=BY)
    desk.clock.set(march(20))
    fields = {"clock": "answer", "days": 4, "reason": "late"}
    desk.act("c", "request_extension", effective_at=march(5), fields=fields, by=BY)
    desk.act("c", "grant_extension", effective_at=march(6), fields=fields, by=BY)
    assert [(run.subject, len(run.grants)) for run in desk.get("c").clocks if run.clock == "answer"] == [
        ("A", 1), ("B", 0),
    ]  # fmt: skip


def test_nothing_is_granted_before_it_was_asked_for() -> None:
    """The refusal says from when on, and then it is granted."""
    desk = desk_of()
    desk.clock.set(march(20))
    desk.request_extension("c", days=10, by=BY, reason="late", effective_at=march(6))
    with pytest.raises(Refused) as refused:
        desk.grant_extension("c", by=BY, effective_at=march(5), reason="late")
    assert refused.value.refusal.code == "no-extension-pending"
    since = refused.value.refusal.possible_from
    assert since is not None
    desk.grant_extension("c", by=BY, effective_at=moment(since), reason="late")
    assert standing(desk) == [("reminder", 1, "A", "03-17"), ("yellow", 1, "A", "03-19")]


RENEWED = """name = "renewed"
[roles.importer]
everything = true
backdate = true
[states]
open1 = { stage = "handling" }
closed = { stage = "ended", final = true }
[actions.submit]
moves = { start = "open1" }
[actions.begin]
moves = { open = "=" }
[actions.remind]
moves = { open = "=" }
[actions.grant_extension]
moves = { open = "=" }
[actions.close]
moves = { open = "closed" }
[clocks.k]
start = ["begin", "remind"]
stop = ["remind"]
rungs = [{ level = "late", days = 5, then = "remind" }]
"""


def test_an_extension_of_a_clock_whose_start_is_told_later_counts(tmp_path: Path) -> None:
    """The event keeps the name of the clock that was asked for, whether it ran as far as was known or not."""
    days = {}
    for order in (("begin", "grant_extension"), ("grant_extension", "begin")):
        desk = desk_of(written(tmp_path, RENEWED.replace(', then = "remind"', "")))
        desk.clock.set(march(20))
        for action in order:
            more = {"clock": "k", "days": 3} if action == "grant_extension" else {}
            since = march(5 if action == "begin" else 6)
            desk.act("c", action, by=BY, fields={"reason": "late", **more}, effective_at=since)
            desk.clock.advance(seconds=1)
        days[order] = standing(desk)
    assert set(map(tuple, days.values())) == {(("late", 1, "A", "03-14"),)}


def test_a_forecast_of_a_clock_that_begins_anew_for_ever_ends(tmp_path: Path) -> None:
    """A rung's action may start the rung's own clock again; what is foreseen has an end."""
    desk = desk_of(written(tmp_path, RENEWED))
    desk.act("c", "begin", by=BY)
    assert 10 < len(desk.forecast("c")) <= 101


def test_an_earlier_cycle_is_corrected_after_other_rules_came(tmp_path: Path) -> None:
    """The first cycle's reply is told before the case comes under other rules, or after: the same cards."""
    new = written(
        tmp_path,
        'extends = "wuhu"\nname = "new"\n[clocks.reply]\n'
        'rungs = [{ level = "reminder", days = 3, kind = "warning" }, { level = "yellow", days = 6 }]\n',
    )
    lives = []
    for is_told_first in (True, False):
        desk = desk_of()
        desk.clock.set(march(12))
        desk.reply("c", text="t", by=BY)
        desk.close("c", by=BY)
        desk.clock.set(march(13))
        desk.reopen("c", by=BY, reason="r")
        other = Desk(new, desk.store, clock=desk.clock)
        if is_told_first:
            desk.clock.set(march(14))
            desk.reply("c", text="t", by=BY, effective_at=march(5), reason="late")
        desk.clock.set(march(15))
        other.migrate("c", by=BY, reason="new rules")
        if not is_told_first:
            desk.clock.set(march(16))
            other.reply("c", text="t", by=BY, effective_at=march(5), reason="late")
        desk.clock.set(march(25))
        other.sweep()
        lives.append(standing(other))
    assert lives[0] == lives[1] == [("reminder", 2, "A", "03-17"), ("yellow", 2, "A", "03-20")]


def test_a_duplicate_that_follows_stands_in_no_late_facts_way() -> None:
    """What the primary notes on a follower says nothing of its own state."""
    desk = desk_of()
    desk.clock.set(march(5))
    desk.submit(title="f", to="F", by=BY, case_id="f")
    desk.merge("f", primary="c", by=BY)
    desk.clock.set(march(7))
    desk.request_information("c", by=BY)
    desk.clock.set(march(8))
    case = desk.take_charge("c", by=BY, effective_at=march(4), reason="late")
    assert case.state == "awaiting_information"


def test_a_reopening_after_all_that_happened_is_accepted_whatever_was_told_late() -> None:
    """A closure told after a note that follows it is taken as of today; reopened after both."""
    desk = desk_of()
    desk.clock.set(march(5))
    desk.reply("c", text="t", by=BY)
    desk.clock.set(march(10))
    desk.note("c", text="x", by=BY)
    desk.clock.set(march(11))
    desk.close("c", by=BY, effective_at=march(8), reason="late")
    desk.clock.set(march(13))
    assert desk.reopen("c", by=BY, effective_at=march(10, 12), reason="late").state == "handling"
    assert desk.get("c").clocks[-1].since_us == desk.store.events("c")[-1].since_us


def test_what_breached_in_a_merger_is_of_the_unit_that_held_the_primary() -> None:
    """The follower goes on; the cards it missed name who held its primary at their instants."""
    desk = desk_of()
    desk.submit(title="f", to="F", by=BY, case_id="f")
    desk.clock.set(march(4))
    desk.merge("f", primary="c", by=BY)
    desk.clock.set(march(8))
    desk.transfer("c", to="B", by=BY)
    desk.clock.set(march(20))
    desk.withdraw("c", by=BY)
    assert standing(desk, "f") == [
        ("reminder", 1, "A", "03-07"), ("yellow", 1, "B", "03-09"), ("red", 1, "B", "03-19"),
    ]  # fmt: skip
    desk.clock.set(march(3, 12).replace("2025-03", "2025-04"))
    desk.sweep()
    assert standing(desk, "f")[-1] == ("urge", 1, "F", "04-03")


def test_a_primary_that_followed_another_one_was_held_by_that_ones_unit() -> None:
    """``f`` follows ``p``, which follows ``c`` for a time: what ``f`` missed is the holder's of then."""
    desk = desk_of()
    for day, (case_id, unit) in enumerate((("p", "P"), ("f", "F")), 4):
        desk.clock.set(march(day))
        desk.submit(title="x", to=unit, by=BY, case_id=case_id)
    desk.merge("f", primary="p", by=BY)
    desk.clock.set(march(6))
    desk.merge("p", primary="c", by=BY)
    desk.clock.set(march(12))
    desk.withdraw("c", by=BY)
    desk.clock.set(march(22))
    desk.withdraw("p", by=BY)
    assert standing(desk, "f") == [
        ("reminder", 1, "A", "03-09"), ("yellow", 1, "A", "03-11"), ("red", 1, "P", "03-21"),
    ]  # fmt: skip


def test_a_follower_that_goes_on_in_a_pausing_state_stands_still(tmp_path: Path) -> None:
    """Its clocks are given back before the state that it comes into pauses them."""
    policy = written(
        tmp_path,
        'extends = "wuhu"\nname = "pausing"\n[actions.resume]\nmoves = { merged = "awaiting_information" }\n'
        'with_unit = "awaiting_information"\n[clocks.reply]\npause = ["state:awaiting_information"]\n',
    )
    desk = desk_of(policy)
    desk.submit(title="f", to="F", by=BY, case_id="f")
    desk.clock.set(march(4))
    desk.merge("f", primary="c", by=BY)
    desk.clock.set(march(6))
    desk.withdraw("c", by=BY)
    desk.clock.set(march(28))
    desk.sweep()
    assert (desk.get("f").clocks[0].is_paused, standing(desk, "f")) == (True, [])


MANY = """extends = "wuhu"
name = "many"
[clocks.reply]
pause = ["state:awaiting_information"]
"""


def test_an_event_stays_small_however_often_a_clock_stood_still(tmp_path: Path) -> None:
    """A pause says what is new, not all that were before."""
    desk = desk_of(written(tmp_path, MANY))
    desk.take_charge("c", by=BY)
    for _ in range(60):
        desk.clock.advance(seconds=60)
        desk.request_information("c", by=BY)
        desk.clock.advance(seconds=60)
        desk.receive_information("c", by=BY)
    assert len(desk.get("c").clocks[0].pauses) == 60
    assert max(len(encode(event)) for event in desk.store.events("c")[2:]) < 400
    assert replay("c", desk.store.events("c")) == desk.get("c")


CHAINED = """extends = "wuhu"
name = "chained"
[clocks.first]
start = ["submit"]
rungs = [{ level = "first", days = 3 }]
[clocks.second]
start = ["note"]
since = "submit"
rungs = [{ level = "second", days = 4 }]
[clocks.last]
start = ["end:first", "end:second"]
stop = ["reply"]
rungs = [{ level = "last", days = 5 }]
"""


def test_an_end_told_late_begins_no_clock_that_ran_then(tmp_path: Path) -> None:
    """The end of the second clock finds the last one running, though it has been stopped since."""
    desk = desk_of(written(tmp_path, CHAINED))
    desk.clock.set(march(24))
    desk.reply("c", text="y", by=BY, effective_at=march(20), reason="told late")
    desk.act("c", "note", by=BY, fields={"text": "z", "reason": "late"}, effective_at=march(5))
    assert [run.cycle for run in desk.get("c").clocks if run.clock == "last"] == [1]
