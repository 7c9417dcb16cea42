"""``caseflow deadline`` with every key: one by one and in tables, what it prints, and what it refuses."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caseflow.cli import run
from caseflow.cli.exit_codes import Exit
from caseflow.views.labels import width

SCENARIOS = Path(__file__).resolve().parents[2].parent / "shared" / "scenarios"
CALENDAR = """name = "office"
first = 2025-01-01
last = 2025-12-20
hours = ["09:00-12:00", "13:00-17:00"]

[holidays]
2025-03-12 = "植树节"

[makeup]
2025-03-08 = "补班"

[half]
2025-03-14 = ["09:00-12:00"]
"""
MONDAY = "2025-03-03T10:00:00+08:00"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    Path("tables").mkdir()
    Path("tables", "office.toml").write_text(CALENDAR, encoding="utf-8")
    yield tmp_path


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and messages of one call of ``caseflow deadline``."""
    code = run(("deadline", *arguments))
    caught = capsys.readouterr()
    return code, caught.out, caught.err


def asked(capsys: pytest.CaptureFixture[str], *keys: str, start: str = MONDAY) -> list[str]:
    """The lines for that start by the calendar of the folder."""
    call = ("--start", start, "--calendars", "tables", "--calendar", "office", *keys)
    code, out, err = called(capsys, *call)
    assert (code, err) == (Exit.OK, "")
    return out.splitlines()


@pytest.mark.skipif(not SCENARIOS.is_dir(), reason="../shared/scenarios is not beside this checkout")
@pytest.mark.parametrize(("name", "rows"), [("terms.csv", 700), ("deadlines.csv", 83)])
def test_every_scenario_matches_by_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, rows: int
) -> None:
    """All rows come to their answers, the file is written again as it was, and the count says so."""
    calendars = ("--calendars", str(SCENARIOS / "calendars")) if name == "terms.csv" else ()
    call = ("--batch", str(SCENARIOS / name), *calendars, "--out", "out.csv")
    code, out, _ = called(capsys, *call, "--json")
    assert (code, json.loads(out)) == (Exit.OK, {"rows": rows, "answered": rows, "mismatches": []})
    with (
        Path("out.csv").open(encoding="utf-8", newline="") as ours,
        (SCENARIOS / name).open(encoding="utf-8", newline="") as theirs,
    ):
        assert list(csv.reader(ours)) == list(csv.reader(theirs))


@pytest.mark.parametrize(
    ("keys", "late"),
    [
        (("--weeks", "1"), "2025-03-11 00:00:00"),
        (("--months", "1"), "2025-04-04 00:00:00"),
        (("--years", "1"), "2026-03-04 00:00:00"),
        (("--days", "0"), "2025-03-04 00:00:00"),
        (("--months", "1", "--first", "same-day"), "2025-04-03 00:00:00"),
        (("--days", "5", "--first", "next-working-day", "--cut-off", "09:30"), "2025-03-10 00:00:00"),
        (("--days", "9", "--roll", "next-working-day"), "2025-03-14 00:00:00"),
        (("--days", "1", "--ends", "closing"), "2025-03-04 17:00:00"),
        (("--days", "11", "--ends", "closing"), "2025-03-14 12:00:00"),
        (("--days", "2", "--counting", "office"), "2025-03-05 10:00:00.000001"),
        (("--hours", "3", "--counting", "office"), "2025-03-03 14:00:00.000001"),
        (("--minutes", "30", "--counting", "elapsed"), "2025-03-03 10:30:00.000001"),
        (
            ("--days", "1", "--paused-day", "touched", "--pause",
             "2025-03-04T10:00:00+08:00/2025-03-04T11:00:00+08:00"),
            "2025-03-06 00:00:00",
        ),
    ],
)  # fmt: skip
def test_every_key_of_a_length_is_an_option(
    folder: Path, capsys: pytest.CaptureFixture[str], keys: tuple[str, ...], late: str
) -> None:
    """Each option does what its key does in a policy."""
    second, _, part = late.partition(".")  # people read no part of a second
    assert asked(capsys, *keys)[0] == f"late {'after' if part else 'from'} {second}+08:00"


