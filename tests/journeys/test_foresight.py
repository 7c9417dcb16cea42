"""What a desk can tell beforehand and afterwards: forecasts, explanations, timed actions, unknown days."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import BadInput, Desk, ManualClock, load_policy
from caseflow.core.model.events import Closed, RungEvent
from tests.journeys.people import (
    BOSS,
    CITIZEN,
    COORDINATOR,
    OFFICER,
    SUPERVISOR,
    desk_of,
    dues,
    policy,
    short,
    submitted,
    told,
)

WINDOW = """
[clocks.evaluation]
start = ["complete"]
stop = ["rate"]
counting = "elapsed"
[[clocks.evaluation.rungs]]
level = "ask"
hours = 48
kind = "warning"
[[clocks.evaluation.rungs]]
level = "over"
days = 7
kind = "warning"
then = "close"
"""
SIGNING = """
[clocks.signing]
start = ["submit", "route", "transfer"]
stop = ["take_charge"]
cancel = ["send_back", "transfer"]
subject = "unit"
rungs = [{ level = "slow", days = 1 }, { level = "asleep", days = 20 }]
"""
WORKING = """
[clocks.reply]
counting = "working"
calendar = "X"
[calendars.X]
file = "days.toml"
"""


def working_desk(folder: Path, last: str) -> Desk:
    """Working days of a table that ends with the given day; 10 March is a holiday."""
    table = f'name = "X"\nfirst = 2025-01-01\nlast = {last}\n[holidays]\n'
    table += '2025-03-10 = "植树节"\n' if last > "2025-03-10" else ""
    (folder / "days.toml").write_text(table, encoding="utf-8")
    return desk_of(policy(folder, WORKING))


def foreseen(desk: Desk, case_id: str = "c1") -> list[tuple[str, str, str, str]]:
    return [(step.at.isoformat(), step.what, step.level, step.state) for step in desk.forecast(case_id)]


@pytest.mark.parametrize("every", [1, 7, 90])
def test_what_is_forecast_is_what_sweeps_do(tmp_path: Path, every: int) -> None:
    """Two ladders, swept by the day, the week or the quarter: the very steps and instants foreseen."""
    desk = desk_of(policy(tmp_path, SIGNING + WINDOW))
    submitted(desk)
    expected = desk.forecast("c1")
    assert [step.level for step in expected] == ["slow", "reminder", "yellow", "red", "asleep", "urge"]
    for _ in range(0, 91, every):
        desk.clock.advance(days=every)
        desk.sweep()
    steps = [event for event in desk.history("c1") if isinstance(event, RungEvent)]
    assert [(event.at, event.level, event.clock, event.subject) for event in steps] == [
        (step.at, step.level, step.clock, step.subject) for step in expected
    ]
    assert desk.forecast("c1") == ()


def test_a_timed_action_is_taken_at_its_instant(tmp_path: Path) -> None:
    """Nobody rates for seven days: the system closes the case then, whenever it is swept, as was forecast."""
    desk = desk_of(policy(tmp_path, WINDOW))
    submitted(desk)
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.complete("c1", by=OFFICER)
    assert foreseen(desk) == [
        ("2025-03-05T09:30:00.000001+08:00", "reminder", "ask", "evaluation"),
        ("2025-03-10T09:30:00.000001+08:00", "reminder", "over", "evaluation"),
        ("2025-03-10T09:30:00.000001+08:00", "closed", "", "closed"),
    ]
    desk.clock.set("2025-03-10T09:30:00+08:00")
    desk.sweep()
    assert desk.get("c1").state == "evaluation"  # exactly seven days are not more than seven
    desk.clock.advance(days=30)
    desk.sweep()
    closed = desk.history("c1")[-1]
    assert isinstance(closed, Closed)
    assert (closed.effective_at, closed.by.role) == (desk.get("c1").reminders[-1].effective_at, "system")
    assert (desk.get("c1").state, desk.sweep().reminders) == ("closed", ())


def test_a_timed_action_comes_before_the_command_that_is_late(tmp_path: Path) -> None:
    """The citizen who withdraws after the window finds the case closed, although nobody swept."""
    desk = desk_of(policy(tmp_path, WINDOW))
    submitted(desk)
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.complete("c1", by=OFFICER)
    desk.clock.advance(days=8)
    allowed = {entry.action: entry for entry in desk.allowed("c1", by=CITIZEN)}
    assert allowed["withdraw"].refusal is not None
    assert allowed["withdraw"].refusal.state == "closed"
    assert allowed["reopen"].is_allowed
    assert desk.reopen("c1", reason="没修好", by=CITIZEN).facts.cycle == 2


def test_a_timed_action_that_is_refused_says_why(tmp_path: Path) -> None:
    """An open rectification keeps the case from closing: the rung fires, and notes what stood in the way."""
    desk = desk_of(policy(tmp_path, WINDOW))
    submitted(desk)
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.complete("c1", by=OFFICER)
    desk.link_rectification("c1", rectification="R-1", by=SUPERVISOR)
    desk.clock.advance(days=8)
    desk.sweep()
    last = desk.history("c1")[-1]
    assert isinstance(last, RungEvent)
    assert (last.level, last.skipped, desk.get("c1").state) == ("over", "rectification-open", "rectification")


def test_a_unit_has_a_clock_of_its_own(tmp_path: Path) -> None:
    """Each unit's sign-in clock starts when it gets the case; a return restarts only the next one's."""
    desk = desk_of(policy(tmp_path, SIGNING))
    submitted(desk)
    desk.clock.set("2025-03-04T10:00:00+08:00")
    desk.send_back("c1", reason="不属本局", by=OFFICER)
    desk.clock.set("2025-03-06T10:00:00+08:00")
    case = desk.route("c1", to="水务局", by=COORDINATOR)
    assert dues(case) == ["03-07", "03-09", "03-19", "04-03"]
    desk.clock.set("2025-03-08T00:00:00+08:00")
    (card,) = desk.sweep().cards
    assert (card.level, card.subject, card.unit, told((card,))) == (
        "slow",
        "水务局",
        "水务局",
        ["slow @ 03-08"],
    )


def test_an_explanation_counts_every_day(desk: Desk) -> None:
    """Start day, days that count, the paused ones, the last; and for each rung when it is late and why."""
    submitted(desk)
    desk.clock.set("2025-03-05T10:00:00+08:00")
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.clock.set("2025-03-07T10:00:00+08:00")
    desk.retract_reply("c1", reason="又坏了", by=BOSS)
    (found,) = desk.explain("c1", clock="reply")
    assert (found.clock, found.cycle, found.status, found.counting) == ("reply", 1, "running", "natural")
    assert [(str(day.date)[5:], day.why, day.count) for day in found.days[:9]] == [
        ("03-03", "start", 0), ("03-04", "counts", 1), ("03-05", "paused", 1), ("03-06", "paused", 1),
        ("03-07", "counts", 2), ("03-08", "counts", 3), ("03-09", "counts", 4), ("03-10", "counts", 5),
        ("03-11", "counts", 6),
    ]  # fmt: skip
    assert [str(day.date)[5:] for day in found.days if day.why == "last"] == ["04-04"]
    assert [(rung.level, rung.length, rung.unit, rung.fired, rung.certain) for rung in found.rungs][:2] == [
        ("reminder", 3, "days", False, True), ("yellow", 5, "days", False, True),
    ]  # fmt: skip
    assert [short(rung.late_at.isoformat()) for rung in found.rungs if rung.late_at] == dues(desk.get("c1"))
    assert all(rung.source and rung.rule for rung in found.rungs)
    assert (found.rule, bool(found.source)) == ("clocks.reply", True)
    assert [short(edge.isoformat()) for pause in found.pauses for edge in pause if edge] == [
        "03-05T10:00:00", "03-07T10:00:00",
    ]  # fmt: skip


def test_an_explanation_of_a_clock_that_is_not_there(desk: Desk) -> None:
    """It says which clocks the case has."""
    submitted(desk)
    with pytest.raises(BadInput) as caught:
        desk.explain("c1", clock="repli")
    assert (caught.value.code, caught.value.data["missing"]) == ("no-clock", "reply")


def test_a_deadline_past_the_calendar_issues_nothing(tmp_path: Path) -> None:
    """What lies past the horizon waits: no card, no refusal, and the sweep counts it."""
    desk = working_desk(tmp_path, "2025-03-07")
    submitted(desk)
    assert [(step.level, step.certain) for step in desk.forecast("c1")] == [
        ("reminder", True), ("yellow", False), ("red", False), ("urge", False),
    ]  # fmt: skip
    desk.clock.set("2025-03-08T23:59:59+08:00")
    assert desk.sweep().waiting == 0
    desk.clock.set("2025-03-12T10:00:00+08:00")
    swept = desk.sweep()
    assert (told(swept.reminders), swept.cards, swept.waiting) == ([], (), 1)
    assert told(desk.get("c1").reminders) == ["reminder @ 03-07"]
    assert desk.note("c1", text="x", by=OFFICER).version == 3
    assert desk.reply("c1", text="已修复", by=OFFICER).cards == ()
    assert desk.sweep().waiting == 0


def test_a_longer_calendar_issues_what_was_owed(tmp_path: Path) -> None:
    """Adopting it issues the card at its true instant, noticed now, and nothing waits any more."""
    before = working_desk(tmp_path, "2025-03-07")
    submitted(before)
    before.clock.set("2025-03-20T10:00:00+08:00")
    before.sweep()
    longer = working_desk(tmp_path, "2025-12-20")
    desk = Desk(longer.rules.policy, before.store, clock=ManualClock("2025-03-20T10:00:00+08:00"))
    case = desk.migrate("c1", reason="日历已公布", by=SUPERVISOR)
    assert told(case.cards) == ["yellow @ 03-12"]
    assert case.cards[0].detected_at.isoformat() == "2025-03-20T10:00:00+08:00"
    assert (desk.sweep().waiting, dues(case)) == (0, ["03-07", "03-12", "03-26", "04-16"])
    assert case.origin.policy_hash == desk.rules.pin != before.rules.pin


def test_an_edited_calendar_annuls_what_no_longer_holds(tmp_path: Path) -> None:
    """A day becomes a holiday afterwards: the card a day too early is annulled and issued anew."""
    plain = working_desk(tmp_path, "2025-12-20")
    table = (tmp_path / "days.toml").read_text(encoding="utf-8").replace('2025-03-10 = "植树节"\n', "")
    (tmp_path / "days.toml").write_text(table, encoding="utf-8")
    before = desk_of(load_policy(tmp_path / "mine.toml"))
    submitted(before)
    before.clock.set("2025-03-13T10:00:00+08:00")
    before.sweep()
    desk = Desk(plain.rules.policy, before.store, clock=ManualClock("2025-03-13T11:00:00+08:00"))
    case = desk.migrate("c1", reason="增设假日", by=SUPERVISOR)
    assert told(case.cards) == ["-yellow @ 03-11", "yellow @ 03-12"]
    assert case.cards[0].annulled_because == "migrated"


def test_each_case_keeps_the_rules_it_pinned(desk: Desk, tmp_path: Path) -> None:
    """A desk with new rules serves old cases by their own, read back from the store."""
    submitted(desk, "old")
    rules = policy(tmp_path, "[[clocks.reply.rungs]]\nlevel = 'blue'\ndays = 1\n")
    newer = Desk(rules, desk.store, clock=desk.clock)
    submitted(newer, "new")
    assert dues(newer.get("new")) == ["03-05"]
    newer.clock.set("2025-03-09T00:00:00+08:00")
    assert {(card.case_id, card.level) for card in newer.sweep().cards} == {
        ("old", "yellow"),
        ("new", "blue"),
    }
    assert newer.reply("old", text="已修复", by=OFFICER).state == "answered"
    assert newer.get("old").origin.policy_hash != newer.get("new").origin.policy_hash
