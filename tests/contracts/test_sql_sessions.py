"""Sessions that end, may only read by now, or are another's: replaced, or told by one of our codes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, event, text

from caseflow import SqliteStore, Stale, StoreBusy, StoreError
from caseflow.cli import run
from caseflow.stores.database_urls import parsed
from caseflow.stores.sql.driver_errors import _NUMBERS, _STATES, ErrorKind, kind_of, translated
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing.contract.case_factory import submitted, then
from tests.contracts.databases import DATABASES, CaughtUp, emptied

SERVERS = DATABASES[:2]


@pytest.fixture(params=SERVERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


def with_settings(url: str, **settings: str) -> str:
    """The URL with what a session of PostgreSQL begins with."""
    whole = parsed(url)
    options = " ".join([str(whole.query.get("options", "")), *(f"-c{k}={v}" for k, v in settings.items())])
    return whole.update_query_dict({"options": options}).render_as_string(hide_password=False)


def code_of(work: Any) -> str:
    with pytest.raises(StoreError) as caught:
        work()
    return caught.value.code


# -- ended for idleness ------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_session_that_was_ended_for_idleness_is_replaced(tmp_path: Path) -> None:
    """The next command after a pause just works, with one event or several statements."""
    with emptied("postgresql", tmp_path) as store:
        idle = SqlStore(with_settings(store.url, idle_session_timeout="100"))
        first, second = submitted("c1"), submitted("c2")
        for entries in ([first], [then(first.case), second], [then(second.case)]):
            idle.append(entries)
            time.sleep(0.25)
        assert idle.load("c2") == then(second.case).case
        idle.close()


IDLE = {
    "postgresql": "SET idle_in_transaction_session_timeout = 100",
    "mariadb": "SET idle_transaction_timeout = 1",
}


def test_a_portals_transaction_that_was_ended_is_told(store: CaughtUp) -> None:
    """Only the portal can begin it anew: nothing is tried on another connection."""
    engine = create_engine(parsed(store.url))
    with engine.connect() as connection:
        joined = SqlStore.joined(connection)
        connection.execute(text(IDLE[engine.dialect.name]))
        joined.append([submitted("c1")])
        time.sleep(0.4 if engine.dialect.name == "postgresql" else 2.2)
        assert code_of(lambda: joined.append([submitted("c2")])) == "store-unreachable"
        assert code_of(lambda: joined.load("c1")) == "store-unreachable"
        connection.invalidate()
    assert store.heads() == ()
    engine.dispose()


# -- may only read -----------------------------------------------------------------------------------------

READ_ONLY = {
    "postgresql": "SET default_transaction_read_only = on",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}


@pytest.mark.parametrize("is_portals", [False, True], ids=["own", "portals"])
def test_a_session_that_may_only_read_since_a_failover_is_replaced(store: CaughtUp, is_portals: bool) -> None:
    """A new connection reaches whoever may be written now; the command is done once."""
    engine = create_engine(parsed(store.url), pool_size=1)
    shared = SqlStore(engine if is_portals else store.url, pool_size=1)
    first = submitted("c1")
    shared.append([first])
    for entries in ([then(first.case)], [submitted("c2"), submitted("c3")]):
        shared._connections.read(lambda cursor: cursor.execute(READ_ONLY[engine.dialect.name]))
        shared.append(entries)
    assert [(head.case_id, head.version) for head in store.heads()] == [("c1", 2), ("c2", 1), ("c3", 1)]
    shared.close()
    engine.dispose()


def test_a_server_that_may_only_be_read_is_told_and_answers_questions(store: CaughtUp) -> None:
    """While it lasts; afterwards the same command is done."""
    first = submitted("c1")
    store.append([first])
    if "postgresql" in store.url:
        only_read = SqlStore(with_settings(store.url, default_transaction_read_only="on"))
    else:
        only_read = SqlStore(parsed(store.url).update_query_dict({"init_command": READ_ONLY["mariadb"]}))
        settle_read_only(only_read._connections)
    assert only_read.load("c1") == first.case
    assert code_of(lambda: only_read.append([then(first.case)])) == "store-read-only"
    assert code_of(lambda: only_read.append([submitted("c2"), submitted("c3")])) == "store-read-only"
    assert code_of(lambda: only_read.pin("p", {})) == "store-read-only"
    only_read.close()
    store.append([then(first.case)])


def settle_read_only(connections: Any) -> None:
    """Each new session of MariaDB's may only read, whatever it is told at first."""

    def settle(driver: Any, _: Any) -> None:
        with driver.cursor() as cursor:
            cursor.execute(READ_ONLY["mariadb"])

    event.listen(connections._engine, "connect", settle)
    connections._engine.dispose()


