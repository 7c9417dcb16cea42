"""Whatever lies in the tables, the audit ends with a verdict: faults for what is wrong, never an error."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from caseflow import SqliteStore
from caseflow.audit.verify import verify
from caseflow.serialization.codec import START, link
from caseflow.stores.database_urls import parsed
from caseflow.stores.sqlalchemy import SqlStore
from tests.audit.lived import live
from tests.audit.tampering import Run, any_json, tampered
from tests.contracts.databases import emptied

FAST, WHOLE = 40, 1_500
"""Tamperings of one kind of database: in the suite, and in the long proof."""


@contextmanager
def on_sqlite(base: SqliteStore) -> Iterator[tuple[Any, Run, type[Exception], Any]]:
    """A copy of the store in memory, and statements on it whose texts come as bytes."""
    with closing(base.branched()) as store, store._connections.held() as connection:

        def run(sql: str, *values: Any) -> Sequence[Sequence[Any]]:
            connection.text_factory = bytes
            try:
                return connection.execute(sql, [_bound(value) for value in values]).fetchall()
            finally:
                connection.text_factory = str

        def cast(cell: Any) -> str:
            return "CAST(? AS TEXT)" if isinstance(cell, bytes) and len(cell) % 3 else "?"

        yield store, run, sqlite3.Error, cast


def _bound(value: Any) -> Any:
    """A key that came as bytes is a text again, where it is one."""
    try:
        return value.decode() if isinstance(value, bytes) and len(value) < 32 else value
    except UnicodeDecodeError:
        return value


@contextmanager
def on_postgresql(base: Any) -> Iterator[tuple[Any, Run, type[Exception], Any]]:
    """The store inside a transaction that is rolled back at the end."""
    engine = _engines.setdefault(base.url, create_engine(parsed(base.url)))
    with engine.connect() as connection, connection.begin() as transaction:

        def run(sql: str, *values: Any) -> Sequence[Sequence[Any]]:
            with connection.begin_nested():
                cursor: Any = connection.connection.cursor()
                cursor.execute(sql.replace("?", "%s"), values)
                rows = cursor.fetchall() if cursor.description else ()
                return [
                    [bytes(cell) if isinstance(cell, memoryview) else cell for cell in row] for row in rows
                ]

        driver_error = engine.dialect.loaded_dbapi.Error
        yield SqlStore.joined(connection), run, driver_error, lambda cell: "?"
        transaction.rollback()


_engines: dict[str, Engine] = {}

PLACES = {"sqlite": on_sqlite, "postgresql": on_postgresql}
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@contextmanager
def lived(kind: str, folder: Path) -> Iterator[Any]:
    if kind == "sqlite":
        with closing(SqliteStore(":memory:")) as store:
            live(store)
            yield store
        return
    with emptied(kind, folder) as other:
        live(other)
        yield other
        for engine in _engines.values():
            engine.dispose()
        _engines.clear()


def judged(store: Any, done: object) -> bool:
    """Whether the audit finds nothing; whatever it says can be printed in both languages and as JSON."""
    report = verify(store)
    for fault in report.faults:
        assert (fault.text("en") + fault.text("zh")).isprintable(), done
    json.dumps(report.to_dict(), ensure_ascii=False).encode()
    return report.is_sound


def rewrite(rng: random.Random, store: Any, run: Run) -> str:
    """One case's history with a value exchanged in one event, and every hash computed anew."""
    case_id = rng.choice(("a0", "a1", "a2"))
    links = store.links(case_id)
    at = rng.randrange(len(links))
    head, bodies = START, [one.body for one in links]
    bodies[at] = any_json(rng, bodies[at])
    for version, body in enumerate(bodies, 1):
        head = link(head, case_id, version, body)
        run("UPDATE caseflow_events SET body = ?, hash = ? WHERE case_id = ? AND version = ?",
            body, head, case_id, version)  # fmt: skip
    run("UPDATE caseflow_cases SET head = ? WHERE id = ?", head, case_id)
    return f"{case_id} version {at + 1}: {bodies[at]!r:.300}"


def tamper(kind: str, folder: Path, times: int, *, seed: int) -> None:
    """Each fourth rewrites a history whole, which may well be sound: against that there are checkpoints."""
    sound, changed = 0, 0
    with lived(kind, folder) as base:
        for number in range(times):
            rng = random.Random(seed + number)
            with PLACES[kind](base) as (store, run, errors, cast):
                is_whole = number % 4 == 0
                done = [rewrite(rng, store, run)] if is_whole else tampered(rng, run, errors, cast)
                try:
                    is_sound = judged(store, done)
                except Exception as error:
                    raise AssertionError(f"{kind} {seed + number}: {done}") from error
                if done and not is_whole and not any("keys" in one for one in done):
                    sound, changed = sound + is_sound, changed + 1
    assert sound < changed / 5, (sound, changed)  # what may be changed stands in docs/explanation/audit.md


@pytest.mark.parametrize("kind", KINDS)
def test_any_bytes_end_in_a_verdict(kind: str, tmp_path: Path) -> None:
    """Cells changed to anything, rows gone, histories rewritten with their hashes: a sample of each."""
    tamper(kind, tmp_path, FAST, seed=1_000_000)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_3000_tamperings_end_in_a_verdict(kind: str, tmp_path: Path) -> None:
    """The same 1,500 times on each database."""
    tamper(kind, tmp_path, WHOLE, seed=0)


@pytest.mark.parametrize("number", range(12))
def test_a_damaged_file_is_told_as_far_as_it_can_be_read(number: int, tmp_path: Path) -> None:
    """Bytes of the file itself are overwritten: what can be read is judged, what cannot is a fault."""
    path = tmp_path / "cases.db"
    with closing(SqliteStore(path, journal="delete")) as store:
        schema_end = path.stat().st_size
        live(store, cases=30)
    raw, rng = bytearray(path.read_bytes()), random.Random(number)
    for _ in range(3):
        at = rng.randrange(schema_end, len(raw) - 600)
        raw[at : at + 500] = rng.randbytes(500)
    path.write_bytes(raw)
    with closing(SqliteStore(path, journal="delete")) as store:
        judged(store, number)
