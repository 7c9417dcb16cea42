"""``caseflow zone`` in processes of its own, killed with SIGKILL wherever it stands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from caseflow import SqliteStore
from caseflow.audit.verify import verify
from caseflow.cli import run
from tests.exits.zone_pair import POLICIES, Zones, acts, submitted

CASES = 150


def ends(zones: Zones, zone: str) -> list[str]:
    peer = "inner" if zone == "outer" else "outer"
    return [
        "--store", f"sqlite:///{zones.folder / f'{zone}.db'}", "--policy", str(POLICIES / f"{zone}.toml"),
        "--zone", zone, "--peer", peer,
    ]  # fmt: skip


def sending(zones: Zones, zone: str) -> list[str]:
    return [
        "zone",
        "export",
        *ends(zones, zone),
        "--key",
        str(zones.folder / f"{zone}.key"),
        "--out",
        str(zones.folder),
    ]


def taking(zones: Zones, zone: str, *bundles: Path) -> list[str]:
    peer = "inner" if zone == "outer" else "outer"
    key = str(zones.folder / f"{peer}.key.pub")
    return ["zone", "import", *map(str, bundles), *ends(zones, zone), "--public-key", key]


@pytest.fixture
def zones(tmp_path: Path) -> Zones:
    return Zones(tmp_path, SqliteStore(tmp_path / "outer.db"), SqliteStore(tmp_path / "inner.db"))


def test_there_and_back(zones: Zones, capsys: pytest.CaptureFixture[str]) -> None:
    """What the commands print, and the codes they end with."""
    submitted(zones, "c1")
    assert run([*sending(zones, "outer"), "--lang", "zh"]) == 0
    bundle = zones.folder / "outer-inner-000001.bundle"
    assert capsys.readouterr().out == f"第 1 批：{bundle}，1 项\n"
    assert run([*sending(zones, "outer"), "--lang", "en"]) == 0
    assert capsys.readouterr().out == "nothing to send\n"
    assert run([*taking(zones, "inner", bundle), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"number": 1, "done": 1, "is_repeat": False, "refused": []}
    ]
    assert run([*taking(zones, "inner", bundle), "--lang", "zh"]) == 0
    assert capsys.readouterr().out == "第 1 批此前已收到，未做任何改动\n"
    zones.outer.act("c1", "ask_withdrawal", by=zones.outer.history("c1")[0].by)
    zones.outer.act("c1", "ask_withdrawal", by=zones.outer.history("c1")[0].by)
    assert run([*sending(zones, "outer"), "--json"]) == 0
    capsys.readouterr()
    second = zones.folder / "outer-inner-000002.bundle"
    assert run([*taking(zones, "inner", second), "--lang", "zh"]) == 1
    assert capsys.readouterr().out.splitlines()[0] == "第 2 批：执行 1 项，不予执行 1 项"
    assert run([*sending(zones, "outer"), "--again", "2", "--lang", "zh"]) == 0
    second.write_bytes(second.read_bytes().replace(b"withdraw", b"reopened"))
    assert run(taking(zones, "inner", second)) == 3


@pytest.mark.soak
def test_killed_anywhere(zones: Zones) -> None:
    """Exports and imports are killed until both are through: every act once, in order, ledgers whole."""
    for number in range(CASES):
        submitted(zones, f"c{number:03}")
    chance = Random(11)
    killed = _until_done(sending(zones, "outer"), chance)
    # the last export may have died between the ledger and the file: that bundle is written again
    for number in range(1, zones.links["outer"]._ledger.last_sent()[0] + 1):
        if not (zones.folder / f"outer-inner-{number:06}.bundle").exists():
            assert run([*sending(zones, "outer"), "--again", str(number)]) == 0
    bundles = sorted(zones.folder.glob("outer-*.bundle"))
    killed += _until_done(taking(zones, "inner", *bundles), chance)
    assert killed >= 3
    for number in range(CASES):
        assert acts(zones.inner, f"c{number:03}").count("submitted") == 1
    assert verify(zones.inner.store).is_sound and verify(zones.outer.store).is_sound  # type: ignore[arg-type]
    for path in bundles:
        assert zones.receive("inner", path).is_repeat


def _until_done(arguments: list[str], chance: Random) -> int:
    """Run it and kill it, a little later each time, until it ends by itself; how often it was killed."""
    for turn in range(200):
        process = subprocess.Popen(
            [sys.executable, "-m", "caseflow.cli", *arguments],
            env=dict(os.environ),
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + 0.25 + 0.12 * turn + chance.random() * 0.1
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        if process.poll() is not None:
            assert process.returncode == 0
            return turn
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    raise AssertionError("it never ended")