@pytest.mark.parametrize("journal", ["truncate", "delete"])
def test_a_file_that_was_replaced_is_opened_anew(tmp_path: Path, journal: str) -> None:
    """A backup is put in its place by renaming: what is written next goes there, and not into nowhere."""
    path, backup = tmp_path / "cases.db", tmp_path / "backup.db"
    store = SqliteStore(path, journal=journal)
    first = submitted("c1")
    store.append([first])
    shutil.copy(path, backup)
    store.append([then(first.case), submitted("lost")])
    backup.rename(path)
    store.append([then(first.case)])
    store.close()
    with SqliteStore(path) as again:
        assert [(head.case_id, head.version) for head in again.heads()] == [("c1", 2)]


def test_a_file_that_was_taken_away_is_told(tmp_path: Path) -> None:
    """Nothing is written into a file without a name; a new one is made, as at the start, and is empty."""
    store = SqliteStore(tmp_path / "cases.db")
    store.append([submitted("c1")])
    (tmp_path / "cases.db").unlink()
    with pytest.raises(Stale):
        store.append([then(submitted("c1").case)])
    assert store.load("c1") is None
    store.close()


# -- what errors mean --------------------------------------------------------------------------------------


class Told(Exception):
    """An error as a driver of PostgreSQL has it."""

    def __init__(self, sqlstate: str, words: str = "words") -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


MEANINGS: tuple[tuple[ErrorKind, str], ...] = (
    ("gone", "08000 08003 08006 08001 08004 08007 08P01 28000 28P01 25P03 25P04 3D000 40003 53300"
             " 57P01 57P02 57P03 57P04 57P05"),
    ("undone", "40000 40001 40P01 72000"),
    ("busy", "55P03 55006 57014 53200"),
    ("read-only", "25006"),
    ("full", "53100"),
    ("missing", "42P01 42703 3F000"),
    ("taken", "23505"),
    ("encoding", "22021 22P05"),
    ("forgotten", "26000 42P05"),
    ("unfit", "22001 23502 23503 23514 P0001"),
    ("failed", "0A000 25P02 40002 42501 42601 53000 54000 58030 XX000 XX001"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "states"), MEANINGS, ids=[kind for kind, _ in MEANINGS])
def test_each_sqlstate_has_its_meaning(kind: ErrorKind, states: str) -> None:
    """By class where a class means one thing, else one by one; a plan that has changed by its words."""
    for state in states.split():
        assert kind_of(Told(state)) == kind, state
    assert kind_of(Told("0A000", "cached plan must not change result type")) == "forgotten"


NUMBERS: tuple[tuple[ErrorKind, str], ...] = (
    ("taken", "1022 1062 1169 1586"),
    ("undone", "1020 1213 1305 1614"),
    ("busy", "1205 1206 1317 1689 1969 3024 3572"),
    ("read-only", "1036 1290 1792 1836 1874"),
    ("missing", "1054 1146 1932"),
    ("full", "1021 1114"),
    ("encoding", "1267 1300 1366"),
    ("gone", "0 1040 1045 1047 1049 1053 1080 1129 1158 1203 1226 1698 1927 2002 2003 2006 2013 2026 2055"
             " 4031"),
    ("unfit", "1048 1264 1406 1452 1644 4025"),
    ("failed", "1064 1136 1364 1451 1142"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "numbers"), NUMBERS, ids=[kind for kind, _ in NUMBERS])
def test_each_number_of_mariadb_has_its_meaning(kind: ErrorKind, numbers: str) -> None:
    """A full disk is told by the system's number, under several of MariaDB's."""
    for number in numbers.split():
        assert kind_of(Exception(int(number), "words")) == kind, number
    assert kind_of(Exception(1026, 'Error writing file (Errcode: 28 "No space left on device")')) == "full"
    assert kind_of(Exception(1026, "Error writing file (Errcode: 5)")) == "failed"


def test_every_code_that_is_listed_is_one_of_its_database() -> None:
    """PostgreSQL's are those that psycopg knows, MariaDB's those that PyMySQL does, or later ones."""
    from pymysql.constants import CR, ER

    for state in _STATES:
        assert state == "57P05" or psycopg.errors.lookup(state)
    known = {value for constants in (CR, ER) for value in vars(constants).values() if isinstance(value, int)}
    later = {0, *range(1836, 1960), *range(3000, 5000)}
    assert set(_NUMBERS) - known - later <= {1586, 1613, 1614, 1644, 1689, 1698, 1792, 1820, 2045, 2055}


