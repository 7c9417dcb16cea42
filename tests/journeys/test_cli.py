"""The command line as a user meets it: each command, each exit code, both languages, bad files."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from caseflow import i18n, load_policy
from caseflow.cli import run
from caseflow.cli.exit_codes import Exit
from caseflow.clock import SystemClock
from caseflow.core.time.instants import micros

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / ".." / "shared" / "scenarios" / "deadlines.csv"
LOG = """case_id,action,at,actor,role,unit,to,text,score
a-1,submit,2025-03-03T09:30:00+08:00,,,,城管局,,
a-2,submit,2025-03-03T10:00:00+08:00,c-9,citizen,,城管局,,
a-1,reply,2025-03-12T10:00:00+08:00,o-1,handler,城管局,,已修复,
a-1,rate,2025-03-13T10:00:00+08:00,,,,,,5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(LOG, encoding="utf-8")
    yield tmp_path


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and messages of one call."""
    code = run(arguments)
    caught = capsys.readouterr()
    return code, caught.out, caught.err


@pytest.fixture
def stored(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert called(capsys, "replay", "log.csv", "--policy", "wuhu", "--store", "sqlite:///c.db")[0] == 0
    return "sqlite:///c.db"


def test_a_replay_counts_what_came_of_the_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has every count, every level and every stage; the cards are in order, with offsets."""
    code, out, _ = called(
        capsys, "replay", "log.csv", "--policy", "wuhu", "--json", "-", "--cards", "cards.csv"
    )
    document = json.loads(out)
    assert code == Exit.OK
    assert (document["cases"], document["events"], document["replied"], document["open"]) == (2, 4, 1, 2)
    assert document["cards"] == {"yellow": 2, "red": 0, "urge": 0}
    assert document["reminders"] == {"reminder": 2}
    assert set(document["stages"]) == {"inquiry", "handling", "evaluation", "rectification", "ended"}
    assert document["as_of"] == "2025-03-13T10:00:00+08:00"
    with Path("cards.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["case_id"], row["level"], row["cycle"]) for row in rows] == [
        ("a-1", "yellow", "1"),
        ("a-2", "yellow", "1"),
    ]
    assert {row["effective_at"] for row in rows} == {"2025-03-09T00:00:00+08:00"}


def test_a_log_without_events_has_no_last_instant(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to replay is no error: every count is 0, and `as_of` is what was asked for, or none."""
    Path("empty.csv").write_text("case_id,action,at\n", encoding="utf-8")
    replay = ("replay", "empty.csv", "--policy", "wuhu")
    code, out, err = called(capsys, *replay)
    assert (code, out.splitlines()[:3], err) == (Exit.OK, ["as_of: -", "cases: 0", "events: 0"], "")
    code, out, _ = called(capsys, *replay, "--json", "-")
    assert (json.loads(out)["as_of"], json.loads(out)["cases"]) == (None, 0)
    out = called(capsys, *replay, "--as-of", "2025-03-09T00:00:00+08:00")[1]
    assert out.startswith("as_of: 2025-03-09T00:00:00+08:00\n")


def test_later_events_are_left_out_and_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--as-of` stops the replay at its instant, after what is due then."""
    arguments = (
        "replay",
        "log.csv",
        "--policy",
        "wuhu",
        "--json",
        "-",
        "--as-of",
        "2025-03-09T00:00:00+08:00",
    )
    document = json.loads(called(capsys, *arguments)[1])
    assert (document["events"], document["later"], document["cards"]["yellow"]) == (2, 2, 2)


BAD_ROWS = {
    "a-9,note,2025-03-04T09:30:00+08:00,,,,,x,": "column case_id: no case has the id a-9",
    "a-1,dance,2025-03-04T09:30:00+08:00,,,,,,": "has no action dance",
    "a-1,note,yesterday,,,,,x,": "column at: time: yesterday is not an instant",
    "a-1,note,2025-03-04T09:30:00,,,,,x,": "has no offset; give --timezone",
    "a-1,rate,2025-03-14T09:30:00+08:00,,,,,,nine": "column score: score: nine is not a whole number",
    "a-1,submit,2025-03-03T09:30:00+08:00,,,,城管局,,": "the same row as line 2",
    "a-1,note,2025-03-04T09:30:00+08:00": "3 cells, expected 9",
}


@pytest.mark.parametrize(("row", "message"), BAD_ROWS.items(), ids=range(len(BAD_ROWS)))
def test_a_bad_row_is_told_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str], row: str, message: str
) -> None:
    """A row that cannot be replayed stops with file and line; with skip it is set aside."""
    (folder / "log.csv").write_text(LOG + row + "\n", encoding="utf-8")
    code, _, err = called(capsys, "replay", "log.csv", "--policy", "wuhu")
    assert code == Exit.BAD_INPUT
    assert err.startswith("caseflow: log.csv, line 6")
    assert message in err
    if "cells" not in message:
        skip = ("--on-error", "skip", "--rejects", "rejects.csv", "--json", "-")
        code, out, _ = called(capsys, "replay", "log.csv", "--policy", "wuhu", *skip)
        assert (code, json.loads(out)["rejected"]) == (Exit.FOUND, 1)
        assert ",6," in Path("rejects.csv").read_text(encoding="utf-8")


