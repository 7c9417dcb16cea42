"""The exported tables in DuckDB: views of the rows that count, over the Parquet files as they lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from caseflow.analytics.table_log import Manifest, TableLog
from caseflow.analytics.table_schemas import TABLES

MEMORY = "300MB"
"""What DuckDB may take while files are written anew."""


def open_tables(folder: str | Path, *, database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """DuckDB with a view of each table, of the rows that count as of the newest manifest.

    The files of that manifest stay until two more runs are done: whoever reads for longer opens them anew.

    Args:
        database: a file of DuckDB, or memory.
    """
    log = TableLog(folder)
    connection = duckdb.connect(database)
    _make_views(connection, log.folder, log.latest())
    return connection


def load_tables(folder: str | Path, database: str | Path) -> None:
    """Write the rows that count into a file of DuckDB, as tables in place of those that are there."""
    log = TableLog(folder)
    manifest = log.latest()
    with duckdb.connect(str(database)) as connection:
        connection.begin()
        for name in TABLES:
            connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS {_select(log.folder, manifest, name)}')
        connection.commit()


def read_tables(folder: str | Path) -> dict[str, pa.Table]:
    """The rows that count, in memory."""
    log = TableLog(folder)
    manifest = log.latest()
    with duckdb.connect() as connection:
        return {
            name: connection.execute(_select(log.folder, manifest, name)).to_arrow_table().cast(one.schema)
            for name, one in TABLES.items()
        }


def write_current(folder: str | Path, manifest: Manifest, paths: Mapping[str, Path]) -> dict[str, int]:
    """Write the rows that count as of a manifest to one file a table; returns how many they are."""
    counts: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute("SET preserve_insertion_order = false")
        for name, path in paths.items():
            copy = f"COPY ({_select(Path(folder), manifest, name)}) TO {_quoted(path)}"
            row = connection.execute(f"{copy} (FORMAT parquet, COMPRESSION zstd)").fetchone()
            counts[name] = 0 if row is None else int(row[0])
    return counts


def _make_views(connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Manifest) -> None:
    for name in TABLES:
        connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {_select(folder, manifest, name)}')


def _select(folder: Path, manifest: Manifest, name: str) -> str:
    """The rows of a table that count: those of each case's last run."""
    rows = _rows(folder, manifest, name)
    if manifest.batches < 2:
        return rows
    runs = f"SELECT case_id, batch FROM ({_rows(folder, manifest, 'cases')})"
    last = f"SELECT case_id, max(batch) AS batch FROM ({runs}) GROUP BY case_id"
    return f"SELECT * FROM ({rows}) SEMI JOIN ({last}) USING (case_id, batch)"


def _rows(folder: Path, manifest: Manifest, name: str) -> str:
    files = manifest.of(name)
    if not files:
        columns = ", ".join(f'NULL::{_TYPES[str(f.type)]} AS "{f.name}"' for f in TABLES[name].schema)
        return f"SELECT {columns} WHERE false"
    listed = ", ".join(_quoted(folder / file.path) for file in files)
    return f"SELECT * FROM read_parquet([{listed}])"


_TYPES = {"string": "VARCHAR", "int64": "BIGINT", "bool": "BOOLEAN", "date32[day]": "DATE"}
"""Type of Arrow -> type of DuckDB."""


def _quoted(path: Path) -> str:
    return "'" + str(path.absolute()).replace("'", "''") + "'"
