"""What happens to cases when the server ends a connection of Django's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from sqlalchemy import create_engine, text

from caseflow import StoreError
from caseflow.contrib.django import DjangoStore
from caseflow.stores.database_urls import parsed
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, CaughtUp
from tests.contrib.portal.databases import portal

WHO = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT connection_id()"}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mariadb": "KILL {}"}


@pytest.fixture(params=DATABASES[:2])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, CaughtUp]]:
    with portal(request.param, tmp_path) as opened:
        yield opened


def kill(using: str, other: CaughtUp) -> None:
    """End this thread's connection on the server."""
    with connections[using].cursor() as cursor:
        cursor.execute(WHO[using])
        (number,) = cursor.fetchone()
    engine = create_engine(parsed(other.url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(KILL[using].format(number)))
    engine.dispose()


def test_a_dead_connection_is_replaced(opened: tuple[str, CaughtUp]) -> None:
    """Outside of a transaction the next question and the next commands just work, and nothing is doubled."""
    using, other = opened
    store, first = DjangoStore(using), submitted("c1")
    store.append([first])
    kill(using, other)
    assert store.load("c1") == first.case
    kill(using, other)
    second = then(first.case)
    store.append([second, submitted("c2")])
    assert [link.version for link in other.links("c1")] == [1, 2]


def test_a_connection_that_dies_in_a_transaction_ends_it(opened: tuple[str, CaughtUp]) -> None:
    """The store says so and tries nothing on another connection; afterwards all goes on."""
    using, other = opened
    store = DjangoStore(using)
    with pytest.raises(StoreError) as caught, transaction.atomic(using=using):
        store.append([submitted("c1")])
        kill(using, other)
        store.append([submitted("c2")])
    assert caught.value.code == "store-unreachable"
    assert other.heads() == ()
    store.append([submitted("c3")])
    assert [head.case_id for head in other.heads()] == ["c3"]


def lost(using: str) -> OperationalError:
    return OperationalError(*((2013, "lost") if using == "mariadb" else ("server closed the connection",)))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_connection_lost_in_the_commit_loses_and_doubles_nothing(
    opened: tuple[str, CaughtUp], monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Whether the server had done it or not, the append returns and its events are there once."""
    using, other = opened
    store, connection = DjangoStore(using), connections[using]
    assert store.next_due() is None
    end: Callable[[], None] = connection.commit if after else connection.rollback

    def cut() -> None:
        monkeypatch.undo()
        end()
        raise lost(using)

    monkeypatch.setattr(connection, "commit", cut)
    store.append([submitted("c1"), submitted("c2")])
    assert [(head.case_id, head.version) for head in other.heads()] == [("c1", 1), ("c2", 1)]


@pytest.mark.postgres
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_single_statement_that_was_cut_is_looked_for(tmp_path: Path, after: bool) -> None:
    """The same where a command is one statement, which is its own transaction."""
    cuts = [lost("postgresql")]

    def cut(execute: Any, sql: str, given: Any, many: bool, context: Any) -> Any:
        is_cut = bool(cuts) and sql.startswith("WITH")
        done = execute(sql, given, many, context) if after or not is_cut else None
        if is_cut:
            raise cuts.pop()
        return done

    with portal("postgresql", tmp_path) as (using, other):
        store = DjangoStore(using)
        with connections[using].execute_wrapper(cut):
            store.append([submitted("c1")])
        assert cuts == []
        assert [(head.case_id, head.version) for head in other.heads()] == [("c1", 1)]
