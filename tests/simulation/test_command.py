"""``caseflow simulate`` as a user meets it: tables, files, both languages, wrong calls."""

from __future__ import annotations

import builtins
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from caseflow.cli import run
from caseflow.cli.exit_codes import Exit
from caseflow.simulation import load_scenario
from tests.simulation.cities import SMALL


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL + "wait = { median = 30, spread = 2 }\n", encoding="utf-8")
    yield tmp_path


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["simulate", *arguments])
    caught = capsys.readouterr()
    return code, caught.out, caught.err


def test_a_simulation_is_told_and_its_log_replays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table counts the cards; `replay` of the log it wrote counts the same ones up to the log's end."""
    code, out, _ = called(capsys, "small.toml", "--cases", "50", "--seed", "2", "--out", "log.csv")
    assert (code, out.splitlines()[0]) == (Exit.OK, "50 cases in 28 days from 2025-03-03, seed 2")
    assert "yellow card" in out
    assert run(["replay", "log.csv", "--policy", "wuhu", "--json", "-"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["cases"] == 50


def test_what_if_is_told_with_its_interval(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, JSON and drawing tell the same differences; lines fit on 80 columns."""
    call = ("small.toml", "--cases", "60", "--runs", "3", "--what-if", "reply.yellow=3 days")
    code, out, _ = called(capsys, *call, "--svg", "what.svg")
    assert (code, "what if: reply.yellow=3 days" in out) == (Exit.OK, True)
    assert max(map(len, out.splitlines())) <= 80
    printed = json.loads(called(capsys, *call, "--json")[1])
    yellow = printed["measures"]["cards.reply.yellow"]
    assert yellow["difference"] == pytest.approx(yellow["other"] - yellow["mean"])
    assert yellow["low"] <= yellow["difference"] <= yellow["high"]
    assert f"{yellow['difference']:+.1f} (" in out
    assert f"{yellow['difference']:+.1f} (" in Path("what.svg").read_text(encoding="utf-8")
    assert ElementTree.parse("what.svg").getroot().tag.endswith("svg")


def test_two_scenarios_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--against` a scenario of quicker units: fewer cards, over the same cases."""
    (folder / "quick.toml").write_text(SMALL + "wait = { median = 3 }\n", encoding="utf-8")
    printed = json.loads(
        called(capsys, "small.toml", "--against", "quick.toml", "--cases", "50", "--json")[1]
    )
    assert (printed["cases"], printed["measures"]["cards.reply.yellow"]["other"]) == (50, 0)
    assert printed["measures"]["cards.reply.yellow"]["low"] is None


def test_both_languages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table and the problems of a file are in Chinese where that is asked for."""
    out = called(capsys, "small.toml", "--lang", "zh", "--what-if", "handling.heeds=1", "--cases", "20")[1]
    assert "黄牌警示" in out
    assert "假如：handling.heeds=1" in out


def test_units_are_told_when_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each unit's share of hours worked is a line of its own with `--units`."""
    assert "交通局" not in called(capsys, "city", "--cases", "30")[1]
    assert "officers' hours worked, 交通局" in called(capsys, "city", "--cases", "30", "--units")[1]


WRONG = {
    (): "name a scenario",
    ("--fit", "log.csv"): "--fit goes with --out",
    ("small.toml", "--fit", "log.csv", "--out", "x.toml"): "--fit goes with --out",
    ("small.toml", "--mapping", "m.toml"): "--mapping goes with --fit",
    ("small.toml", "--against", "city", "--what-if", "x.y=1"): "do not go together",
    ("small.toml", "--cases", "0"): "0 is not in the range",
}


@pytest.mark.parametrize(("call", "message"), WRONG.items(), ids=map(str, range(len(WRONG))))
def test_wrong_usage(
    folder: Path, capsys: pytest.CaptureFixture[str], call: tuple[str, ...], message: str
) -> None:
    """Options that do not go together leave with 2 and say so."""
    code, _, err = called(capsys, *call)
    assert (code, message in err) == (Exit.USAGE, True)


def test_a_bad_file_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown scenarios, unknown keys, wrong changes and folders leave with 3 and no traceback."""
    (folder / "bad.toml").write_text(SMALL.replace("days", "weeks"), encoding="utf-8")
    for call, message in (
        (("none.toml",), "no file is called none.toml"),
        (("bad.toml",), "bad.toml: weeks: unknown key weeks"),
        ((".",), "this is no file"),
        (("small.toml", "--what-if", "speed=3"), "speed=3: speed is unknown there"),
    ):
        code, _, err = called(capsys, *call)
        assert (code, message in err) == (Exit.BAD_INPUT, True), err
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "未知的键 weeks" in called(capsys, "bad.toml")[2]


def test_a_log_is_fitted_and_simulated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `--fit` writes is a scenario that simulates at once."""
    called(capsys, "small.toml", "--cases", "200", "--out", "log.csv")
    code, out, _ = called(capsys, "--fit", "log.csv", "--out", "fitted.toml")
    assert (code, out.startswith("fitted.toml: fitted to 200 cases, ")) == (Exit.OK, True)
    assert load_scenario("fitted.toml").units["城管局"].officers == 0
    assert called(capsys, "fitted.toml", "--cases", "50")[0] == Exit.OK


def test_a_missing_library_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without simpy the command names the extra, and the demo does not ask for it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "simpy" or "simulation" in name]:
        monkeypatch.delitem(sys.modules, name)
    importing = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "simpy":
            raise ModuleNotFoundError("No module named 'simpy'", name="simpy")
        return importing(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    code, _, err = called(capsys, "small.toml")
    assert (code, "extra `sim`" in err) == (Exit.USAGE, True)
    monkeypatch.delitem(sys.modules, "caseflow.cli.log_commands")
    assert import_module("caseflow.cli.log_commands").demo.name == "demo"
