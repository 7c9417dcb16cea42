"""Two processes that close a circle together, each with a link far from the other's: one is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import product
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, Refused, Stale, load_policy
from caseflow.desk.batch import Batch
from caseflow.errors import StoreBusy
from caseflow.stores.locations import location_of, open_store
from tests.contracts.databases import mariadb, postgres
from tests.faults.crew import CONTEXT, START

pytestmark = pytest.mark.soak

POLICY = load_policy(Path(__file__).with_name("chained.toml"))
CLERK = Actor("clerk-1", role="clerk")
PAIRS, ROUNDS = 2, 30
"""So many pairs of processes meet so often."""


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'cases.db'}"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    with postgres() as url:
        yield url


@contextmanager
def maria(folder: Path) -> Iterator[str]:
    with mariadb() as url:
        yield url


def name(pair: int, turn: int, place: int, end: str) -> str:
    """A case: in each turn ``end`` of either place is already a part of ``begin`` of the other."""
    return f"{end}-{pair}-{turn}-{place % 2}"


def close_half(
    url: str, pair: int, place: int, together: Barrier, outcomes: Queue[tuple[int, int, str]]
) -> None:
    """Turn by turn, at the same moment as the other one of the pair, the link of this half."""
    store = open_store(url, must_exist=True)
    desk = Desk(POLICY, store, clock=ManualClock(START))
    desk.get(name(pair, 0, place, "begin"))  # connected
    for turn in range(ROUNDS):
        here, there = name(pair, turn, place, "begin"), name(pair, turn, place, "end")
        together.wait(60)
        try:
            desk.link(here, there, as_="part-of", by=CLERK)
            code = "linked"
        except Refused as error:
            code = error.code
        except (Stale, StoreBusy):
            code = "given up"
        outcomes.put((pair, turn, code))
    store.close()


@pytest.mark.parametrize("server", [
    sqlite,
    pytest.param(postgresql, marks=pytest.mark.postgres),
    pytest.param(maria, marks=pytest.mark.mariadb),
])  # fmt: skip
def test_two_at_once_close_no_circle(
    server: Callable[[Path], AbstractContextManager[str]], tmp_path: Path, counted: Callable[[str], None]
) -> None:
    """Of either half of a circle of four, one is linked; whoever comes second is told of the circle."""
    with server(tmp_path) as url:
        location_of(url).make()
        store = open_store(url, must_exist=True)
        prepare(Desk(POLICY, store, clock=ManualClock(START)))
        outcomes: Queue[tuple[int, int, str]] = CONTEXT.Queue()
        barriers = [CONTEXT.Barrier(2) for _ in range(PAIRS)]
        workers = [
            CONTEXT.Process(target=close_half, args=(url, pair, place, barriers[pair], outcomes))
            for pair, place in product(range(PAIRS), range(2))
        ]
        for worker in workers:
            worker.start()
        codes: dict[tuple[int, int], list[str]] = {}
        for _ in range(2 * PAIRS * ROUNDS):
            pair, turn, code = outcomes.get(timeout=120)
            codes.setdefault((pair, turn), []).append(code)
        for worker in workers:
            worker.join()
        links = [
            sum(
                case is not None and any(link.case == name(*turn, place, "end") for link in case.facts.links)
                for place in range(2)
                for case in [store.load(name(*turn, place, "begin"))]
            )
            for turn in codes
        ]
        store.close()
    assert {tuple(sorted(both)) for both in codes.values()} == {("link-cycle", "linked")}
    assert links == [1] * PAIRS * ROUNDS
    counted(f"{server.__name__}: {PAIRS * ROUNDS} circles that two processes close at once, none closed")


def prepare(desk: Desk) -> None:
    """The cases of every turn, and in each the two links that are there before."""

    def work(batch: Batch) -> None:
        for pair, turn in product(range(PAIRS), range(ROUNDS)):
            for place, end in product(range(2), ("begin", "end")):
                batch.submit(title="x", by=CLERK, case_id=name(pair, turn, place, end))
            for place in range(2):
                here, there = name(pair, turn, place, "end"), name(pair, turn, place + 1, "begin")
                batch.link(here, there, as_="part-of", by=CLERK)

    desk.batch(work)
