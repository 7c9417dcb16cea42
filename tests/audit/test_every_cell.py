"""A changed cell anywhere, a row gone, doubled or put elsewhere: found, or in the list of what is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from caseflow import SqliteStore
from caseflow.audit.verify import verify
from caseflow.errors import StoreError
from tests.audit.lived import live
from tests.contracts.databases import DATABASES, CaughtUp, emptied

DELIVERY = {"attempts", "next_try", "token", "lease_end", "told", "error", "merged_into", "reached"}
NOT_COVERED: dict[str, set[str]] = {
    "events": {"position"},
    "notices": {"position", *DELIVERY},
    "documents": {"position"},
    "keys": {"actor", "key", "digest", "case_id", "first", "last"},
}
"""Columns of which a change may go unseen; ``docs/explanation/audit.md`` says the same, and why."""

TABLES = ("cases", "helpers", "events", "texts", "policies", "notices", "documents")
"""Those of which at least some column is vouched for."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lived") / "cases.db"
    with closing(SqliteStore(path)) as store:
        live(store)
        assert verify(store).is_sound
    return path


def changed(cell: Any, place: int, by: int) -> Any:
    """The value with one byte or digit changed."""
    if cell is None:
        return by + 1
    if isinstance(cell, int):
        return cell ^ (1 << (place % 50))
    raw = cell if isinstance(cell, bytes) else cell.encode()
    if not raw:
        return b"x" if isinstance(cell, bytes) else "x"
    index = place % len(raw)
    other = raw[:index] + bytes([raw[index] ^ (1 << by % 7)]) + raw[index + 1 :]
    return other if isinstance(cell, bytes) else other.decode(errors="replace").replace("\x00", "x")


def copied(path: Path, to: Path) -> sqlite3.Connection:
    with closing(sqlite3.connect(path)) as source:
        target = sqlite3.connect(to, isolation_level=None)
        source.backup(target)
    return target


def audited(path: Path) -> Any:
    with closing(SqliteStore(path)) as store:
        return verify(store)


def is_found(path: Path) -> bool:
    """Whether the audit tells of it: as a fault, or since the file cannot even be read."""
    try:
        return not audited(path).is_sound
    except StoreError:
        return True


def without(lived: Path, path: Path, table: str, rowid: int) -> Path:
    path.unlink(missing_ok=True)
    with closing(copied(lived, path)) as connection:
        connection.execute(f"DELETE FROM caseflow_{table} WHERE rowid = ?", (rowid,))
    return path


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info(caseflow_{table})")]
    return [name for name in names if name not in NOT_COVERED.get(table, ())]


