"""The figures of a run: what the workers did, what lies on disk, how long an export and the boards take."""

from __future__ import annotations

import csv
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import altair as alt
import ibis
import vl_convert
from sqlalchemy import Connection, text

from caseflow.analytics.boards import BOARDS, boards
from caseflow.analytics.table_export import compact_tables, export_tables
from caseflow.analytics.table_reader import open_tables
from caseflow.ports import Store

SIZE = """
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relname LIKE 'caseflow%' AND pg_table_is_visible(oid)"""
Line = tuple[float, float, int]
"""Of a worker's journal: epoch seconds, seconds of its processor so far, how many more were committed."""


def worked(folder: Path, commands_since: float, swept_since: float) -> dict[str, Any]:
    """What the workers' journals tell."""
    lines: dict[str, list[Line]] = {"commands": [], "cards": [], "reminders": []}
    cpu = 0.0
    for journal in folder.glob("journal-*.csv"):
        rows = [(what, (float(at), float(used), int(n))) for what, at, used, n in csv.reader(journal.open())]
        used = [line[1] for what, line in rows if what == "commands"]
        cpu += max(used, default=0) - min(used, default=0)
        for what, line in rows:
            lines[what].append(line)
    seconds = Counter[int]()
    for at, _, count in lines["commands"]:
        seconds[int(at - commands_since)] += count
    hours = Counter[str]()
    for log in folder.glob("county-*.csv"):
        hours.update(row["at"][:13] for row in csv.DictReader(log.open(encoding="utf-8")))
    commands, last = seconds.total(), max(at for at, _, _ in lines["commands"])
    cards = sorted((at - swept_since, count) for at, _, count in lines["cards"])
    lags = [at for at, count in cards for _ in range(count)]
    return {
        "commands": commands,
        "commands in the year's busiest hour": max(hours.values()),
        "commands a second": commands / (last - commands_since),
        "processor of workers, ms a command": cpu / commands * 1000,
        "commands by second": [seconds[second] for second in range(max(seconds) + 1)],
        "cards due by midnight": len(lags),
        "reminders due by then": sum(count for _, _, count in lines["reminders"]),
        "lag of half the cards, s": median(lags),
        "lag of the last card, s": lags[-1],
    }


def exported(store: Store, connection: Connection, folder: Path) -> dict[str, Any]:
    """An export of everything into empty tables, and the boards from them."""
    events: int = connection.execute(text("SELECT count(*) FROM caseflow_events")).scalar_one()
    database = int(connection.execute(text(SIZE)).scalar_one())
    since, left = time.perf_counter(), events
    while left:  # a feed ends before the oldest transaction that is under way on the server
        left -= export_tables(store, folder).events
    seconds, parquet = time.perf_counter() - since, sum(f.stat().st_size for f in folder.rglob("*.parquet"))
    memory = memory_mb(resource.RUSAGE_SELF)
    return {
        "events": events,
        "events exported a second": events / seconds,
        "database, MB": database / 1e6,
        "Parquet, MB": parquet / 1e6,
        "memory after the export, MB": memory,
        "boards, ms": board_ms(folder),
        "memory after the boards, MB": memory_mb(resource.RUSAGE_SELF),
    }


def board_ms(folder: Path) -> dict[str, dict[str, float]]:
    """Engine -> board -> the median of three; engines must agree on every figure."""
    backends = {"DuckDB": ibis.duckdb.from_connection(open_tables(folder))}
    if find_spec("pyspark"):
        backends["Spark"] = _spark(folder)
    whole = [boards(backend, period="2025") for backend in backends.values()]  # the first is slower
    assert all(one == whole[0] for one in whole), "the engines differ"
    return {
        engine: {name: median(_board_ms(backend, name) for _ in range(3)) for name in BOARDS}
        for engine, backend in backends.items()
    }


def _board_ms(backend: Any, name: str) -> float:
    since = time.perf_counter()
    boards(backend, [name], period="2025")
    return (time.perf_counter() - since) * 1000


def _spark(folder: Path) -> Any:
    """Spark within this process, on loopback; it reads one file of each table."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[*]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    spark = ibis.pyspark.connect(builder.config("spark.sql.shuffle.partitions", "4").getOrCreate())
    for file in compact_tables(folder).files:
        spark.read_parquet(folder / file.path, table_name=file.table)
    return spark


def memory_mb(whose: int) -> float:
    """The most that a process held, or the largest of those that it began and that have ended."""
    return resource.getrusage(whose).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def lines_of(figures: dict[str, Any]) -> Iterator[str]:
    """The figures as a text."""
    for name, figure in figures.items():
        if isinstance(figure, dict):
            for engine, ms in figure.items():
                shown = ", ".join(f"{board} {one:.0f}" for board, one in ms.items())
                yield f"{f'{name}, {engine}':36}{shown}"
        elif not isinstance(figure, list):
            yield f"{name:36}{round(figure, 2):,}"


def svg_of(figures: dict[str, Any]) -> str:
    """Commands by second, and how long each board takes, as one drawing."""
    seconds = [{"second": at, "commands": count} for at, count in enumerate(figures["commands by second"])]
    boards = [
        {"board": name, "engine": engine, "ms": one}
        for engine, ms in figures["boards, ms"].items()
        for name, one in ms.items()
    ]
    speed = alt.Chart(alt.InlineData(values=seconds), width=640, height=200).mark_line()
    bars = alt.Chart(alt.InlineData(values=boards), width=640).mark_bar()
    bars = bars.encode(x="ms:Q", y=alt.Y("board:N", title=None), yOffset="engine:N", color="engine:N")
    return vl_convert.vegalite_to_svg((speed.encode(x="second:Q", y="commands:Q") & bars).to_dict())
