"""A store in one SQLite file: durable by default, every write one short transaction."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caseflow.codec import decode, encode, pack, unpack
from caseflow.core.case import Case
from caseflow.core.events import Event
from caseflow.core.evolve import replay
from caseflow.errors import KeyReused, Stale, StoreBusy, StoreError
from caseflow.ports import Append, KeyClaim, Query, Recorded, Text

APPLICATION_ID = 0x63617365
"""``case`` in ASCII: marks a file as ours in SQLite's own header."""
SCHEMA = 1
RECENT = 4096
"""Cases whose snapshots are remembered unpacked."""
NEVER = (1 << 63) - 1
"""In ``place``: nothing is due, sorts last."""
SAFE_WAL = (3, 51, 3)
"""SQLite versions before this one can corrupt a WAL file when several connections write or checkpoint at
once (sqlite.org, "WAL-reset bug"); on those a rollback journal is the default."""

_TABLES = (
    """CREATE TABLE policies (pin TEXT PRIMARY KEY, document TEXT NOT NULL) {strict}""",
    """CREATE TABLE cases (
        id TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        state TEXT NOT NULL,
        unit TEXT NOT NULL,
        citizen TEXT NOT NULL,
        next_due INTEGER,
        place INTEGER NOT NULL,
        deadline INTEGER,
        waits INTEGER,
        snapshot BLOB NOT NULL
    ) {strict}""",
    """CREATE TABLE events (
        position INTEGER PRIMARY KEY,
        case_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (case_id, version)
    ) {strict}""",
    """CREATE TABLE texts (
        case_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        fields TEXT NOT NULL,
        PRIMARY KEY (case_id, version)
    ) {strict}""",
    """CREATE TABLE keys (
        actor TEXT NOT NULL,
        key TEXT NOT NULL,
        digest TEXT NOT NULL,
        case_id TEXT NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (actor, key)
    ) {strict}""",
    "CREATE INDEX cases_due ON cases (next_due, id) WHERE next_due IS NOT NULL",
    "CREATE INDEX cases_waiting ON cases (waits) WHERE waits IS NOT NULL",
    "CREATE INDEX cases_by_place ON cases (place, id)",
    "CREATE INDEX cases_by_unit ON cases (unit, place, id)",
    "CREATE INDEX cases_by_citizen ON cases (citizen, place, id) WHERE citizen <> ''",
    "CREATE INDEX cases_running ON cases (place, id) WHERE deadline IS NOT NULL",
    "CREATE INDEX cases_running_by_unit ON cases (unit, place, id) WHERE deadline IS NOT NULL",
)


_INSERT_EVENT = "INSERT INTO events (case_id, version, body) VALUES (?, ?, ?)"


