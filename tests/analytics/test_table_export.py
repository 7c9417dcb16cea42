"""Exported tables: exactly once through kills and races, one folder one store, no personal text."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from caseflow import Actor, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.analytics import table_export, table_log
from caseflow.analytics.table_export import arrow_tables, compact_tables, export_tables
from caseflow.analytics.table_log import TableLog
from caseflow.analytics.table_reader import load_tables, open_tables, read_tables
from caseflow.analytics.table_schemas import TABLES, TYPES
from caseflow.cli import run
from caseflow.core.model.events import Event
from caseflow.errors import BadRecord, StoreError
from caseflow.ports import Quarantined, Store
from tests.analytics.stores import city
from tests.laws.histories import Step, World, steps

CITIZEN = Actor("citizen-7", role="citizen")
HANDLER = Actor("officer-7", role="handler", unit="城管局")
ROOT = Path(__file__).resolve().parents[2]


def rows(tables: dict[str, pa.Table]) -> dict[str, list[str]]:
    """Every row without the run that wrote it, in an order of its own."""
    return {name: sorted(map(str, one.drop_columns("batch").to_pylist())) for name, one in tables.items()}


def desk_on(store: Store) -> Desk:
    return Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:00:00+08:00"))


def ask(desk: Desk, *ids: str) -> None:
    for case_id in ids:
        desk.submit(title="路灯", to="城管局", by=CITIZEN, case_id=case_id)


# -- what an export leaves ---------------------------------------------------------------------------------


def test_a_city_is_exported_as_it_is_folded(tmp_path: Path) -> None:
    """Whatever the size of a run: the rows that count are those of a fold of everything."""
    expected = rows(arrow_tables(city()))
    assert all(expected[name] for name in TABLES if name != "links")
    for size in (10_000, 301):
        done = export_tables(city(), tmp_path / str(size), slice_events=size)
        assert done.events == len(city().feed(limit=100_000)) and done.runs == -(-done.events // size)
        assert rows(read_tables(tmp_path / str(size))) == expected


@settings(max_examples=4, deadline=None)
@given(steps())
def test_step_by_step_gives_what_one_run_gives(history: list[Step]) -> None:
    """After each few steps the folder holds what a fold of everything gives then."""
    world = World()
    with TemporaryDirectory() as folder:
        for number, step in enumerate(history):
            world.take(step)
            if number % 7 == 0:
                export_tables(world.store, folder)
        world.finish()
        export_tables(world.store, folder)
        assert rows(read_tables(folder)) == rows(arrow_tables(world.store))


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    """A second export at once makes no run."""
    store = MemoryStore()
    ask(desk_on(store), "a")
    export_tables(store, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert export_tables(store, tmp_path).runs == 0 and sorted(tmp_path.rglob("*")) == before


def test_many_runs_are_written_anew_as_one(tmp_path: Path) -> None:
    """What lies beside each other grows no further than a bound, and the rows stay."""
    store = MemoryStore()
    desk = desk_on(store)
    for number in range(table_export.MOST_BATCHES + 2):
        ask(desk, f"c{number}")
        desk.note("c0", text="备注", by=HANDLER)
        export_tables(store, tmp_path)
    manifest = TableLog(tmp_path).latest()
    assert manifest.batches <= 2 and len(manifest.of("cases")) <= 2
    assert rows(read_tables(tmp_path)) == rows(arrow_tables(store))


def test_duckdb_reads_and_keeps_them(tmp_path: Path) -> None:
    """As views over the files, and as tables of a file of its own, loaded again when they changed."""
    store, database = MemoryStore(), tmp_path / "cases.duckdb"
    desk = desk_on(store)
    for case_id in "ab":
        ask(desk, case_id)
        export_tables(store, tmp_path / "out")
        load_tables(tmp_path / "out", database)
    with open_tables(tmp_path / "out") as views, duckdb.connect(str(database)) as kept:
        for connection in (views, kept):
            for name, table in TABLES.items():
                columns = [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()]
                assert columns == table.schema.names
            days = connection.execute("SELECT case_id, submitted_day FROM cases ORDER BY 1").fetchall()
            assert days == [("a", date(2025, 3, 3)), ("b", date(2025, 3, 3))]


def test_compact_files_are_whole_tables(tmp_path: Path) -> None:
    """Then any engine reads them as they lie: one file a table, of its schema."""
    export_tables(city(), tmp_path, slice_events=500)
    manifest = compact_tables(tmp_path)
    expected = rows(arrow_tables(city()))
    for name, table in TABLES.items():
        (file,) = manifest.of(name)
        read = pq.read_table(tmp_path / file.path)
        assert read.schema.names == table.schema.names and read.num_rows == file.rows
        assert rows({name: read.cast(table.schema)})[name] == expected[name]


# -- exactly once ------------------------------------------------------------------------------------------

KILLED = """
import os, sys
from pathlib import Path
from caseflow import SqliteStore
from caseflow.analytics import table_export, table_log
count = 0
def dying(function):
    def counted(*arguments, **named):
        global count
        count += 1
        if count == int(sys.argv[3]):
            os._exit(9)
        return function(*arguments, **named)
    return counted
