"""Calendars from packages and public files: iCalendar, holiday-cn, ``holidays``, ``chinesecalendar``."""

from __future__ import annotations

import codecs
import json
import sys
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from caseflow import BadInput, Calendar, load_calendar, read_calendar
from tests.core.calendar_files import SHARED, ics, refusal, saved, working, year

NATIONAL_DAY = "SUMMARY:国庆节假期\nDTSTART;VALUE=DATE:20251001\nDTEND;VALUE=DATE:20251009"
WORKED = "SUMMARY:上班(补国庆节假期)\nDTSTART;VALUE=DATE:20250928\nDTEND;VALUE=DATE:20250929"
CHRISTMAS = "SUMMARY:Christmas\nDTSTART;VALUE=DATE:20241225\nRRULE:FREQ=YEARLY"


def read(folder: Path, content: str | bytes, *, last: str = "") -> Calendar:
    return load_calendar("X", file=saved(folder, "x.ics", content), last=last)


# -- iCalendar -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2025-09-27", False),  # a Saturday
        ("2025-09-28", True),  # the make-up Sunday
        ("2025-09-30", True),
        ("2025-10-01", False),
        ("2025-10-08", False),  # the last day before the exclusive end
        ("2025-10-09", True),
    ],
)
def test_an_event_lasts_until_the_day_before_its_end(tmp_path: Path, day: str, works: bool) -> None:
    """DTEND is the first day after; a name with 班 is a make-up day."""
    calendar = read(tmp_path, ics(NATIONAL_DAY, WORKED))
    assert working(calendar, day) == works


@pytest.mark.parametrize(
    ("events", "first", "last"),
    [
        ((NATIONAL_DAY,), "2025-01-01", "2025-12-31"),
        ((NATIONAL_DAY, WORKED), "2025-01-01", "2025-12-20"),
        ((NATIONAL_DAY, WORKED, "DTSTART;VALUE=DATE:20260101"), "2025-01-01", "2025-12-20"),
        ((NATIONAL_DAY, "DTSTART;VALUE=DATE:20260101"), "2025-01-01", "2026-12-31"),
        (("SUMMARY:上班\nDTSTART;VALUE=DATE:20241229", NATIONAL_DAY), "2025-01-01", "2025-12-20"),
    ],
)
def test_an_ical_file_is_certain_in_the_years_it_is_about(
    tmp_path: Path, events: tuple[str, ...], first: str, last: str
) -> None:
    """Whole years; with make-up days from the first to 20 December of the last year whose notice is out."""
    calendar = read(tmp_path, ics(*events))
    assert (calendar.first.isoformat(), calendar.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("event", "makeup"),
    [
        ("SUMMARY:劳动节(班)\nDTSTART;VALUE=DATE:20250427", True),
        ("SUMMARY:劳动节 补班\nDTSTART;VALUE=DATE:20250427", True),
        ("SUMMARY:劳动节调休\nCATEGORIES:上班\nDTSTART;VALUE=DATE:20250427", True),
        ("SUMMARY:Make-up day\nDTSTART;VALUE=DATE:20250427", True),
        ("SUMMARY:劳动节\nDTSTART;VALUE=DATE:20250427\nX-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY", True),
        ("SUMMARY:劳动节(休)\nCATEGORIES:假期,休息\nDTSTART;VALUE=DATE:20250427", False),
        ("SUMMARY:Special Non-Working Day\nDTSTART;VALUE=DATE:20250427", False),
        ("SUMMARY:劳动节(班)\nDTSTART;VALUE=DATE:20250427\nX-APPLE-SPECIAL-DAY:WORK-HOLIDAY", False),
    ],
)
def test_a_make_up_day_is_known_by_its_words_or_its_mark(tmp_path: Path, event: str, makeup: bool) -> None:
    """班 or make-up in summary or categories, or Apple's mark, which goes before words."""
    assert working(read(tmp_path, ics(event)), "2025-04-27") == makeup