class SqliteStore:
    """Cases in a SQLite file. Safe to share between threads; a forked child opens its own connection.

    Args:
        path: the file, made when it is missing; ``:memory:`` for none.
        journal: ``wal``, ``delete``, ``truncate`` or ``persist``. By default WAL where this SQLite is free
            of the WAL-reset bug, else ``truncate``.
        synchronous: ``full`` (what was acknowledged survives a power cut), ``normal`` or ``off``.
        timeout: seconds to wait for another process's lock.

    Raises:
        StoreError: the file is another program's, of a newer schema, a directory, or cannot be written.
        StoreBusy: another process held the lock longer than ``timeout``.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        journal: str = "auto",
        synchronous: str = "full",
        timeout: float = 10.0,
    ) -> None:
        if journal not in ("auto", "wal", "delete", "truncate", "persist"):
            raise StoreError("store-failed", path=str(path), found=f"journal {journal}")
        if synchronous not in ("full", "normal", "off", "extra"):
            raise StoreError("store-failed", path=str(path), found=f"synchronous {synchronous}")
        self.path = str(path)
        self.journal = _safe_journal() if journal == "auto" else journal
        self.synchronous = synchronous
        self.timeout = timeout
        self._lock = threading.RLock()
        self._recent: dict[str, tuple[bytes, Case]] = {}
        self._process = os.getpid()
        self._is_open = False
        self._connection: sqlite3.Connection | None = None
        self._inherited: sqlite3.Connection | None = None
        with self._reading():
            pass

    # -- connection -------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self.timeout, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA busy_timeout = {int(self.timeout * 1000)}")
            self._check_or_make(connection)
            connection.execute(f"PRAGMA journal_mode = {self.journal}")
            connection.execute(f"PRAGMA synchronous = {self.synchronous}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_or_make(self, connection: sqlite3.Connection) -> None:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        if mark == APPLICATION_ID:
            if schema > SCHEMA:
                raise StoreError("store-newer", path=self.path, found=schema, known=SCHEMA)
            return
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if mark or tables:
            raise StoreError("store-foreign", path=self.path, found=f"application id {mark}, {tables} tables")
        connection.execute("BEGIN IMMEDIATE")
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        if mark != APPLICATION_ID:  # nobody else was faster
            strict = "STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""
            for statement in _TABLES:
                connection.execute(statement.format(strict=strict))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, held for one thread; SQLite's errors become ours."""
        if self._process != os.getpid():
            # A forked child leaves its parent's connection alone, unclosed, and any lock held there.
            self._inherited, self._connection = self._connection, None
            self._lock = threading.RLock()
            self._process = os.getpid()
            self._is_open = False
        with self._lock:
            try:
                if not self._is_open:
                    self._connection = self._open()
                    self._is_open = True
                if self._connection is None:
                    raise StoreError("store-failed", path=self.path, found="closed")
                yield self._connection
            except sqlite3.Error as error:
                raise self._translated(error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The connection inside ``BEGIN IMMEDIATE``: committed at the end, rolled back on any error."""
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _translated(self, error: sqlite3.Error) -> StoreError:
        text = str(error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StoreBusy("store-busy", path=self.path, seconds=self.timeout)
        if code == sqlite3.SQLITE_READONLY:
            return StoreError("store-read-only", path=self.path, found=text)
        if code == sqlite3.SQLITE_NOTADB:
            return StoreError("store-foreign", path=self.path, found=text)
        return StoreError("store-failed", path=self.path, found=text)

    def close(self) -> None:
        """Close the connection; the store must not be used afterwards."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    # -- cases ------------------------------------------------------------------------------------------

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none."""
        if not _is_storable(case_id):
            return None
        with self._reading() as connection:
            row = connection.execute("SELECT snapshot FROM cases WHERE id = ?", (case_id,)).fetchone()
        return None if row is None else self._unpacked(case_id, row[0])

    def _unpacked(self, case_id: str, snapshot: bytes) -> Case:
        """The case of a snapshot, remembered by its very bytes; folded from its events if need be."""
        known = self._recent.get(case_id)
        if known is not None and known[0] == snapshot:
            return known[1]
        case = unpack(snapshot) or replay(case_id, self.events(case_id))
        self._remember(case_id, snapshot, case)
        return case

    def _remember(self, case_id: str, snapshot: bytes, case: Case) -> None:
        if len(self._recent) >= RECENT:
            self._recent.clear()
        self._recent[case_id] = (snapshot, case)

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none."""
        sql = "SELECT body FROM events WHERE case_id = ? ORDER BY version"
        with self._reading() as connection:
            rows = connection.execute(sql, (case_id,)).fetchall()
        return tuple(decode(body) for (body,) in rows)

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every personal text of the case, in the order it came."""
        sql = "SELECT version, fields FROM texts WHERE case_id = ? ORDER BY version"
        with self._reading() as connection:
            rows = connection.execute(sql, (case_id,)).fetchall()
        return tuple(
            Text(version, field, salt, text)
            for version, fields in rows
            for field, (salt, text) in json.loads(fields).items()
        )

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with their texts and an idempotency key.

        One insert for each event, one for the texts of a command, one for a key, and one update a case.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key was taken in the meantime.
            StoreBusy: another process held the lock too long.
        """
        prepared = [(entry, pack(entry.case), [encode(event) for event in entry.events]) for entry in appends]
        with self._writing() as connection:
            for entry, snapshot, bodies in prepared:
                self._write_case(connection, entry, snapshot)
                for version, body in enumerate(bodies, entry.expected + 1):
                    connection.execute(_INSERT_EVENT, (entry.case.id, version, body))
                if entry.texts:
                    fields = {text.field: (text.salt, text.text) for text in entry.texts}
                    connection.execute(
                        "INSERT INTO texts VALUES (?, ?, ?)",
                        (entry.case.id, entry.texts[0].version, json.dumps(fields, ensure_ascii=False)),
                    )
            if claim is not None:
                self._write_claim(connection, claim)
        for entry, snapshot, _ in prepared:
            self._remember(entry.case.id, snapshot, entry.case)

    def _write_case(self, connection: sqlite3.Connection, entry: Append, snapshot: bytes) -> None:
        case = entry.case
        due = case.next_due_us
        row = (
            case.version, case.state, case.unit, case.citizen, due, NEVER if due is None else due,
            case.deadline_us, case.waits_from, snapshot, case.id,
        )  # fmt: skip
        if entry.expected == 0:
            done = connection.execute(
                "INSERT INTO cases"
                " (version, state, unit, citizen, next_due, place, deadline, waits, snapshot, id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                row,
            )
        else:
            done = connection.execute(
                "UPDATE cases SET version = ?, state = ?, unit = ?, citizen = ?, next_due = ?, place = ?,"
                " deadline = ?, waits = ?, snapshot = ? WHERE id = ? AND version = ?",
                (*row, entry.expected),
            )
        if done.rowcount != 1:
            raise Stale(case.id, expected=entry.expected)

    def _write_claim(self, connection: sqlite3.Connection, claim: KeyClaim) -> None:
        done = connection.execute(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (claim.actor, claim.key, claim.digest, claim.case_id, claim.first, claim.last),
        )
        if done.rowcount != 1:
            raise KeyReused(claim.key, actor=claim.actor)

    def recall(self, actor: str, key: str) -> KeyClaim | None:
        """What the key of that actor stands for; `None` when it is free."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT * FROM keys WHERE actor = ? AND key = ?", (actor, key)
            ).fetchone()
        return None if row is None else KeyClaim(*row)

    # -- what is due ------------------------------------------------------------------------------------

    def due(
        self, before: int, *, limit: int, after: tuple[int, str] | None = None
    ) -> tuple[tuple[int, str], ...]:
        """``(next due, id)`` of cases due at or before the instant, in that order, after the given one."""
        sql = (
            "SELECT next_due, id FROM cases WHERE next_due <= ? AND (next_due, id) > (?, ?)"
            " ORDER BY next_due, id LIMIT ?"
        )
        least = after or (-NEVER, "")
        with self._reading() as connection:
            return tuple(connection.execute(sql, (before, *least, limit)).fetchall())

    def next_due(self) -> int | None:
        """The earliest next due instant of all cases; `None` when nothing will ever fire."""
        sql = "SELECT next_due FROM cases WHERE next_due IS NOT NULL ORDER BY next_due LIMIT 1"
        with self._reading() as connection:
            row = connection.execute(sql).fetchone()
        return None if row is None else row[0]

    def waiting(self, before: int) -> int:
        """How many cases have a rung whose "not before" has passed while it waits for a calendar."""
        with self._reading() as connection:
            sql = "SELECT count(*) FROM cases WHERE waits <= ?"
            found: int = connection.execute(sql, (before,)).fetchone()[0]
        return found

    def find(self, query: Query) -> tuple[Case, ...]:
        """The cases of a query in the order of (next due, id); those with nothing due come last."""
        if not all(_is_storable(name or "") for name in (query.unit, query.citizen, query.state)):
            return ()
        sql, given = _find(query)
        with self._reading() as connection:
            rows = connection.execute(sql, given).fetchall()
        return tuple(self._unpacked(case_id, snapshot) for case_id, snapshot in rows)

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        """Events of all cases in one total order, after the position.

        One writer at a time commits, so positions become visible in their order.
        """
        sql = (
            "SELECT position, case_id, version, body FROM events WHERE position > ? ORDER BY position LIMIT ?"
        )
        with self._reading() as connection:
            rows = connection.execute(sql, (after, limit)).fetchall()
        return tuple(
            Recorded(position, case_id, version, decode(body)) for position, case_id, version, body in rows
        )

    # -- policies ---------------------------------------------------------------------------------------

    def pin(self, pin: str, document: Mapping[str, Any]) -> None:
        """Keep the document of a policy under its content hash; doing it twice changes nothing."""
        if self.pinned(pin) is not None:
            return
        with self._writing() as connection:
            text = json.dumps(document, ensure_ascii=False)
            connection.execute("INSERT INTO policies VALUES (?, ?) ON CONFLICT DO NOTHING", (pin, text))

    def pinned(self, pin: str) -> Mapping[str, Any] | None:
        """The document of that hash; `None` when there is none."""
        with self._reading() as connection:
            row = connection.execute("SELECT document FROM policies WHERE pin = ?", (pin,)).fetchone()
        return None if row is None else json.loads(row[0])


def _find(query: Query) -> tuple[str, list[Any]]:
    """The SQL of a query; each of its shapes is served in order by an index."""
    terms, given = [], list[Any]()
    for column, found in (("unit", query.unit), ("citizen", query.citizen), ("state", query.state)):
        if found is not None:
            terms.append(f"{column} = ?")
            given.append(found)
    if query.citizen:
        terms.append("citizen <> ''")
    if query.overdue_at is not None:
        terms.append("deadline IS NOT NULL AND deadline <= ?")
        given.append(query.overdue_at)
    if query.after is not None:
        due, case_id = query.after
        terms.append("(place, id) > (?, ?)")
        given += [NEVER if due is None else due, case_id]
    where = f" WHERE {' AND '.join(terms)}" if terms else ""
    return f"SELECT id, snapshot FROM cases{where} ORDER BY place, id LIMIT ?", [*given, query.limit]


def _is_storable(text: str) -> bool:
    """Whether SQLite can hold the text: a lone surrogate has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _safe_journal() -> str:
    return "wal" if sqlite3.sqlite_version_info >= SAFE_WAL else "truncate"
