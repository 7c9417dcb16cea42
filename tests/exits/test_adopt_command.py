"""``caseflow adopt``: a table taken over whole, or its wrong rows listed and nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import SqliteStore
from caseflow.cli import run

MAPPING = """
format = 1
skip = [{ column = "state", equals = "closed" }]
[case]
case_id = "id"
state = "state"
unit = "unit"
submitted_at = "at"
replied_at = "replied"
[[extensions]]
at = "ext"
days = "days"
[[pauses]]
since = "p1"
until = "p2"
clock = { value = "reply" }
[started]
reply = "reopened"
"""
HEAD = "id,state,unit,at,replied,ext,days,p1,p2,reopened\n"
GOOD = "a,routed,城管局,2025-03-03T09:00:00+08:00,,,,,,\nb,closed,,x,,,,,,\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    return tmp_path


def adopt(rows: str, *more: str, mapping: str = MAPPING) -> int:
    Path("t.csv").write_text(HEAD + rows, encoding="utf-8")
    Path("m.toml").write_text(mapping, encoding="utf-8")
    return run(["adopt", "t.csv", "--mapping", "m.toml", "--store", "sqlite:///c.db", *more])


def test_a_table_is_taken_over(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts as JSON; a second run changes nothing."""
    assert adopt(GOOD, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "written": True, "adopted": 1, "ended": 0, "unchanged": 0, "skipped": 1, "identical": 0, "wrong": 0,
        "inherited": {"reminder": 1, "yellow": 1, "red": 1, "urge": 1}, "running": {"reply": 1}, "untaken": 0,
    }  # fmt: skip
    assert adopt(GOOD) == 0
    assert capsys.readouterr().out.splitlines()[0] == "taken over: 0 cases; 1 were there, 1 skipped"


WRONG = {
    "state": ("c,lost,u,2025-03-03T09:00:00+08:00,,,,,,\n", "state"),
    "no start": ("c,routed,u,,,,,,,\n", "at"),
    "a start that is no time": ("c,routed,u,yesterday,,,,,,\n", "at"),
    "a naive start": ("c,routed,u,2025-03-03T09:00:00,,,,,,\n", "at"),
    "a start to come": ("c,routed,u,2999-03-03T09:00:00+08:00,,,,,,\n", "at"),
    "a reply before": ("c,routed,u,2025-03-03T09:00:00+08:00,2025-03-02T09:00:00+08:00,,,,,\n", "replied"),
    "days": ("c,routed,u,2025-03-03T09:00:00+08:00,,2025-03-04T09:00:00+08:00,many,,,\n", "days"),
    "a pause": (
        "c,routed,u,2025-03-03T09:00:00+08:00,,,,2025-03-05T09:00:00+08:00,2025-03-04T09:00:00+08:00,\n",
        "p1",
    ),
    "an id": (" c,routed,u,2025-03-03T09:00:00+08:00,,,,,,\n", "id"),
    "an id twice": ("a,routed,u,2025-03-03T09:00:00+08:00,,,,,,\n", "id"),
}  # fmt: skip


