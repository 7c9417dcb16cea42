"""Django's own connections as a portal has set them: used as they are, or refused with the way out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext

from caseflow import Actor, Desk, ManualClock, StoreError, load_policy
from caseflow.contrib.django import DjangoStore
from caseflow.contrib.django.prepared_cursor import LIVES_LONG
from caseflow.stores.sql.schema import newest
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, CaughtUp
from tests.contracts.pgbouncer import pooled
from tests.contrib.portal.databases import pointed, portal
from tests.contrib.portal.models import Post

BOSS = Actor("s-1", role="importer")


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, CaughtUp]]:
    with portal(request.param, tmp_path) as opened:
        yield opened


def code_of(work: Any) -> str:
    with pytest.raises(StoreError) as caught:
        work()
    return caught.value.code


def execute(using: str, *lines: str) -> None:
    with connections[using].cursor() as cursor:
        for line in lines:
            cursor.execute(line)


@pytest.mark.parametrize("opened", DATABASES[1:2], indirect=True)
def test_a_session_that_would_alter_texts_is_refused(opened: tuple[str, CaughtUp]) -> None:
    """Another charset, or a mode under which what does not fit is cut off."""
    using, _ = opened
    connection = connections[using]
    for options, code in (({"charset": "latin1"}, "store-charset"),
                          ({"init_command": "SET sql_mode = ''"}, "store-sql-mode")):  # fmt: skip
        connection.close()
        connection.settings_dict["OPTIONS"] = options
        assert code_of(DjangoStore(using).next_due) == code
    connection.close()
    connection.settings_dict["OPTIONS"] = {}
    assert DjangoStore(using).next_due() is None


def test_a_process_that_goes_on_after_a_migration_writes_nothing(opened: tuple[str, CaughtUp]) -> None:
    """It tells the schema that is there by now; a policy that is gone is kept again."""
    using, other = opened
    store = DjangoStore(using)
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    with pytest.raises(ZeroDivisionError), transaction.atomic(using=using):
        desk.submit(title="t", by=BOSS)
        raise ZeroDivisionError
    desk.submit(title="t", by=BOSS, case_id="c1")
    assert other.pinned(desk.rules.pin) == desk.rules.document
    execute(using, f"UPDATE caseflow_store SET version = {newest() + 1}")
    try:
        assert code_of(lambda: desk.note("c1", text="x", by=BOSS)) == "store-newer"
        assert code_of(lambda: desk.submit(title="t", by=BOSS)) == "store-newer"
        assert code_of(lambda: store.claim(1 << 60, limit=9, lease_us=5, token="t")) == "store-newer"
    finally:
        execute(using, f"UPDATE caseflow_store SET version = {newest()}")
    assert [head.case_id for head in other.heads()] == ["c1"]


@pytest.mark.parametrize("opened", DATABASES[:2], indirect=True)
def test_a_session_that_may_only_read_since_a_failover_is_replaced(opened: tuple[str, CaughtUp]) -> None:
    """Outside of a transaction; inside of one it is told, for only the portal can begin it anew."""
    using, _ = opened
    only_read = {"postgresql": "SET default_transaction_read_only = on",
                 "mariadb": "SET SESSION TRANSACTION READ ONLY"}[using]  # fmt: skip
    store, first = DjangoStore(using), submitted("c1")
    store.append([first])
    execute(using, only_read)
    store.append([then(first.case), submitted("c2")])
    execute(using, only_read)
    with transaction.atomic(using=using):
        assert code_of(lambda: store.append([submitted("c3")])) == "store-read-only"
    connections[using].close()
    store.append([submitted("c3")])
    assert [(head.case_id, head.version) for head in store.heads()] == [("c1", 2), ("c2", 1), ("c3", 1)]


@pytest.mark.parametrize("opened", DATABASES[2:], indirect=True)
def test_a_portals_sqlite_keeps_its_settings_and_a_redaction_overwrites(
    opened: tuple[str, CaughtUp], tmp_path: Path
) -> None:
    """``secure_delete`` is on while texts are erased, and afterwards what it was."""
    using, other = opened
    desk = Desk(load_policy("wuhu"), DjangoStore(using), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="路灯" * 40 + "秘密", by=BOSS, case_id="c1")
    execute(using, "PRAGMA secure_delete = OFF")
    supervisor = Actor("v-1", role="supervisor")
    desk.redact("c1", fields=["title"], reason="r", basis="个人信息保护法 §47", by=supervisor)
    with connections[using].cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        assert cursor.fetchone() == (0,)
    assert other.texts("c1") == () or all("秘密" not in part.text for part in other.texts("c1"))
    connections[using].close()
    with sqlite3.connect(connections[using].settings_dict["NAME"]) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    assert "秘密".encode() not in Path(connections[using].settings_dict["NAME"]).read_bytes()


PREPARED = "SELECT count(*) FROM pg_prepared_statements"


def prepared(using: str) -> int:
    with connections[using].cursor() as cursor:
        cursor.execute(PREPARED)
        count: int = cursor.fetchone()[0]
    return count


def noted_often(using: str) -> Desk:
    """A desk that has noted on one connection until it counts as one that lives long, and further."""
    desk = Desk(load_policy("wuhu"), DjangoStore(using), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="t", by=BOSS, case_id="c1")
    for number in range(LIVES_LONG):
        desk.note("c1", text=f"{number}", by=BOSS)
    return desk


@pytest.mark.parametrize("opened", DATABASES[:1], indirect=True)
def test_a_connection_that_lives_long_has_the_statements_of_commands_prepared(
    opened: tuple[str, CaughtUp],
) -> None:
    """Reading the case and writing it; not the portal's own, and what watches cursors sees ours as ever."""
    using, _ = opened
    desk, seen = noted_often(using), list[str]()

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql.partition(" ")[0])
        return execute(sql, *rest)

    with connections[using].execute_wrapper(watch):
        desk.note("c1", text="x", by=BOSS)
    assert seen == ["SELECT", "WITH"]
    assert prepared(using) == 2
    with CaptureQueriesContext(connections[using]) as log:
        desk.note("c1", text="x", by=BOSS)
    assert [query["sql"].partition(" ")[0] for query in log] == ["SELECT", "WITH"]
    assert "WHERE id = 'c1'" in log[0]["sql"]
    for _ in range(9):
        Post.objects.using(using).count()
    assert prepared(using) == 2
    assert connections[using].connection.prepare_threshold is None