@settings(derandomize=True, database=None, max_examples=50, deadline=None)
@given(st.data())
def test_a_changed_cell_is_found(lived: Path, tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    """Whichever byte of whichever covered column of whichever row is changed, the audit says so."""
    path = tmp_path_factory.mktemp("changed") / "cases.db"
    with closing(copied(lived, path)) as connection:
        table = data.draw(st.sampled_from(TABLES))
        column = data.draw(st.sampled_from(columns_of(connection, table)))
        rows = connection.execute(f"SELECT rowid, {column} FROM caseflow_{table}").fetchall()
        rowid, before = data.draw(st.sampled_from(rows))
        after = changed(before, data.draw(st.integers(0, 4000)), data.draw(st.integers(0, 6)))
        assume(after != before)
        try:
            connection.execute(f"UPDATE caseflow_{table} SET {column} = ? WHERE rowid = ?", (after, rowid))
        except sqlite3.IntegrityError:
            assume(False)
    assert is_found(path), f"{table}.{column}: {before!r:.60} -> {after!r:.60}"


def _cells() -> list[tuple[str, str]]:
    with closing(SqliteStore(":memory:")) as store, store._connections.held() as connection:
        return [(table, column) for table in TABLES for column in columns_of(connection, table)]


@pytest.mark.parametrize(("table", "column"), _cells())
def test_every_covered_column_is_covered(lived: Path, tmp_path: Path, table: str, column: str) -> None:
    """No covered column is left out: a first byte changed, a value taken away or made up."""
    for attempt in (lambda cell: changed(cell, 0, 0), lambda cell: None, lambda cell: "x"):
        path = tmp_path / "c.db"
        path.unlink(missing_ok=True)
        with closing(copied(lived, path)) as connection:
            rowid, before = connection.execute(
                f"SELECT rowid, {column} FROM caseflow_{table} ORDER BY rowid DESC LIMIT 1"
            ).fetchone()
            try:
                connection.execute(
                    f"UPDATE caseflow_{table} SET {column} = ? WHERE rowid = ?", (attempt(before), rowid)
                )
            except sqlite3.IntegrityError:
                continue  # the database does not take it
            after = connection.execute(
                f"SELECT {column} FROM caseflow_{table} WHERE rowid = ?", (rowid,)
            ).fetchone()
        assert after[0] == before or is_found(path), f"{before!r:.60} -> {after!r:.60}"


@pytest.mark.parametrize("table", ["cases", "events", "texts", "policies"])
def test_a_row_that_is_gone_is_found(lived: Path, tmp_path: Path, table: str) -> None:
    """Any single row deleted from these tables is missed, a case with its last event's row included."""
    with closing(sqlite3.connect(lived)) as connection:
        rowids = [rowid for (rowid,) in connection.execute(f"SELECT rowid FROM caseflow_{table}")]
    for rowid in rowids:
        assert is_found(without(lived, tmp_path / "c.db", table, rowid)), rowid


@pytest.mark.parametrize("table", ["notices", "documents"])
def test_what_is_left_of_a_version_betrays_what_is_gone(lived: Path, tmp_path: Path, table: str) -> None:
    """A notice or document deleted is missed where the same event owed another one."""
    with closing(sqlite3.connect(lived)) as connection:
        rowids = [
            rowid
            for rowid, case_id, version in connection.execute(
                f"SELECT rowid, case_id, version FROM caseflow_{table}"
            )
            if connection.execute(
                "SELECT (SELECT count(*) FROM caseflow_notices WHERE case_id = :c AND version = :v)"
                " + (SELECT count(*) FROM caseflow_documents WHERE case_id = :c AND version = :v)",
                {"c": case_id, "v": version},
            ).fetchone()[0] > 1
        ]  # fmt: skip
    assert rowids
    for rowid in rowids:
        path = without(lived, tmp_path / "c.db", table, rowid)
        assert "audit-told-lost" in {fault.code for fault in audited(path).faults}, rowid


@pytest.mark.parametrize("table", ["cases", "helpers", "events", "texts", "policies", "notices", "documents"])
def test_a_row_put_in_is_found(lived: Path, tmp_path: Path, table: str) -> None:
    """A row doubled under another name, number or version is told: nothing owes it."""
    other = {
        "cases": "id = 'zz'", "events": "version = version + 1", "texts": "version = version + 1",
        "helpers": "unit = 'x'", "policies": "pin = 'x'", "notices": "id = 'x'",
        "documents": "id = 'x', number = 4",
    }[table]  # fmt: skip
    with closing(copied(lived, tmp_path / "c.db")) as connection:
        connection.execute(
            f"CREATE TEMP TABLE doubled AS SELECT * FROM caseflow_{table} ORDER BY rowid DESC LIMIT 1"
        )
        connection.execute(f"UPDATE doubled SET {other}")
        if table in ("events", "notices", "documents"):
            connection.execute("UPDATE doubled SET position = position + 1")
        connection.execute(f"INSERT INTO caseflow_{table} SELECT * FROM doubled")
    assert is_found(tmp_path / "c.db")


def test_two_rows_exchanged_are_found(lived: Path, tmp_path: Path) -> None:
    """The texts, notices and documents of two cases put in each other's place do not fit their events."""
    for table in ("texts", "notices", "documents", "events"):
        path = tmp_path / f"{table}.db"
        with closing(copied(lived, path)) as connection:
            for name, to in (("a1", "?"), ("a2", "a1"), ("?", "a2")):
                sql = f"UPDATE caseflow_{table} SET case_id = ? WHERE case_id = ? AND version = 5"
                if table == "texts":
                    sql = sql.replace("5", "1")
                connection.execute(sql, (to, name))
        assert {fault.case_id for fault in audited(path).faults} == {"a1", "a2"}, table


def test_a_document_number_that_is_gone_is_found(lived: Path, tmp_path: Path) -> None:
    """A number missing below the last of its series is told with series and year."""
    with closing(copied(lived, tmp_path / "c.db")) as connection:
        connection.execute("DELETE FROM caseflow_documents WHERE number = 2")
    lost, gap = audited(tmp_path / "c.db").faults
    assert (lost.case_id, lost.version, lost.code) == ("a1", 5, "audit-told-lost")
    assert (gap.code, gap.about) == ("audit-number", "催办 2025: 2")


def test_a_void_mark_taken_off_is_found(lived: Path, tmp_path: Path) -> None:
    """A document whose card was annulled is void (作废), and no other is."""
    for sql in (
        "UPDATE caseflow_documents SET voided = NULL, void_reason = '' WHERE case_id = 'a1'",
        "UPDATE caseflow_documents SET voided = 1, void_reason = 'x' WHERE case_id = 'a2'",
    ):
        (tmp_path / "c.db").unlink(missing_ok=True)
        with closing(copied(lived, tmp_path / "c.db")) as connection:
            connection.execute(sql)
        assert [fault.code for fault in audited(tmp_path / "c.db").faults] == ["audit-told"] * 2


def test_swapped_and_repeated_events_are_found(lived: Path, tmp_path: Path) -> None:
    """Two events' bodies exchanged, and an event written once more as the next version, break the chain."""
    with closing(copied(lived, tmp_path / "swapped.db")) as connection:
        one, two = connection.execute(
            "SELECT body, hash FROM caseflow_events WHERE case_id='a1' AND version<3"
        ).fetchall()
        sql = "UPDATE caseflow_events SET body=?, hash=? WHERE case_id='a1' AND version=?"
        connection.execute(sql, (*two, 1))
        connection.execute(sql, (*one, 2))
    assert audited(tmp_path / "swapped.db").faults[0].replace(about="").code == "audit-chain"
    with closing(copied(lived, tmp_path / "twice.db")) as connection:
        (last,) = connection.execute("SELECT max(version) FROM caseflow_events WHERE case_id='a1'").fetchone()
        connection.execute(
            "INSERT INTO caseflow_events SELECT NULL, case_id, version + 1, body, hash FROM caseflow_events"
            " WHERE case_id='a1' AND version=?", (last,),
        )  # fmt: skip
        connection.execute("UPDATE caseflow_cases SET version = version + 1 WHERE id='a1'")
    fault = audited(tmp_path / "twice.db").faults[0]
    assert (fault.case_id, fault.version, fault.code) == ("a1", last + 1, "audit-chain")


def test_a_tail_cut_off_with_the_row_left_is_found(lived: Path, tmp_path: Path) -> None:
    """The last event deleted while the case's row stays: told at the version that is missing."""
    with closing(copied(lived, tmp_path / "cut.db")) as connection:
        (last,) = connection.execute("SELECT max(version) FROM caseflow_events WHERE case_id='a1'").fetchone()
        connection.execute("DELETE FROM caseflow_events WHERE case_id='a1' AND version=?", (last,))
    fault = audited(tmp_path / "cut.db").faults[0]
    assert (fault.case_id, fault.version, fault.code) == ("a1", last, "audit-tail")


def test_an_erased_text_put_back_is_found(lived: Path, tmp_path: Path) -> None:
    """A text that was redacted and is there again, even with its right salt and hash, is told."""
    with closing(copied(lived, tmp_path / "back.db")) as connection:
        connection.execute("UPDATE caseflow_texts"
                           " SET fields = json_set(fields, '$.body', json('[\"s\",\"x\"]'))"
                           " WHERE case_id='a0' AND version=1")  # fmt: skip
    assert not audited(tmp_path / "back.db").is_sound


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


def run(server: CaughtUp, sql: str, *values: Any) -> None:
    server._connections.write(lambda cursor: cursor.execute(sql, values))


KEYS = {
    "cases": ("id",), "events": ("case_id", "version"), "texts": ("case_id", "version"),
    "helpers": ("case_id", "unit"), "policies": ("pin",), "notices": ("id",), "documents": ("id",),
}  # fmt: skip
"""Table -> what identifies a row of it."""


def test_every_column_is_covered_on_every_database(server: CaughtUp) -> None:
    """Each covered column of each table, changed there, is told; put back, the store is sound."""
    live(server)
    assert verify(server).faults == ()
    mark, seen = server._sql.dialect.mark, 0

    def write(table: str, column: str, cell: Any, row: Any) -> bool:
        keys = [row[name] if name != column else before for name in KEYS[table]]
        where = " AND ".join(f"{name} = {mark}" for name in KEYS[table])
        sql = f"UPDATE caseflow_{table} SET {column} = {mark} WHERE {where}"
        try:
            run(server, sql, cell, *keys)
        except StoreError:
            return False  # the database does not take it
        return True

    for table in TABLES:
        row = server.raw(table)[-1]
        for column in [name for name in row if name not in NOT_COVERED.get(table, ())]:
            before = row[column]
            after = changed(before, 3, 0)
            if write(table, column, after, row):
                assert not verify(server).is_sound, f"{table}.{column}: {before!r:.60} -> {after!r:.60}"
                before = after
                assert write(table, column, row[column], row)
                seen += 1
    assert verify(server).faults == ()
    assert seen > 40


@pytest.mark.parametrize("server", DATABASES[:2], indirect=True)
def test_a_series_that_would_go_on_elsewhere_is_found(server: CaughtUp) -> None:
    """The last number of a series, where it has a row of its own, is that of its last document."""
    live(server)
    for sql in (
        "UPDATE caseflow_series SET latest = latest + 1",
        "UPDATE caseflow_series SET latest = 1",
        "DELETE FROM caseflow_series",
    ):
        run(server, sql)
        assert [fault.code for fault in verify(server).faults] == ["audit-number"], sql


GUARDS = {
    "sqlite": (
        "CREATE TRIGGER quiet AFTER INSERT ON caseflow_notices BEGIN DELETE FROM caseflow_notices; END",
        "DROP TRIGGER quiet", "caseflow_notices: trigger quiet",
    ),
    "postgresql": (
        "CREATE RULE quiet AS ON DELETE TO caseflow_texts DO INSTEAD NOTHING",
        "DROP RULE quiet ON caseflow_texts", "caseflow_texts: rule quiet",
    ),
    "mariadb": (
        "CREATE TRIGGER quiet BEFORE UPDATE ON caseflow_cases FOR EACH ROW SET NEW.next_due = NULL",
        "DROP TRIGGER quiet", "caseflow_cases: trigger quiet",
    ),
}  # fmt: skip
"""Kind of database -> what makes something that acts on a table by itself, takes it away, and its name."""


def test_what_acts_on_a_table_by_itself_is_found(server: CaughtUp) -> None:
    """A trigger or rule is told, though no row is wrong yet; without it the store is sound."""
    live(server)
    make, drop, about = GUARDS[server._sql.dialect.name]
    run(server, make)
    try:
        assert [(fault.code, fault.about) for fault in verify(server).faults] == [("audit-guard", about)]
    finally:
        run(server, drop)
    assert verify(server).is_sound


@pytest.mark.parametrize("server", DATABASES[:1], indirect=True)
@pytest.mark.parametrize(
    ("make", "drop", "about"),
    [
        ("CREATE POLICY p ON caseflow_events USING (true)", "DROP POLICY p ON caseflow_events", "policy p"),
        ("ALTER TABLE caseflow_events ENABLE ROW LEVEL SECURITY",
         "ALTER TABLE caseflow_events DISABLE ROW LEVEL SECURITY", "row security caseflow_events"),
        ("CREATE TABLE other () INHERITS (caseflow_events)", "DROP TABLE other", "inheritance other"),
    ],
)  # fmt: skip
def test_what_stands_before_a_table_is_found(server: CaughtUp, make: str, drop: str, about: str) -> None:
    """PostgreSQL's policies of rows, and tables whose rows are shown as another's."""
    run(server, make)
    try:
        assert [fault.about for fault in verify(server).faults] == [f"caseflow_events: {about}"]
    finally:
        run(server, drop)


def test_a_view_in_a_tables_place_is_found(lived: Path, tmp_path: Path) -> None:
    """What is read is then not what lies there."""
    with closing(copied(lived, tmp_path / "c.db")) as connection:
        connection.execute("ALTER TABLE caseflow_texts RENAME TO hidden")
        connection.execute("CREATE VIEW caseflow_texts AS SELECT * FROM hidden")
    assert [fault.about for fault in audited(tmp_path / "c.db").faults] == [
        "caseflow_texts: no table caseflow_texts"
    ]


@pytest.mark.parametrize("table", ["cases", "events", "texts", "notices", "documents"])
def test_rows_with_an_empty_id_are_found(server: CaughtUp, table: str) -> None:
    """They come before the first id, where nothing of ours is; each other case is judged all the same."""
    live(server)
    column, mark = "id" if table == "cases" else "case_id", server._sql.dialect.mark
    run(server, f"UPDATE caseflow_{table} SET {column} = '' WHERE {column} = {mark}", "a1")
    run(server, f"UPDATE caseflow_cases SET unit = 'x' WHERE id = {mark}", "a2")
    faults = [(fault.case_id, fault.code, fault.about) for fault in verify(server).faults]
    assert faults[0] == ("", "audit-empty-id", table)
    assert ("a2", "audit-column", "unit") in faults


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("status", "'sent'"), ("next_try", "NULL"), ("token", "'t'"), ("attempts", "-1"),
        ("merged_into", "'n'"),
        ("status", "'leased'"), ("status", "'dead'"),
    ],
)  # fmt: skip
def test_a_state_that_no_relay_leaves_is_found(lived: Path, tmp_path: Path, column: str, cell: str) -> None:
    """A notice that waits is made to look told, taken or given up, by one column alone."""
    with closing(copied(lived, tmp_path / "c.db")) as connection:
        connection.execute(
            f"UPDATE caseflow_notices SET {column} = {cell} WHERE position ="
            " (SELECT max(position) FROM caseflow_notices WHERE status = 'pending')"
        )
    assert {fault.code for fault in audited(tmp_path / "c.db").faults} == {"audit-delivery"}


def test_an_event_that_no_feed_shows_is_found(lived: Path, tmp_path: Path) -> None:
    """Positions begin with 1; one below is before every reader."""
    with closing(copied(lived, tmp_path / "c.db")) as connection:
        connection.execute("UPDATE caseflow_events SET position = -position WHERE case_id = 'a1'")
    assert [fault.code for fault in audited(tmp_path / "c.db").faults] == ["audit-position"]


def test_a_key_that_is_no_text_hides_no_other(lived: Path, tmp_path: Path) -> None:
    """It is read by its bytes, and the keys beside it are judged."""
    with closing(copied(lived, tmp_path / "c.db")) as connection:
        connection.execute("UPDATE caseflow_keys SET last_version = 99 WHERE name = 'k0'")
        connection.execute("UPDATE caseflow_keys SET name = CAST(x'6bff' AS TEXT) WHERE name = 'k1'")
    codes = [fault.code for fault in audited(tmp_path / "c.db").faults]
    assert codes == ["audit-key"]
