"""Notices and documents in tables, as relays and people ask for them: a few statements in a transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from caseflow.core import notices as o
from caseflow.errors import BadRecord
from caseflow.stores.sql.append import Row
from caseflow.stores.sql.dialects import Cursor
from caseflow.stores.sql.lenient_text import bindable
from caseflow.stores.sql.statements import Statements

Result = TypeVar("Result")

PUT_OFF = 10
"""After so many leases a notice that cannot be read is looked at again."""


def claim(
    cursor: Cursor,
    sql: Statements,
    now_us: int,
    *,
    limit: int,
    lease_us: int,
    token: str,
    bad: list[tuple[str, BadRecord]],
) -> tuple[o.Held, ...]:
    """Lease what is ready to the token.

    A notice is leased only if its row still says that it is ready, so two claims never hold the same one,
    with or without ``SKIP LOCKED``.
    """
    cursor.execute(sql["select_ready"], (now_us, limit))
    positions = [position for (position,) in cursor.fetchall()]
    end = now_us + lease_us
    leases = [(now_us, token, end, end, position, now_us) for position in positions]
    if leases:
        cursor.executemany(sql["lease_notice"], leases)
    leased = dict[int, o.Posted]()
    for row in _leased(cursor, sql, token, positions):
        try:
            leased[row[0]] = posted(row)
        except BadRecord as error:
            bad.append((row[8], error))
            _put_off(cursor, sql, row[0], token, now_us + PUT_OFF * lease_us)
    held: list[o.Held] = []
    for one in [leased[position] for position in positions if position in leased]:
        corrected = _corrected(cursor, sql, one.notice.corrects, now_us)
        held.append(o.Held(one.notice, token, one.attempts, corrected, one.reached))
    return tuple(held)


def _put_off(cursor: Cursor, sql: Statements, position: int, token: str, until: int) -> None:
    """Nobody tried to tell it, so that the attempt does not count."""
    cursor.execute(sql["put_off_notice"], (until, "bad-notice", position, token))


PAGE = 500
"""So many notices are asked for at once: a statement has room for some thousand values."""


def _leased(cursor: Cursor, sql: Statements, token: str, positions: Sequence[int]) -> Iterable[Row]:
    """The rows of those positions that the token holds."""
    for first in range(0, len(positions), PAGE):
        page = positions[first : first + PAGE]
        marks = ", ".join("?" * len(page))
        cursor.execute(sql.notices(f"token = ? AND position IN ({marks})"), (token, *page, len(page)))
        yield from cursor.fetchall()


def _corrected(cursor: Cursor, sql: Statements, name: str, now_us: int) -> str:
    if not name or bindable(name) is not name:
        return ""
    cursor.execute(sql["select_corrected"], (name,))
    row = cursor.fetchone()
    if row is None:
        return ""
    status, token, lease_end, told_us = row
    return o.corrected(status, token=token, lease_end=lease_end or 0, told_us=told_us, now_us=now_us)


def settle(cursor: Cursor, sql: Statements, outcomes: Sequence[o.Outcome]) -> tuple[str, ...]:
    """Record outcomes that come with the lease's own token; the ids settled."""
    rows = [_outcome_row(outcome) for outcome in outcomes if outcome.token]
    rows = [row for row in rows if bindable(row[7]) is row[7]]  # what cannot be named is leased for its time
    ids = [row[7] for row in rows]
    if sql.dialect.one_statement and len(set(ids)) == len(ids) > 1:
        cursor.execute(sql["settle_notices"], [list(column) for column in zip(*rows, strict=True)])
        settled = {name for (name,) in cursor.fetchall()}
        done = [name in settled for name in ids]
    else:
        done = [_is_settled(cursor, sql, row) for row in rows]
    for row, is_done in zip(rows, done, strict=True):
        if not is_done:
            cursor.execute(sql["release_cancelled"], (row[2], *row[7:9]))
    return tuple(name for name, is_done in zip(ids, done, strict=True) if is_done)


def _outcome_row(outcome: o.Outcome) -> Row:
    """The values of ``settle_notice``."""
    is_sent, is_retry = outcome.status == o.SENT, outcome.status == o.RETRY
    return (
        o.PENDING if is_retry else outcome.status,
        outcome.at_us if is_retry else None,
        outcome.at_us if is_sent else outcome.told_us,
        outcome.error, outcome.into, " ".join(outcome.reached), int(outcome.untried),
        outcome.id, outcome.token,
        o.CANCELLED if is_sent else o.LEASED,
    )  # fmt: skip


def _is_settled(cursor: Cursor, sql: Statements, row: Row) -> bool:
    cursor.execute(sql["settle_notice"], row)
    return bool(cursor.rowcount == 1)


def requeue(cursor: Cursor, sql: Statements, ids: Iterable[str], now_us: int) -> tuple[str, ...]:
    """Make dead notices pending again; their ids."""
    done: list[str] = []
    for name in ids:
        cursor.execute(sql["requeue_notice"], (now_us, name))
        if cursor.rowcount == 1:
            done.append(name)
    return tuple(done)


def readable(
    ask: Callable[[int, int], Sequence[Row]],
    read: Callable[[Row], Result],
    *,
    after: int,
    limit: int,
    place: int,
    aside: Callable[[Row, BadRecord], object],
) -> tuple[Result, ...]:
    """What the rows after a place say, in their order; what is set aside takes nobody's place.

    Args:
        ask: the rows after that place, at most so many.
        place: the column that they are ordered by.
    """
    results = list[Result]()
    while len(results) < limit:
        left = limit - len(results)
        rows = ask(after, left)
        for row in rows:
            try:
                results.append(read(row))
            except BadRecord as error:
                aside(row, error)
        if len(rows) < left:
            break
        after = rows[-1][place]
    return tuple(results)


def posted(row: Row) -> o.Posted:
    """The notice of a row of ``select_notices``.

    Raises:
        BadRecord: its body cannot be read.
    """
    position, status, attempts, next_try, token, told_us, error, into, reached, *notice = row
    name, case_id, version, topic, level, role, unit, channel, at_us, corrects, body = notice
    return o.Posted(
        position=position, status=status, attempts=attempts, next_try_us=next_try, token=token,
        told_us=told_us, error=error, into=into, reached=_keys(reached),
        notice=o.Notice(
            id=name, case_id=case_id, version=version, topic=topic, level=level, role=role, unit=unit,
            channel=channel, at_us=at_us, corrects=corrects, body=_body(body, "bad-notice", name),
        ),
    )  # fmt: skip


def _keys(text: str) -> tuple[str, ...]:
    """The keys that can be read: whom a garbled one names is told again rather than never."""
    return tuple(key for key in text.split() if key.isascii())


def document(row: Row) -> o.Document:
    """The document of a row of ``select_documents`` or ``select_issued``.

    Raises:
        BadRecord: its body cannot be read.
    """
    name, series, year, case_id, version, body, number, voided, reason = row
    fields = _body(body, "bad-document", name)
    draft = o.Draft(id=name, series=series, year=year, case_id=case_id, version=version, body=fields)
    return o.Document(draft, number, voided, reason)


def _body(text: str, code: str, name: str) -> Any:
    """The JSON object of a body."""
    try:
        body: dict[str, Any] | None = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRecord(code, found=name) from error
    if not isinstance(body, dict):
        raise BadRecord(code, found=name)
    return body
