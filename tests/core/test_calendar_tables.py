"""Table files of calendars: every key is read, and every slip is told with the file and the key."""

from __future__ import annotations

import codecs
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import BadInput, read_calendar
from caseflow.cli import run
from caseflow.policies.calendar_sources.calendar_table import KEYS
from caseflow.policies.calendars import calendar_named
from tests.core.calendar_files import HEAD, SHARED, refusal, saved, working

TABLES = sorted([*SHARED.glob("scenarios/calendars/*.toml"), *SHARED.glob("regulations/calendars/*.toml")])


def test_every_key_of_a_table_is_read(tmp_path: Path) -> None:
    """Horizon, week, hours, half days, holidays, make-up days and the source come out as they stand."""
    text = HEAD + (
        'week = ["mon", "tue", "wed", "thu", "fri"]\nsource = "市政府公告"\n'
        'hours = ["08:30-12:00", "14:00-17:30"]\nhalf = { 2025-12-24 = ["08:30-12:00"] }\n'
        '[holidays]\n2025-05-01 = "劳动节"\n[makeup]\n2025-04-27 = "劳动节"\n'
    )
    assert read_calendar(saved(tmp_path, "x.toml", text)).document() == {
        "name": "X", "first": "2025-01-01", "last": "2025-12-31", "week": [0, 1, 2, 3, 4],
        "holidays": {"2025-05-01": "劳动节"}, "makeup": {"2025-04-27": "劳动节"}, "source": "市政府公告",
        "hours": ["08:30-12:00", "14:00-17:30"], "half": {"2025-12-24": ["08:30-12:00"]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2025-12-23", ((510, 720), (840, 1050))),
        ("2025-12-24", ((510, 720),)),
        ("2025-12-25", ()),
        ("2025-12-26", ((510, 720), (840, 1050))),
        ("2025-12-27", ()),
    ],
)
def test_a_half_day_has_its_own_hours(tmp_path: Path, day: str, hours: object) -> None:
    """The day before, the half day, the holiday after it, an ordinary day and a Saturday."""
    text = HEAD + (
        'hours = ["08:30-12:00", "14:00-17:30"]\n[half]\n2025-12-24 = ["08:30-12:00"]\n'
        '[holidays]\n2025-12-25 = "Christmas"\n'
    )
    calendar = read_calendar(saved(tmp_path, "x.toml", text))
    assert calendar.open_hours(date.fromisoformat(day).toordinal()) == hours


