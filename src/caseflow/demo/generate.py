"""Make the bundled year from the scenario ``city``: ``python -m caseflow.demo.generate`` (extras sim, cn)."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

from caseflow.simulation import load_scenario, simulate


def log() -> bytes:
    """The year as CSV, UTF-8, in the order of time; the same bytes every time."""
    out = io.StringIO(newline="")
    simulate(load_scenario("city"), out=out)
    return out.getvalue().encode()


if __name__ == "__main__":
    Path(__file__).with_name("year.csv.gz").write_bytes(gzip.compress(log(), mtime=0))
