"""Simulated timelines from end to end: thirty days, ten commands, four rungs, in memory."""

from __future__ import annotations

from benchmarks.report import Row
from benchmarks.timing import interleaved, seconds
from caseflow.testing import Timeline

START = "2025-01-20T09:00:00+08:00"
LEVELS = ["reminder", "yellow", "red", "urge"]


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Timelines a second: made, lived, and asked for its cards."""
    many = 30 if quick else 200
    spent = interleaved({"ours": lambda: seconds(lambda: _many(many)) / many}, rounds=3 if quick else 9)
    return (
        Row(
            work="timeline of 30 days, 10 commands, 4 rungs", unit="ms", ours=spent["ours"] * 1e3,
            score=1 / spent["ours"], sense="{:,.0f} a second", must=500,
        ),
    )  # fmt: skip


def _many(count: int) -> None:
    for _ in range(count):
        live()


def live() -> Timeline:
    """One case that nobody answers for thirty days, and the ten commands of its life."""
    timeline = Timeline("wuhu", start=START)
    case = timeline.submit("路灯不亮", body="三天了", kind="complaint")
    timeline.acknowledge(case)
    timeline.route(case, "城管局")
    timeline.advance(days=2)
    timeline.take_charge(case)
    timeline.dispatch(case)
    timeline.advance(days=10)
    timeline.note(case, "等待零件")
    fired = timeline.advance(days=19)
    timeline.reply(case, "已修复")
    timeline.complete(case)
    timeline.rate(case, 2)
    timeline.close(case)
    assert [card.level for card in timeline.case(case).escalations] == LEVELS
    assert len(fired) == 2
    return timeline