def test_a_file_with_marks_means_only_what_is_marked(tmp_path: Path) -> None:
    """Apple's calendar names festivals on which people work: without the mark they are no rest days."""
    off = "SUMMARY:国庆节\nDTSTART;VALUE=DATE:20251001\nX-APPLE-SPECIAL-DAY:WORK-HOLIDAY"
    festival = "SUMMARY:立秋\nDTSTART;VALUE=DATE:20250807"
    assert list(read(tmp_path, ics(festival, off)).document()["holidays"]) == ["2025-10-01"]
    assert list(read(tmp_path, ics(festival)).document()["holidays"]) == ["2025-08-07"]


@pytest.mark.parametrize(
    ("event", "last", "days"),
    [
        (CHRISTMAS, "2026-12-25", ["2024-12-25", "2025-12-25", "2026-12-25"]),
        (CHRISTMAS, "2025-12-24", None),  # 2025 has no day then
        (f"{CHRISTMAS};COUNT=2", "", ["2024-12-25", "2025-12-25"]),
        (f"{CHRISTMAS};UNTIL=20251225", "", ["2024-12-25", "2025-12-25"]),
        (f"{CHRISTMAS};UNTIL=20251225T000000Z", "", ["2024-12-25", "2025-12-25"]),
        (
            "SUMMARY:Thanksgiving\nDTSTART;VALUE=DATE:20241128\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3",
            "",
            ["2024-11-28", "2025-11-27", "2026-11-26"],
        ),
        ("SUMMARY:x\nDTSTART;VALUE=DATE:20250501\nDURATION:P2D", "", ["2025-05-01", "2025-05-02"]),
        ("SUMMARY:x\nDTSTART;VALUE=DATE:20250501\nDTEND;VALUE=DATE:20250501", "", ["2025-05-01"]),
    ],
)  # fmt: skip
def test_an_event_may_come_back_every_year(
    tmp_path: Path, event: str, last: str, days: list[str] | None
) -> None:
    """Yearly rules are followed to `last`, their end or their count; a year without a day is a gap."""
    if days is None:
        with pytest.raises(BadInput) as caught:
            read(tmp_path, ics(event), last=last)
        assert (caught.value.code, caught.value.data["found"]) == ("year-missing", 2025)
    else:
        assert list(read(tmp_path, ics(event), last=last).document()["holidays"]) == days