os.link, os.fsync, os.open = dying(os.link), dying(os.fsync), dying(os.open)
Path.unlink, Path.write_bytes = dying(Path.unlink), dying(Path.write_bytes)
table_export.RowBuffer.take = dying(table_export.RowBuffer.take)
table_export.export_tables(SqliteStore(sys.argv[1]), sys.argv[2], slice_events=int(sys.argv[4]))
print(count)
"""


def killed(path: Path, out: Path, at: int, *, size: int = 4) -> subprocess.CompletedProcess[str]:
    """An export that is killed at its so manieth step on the disk, files half written included."""
    command = [sys.executable, "-c", KILLED, str(path), str(out), str(at), str(size)]
    return subprocess.run(command, capture_output=True, text=True)


def lived(path: Path) -> Store:
    store = SqliteStore(path)
    desk = desk_on(store)
    ask(desk, "a", "b", "c")
    for case_id in "ab":
        desk.take_charge(case_id, by=HANDLER)
        desk.reply(case_id, text="已修复", by=HANDLER)
    return store


def check_killed(tmp_path: Path, points: Sequence[int]) -> None:
    store = lived(tmp_path / "cases.db")
    expected = rows(arrow_tables(store))
    for point in points:
        out = tmp_path / f"out-{point}"
        done = killed(tmp_path / "cases.db", out, point)
        assert done.returncode in (0, 9), done.stderr
        if done.returncode == 9 and (out / table_log.MANIFESTS).exists():
            read_tables(out)  # what counts can be read, whatever was under way
        export_tables(store, out, slice_events=4)
        assert rows(read_tables(out)) == expected, point
        again = compact_tables(out)
        compact_tables(out)
        named = {file.path for file in (*again.files, *TableLog(out).latest().files)}
        assert {path.relative_to(out).as_posix() for path in out.glob("*/*.parquet")} == named
    store.close()


def test_an_export_that_is_killed_is_done_again(tmp_path: Path) -> None:
    """Wherever it is cut off, no row is missing or there twice, and no file is left over."""
    check_killed(tmp_path, (6, 15))


@pytest.mark.soak
def test_an_export_may_be_killed_at_every_step(tmp_path: Path) -> None:
    """At each step on the disk that an export has."""
    lived(tmp_path / "steps.db").close()
    whole = killed(tmp_path / "steps.db", tmp_path / "whole", 1_000_000)
    last = int(whole.stdout)
    assert last > 30
    check_killed(tmp_path, range(1, last + 1))


def test_of_two_exports_at_once_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that comes later finds its number taken; what counts is the other's, and it is whole."""
    store = MemoryStore()
    ask(desk_on(store), "a", "b")
    commit = TableLog.commit

    def overtaken(log: TableLog, manifest: Any) -> None:
        monkeypatch.setattr(TableLog, "commit", commit)
        export_tables(store, tmp_path)
        commit(log, manifest)

    monkeypatch.setattr(TableLog, "commit", overtaken)
    with pytest.raises(StoreError) as caught:
        export_tables(store, tmp_path)
    assert caught.value.code == "tables-overtaken" and caught.value.text("zh")
    assert rows(read_tables(tmp_path)) == rows(arrow_tables(store))


def test_a_folder_is_of_one_store(tmp_path: Path) -> None:
    """Another store, or one that was restored to before the last run, is refused, and nothing is written."""
    first, other = MemoryStore(), MemoryStore()
    ask(desk_on(first), "a", "b")
    ask(desk_on(other), "c", "d", "e")
    export_tables(first, tmp_path)
    for store in (other, MemoryStore()):
        with pytest.raises(StoreError) as caught:
            export_tables(store, tmp_path)
        assert caught.value.code == "tables-of-another"
    assert rows(read_tables(tmp_path)) == rows(arrow_tables(first))


