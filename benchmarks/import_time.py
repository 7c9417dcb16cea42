"""How long ``import caseflow`` takes against importing what it stands on, each in a new process."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.report import Row
from benchmarks.timing import interleaved

CODE = "from time import perf_counter as now; begun = now(); import {}; print(now() - begun)"


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Milliseconds of the import statement itself, the start of Python left out."""
    found = interleaved(
        {"ours": lambda: _importing("caseflow"), "peer": lambda: _importing("transitions, attrs, pendulum")},
        rounds=5 if quick else 15,
    )
    return (
        Row(
            work="import caseflow", unit="ms", ours=found["ours"] * 1e3, peer=found["peer"] * 1e3,
            against="import transitions, attrs, pendulum", score=found["ours"] / found["peer"],
            sense="{:.2f}x its time", at_least=False, must=1.1,
        ),
    )  # fmt: skip


def _importing(names: str) -> float:
    # Both from compiled files, as an installed program has them; the round that is not counted makes them.
    env = {name: found for name, found in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    told = subprocess.run(
        [sys.executable, "-c", CODE.format(names)], capture_output=True, text=True, check=True, env=env
    )
    return float(told.stdout)
