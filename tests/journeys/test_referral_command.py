"""``caseflow referral``: proposed, reviewed, shown and counted over a store."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, SqliteStore, load_policy
from caseflow.cli import run
from tests.journeys.people import CITIZEN, COORDINATOR, MONDAY

PERIOD = ["--since", "2025-03-01", "--until", "2025-04-01"]
ALL = ["--since", "2025-01-01", "--until", "2100-01-01"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with an inquiry that was answered too late, its red card among what the sweep issued."""
    with SqliteStore(tmp_path / "cases.db") as store:
        clock = ManualClock(MONDAY)
        desk = Desk([load_policy("wuhu")], store=store, clock=clock)
        desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id="c-1")
        clock.advance(days=20)
        desk.sweep()
    return f"sqlite:///{tmp_path / 'cases.db'}"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(arguments) == code
    return capsys.readouterr().out


def confirm(url: str, referral: str) -> None:
    """The finding, by people on the portal's own desk, as time goes on."""
    with SqliteStore(Path(url.removeprefix("sqlite:///"))) as store:
        start = store.load(referral)
        assert start is not None
        clock = ManualClock(start.last_us)
        desk = Desk([load_policy("wuhu"), load_policy("referral")], store=store, clock=clock)
        desk.act(referral, "open", by=Actor("s-1", role="supervisor"))
        clock.advance(days=11)
        desk.sweep()
        desk.act(referral, "find", by=Actor("p-1", role="panel"), fields={"findings": "属实"})
        clock.advance(days=16)
        desk.sweep()


def test_a_referral_from_its_proposal_to_its_points(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proposed = json.loads(printed(capsys, "referral", "propose", *PERIOD, "--store", url, "--json"))
    ((referral, unit, conduct),) = [(one["id"], one["unit"], one["conduct"]) for one in proposed]
    assert (unit, conduct) == ("城管局", "delay")
    again = printed(capsys, "referral", "propose", *PERIOD, "--store", url, "--lang", "zh")
    assert again == "提出问责 0 件\n"
    sheet = json.loads(printed(capsys, "referral", "sheet", referral, "--store", url, "--json"))
    assert [row["stands"] for row in sheet["rows"]] == [True, True]
    page = tmp_path / "sheet.html"
    printed(capsys, "referral", "sheet", referral, "--store", url, "--out", str(page))
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "<!doctype html>" in printed(capsys, "referral", "sheet", referral, "--store", url)
    none = printed(capsys, "referral", "points", *ALL, "--store", url, "--lang", "en")
    assert none == "no points\n"
    confirm(url, referral)
    assert printed(capsys, "referral", "points", *ALL, "--store", url).split() == ["城管局", "4"]
    table = tmp_path / "points.csv"
    printed(capsys, "referral", "points", *ALL, "--store", url, "--out", str(table), "--bom")
    with table.open(encoding="utf-8-sig", newline="") as file:
        assert [(row["item"], row["points"]) for row in csv.DictReader(file)] == [
            ("reply/yellow", "1"),
            ("reply/red", "3"),
        ]
    assert json.loads(
        printed(capsys, "referral", "points", *ALL, "--store", url, "--unit", "水务局", "--json")
    ) == {"totals": {}, "entries": []}


def test_what_was_annulled_is_taken_back(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "referral", "propose", *PERIOD, "--store", url)
    with SqliteStore(Path(url.removeprefix("sqlite:///"))) as store:
        desk = Desk(load_policy("wuhu"), store=store)
        desk.reply(
            "c-1", text="已修复", by=COORDINATOR, effective_at="2025-03-12T10:00:00+08:00", reason="补录"
        )
    taken = json.loads(printed(capsys, "referral", "review", "--store", url, "--json"))
    assert [one["evidence"].partition("@")[0] for one in taken] == ["c-1"]
    assert printed(capsys, "referral", "review", "--store", url, "--lang", "zh") == "撤回 0 项\n"


def test_what_is_wrong_is_said(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "referral", "points", "--since", "x", "--until", "2025-04-01", "--store", url, code=3)
    printed(capsys, "referral", "propose", *PERIOD, "--policy", "wuhu", "--store", url, code=3)
    both = ("--json", "--out", "points.csv")
    printed(capsys, "referral", "points", *PERIOD, "--store", url, *both, code=2)
    printed(capsys, "referral", "sheet", "nowhere", "--store", url, code=3)
