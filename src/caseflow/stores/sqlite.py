"""A store in one SQLite file: durable by default, every write one short transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from caseflow.chain import START
from caseflow.core.case import Case
from caseflow.errors import KeyReused, Stale, StoreError
from caseflow.outbox import Held, Outcome
from caseflow.ports import Append, KeyClaim, Query, is_redacted_by
from caseflow.stores import sqlite_outbox, sqlite_schema
from caseflow.stores.moving import Kept, steady
from caseflow.stores.recent import RecentCases
from caseflow.stores.relational import moving
from caseflow.stores.relational.dialects import SQLITE
from caseflow.stores.relational.listing import listed
from caseflow.stores.relational.prepared import Prepared, prepared
from caseflow.stores.sqlite_file import SqliteFile
from caseflow.stores.sqlite_questions import NAMES, SqliteQuestions

_INSERT_EVENT = "INSERT INTO events (case_id, version, body, hash) VALUES (?, ?, ?, ?)"
_INSERT_CASE = (
    "INSERT INTO cases (version, state, unit, citizen, next_due, place, deadline, waits, snapshot, head, id)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
)
_UPDATE_CASE = (
    "UPDATE cases SET version = ?, state = ?, unit = ?, citizen = ?, next_due = ?, place = ?, deadline = ?,"
    " waits = ?, snapshot = ?, head = ? WHERE id = ? AND version = ? AND head = ?"
)


class SqliteStore(SqliteQuestions):
    """Cases in a SQLite file. Safe to share between threads; a forked child opens its own connection.

    Args:
        path: the file, made when it is missing; ``:memory:`` for none.
        journal: ``wal``, ``delete``, ``truncate`` or ``persist``. By default WAL where this SQLite is free
            of the WAL-reset bug, else ``truncate``.
        synchronous: ``full`` (what was acknowledged survives a power cut), ``normal`` or ``off``.
        timeout: seconds to wait for another process's lock.

    Raises:
        StoreError: the file is another program's, of an older or newer schema, a directory, or cannot be
            written.
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
        self.path = str(path)
        self._file = SqliteFile(
            self.path, journal=journal, synchronous=synchronous, timeout=timeout,
            prepare=sqlite_schema.check_or_make,
        )  # fmt: skip
        self._recent = RecentCases()
        with self._file.reading():
            pass

    @property
    def journal(self) -> str:
        """The journal mode in use."""
        return self._file.journal

    @staticmethod
    def migrate(path: str | Path, *, timeout: float = 60.0) -> tuple[int, ...]:
        """Bring a store of an older schema to today's; the schemas it went through, in order.

        Safe to run twice, and by two processes at once: whoever comes second finds it done. Everything
        happens in one transaction.

        Raises:
            StoreError: there is no such file, it is another program's, or of a newer schema.
            StoreBusy: another process held the lock longer than ``timeout`` seconds.
        """
        if not Path(path).exists():
            raise StoreError("store-failed", path=str(path), found="no such file")
        file = SqliteFile(str(path), timeout=timeout)
        try:
            with file.reading() as connection:
                return sqlite_schema.migrate(connection, file.path)
        finally:
            file.close()

    def reopened(self) -> SqliteStore:
        """Close this store and open its file anew, as it was opened; one without a file is left open."""
        if self.path == ":memory:":
            return self
        self.close()
        file = self._file
        return SqliteStore(
            self.path, journal=file.journal, synchronous=file.synchronous, timeout=file.timeout
        )

    def branched(self) -> SqliteStore:
        """A store of its own, in memory, with all that this one holds.

        What happens in one never reaches the other.
        """
        branch = SqliteStore(":memory:")
        with self._file.reading() as ours, branch._file.reading() as theirs:
            ours.backup(theirs)
        return branch

    def close(self) -> None:
        """Close the connection; the store must not be used afterwards."""
        self._file.close()

    # -- cases ------------------------------------------------------------------------------------------

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none."""
        if not SQLITE.can_hold(case_id):
            return None
        with self._file.reading() as connection:
            row = connection.execute("SELECT snapshot, head FROM cases WHERE id = ?", (case_id,)).fetchone()
        return None if row is None else self._recent.case(self.events, case_id, *row)

    def find(self, query: Query) -> tuple[Case, ...]:
        """The cases of a query in the order of (next due, id); those with nothing due come last."""
        if not all(SQLITE.can_hold(name or "") for name in (query.unit, query.citizen, query.state)):
            return ()
        sql, given = listed(query, table="cases", later=SQLITE.later)
        with self._file.reading() as connection:
            rows = connection.execute(sql, given).fetchall()
        return tuple(self._recent.case(self.events, *row) for row in rows)

    # -- changes ----------------------------------------------------------------------------------------

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with all that goes with them and an idempotency key.

        One insert for each event, one for the texts of a command, one for a key, and one update a case.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key was taken in the meantime.
            StoreBusy: another process held the lock too long.
        """
        entries = [prepared(entry) for entry in appends]
        with self._file.writing() as connection:
            heads = [self._write(connection, written) for written in entries]
            if claim is not None:
                self._write_claim(connection, claim)
        redacted = False
        for written, head in zip(entries, heads, strict=True):
            self._recent.remember(written.entry.case, written.snapshot, head)
            redacted = redacted or bool(written.entry.redacts)
        if redacted:
            self._file.forget_log()

    def _write(self, connection: sqlite3.Connection, written: Prepared) -> bytes:
        """Write one case's part; returns the new head of its chain."""
        entry, case_id = written.entry, written.entry.case.id
        before = self._head(connection, entry)
        rows = written.chained(before)
        head = rows[-1][3] if rows else before
        self._write_case(connection, written, before, head)
        for row in rows:
            connection.execute(_INSERT_EVENT, row)
        if entry.has_more:
            _redact(connection, case_id, entry.redacts)
            sqlite_outbox.take_away(connection, entry.cancels, entry.voids)
            sqlite_outbox.post(connection, written.notices)
            sqlite_outbox.issue(connection, written.documents)
        for texts in written.texts:
            connection.execute("INSERT INTO texts VALUES (?, ?, ?)", texts)
        return head

    def _head(self, connection: sqlite3.Connection, entry: Append) -> bytes:
        """The head that the case's chain has at the expected version."""
        if not entry.expected:
            return START
        known = self._recent.head_of(entry)
        if known is not None:
            return known
        sql = "SELECT version, head FROM cases WHERE id = ?"
        row = connection.execute(sql, (entry.case.id,)).fetchone()
        if row is None or row[0] != entry.expected:
            raise Stale(entry.case.id, expected=entry.expected, found=row[0] if row else 0)
        head: bytes = row[1]
        return head

    def _write_case(
        self, connection: sqlite3.Connection, written: Prepared, before: bytes, head: bytes
    ) -> None:
        case, expected = written.entry.case, written.entry.expected
        row = (*written.case_row, head, case.id)
        if expected:
            done = connection.execute(_UPDATE_CASE, (*row, expected, before))
        else:
            done = connection.execute(_INSERT_CASE, row)
        if done.rowcount != 1:
            raise Stale(case.id, expected=expected)

    def _write_claim(self, connection: sqlite3.Connection, claim: KeyClaim) -> None:
        done = connection.execute(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (claim.actor, claim.key, claim.digest, claim.case_id, claim.first, claim.last),
        )
        if done.rowcount != 1:
            raise KeyReused(claim.key, actor=claim.actor)

    def kept(self, case_id: str) -> Kept | None:
        """All that is kept of a case; `None` when there is none."""

        def read(case: Case) -> Kept:
            notices = self.notices(case_id=case_id, limit=1 << 31)
            return Kept(case, self.links(case_id), self.texts(case_id), notices, self.documents(case_id))

        return steady(lambda: self.load(case_id), read)

    def keep(self, cases: Sequence[Kept]) -> None:
        """Take over cases, all or nothing; see `caseflow.stores.moving.Movable`."""
        with self._file.writing() as connection:
            cursor = connection.cursor()
            keeping = moving.Keeping(cursor, NAMES, insert_event=_INSERT_EVENT, numbers=lambda: ())
            keeping.keep(cases)

    def keep_keys(self, claims: Sequence[KeyClaim]) -> None:
        """Take over idempotency keys; those that are there stay."""
        with self._file.writing() as connection:
            moving.keep_keys(connection.cursor(), NAMES, claims)

    def claim(self, now_us: int, *, limit: int, lease_us: int, token: str) -> tuple[Held, ...]:
        """Lease ready notices to the token, in the order of (next try, position)."""
        with self._file.writing() as connection:
            return sqlite_outbox.claim(connection, now_us, limit=limit, lease_us=lease_us, token=token)

    def settle(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Record what became of claimed notices; returns the ids settled, in the order given."""
        with self._file.writing() as connection:
            return sqlite_outbox.settle(connection, outcomes)

    def requeue(self, ids: Sequence[str], now_us: int) -> tuple[str, ...]:
        """Make dead notices pending again from now on, their attempts counted anew; returns their ids."""
        with self._file.writing() as connection:
            return sqlite_outbox.requeue(connection, ids, now_us)

    def pin(self, pin: str, document: Mapping[str, Any]) -> None:
        """Keep the document of a policy under its content hash; doing it twice changes nothing."""
        if self.pinned(pin) is not None:
            return
        with self._file.writing() as connection:
            text = json.dumps(document, ensure_ascii=False)
            connection.execute("INSERT INTO policies VALUES (?, ?) ON CONFLICT DO NOTHING", (pin, text))


def _redact(connection: sqlite3.Connection, case_id: str, names: Sequence[str]) -> None:
    """Erase the named texts and their salts."""
    if not names:
        return
    sql = "SELECT version, fields FROM texts WHERE case_id = ?"
    for version, found in connection.execute(sql, (case_id,)).fetchall():
        fields = json.loads(found)
        kept = {name: text for name, text in fields.items() if not is_redacted_by(names, name, version)}
        where = "WHERE case_id = ? AND version = ?"
        if not kept:
            connection.execute(f"DELETE FROM texts {where}", (case_id, version))
        elif len(kept) < len(fields):
            row = (json.dumps(kept, ensure_ascii=False), case_id, version)
            connection.execute(f"UPDATE texts SET fields = ? {where}", row)
