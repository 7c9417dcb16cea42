"""How long ``import caseflow`` takes against importing what it stands on, each in a new process."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

from benchmarks.report import Row
from benchmarks.timing import interleaved

CODE = "from time import perf_counter as now; begun = now(); {}; print(now() - begun)"
PEER = "import transitions, attrs, pendulum"
DESK = "from caseflow import Actor, Desk, SqliteStore, load_policy"
"""What a portal needs before its first command: a name of the package is loaded when it is used."""


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Milliseconds of the import statement itself, the start of Python left out."""
    found = interleaved(
        {code: partial(_importing, code) for code in ("import caseflow", DESK, PEER)},
        rounds=5 if quick else 15,
    )
    return (
        _row("import caseflow", found["import caseflow"], found[PEER], must=1.1),
        _row("its desk on SQLite", found[DESK], found[PEER], must=1.1),
    )


def _row(work: str, ours: float, peer: float, *, must: float) -> Row:
    return Row(
        work=work, unit="ms", ours=ours * 1e3, peer=peer * 1e3, against=PEER, score=ours / peer,
        sense="{:.2f}x its time", at_least=False, must=must,
    )  # fmt: skip


def _importing(code: str) -> float:
    # Both from compiled files, as an installed program has them; the round that is not counted makes them.
    env = {name: found for name, found in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    told = subprocess.run(
        [sys.executable, "-c", CODE.format(code)], capture_output=True, text=True, check=True, env=env
    )
    return float(told.stdout)
