"""A server that may only be read for a while, as one is after a failover, and then be written again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, text

from caseflow import Desk
from caseflow.stores.database_urls import parsed
from caseflow.stores.locations import open_store
from tests.faults.crew import FastClock
from tests.faults.private_servers import SERVERS, PrivateMariadb, PrivatePostgres, Server
from tests.faults.soundness import check_sound
from tests.faults.test_restarts import Writer
from tests.faults.workers import RULES

pytestmark = pytest.mark.soak

WRITERS, TURNS = 3, 4

SETTINGS = {
    PrivatePostgres: ("ALTER SYSTEM SET default_transaction_read_only = {}", "SELECT pg_reload_conf()"),
    PrivateMariadb: ("SET GLOBAL read_only = {}",),
}
ROLE = {
    PrivatePostgres: (),
    PrivateMariadb: (
        "CREATE OR REPLACE USER portal@'127.0.0.1'",
        "GRANT ALL ON mysql.* TO portal@'127.0.0.1'",
    ),
}
"""An administrator of MariaDB writes even then; a portal is none."""


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server: Server = request.param()
    yield server
    server.close()


def run(server: Server, *lines: str) -> None:
    engine = create_engine(parsed(server.url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for line in lines:
            connection.execute(text(line))
    engine.dispose()


def set_read_only(server: Server, is_on: bool) -> None:
    run(server, *[line.format("on" if is_on else "off") for line in SETTINGS[type(server)]])


def wait_for_more(writers: list[Writer]) -> None:
    """Until each writer has done five more commands."""
    met, until = [len(writer.done) for writer in writers], time.monotonic() + 60
    while any(len(writer.done) < before + 5 for writer, before in zip(writers, met, strict=True)):
        assert time.monotonic() < until, [writer.troubles[-3:] for writer in writers]
        time.sleep(0.01)


def test_a_failover_and_back_loses_nothing(server: Server, counted: Callable[[str], None]) -> None:
    """Meanwhile commands are told so and questions answered; each command is recorded once in the end."""
    run(server, *ROLE[type(server)])
    url = server.url.replace("root@", "portal@")
    store = open_store(url)
    desk = Desk(RULES, store, clock=FastClock.started(days=0.01))
    writers = [Writer(desk, f"w{number}") for number in range(WRITERS)]
    threads = [threading.Thread(target=writer.work) for writer in writers]
    for thread in threads:
        thread.start()
    answered = 0
    for _ in range(TURNS):
        wait_for_more(writers)
        set_read_only(server, True)
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            answered += store.load("case-w0") is not None
            time.sleep(0.01)
        set_read_only(server, False)
    wait_for_more(writers)
    for writer in writers:
        writer.is_over = True
    for thread in threads:
        thread.join()
    for writer in writers:
        assert [part.text for part in store.texts(f"case-{writer.name}")] == [one.key for one in writer.done]
    troubles = [code for writer in writers for code in writer.troubles]
    assert set(troubles) == {"store-read-only"}
    assert answered
    check_sound(store)
    store.close()
    counted(
        f"{type(server).__name__.removeprefix('Private')}: read-only and back {TURNS} times under {WRITERS}"
        f" writers; {sum(len(writer.done) for writer in writers):,} commands, each recorded once;"
        f" {len(troubles)} told as store-read-only, {answered} questions answered meanwhile"
    )