@pytest.mark.parametrize(
    ("body", "code", "key"),
    [
        ('holidays = ["2025-05-01"]', "wrong-type", "holidays"),
        ("[[holidays]]\ndate = 2025-05-01", "wrong-type", "holidays"),
        ('makeup = "2025-05-03"', "wrong-type", "makeup"),
        ("[holidays]\n2025-05-01 = true", "wrong-type", "holidays.2025-05-01"),
        ('[half]\n2025-05-06 = "08:30-12:00"', "wrong-type", "half.2025-05-06"),
        ('hours = "08:30-12:00"', "wrong-type", "hours"),
        ('week = "mon-fri"', "wrong-type", "week"),
        ('week = ["monday"]', "unknown-weekday", "week"),
        ("week = [0, 1]", "unknown-weekday", "week"),
        ("week = []", "empty-week", "week"),
        ('colour = "red"', "unknown-key", "colour"),
        ('[holiday]\n2025-05-01 = "x"', "unknown-key", "holiday"),
        ('[holidays]\n"2025/5/1" = "x"', "bad-date", "holidays.2025/5/1"),
        ('[holidays]\n"1.5.2025" = "x"', "bad-date", "holidays.1.5.2025"),
        ('[holidays]\n45778 = "x"', "bad-date", "holidays.45778"),
        ('[holidays]\n20250501 = "x"', "bad-date", "holidays.20250501"),
        ('[holidays]\n2025-W18-4 = "x"', "bad-date", "holidays.2025-W18-4"),
        ('[holidays]\n2025-02-29 = "x"', "bad-date", "holidays.2025-02-29"),
        ('[holidays]\n2024-12-31 = "x"', "outside-calendar", "holidays.2024-12-31"),
        ('[holidays]\n2026-01-01 = "x"', "outside-calendar", "holidays.2026-01-01"),
        ('[makeup]\n2024-12-29 = "x"', "outside-calendar", "makeup.2024-12-29"),
        ('[makeup]\n2026-01-03 = "x"', "outside-calendar", "makeup.2026-01-03"),
        ('hours = ["09:00-17:00"]\n[half]\n2026-01-02 = []', "outside-calendar", "half.2026-01-02"),
        ('hours = ["09:00-17:00"]\n[half]\n2025-05-04 = []', "half-on-rest-day", "half.2025-05-04"),
        ('[makeup]\n2025-05-05 = "x"', "makeup-on-weekday", "makeup.2025-05-05"),
        ("[makeup]\n2025-05-03 = ''\n[holidays]\n2025-05-03 = ''", "holiday-and-makeup", "makeup.2025-05-03"),
        ('hours = ["14:00-17:30", "08:30-12:00"]', "bad-opening", "hours"),
        ('hours = ["08:30-12:00", "11:59-17:30"]', "bad-opening", "hours"),
        ('hours = ["12:00-12:00"]', "bad-opening", "hours"),
        ('hours = ["8:30-12:00"]', "bad-time-of-day", "hours"),
        ('hours = ["22:00-24:01"]', "bad-time-of-day", "hours"),
        ('hours = ["09:00-17:00"]\n[half]\n2025-05-06 = ["17:00-09:00"]', "bad-opening", "half.2025-05-06"),
    ],
)  # fmt: skip
def test_a_slip_in_a_table_names_its_key(tmp_path: Path, body: str, code: str, key: str) -> None:
    """Another shape, another spelling of a day, a day outside the horizon, hours out of order."""
    with pytest.raises(BadInput) as caught:
        read_calendar(saved(tmp_path, "x.toml", HEAD + body))
    assert refusal(caught) == (code, f"x.toml: {key}")
    assert str(caught.value).startswith(f"x.toml: {key}: ")


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        ("first = 2025-01-01\nlast = 2025-12-31", "missing-key", "x.toml: name"),
        ('name = "X"\nlast = 2025-12-31', "missing-key", "x.toml: first"),
        ('name = "X"\nfirst = 2025-01-01', "missing-key", "x.toml: last"),
        ('name = 1\nfirst = 2025-01-01\nlast = 2025-12-31', "wrong-type", "x.toml: name"),
        ('name = "X"\nfirst = 2025-01-01T00:00:00\nlast = 2025-12-31', "bad-date", "x.toml: first"),
        ('name = "X"\nfirst = 2025-01-01\nlast = "31.12.2025"', "bad-date", "x.toml: last"),
        ('name = "X"\nfirst = 2025-01-02\nlast = 2025-01-01', "bad-horizon", "calendar X"),
        ("date,name\n2025-05-01,劳动节\n", "bad-toml", "x.toml"),
        ("BEGIN:VCALENDAR", "bad-toml", "x.toml"),
        ('name = "劳动节"'.encode("gb18030"), "not-utf8", "x.toml"),
        ('name = "X"'.encode("utf-16"), "not-utf8", "x.toml"),
        (b"#" * 1_000_001, "too-large", "x.toml"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_told(tmp_path: Path, content: str | bytes, code: str, place: str) -> None:
    """A key that must stand there, another kind of file, another encoding, a file too large."""
    with pytest.raises(BadInput) as caught:
        read_calendar(saved(tmp_path, "x.toml", content))
    assert refusal(caught) == (code, place)


@pytest.mark.parametrize("name", ["x.xlsx", "x.csv", "x", "x.yaml"])
def test_a_file_of_another_kind_is_told_by_its_ending(tmp_path: Path, name: str) -> None:
    """Only .toml, .ics and .json are calendars."""
    with pytest.raises(BadInput) as caught:
        read_calendar(saved(tmp_path, name, HEAD))
    assert caught.value.code == "calendar-kind"


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    """What is not there, and what is no file."""
    (tmp_path / "folder.toml").mkdir()
    for name, code in (("none.toml", "no-such-file"), ("folder.toml", "not-a-file")):
        with pytest.raises(BadInput) as caught:
            read_calendar(tmp_path / name)
        assert caught.value.code == code


def test_days_may_be_dates_or_texts_and_bring_a_byte_order_mark(tmp_path: Path) -> None:
    """A day as TOML's date or as a text, with or without the mark of Windows' editors: one calendar."""
    plain = HEAD + '[holidays]\n2025-05-01 = "x"\n'
    quoted = HEAD.replace("2025-01-01", '"2025-01-01"') + '[holidays]\n"2025-05-01" = "x"\n'
    files = {"a.toml": plain.encode(), "b.toml": quoted.encode(), "c.toml": codecs.BOM_UTF8 + plain.encode()}
    digests = {read_calendar(saved(tmp_path, name, raw)).digest for name, raw in files.items()}
    assert len(digests) == 1


def test_a_holiday_on_a_rest_weekday_only_has_a_name(tmp_path: Path) -> None:
    """Tables of public offices name Saturdays: 4 October 2025 rests as it would without, and says why."""
    friday = HEAD + '[holidays]\n2025-10-03 = "国庆节"\n'
    both = read_calendar(saved(tmp_path, "a.toml", friday + '2025-10-04 = "国庆节"\n'))
    plain = read_calendar(saved(tmp_path, "b.toml", friday))
    saturday = date(2025, 10, 4).toordinal()
    assert not working(both, "2025-10-04")
    assert not working(plain, "2025-10-04")
    assert (both.reason(saturday), plain.reason(saturday)) == ("国庆节", "weekend")


@pytest.mark.parametrize("name", ["", ".", "..", "../CN", "a/CN", "a\\CN", "C:CN", "CN\0"])
def test_a_calendar_is_named_without_a_path(tmp_path: Path, name: str) -> None:
    """A name is that of a file in the directory, never a way out of it."""
    saved(tmp_path, "CN.toml", HEAD)
    with pytest.raises(BadInput) as caught:
        calendar_named(name, tmp_path / "a")
    assert caught.value.code == "calendar-name"


def test_a_named_calendar_is_a_table_of_the_directory(tmp_path: Path) -> None:
    """``CN`` is ``CN.toml``; what is not there is told by its file."""
    saved(tmp_path, "CN.toml", HEAD)
    assert calendar_named("CN", tmp_path) == read_calendar(tmp_path / "CN.toml")
    with pytest.raises(BadInput) as caught:
        calendar_named("DE", tmp_path)
    assert refusal(caught) == ("no-such-file", "DE.toml")


@pytest.mark.skipif(not TABLES, reason="shared/ with its calendars is not beside this checkout")
@pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parents[1].name}/{path.stem}")
def test_shared_tables_are_read_day_by_day(path: Path) -> None:
    """Every day of the tables beside this checkout works, or rests, as plain arithmetic over them says."""
    calendar, table = read_calendar(path), tomllib.loads(path.read_text(encoding="utf-8"))
    day, counted = table["first"], 0
    while day <= table["last"]:
        rests = day.weekday() > 4 or day.isoformat() in table.get("holidays", {})
        assert working(calendar, day.isoformat()) == (not rests or day.isoformat() in table.get("makeup", {}))
        day, counted = day + timedelta(days=1), counted + 1
    assert counted > 1000
    assert calendar.document().get("hours", []) == table.get("hours", [])
    assert calendar.digest == read_calendar(path).digest


