"""What the pytest plugin costs a suite that does not use it: whole runs with it and without, in turn."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Row
from benchmarks.timing import interleaved

QUICK = ("-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:sybil", "-p", "no:xdist")
"""Other plugins are left out: they cost more than what is measured, and not always the same."""


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Milliseconds of processor time of a run over one test, beside the same run without the plugin."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        found = interleaved(
            {"with": lambda: _run(folder), "without": lambda: _run(folder, "-p", "no:pytest_caseflow")},
            rounds=9 if quick else 41,
        )
    return (
        Row(
            work="pytest plugin, suite without its fixtures", unit="ms", ours=found["with"] * 1e3,
            peer=found["without"] * 1e3, against="pytest -p no:pytest_caseflow",
            score=(found["with"] - found["without"]) * 1e3, sense="{:+.1f} ms", at_least=False, must=20,
        ),
    )  # fmt: skip


def _run(folder: str, *options: str) -> float:
    before = _children()
    subprocess.run(
        [sys.executable, "-m", "pytest", *QUICK, *options], cwd=folder, check=True, capture_output=True
    )
    return _children() - before


def _children() -> float:
    """The processor time of all processes this one has started and waited for, in seconds."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
