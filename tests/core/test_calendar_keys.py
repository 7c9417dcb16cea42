"""What a policy says of its calendars: what is laid over a source, who chooses, and what is told."""

from __future__ import annotations

import codecs
from datetime import date
from pathlib import Path

import attrs
import pytest

from caseflow import Calendar, load_policy
from caseflow.errors import Problem
from caseflow.policies.calendar_keys import check_office_hours
from caseflow.policies.parse import Notes
from tests.core.calendar_files import HEAD, ics, saved, working, year
from tests.core.policy_files import clock, over_wuhu, problems, written

TABLE = HEAD + (
    'hours = ["08:30-12:00", "14:00-17:30"]\nhalf = { 2025-12-24 = ["08:30-12:00"] }\n'
    '[holidays]\n2025-05-01 = "劳动节"\n2025-05-02 = "劳动节"\n2025-05-03 = "劳动节"\n'
    '[makeup]\n2025-04-27 = "劳动节"\n2025-05-10 = "劳动节"\n'
)
WORKING = clock('counting = "working"\ncalendar = "X"')


def loaded(folder: Path, keys: str) -> Calendar:
    """The calendar X of a policy with these keys, over the table of this module."""
    saved(folder, "x.toml", TABLE)
    return load_policy(over_wuhu(folder, f"[calendars.X]\n{keys}\n{WORKING}")).tables["X"]


@pytest.mark.parametrize(
    ("keys", "days"),
    [
        ("", "WRRRRWRWW"),
        ('weekend = ["sun"]', "WRRRRWWWW"),  # Saturday 3 May is a holiday, Saturday 10 May works anyway
        ('weekend = ["fri", "sat"]', "WRRRWWRWW"),
        ("week = [0, 1, 2, 3, 4, 5]", "WRRRRWWWW"),
        ('closed = { 2025-04-30 = "moving house" }', "RRRRRWRWW"),
        ('closed = { 2025-05-10 = "moving house" }', "WRRRRRRWW"),  # before the make-up day
        ('closed = { 2025-05-17 = "a Saturday" }', "WRRRRWRWW"),
    ],
)
def test_week_and_closed_days_are_laid_over_the_table(tmp_path: Path, keys: str, days: str) -> None:
    """Works or rests: 30 April to 4 May 2025, Saturdays 10 and 17 May, the Monday and Tuesday after."""
    calendar = loaded(tmp_path, f'file = "x.toml"\n{keys}')
    asked_for = ("04-30", "05-01", "05-02", "05-03", "05-04", "05-10", "05-17", "05-19", "05-20")
    assert "".join("W" if working(calendar, f"2025-{day}") else "R" for day in asked_for) == days


def test_hours_and_half_days_are_laid_over_the_table(tmp_path: Path) -> None:
    """The policy's hours replace the table's; half days are added to the table's, day by day."""
    keys = 'file = "x.toml"\nhours = ["09:00-17:00"]\nhalf = { 2025-12-31 = ["09:00-13:00"] }'
    calendar = loaded(tmp_path, keys)
    assert calendar.document()["hours"] == ["09:00-17:00"]
    assert calendar.document()["half"] == {"2025-12-24": ["08:30-12:00"], "2025-12-31": ["09:00-13:00"]}


def test_a_closed_day_has_no_half_day_left(tmp_path: Path) -> None:
    """A unit that is closed on the table's half day, by its date or its weekday (a Wednesday), is closed."""
    assert loaded(tmp_path, 'file = "x.toml"\nweekend = ["wed", "sun"]').half == {}
    calendar = loaded(tmp_path, 'file = "x.toml"\nclosed = { 2025-12-24 = "stocktaking" }')
    day = date(2025, 12, 24).toordinal()
    assert (calendar.open_hours(day), calendar.reason(day)) == ((), "stocktaking")


