"""A term that was set to a day is extended from that day, as its clock counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from caseflow.testing import Timeline

POLICY = """
extends = "wuhu"
name = "mine"
remove = ["clocks"]
[calendars.days]
file = "days.toml"
[actions.set_term]
moves = {{ routed = "=" }}
roles = ["handler"]
fields = {{ by = {{ type = "date", required = true }} }}
[clocks.term]
start = ["set_term"]
pause = ["state:awaiting_information"]
counting = "{counting}"
calendar = "days"
extension = {{ times = 3, {length} }}
rungs = [
    {{ level = "soon", of = "late", days = -2, kind = "warning" }},
    {{ level = "late", at = "field:by" }},
]
"""


def timeline(folder: Path, counting: str, length: str) -> Timeline:
    (folder / "days.toml").write_text(
        'name = "days"\nfirst = 2025-01-01\nlast = 2025-12-20\n', encoding="utf-8"
    )
    file = folder / "mine.toml"
    file.write_text(POLICY.format(counting=counting, length=length), encoding="utf-8")
    return Timeline(file, start="2025-03-03 10:00")


def ahead(timeline: Timeline) -> list[str]:
    return [f"{step.at:%m-%d %H:%M} {step.level}" for step in timeline.desk.forecast("case-1")]


@pytest.mark.parametrize(
    ("counting", "length", "expected"),
    [
        ("natural", "days = 3", ["03-12 00:00 soon", "03-15 00:00 late"]),
        ("natural", "weeks = 1", ["03-16 00:00 soon", "03-19 00:00 late"]),
        ("natural", "months = 1", ["04-09 00:00 soon", "04-12 00:00 late"]),
        ("working", "days = 4", ["03-13 00:00 soon", "03-18 00:00 late"]),  # 12, 13, 14, Monday 17
    ],
)
def test_a_day_that_was_set_is_extended(
    tmp_path: Path, counting: str, length: str, expected: list[str]
) -> None:
    """Tuesday 11 March, and so much more; the warning goes with it, and the explanation leads to it."""
    portal = timeline(tmp_path, counting, length)
    case = portal.submit("a matter", to="roads")
    portal.act(case, "set_term", fields={"by": "2025-03-11"})
    before = "03-07" if counting == "working" else "03-09"
    assert ahead(portal) == [f"{before} 00:00 soon", "03-12 00:00 late"]
    portal.request_extension(case, clock="term", reason="more files")
    portal.grant_extension(case)
    assert ahead(portal) == expected
    last = portal.desk.explain(case.id, clock="term")[0].days[-1]
    assert (last.why, f"{last.date + timedelta(days=1):%m-%d} 00:00 late") == ("last", expected[1])


def test_a_pause_puts_off_the_day_and_what_comes_after(tmp_path: Path) -> None:
    """Paused over the nights of the 12th and the 13th, which then do not count."""
    portal = timeline(tmp_path, "natural", "days = 3")
    case = portal.submit("a matter", to="roads")
    portal.act(case, "set_term", fields={"by": "2025-03-11"})
    portal.request_extension(case, clock="term", reason="more files")
    portal.grant_extension(case)
    portal.advance(to="2025-03-12 12:00")
    portal.request_information(case)
    portal.advance(to="2025-03-14 12:00")
    portal.receive_information(case)
    assert ahead(portal)[-1] == "03-17 00:00 late"