def test_days_are_told_with_every_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Too late, waiting for day 1, counted, paused, resting, rolled: each day says why, with the calendar."""
    pause = ("--pause", "2025-03-10T10:00:00+08:00/2025-03-11T00:00:00+08:00")
    assert asked(capsys, "--days", "4", "--roll", "next-working-day", "--cut-off", "17:00",
                 "--first", "next-working-day", *pause, start="2025-03-06T18:00:00+08:00") == [
        "late from 2025-03-14 00:00:00+08:00",
        "  2025-03-06       too late or no working day: counts as the next one",
        "  2025-03-07    0  start day, not counted",
        "  2025-03-08    1  counts",
        "  2025-03-09    2  counts",
        "  2025-03-10    2  paused",
        "  2025-03-11    3  counts",
        "  2025-03-12    4  last day, but a rest day: rolls on (植树节)",
        "  2025-03-13    4  last day",
    ]  # fmt: skip
    lines = asked(capsys, "--days", "1", "--first", "next-working-day", start="2025-03-08T10:00:00+08:00")
    assert lines[2] == "  2025-03-09       day 1 is yet to come (weekend)"
    assert asked(capsys, "--months", "1")[2] == "  2025-03-04       on the way to the corresponding day"


def test_office_time_is_told_stretch_by_stretch(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What both ends share is said once; lunch and night are closed; the last stretch uses the time up."""
    pause = "2025-03-03T10:30:00+08:00/2025-03-03T12:30:00+08:00"
    assert asked(capsys, "--hours", "5", "--counting", "office", "--pause", pause) == [
        "late after 2025-03-04 09:30:00+08:00",
        "  2025-03-03 10:00:00 / 10:30:00+08:00               0:30:00  runs",
        "  2025-03-03 10:30:00 / 12:00:00+08:00               0:30:00  paused",
        "  2025-03-03 12:00:00 / 13:00:00+08:00               0:30:00  closed",
        "  2025-03-03 13:00:00 / 17:00:00+08:00               4:30:00  runs",
        "  2025-03-03 17:00:00 / 2025-03-04 09:00:00+08:00    4:30:00  closed",
        "  2025-03-04 09:00:00 / 09:30:00+08:00               5:00:00  runs until used up",
    ]


LONG = [
    ("--days", "365"),
    ("--years", "30"),
    ("--days", "180", "--counting", "working"),
    ("--hours", "400", "--counting", "office"),
]


@pytest.mark.parametrize("keys", LONG, ids=" ".join)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_long_counts_are_folded_for_people_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], keys: tuple[str, ...], lang: str
) -> None:
    """A screen or two of lines that fit a terminal, whatever the language; JSON has every day."""
    lines = asked(capsys, *keys, "--lang", lang)
    assert len(lines) < 60 and max(map(width, lines)) <= 80
    assert "--json" in lines[-1]
    document = json.loads("\n".join(asked(capsys, *keys, "--json")))
    many = document["days"] or document["stretches"]
    assert len(many) > 150 and all("why" in each for each in many)