@pytest.mark.parametrize(("end", "last"), [("", ""), (";UNTIL=20991231", ""), (";COUNT=900", "2025-12-31")])
def test_days_that_come_back_make_no_year_certain(tmp_path: Path, end: str, last: str) -> None:
    """Christmas since 1970 and until 2099 says nothing of years in which the other days are not named."""
    since = CHRISTMAS.replace("2024", "1970") + end
    once = (f"SUMMARY:Easter Monday\nDTSTART;VALUE=DATE:{day}" for day in ("20240401", "20250421"))
    calendar = read(tmp_path, ics(since, *once), last=last)
    assert (calendar.first, calendar.last) == (date(2024, 1, 1), date(2025, 12, 31))
    assert list(calendar.document()["holidays"]) == ["2024-04-01", "2024-12-25", "2025-04-21", "2025-12-25"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("hello", "bad-icalendar"),
        ("", "bad-icalendar"),
        ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "bad-icalendar"),
        (ics("SUMMARY:x"), "bad-icalendar"),
        (ics("SUMMARY:x\nDTSTART;VALUE=DATE:2025-05-01"), "bad-icalendar"),
        (ics("SUMMARY:x\nDTSTART;VALUE=DATE:20250502\nDTEND;VALUE=DATE:20250501"), "bad-icalendar"),
        (ics("SUMMARY:x\nDTSTART:20250501T000000Z\nDTEND:20250502T000000Z"), "not-all-day"),
        (ics(CHRISTMAS), "last-needed"),
        (ics("SUMMARY:x\nDTSTART;VALUE=DATE:20250501\nRRULE:FREQ=MONTHLY;COUNT=3"), "ical-unsupported"),
        (ics("SUMMARY:x\nDTSTART;VALUE=DATE:20250501\nRRULE:FREQ=YEARLY;BYDAY=XX"), "bad-icalendar"),
        (ics("DTSTART;VALUE=DATE:20250501\nRRULE:nonsense"), "ical-unsupported"),
        (ics(f"{CHRISTMAS};INTERVAL=0"), "ical-unsupported"),
        (ics(f"{CHRISTMAS};COUNT=0"), "ical-unsupported"),
        (ics(f"{CHRISTMAS};BYEASTER=1"), "ical-unsupported"),
        (ics(f"{CHRISTMAS};BYMONTH=2;BYMONTHDAY=30;COUNT=1"), "no-events"),
        (ics("DTSTART;VALUE=DATE:99991231"), "bad-icalendar"),
        (ics(f"{CHRISTMAS};COUNT=2\nEXDATE;VALUE=DATE:20251225"), "ical-unsupported"),
        (ics("SUMMARY:x\nDTSTART;VALUE=DATE:20250501\nRDATE;VALUE=DATE:20250502"), "ical-unsupported"),
        (ics(), "no-events"),
        (ics(f"{NATIONAL_DAY}\nSTATUS:CANCELLED"), "no-events"),
        (ics("SUMMARY:上班\nDTSTART;VALUE=DATE:20250502"), "makeup-on-weekday"),
        (ics("DTSTART;VALUE=DATE:20230501", "DTSTART;VALUE=DATE:20250501"), "year-missing"),
        (ics(NATIONAL_DAY, "SUMMARY:补班\nDTSTART;VALUE=DATE:20251004"), "holiday-and-makeup"),
        (ics(NATIONAL_DAY).encode("gb18030"), "not-utf8"),
    ],
)  # fmt: skip
def test_what_an_ical_file_says_otherwise_is_told_by_name(
    tmp_path: Path, content: str | bytes, code: str
) -> None:
    """No event is left out in silence: not a timed one, not a weekly one, not an exception."""
    with pytest.raises(BadInput) as caught:
        read(tmp_path, content)
    assert caught.value.code == code
    assert "x.ics" in str(caught.value)


def test_an_ical_file_may_bring_a_byte_order_mark_and_has_one_digest(tmp_path: Path) -> None:
    """The mark is no part of the calendar."""
    text = ics(NATIONAL_DAY, WORKED)
    plain, marked = read(tmp_path, text), read(tmp_path, codecs.BOM_UTF8 + text.encode())
    assert plain.digest == marked.digest


def test_the_public_files_of_2025_say_what_chinesecalendar_says(tmp_path: Path) -> None:
    """The shape of holiday-cn's own .ics (DTSTAMP as a date, a zone without more) and the year's notice."""
    rests = ("0101-0102", "0128-0205", "0404-0407", "0501-0506", "0531-0603", "1001-1009")
    worked = ("0126-0127", "0208-0209", "0427-0428", "0928-0929", "1011-1012")
    events = [
        (name, *span.split("-"))
        for name, spans in (("假期", rests), ("上班(补假期)", worked))
        for span in spans
    ]
    lines = (
        f"SUMMARY:{name}\nDTSTART;VALUE=DATE:2025{begin}\nDTEND;VALUE=DATE:2025{end}\n"
        f"DTSTAMP;VALUE=DATE:2025{begin}\nUID:{begin}/{end}"
        for name, begin, end in events
    )
    zone = (
        "X-WR-CALNAME:中国法定节假日\r\nBEGIN:VTIMEZONE\r\nTZID:Asia/Shanghai\r\nBEGIN:STANDARD\r\n"
        "DTSTART:19700101T000000\r\nTZOFFSETFROM:+0800\r\nTZOFFSETTO:+0800\r\nEND:STANDARD\r\n"
        "END:VTIMEZONE\r\nBEGIN:VEVENT"
    )
    calendar = read(tmp_path, ics(*lines).replace("BEGIN:VEVENT", zone, 1))
    assert (calendar.first, calendar.last) == (date(2025, 1, 1), date(2025, 12, 20))
    assert calendar.source == "中国法定节假日, x.ics"
    china = load_calendar("CN")
    days = range(calendar.first.toordinal(), calendar.last.toordinal() + 1)
    assert [day for day in days if calendar.is_working(day) != china.is_working(day)] == []


