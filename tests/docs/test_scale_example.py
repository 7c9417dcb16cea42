"""The example of a province's year, with few cases, from the year made up to the boards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from caseflow.stores.database_urls import parsed
from tests.contracts.databases import POSTGRES, url_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.soak
@pytest.mark.postgres
def test_two_workers_share_a_small_year(tmp_path: Path) -> None:
    """Every case that nobody answered gets its card, and what was made up is exported; nothing is left."""
    url = url_of(POSTGRES)
    command = [sys.executable, "-W", "error", "-m", "examples.scale", "--store", url, "--out", str(tmp_path)]
    command += ["--cases", "40", "--unanswered", "20", "--workers", "2"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["cards due by midnight"] >= 20
    assert figures["events"] > figures["commands"] > 40
    assert sum(figures["commands by second"]) == figures["commands"]
    assert 0 < figures["lag of half the cards, s"] <= figures["lag of the last card, s"]
    assert all(name in run.stdout for name in figures if name != "commands by second")
    assert (tmp_path / "figures.svg").read_text(encoding="utf-8").startswith("<svg")
    engine = create_engine(parsed(url))
    names = inspect(engine).get_schema_names()
    engine.dispose()
    assert not [name for name in names if name.startswith("caseflow_scale_")]
