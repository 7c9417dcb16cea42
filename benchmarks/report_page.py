"""A year's report over 220,000 cases: from tables at hand to the file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.analytic_boards import CASES, make_store
from benchmarks.life import START, WORKPLACE
from benchmarks.report import Row
from caseflow import Desk, ManualClock, SqliteStore, load_policy
from caseflow.analytics.board_source import opened_tables
from caseflow.analytics.table_export import export_tables
from caseflow.report import report_figures, report_page

KILOBYTES = 3_000


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds of one core, libraries imported before; wall time and the parts in the notes."""
    folder, cases = WORKPLACE / "report", CASES // (40 if quick else 1)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make_store(folder / "store.db", cases)
    export_tables(SqliteStore(folder / "store.db"), folder / "tables")
    command = [sys.executable, "-m", "benchmarks.report_page", str(folder)]
    taken = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    note = f"{taken['wall']:.1f} s by the wall; governance {taken['governance']:.1f} s of it; "
    note += f"libraries imported: {taken['imports']:.1f} s"
    return (
        Row(work=f"report over {cases:,} cases", unit="s", ours=taken["cpu"], score=taken["cpu"],
            sense="{:.1f} s", at_least=False, must=10, note=note),
        Row(work="its file", unit="kB", ours=taken["size"], score=taken["size"], sense="{:.0f} kB",
            at_least=False, must=KILOBYTES, note="one store, one unit"),
    )  # fmt: skip


def _written(folder: Path) -> dict[str, float]:
    from caseflow.oversight.governance import governance_report

    store, year = SqliteStore(folder / "store.db"), START[:4]
    desk = Desk(load_policy("base"), store, clock=ManualClock(f"{int(year) + 1}-02-01T09:00:00+08:00"))
    imports, begun, wall = process_time(), process_time(), perf_counter()
    with opened_tables(store, folder / "tables") as tables:
        page = report_page(report_figures(desk, tables, period=year), desk)
    cpu, wall = process_time() - begun, perf_counter() - wall
    begun = process_time()
    governance_report(desk, since=f"{year}-01-01", until=f"{int(year) + 1}-01-01")
    return {
        "cpu": cpu, "wall": wall, "imports": imports, "governance": process_time() - begun,
        "size": len(page.encode()) / 1000,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(_written(Path(sys.argv[1]))))
