"""Small scenarios for the tests, and what is asked of them again and again."""

from __future__ import annotations

import io
from pathlib import Path

from caseflow.simulation import Run, Scenario, load_scenario, simulate

SMALL = """
format = 1
policy = "wuhu"
start = 2025-03-03
days = 28
[office]
hours = ["09:00-17:00"]
[units."城管局"]
"""
"""Four weeks, one unit, nothing that takes time."""


def scenario(folder: Path, text: str = SMALL) -> Scenario:
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path)


def logged(city: Scenario, *, cases: int | None = None, seed: int | None = None) -> tuple[Run, str]:
    out = io.StringIO(newline="")
    run = simulate(city, cases=cases, seed=seed, out=out)
    return run, out.getvalue()