def test_a_folded_month_says_what_its_days_were(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From, to, the count at its end, and how many days of each kind."""
    lines = asked(capsys, "--days", "100", "--counting", "working")
    assert "  2025-04-01 / 2025-04-30   42  counts: 22; rest day: 8" in lines
    chinese = asked(capsys, "--days", "100", "--counting", "working", "--lang", "zh")
    assert "  2025-04-01 / 2025-04-30   42  计入 22；休息日，不计 8" in chinese


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "ascii"])
def test_a_pipe_gets_it_in_any_locale(folder: Path, encoding: str) -> None:
    """Chinese through a pipe; what the locale cannot say is no traceback."""
    environment = {**os.environ, "LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": encoding, "COLUMNS": "80"}
    call = ("deadline", "--start", MONDAY, "--days", "60", "--counting", "working")
    program = [sys.executable, "-m", "caseflow.cli", *call, "--calendars", "tables", "--calendar", "office"]
    done = subprocess.run(program, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert encoding == "ascii" or "逾期自" in done.stdout.decode(encoding)


def write(header: str, *rows: str, name: str = "in.csv") -> None:
    Path(name).write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def filled(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    """``breach_at`` of every row of in.csv."""
    code, _, err = called(capsys, "--batch", "in.csv", "--calendars", "tables", *options, "--out", "out.csv")
    assert (code, err) == (Exit.OK, "")
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        return [row["breach_at"] for row in csv.DictReader(file)]


def test_options_are_for_what_a_row_leaves_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty cell and a missing column are the option's; a row with a length takes none of the options'."""
    write("days,hours,counting,calendar", "5,,,", ",,,", ",2,office,office", ",,working,office")
    options = ("--start", MONDAY, "--days", "9", "--counting", "natural", "--roll", "none")
    assert filled(capsys, *options) == [
        "2025-03-09T00:00:00+08:00",
        "2025-03-13T00:00:00+08:00",
        "2025-03-03T12:00:00.000001+08:00",
        "2025-03-15T00:00:00+08:00",
    ]
    write("start,months,weeks,cut_off,ends,paused_day,pauses,calendar",
          f"{MONDAY},,1,09:30,closing,,,office",
          f" {MONDAY} ,1,,,,touched,2025-03-05T09:00+08:00/2025-03-05T10:00+08:00,")  # fmt: skip
    assert filled(capsys) == ["2025-03-11T17:00:00+08:00", "2025-04-05T00:00:00+08:00"]


def test_answers_in_the_table_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same instant by another offset matches; what does not is told by line and id, and written anew."""
    answers = ("2025-03-08T16:00:00+00:00", "2025-03-10T00:00:00+08:00", "", "soon")
    write("id,start,days,breach_at", *(f"r-{n},{MONDAY},5,{at}" for n, at in enumerate(answers)))
    code, out, _ = called(capsys, "--batch", "in.csv", "--out", "out.csv")
    assert (code, out.splitlines()) == (Exit.OK, [
        "4 deadlines computed",
        "compared with breach_at: 4, of which do not match: 3",
        "  line 3 (r-1): 2025-03-10T00:00:00+08:00, computed 2025-03-09T00:00:00+08:00",
        "  line 4 (r-2): -, computed 2025-03-09T00:00:00+08:00",
        "  line 5 (r-3): soon, computed 2025-03-09T00:00:00+08:00",
    ])  # fmt: skip
    assert set(filled(capsys)) == {"2025-03-09T00:00:00+08:00"}
    write("start,days,breach_at,pauses", f"{MONDAY},5,,", f"{MONDAY},5,,2025-03-04T00:00+08:00/")
    assert called(capsys, "--batch", "in.csv", "--out", "out.csv")[1] == "2 deadlines computed\n"


def test_unknown_columns_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table with a column nobody reads is wrong usage, and nothing is written."""
    write("start,days,cutoff,rolls", f"{MONDAY},5,,")
    code, _, err = called(capsys, "--batch", "in.csv", "--out", "out.csv")
    assert (code, Path("out.csv").exists()) == (Exit.USAGE, False)
    assert "unknown columns: cutoff, rolls; a table may have id, start, days" in err


BAD_CELLS = [
    ({"days": "1e3"}, "days", "is not a whole number"),
    ({"days": "٣"}, "days", "is not a whole number"),
    ({"days": "9" * 5000}, "days", "is not a whole number"),
    ({"days": "36526"}, "days", "no count is longer"),
    ({"days": "-1"}, "days", "is no length"),
    ({"days": ""}, "days", "give exactly one length; found none"),
    ({"days": "", "months": "0"}, "months", "is no length"),
    ({"days": "", "years": "101"}, "years", "no count is longer"),
    ({"months": "1"}, "days", "give exactly one length; found days = 5, months = 1"),
    ({"days": "", "hours": "5"}, "hours", "it does not go with counting natural"),
    ({"counting": "business"}, "counting", "is none of the words for it"),
    ({"counting": "office", "calendar": ""}, "calendar", "need a calendar"),
    ({"counting": "working", "calendar": "../office"}, "calendar", "is no name of a calendar"),
    ({"counting": "working", "calendar": "none"}, "calendar", "none.toml"),
    ({"roll": "back"}, "roll", "is none of the words for it"),
    ({"first": "today"}, "first", "is none of the words for it"),
    ({"cut_off": "5pm", "calendar": "office"}, "cut_off", "is no time of day"),
    ({"cut_off": "17:00", "calendar": ""}, "calendar", "need a calendar"),
    ({"ends": "noon"}, "ends", "is none of the words for it"),
    ({"paused_day": "half"}, "paused_day", "is none of the words for it"),
    ({"counting": "elapsed", "ends": "closing", "calendar": "office"}, "ends", "goes with counts by days"),
    ({"timezone": "Asia/Nowhere"}, "timezone", "no zone is called Asia/Nowhere"),
    ({"timezone": "../../etc/passwd"}, "timezone", "no zone is called"),
    ({"start": "2025-03-03T10:00"}, "start", "has no offset"),
    ({"start": "soon"}, "start", "is not an instant"),
    ({"start": ""}, "start", "is not an instant"),
    ({"start": "9999-12-30T10:00:00+08:00"}, "start", "is no date of the years 1 to 9999"),
    ({"start": "9999-12-30T10:00:00+08:00", "days": "", "months": "1"}, "start", "is no date"),
    ({"start": "9999-12-30T10:00:00+08:00", "counting": "office", "calendar": "office"}, "start", "no date"),
    ({"start": "0001-01-01T00:00:00+08:00"}, "start", "is no date of the years 1 to 9999"),
    ({"pauses": "2025-03-04T00:00+08:00"}, "pauses", "a pause ends after it begins"),
    ({"pauses": "2025-03-04T00:00+08:00/2025-03-04T00:00+08:00"}, "pauses", "a pause ends after"),
    ({"pauses": "a/b"}, "pauses", "is not an instant"),
]


@pytest.mark.parametrize(("cells", "column", "message"), BAD_CELLS, ids=range(len(BAD_CELLS)))
def test_a_bad_cell_is_told_by_row_and_column(
    folder: Path, capsys: pytest.CaptureFixture[str], cells: dict[str, Any], column: str, message: str
) -> None:
    """One line, in either language, and nothing is written; the good row before it does not count."""
    row = {"start": MONDAY, "days": "5", **cells}
    with Path("in.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow({**dict.fromkeys(row, ""), "start": MONDAY, "days": "5"})
        writer.writerow(row)
    call = ("--batch", "in.csv", "--calendars", "tables", "--out", "out.csv")
    code, out, err = called(capsys, *call)
    assert (code, out, err.count("\n"), Path("out.csv").exists()) == (Exit.BAD_INPUT, "", 1, False)
    assert err.startswith(f"caseflow: in.csv, line 3, column {column}: ") and message in err
    assert len(err) < 300
    chinese = called(capsys, *call, "--lang", "zh")[2]
    assert chinese.startswith(f"caseflow: in.csv 第 3 行，{column} 列：")


def test_a_wrong_default_is_told_before_any_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that cannot be used is no row's fault."""
    write("start,days", f"{MONDAY},5")
    batch = ("--batch", "in.csv", "--out", "out.csv")
    for options in (
        ("--cut-off", "25:00"), ("--timezone", "Nowhere"), ("--calendars", "tables", "--calendar", "a/b"),
        ("--pause", "x"), ("--start", "now"), ("--calendars", "tables", "--calendar", "none"),
    ):  # fmt: skip
        code, _, err = called(capsys, *batch, *options)
        assert (code, "line" in err, err.count("\n")) == (Exit.BAD_INPUT, False, 1)


def test_a_calendar_is_never_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output may be neither the table nor a calendar that is read."""
    write("start,days", f"{MONDAY},5")
    batch = ("--batch", "in.csv", "--out", "tables/office.toml")
    for options in (("--calendars", "tables"), ("--calendar", "tables/office.toml")):
        code, _, err = called(capsys, *batch, *options)
        assert (code, "is read; write to another file" in err) == (Exit.USAGE, True)
    assert Path("tables/office.toml").read_text(encoding="utf-8") == CALENDAR


def test_a_table_without_rows_or_starts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A header alone gives a header; a file without starts needs the option."""
    write("start,days")
    assert filled(capsys) == []
    assert Path("out.csv").read_text(encoding="utf-8") == "start,days,breach_at\n"
    write("days", "5")
    code, _, err = called(capsys, "--batch", "in.csv", "--out", "out.csv")
    assert (code, "the columns start are missing" in err) == (Exit.BAD_INPUT, True)
    Path("in.csv").write_text("", encoding="utf-8")
    assert called(capsys, "--batch", "in.csv", "--out", "out.csv")[0] == Exit.BAD_INPUT
