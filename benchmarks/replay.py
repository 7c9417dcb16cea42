"""The replay of a public log in memory, through the desk, against reading the same file."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from pathlib import Path

from benchmarks.report import Row
from benchmarks.timing import interleaved, seconds
from caseflow import MemoryStore, load_policy
from caseflow.logs import load_mapping
from caseflow.logs import replay as replay_logs

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT.parent / "shared" / "data" / "boston311_2011h2.csv.gz"
MAPPING = ROOT / "examples" / "mappings" / "boston311.toml"


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds for the whole file; no row when the log is missing."""
    if not LOG.exists():
        print(f"skipped: no log {LOG.name} beside the checkout")
        return ()
    counted: list[int] = []
    found = interleaved(
        {"ours": lambda: seconds(lambda: counted.append(_replayed())), "peer": lambda: seconds(_read)},
        rounds=1 if quick else 5,
    )
    return (
        Row(
            work="replay of Boston, memory", unit="s", ours=found["ours"], peer=found["peer"],
            against="csv.DictReader + fromisoformat", score=found["ours"] / found["peer"],
            sense="{:.2f}x its time", at_least=False, must=10, hoped=6, note=f"{counted[0]:,} commands",
        ),
    )  # fmt: skip


def _replayed() -> int:
    """Accepted commands."""
    done = replay_logs(
        [LOG], policy=load_policy("wuhu"), store=MemoryStore(),
        mapping=load_mapping(MAPPING), timezone="America/New_York",
    )  # fmt: skip
    return done.events


def _read() -> int:
    """Times read."""
    times = 0
    with gzip.open(LOG, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for column in ("opened_at", "closed_at"):
                if row[column]:
                    datetime.fromisoformat(row[column])
                    times += 1
    return times
