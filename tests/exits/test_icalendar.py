"""A unit's deadlines as iCalendar: what it holds, read back by the library, and right to the octet."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from caseflow import Actor, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.cli import run
from caseflow.contrib.calendar_feed import unit_calendar
from caseflow.views.icalendar import DueRung, icalendar

IMPORTER = Actor("importer", role="importer", unit="城管局")
START = "2025-03-03T09:30:00+08:00"
LAWS = load_policy(Path(__file__).parents[1] / "laws" / "policy.toml")
quickly = settings(derandomize=True, database=None, max_examples=200, deadline=None)


def desk_with(*ids: str, policy: Any = None, store: Any = None) -> Desk:
    desk = Desk(policy or load_policy("wuhu"), store or MemoryStore(), clock=ManualClock(START))
    for case_id in ids:
        desk.submit(title="路灯不亮,张三", body="电话 138000", to="城管局", by=IMPORTER, case_id=case_id)
    return desk


def events(text: str) -> list[Any]:
    return list(Calendar.from_ical(text).walk("VEVENT"))


def test_every_rung_to_come_is_an_event_at_its_instant() -> None:
    """The four rungs of the reply clock, in order, each at the first late instant, in UTC."""
    rungs = events(unit_calendar(desk_with("c1"), "城管局"))
    assert [str(event["SUMMARY"]) for event in rungs] == [
        "reminder: c1 (reply, last day 2025-03-06)",
        "yellow card: c1 (reply, last day 2025-03-08)",
        "red card: c1 (reply, last day 2025-03-18)",
        "urging notice: c1 (reply, last day 2025-04-02)",
    ]
    assert rungs[1]["DTSTART"].dt == datetime(2025, 3, 8, 16, tzinfo=UTC)
    assert {event["DTSTAMP"].dt for event in rungs} == {datetime(2025, 3, 3, 1, 30, tzinfo=UTC)}
    (alarm,) = rungs[1].walk("VALARM")
    assert alarm["TRIGGER"].dt == timedelta(days=-1)


def test_no_personal_text_is_in_it() -> None:
    """Neither title nor body nor who asked."""
    text = unit_calendar(desk_with("c1"), "城管局", lang="zh")
    assert not any(secret in text for secret in ("路灯", "张三", "138", "importer"))


def test_ids_stay_while_deadlines_move() -> None:
    """An extension moves the events, whose UIDs stay and whose SEQUENCE rises; a reply removes them."""
    desk = desk_with("c1", "c2")
    before = events(unit_calendar(desk, "城管局"))
    desk.request_extension("c1", days=5, by=IMPORTER, reason="雨季")
    desk.grant_extension("c1", by=IMPORTER)
    after = events(unit_calendar(desk, "城管局"))
    assert {event["UID"] for event in before} == {event["UID"] for event in after}
    assert len({event["UID"] for event in before}) == 8
    old, new = ({e["UID"]: e for e in rungs} for rungs in (before, after))
    moved = [uid for uid in old if old[uid]["DTSTART"].dt != new[uid]["DTSTART"].dt]
    assert len(moved) == 4
    assert all(new[uid]["SEQUENCE"] > old[uid]["SEQUENCE"] for uid in moved)
    desk.reply("c1", text="好了", by=IMPORTER)
    assert len(events(unit_calendar(desk, "城管局"))) == 4


def test_what_is_fired_paused_or_of_another_unit_is_not_in_it() -> None:
    """Only rungs that fire if nobody acts, of the unit's own clocks."""
    desk = desk_with("c1", policy=LAWS)
    desk.take_charge("c1", by=IMPORTER)
    desk.add_co_handler("c1", co_handler="住建局", by=IMPORTER)
    desk.request_information("c1", text="哪一盏?", by=IMPORTER)
    desk.clock.advance(days=6)
    desk.sweep()
    summaries = [str(event["SUMMARY"]) for event in events(unit_calendar(desk, "城管局"))]
    assert summaries == [
        "red card: c1 (reply, last day 2025-03-18)",
        "urging notice: c1 (reply, last day 2025-04-02)",
    ]
    assert events(unit_calendar(desk, "住建局")) == []


@pytest.mark.soak
def test_many_cases_are_read_page_by_page() -> None:
    """More cases than a page holds are all in it, once each."""
    desk = desk_with(*(f"c{number}" for number in range(501)))
    rungs = events(unit_calendar(desk, "城管局"))
    assert len({event["UID"] for event in rungs}) == len(rungs) == 4 * 501


def due_rung(text: str, due_us: int = 1_741_000_000_000_000) -> DueRung:
    """A rung that says that text everywhere."""
    return DueRung(
        uid="u@x", due_us=due_us, summary=text, description=text, level=text, sequence=1, changed_us=due_us
    )


def unfolded(calendar: str) -> list[str]:
    """The lines of a calendar, as whoever reads it puts them together again (RFC 5545, 3.1)."""
    return calendar.replace("\r\n ", "").split("\r\n")