# -- holiday-cn ----------------------------------------------------------------------------------------------


def test_a_year_of_holiday_cn_ends_on_20_december(tmp_path: Path) -> None:
    """Late December belongs to the next year's notice; days off on Saturdays change nothing."""
    text = year(2025, d0101=True, d0928=False, d1001=True, d1004=True, d1231=True)
    calendar = load_calendar("CN", file=saved(tmp_path, "2025.json", text))
    assert (calendar.first, calendar.last) == (date(2025, 1, 1), date(2025, 12, 20))
    assert list(calendar.document()["holidays"]) == ["2025-01-01", "2025-10-01"]
    assert list(calendar.document()["makeup"]) == ["2025-09-28"]


def test_years_come_one_a_file_by_a_pattern_or_as_a_list(tmp_path: Path) -> None:
    """``20*.json`` and one file with a list of years are the same calendar; a year to come ends it."""
    years = [year(2025, d1001=True), year(2024, d1001=True, d1012=False), year(2026, d0101=True), year(2027)]
    for text in years:
        saved(tmp_path, f"{json.loads(text)['year']}.json", text)
    listed = load_calendar("CN", file=saved(tmp_path, "all.json", f"[{', '.join(years)}]"))
    several = load_calendar("CN", file=tmp_path / "20*.json")
    assert (several.first, several.last) == (date(2024, 1, 1), date(2025, 12, 20))
    assert several.digest == listed.digest == load_calendar("CN", file=tmp_path / "20*.json").digest


def test_a_later_notice_wins(tmp_path: Path) -> None:
    """A day that the next year's notice names again is what that one says."""
    later = year(2026, d1001=True).replace("2026-10-01", "2025-12-13", 0)
    document = json.loads(later)
    document["days"].append({"name": "节", "date": "2025-12-13", "isOffDay": False})
    saved(tmp_path, "2025.json", year(2025, d1001=True, d1213=True))
    saved(tmp_path, "2026.json", json.dumps(document))
    assert working(load_calendar("CN", file=tmp_path / "*.json"), "2025-12-13")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a.json": "nope"}, "bad-json"),
        ({"a.json": "[" * 100_000}, "bad-json"),
        ({"a.json": "[1]"}, "wrong-type"),
        ({"a.json": '"2025"'}, "wrong-type"),
        ({"a.json": '{"2025": {}}'}, "missing-key"),
        ({"a.json": '{"year": "2025", "days": []}'}, "wrong-type"),
        ({"a.json": '{"year": 2025, "days": {}}'}, "wrong-type"),
        ({"a.json": '{"year": 2025, "days": ["2025-10-01"]}'}, "wrong-type"),
        ({"a.json": '{"year": 2025, "days": [{"name": "x", "date": "2025-10-01"}]}'}, "missing-key"),
        (
            {"a.json": '{"year": 2025, "days": [{"name": "x", "date": "2025-10-01", "isOffDay": 1}]}'},
            "wrong-type",
        ),
        (
            {"a.json": '{"year": 2025, "days": [{"name": "x", "date": "2025/10/01", "isOffDay": true}]}'},
            "bad-date",
        ),
        ({"a.json": year(2025, d1001=True).replace("2025-10", "2020-10")}, "year-differs"),
        ({"a.json": year(2025, d1001=True), "b.json": year(2025, d1001=True)}, "year-twice"),
        ({"a.json": year(2023, d1001=True), "b.json": year(2025, d1001=True)}, "year-missing"),
        ({"a.json": year(2026, d0101=True)}, "no-notice"),
        ({"a.json": year(2025, d1001=True, d0929=False)}, "makeup-on-weekday"),
        ({}, "no-such-file"),
    ],
)
def test_json_of_another_shape_is_told(tmp_path: Path, files: dict[str, str], code: str) -> None:
    """Another project's JSON, a year too many or too few, a year before its notice."""
    for name, text in files.items():
        saved(tmp_path, name, text)
    with pytest.raises(BadInput) as caught:
        load_calendar("CN", file=tmp_path / "*.json")
    assert caught.value.code == code


