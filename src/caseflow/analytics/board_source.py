"""From a store to a board: its tables, in memory or in a folder brought up to date, under DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import ibis

from caseflow.analytics.boards import Places, board
from caseflow.analytics.ranks import LEAST
from caseflow.analytics.table_export import arrow_tables, export_tables
from caseflow.analytics.table_reader import open_tables
from caseflow.core.units import UnitRegister
from caseflow.ports import Store
from caseflow.ports.records import Aside
from caseflow.views.board_rows import Board, BoardPeriod


def store_board(
    store: Store,
    name: str,
    *,
    period: BoardPeriod | str,
    by: Sequence[str] = ("unit",),
    least: int | None = None,
    tables: str | Path | None = None,
    units: UnitRegister | None = None,
    aside: Aside | None = None,
) -> Board:
    """A board of a store; see `caseflow.Desk.board`."""
    connection = _opened(store, tables, aside)
    try:
        return board(
            ibis.duckdb.from_connection(connection),
            name,
            period=period,
            by=by,
            places=None if units is None else Places.of_units(units),
            least=LEAST if least is None else least,
        )
    finally:
        connection.close()


def _opened(store: Store, tables: str | Path | None, aside: Aside | None) -> duckdb.DuckDBPyConnection:
    if tables is not None:
        export_tables(store, tables, aside=aside)
        return open_tables(tables)
    connection = duckdb.connect()
    for table, rows in arrow_tables(store, aside=aside).items():
        connection.register(table, rows)
    return connection
