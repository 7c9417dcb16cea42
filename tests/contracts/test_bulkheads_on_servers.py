"""What only servers do to one case: a column too short for it, a feed that ends before what was committed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from sqlalchemy import create_engine, text

from caseflow import Actor, Desk, ManualClock, load_policy
from caseflow.interchange import csv_tables
from caseflow.stores.sqlalchemy import SqlStore
from tests.contracts.databases import DATABASES, CaughtUp, emptied

CITIZEN = Actor("c-17", role="citizen")
START = "2025-03-03T09:30:00+08:00"


@pytest.fixture(params=[DATABASES[1]])
def mariadb(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


@pytest.fixture(params=[DATABASES[0]])
def postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


def test_a_name_too_long_for_its_column_keeps_back_one_case(mariadb: CaughtUp) -> None:
    """A level of 300 letters fits no column of notices: that case gets no card, the three others do."""
    policy = load_policy("wuhu")
    reply = policy.clocks["reply"]
    rungs = tuple(
        attrs.evolve(rung, level="l" * 300) if rung.level == "yellow" else rung for rung in reply.rungs
    )
    clocks = {**policy.clocks, "reply": attrs.evolve(reply, rungs=rungs)}
    long, clock = attrs.evolve(policy, clocks=clocks), ManualClock(START)  # no file may say so
    Desk(long, mariadb, clock=clock).submit(title="t", to="城管局", by=CITIZEN, case_id="c1")
    desk = Desk(load_policy("wuhu"), mariadb, clock=clock)
    for name in ("c0", "c2", "c3"):
        desk.submit(title="t", to="城管局", by=CITIZEN, case_id=name)
    clock.advance(days=6)
    swept = desk.sweep()
    assert sorted(card.case_id for card in swept.cards) == ["c0", "c2", "c3"]
    assert [(one.name, one.code) for one in swept.quarantined] == [("c1", "unfit-row")]


def test_an_export_says_what_the_feed_does_not_show_yet(postgres: CaughtUp) -> None:
    """While a transaction is open the feed ends before it; how many came since is told, and the way on."""
    plain = SqlStore(postgres.url)
    desk = Desk(load_policy("wuhu"), postgres, clock=ManualClock(START))
    desk.submit(title="t", to="城管局", by=CITIZEN, case_id="c0")
    postgres.feed()
    engine = create_engine(postgres.url)
    with engine.begin() as other:
        other.execute(text("SELECT txid_current()"))
        for name in ("c1", "c2"):
            desk.submit(title="t", to="城管局", by=CITIZEN, case_id=name)
        done = csv_tables.write_csv(plain, io.StringIO())
        assert (done.count, done.newer) == (1, 2)
    postgres.feed()
    rest = csv_tables.write_csv(plain, io.StringIO(), since=done.position)
    assert (rest.count, rest.newer) == (2, 0)
    engine.dispose()
    plain.close()
