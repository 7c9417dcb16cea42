"""Clocks that begin at the end of another, and what facts told late do to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, load_policy
from caseflow.core.model.evolve import replay
from caseflow.testing.laws.fact_order import FactSet

BY = Actor("officer-1", role="officer", unit="A")
POLICY = """
name = "chained"
[roles.officer]
backdate = true
[states.working]
stage = "handling"
[states.waiting]
stage = "handling"
[states.closed]
stage = "ended"
final = true
[actions]
submit = { moves = { start = "working" }, roles = ["officer"] }
note = { moves = { open = "=" }, roles = ["officer"] }
reply = { moves = { open = "=" }, roles = ["officer"] }
retract_reply = { moves = { open = "=" }, roles = ["officer"] }
amend = { moves = { open = "=" }, roles = ["officer"] }
request_information = { moves = { working = "waiting" }, roles = ["officer"] }
receive_information = { moves = { waiting = "working" }, roles = ["officer"] }
close = { moves = { open = "closed" }, roles = ["officer"] }
[clocks.first]
start = ["submit"]
stop = ["reply"]
revive = ["retract_reply"]
restart = ["amend"]
pause = ["state:waiting"]
rungs = [{ level = "warned", days = 3, kind = "warning" }, { level = "late", days = 5 }]
[clocks.after]
start = ["end:first"]
stop = ["note"]
rungs = [{ level = "after", days = 3 }]
[clocks.whole]
start = ["receive_information"]
since = "submit"
pause = ["state:waiting"]
rungs = [{ level = "whole", days = 20 }]
"""


WORDS = {"reply": {"text": "x"}}


def march(day: int) -> str:
    """Nine in the morning of that day."""
    return f"2025-03-{day:02}T09:00:00+08:00"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The policy's file."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def desk(policy: Path) -> Desk:
    """A desk with the case ``c`` of the third of March; its first clock ends with the eighth."""
    desk = Desk(load_policy(policy), MemoryStore(), clock=ManualClock(march(3)))
    desk.submit(title="x", to="A", by=BY, case_id="c")
    return desk


def told(desk: Desk, action: str, day: int) -> None:
    """The action, told late as of nine in the morning of that day."""
    desk.act("c", action, by=BY, fields={"reason": "late"} | WORDS.get(action, {}), effective_at=march(day))


def standing(desk: Desk) -> list[str]:
    """Level and day of each standing card; replay gives the same case."""
    desk.sweep()
    case = desk.get("c")
    assert replay("c", desk.store.events("c")) == case
    return [f"{card.level} {card.effective_at:%m-%d}" for card in case.cards if card.stands]


@pytest.mark.parametrize(("facts", "cards"), [
    ([], ["late 03-09", "after 03-12"]),
    ([("note", 10)], ["late 03-09"]),
    ([("reply", 6)], []),
    ([("reply", 9)], ["late 03-09", "after 03-12"]),
    ([("reply", 6), ("retract_reply", 8), ("note", 13)], ["late 03-11"]),
    ([("request_information", 7), ("amend", 12)], []),
    ([("note", 18), ("amend", 10)], ["late 03-09", "after 03-12", "late 03-16"]),
])  # fmt: skip
def test_a_fact_told_late_moves_what_hangs_on_the_end(
    desk: Desk, facts: list[tuple[str, int]], cards: list[str]
) -> None:
    """It stops the second clock only if that had begun by then; that begins only where the first ends."""
    desk.clock.set(march(20))
    desk.sweep()
    for action, day in facts:
        told(desk, action, day)
    assert standing(desk) == cards


def test_a_fact_told_late_ends_no_clock_before_it_began(desk: Desk) -> None:
    """It is refused with the instant at which the second clock began, and nothing is annulled."""
    desk.clock.set(march(20))
    desk.sweep()
    with pytest.raises(Refused) as error:
        told(desk, "note", 5)
    assert error.value.refusal.code == "before-cycle"
    assert standing(desk) == ["late 03-09", "after 03-12"]


def test_the_order_of_telling_does_not_matter(policy: Path) -> None:
    """A reply, its retraction and a note leave the same cards in whatever order they are told."""
    facts = FactSet(policy, start=march(3))
    facts.add("submit", by=BY, fields={"to": "A"})
    for action, day in (("note", 5), ("request_information", 7), ("amend", 12)):
        facts.add(action, by=BY, fields={"reason": "late"}, since=march(day))
    assert facts.hold(now=march(20)) > 0


def test_a_pause_ends_with_the_act_that_starts_a_clock_from_before(desk: Desk) -> None:
    """The clock counts from the submission, less the days of waiting, and runs."""
    desk.clock.set(march(4))
    desk.act("c", "request_information", by=BY)
    desk.clock.set(march(6))
    case = desk.act("c", "receive_information", by=BY)
    whole = next(run for run in case.clocks if run.clock == "whole")
    assert (whole.is_paused, len(whole.pauses)) == (False, 1)
    desk.clock.set(march(28))
    assert "whole 03-26" in standing(desk)


def test_a_clock_set_back_behind_a_chained_start(desk: Desk) -> None:
    """A note of an hour before the second clock began, by a clock that went back, does not stop it."""
    desk.clock.set(march(10))
    desk.sweep()
    desk.clock.set(march(7))
    desk.act("c", "note", by=BY)
    desk.clock.set(march(20))
    assert standing(desk) == ["late 03-09", "after 03-12"]
