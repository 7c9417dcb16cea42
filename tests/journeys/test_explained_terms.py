"""Explanations of clocks that count months and office hours: days or stretches, lengths with their units."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, SqliteStore, load_policy
from caseflow.cli import run

POLICY = """
extends = "wuhu"
[clocks.receipt]
start = ["submit"]
stop = ["note"]
counting = "office"
calendar = "office"
rungs = [{ level = "slow", minutes = 90, kind = "warning" }, { level = "late", days = 1 }]
[clocks.answer]
start = ["submit"]
stop = ["reply"]
calendar = "office"
cut_off = "17:00"
roll = "next-working-day"
rungs = [{ level = "soon", weeks = 1, kind = "warning" }, { level = "late", months = 1 }]
[clocks.filing]
start = ["submit"]
stop = ["reply"]
counting = "elapsed"
rungs = [
    { level = "half", of = "late", percent = 50, kind = "warning" },
    { level = "late", days = 2 },
    { level = "worse", of = "late", days = 1 },
]
[calendars.office]
file = "office.toml"
"""
CALENDAR = """name = "office"
first = 2025-01-01
last = 2025-12-20
hours = ["09:00-12:00", "13:00-17:00"]
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    Path("office.toml").write_text(CALENDAR, encoding="utf-8")
    Path("own.toml").write_text(POLICY, encoding="utf-8")
    store = SqliteStore("c.db")
    desk = Desk(load_policy("own.toml"), store, clock=ManualClock("2025-02-28T18:00:00+08:00"))
    desk.submit(title="路灯", to="城管局", by=Actor("c-1", role="citizen"), case_id="c1")
    yield desk
    store.close()


def printed(capsys: pytest.CaptureFixture[str], clock: str, *options: str) -> str:
    assert run(("explain", "c1", "--clock", clock, "--store", "sqlite:///c.db", *options)) == 0
    return capsys.readouterr().out


def test_office_time_of_a_case_is_told_by_stretches(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Closed and running pieces of the longest rung, and each rung's length in its own unit."""
    (part,) = desk.explain("c1", clock="receipt")
    assert (part.days, [(piece.why, str(piece.ran)) for piece in part.stretches]) == ((), [
        ("closed", "0:00:00"), ("runs", "3:00:00"), ("closed", "3:00:00"), ("used-up", "7:00:00"),
    ])  # fmt: skip
    assert [(rung.length, rung.unit) for rung in part.rungs] == [(90, "minutes"), (1, "days")]
    lines = printed(capsys, "receipt").splitlines()
    assert lines[3:] == [
        "  2025-02-28 18:00:00 / 2025-03-03 09:00:00+08:00    0:00:00  closed",
        "  2025-03-03 09:00:00 / 12:00:00+08:00               3:00:00  runs",
        "  2025-03-03 12:00:00 / 13:00:00+08:00               3:00:00  closed",
        "  2025-03-03 13:00:00 / 17:00:00+08:00               7:00:00  runs until used up",
        "  slow (90 minutes): late after 2025-03-03 10:30:00+08:00; source: -",
        "  late (1 day of office hours): late after 2025-03-03 17:00:00+08:00; source: -",
    ]
    assert "办公时间 1 天" in printed(capsys, "receipt", "--lang", "zh")


def test_months_of_a_case_are_told_by_days(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Too late on Friday, so from Monday; a week and a month, in words and in JSON."""
    (part,) = desk.explain("c1", clock="answer")
    days = [(str(day.date)[5:], day.why) for day in part.days]
    assert days[:4] == [("02-28", "cut-off"), ("03-01", "cut-off"), ("03-02", "cut-off"), ("03-03", "start")]
    assert days[-1] == ("04-03", "last")
    out = printed(capsys, "answer")
    assert "  soon (1 week): late from 2025-03-11 00:00:00+08:00" in out
    assert "  late (1 month): late from 2025-04-04 00:00:00+08:00" in out
    assert "late（1 个月）" in printed(capsys, "answer", "--lang", "zh")
    (document,) = json.loads(printed(capsys, "answer", "--json"))
    assert [(rung["length"], rung["unit"], rung["of"]) for rung in document["rungs"]] == [
        (1, "weeks", ""), (1, "months", ""),
    ]  # fmt: skip
    assert len(document["days"]) == len(days)


def test_a_rung_that_hangs_on_another_is_told_with_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A share of another rung's length, and a length after it, name that rung."""
    assert [rung.of for rung in desk.explain("c1", clock="filing")[0].rungs] == ["late", "", "late"]
    out = printed(capsys, "filing")
    assert "half (50 % of late): " in out and "worse (1 day of running time after late): " in out
    out = printed(capsys, "filing", "--lang", "zh")
    assert "half（“late”期限的 50%）" in out and "worse（“late”后 累计 1 天）" in out


def test_nothing_counts_after_a_clock_has_ended(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The days end with the one of the stop, which does not count any more; stretches at its instant."""
    desk.clock.set("2025-03-03T09:30:00+08:00")
    desk.note("c1", text="已看", by=Actor("o-4", role="handler", unit="城管局"))
    desk.clock.set("2025-03-06T10:00:00+08:00")
    desk.reply("c1", text="已修复", by=Actor("o-4", role="handler", unit="城管局"))
    (part,) = desk.explain("c1", clock="receipt")
    assert [(piece.why, str(piece.ran)) for piece in part.stretches] == [
        ("closed", "0:00:00"), ("runs", "0:30:00"),
    ]  # fmt: skip
    assert part.stretches[-1].end == part.until
    (part,) = desk.explain("c1", clock="reply")
    assert [(day.date.isoformat()[5:], day.count, day.why) for day in part.days] == [
        ("02-28", 0, "start"), ("03-01", 1, "counts"), ("03-02", 2, "counts"), ("03-03", 3, "counts"),
        ("03-04", 4, "counts"), ("03-05", 5, "counts"), ("03-06", 5, "stopped"),
    ]  # fmt: skip
    assert printed(capsys, "reply", "--lang", "zh").count("已停止") == 2  # the clock, and its day


@pytest.mark.parametrize("at", ["2025-03-30T10:00:00+08:00", "2025-04-02T10:00:00+08:00"])
def test_a_clock_that_ran_to_the_last_day_is_told_whole(desk: Desk, at: str) -> None:
    """Stopped on the last day of its longest rung, or after it: that day is what it is."""
    desk.clock.set(at)
    desk.reply("c1", text="已修复", by=Actor("o-4", role="handler", unit="城管局"))
    (part,) = desk.explain("c1", clock="reply")
    assert (part.days[-1].date.isoformat(), part.days[-1].why) == ("2025-03-30", "last")
