"""Notices and documents in SQLite: each function is a few statements inside a transaction of the store's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from caseflow import outbox as o

_NOTICE = "id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body"
_POST = (
    f"INSERT INTO notices ({_NOTICE}, status, attempts, next_try, token, error, merged_into)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, ?, '', '', '') ON CONFLICT (id) DO NOTHING"
)
_CANCEL = (
    "UPDATE notices SET status = 'cancelled', next_try = NULL"
    " WHERE id = ? AND status IN ('pending', 'leased', 'dead')"
)
_READY = "SELECT position FROM notices WHERE next_try <= ? ORDER BY next_try, position LIMIT ?"
_LEASE = (
    "UPDATE notices SET told = CASE WHEN status = 'leased' THEN coalesce(told, ?) ELSE told END,"
    " status = 'leased', attempts = attempts + 1, token = ?, lease_end = ?, next_try = ? WHERE position = ?"
)
_SETTLE = (
    "UPDATE notices SET status = ?, next_try = ?, told = coalesce(?, told), error = ?, merged_into = ?,"
    " attempts = attempts - ?, token = '' WHERE id = ? AND token = ? AND status IN ('leased', ?)"
)
_GIVE_BACK = (
    "UPDATE notices SET token = '', told = coalesce(?, told)"
    " WHERE id = ? AND token = ? AND status = 'cancelled'"
)
_REQUEUE = (
    "UPDATE notices SET status = 'pending', attempts = 0, next_try = ? WHERE id = ? AND status = 'dead'"
)
_ISSUE = (
    "INSERT INTO documents (id, series, year, number, case_id, version, body, void_reason)"
    " VALUES (?, ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM documents WHERE series = ? AND year = ?),"
    " ?, ?, ?, '') ON CONFLICT (id) DO NOTHING"
)
_VOID = "UPDATE documents SET voided = ?, void_reason = ? WHERE id = ? AND voided IS NULL"
_DOCUMENT = "SELECT id, series, year, case_id, version, body, number, voided, void_reason FROM documents"


def take_away(connection: sqlite3.Connection, cancels: Sequence[str], voids: Sequence[o.Void]) -> None:
    """Cancel notices that nobody was told, and void documents."""
    connection.executemany(_CANCEL, [(name,) for name in cancels])
    connection.executemany(_VOID, [(void.at_us, void.reason, void.id) for void in voids])


def post(connection: sqlite3.Connection, notices: Sequence[tuple[o.Notice, str]]) -> None:
    """Add notices with their bodies as JSON."""
    connection.executemany(
        _POST,
        [
            (n.id, n.case_id, n.version, n.topic, n.level, n.role, n.unit, n.channel, n.at_us, n.corrects,
             body, n.at_us)
            for n, body in notices
        ],
    )  # fmt: skip


def issue(connection: sqlite3.Connection, documents: Sequence[tuple[o.Draft, str]]) -> None:
    """Number documents, one after the other."""
    for d, body in documents:
        row = (d.id, d.series, d.year, d.series, d.year, d.case_id, d.version, body)
        connection.execute(_ISSUE, row)


def claim(
    connection: sqlite3.Connection, now_us: int, *, limit: int, lease_us: int, token: str
) -> tuple[o.Held, ...]:
    """Lease what is ready to the token."""
    positions = [position for (position,) in connection.execute(_READY, (now_us, limit)).fetchall()]
    end = now_us + lease_us
    connection.executemany(_LEASE, [(now_us, token, end, end, position) for position in positions])
    held = []
    for position in positions:
        found = _posted(connection.execute(f"{_POSTED} WHERE position = ?", (position,)).fetchone())
        corrected = _corrected(connection, found.notice.corrects, now_us)
        held.append(o.Held(found.notice, token, found.attempts, corrected))
    return tuple(held)


def _corrected(connection: sqlite3.Connection, name: str, now_us: int) -> str:
    if not name:
        return ""
    sql = "SELECT status, token, lease_end, told FROM notices WHERE id = ?"
    row = connection.execute(sql, (name,)).fetchone()
    if row is None:
        return ""
    status, token, lease_end, told = row
    return o.corrected(status, token=token, lease_end=lease_end or 0, told_us=told, now_us=now_us)


def settle(connection: sqlite3.Connection, outcomes: Sequence[o.Outcome]) -> tuple[str, ...]:
    """Record outcomes that come with the lease's own token; the ids settled."""
    settled = []
    for found in outcomes:
        is_sent, is_retry = found.status == o.SENT, found.status == o.RETRY
        row = (
            o.PENDING if is_retry else found.status,
            found.at_us if is_retry else None,
            found.at_us if is_sent else found.told_us,
            found.error, found.into, int(found.untried), found.id, found.token,
            o.CANCELLED if is_sent else o.LEASED,
        )  # fmt: skip
        if found.token and connection.execute(_SETTLE, row).rowcount == 1:
            settled.append(found.id)
        elif found.token:
            connection.execute(_GIVE_BACK, (found.told_us, found.id, found.token))
    return tuple(settled)


def requeue(connection: sqlite3.Connection, ids: Iterable[str], now_us: int) -> tuple[str, ...]:
    """Make dead notices pending again; their ids."""
    return tuple(name for name in ids if connection.execute(_REQUEUE, (now_us, name)).rowcount == 1)


_POSTED = (
    f"SELECT position, status, attempts, next_try, token, told, error, merged_into, {_NOTICE} FROM notices"
)


def notices(
    connection: sqlite3.Connection, *, case_id: str, status: str, after: int, limit: int
) -> tuple[o.Posted, ...]:
    """Notices after the position, of one case, of one status."""
    terms, given = ["position > ?"], list[Any]([after])
    for column, found in (("case_id", case_id), ("status", status)):
        if found:
            terms.append(f"{column} = ?")
            given.append(found)
    sql = f"{_POSTED} WHERE {' AND '.join(terms)} ORDER BY position LIMIT ?"
    return tuple(_posted(row) for row in connection.execute(sql, [*given, limit]).fetchall())


def _posted(row: tuple[Any, ...]) -> o.Posted:
    position, status, attempts, next_try, token, told, error, into, *notice = row
    name, case_id, version, topic, level, role, unit, channel, at_us, corrects, body = notice
    told_of = o.Notice(
        name, case_id, version, topic, level, role, unit, channel, at_us, corrects, json.loads(body)
    )
    return o.Posted(position, told_of, status, attempts, next_try, token, told, error, into)


def documents(connection: sqlite3.Connection, case_id: str) -> tuple[o.Document, ...]:
    """The documents of a case, in the order they were issued."""
    rows = connection.execute(f"{_DOCUMENT} WHERE case_id = ? ORDER BY position", (case_id,)).fetchall()
    return tuple(_document(row) for row in rows)


def issued(
    connection: sqlite3.Connection, series: str, year: int, *, after: int, limit: int
) -> tuple[o.Document, ...]:
    """The documents of a series and year after that number."""
    sql = f"{_DOCUMENT} WHERE series = ? AND year = ? AND number > ? ORDER BY number LIMIT ?"
    rows = connection.execute(sql, (series, year, after, limit)).fetchall()
    return tuple(_document(row) for row in rows)


def _document(row: tuple[Any, ...]) -> o.Document:
    name, series, year, case_id, version, body, number, voided, reason = row
    return o.Document(o.Draft(name, series, year, case_id, version, json.loads(body)), number, voided, reason)
