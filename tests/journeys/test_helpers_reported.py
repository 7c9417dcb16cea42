"""The guard ``helpers_reported``: what waits for every co-handling unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, load_policy
from caseflow.core.model.evolve import replay

CITIZEN = Actor("c", role="citizen")
OFFICER = Actor("o", role="handler", unit="A局")
COORDINATOR = Actor("d", role="coordinator")
SUPERVISOR = Actor("s", role="supervisor")


def helper(unit: str) -> Actor:
    return Actor(f"h-{unit}", role="handler", unit=unit)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "wuhu"\nname = "mine"\n[actions.reply]\nguards = ["helpers_reported"]\n')
    desk = Desk(load_policy(file), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="树", to="A局", by=CITIZEN, case_id="c")
    return desk


def waits_for(desk: Desk) -> tuple[str, ...]:
    """The units that a reply waits for; empty once it is taken."""
    try:
        desk.reply("c", text="已处理", by=OFFICER)
    except Refused as error:
        assert error.code == "helpers-owe"
        return error.refusal.missing
    return ()


def test_a_reply_waits_for_every_unit_that_was_asked(desk: Desk) -> None:
    """A report or a note of the unit itself is what is waited for; without helpers nothing is."""
    for unit in ("B局", "C局"):
        desk.add_co_handler("c", co_handler=unit, by=COORDINATOR)
    assert waits_for(desk) == ("B局", "C局")
    desk.note("c", text="催一下", by=OFFICER)
    desk.report("c", text="现场已看", by=helper("B局"))
    assert waits_for(desk) == ("C局",)
    desk.note("c", text="同意", by=helper("C局"))
    assert waits_for(desk) == ()
    assert replay("c", desk.history("c")) == desk.get("c")


def test_who_is_asked_again_reports_again(desk: Desk) -> None:
    """What was reported before does not count; at one instant the order of recording does."""
    desk.add_co_handler("c", co_handler="B局", by=COORDINATOR)
    desk.report("c", text="现场已看", by=helper("B局"))
    desk.add_co_handler("c", co_handler="B局", by=COORDINATOR)
    assert waits_for(desk) == ("B局",)
    desk.report("c", text="再看", by=helper("B局"))
    assert waits_for(desk) == ()


def test_a_case_without_helpers_waits_for_nobody(desk: Desk) -> None:
    """The guard holds."""
    assert waits_for(desk) == ()


def test_rules_that_ask_for_reports_know_of_those_before_them(desk: Desk) -> None:
    """A case that comes under the guard is judged by its whole history."""
    plain = Desk(load_policy("wuhu"), MemoryStore(), clock=desk.clock)
    plain.submit(title="树", to="A局", by=CITIZEN, case_id="c")
    for unit in ("B局", "C局"):
        plain.add_co_handler("c", co_handler=unit, by=COORDINATOR)
    plain.report("c", text="现场已看", by=helper("B局"))
    now = Desk(desk.rules.policy, plain.store, clock=desk.clock)
    now.migrate("c", reason="新规则", by=SUPERVISOR)
    assert waits_for(now) == ("C局",)
