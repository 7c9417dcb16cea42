"""Past the calendar's horizon a deadline is unknown: nothing is late by it, and nothing is refused for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from caseflow import Actor, Calendar, Desk, ManualClock, MemoryStore, load_policy

POLICY = """
extends = "wuhu"
[clocks.reply]
counting = "working"
calendar = "office"
[calendars.office]
file = "given-in-python.toml"
"""
SHORT = Calendar(name="office", first=date(2025, 1, 1), last=date(2025, 3, 4))


def test_an_uncertain_deadline_is_no_deadline(tmp_path: Path) -> None:
    """After "not before X" the case is not overdue, may be extended, and is counted by the sweep."""
    path = tmp_path / "own.toml"
    path.write_text(POLICY, encoding="utf-8")
    policy = load_policy(path, calendars={"office": SHORT})
    desk = Desk(policy, MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case = desk.submit(title="路灯不亮", to="城管局", by=Actor("c-1", role="citizen"))
    assert case.deadline is None
    desk.clock.advance(days=6)  # X was 9 March: every day past the horizon counted as a working day
    swept = desk.sweep()
    assert (swept.cards, swept.waiting) == ((), 1)
    assert len(desk.cases(overdue=True)) == 0
    officer = Actor("o-4", role="handler", unit="城管局")
    case = desk.request_extension(case.id, days=3, by=officer, reason="待勘查")
    assert case.pending_extensions
