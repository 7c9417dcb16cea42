"""From a store to a board: its tables, in memory or in a folder brought up to date, under DuckDB."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    with opened_tables(store, tables, aside=aside) as backend:
        return board(
            backend,
            name,
            period=period,
            by=by,
            places=None if units is None else Places.of_units(units),
            least=LEAST if least is None else least,
        )


@contextmanager
def opened_tables(
    store: Store, folder: str | Path | None = None, *, aside: Aside | None = None
) -> Generator[Any]:
    """A backend of Ibis with the tables of a store as it stands, on DuckDB.

    Args:
        folder: of exported tables, which is brought up to date first; without one the tables are folded anew,
            in memory.
        aside: is told of each case that cannot be read.
    """
    connection = _opened(store, folder, aside)
    try:
        yield ibis.duckdb.from_connection(connection)
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
