"""A public log replayed in memory, case by case, against reading the same file; and where its time goes."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from time import process_time
from typing import NoReturn

from benchmarks.report import Row
from benchmarks.timing import interleaved, seconds
from caseflow import MemoryStore, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.interchange import load_mapping
from caseflow.interchange import replay as replay_logs
from caseflow.interchange.log_mapping import LogMapping
from caseflow.interchange.log_reader import Step, read_header, read_steps
from caseflow.interchange.log_replay import BATCH, by_case, history_of, no_collection
from caseflow.interchange.log_times import TimeReader
from caseflow.ports import Append

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT.parent / "shared" / "data" / "boston311_2011h2.csv.gz"
MAPPING = ROOT / "examples" / "mappings" / "boston311.toml"
ZONE = "America/New_York"


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds for the whole file; no row when the log is missing."""
    if not LOG.exists():
        print(f"skipped: no log {LOG.name} beside the checkout")
        return ()
    counted: list[int] = []
    ours, desk, peer = (
        lambda: seconds(lambda: counted.append(_replayed())),
        lambda: seconds(lambda: _replayed(in_order=True)),
        lambda: seconds(_read),
    )
    medians = interleaved({"ours": ours, "desk": desk, "peer": peer}, rounds=1 if quick else 5)
    spent = ", ".join(f"{name} {share:.2f} s" for name, share in parts().items())
    note = f"{counted[0]:,} commands; {spent}"
    return (
        Row(
            work="replay of Boston, memory", unit="s", ours=medians["ours"], peer=medians["peer"],
            against="csv.DictReader + fromisoformat", score=medians["ours"] / medians["peer"],
            sense="{:.2f}x its time", at_least=False, must=15, hoped=9, note=note,
        ),
        Row(
            work="the same through the desk, in the order of time", unit="s", ours=medians["desk"],
            peer=medians["peer"], against="csv.DictReader + fromisoformat",
            score=medians["desk"] / medians["peer"], sense="{:.2f}x its time", at_least=False, must=15,
        ),
    )  # fmt: skip


def parts() -> dict[str, float]:
    """Seconds of one core for each part of the work, the parts done one after another."""
    spent: dict[str, float] = {}
    rules, store = CompiledPolicy(load_policy("wuhu")), MemoryStore()

    def timed(name: str, work: Callable[[], object]) -> None:
        begun = process_time()
        work()
        spent[name] = process_time() - begun

    steps: list[Step] = []
    appends: list[Append] = []

    def decide() -> None:
        end = steps[-1][0]
        for case_id, of_case in by_case(steps).items():
            entry = history_of(case_id, of_case, rules, end=end, refuse=_refuse)
            if entry is not None:
                appends.append(entry)

    def append() -> None:
        for first in range(0, len(appends), BATCH):
            store.append(appends[first : first + BATCH])

    def read_and_map() -> None:
        mapping, times = load_mapping(MAPPING), TimeReader(ZONE)
        steps.extend(read_steps(LOG, mapping, times=times, reject=_refuse, aside=_refuse))
        steps.sort(key=itemgetter(0))

    with no_collection():
        timed("reading", lambda: sum(1 for _ in read_header(LOG, LogMapping())[1]))
        timed("mapping", read_and_map)
        timed("deciding", decide)
        timed("appending", append)
    spent["mapping"] -= spent["reading"]
    return spent


def _refuse(*refused: object) -> NoReturn:
    raise AssertionError(refused)  # every row of this log can be replayed


def _replayed(*, in_order: bool = False) -> int:
    """Accepted commands."""
    done = replay_logs(
        [LOG], policy=load_policy("wuhu"), store=MemoryStore(), mapping=load_mapping(MAPPING), timezone=ZONE,
        in_order=in_order,
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
