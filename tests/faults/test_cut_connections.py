"""The connection to a server is cut after a commit was sent and before its answer came."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import pytest
from sqlalchemy.engine import make_url

from caseflow import Desk, StoreError
from caseflow.ports import Store
from caseflow.stores.locations import open_store
from caseflow.stores.sqlalchemy import SqlStore
from tests.contracts.databases import mariadb, postgres
from tests.faults.crew import FastClock
from tests.faults.orders import Order
from tests.faults.proxy import Proxy
from tests.faults.soundness import check_sound
from tests.faults.workers import RULES

pytestmark = pytest.mark.soak

TIMES = 12
COMMIT = b"COMMIT"


@attrs.frozen
class Behind:
    """A store reached through a proxy, and the same one reached without."""

    kind: str
    desk: Desk
    proxy: Proxy
    straight: Store

    def cut_at(self, order: Order, *, shut: bool = False) -> None:
        """Arm the proxy for the message that commits the order."""
        if self.kind == "postgresql":
            # One statement is the whole transaction, of several cases too; it alone holds the text as JSON.
            self.proxy.arm(f'"{order.key}"'.encode(), shut=shut)
        else:
            self.proxy.arm(order.key.encode(), COMMIT, shut=shut)


@pytest.fixture(params=[
    pytest.param(postgres, id="postgresql", marks=pytest.mark.postgres),
    pytest.param(mariadb, id="mariadb", marks=pytest.mark.mariadb),
])  # fmt: skip
def behind(request: pytest.FixtureRequest) -> Iterator[Behind]:
    with request.param() as text:
        SqlStore.made(text).close()
        url = make_url(text)
        proxy = Proxy(
            url.host or "127.0.0.1", url.port or {"postgres": 5432}.get(request.param.__name__, 3306)
        )
        through = url.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        store, straight = open_store(through), open_store(text)
        kind = "postgresql" if request.param is postgres else "mariadb"
        yield Behind(kind, Desk(RULES, store, clock=FastClock.started(days=0.01)), proxy, straight)
        store.close()
        straight.close()
        proxy.close()


def given(behind: Behind) -> Iterator[Order]:
    """Notes, replies, which bring notices along, and merges, which change two cases."""
    Order("first", "c1", "submit").give(behind.desk)
    for number in range(TIMES):
        action = ("note", "reply", "merge")[number % 3]
        case_id = f"other-{number}" if action == "merge" else "c1"
        if action == "merge":
            Order(f"other/{number}", case_id, "submit").give(behind.desk)
        yield Order(f"cut/{number}", case_id, action, other="c1" if action == "merge" else "")


def count_of(behind: Behind, order: Order) -> int:
    return sum(text.text == order.key for text in behind.straight.texts(order.case_id))


def test_a_lost_answer_is_found_out_by_the_store_itself(
    behind: Behind, counted: Callable[[str], None]
) -> None:
    """The command returns as if nothing had happened, and is recorded once; so is its repeat by key."""
    for order in given(behind):
        behind.cut_at(order)
        done = order.give(behind.desk)
        assert count_of(behind, order) == 1
        assert order.give(behind.desk) == done
        assert count_of(behind, order) == 1
    assert behind.proxy.cuts == TIMES
    check_sound(behind.straight)
    counted(f"{behind.kind}: {TIMES} answers to a commit lost: {TIMES} commands returned, each recorded once")


def test_when_nobody_can_be_asked_the_key_makes_the_retry_harmless(
    behind: Behind, counted: Callable[[str], None]
) -> None:
    """`store-unsure` says that it is not known; the same command with its key is recorded once in the end."""
    landed = 0
    for order in given(behind):
        behind.cut_at(order, shut=True)
        with pytest.raises(StoreError) as caught:
            order.give(behind.desk)
        assert caught.value.code == "store-unsure"
        with pytest.raises(StoreError) as caught:
            order.give(behind.desk)
        assert caught.value.code == "store-unreachable"
        landed += count_of(behind, order)
        behind.proxy.open()
        order.give(behind.desk)
        order.give(behind.desk)
        assert count_of(behind, order) == 1
    assert behind.proxy.cuts == TIMES
    check_sound(behind.straight)
    counted(
        f"{behind.kind}: {TIMES} commits cut off with the server out of reach: {TIMES} told as store-unsure,"
        f" {landed} of them recorded; given again with their keys: each recorded once"
    )