@quickly
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_comes_back(text: str) -> None:
    """Commas, semicolons, backslashes, line ends, Chinese, emoji; control characters are left out."""
    calendar = icalendar([due_rung(text)], name=text, now_us=1_741_000_000_000_000)
    (event,) = events(calendar)
    kept = "".join(
        character
        for character in text.replace("\r\n", "\n")
        if character == "\n" or (character >= " " and character != "\x7f")
    )
    assert str(event["SUMMARY"]) == str(event["DESCRIPTION"]) == kept
    for line in calendar.split("\r\n"):
        assert len(line.encode()) <= 75
        assert "\n" not in line


@quickly
@given(st.text(alphabet="ax路😀", min_size=1, max_size=200))
def test_folding_cuts_no_character(text: str) -> None:
    """Each piece of a folded line is whole characters; nothing but CRLF and a space stands between them."""
    calendar = icalendar([due_rung("s")], name=text, now_us=0)
    assert f"X-WR-CALNAME:{text}" in unfolded(calendar)


@pytest.mark.parametrize(("size", "lines"), [(74, 1), (76, 2), (147, 2), (150, 3)])
def test_a_long_line_is_folded(size: int, lines: int) -> None:
    """A line that has more than 75 octets goes on behind a space, and so on."""
    head = "X-WR-CALNAME:"
    calendar = icalendar([], name="x" * (size - len(head)), now_us=0)
    (start,) = [n for n, line in enumerate(calendar.split("\r\n")) if line.startswith(head)]
    assert calendar.split("\r\n")[start + lines] == "END:VCALENDAR"


def test_escapes() -> None:
    """As RFC 5545 3.3.11 says, a colon stays; what cannot be printed is left out."""
    lines = unfolded(icalendar([due_rung("a,b;c\\d\ne:f\r\ng\x00\x07")], name="n", now_us=0))
    assert lines.count("SUMMARY:a\\,b\\;c\\\\d\\ne:f\\ng") == 1
    assert lines.count("CATEGORIES:a\\,b\\;c\\\\d\\ne:f\\ng") == 1


@pytest.mark.parametrize(
    ("alarm", "trigger"),
    [(timedelta(days=2), "-P2D"), (timedelta(hours=3), "-PT3H"), (timedelta(seconds=90), "-PT1M30S")],
)
def test_alarms(alarm: timedelta, trigger: str) -> None:
    """Days, hours, minutes or seconds before it; none where none is asked for."""
    due = due_rung("s", 1_741_000_000_000_001)
    calendar = icalendar([due], name="n", now_us=0, alarm=alarm)
    assert f"TRIGGER:{trigger}\r\n" in calendar
    (event,) = events(calendar)
    assert event.walk("VALARM")[0]["TRIGGER"].dt == -alarm
    assert event["DTSTART"].dt == datetime(2025, 3, 3, 11, 6, 41, tzinfo=UTC)  # counts on, never early
    assert "VALARM" not in icalendar([due], name="n", now_us=0, alarm=None)


def test_a_chinese_calendar_is_chinese() -> None:
    """Summary, description and category: labels, never keys."""
    (_, yellow, *_) = events(unit_calendar(desk_with("c1"), "城管局", lang="zh"))
    assert str(yellow["SUMMARY"]) == "黄牌警示：c1（答复时限，末日 2025-03-08）"
    assert str(yellow["DESCRIPTION"]) == "已分转，城管局，答复时限，末日 2025-03-08"
    assert yellow["CATEGORIES"].cats == ["黄牌警示"]


def test_what_every_calendar_says_first() -> None:
    """The head by which programs know it, whatever is in it."""
    lines = icalendar([], name="期限", now_us=0).split("\r\n")
    assert lines == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//caseflow//deadlines//EN", "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH", "X-WR-CALNAME:期限", "END:VCALENDAR", "",
    ]  # fmt: skip


def test_the_command_writes_a_file(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CRLF stands in the file and on standard output alike; a unit without cases has an empty calendar."""
    monkeypatch.chdir(tmp_path)
    desk_with("c1", store=SqliteStore("c.db")).store.close()
    line = ["calendar", "--unit", "城管局", "--store", "sqlite:///c.db", "--lang", "zh"]
    assert run([*line, "--out", "u.ics"]) == 0
    assert capsysbinary.readouterr().out.decode() == "u.ics：4 项期限，城管局\n"
    written = Path("u.ics").read_bytes()
    assert len(events(written.decode())) == 4
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert run([*line, "--unit", "nobody", "--alarm-hours", "0"]) == 0
    assert capsysbinary.readouterr().out.startswith(b"BEGIN:VCALENDAR\r\n")
    assert run([*line[:4], "sqlite:///none.db"]) == 5


def test_without_the_library_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The extra is named on one line; nothing else of the command line needs it."""
    for name in ("icalendar", "caseflow.views.icalendar", "caseflow.contrib.calendar_feed"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "icalendar", None)  # Python marks so what is not there
    assert run(["calendar", "--unit", "城管局", "--store", "sqlite:///c.db", "--lang", "en"]) == 2
    error = capsys.readouterr().err
    assert "icalendar" in error and "`ical`" in error
    assert run(["policy", "diagram", "wuhu"]) == 0