@pytest.mark.parametrize("why", WRONG)
def test_a_wrong_row_is_named_and_nothing_is_written(why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Line and column stand on standard error; the good row beside it is not written either."""
    row, column = WRONG[why]
    assert adopt(GOOD + row) == 1
    told = capsys.readouterr()
    assert told.err.startswith(f"caseflow: t.csv, line 4, column {column}: ")
    assert told.out == "wrong rows: 1; nothing written\n"
    store = SqliteStore("c.db")
    assert store.load("a") is None
    store.close()


def test_a_dry_run_makes_no_file() -> None:
    """Not even the store's."""
    assert adopt(GOOD, "--dry-run") == 0
    assert not Path("c.db").exists()


def test_chinese_and_local_times(capsys: pytest.CaptureFixture[str]) -> None:
    """A table in GB18030 with local times, told in Chinese."""
    Path("t.csv").write_bytes((HEAD + "案1,routed,城管局,2025-03-03 09:00:00,,,,,,\n").encode("gb18030"))
    Path("m.toml").write_text(MAPPING, encoding="utf-8")
    line = ["adopt", "t.csv", "--mapping", "m.toml", "--store", "sqlite:///c.db", "--lang", "zh"]
    assert run([*line, "--encoding", "gb18030", "--timezone", "Asia/Shanghai"]) == 0
    assert capsys.readouterr().out.startswith("已接收 1 件")


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ("format = 1", "case"),
        (MAPPING.replace('unit = "unit"', 'unti = "unit"'), "case.unti"),
        (MAPPING.replace('unit = "unit"', 'unit = "department"'), "department"),
        (MAPPING.replace("format = 1", "format = 2"), "format"),
    ],
)
def test_a_wrong_mapping_says_where(mapping: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that is missing or unknown, a column that the table lacks: exit code 3."""
    assert adopt(GOOD, mapping=mapping) == 3
    assert told in capsys.readouterr().err


def test_a_role_without_the_right_takes_over_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Every row is refused to a handler."""
    assert adopt(GOOD, "--role", "handler") == 1
    assert "may not take over" in capsys.readouterr().err
    assert adopt(GOOD, "--as-of", "2999-01-01T00:00:00+08:00") == 3


WHOLE = """
times = ["%Y/%m/%d %H:%M", "%Y/%m/%d"]
separator = ";"
identical = "aside"
[case]
case_id = "id"
state = { column = "state", translate = { "1" = "routed", "9" = "closed" } }
unit = "unit"
unit_since = "moved"
submitted_at = "at"
replied_at = "replied"
state_since = "closed"
[[holders]]
unit = "first"
since = "at"
[[holders]]
unit = "second"
since = "second_at"
[[pauses]]
clock = { value = "reply" }
days = "paused"
"""
WHOLE_HEAD = "id;state;unit;moved;at;replied;closed;first;second;second_at;paused\n"
WHOLE_ROWS = (
    "a;1;城管局;2025/3/14;2025/3/3 9:30;;;信访局;水务局;2025/3/5 8:00;2\n"
    "b;9;城管局;2025/3/4;2025/3/3 9:30;2025/3/12 10:00;2025/3/20;信访局;;;0\n"
)


def whole(rows: str, *more: str, mapping: str = WHOLE) -> int:
    Path("t.csv").write_text(WHOLE_HEAD + rows, encoding="utf-8")
    Path("m.toml").write_text(mapping, encoding="utf-8-sig")
    line = [
        "adopt",
        "t.csv",
        "--mapping",
        "m.toml",
        "--store",
        "sqlite:///c.db",
        "--timezone",
        "Asia/Shanghai",
    ]
    return run([*line, *more])


def test_a_table_tells_earlier_holders_a_total_of_pauses_and_what_is_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Cards name who held the case then, two days more, and the closed case is there for the record."""
    assert (
        whole(WHOLE_ROWS + WHOLE_ROWS[: WHOLE_ROWS.index("b;")], "--as-of", "2025-04-01T08:00:00+08:00") == 0
    )
    captured = capsys.readouterr()
    assert captured.err == "caseflow: t.csv, line 4: the same row as line 2\n"
    assert captured.out.splitlines() == [
        "taken over: 2 cases; 0 were there, 0 skipped",
        "inherited, told to nobody: reminder 2, yellow 2, red 1",
        "clocks that run on: reply 1",
        "ended, for the record: 1",
        "rows identical to earlier ones, set aside: 1",
    ]
    with SqliteStore("c.db") as store:
        a, b = store.load("a"), store.load("b")
        assert a is not None and b is not None
        assert [(card.level, card.unit, str(card.effective_at)[:10]) for card in a.cards] == [
            ("yellow", "水务局", "2025-03-11"), ("red", "城管局", "2025-03-21"),
        ]  # fmt: skip
        assert (b.state, b.has_reply, b.next_due) == ("closed", True, None)
        assert [card.level for card in b.cards] == ["yellow"]


@pytest.mark.parametrize(
    ("old", "new", "column", "said"),
    [
        (";2\n", ";200\n", "paused", "had not run so long"),
        (";2\n", ";1,5\n", "paused", "1,5"),
        (
            "2025/3/5 8:00",
            "2025-3-5",
            "second_at",
            'times would read it: "%Y-%m-%d" (2025-03-05 00:00:00)',
        ),
        ("2025/3/5 8:00", "2025/3/25", "at", "before unit_since"),
        ("2025/3/20;", ";", "closed", "since when it has ended"),
        ("2025/3/12 10:00", "2025/3/21", "replied", "after the end of the case"),
        ("2025/3/12 10:00", "", "replied", "replied_at"),
    ],
)
def test_what_cannot_have_been_is_told_by_its_column(
    old: str, new: str, column: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A total that is too long, another spelling, holders out of order, an end without its instant."""
    assert whole(WHOLE_ROWS.replace(old, new), "--as-of", "2025-04-01T08:00:00+08:00") == 1
    line = capsys.readouterr().err
    assert f"column {column}: " in line and said in line


def test_a_pause_without_any_column_is_no_pause(capsys: pytest.CaptureFixture[str]) -> None:
    """A mapping must say where a pause stands: since when, or how long."""
    assert whole(WHOLE_ROWS, mapping=WHOLE.replace('days = "paused"', "")) == 3
    assert "pauses[0].since" in capsys.readouterr().err


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(*[st.sampled_from(
    ("", "0", "1", "9", "2025/3/3", "2025/3/9 8:00", "2030/1/1", "45719", "x", "\u200b", "城管局")
)] * 11).map(";".join), min_size=1, max_size=3))  # fmt: skip
def test_any_cells_are_cases_or_wrong_rows(rows: list[str]) -> None:
    """Whatever stands in the cells: taken over, or listed; never a traceback."""
    assert whole("".join(f"{row}\n" for row in rows), "--dry-run") in (0, 1)
