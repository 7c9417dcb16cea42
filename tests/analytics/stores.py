"""Stores whose boards are known, or are computed a second time; and backends over their tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import ibis
from examples.leader_board import live, register

from caseflow import Desk, ManualClock, MemoryStore, load_policy
from caseflow.analytics.table_export import arrow_tables
from caseflow.core.model.events import Submitted
from caseflow.interchange import replay
from caseflow.offices.office_register import OfficeRegister
from caseflow.policies.registry import rules_of
from caseflow.ports import Store
from caseflow.simulation import load_scenario
from caseflow.views.board_rows import BoardPeriod
from tests.analytics.figures_by_hand import Life
from tests.simulation.cities import logged

EVER = BoardPeriod(date(2000, 1, 1), date(2100, 1, 1))
WAYS = (("unit", "month"), ("kind", "channel"), ("region", "quarter"), ("policy", "year"), ())
"""Everything that rows of a board can be of, without a register of units."""


@cache
def city() -> Store:
    """A made-up city's first cases of the year: whatever happens in an office happens there."""
    store = MemoryStore()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "city.csv"
        path.write_text(logged(load_scenario("city"), cases=260, seed=5)[1], encoding="utf-8")
        replay([path], policy=load_policy("wuhu"), store=store)
    return store


@cache
def leaders() -> tuple[Store, OfficeRegister]:
    """A small year of messages to offices on three levels, and the register of the offices."""
    offices = register()
    desk = Desk(load_policy("leader-board"), MemoryStore(), clock=ManualClock(0), units=offices)
    live(desk, offices, 150)
    return desk.store, offices


def backend_of(store: Store) -> Any:
    """DuckDB over the tables of a store."""
    connection = duckdb.connect()
    for name, rows in arrow_tables(store).items():
        connection.register(name, rows)
    return ibis.duckdb.from_connection(connection)


def lives(store: Store) -> Iterator[Life]:
    """Each case of a store as its events tell it."""
    ids = dict.fromkeys(one.case_id for one in store.feed(limit=1_000_000))
    for case_id in ids:
        events, case = store.events(case_id), store.load(case_id)
        assert case is not None and isinstance(events[0], Submitted)
        yield Life(case_id, events, rules_of(case.origin.policy_hash, store.pinned).policy)
