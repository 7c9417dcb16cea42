"""Analytic tables and boards: two million events exported, a thousand more, and boards of 220,000 cases."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from time import perf_counter, process_time

import duckdb
import ibis
import pandas as pd

from benchmarks.life import BODY, CITIZEN, COORDINATOR, OFFICER, START, STEPS, TITLE, UNIT, WORKPLACE
from benchmarks.many_cases import FIRST, multiply
from benchmarks.report import Row
from caseflow import Actor, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.analytics.boards import boards
from caseflow.analytics.table_export import export_tables
from caseflow.analytics.table_reader import open_tables
from caseflow.views.board_rows import Board

EVENTS, MORE = 2_000_000, 1_000
CASES, LIVED, YEAR = 220_000, 4_400, "2025"
UNITS = 300
COLUMNS = {
    "cases": (
        "cycle", "is_present", "outcome", "submitted_day", "begun_day", "replied_us", "replied_day",
        "completed_day", "ended_day", "is_rated", "reply_us", "reply_days",
        "reply_working_days", "on_time", "resolved", "satisfied",
    ),
    "cards": ("is_breach", "level", "day", "stands"),
    "replies": ("is_placeholder", "day", "stands"),
}  # fmt: skip
"""What the figures by hand need of each table; nobody would read more."""


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds of one core; wall time in the notes."""
    part = 40 if quick else 1
    folder = WORKPLACE / "analytic"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return (*_exports(folder, EVENTS // part), *_boards(folder, max(CASES // part, LIVED)))


# -- exports -----------------------------------------------------------------------------------------------


def _exports(folder: Path, events: int) -> tuple[Row, ...]:
    path, out = folder / "store.db", folder / "tables"
    make_store(path, events // len(STEPS))
    whole = _child("export", path, out)
    desk = Desk(load_policy("base"), SqliteStore(path), clock=ManualClock("2025-06-02T09:00:00+08:00"))
    for number in range(MORE):
        desk.note(f"case-{number * 7:07}", text="内部备注", by=OFFICER)
    desk.store.close()
    more = _child("export", path, out)
    assert more["events"] == MORE, more
    note = f"{whole['wall']:.1f} s by the wall; {whole['cases']:,} rewritings of cases, {whole['runs']} runs"
    return (
        _row(f"export of {whole['events']:,} events", whole["cpu"], "{:.1f} s", must=60, note=note),
        _row("its peak of memory", whole["memory"], "{:.0f} MB", must=500, note="of a process of its own"),
        _row(f"export of {MORE:,} more", more["cpu"], "{:.2f} s", must=1,
             note=f"{more['wall']:.2f} s by the wall; libraries imported before: {more['imports']:.2f} s"),
    )  # fmt: skip


def make_store(path: Path, cases: int) -> None:
    """A file of cases that were submitted, handled, rated and closed, 20,000 of them at a time."""
    desk = Desk(load_policy("base"), SqliteStore(path), clock=ManualClock(START))
    live(desk, FIRST, UNIT, score=5)
    desk.store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = off")
        connection.execute("PRAGMA synchronous = off")
        multiply(connection, cases, abreast=min(20_000, cases // 10))


def live(desk: Desk, case_id: str, unit: str, *, score: int, days: int = 1) -> None:
    """The eight steps, some days between them."""
    officer = Actor(f"o-{unit}", role="handler", unit=unit)
    desk.submit(title=TITLE, body=BODY, by=CITIZEN, case_id=case_id, kind="complaint")
    desk.acknowledge(case_id, by=COORDINATOR)
    desk.route(case_id, to=unit, by=COORDINATOR)
    desk.dispatch(case_id, by=officer)
    desk.clock.advance(days=days)
    desk.reply(case_id, text="已修复。", by=officer)
    desk.complete(case_id, by=officer)
    desk.rate(case_id, score=score, by=CITIZEN)
    desk.close(case_id, by=COORDINATOR)


def _child(work: str, *arguments: Path) -> dict[str, float]:
    """Run a work of this file in a process of its own; what it printed."""
    command = [sys.executable, "-m", "benchmarks.analytic_boards", work, *map(str, arguments)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(printed)
    return figures


def _export(path: Path, out: Path) -> dict[str, float]:
    import resource  # of Unix alone

    store, imports = SqliteStore(path), process_time()
    begun, wall = process_time(), perf_counter()
    done = export_tables(store, out)
    return {
        "cpu": process_time() - begun, "wall": perf_counter() - wall, "imports": imports,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "events": done.events, "cases": done.cases, "runs": done.runs,
    }  # fmt: skip


# -- boards ------------------------------------------------------------------------------------------------


def _boards(folder: Path, cases: int) -> tuple[Row, ...]:
    out = folder / "year"
    _year(out, cases)
    cold = _child("boards", out)
    whole, ratio = _beside_pandas(out)
    return (
        _row(f"all boards of a year over {cases:,} cases by unit, opened anew", cold["cpu"], "{:.2f} s",
             must=1, note=f"{cold['wall']:.2f} s by the wall; libraries imported: {cold['imports']:.2f} s"),
        Row(work="the same with DuckDB against pandas by hand", unit="s", ours=whole, peer=whole / ratio,
            against="pandas", score=ratio, sense="takes {:.2f} of its time", at_least=False, must=1,
            note="each reads the files anew; the median of five pairs"),
    )  # fmt: skip


def _year(out: Path, cases: int) -> None:
    """The tables of so many cases of a year: some lived, and copied under ids and in units of their own."""
    store = MemoryStore()
    desk = Desk(load_policy("base"), store, clock=ManualClock("2025-01-01T00:00:00+08:00"))
    for number in range(LIVED):
        desk.clock.set(f"2025-{number * 11 // LIVED + 1:02}-{number % 28 + 1:02}T09:00:00+08:00")
        live(desk, f"case-{number}", f"单位{number % UNITS}", score=number % 5 + 1, days=number % 13)
    desk.sweep()
    export_tables(store, out)
    manifest = max((out / "manifests").glob("*.json"))
    connection = duckdb.connect()
    for table in json.loads(manifest.read_text())["files"]:
        path = out / table["path"]
        copies = f"SELECT * REPLACE (case_id || '-' || n AS case_id) FROM read_parquet('{path}')"
        copies += f", range({cases // LIVED}) AS copies(n)"
        connection.execute(
            f"COPY (SELECT * EXCLUDE (n) FROM ({copies})) TO '{path}.new' (FORMAT parquet, COMPRESSION zstd)"
        )
        Path(f"{path}.new").replace(path)


def _all_boards(out: Path) -> dict[str, Board]:
    with open_tables(out) as connection:
        return boards(ibis.duckdb.from_connection(connection), period=YEAR, by=("unit",))


def _cold(out: Path) -> dict[str, float]:
    imports, begun, wall = process_time(), process_time(), perf_counter()
    _all_boards(out)
    return {"cpu": process_time() - begun, "wall": perf_counter() - wall, "imports": imports}


def _beside_pandas(out: Path) -> tuple[float, float]:
    """The median seconds of the boards, and of the ratios to pandas, pair by pair."""
    pairs = []
    for _ in range(5):
        begun = process_time()
        ours = _all_boards(out)
        between = process_time()
        by_hand = boards_by_hand(out)
        pairs.append((between - begun, process_time() - between))
    overview = ours["overview"]
    for unit in ("单位7", "单位299"):
        assert overview.figure("received", unit) == by_hand["received"][unit]
        assert overview.figure("reply_time_p90", unit) == by_hand["reply_time_p90"][unit]
    times, ratios = sorted(a for a, _ in pairs), sorted(a / b for a, b in pairs)
    return times[2], ratios[2]


def boards_by_hand(out: Path) -> dict[str, pd.Series[int]]:
    """The figures of the boards as one writes them with pandas; bounds and limits of ranks apart."""
    since, until = date(2025, 1, 1), date(2026, 1, 1)
    read = {name: _read(out, name, columns) for name, columns in COLUMNS.items()}
    figures = _counts_by_hand(read, since, until)
    before = _counts_by_hand(read, date(2024, 1, 1), since)
    figures |= {f"{name}_before": before[name] for name in ("received", "replied", "completed", "cards")}
    counted = read["cases"][read["cases"].counts]
    submitted, replied = (
        _within(counted, "submitted_day", since, until),
        _within(counted, "replied_day", since, until),
    )
    for column in ("reply_us", "reply_days", "reply_working_days"):
        groups = replied[replied[column].notna()].groupby("unit")[column]
        for name, share in (("median", 0.5), ("p90", 0.9)):
            figure = groups.quantile(share, interpolation="higher")
            figures[f"{column.replace('_us', '_time')}_{name}"] = figure
    present = submitted[submitted.is_present]
    for name, rows, hit in (
        ("response_rate", present, present.replied_us.notna()),
        ("on_time_rate", submitted[submitted.on_time.notna()], None),
        ("resolution_rate", present[present.resolved.notna()], None),
        ("satisfaction_rate", present[present.satisfied.notna()], None),
        ("rating_rate", submitted[submitted.replied_us.notna()], None),
    ):
        said = {"on_time_rate": "on_time", "resolution_rate": "resolved", "satisfaction_rate": "satisfied"}
        mask = hit if hit is not None else rows[said.get(name, "is_rated")].astype(bool)
        figures[f"{name}_of"], figures[name] = _sizes(rows), _sizes(rows[mask])
    return figures


def _counts_by_hand(read: dict[str, pd.DataFrame], since: date, until: date) -> dict[str, pd.Series[int]]:
    cases, cards, replies = read["cases"], read["cards"], read["replies"]
    counted = cases[cases.counts]
    replied, begun = (
        _within(counted, "replied_day", since, until),
        _within(counted, "begun_day", since, until),
    )
    issued = _within(cards[cards.counts & cards.is_breach], "day", since, until)
    public = _within(replies[replies.counts], "day", since, until)
    ended = _within(cases, "ended_day", since, until)
    standing = issued[issued.stands]
    figures = {
        "received": _sizes(_within(counted[counted.cycle == 1], "submitted_day", since, until)),
        "replied": _sizes(replied),
        "on_time": _sizes(replied[replied.on_time == True]),  # noqa: E712 - null is no
        "completed": _sizes(_within(counted, "completed_day", since, until)),
        "reopened": _sizes(begun[begun.cycle > 1]),
        "public_replies": _sizes(public[~public.is_placeholder & public.stands]),
        "placeholders": _sizes(public[public.is_placeholder]),
        "retracted": _sizes(public[~public.stands]),
        "cards": _sizes(standing),
        "annulled_cards": _sizes(issued[~issued.stands]),
    }
    figures |= {level: _sizes(standing[standing.level == level]) for level in ("yellow", "red", "urge")}
    figures |= {end: _sizes(ended[ended.outcome == end]) for end in ("withdrawn", "rejected", "merged")}
    return figures


def _read(out: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.read_parquet(sorted((out / name).glob("*.parquet")), columns=[*columns, "unit", "counts"])


def _within(rows: pd.DataFrame, day: str, since: date, until: date) -> pd.DataFrame:
    rows = rows[rows[day].notna()]
    return rows[(rows[day] >= since) & (rows[day] < until)]


def _sizes(rows: pd.DataFrame) -> pd.Series[int]:
    return rows.groupby("unit").size()


def _row(work: str, taken: float, sense: str, *, must: float, note: str) -> Row:
    unit = "MB" if "MB" in sense else "s"
    return Row(
        work=work, unit=unit, ours=taken, score=taken, sense=sense, at_least=False, must=must, note=note
    )


if __name__ == "__main__":
    name, *paths = sys.argv[1:]
    print(json.dumps(_export(*map(Path, paths)) if name == "export" else _cold(Path(paths[0]))))
