"""Notices and documents in tables: each function is a few statements inside a transaction of the store's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from caseflow import outbox as o
from caseflow.stores.relational.dialects import Cursor
from caseflow.stores.relational.prepared import Prepared
from caseflow.stores.relational.statements import Statements


def take_away(cursor: Cursor, said: Statements, written: Prepared) -> None:
    """Cancel notices that nobody was told, and void documents."""
    entry = written.entry
    if entry.cancels:
        cursor.executemany(said.cancel, [(name,) for name in entry.cancels])
    if entry.voids:
        cursor.executemany(said.void, [(void.at_us, void.reason, void.id) for void in entry.voids])


def post(cursor: Cursor, said: Statements, notices: Sequence[tuple[o.Notice, str]]) -> None:
    """Add notices with their bodies as JSON."""
    if notices:
        cursor.executemany(said.post, rows_of(notices))


def rows_of(notices: Sequence[tuple[o.Notice, str]]) -> list[tuple[Any, ...]]:
    """The values of new notices, in the order of `post`."""
    return [
        (n.id, n.case_id, n.version, n.topic, n.level, n.role, n.unit, n.channel, n.at_us, n.corrects, body,
         n.at_us)
        for n, body in notices
    ]  # fmt: skip


def issue(cursor: Cursor, said: Statements, documents: Sequence[tuple[o.Draft, str]]) -> None:
    """Number documents one after the other; each series is held until the transaction ends.

    Series are locked in one order everywhere, so that two writers never wait for each other.
    """
    held: dict[tuple[str, int], int] = {}
    for place in sorted({(draft.series, draft.year) for draft, _ in documents}):
        cursor.execute(said.insert_series, place)
        cursor.execute(said.latest, place)
        held[place] = cursor.fetchone()[0]
    for d, body in documents:
        cursor.execute(said.has_document, (d.id,))
        if cursor.fetchone() is not None:
            continue
        place = (d.series, d.year)
        held[place] += 1
        row = (d.id, d.series, d.year, held[place], d.case_id, d.version, body)
        cursor.execute(said.insert_document, row)
        cursor.execute(said.update_series, (held[place], *place))


def claim(
    cursor: Cursor, said: Statements, now_us: int, *, limit: int, lease_us: int, token: str
) -> tuple[o.Held, ...]:
    """Lease what is ready to the token.

    A notice is leased only if its row still says that it is ready, so two claims never hold the same one,
    with or without ``SKIP LOCKED``.
    """
    cursor.execute(said.ready, (now_us, limit))
    positions = [position for (position,) in cursor.fetchall()]
    if not positions:
        return ()
    end = now_us + lease_us
    cursor.executemany(said.lease, [(now_us, token, end, end, position, now_us) for position in positions])
    cursor.execute(said.held(len(positions)), (token, *positions))
    found = {row[0]: _posted(row) for row in cursor.fetchall()}
    held = []
    for posted in [found[position] for position in positions if position in found]:
        corrected = _corrected(cursor, said, posted.notice.corrects, now_us)
        held.append(o.Held(posted.notice, token, posted.attempts, corrected))
    return tuple(held)


def _corrected(cursor: Cursor, said: Statements, name: str, now_us: int) -> str:
    if not name:
        return ""
    cursor.execute(said.corrected, (name,))
    row = cursor.fetchone()
    if row is None:
        return ""
    status, token, lease_end, told = row
    return o.corrected(status, token=token, lease_end=lease_end or 0, told_us=told, now_us=now_us)


def settle(cursor: Cursor, said: Statements, outcomes: Sequence[o.Outcome]) -> tuple[str, ...]:
    """Record outcomes that come with the lease's own token; the ids settled."""
    rows = [_outcome_row(found) for found in outcomes if found.token]
    names = [row[6] for row in rows]
    if said.dialect.one_statement and len(set(names)) == len(names) > 1:
        cursor.execute(said.settle_many, [list(column) for column in zip(*rows, strict=True)])
        done = {name for (name,) in cursor.fetchall()}
    else:
        done = {row[6] for row in rows if _is_settled(cursor, said, row)}
    for row in rows:
        if row[6] not in done:
            cursor.execute(said.give_back, (row[2], *row[6:8]))
    return tuple(name for name in names if name in done)


def _outcome_row(found: o.Outcome) -> tuple[Any, ...]:
    """The values of `Statements.settle`."""
    is_sent, is_retry = found.status == o.SENT, found.status == o.RETRY
    return (
        o.PENDING if is_retry else found.status,
        found.at_us if is_retry else None,
        found.at_us if is_sent else found.told_us,
        found.error, found.into, int(found.untried), found.id, found.token,
        o.CANCELLED if is_sent else o.LEASED,
    )  # fmt: skip


def _is_settled(cursor: Cursor, said: Statements, row: tuple[Any, ...]) -> bool:
    cursor.execute(said.settle, row)
    return bool(cursor.rowcount == 1)


def requeue(cursor: Cursor, said: Statements, ids: Iterable[str], now_us: int) -> tuple[str, ...]:
    """Make dead notices pending again; their ids."""
    done = []
    for name in ids:
        cursor.execute(said.requeue, (now_us, name))
        if cursor.rowcount == 1:
            done.append(name)
    return tuple(done)


def notices(cursor: Cursor, said: Statements, **asked: Any) -> tuple[o.Posted, ...]:
    """Notices after the position, of one case, of one status."""
    cursor.execute(*said.notices(**asked))
    return tuple(_posted(row) for row in cursor.fetchall())


def _posted(row: tuple[Any, ...]) -> o.Posted:
    position, status, attempts, next_try, token, told, error, into, *notice = row
    name, case_id, version, topic, level, role, unit, channel, at_us, corrects, body = notice
    told_of = o.Notice(
        name, case_id, version, topic, level, role, unit, channel, at_us, corrects, json.loads(body)
    )
    return o.Posted(position, told_of, status, attempts, next_try, token, told, error, into)


def documents(cursor: Cursor, sql: str, given: tuple[Any, ...]) -> tuple[o.Document, ...]:
    """The documents that the statement finds, in its order."""
    cursor.execute(sql, given)
    return tuple(_document(row) for row in cursor.fetchall())


def _document(row: tuple[Any, ...]) -> o.Document:
    name, series, year, case_id, version, body, number, voided, reason = row
    return o.Document(o.Draft(name, series, year, case_id, version, json.loads(body)), number, voided, reason)
