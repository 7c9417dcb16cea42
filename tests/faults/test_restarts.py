"""Servers that stop and crash in the middle of transactions, and come back."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator

import attrs
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from caseflow import Desk, StoreError
from caseflow.stores.database_urls import parsed
from caseflow.stores.locations import open_store
from caseflow.stores.sqlalchemy import SqlStore
from tests.faults.crew import FastClock
from tests.faults.orders import Order
from tests.faults.private_servers import SERVERS, Server
from tests.faults.soundness import check_sound
from tests.faults.workers import RULES

pytestmark = pytest.mark.soak

WRITERS = 3


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server: Server = request.param()
    yield server
    server.close()


@attrs.define
class Writer:
    """Gives one note after the other, each until it is acknowledged, always with the same key."""

    desk: Desk
    name: str
    done: list[Order] = attrs.Factory(list)
    troubles: list[str] = attrs.Factory(list)
    is_over: bool = False

    def work(self) -> None:
        number = 0
        while not self.is_over:
            number += 1
            order = Order(f"{self.name}/{number}", f"case-{self.name}", "note" if number > 1 else "submit")
            while not self.is_done(order):
                time.sleep(0.02)
            self.done.append(order)

    def is_done(self, order: Order) -> bool:
        try:
            order.give(self.desk)
        except StoreError as error:
            self.troubles.append(error.code)
            return False
        return True


def test_what_was_acknowledged_survives_restarts_under_work(
    server: Server, counted: Callable[[str], None]
) -> None:
    """Stopped in order and crashed under work: each command is told as an error or done, and a retry with
    its key leaves it there once.
    """  # fmt: skip
    store = open_store(server.url)
    desk = Desk(RULES, store, clock=FastClock.started(days=0.01))
    writers = [Writer(desk, f"w{number}") for number in range(WRITERS)]
    threads = [threading.Thread(target=writer.work) for writer in writers]
    for thread in threads:
        thread.start()
    for how in server.stops * 2:
        met, until = [len(writer.done) for writer in writers], time.monotonic() + 60
        while any(len(writer.done) < before + 5 for writer, before in zip(writers, met, strict=True)):
            assert time.monotonic() < until, [writer.troubles[-3:] for writer in writers]
            time.sleep(0.01)
        server.stop(how)
        time.sleep(0.1)
        server.start()
    for writer in writers:
        writer.is_over = True
    for thread in threads:
        thread.join()
    for writer in writers:
        kept = [text.text for text in store.texts(f"case-{writer.name}")]
        assert kept == [order.key for order in writer.done]
    troubles = {code for writer in writers for code in writer.troubles}
    assert troubles
    assert troubles <= {"store-unreachable", "store-unsure", "store-busy"}, troubles
    check_sound(store)
    store.close()
    counted(
        f"{type(server).__name__.removeprefix('Private')}: stopped twice and crashed twice under {WRITERS}"
        f" writers; {sum(len(writer.done) for writer in writers):,} commands, each recorded once;"
        f" {sum(len(writer.troubles) for writer in writers)} errors told ({', '.join(sorted(troubles))})"
    )


@pytest.mark.parametrize("which", [0, 1], ids=["stopped", "crashed"])
def test_a_transaction_of_the_portal_that_was_cut_off_leaves_nothing(server: Server, which: int) -> None:
    """A command joined to a transaction that the restart ended is not there; given again it is there once."""
    how: signal.Signals = server.stops[which]
    order = Order(f"joined-{which}", f"joined-{which}", "submit")
    engine = create_engine(parsed(server.url))
    clock = FastClock.started(days=0.01)
    connection = engine.connect()
    order.give(Desk(RULES, SqlStore.joined(connection), clock=clock))
    server.stop(how)
    server.start()
    with pytest.raises(DBAPIError):
        connection.commit()
    connection.invalidate()
    connection.close()
    with engine.connect() as connection:
        desk = Desk(RULES, SqlStore.joined(connection), clock=clock)
        assert desk.store.load(order.case_id) is None
        order.give(desk)
        connection.commit()
        assert order.give(desk).version == desk.get(order.case_id).version == 1
    engine.dispose()


def test_hooks_follow_a_two_phase_commit_and_what_is_prepared_survives_a_crash(server: Server) -> None:
    """After the commit they are called; a transaction that was prepared is there once it is committed, by
    whoever comes after the crash.
    """  # fmt: skip
    engine, told = create_engine(parsed(server.url)), list[str]()
    for name in ("now", "later"):
        connection = engine.connect()
        transaction = connection.begin_twophase(f"two-phase-{name}")
        desk = Desk(RULES, SqlStore.joined(connection), clock=FastClock.started(days=0.01))
        desk.subscribe("submitted", lambda happened: told.append(happened.case.id))
        Order(name, f"two-phase-{name}", "submit").give(desk)
        transaction.prepare()
        if name == "now":
            transaction.commit()
            connection.close()
            assert told == ["two-phase-now"]
    server.stop(server.stops[1])
    server.start()
    connection.invalidate()
    connection.close()
    store = open_store(server.url)
    assert store.load("two-phase-later") is None
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert len(connection.recover_twophase()) == 1
        connection.commit_prepared("two-phase-later", recover=True)
    assert store.load("two-phase-now") is not None
    assert store.load("two-phase-later") is not None
    assert told == ["two-phase-now"]
    store.close()
    engine.dispose()