SCALARS = st.one_of(
    st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False),
    st.dates(date(2025, 1, 1), date(2025, 12, 31)),
    st.sampled_from(("", "mon", "08:30-12:00", "2025-05-01", "2025/5/1", "x\n")),
)  # fmt: skip
SHAPES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
        st.sampled_from(("2025-05-01", "2025-05-03", "date", "x")), inner, max_size=2
    ),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from((*KEYS, "colour")), SHAPES, max_size=4))
def test_a_table_of_any_shape_is_read_or_told_by_its_key(tmp_path: Path, table: dict[str, object]) -> None:
    """Lists, texts, numbers and tables where something else belongs: a calendar, or an error."""
    head = {"name": "X", "first": date(2025, 1, 1), "last": date(2025, 12, 31)}
    path = saved(tmp_path, "x.toml", tomli_w.dumps(head | table))
    try:
        read_calendar(path)
    except BadInput as error:
        assert error.text("en") != error.text("zh")


@pytest.mark.parametrize("body", ['holidays = ["2025-05-01"]', "[[holidays]]\ndate = 2025-05-01", "half = 1"])
def test_the_command_line_tells_another_shape_without_a_traceback(
    tmp_path: Path, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``deadline`` and ``policy lint`` name the key, and show what is expected there."""
    saved(tmp_path, "x.toml", HEAD + body)
    key = body.split(" ")[0].strip("[]").split("]")[0]
    policy = 'extends = "base"\nname = "p"\n[calendars.x]\nfile = "x.toml"\n[clocks.c]\nstart = ["submit"]\n'
    saved(
        tmp_path,
        "p.toml",
        policy + 'counting = "working"\ncalendar = "x"\nrungs = [{ level = "l", days = 2 }]\n',
    )
    term = ["--start", "2025-03-03T09:00:00+08:00", "--days", "5", "--counting", "working"]
    for line in (["deadline", *term, "--calendar", "x", "--calendars", str(tmp_path)],
                 ["policy", "lint", str(tmp_path / "p.toml")]):  # fmt: skip
        assert run(line) in (1, 3)
        captured = capsys.readouterr()
        assert f"expected the table [{key}] of lines 2025-01-01 = " in captured.out + captured.err
