"""专人每日登录: who must look in on which working day, what is unseen, a reminder, a card, and the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, BadInput, Desk, ManualClock, PolicyError, Refused, load_policy
from caseflow.offices.duty_watch import DutyWatch, duty_watch
from caseflow.ports import Store
from caseflow.stores.memory import MemoryStore

SUPERVISOR, UNIT = Actor("sup-1", role="supervisor"), "甲省省长"
OFFICER = Actor("z-1", role="duty_officer", unit=UNIT)


@pytest.fixture
def desk(store: Store) -> Desk:
    """A roster that was set up on Friday, 26 September 2025; the Sunday after it is a make-up working day."""
    policies = [load_policy("leader-board"), load_policy("duty-roster")]
    desk = Desk(policies, store, clock=ManualClock("2025-09-26T10:00:00+08:00"))
    desk.submit(title="值班", by=SUPERVISOR, to=UNIT, policy="duty-roster", case_id="duty")
    return desk


def at(desk: Desk, instant: str) -> DutyWatch:
    desk.clock.set(instant)
    desk.sweep()
    (watch,) = duty_watch(desk)
    return watch


def look_in(desk: Desk) -> None:
    desk.act("duty", "look_in", by=OFFICER, fields={"unseen": 0})


def write(desk: Desk, case_id: str, unit: str = UNIT) -> None:
    desk.submit(title="路灯", by=Actor(f"c-{case_id}", role="citizen"), to=unit, case_id=case_id)


@pytest.mark.parametrize(
    ("instant", "is_due", "missed"),
    [
        ("2025-09-26T23:59:59+08:00", False, 0),  # the day on which it was set up
        ("2025-09-27T09:00:00+08:00", False, 0),  # Saturday
        ("2025-09-28T00:00:00+08:00", True, 0),  # Sunday, a make-up working day
        ("2025-09-28T23:59:59+08:00", True, 0),
        ("2025-09-29T00:00:00+08:00", True, 1),
        ("2025-10-01T00:00:00+08:00", False, 3),  # three working days passed; the national holiday
        ("2025-10-08T23:00:00+08:00", False, 3),
        ("2025-10-09T09:00:00+08:00", True, 3),
    ],
)
def test_working_days_are_the_calendars(desk: Desk, instant: str, is_due: bool, missed: int) -> None:
    watch = at(desk, instant)
    assert (watch.is_due, watch.missed, watch.last) == (is_due, missed, None)


def test_a_day_with_a_look_in_is_no_card(desk: Desk) -> None:
    for day in ("2025-09-28", "2025-09-29", "2025-09-30"):
        assert at(desk, f"{day}T08:00:00+08:00").is_due
        look_in(desk)
        assert not at(desk, f"{day}T23:00:00+08:00").is_due
    watch = at(desk, "2025-10-09T00:00:00+08:00")
    assert watch.missed == 0 and watch.last is not None
    assert watch.last.isoformat() == "2025-09-30T08:00:00+08:00"
    record = [event for event in desk.history("duty") if getattr(event, "action", "") == "look_in"]
    assert [event.by.id for event in record] == ["z-1"] * 3


def test_the_officer_is_reminded_and_the_lead_official_told(desk: Desk) -> None:
    at(desk, "2025-09-29T00:00:00+08:00")
    told = [(one.notice.topic, one.notice.role) for one in desk.store.notices(case_id="duty")]
    assert told[0] == ("reminder", "duty_officer")
    roles = {role for topic, role in told if topic == "card"}
    assert roles == {"duty_officer", "lead_official", "supervisor"}
    (reminder,) = desk.get("duty").reminders
    assert reminder.effective_at.isoformat() == "2025-09-27T00:00:00+08:00"


def test_what_came_since_the_last_look_in_is_unseen(desk: Desk) -> None:
    write(desk, "a")
    write(desk, "x", unit="乙市市长")
    assert at(desk, "2025-09-28T08:00:00+08:00").unseen == ("a",)
    look_in(desk)
    watch = at(desk, "2025-09-28T09:00:00+08:00")
    assert (watch.unseen, watch.seen) == ((), ("a",))
    write(desk, "b")
    desk.take_charge("a", by=Actor("o-1", role="handler", unit=UNIT))
    watch = at(desk, "2025-09-28T10:00:00+08:00")
    assert (watch.unseen, watch.seen) == (("b",), ())


def test_only_who_is_on_duty_there_looks_in(desk: Desk) -> None:
    for stranger in (Actor("z-2", role="duty_officer", unit="乙市市长"), SUPERVISOR):
        with pytest.raises(Refused):
            desk.act("duty", "look_in", by=stranger)
    desk.close("duty", by=SUPERVISOR)
    assert duty_watch(desk) == ()


def test_a_desk_without_duty_or_rosters_says_so() -> None:
    for desk in (Desk(load_policy("wuhu"), MemoryStore()), Desk(load_policy("leader-board"), MemoryStore())):
        with pytest.raises(BadInput):
            duty_watch(desk)


@pytest.mark.parametrize(
    ("duty", "path"),
    [
        ('role = "nobody"\nunseen = ["routed"]', "duty.role"),
        ('role = "supervisor"\nunseen = ["routed"]', "duty.role"),
        ('role = "handler"\nunseen = ["nowhere"]', "duty.unseen[0]"),
    ],
)
def test_a_duty_that_does_not_fit_is_told(duty: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f'extends = "base"\nname = "own"\n[duty]\n{duty}\n', encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(file)
    assert [one.path for one in caught.value.problems] == [path]
    assert all(one.text("zh") and one.text("en") for one in caught.value.problems)
