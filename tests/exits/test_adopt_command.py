"""``caseflow adopt``: a table taken over whole, or its wrong rows listed and nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
        "written": True, "adopted": 1, "unchanged": 0, "skipped": 1, "identical": 0, "wrong": 0,
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
    "days": ("c,routed,u,2025-03-03T09:00:00+08:00,,2025-03-04T09:00:00+08:00,many,,,\n", "ext"),
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
