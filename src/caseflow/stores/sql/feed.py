"""The feed of all events: one order, no position ever skipped, though transactions end out of order.

**PostgreSQL.** A sequence gives numbers out before their transactions commit, so a reader who has seen 6 may
have passed a 5 that is still under way. Here a position is the id of the event's transaction and, in its low
bits, a number within it, and a reader stops before the oldest transaction that is still under way
(``xmin`` of its snapshot). Whatever commits later has a larger id, hence a larger position. Nobody waits,
nothing is locked, and there is no column or index beside the key. A guard on transaction ids over positions
of a *sequence* would not do: a transaction that began later may have taken the smaller number.

Transaction ids begin anew in a cluster into which a dump was restored; what was added to them is kept in
``caseflow_store.feed_base`` and raised when a store is opened there.

**MariaDB.** It gives out ``AUTO_INCREMENT`` numbers before the commit as well, and lets nobody see which
transactions are under way. The reader stops at a gap and asks for that very row without waiting: if somebody
is writing it, the feed ends there for now; if it was rolled back, the reader fills the gap with an empty row,
so that it is closed for good, and goes on. Should a writer come to a position that was filled, its insert
fails and it takes another one. Writers pay nothing; a counter row that all of them lock would have made them
commit one at a time.

**SQLite.** One writer at a time commits; positions are seen in their order.
"""

from __future__ import annotations

from collections.abc import Callable

from caseflow.stores.sql.dialects import Connections, Cursor
from caseflow.stores.sql.driver_errors import kind_of
from caseflow.stores.sql.statements import Statements

Rows = list[tuple[int, str, int, bytes]]

LAST = (1 << 63) - 1
"""The last position that a database can give."""
FILLED_AT_ONCE = 1000
"""Positions of a gap that are filled by one statement."""
FILLS = 100
"""Statements that fill gaps for one question: behind a wider gap the feed ends for now, and goes on when it
is asked again."""

Read = Callable[[Callable[[Cursor], Rows]], Rows]


def read(
    connections: Connections, sql: Statements, after: int, limit: int, *, read: Read | None = None
) -> Rows:
    """Rows of the feed after the position: position, case, version, body.

    Args:
        read: runs a question; that of the connections by default.
    """
    after = min(max(after, 0), LAST)
    if not sql.dialect.fills_gaps:
        return _rows(read or connections.read, sql, after, limit)
    rows: Rows = []
    page, fills = limit, 0
    while len(rows) < limit and fills < FILLS:
        batch = _rows(connections.read, sql, after, page)
        known = len(rows)
        for row in batch:
            if row[0] != after + 1:
                break
            after = row[0]
            if row[1]:  # a filled gap has no case
                rows.append(row)
        is_whole = not batch or after == batch[-1][0]
        if is_whole and len(batch) < page:
            break
        if len(rows) == known:  # nothing but filled gaps: pass over them in larger steps
            page = max(limit, FILLED_AT_ONCE)
        if not is_whole:
            fills += 1
            if not _closed(connections, sql, after + 1, batch):
                break
    return rows[:limit]


def _rows(read: Read, sql: Statements, after: int, limit: int) -> Rows:
    def ask(cursor: Cursor) -> Rows:
        cursor.execute(sql["select_feed"], (after, limit))
        return list(cursor.fetchall())

    return read(ask)


def _closed(connections: Connections, sql: Statements, first: int, batch: Rows) -> bool:
    """Whether the gap before the next row that was found is closed now; not while somebody writes there."""
    end = min(min(row[0] for row in batch if row[0] > first), first + FILLED_AT_ONCE)

    def fill(cursor: Cursor) -> bool:
        try:
            cursor.execute(sql["lock_positions"], (first, end))
            there = {position for (position,) in cursor.fetchall()}
            rows = [(position, -position) for position in range(first, end) if position not in there]
            if rows:
                cursor.executemany(sql["fill_position"], rows)
        except connections.errors as error:
            if kind_of(error) not in ("busy", "taken"):
                raise
            return kind_of(error) == "taken"  # another reader, or the writer, was there before us
        return True

    return connections.write(fill)