# -- the package holidays ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "day", "works"),
    [
        ("GB ENG", "2026-12-24", True),
        ("GB ENG", "2026-12-25", False),
        ("GB ENG", "2026-12-28", False),  # Boxing Day, a Saturday, observed on Monday
        ("GB ENG", "2026-12-29", True),
        ("US ", "2021-12-30", True),
        ("US ", "2021-12-31", False),  # New Year 2022, a Saturday, observed in the year before
        ("DE BY", "2025-01-06", False),  # Epiphany, in Bavaria
        ("DE BE", "2025-01-06", True),
        ("DE Bayern", "2025-01-06", False),  # an alias of the package
        ("UK ENG", "2025-12-25", False),  # an alias of a country
        ("TW ", "2023-01-07", True),  # a make-up Saturday
        ("TW ", "2023-01-14", False),
    ],
)
def test_a_countrys_public_holidays(place: str, day: str, works: bool) -> None:
    """Days observed instead, parts of a country, aliases, and make-up days where the package knows them."""
    country, subdivision = place.split(" ")
    calendar = load_calendar(
        "X", provider="holidays", country=country, subdivision=subdivision, last="2026-12-31"
    )
    assert working(calendar, day) == works


def test_the_first_certain_day_is_ten_years_before_the_last() -> None:
    """1 January ten years before the year of `last`; the day after `last` is unknown."""
    calendar = load_calendar("X", provider="holidays", country="DE", last="2026-06-30")
    assert (calendar.first, calendar.last) == (date(2016, 1, 1), date(2026, 6, 30))
    assert calendar.source.startswith("holidays ")


def test_the_names_do_not_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package reads LANG; a case pins a digest, so the country's own language is asked for."""
    digests = set()
    for lang in ("C.UTF-8", "en_US.UTF-8", "zh_CN.UTF-8", "de_DE.UTF-8"):
        monkeypatch.setenv("LANGUAGE", lang)
        calendar = load_calendar("X", provider="holidays", country="DE", last="2026-12-31")
        assert calendar.document()["holidays"]["2026-12-25"] == "Erster Weihnachtstag"
        digests.add(calendar.digest)
    assert len(digests) == 1


def test_china_of_the_package_ends_with_its_notices() -> None:
    """Without a notice the package knows statutory days alone: the days before that are like those of
    ``chinesecalendar``."""
    ours = load_calendar("CN")
    limit = min(ours.last, date(2026, 12, 20))
    theirs = load_calendar("CN", provider="holidays", country="CN", last=limit.isoformat())
    day = max(ours.first, theirs.first)
    differ = []
    while day <= limit:
        if working(ours, day.isoformat()) != working(theirs, day.isoformat()):
            differ.append(day.isoformat())
        day += timedelta(days=1)
    assert differ == []
    with pytest.raises(BadInput) as caught:
        load_calendar("CN", provider="holidays", country="CN", last="2035-12-31")
    assert refusal(caught) == ("past-horizon", "last")