@pytest.mark.parametrize(
    "keys",
    [
        'provider = "chinesecalendar"',
        'provider = "holidays"\ncountry = "DE"\nlast = "2026-12-31"',
        'file = "days.ics"\nlast = "2025-12-20"',
        'file = "20*.json"',
    ],
)
def test_every_source_takes_what_a_policy_lays_over_it(tmp_path: Path, keys: str) -> None:
    """Hours, half days, closed days and the week go with any source, and loading twice gives one digest."""
    saved(tmp_path, "days.ics", ics("SUMMARY:国庆节\nDTSTART;VALUE=DATE:20251001"))
    saved(tmp_path, "2025.json", year(2025, d1001=True))
    over = (
        'hours = ["08:30-17:30"]\nhalf = { 2025-12-19 = ["08:30-12:00"] }\nweekend = ["sun"]\n'
        'closed = { 2025-03-14 = "moving house" }'
    )
    first, second = (loaded(tmp_path, f"{keys}\n{over}") for _ in range(2))
    assert first.digest == second.digest
    assert first.open_hours(date(2025, 12, 18).toordinal()) == ((510, 1050),)
    assert first.open_hours(date(2025, 12, 19).toordinal()) == ((510, 720),)
    assert working(first, "2025-03-15")
    assert first.reason(date(2025, 3, 14).toordinal()) == "moving house"


@pytest.mark.parametrize(
    ("keys", "path", "code", "found"),
    [
        ('provider = "nobody"', "provider", "unknown-provider", "nobody"),
        ('file = "x.toml"\nprovider = "holidays"', "provider", "not-beside", "file"),
        ('provider = "holidays"\nlast = "2026-12-31"', "country", "missing-key", ""),
        ('provider = "holidays"\ncountry = "DE"', "last", "missing-key", ""),
        ('provider = "holidays"\ncountry = "DE"\nlast = "2026/12/31"', "last", "bad-date", "2026/12/31"),
        ('file = "x.toml"\ncountry = "DE"', "country", "only-of-holidays", "x.toml"),
        ('provider = "chinesecalendar"\nsubdivision = "BY"', "subdivision", "only-of-holidays",
         "chinesecalendar"),
        ('file = "x.toml"\nlast = "2026-12-31"', "last", "only-of-holidays", "x.toml"),
        ("week = []", "week", "empty-week", "[]"),
        ("week = [7]", "week", "empty-week", "[7]"),
        ('weekend = ["saturday"]', "weekend", "unknown-weekday", "saturday"),
        ('weekend = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]', "weekend", "empty-week",
         "mon, tue, wed, thu, fri, sat, sun"),
        ('week = [0, 1]\nweekend = ["sun"]', "weekend", "not-beside", "week"),
        ('hours = ["17:00-09:00"]', "hours", "bad-opening", "17:00-09:00"),
        ('hours = ["14:00-17:30", "08:30-12:00"]', "hours", "bad-opening", "08:30-12:00"),
        ('hours = ["9-5"]', "hours", "bad-time-of-day", "9"),
        ('half = { 2025-12-24 = ["12:00-08:30"] }', "half.2025-12-24", "bad-opening", "12:00-08:30"),
        ('half = { "24.12.2025" = ["08:30-12:00"] }', "half.24.12.2025", "bad-date", "24.12.2025"),
        ('closed = { "2025/3/14" = "x" }', "closed.2025/3/14", "bad-date", "2025/3/14"),
        ('closed = ["2025-03-14"]', "closed", "wrong-type", "list, expected a table"),
        ('half = ["2025-03-14"]', "half", "wrong-type", "list, expected a table"),
        ('by = "city"\nof = { a = "Y" }', "by", "unknown-chooser", "city"),
        ('by = "region"', "of", "missing-key", ""),
        ('of = { a = "Y" }', "by", "missing-key", ""),
        ('by = "unit"\nof = { a = "Z" }', "of.a", "unknown-calendar", "Z"),
        ('by = "unit"\nof = { a = "X" }', "of.a", "chooses-again", "X"),
        ('by = "unit"\nof = { a = "B" }', "of.a", "chooses-again", "B"),
    ],
)  # fmt: skip
def test_each_key_that_cannot_be_is_told(tmp_path: Path, keys: str, path: str, code: str, found: str) -> None:
    """Of every calendar, whether a clock uses it or not, by its key path."""
    others = '[calendars.Y]\nfile = "y.toml"\n[calendars.B]\nfile = "y.toml"\nby = "region"\nof = { a = "Y" }'
    file = over_wuhu(tmp_path, f"[calendars.X]\n{keys}\n{others}")
    assert Problem(str(file), f"calendars.X.{path}", code, found) in problems(file)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('file = "x.toml"\nclosed = { 2026-01-01 = "x" }', "closed.2026-01-01: 2026-01-01 lies outside"),
        ('file = "x.toml"\nclosed = { 2024-12-31 = "x" }', "closed.2024-12-31: 2024-12-31 lies outside"),
        ('file = "x.toml"\nhalf = { 2026-01-02 = [] }', "half.2026-01-02: 2026-01-02 lies outside"),
        ('file = "x.toml"\nhalf = { 2025-05-01 = [] }', "half.2025-05-01: the office is closed"),
        ('file = "x.toml"\nhalf = { 2025-05-04 = [] }', "half.2025-05-04: the office is closed"),
        ('file = "bare.toml"\nhalf = { 2025-05-06 = [] }', "half: 2025-05-06 has hours of its own"),
        ('file = "slip.toml"', "slip.toml: holidays: wrong type: list"),
        ('file = "x.xlsx"', "file: x.xlsx; a calendar's file ends in"),
        ('provider = "holidays"\ncountry = "Germany"\nlast = "2026-12-31"', "country: the package holidays"),
        ("", "X: the calendar names neither"),
    ],
)
def test_what_a_source_says_is_told_at_the_calendar(tmp_path: Path, keys: str, words: str) -> None:
    """What only shows when the source is read: one problem of the policy, which names file and key."""
    saved(tmp_path, "bare.toml", HEAD)
    saved(tmp_path, "slip.toml", HEAD + 'holidays = ["2025-05-01"]')
    saved(tmp_path, "x.toml", TABLE)
    (problem,) = problems(over_wuhu(tmp_path, f"[calendars.X]\n{keys}\n{WORKING}"))
    assert (problem.path, problem.code) == ("calendars.X", "calendar-unavailable")
    assert words in problem.found