def test_tables_of_other_schemas_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that another version wrote is filled from the first event on."""
    store = MemoryStore()
    ask(desk_on(store), "a")
    export_tables(store, tmp_path)
    path = max((tmp_path / table_log.MANIFESTS).glob("*.json"))
    path.write_text(path.read_text("utf-8").replace('"format": 1', '"format": 0'), encoding="utf-8")
    assert export_tables(store, tmp_path).events == 1
    assert rows(read_tables(tmp_path)) == rows(arrow_tables(store))


def test_what_is_no_manifest_is_said(tmp_path: Path) -> None:
    """With its path."""
    (tmp_path / table_log.MANIFESTS).mkdir()
    path = tmp_path / table_log.MANIFESTS / "00000001.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        export_tables(MemoryStore(), tmp_path)
    assert caught.value.code == "tables-unreadable" and str(path) in caught.value.text("en")


class Torn(MemoryStore):
    """A store in which one case cannot be read."""

    torn = ""

    def events(self, case_id: str) -> tuple[Event, ...]:
        if case_id == self.torn:
            raise BadRecord("bad-event", found="?")
        return super().events(case_id)


def test_one_case_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    """It is named, and tried again by the next export though nothing happened to it since."""
    store, aside = Torn(), list[Quarantined]()
    ask(desk_on(store), "a", "b")
    store.torn = "a"
    export_tables(store, tmp_path, aside=aside.append)
    assert [one.name for one in aside] == ["a"]
    assert read_tables(tmp_path)["cases"]["case_id"].to_pylist() == ["b"]
    store.torn = ""
    assert export_tables(store, tmp_path).cases == 1
    assert rows(read_tables(tmp_path)) == rows(arrow_tables(store))


# -- what a column may hold --------------------------------------------------------------------------------

SECRETS = ("王某某", "13812345678", "幸福路12号", "秘密")


def test_no_column_holds_a_personal_text_or_a_persons_id() -> None:
    """Every text that people give, and every id of a person, is planted; no cell of any table holds one."""
    store = MemoryStore()
    desk = desk_on(store)
    person, secret = Actor("person-citizen", role="citizen"), "，".join(SECRETS)
    people = {
        role: Actor(
            f"person-{role}", role=role, unit="城管局" if role in ("handler", "lead_official") else ""
        )
        for role in ("handler", "lead_official", "coordinator", "supervisor")
    }
    handler, coordinator, supervisor = people["handler"], people["coordinator"], people["supervisor"]
    desk.submit(
        title=secret, body=secret, by=person, case_id="a", kind="complaint", region="东区", channel="web"
    )
    desk.submit(title=secret, body=secret, by=person, case_id="b")
    desk.route("a", to="城管局", by=coordinator)
    desk.send_back("a", reason=secret, by=handler)
    desk.route("a", to="城管局", by=coordinator)
    desk.take_charge("a", by=handler)
    desk.request_extension("a", clock="reply", days=3, reason=secret, by=handler)
    desk.grant_extension("a", clock="reply", by=supervisor)
    desk.note("a", text=secret, by=handler)
    desk.placeholder("a", text=secret, by=handler)
    desk.dispatch("a", officer="person-officer", by=handler)
    desk.attach(
        "a", name=secret, reference="person-file", sha256="0" * 64, size=1, media_type="a/b", by=person
    )
    desk.reply("a", text=secret, by=handler)
    desk.retract_reply("a", reason=secret, by=people["lead_official"])
    desk.reply("a", text=secret, by=handler)
    desk.rate("a", score=2, text=secret, by=person)
    desk.clock.advance(days=40)
    desk.sweep()
    desk.link_rectification("a", rectification="rect-1", by=supervisor)
    desk.reject("b", code="unclear", reason=secret, by=coordinator)
    tables = arrow_tables(store)
    untried = {"non_responses", "links"}
    assert {name for name, table in tables.items() if not table.num_rows} <= untried
    for name, table in tables.items():
        for column in table.column_names:
            for cell in table[column].to_pylist():
                assert not any(mark in str(cell) for mark in (*SECRETS, "person-")), (name, column)


def test_each_column_is_of_a_sort_and_says_what_it_holds() -> None:
    """Names, types and nulls of a city's rows are those of the schema; every column has a sentence."""
    for name, table in arrow_tables(city()).items():
        described = TABLES[name]
        assert table.schema == described.schema
        table.validate(full=True)
        for column in described.columns:
            assert column.text.endswith(".") and TYPES[column.sort] == table.schema.field(column.name).type
            assert column.nullable or not table[column.name].null_count, (name, column.name)


def test_the_command_exports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what it did, in words and as JSON; a file of DuckDB and one file a table on demand."""
    store = SqliteStore(tmp_path / "cases.db")
    ask(desk_on(store), "a", "b")
    words = ["analytics", "export", "--store", f"sqlite:///{tmp_path}/cases.db", "--out", str(tmp_path / "t")]
    assert run([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == 2
    assert run([*words, "--compact", "--duckdb", str(tmp_path / "x.duckdb"), "--lang", "zh"]) == 0
    assert "案件 0 件" in capsys.readouterr().out and (tmp_path / "x.duckdb").exists()
    assert list((tmp_path / "t" / "cases").glob("*.parquet"))
    store.close()


def test_without_the_extra_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has not installed it is told which package is missing."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for module in [name for name in sys.modules if name.startswith("caseflow.analytics.")]:
        monkeypatch.delitem(sys.modules, module)
    assert run(["analytics", "export", "--store", "sqlite:///no.db", "--out", "t", "--lang", "en"]) == 2
    assert "`analytics`" in capsys.readouterr().err
