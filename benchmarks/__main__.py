"""``python -m benchmarks [NAME...] [--quick]``: measure, print a table, write ``build/bench.json``."""

from __future__ import annotations

import argparse
from importlib import import_module

from benchmarks.life import WORKPLACE
from benchmarks.report import Row, table, write

NAMES = (
    "bytecodes", "core_step", "memory_desk", "sqlite_desk", "replay", "sweeps", "import_time", "memory",
    "timelines", "plugin", "fleet", "policy_laws", "postgres_desk", "sql_sweeps", "relay", "imports",
    "migration", "terms", "long_lives", "case_lists", "doors", "workers", "systems", "recurrence",
    "linked", "analytic_boards", "report_page",
)  # fmt: skip


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="smaller sizes, rougher numbers")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    WORKPLACE.mkdir(exist_ok=True)
    rows: list[Row] = []
    for name in given.names or NAMES:
        print(f"{name} ...", flush=True)
        rows += import_module(f"benchmarks.{name}").rows(quick=given.quick)
    print(f"\n{table(rows)}")
    write(WORKPLACE / "bench.json", rows, quick=given.quick)


if __name__ == "__main__":
    main()