@pytest.mark.parametrize("opened", DATABASES[:1], indirect=True)
def test_nothing_is_prepared_for_one_request_or_where_the_portal_says_so(
    opened: tuple[str, CaughtUp],
) -> None:
    """A connection for each request would pay without use; ``prepare_threshold`` is the portal's word."""
    using, _ = opened
    desk, connection = noted_often(using), connections[using]
    for _ in range(LIVES_LONG):
        connection.close()
        desk.note("c1", text="x", by=BOSS)
    assert prepared(using) == 0
    connection.close()
    connection.settings_dict["OPTIONS"]["prepare_threshold"] = None
    desk.submit(title="t", by=BOSS)
    for _ in range(LIVES_LONG):
        desk.note("c1", text="x", by=BOSS)
    assert prepared(using) == 0


@pytest.mark.parametrize("opened", DATABASES[:1], indirect=True)
def test_prepared_statements_that_are_gone_are_no_trouble(opened: tuple[str, CaughtUp]) -> None:
    """After a rollback of the portal's, and after it has thrown away what its session held."""
    using, other = opened
    desk = noted_often(using)
    with pytest.raises(ZeroDivisionError), transaction.atomic(using=using):
        desk.note("c1", text="lost", by=BOSS)
        raise ZeroDivisionError
    before = desk.note("c1", text="kept", by=BOSS).version
    for _ in range(9):
        desk.note("c1", text="x", by=BOSS)
    execute(using, "DISCARD ALL")
    assert desk.note("c1", text="y", by=BOSS).version == before + 10
    assert len(other.links("c1")) == before + 10


@pytest.mark.parametrize("opened", DATABASES[:1], indirect=True)
def test_work_that_goes_along_with_notices_has_djangos_own_cursor(opened: tuple[str, CaughtUp]) -> None:
    """Its statements are the portal's, which Django sends with the values written into them."""
    using, _ = opened
    desk, sent = noted_often(using), list[str]()

    def work(cursor: Any) -> None:
        cursor.execute("SET LOCAL application_name = %s", ("portal",))  # takes no parameters of the server's
        sent.append("portal")

    assert isinstance(desk.store, DjangoStore)
    desk.store.with_notices(work)
    desk.route("c1", to="城管局", by=Actor("d-1", role="coordinator"))
    assert sent == ["portal"]


@pytest.mark.parametrize("atomic", [False, True])
def test_nothing_is_prepared_behind_a_pooler(atomic: bool) -> None:
    """A statement of another client's under the same name would be run in place of ours."""
    with pooled() as database:
        SqlStore.made(database.straight).close()
        with pointed("postgresql", database.through) as using, ExitStack() as stack:
            if atomic:
                stack.enter_context(transaction.atomic(using=using))
            noted_often(using)
            assert prepared(using) == 0