def test_a_message_quotes_no_text_that_a_driver_quotes() -> None:
    """Where a text cannot be said, the driver's words hold it; ours hold the kind of error."""
    for error in (Exception(1366, "Incorrect string value: '秘密' for column"), _unsayable("秘密"),
                  Told("22P05", 'character "秘密" has no equivalent')):  # fmt: skip
        message = translated(error, name="db", seconds=1)
        assert message.code == "store-encoding"
        assert "秘密" not in str(message)
        assert "utf8" in str(message)


def _unsayable(word: str) -> Exception:
    try:
        word.encode("latin-1")
    except UnicodeEncodeError as error:
        return error
    raise AssertionError


# -- options in a URL --------------------------------------------------------------------------------------


def test_options_come_to_the_driver_in_their_types(store: CaughtUp) -> None:
    """Whole numbers, yes and no; the driver gets them as it wants them, and the store works."""
    options = {
        "postgresql": {"prepare_threshold": "0", "connect_timeout": "7", "sslmode": "prefer"},
        "mariadb": {"connect_timeout": "7", "read_timeout": "9", "write_timeout": "9", "local_infile": "no",
                    "charset": "latin1", "max_allowed_packet": "16777216", "program_name": "caseflow"},
    }[parsed(store.url).get_backend_name()]  # fmt: skip
    typed = SqlStore(parsed(store.url).update_query_dict(options))
    typed.append([submitted("c1")])
    assert typed.load("c1") is not None
    typed.close()
    if "postgresql" in store.url:
        url = parsed(store.url).update_query_dict({"prepare_threshold": "none"})
        with SqlStore(url) as unprepared:
            for _ in range(9):
                unprepared.load("c1")
            asked = "SELECT count(*) FROM pg_prepared_statements"
            assert unprepared._rows(asked) == [(0,)]


BAD: tuple[tuple[str, str, str], ...] = (
    ("postgresql://clerk:s3cret@127.0.0.1:9/x?frobnicate=s3cret", "store-url-option", "frobnicate"),
    ("postgresql://clerk:s3cret@127.0.0.1:9/x?autocommit=s3cret", "store-url-option", "autocommit"),
    ("postgresql://clerk:s3cret@127.0.0.1:9/x?prepare_threshold=s3cret", "store-url-value",
     "prepare_threshold"),
    ("postgresql://clerk:s3cret@127.0.0.1:9/x?connect_timeout=s3cret", "store-url-value", "connect_timeout"),
    ("postgresql://clerk:s3cret@127.0.0.1:9/x?connect_timeout=1&connect_timeout=2", "store-url-value",
     "connect_timeout"),
    ("mariadb://clerk:s3cret@127.0.0.1:9/x?frobnicate=s3cret", "store-url-option", "frobnicate"),
    ("mariadb://clerk:s3cret@127.0.0.1:9/x?prepare_threshold=0", "store-url-option", "prepare_threshold"),
    ("mariadb://clerk:s3cret@127.0.0.1:9/x?read_timeout=s3cret", "store-url-value", "read_timeout"),
    ("mariadb://clerk:s3cret@127.0.0.1:9/x?compress=s3cret", "store-url-value", "compress"),
    ("postgresql+psycopg_async://clerk:s3cret@127.0.0.1:9/x", "store-async", "desk.aio"),
)  # fmt: skip


@pytest.mark.parametrize(("url", "code", "word"), BAD)
def test_an_option_that_cannot_be_taken_is_named(
    url: str, code: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anybody is asked for a connection; its value is not shown, which may be a secret."""
    assert code_of(lambda: SqlStore(url)) == code
    assert run(["store", "status", "--store", url]) == 5
    printed = capsys.readouterr().err
    assert word in printed
    assert "s3cret" not in printed
    assert len(printed.splitlines()) == 1


def test_a_deadlock_in_a_portals_transaction_is_told_as_busy(store: CaughtUp) -> None:
    """The database has rolled everything back, so that going back to a savepoint fails: that is not told."""
    cases = [submitted("c1"), submitted("c2")]
    store.append(cases)
    level = {"isolation_level": "READ COMMITTED"} if "mariadb" in store.url else {}
    engine, both = create_engine(parsed(store.url), **level), Barrier(2)

    def work(order: int) -> str:
        with engine.connect() as connection:
            joined = SqlStore.joined(connection)
            try:
                joined.append([then(cases[order].case)])
                both.wait(20)
                joined.append([then(cases[1 - order].case)])
            except (StoreBusy, Stale) as error:
                return error.code
            connection.commit()
            return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, (0, 1))) == ["done", "store-busy"]
    engine.dispose()