def test_a_file_in_another_encoding_is_told_with_its_byte(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A GB18030 export names line and byte and suggests the option; with it, the log replays."""
    (folder / "log.csv").write_bytes(LOG.encode("gb18030"))
    code, _, err = called(capsys, "replay", "log.csv", "--policy", "wuhu")
    assert code == Exit.BAD_INPUT
    assert "line 2, byte 41" in err
    assert "--encoding gb18030" in err
    assert called(capsys, "replay", "log.csv", "--policy", "wuhu", "--encoding", "gb18030")[0] == Exit.OK


def test_missing_columns_and_files_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing is named, with what there is; a broken gzip file is no traceback."""
    (folder / "short.csv").write_text("case_id,at\n", encoding="utf-8")
    (folder / "broken.csv.gz").write_bytes(gzip.compress(LOG.encode())[:40])
    for name, part in (
        ("short.csv", "the columns action are missing"),
        ("none.csv", "none.csv"),
        ("broken.csv.gz", "broken"),
    ):
        code, _, err = called(capsys, "replay", name, "--policy", "wuhu")
        assert (code, part in err) == (Exit.BAD_INPUT, True)


def test_local_times_are_read_in_their_zone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An ambiguous time takes its first reading and is counted; one that was skipped is an error."""
    text = "case_id,action,at\nb-1,submit,2011-11-06T01:30:00\n"
    (folder / "local.csv").write_text(text, encoding="utf-8")
    call = ("replay", "local.csv", "--policy", "wuhu", "--timezone", "America/New_York", "--json", "-")
    document = json.loads(called(capsys, *call)[1])
    assert (document["ambiguous_times"], document["as_of"]) == (1, "2011-11-06T13:30:00+08:00")
    (folder / "local.csv").write_text(text + "b-2,submit,2011-03-13T02:30:00\n", encoding="utf-8")
    code, _, err = called(capsys, *call)
    assert (code, "does not exist in America/New_York" in err) == (Exit.BAD_INPUT, True)


def test_a_formula_gets_an_apostrophe(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell that a spreadsheet would compute is made text in what we write."""
    text = "case_id,action,at\n=1+1,submit,2025-03-03T09:30:00+08:00\nx,submit,2025-04-30T09:30:00+08:00\n"
    (folder / "log.csv").write_text(text, encoding="utf-8")
    called(capsys, "replay", "log.csv", "--policy", "wuhu", "--cards", "cards.csv")
    assert "\n'=1+1,reply," in Path("cards.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("黄牌警示", "已答复")), ("en", ("yellow card", "answered"))]
)
def test_a_case_is_shown_in_both_languages(
    stored: str, capsys: pytest.CaptureFixture[str], lang: str, words: tuple[str, ...]
) -> None:
    """Text for people follows `--lang`, the labels in JSON too; its keys are the same in both."""
    _, out, _ = called(capsys, "show", "a-1", "--store", stored, "--lang", lang)
    assert all(word in out for word in words)
    document = json.loads(called(capsys, "show", "a-1", "--store", stored, "--json", "--lang", lang)[1])
    levels = [card["level"]["key"] for card in document["cards"]]
    assert (document["state"]["key"], levels) == ("answered", ["yellow"])
    assert document["cards"][0]["level"]["label"] == words[0]


def test_the_locale_chooses_the_language(
    stored: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--lang` the locale decides, for errors as well."""
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "黄牌警示" in called(capsys, "show", "a-1", "--store", stored)[1]
    code, _, err = called(capsys, "show", "nobody", "--store", stored)
    assert (code, "没有编号为 nobody 的案件" in err) == (Exit.BAD_INPUT, True)


def test_stored_cases_can_be_asked_about(stored: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Explanation, forecast, list and sweep answer as JSON."""
    explained = json.loads(
        called(capsys, "explain", "a-2", "--clock", "reply", "--store", stored, "--json")[1]
    )
    assert [day["why"] for day in explained[0]["days"][:2]] == ["start", "counts"]
    coming = json.loads(called(capsys, "forecast", "a-2", "--store", stored, "--json")[1])
    assert [item["level"]["key"] for item in coming["coming"]] == ["red", "urge"]
    page = json.loads(called(capsys, "cases", "--store", stored, "--limit", "1", "--json")[1])
    assert [case["id"] for case in page["cases"]] == ["a-2"]
    rest = json.loads(called(capsys, "cases", "--store", stored, "--cursor", page["cursor"], "--json")[1])
    assert [case["id"] for case in rest["cases"]] == ["a-1"]
    swept = json.loads(called(capsys, "sweep", "--store", stored, "--json")[1])
    assert [card["level"] for card in swept["cards"]] == ["red", "urge"]


def test_a_store_that_cannot_be_used_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another program's file, a folder, a missing file and a wrong URL leave with the store's own code."""
    (folder / "notes.db").write_text("this is no database at all, not even nearly one", encoding="utf-8")
    for url in ("sqlite:///notes.db", "sqlite:///.", "sqlite:///none.db", "mysql://x"):
        code, _, err = called(capsys, "cases", "--store", url)
        assert (code, err.startswith("caseflow: ")) == (Exit.STORE, True)


def test_a_deadline_is_computed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Text and JSON agree; a naive start is refused; past the horizon it is unknown, with its own code."""
    call = ("deadline", "--start", "2025-03-03T09:30:00+08:00", "--days", "5")
    assert called(capsys, *call)[1].startswith("late from 2025-03-09 00:00:00+08:00\n")
    assert json.loads(called(capsys, *call, "--json")[1])["breach_at"] == "2025-03-09T00:00:00+08:00"
    assert called(capsys, "deadline", "--start", "2025-03-03T09:30:00", "--days", "5")[0] == Exit.BAD_INPUT
    far = (
        "deadline",
        "--start",
        "2090-03-03T09:30:00+08:00",
        "--days",
        "5",
        "--counting",
        "working",
        "--calendar",
        "CN",
    )
    code, out, _ = called(capsys, *far)
    assert (code, out.startswith("unknown, not before 2090-03-09")) == (Exit.UNKNOWN_DEADLINE, True)


@pytest.mark.skipif(not SCENARIOS.is_file(), reason="shared/scenarios is not beside this checkout")
def test_a_batch_of_deadlines_matches_its_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every row of the scenarios is computed; the value in the input is ignored."""
    with SCENARIOS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with Path("in.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "breach_at": "never"} for row in rows)
    assert called(capsys, "deadline", "--batch", "in.csv", "--out", "out.csv")[0] == Exit.OK
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == rows


def test_every_shipped_policy_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`policy list` has a line for each policy of the package, in the order of their names."""
    code, out, _ = called(capsys, "policy", "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    files = (ROOT / "src" / "caseflow" / "policies").glob("*.toml")
    assert code == Exit.OK
    assert list(rows) == sorted(file.stem for file in files)
    assert rows["wuhu"]["source"] == load_policy("wuhu").source
    shown = called(capsys, "policy", "list", "--lang", "zh")[1]
    assert "芜湖市民心声" in shown and [line.split()[0] for line in shown.splitlines()] == list(rows)


def test_a_shown_policy_is_the_policy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `policy show` prints has the zone and every default, and loads with the same pin."""
    out = called(capsys, "policy", "show", "wuhu")[1]
    assert 'timezone = "Asia/Shanghai"' in out
    (folder / "mine.toml").write_text(out, encoding="utf-8")
    assert load_policy("mine.toml").pin == load_policy("wuhu").pin
    assert called(capsys, "policy", "lint", "mine.toml")[0] == Exit.OK
    (folder / "mine.toml").write_text(
        out.replace('stop = [\n    "reply"', 'stop = [\n    "replay"'), encoding="utf-8"
    )
    code, out, _ = called(capsys, "policy", "lint", "mine.toml")
    assert (code, "clocks.reply.stop" in out) == (Exit.FOUND, True)


def test_findings_are_told_and_strict_counts_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Findings leave with 0, or 1 with `--strict`; JSON has way, loop and both languages."""
    day = ("--today", "2025-03-03")
    code, out, _ = called(capsys, "policy", "lint", "wuhu", *day)
    assert (code, out.splitlines()[-1]) == (Exit.OK, "wuhu: no problems, findings: 5")
    assert "    shown by: submit, reply, and again: retract_reply, reply" in out.splitlines()
    assert called(capsys, "policy", "lint", "wuhu", "--strict", *day)[0] == Exit.FOUND
    chinese = called(capsys, "policy", "lint", "wuhu", "--lang", "zh", *day)[1]
    assert chinese.splitlines()[-1] == "wuhu：没有问题，发现 5 处可疑"
    document = json.loads(called(capsys, "policy", "lint", "wuhu", "--json", *day)[1])
    assert (document["problems"], len(document["findings"])) == ([], 7)
    loops = [one for one in document["findings"] if one["code"] == "endless-retraction"]
    assert [(one["loop"], one["way"]) for one in loops] == [(["retract_reply", "reply"], ["submit", "reply"])]
    assert all(one[lang]["text"] and one[lang]["remedy"] for one in loops for lang in ("en", "zh"))
    code, _, err = called(capsys, "policy", "lint", "wuhu", "--today", "3 March")
    assert (code, "--today: 3 March is not a day" in err) == (Exit.BAD_INPUT, True)


def test_problems_are_told_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that cannot be used has problems and no findings, with exit code 1."""
    Path("mine.toml").write_text('extends = "wuhu"\ncolour = 1\n', encoding="utf-8")
    code, out, _ = called(capsys, "policy", "lint", "mine.toml", "--json")
    document = json.loads(out)
    assert (code, document["findings"]) == (Exit.FOUND, [])
    assert [(problem["code"], problem["path"]) for problem in document["problems"]] == [
        ("unknown-key", "colour")
    ]


def test_a_policy_is_drawn_by_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """The diagram groups states by stage and draws moves between them, in either language."""
    out = called(capsys, "policy", "diagram", "wuhu", "--lang", "zh")[1]
    assert out.startswith("stateDiagram-v2\n")
    assert 'state "办理" as stage_handling {' in out
    assert "submitted --> routed : 分转" in out


def test_the_demo_can_be_run_twice_and_spares_other_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It writes a store and a log, replaces its own, and never another program's file."""
    for _ in range(2):
        code, out, _ = called(capsys, "demo", "--out", "d", "--lang", "en")
        assert (code, "in all" in out) == (Exit.OK, True)
    assert Path("d/log.csv").read_text(encoding="utf-8-sig").startswith("case_id,action,at,")
    Path("other").mkdir()
    Path("other/cases.db").write_text("mine", encoding="utf-8")
    assert called(capsys, "demo", "--out", "other")[0] == Exit.STORE
    assert Path("other/cases.db").read_text(encoding="utf-8") == "mine"
    Path("portal").mkdir()
    called(capsys, "replay", "log.csv", "--policy", "wuhu", "--store", "sqlite:///portal/cases.db")
    before = Path("portal/cases.db").read_bytes()
    assert called(capsys, "demo", "--out", "portal")[0] == Exit.STORE
    assert Path("portal/cases.db").read_bytes() == before


def test_wrong_usage_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown options leave with 2, help with 0, and help tells the exit codes."""
    assert called(capsys, "cases")[0] == Exit.USAGE
    assert called(capsys, "dance")[0] == Exit.USAGE
    code, out, _ = called(capsys, "--help")
    assert (code, "130 Ctrl-C" in out) == (0, True)


@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C"}, {"LANG": "zh_CN.UTF-8"}, {"PYTHONIOENCODING": "ascii"}, {}]
)
def test_any_locale_works(stored: str, locale: dict[str, str]) -> None:
    """Under a plain, a Chinese, an ASCII-only or no locale the command runs without a traceback."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment = {**kept, **locale}
    done = subprocess.run(
        [sys.executable, "-m", "caseflow.cli", "show", "a-1", "--store", stored],
        capture_output=True,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_closed_pipe_ends_quietly(stored: str) -> None:
    """When the reader goes away, nothing is printed about it."""
    program = [sys.executable, "-m", "caseflow.cli", "policy", "show", "wuhu"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (Exit.PIPE_CLOSED, b"")


@pytest.mark.parametrize(
    ("shell", "code", "messages"),
    [
        ("{} deadline --start 2025-03-03T09:30:00+08:00 --days 2 >&-", Exit.OK, ""),
        ("{} policy show wuhu >&-", Exit.OK, ""),
        ("{} deadline --xx 2>&-", Exit.USAGE, ""),
        ("{} deadline --xx --lang zh 2>/dev/full", Exit.USAGE, ""),
        ("{} policy show wuhu >/dev/full", Exit.BAD_INPUT, "caseflow: No space left on device\n"),
    ],
)
def test_a_closed_or_full_stream_is_no_traceback(shell: str, code: int, messages: str) -> None:
    """Output that goes nowhere is dropped; output that cannot be written is told on one line."""
    command = shell.format(f"{sys.executable} -m caseflow.cli")
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    for environment in (buffered, {**buffered, "PYTHONUNBUFFERED": "1"}):
        environment |= {"LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["sh", "-c", command], capture_output=True, env=environment, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (code, "", messages)


def _heeds_interrupts() -> None:
    """What runs in a shell's background ignores them, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_what_was_committed_stands_after_an_interrupt(folder: Path) -> None:
    """Ctrl-C in a replay leaves with 130 and a store that holds whole cases."""
    lines = [f"c-{n},submit,2025-03-03T09:30:{n % 60:02d}+08:00" for n in range(200_000)]
    (folder / "long.csv").write_text("\n".join(["case_id,action,at", *lines, ""]), encoding="utf-8")
    call = ["replay", "long.csv", "--policy", "wuhu", "--store", "sqlite:///c.db"]
    started = subprocess.Popen(
        [sys.executable, "-m", "caseflow.cli", *call],
        stderr=subprocess.PIPE,
        preexec_fn=_heeds_interrupts,
    )
    with started as process:
        while not Path("c.db").exists() or Path("c.db").stat().st_size < 100_000:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr
        err = process.stderr.read().decode()
    assert (process.returncode, "what was committed stands" in err) == (Exit.INTERRUPTED, True)
    assert run(["cases", "--store", "sqlite:///c.db", "--limit", "3"]) == Exit.OK


PAST_ALL_DATES = [
    ("--start", "2025-03-03T09:30:00+08:00", "--days", "999999999"),
    ("--start", "2025-03-03T09:30:00+08:00", "--hours", "999999999", "--counting", "elapsed"),
    ("--start", "9999-12-31T20:00:00+08:00", "--days", "5"),
    ("--start", "9999-12-31T20:00:00+08:00", "--hours", "5", "--counting", "elapsed"),
    ("--start", "9999-12-20T20:00:00+08:00", "--days", "15", "--counting", "working", "--calendar", "CN"),
    ("--start", "0001-01-01T00:00:00+08:00", "--days", "5"),
    ("--start", "0001-01-01T00:00:00+00:00", "--days", "5", "--timezone", "America/New_York"),
]


@pytest.mark.parametrize("options", PAST_ALL_DATES, ids=range(len(PAST_ALL_DATES)))
def test_a_deadline_past_all_dates_is_told(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    """A count beyond a hundred years, or a day outside the years 1 to 9999, is bad input and no traceback."""
    code, out, err = called(capsys, "deadline", *options)
    assert (code, out, err.count("\n")) == (Exit.BAD_INPUT, "", 1)
    assert "no count is longer" in err or "is no date of the years 1 to 9999" in err


@pytest.mark.parametrize(
    ("days", "part"),
    [
        ("9" * 5000, "column days: days: 9999999999999999999999999999999999999999 is not a whole number"),
        ("999999999", "column days: days: 999999999; no count is longer"),
        ("0", "2025-03-04T00:00:00+08:00"),
        ("-1", "column days"),
        ("36525", "2125-03-05T00:00:00+08:00"),
    ],
    ids=["5000-digits", "long", "none", "negative", "century"],
)
def test_an_absurd_number_in_a_batch_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], days: str, part: str
) -> None:
    """The row and the column are named; a hundred years are still counted."""
    header = "start,days,counting,calendar,timezone,roll,pauses"
    row = f"2025-03-03T09:30:00+08:00,{days},natural,,Asia/Shanghai,none,"
    Path("in.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    code, _, err = called(capsys, "deadline", "--batch", "in.csv", "--out", "out.csv")
    if part.startswith("column"):
        assert (code, err.startswith("caseflow: in.csv, line 2"), part in err) == (3, True, True)
    else:
        assert Path("out.csv").read_text(encoding="utf-8").endswith(f",{part}\n")


def test_a_batch_in_another_encoding_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error suggests ``--encoding``, and with it the batch is read; what is written is UTF-8."""
    text = (
        "start,days,counting,calendar,timezone,roll,pauses,about\n"
        "2025-03-03T09:30:00+08:00,5,natural,,Asia/Shanghai,none,,路灯\n"
    )
    Path("in.csv").write_bytes(text.encode("gb18030"))
    call = ("deadline", "--batch", "in.csv", "--out", "out.csv")
    code, _, err = called(capsys, *call)
    assert (code, "--encoding gb18030" in err) == (Exit.BAD_INPUT, True)
    assert called(capsys, *call, "--encoding", "gb18030")[0] == Exit.OK
    assert ",路灯,2025-03-09T00:00:00+08:00" in Path("out.csv").read_text(encoding="utf-8")


def test_what_is_read_is_never_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output that is the input, by another name or a link too, is refused before anything is done."""
    Path("link.csv").symlink_to("log.csv")
    before = Path("log.csv").read_bytes()
    replay = ("replay", "log.csv", "--policy", "wuhu")
    for call in (
        ("deadline", "--batch", "log.csv", "--out", "./log.csv"),
        ("deadline", "--batch", "log.csv", "--out", "link.csv"),
        (*replay, "--cards", "log.csv"),
        (*replay, "--json", "link.csv"),
        (*replay, "--on-error", "skip", "--rejects", str(folder / "log.csv")),
    ):
        code, _, err = called(capsys, *call)
        assert (code, "is read; write to another file" in err) == (Exit.USAGE, True)
    assert Path("log.csv").read_bytes() == before


@pytest.mark.parametrize("encoding", ["gb18030", "ascii", "utf-16", "utf-8"])
def test_what_programs_read_is_utf8(folder: Path, encoding: str) -> None:
    """Whatever the output's encoding, a shown policy loads again, and JSON can be read."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}

    def printed(*arguments: str) -> bytes:
        program = [sys.executable, "-m", "caseflow.cli", *arguments]
        return subprocess.run(program, capture_output=True, env=environment, check=True).stdout

    Path("mine.toml").write_bytes(printed("policy", "show", "wuhu"))
    assert load_policy("mine.toml").pin == load_policy("wuhu").pin
    assert "待分转" in printed("policy", "diagram", "wuhu", "--lang", "zh").decode()
    assert "cards" in json.loads(printed("replay", "log.csv", "--policy", "wuhu", "--json", "-").decode())


def test_errors_follow_the_language_asked_for(
    stored: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--lang`` wins over the locale, wherever it stands; an error inside an error speaks it as well."""
    show = ("show", "nobody", "--store", stored)
    assert "没有编号为 nobody 的案件" in called(capsys, *show, "--lang", "zh")[2]
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "no case has the id nobody" in called(capsys, "show", "--lang", "en", *show[1:])[2]
    assert "没有编号为 nobody 的案件" in called(capsys, *show)[2]
    Path("log.csv").write_text(LOG + "a-1,note,yesterday,,,,,x,\n", encoding="utf-8")
    replay = ("replay", "log.csv", "--policy", "wuhu")
    err = called(capsys, *replay, "--lang", "zh")[2]
    assert err.startswith("caseflow: log.csv 第 6 行，at 列：time：yesterday 不是时间")


def test_elapsed_time_is_explained_stretch_by_stretch(capsys: pytest.CaptureFixture[str]) -> None:
    """When it ran, when it was paused, and how much had run by then; the end is the last instant on time."""
    call = ["deadline", "--start", "2025-03-03T09:30:00+08:00", "--hours", "48", "--counting", "elapsed"]
    pause = "2025-03-04T18:00:00+08:00/"
    out = called(capsys, *call, "--pause", f"{pause}2025-03-05T08:00:00+08:00")[1]
    assert out.splitlines() == [
        "late after 2025-03-05 23:30:00+08:00",
        "  2025-03-03 09:30:00 / 2025-03-04 18:00:00+08:00   32:30:00  runs",
        "  2025-03-04 18:00:00 / 2025-03-05 08:00:00+08:00   32:30:00  paused",
        "  2025-03-05 08:00:00 / 23:30:00+08:00              48:00:00  runs until used up",
    ]
    document = json.loads(called(capsys, *call, "--pause", pause, "--json")[1])
    assert [(piece["why"], piece["ran"]) for piece in document["stretches"]] == [
        ("runs", 117_000.0),
        ("paused", 117_000.0),
    ]
    assert document["stretches"][1]["end"] is None


def test_lists_speak_the_language_of_the_reader(
    stored: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """States, clocks and levels have the policy's own labels, and instants say how far off they are."""
    monkeypatch.setattr(SystemClock, "now_us", lambda _: micros("2025-03-16T00:00:00+08:00"))
    line = "a-2  {}  城管局  2025-03-19 00:00:00+08:00{}  {}"
    out = called(capsys, "cases", "--store", stored, "--lang", "zh", "--limit", "1")[1]
    assert out.splitlines()[0] == line.format("已分转", "（3天后）", "黄牌警示")
    out = called(capsys, "cases", "--store", stored, "--lang", "en", "--limit", "1")[1]
    assert out.splitlines()[0] == line.format("routed", " (in 3 days)", "yellow card")
    assert called(capsys, "forecast", "a-2", "--store", stored, "--lang", "zh")[1].splitlines() == [
        "2025-03-19 00:00:00+08:00（3天后）  红牌督办（答复时限）",
        "2025-04-03 00:00:00+08:00（3周后）  催办通知单（答复时限）",
    ]
    out = called(capsys, "show", "a-2", "--store", stored, "--lang", "en")[1]
    assert "next due: 2025-03-19 00:00:00+08:00 (in 3 days)\n" in out


def test_a_recorded_history_is_checked(stored: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`testing record` writes a file, `testing check` holds it against today, in both languages."""
    arguments = ("testing", "record", "a-1", "a-2", "--store", stored, "--out", "two.json", "--about", "two")
    assert called(capsys, *arguments)[:2] == (Exit.OK, "two.json: 2 cases, 8 events\n")
    kept = Path("two.json").read_text(encoding="utf-8")
    assert "已修复" not in kept
    assert json.loads(kept)["about"] == "two"
    code, out, _ = called(capsys, "testing", "check", "two.json")
    assert (code, out) == (Exit.OK, "two.json: as recorded, under today's wuhu too\n")
    assert "按现行政策 wuhu 亦然" in called(capsys, "testing", "check", "two.json", "--lang", "zh")[1]


def test_a_changed_card_fails_the_check_until_it_is_accepted(
    stored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The card, the case and both instants are named; `--accept` rewrites, and then the check passes."""
    called(capsys, "testing", "record", "a-1", "--store", stored, "--out", "one.json")
    slower = load_policy("wuhu").document()["policy"]["clocks"]["reply"]["rungs"]
    rungs = ", ".join(
        f'{{ level = "{rung["level"]}", days = {rung["days"] + (rung["level"] == "yellow")},'
        f' kind = "{rung["kind"]}" }}'
        for rung in slower
    )
    text = f'extends = "wuhu"\n[clocks.reply]\nrungs = [{rungs}]\n'
    Path("slower.toml").write_text(text, encoding="utf-8")
    check = ("testing", "check", "one.json", "--policy", "slower.toml")
    twice = called(capsys, *check, "--policy", "slower.toml")
    assert (twice[0], "two are called" in twice[2]) == (3, True)
    code, out, _ = called(capsys, *check)
    assert code == Exit.FOUND
    assert "case a-1: yellow (reply, cycle 1) was 2025-03-09T00:00:00+08:00 城管局, is 2025-03-10" in out
    code, out, _ = called(capsys, *check, "--json")
    (change,) = json.loads(out)[0]["compared"][2]["changes"]
    assert (code, change["case"], change["what"]) == (Exit.FOUND, "a-1", "card")
    assert "原为" in change["zh"]
    assert called(capsys, *check, "--accept")[0] == Exit.OK
    assert called(capsys, *check)[0] == Exit.OK


def test_what_cannot_be_recorded_or_checked_is_told(stored: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown case, a name that is no JSON file, a file that is no history: bad input, on one line."""
    for arguments in (
        ("record", "nobody", "--store", stored, "--out", "x.json"),
        ("record", "a-1", "--store", stored, "--out", "x.toml"),
        ("check", "log.csv"),
        ("check", "missing.json"),
    ):
        code, out, err = called(capsys, "testing", *arguments)
        assert (code, out, err.count("\n")) == (Exit.BAD_INPUT, "", 1)
    assert not Path("x.json").exists()
    code = called(capsys, "testing", "record", "a-1", "--store", "sqlite:///none.db", "--out", "x.json")[0]
    assert code == Exit.STORE


USAGE_IN_CHINESE = [
    (("deadline", "--xx"), "没有选项 --xx"),
    (("deadline", "--sta", "x"), "没有选项 --sta；是否想用 --start"),
    (("deadline", "--counting", "foo"), "--counting：foo 不是 natural、working、elapsed、office 之一"),
    (("deadline", "--days", "x"), "--days：x 不是整数"),
    (("deadline", "--start"), "选项 --start 须带值"),
    (("deadline", "--json=3"), "选项 --json 不带值"),
    (("deadline",), "请给出 --start，或同时给出 --batch 与 --out"),
    (("cases", "--store", "x", "--limit", "0"), "--limit：0 不在范围 1..1000 内"),
    (("cases",), "缺少选项 --store"),
    (("show",), "缺少参数 CASE"),
    (("show", "a", "b", "--store", "x"), "多余的参数：b"),
    (("dance",), "没有命令 dance"),
    (("import", "none.jsonl", "--store", "x"), "FILE：文件 none.jsonl 不存在或不可用"),
    (("export", "--store", "x", "--format", "csv", "--raw"), "--raw 须与 --format replay 同用"),
    (("relay",), "须给出 --store 与 --config"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE_IN_CHINESE, ids=range(len(USAGE_IN_CHINESE)))
def test_wrong_usage_is_told_in_chinese(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """By `--lang`, wherever it stands, or by the locale, without a word of English; English stays click's."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    code, out, err = called(capsys, *arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert err.splitlines()[-1].startswith(f"错误：{message}")
    assert not any(word in err for word in ("Usage", "Try", "Error", "OPTIONS", "Missing", "No such"))
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    english = called(capsys, *arguments)[2]
    assert english.isascii() and english.splitlines()[-1].startswith("Error: ")
    if arguments[0] in ("deadline", "cases", "show") and arguments[-1] != "--start":
        assert called(capsys, arguments[0], "--lang", "zh", *arguments[1:])[2] == err


def test_a_language_that_a_portal_loaded_is_spoken(
    stored: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--lang` takes it, and so does the locale; what it lacks is English; others are refused by name."""
    show = ("show", "a-1", "--store", stored)
    assert "no language is called mn; use one of: en, zh" in called(capsys, *show, "--lang", "mn")[2]
    i18n.load_catalogue("mn", {"cli": {"state": "төлөв"}, "errors": {"unknown-case": "{case} алга"}})
    try:
        out = called(capsys, *show, "--lang", "mn")[1]
        assert "төлөв: answered (answered)\n" in out and "submitted: " in out
        monkeypatch.setenv("LC_ALL", "mn_MN.UTF-8")
        assert called(capsys, *show)[1] == out
        assert called(capsys, "show", "x", "--store", stored)[2] == "caseflow: x алга\n"
        assert "[zh|mn|en]" in called(capsys, "show", "--help")[1]
    finally:
        i18n.reset()


def test_a_folder_of_languages_is_loaded(stored: str) -> None:
    """`CASEFLOW_LOCALE` names a folder of LANG.toml files; one that cannot be used is told."""
    Path("languages").mkdir()
    Path("languages/mn.toml").write_text('[cli]\nno-cases = "хэрэг алга"\n', encoding="utf-8")
    environment = {**os.environ, "CASEFLOW_LOCALE": "languages", "LANG": "en_US.UTF-8"}
    program = [
        sys.executable,
        "-m",
        "caseflow.cli",
        "cases",
        "--store",
        stored,
        "--unit",
        "x",
        "--lang",
        "mn",
    ]

    def ran() -> tuple[int, str, str]:
        done = subprocess.run(program, capture_output=True, env=environment, check=False, encoding="utf-8")
        return done.returncode, done.stdout, done.stderr

    assert ran() == (Exit.OK, "хэрэг алга\n", "")
    Path("languages/mn.toml").write_text('[cli]\nno-case = "x"\n', encoding="utf-8")
    assert ran() == (Exit.BAD_INPUT, "", "caseflow: languages/mn.toml: cli.no-case: no such key\n")


def test_the_system_is_quoted_in_the_language_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that cannot be written is told in words of either language."""
    call = ("replay", "log.csv", "--policy", "wuhu", "--cards", "none/cards.csv", "--lang")
    assert called(capsys, *call, "zh")[2] == "caseflow: none/cards.csv：没有此文件或文件夹\n"
    assert called(capsys, *call, "en")[2] == "caseflow: none/cards.csv: No such file or directory\n"


def test_csv_can_begin_with_a_mark(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--bom` puts the mark before every CSV that is written, once; the files are read again with it."""
    head = "start,days,counting,calendar,timezone,roll,pauses\n"
    row = "2025-03-03T09:30:00+08:00,5,natural,,Asia/Shanghai,none,\n"
    Path("in.csv").write_text(head + row, encoding="utf-8")
    Path("log.csv").write_text(LOG + "a-9,note,2025-03-04T09:30:00+08:00,,,,,x,\n", encoding="utf-8")
    replay = ("replay", "log.csv", "--policy", "wuhu", "--on-error", "skip", "--rejects", "rejects.csv")
    assert called(capsys, *replay, "--cards", "cards.csv", "--bom")[0] == Exit.FOUND
    assert called(capsys, "deadline", "--batch", "in.csv", "--out", "out.csv", "--bom")[0] == Exit.OK
    assert called(capsys, "simulate", "city", "--cases", "3", "--out", "city.csv", "--bom")[0] == Exit.OK
    for name in ("cards.csv", "rejects.csv", "out.csv", "city.csv"):
        raw = Path(name).read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf") and raw.count(b"\xef\xbb\xbf") == 1, name
    assert called(capsys, "replay", "city.csv", "--policy", "wuhu")[0] == Exit.OK
    assert called(capsys, "deadline", "--batch", "out.csv", "--out", "again.csv")[0] == Exit.OK
    for call in (
        ("deadline", "--days", "3", "--start", "x"),
        replay[:4],
        ("simulate", "city", "--cases", "3"),
    ):
        assert called(capsys, *call, "--bom")[0] == Exit.USAGE


def test_an_output_never_takes_the_stores_place(stored: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The file of the store is an input too, by whatever name: link, hard link or path."""
    Path("hard.db").hardlink_to("c.db")
    Path("soft.db").symlink_to("c.db")
    before = Path("c.db").read_bytes()
    calls = (
        ("calendar", "--unit", "城管局", "--store", stored),
        ("document", "show", "a-1", "d-1", "--store", stored),
        ("testing", "record", "a-1", "--store", stored),
    )
    for call in calls:
        for name in ("c.db", "./c.db", "hard.db", "soft.db"):
            code, _, err = called(capsys, *call, "--out", name)
            assert (code, "is read; write to another file" in err) == (Exit.USAGE, True)
    for name in ("c.db", "hard.db"):
        replay = ("replay", "log.csv", "--policy", "wuhu", "--store", stored, "--cards", name)
        assert called(capsys, *replay)[0] == Exit.USAGE
    Path("city.toml").write_text('extends = "city"\n', encoding="utf-8")
    assert called(capsys, "simulate", "city.toml", "--out", "city.toml")[0] == Exit.USAGE
    assert Path("c.db").read_bytes() == before


@pytest.mark.parametrize("columns", ["1", "20", "0"])
def test_a_narrow_terminal_is_no_trouble(stored: str, columns: str) -> None:
    """Help, tables and errors print whatever the width is."""
    environment = {**os.environ, "COLUMNS": columns, "LC_ALL": "zh_CN.UTF-8"}
    for call in (("--help",), ("cases", "--store", stored), ("deadline", "--xx"), ("policy", "lint", "wuhu")):
        program = [sys.executable, "-m", "caseflow.cli", *call]
        done = subprocess.run(program, capture_output=True, env=environment, check=False)
        assert done.returncode == (Exit.USAGE if "--xx" in call else Exit.OK)
        assert b"Traceback" not in done.stderr