@pytest.mark.parametrize(
    ("keys", "code", "key", "near"),
    [
        ({"country": "XX"}, "unknown-country", "country", ""),
        ({"country": "germany"}, "unknown-country", "country", "DE"),
        ({"country": "de"}, "unknown-country", "country", "DE"),
        ({"country": "China"}, "unknown-country", "country", "CN"),
        ({"country": "HolidayBase"}, "unknown-country", "country", ""),
        ({"country": "DE", "subdivision": "bayern"}, "unknown-subdivision", "subdivision", "Bayern"),
        ({"country": "DE", "subdivision": "XX"}, "unknown-subdivision", "subdivision", "BY"),
        ({"country": "IL"}, "weekend-needed", "weekend", 'weekend = ["fri", "sat"]'),
        ({"country": "DE", "last": "2101-01-01"}, "outside-calendar", "last", ""),
        ({"country": "CN", "last": "1949-10-01"}, "outside-calendar", "last", ""),
        ({"country": "DE", "last": "31.12.2026"}, "bad-date", "last", ""),
    ],
)
def test_what_the_package_does_not_know_is_told(keys: dict[str, str], code: str, key: str, near: str) -> None:
    """An unknown country or part, with names like it; a weekend that must be said; a last day too far."""
    with pytest.raises(BadInput) as caught:
        load_calendar("X", provider="holidays", **{"last": "2026-12-31", **keys})  # type: ignore[arg-type]
    assert refusal(caught) == (code, key)
    assert near in str(caught.value)


def test_asking_the_package_before_changes_nothing() -> None:
    """The package keeps make-up days of years asked for in its class; the digest does not follow them."""
    import holidays

    before = load_calendar("X", provider="holidays", country="HU", last="2024-12-31").digest
    holidays.country_holidays("HU", years=range(2000, 2027))
    assert load_calendar("X", provider="holidays", country="HU", last="2024-12-31").digest == before


@pytest.mark.parametrize(
    ("keys", "module", "extra"),
    [
        ({"provider": "chinesecalendar"}, "chinese_calendar", "cn"),
        ({"provider": "holidays", "country": "DE", "last": "2026-12-31"}, "holidays", "holidays"),
        ({"file": Path("x.ics")}, "icalendar", "ical"),
    ],
)
def test_what_is_not_installed_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], module: str, extra: str
) -> None:
    """A library that is missing is named with the extra that brings it."""
    for name in [name for name in sys.modules if name.startswith("caseflow.policies.calendar_sources.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BadInput) as caught:
        load_calendar("X", **keys)  # type: ignore[arg-type]  # a table of keywords
    assert (caught.value.code, caught.value.data["extra"]) == ("extra-needed", extra)
    assert f"caseflow-gov[{extra}]" in str(caught.value)


SAME = {
    "CN": {"provider": "chinesecalendar"},
    "DE": {"provider": "holidays", "country": "DE", "subdivision": "NW"},
    "ENG": {"provider": "holidays", "country": "GB", "subdivision": "ENG"},
    "ES": {"provider": "holidays", "country": "ES", "subdivision": "MD"},
    "KR": {"provider": "holidays", "country": "KR"},
    "US": {"provider": "holidays", "country": "US"},
}
"""Table beside this checkout -> the provider that says the same."""


@pytest.mark.parametrize("name", SAME)
def test_providers_say_what_the_shared_tables_say(name: str) -> None:
    """Day by day, the calendar of the provider is the table that an independent program computed."""
    path = SHARED / "scenarios" / "calendars" / f"{name}.toml"
    if not path.is_file():
        pytest.skip("shared/scenarios is not beside this checkout")
    table, last = read_calendar(path), tomllib.loads(path.read_text(encoding="utf-8"))["last"].isoformat()
    keys = SAME[name] if name == "CN" else {**SAME[name], "last": last}
    theirs = load_calendar(name, **keys)
    days = range(table.first.toordinal(), table.last.toordinal() + 1)
    assert [day for day in days if table.is_working(day) != theirs.is_working(day)] == []
