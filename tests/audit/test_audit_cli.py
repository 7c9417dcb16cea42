"""``caseflow audit`` from the command line."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from caseflow import SqliteStore
from caseflow.cli import run
from tests.audit.lived import live


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("cases.db", synchronous="off")) as store:
        live(store)
    return "sqlite:///cases.db"


def spoil() -> None:
    with closing(sqlite3.connect("cases.db", isolation_level=None)) as connection:
        connection.execute(
            "UPDATE caseflow_events SET body = CAST(replace(body, 'yellow', 'yelloh') AS BLOB)"
            " WHERE case_id = 'a2'"
        )


def test_a_sound_store_leaves_with_0(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys, a checkpoint and both audits, as the how-to page goes."""
    assert run(["audit", "verify", "--store", url]) == 0
    assert capsys.readouterr().out == "3 cases, 22 events: as recorded\n"
    assert run(["audit", "keygen", "--out", "key"]) == 0
    assert run(["audit", "checkpoint", "--store", url, "--key", "key", "--out", "cp"]) == 0
    signed = ["audit", "verify", "--store", url, "--checkpoint", "cp", "--public-key", "key.pub"]
    capsys.readouterr()
    assert run([*signed, "--lang", "zh"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"已与 \S+ 的检查点核对 3 件案件", first)
    assert second == "3 件案件，22 个事件：与记录一致"


def test_a_spoiled_store_leaves_with_6(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first broken case and version are named, in text and in JSON."""
    spoil()
    assert run(["audit", "verify", "--store", url]) == 6
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "case a2, version 1: the event does not fit its hash, or not the event before"
    assert run(["audit", "verify", "--store", url, "--json"]) == 6
    document = json.loads(capsys.readouterr().out)
    assert (document["sound"], document["faults"][0]["case_id"], document["faults"][0]["version"]) == (
        False,
        "a2",
        1,
    )


def test_wrong_usage_is_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkpoint without its key is wrong usage; a forged one leaves with 6, a file that is none with 3."""
    assert run(["audit", "verify", "--store", url, "--checkpoint", "cp"]) == 2
    assert run(["audit", "keygen", "--out", "key"]) == 0
    assert run(["audit", "keygen", "--out", "key"]) == 3
    assert run(["audit", "checkpoint", "--store", url, "--key", "key", "--out", "cp"]) == 0
    raw = Path("cp").read_text(encoding="utf-8")
    Path("cp").write_text(raw.replace('"cases":3', '"cases":4'), encoding="utf-8")
    signed = ["audit", "verify", "--store", url, "--checkpoint", "cp", "--public-key", "key.pub"]
    capsys.readouterr()
    assert run(signed) == 6
    assert "cp was changed, or signed by another key" in capsys.readouterr().err
    assert run([*signed[:-1], "cp"]) == 3