def test_a_calendar_that_chooses_brings_all_it_chooses_among(tmp_path: Path) -> None:
    """Every calendar that ``of`` names is loaded, and is part of the policy's pin; others are not."""
    for name in ("a", "b", "c", "d"):
        saved(tmp_path, f"{name}.toml", HEAD.replace('"X"', f'"{name}"'))
    text = "".join(f'[calendars.{name}]\nfile = "{name}.toml"\n' for name in ("a", "b", "d"))
    text += '[calendars.X]\nfile = "c.toml"\nby = "region"\nof = { Bayern = "a", Berlin = "b" }\n'
    policy = load_policy(over_wuhu(tmp_path, text + WORKING))
    assert {name: table.name for name, table in policy.tables.items()} == {"a": "a", "b": "b", "X": "c"}


def test_what_counts_office_hours_needs_hours(tmp_path: Path) -> None:
    """The calendar that a clock names, and each that this one chooses among; the table's hours are enough."""
    saved(tmp_path, "x.toml", TABLE)
    saved(tmp_path, "bare.toml", HEAD)
    text = (
        '[calendars.X]\nfile = "x.toml"\nby = "unit"\nof = { a = "Y" }\n[calendars.Y]\nfile = "bare.toml"\n'
    )
    policy = load_policy(over_wuhu(tmp_path, text + WORKING))
    clocks = {**policy.clocks, "c": attrs.evolve(policy.clocks["c"], counting="office")}
    notes = Notes("mine.toml")
    check_office_hours(attrs.evolve(policy, clocks=clocks), policy.tables, notes)
    assert notes.problems == [Problem("mine.toml", "calendars.Y.hours", "hours-needed", "clocks.c")]


def test_a_policy_may_bring_a_byte_order_mark(tmp_path: Path) -> None:
    """A policy saved by Notepad or Excel is the policy without the mark."""
    text = 'extends = "wuhu"\nname = "城市"\n'
    marked = written(tmp_path, codecs.BOM_UTF8 + text.encode(), "marked.toml")
    assert load_policy(marked).pin == load_policy(written(tmp_path, text)).pin
