"""Everything that is said to the tables, rendered once for a kind of database.

Values stand where ``?`` stands; it becomes the driver's own mark. Statements on the way of every command are
plain text that is sent as it is: rendering an expression for each call would cost more than the core's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

from caseflow.ports import Query
from caseflow.stores.relational.dialects import Dialect
from caseflow.stores.relational.listing import listed
from caseflow.stores.relational.outbox_statements import NOTICE, Asked, OutboxStatements

_CASE = "state, unit, citizen, next_due, place, deadline, waits, snapshot, head"
XID_BITS = 20
"""A position on PostgreSQL is the transaction's id and, in so many low bits, a number within it."""


class Statements(OutboxStatements):
    """The statements of one database.

    Args:
        dialect: the kind of database.
        feed_base: what is added to PostgreSQL's transaction ids; see `feed`.
    """

    def __init__(self, dialect: Dialect, *, feed_base: int = 0) -> None:
        self.dialect = dialect
        self.feed_base = feed_base

    # -- a command ----------------------------------------------------------------------------------------

    @cached_property
    def load(self) -> str:
        """Snapshot and head of a case."""
        return self.marked("SELECT snapshot, head FROM caseflow_cases WHERE id = ?")

    def load_many(self, ids: Sequence[str]) -> Asked:
        """Id, snapshot and head of cases."""
        sql = "SELECT id, snapshot, head FROM caseflow_cases WHERE id"
        if self.dialect.one_statement:
            return self.marked(f"{sql} = ANY(?)"), (list(ids),)
        marks = ", ".join("?" * len(ids))
        return self.marked(f"{sql} IN ({marks})"), tuple(ids)

    @cached_property
    def standing(self) -> str:
        """Version and head of a case."""
        return self.marked("SELECT version, head FROM caseflow_cases WHERE id = ?")

    @cached_property
    def insert_case(self) -> str:
        """A new case; an id that is there already leaves no row (or, on MariaDB, raises)."""
        skip = self.dialect.or_skip("id") if self.dialect.upserts == "conflict" else ""
        marks = ", ".join("?" * 11)
        return self.marked(f"INSERT INTO caseflow_cases (version, {_CASE}, id) VALUES ({marks}){skip}")

    @cached_property
    def update_case(self) -> str:
        """A case at its next version, if it is at the expected one: values, then id, version, head."""
        sets = ", ".join(f"{column} = ?" for column in ("version", *_CASE.split(", ")))
        return self.marked(f"UPDATE caseflow_cases SET {sets} WHERE id = ? AND version = ? AND head = ?")

    @property
    def _position(self) -> str:
        """The position of an event on PostgreSQL: id of its transaction, then its number therein."""
        return f"((txid_current() + {self.feed_base}) << {XID_BITS}) + ?"

    @cached_property
    def insert_event(self) -> str:
        """An event: on PostgreSQL its number in the transaction, then case, version, body, hash."""
        if self.dialect.one_statement:
            return self.marked(
                "INSERT INTO caseflow_events (position, case_id, version, body, hash)"
                f" VALUES ({self._position}, ?, ?, ?, ?)"
            )
        return self.marked("INSERT INTO caseflow_events (case_id, version, body, hash) VALUES (?, ?, ?, ?)")

    @cached_property
    def insert_text(self) -> str:
        """The personal texts of one version of a case."""
        return self.marked("INSERT INTO caseflow_texts (case_id, version, fields) VALUES (?, ?, ?)")

    @cached_property
    def insert_key(self) -> str:
        """An idempotency key; one that is taken raises."""
        columns = "actor, name, digest, case_id, first_version, last_version"
        return self.marked(f"INSERT INTO caseflow_keys ({columns}) VALUES (?, ?, ?, ?, ?, ?)")

    @lru_cache(maxsize=256)  # noqa: B019  # statements live as long as their store; shapes are few
    def command(self, *, is_new: bool, events: int, texts: int, notices: int, has_key: bool) -> str:
        """A whole command as one statement of PostgreSQL: one round trip, whole or not at all.

        Its count of rows is that of the events: none when the case is not at the expected version. Values:
        the case's, the key's, those of each version with texts, of each notice, then of each event its
        number, case, version, body and hash.
        """
        moved = self.insert_case if is_new else self.update_case
        parts = [f"moved AS ({moved} RETURNING id)"]
        if has_key:
            columns = "actor, name, digest, case_id, first_version, last_version"
            given = "?, ?, ?, ?, ?::bigint, ?::bigint"
            parts.append(
                f"kept AS (INSERT INTO caseflow_keys ({columns}) SELECT {given} FROM moved RETURNING 1)"
            )
        if texts:
            rows = ", ".join(["(?, ?::bigint, ?)"] * texts)
            parts.append(
                "told AS (INSERT INTO caseflow_texts (case_id, version, fields)"
                f" SELECT t.* FROM moved, (VALUES {rows}) AS t RETURNING 1)"
            )
        if notices:
            parts.append(self._posted_after_move(notices))
        rows = ", ".join(["(?::bigint, ?, ?::bigint, ?::bytea, ?::bytea)"] * events)
        return self.marked(
            f"WITH {', '.join(parts)} INSERT INTO caseflow_events (position, case_id, version, body, hash)"
            f" SELECT ((txid_current() + {self.feed_base}) << {XID_BITS}) + e.n, e.c, e.v, e.b, e.h"
            f" FROM moved, (VALUES {rows}) AS e (n, c, v, b, h)"
        )

    def _posted_after_move(self, notices: int) -> str:
        """The part of a `command` that posts so many notices, if the case moved."""
        row = "(?, ?, ?::bigint, ?, ?, ?, ?, ?, ?::bigint, ?, ?, ?::bigint)"
        columns = "i, c, v, topic, level, role, unit, channel, at_us, corrects, body, ready"
        return (
            f"posted AS (INSERT INTO caseflow_notices ({NOTICE}, status, attempts, next_try, token, error,"
            " merged_into) SELECT n.i, n.c, n.v, n.topic, n.level, n.role, n.unit, n.channel, n.at_us,"
            " n.corrects, n.body, 'pending', 0, n.ready, '', '', ''"
            f" FROM moved, (VALUES {', '.join([row] * notices)}) AS n ({columns})"
            " ON CONFLICT (id) DO NOTHING RETURNING 1)"
        )

    @cached_property
    def update_cases(self) -> str:
        """Many cases as `update_case` does one, from arrays of PostgreSQL: a column each, in its order."""
        columns = ("version", *_CASE.split(", "))
        kinds = dict.fromkeys(columns, "bigint") | dict.fromkeys(("state", "unit", "citizen"), "text")
        kinds |= {"snapshot": "bytea", "head": "bytea"}
        arrays = ", ".join(f"?::{kinds[column]}[]" for column in columns)
        sets = ", ".join(f"{column} = u.{column}" for column in columns)
        return self.marked(
            f"UPDATE caseflow_cases c SET {sets} FROM unnest({arrays}, ?::text[], ?::bigint[], ?::bytea[])"
            f" AS u ({', '.join(columns)}, id, expected, before)"
            " WHERE c.id = u.id AND c.version = u.expected AND c.head = u.before"
        )

    @cached_property
    def insert_events(self) -> str:
        """Many events from arrays of PostgreSQL, in the order of the values of `insert_event`."""
        first = f"(txid_current() + {self.feed_base}) << {XID_BITS}"
        return self.marked(
            "INSERT INTO caseflow_events (position, case_id, version, body, hash)"
            f" SELECT ({first}) + e.n, e.c, e.v, e.b, e.h"
            " FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::bytea[], ?::bytea[]) AS e (n, c, v, b, h)"
        )

    @cached_property
    def used_positions(self) -> str:
        """How many positions this transaction of PostgreSQL has given out."""
        first = f"((txid_current() + {self.feed_base}) << {XID_BITS})"
        return (
            f"SELECT coalesce(max(position) + 1 - {first}, 0) FROM caseflow_events"
            f" WHERE position >= {first} AND position < {first} + {1 << XID_BITS}"
        )

    @cached_property
    def landed(self) -> str:
        """The hash of a case's event at a version."""
        return self.marked("SELECT hash FROM caseflow_events WHERE case_id = ? AND version = ?")

    # -- texts, policies -----------------------------------------------------------------------------------

    @cached_property
    def texts(self) -> str:
        """The texts of a case by version."""
        return self.marked("SELECT version, fields FROM caseflow_texts WHERE case_id = ? ORDER BY version")

    def texts_many(self, ids: Sequence[str]) -> Asked:
        """The texts of cases: id, version, fields."""
        sql, order = "SELECT case_id, version, fields FROM caseflow_texts WHERE case_id", "case_id, version"
        if self.dialect.one_statement:
            return self.marked(f"{sql} = ANY(?) ORDER BY {order}"), (list(ids),)
        marks = ", ".join("?" * len(ids))
        return self.marked(f"{sql} IN ({marks}) ORDER BY {order}"), tuple(ids)

    @cached_property
    def delete_texts(self) -> str:
        """All texts of one version."""
        return self.marked("DELETE FROM caseflow_texts WHERE case_id = ? AND version = ?")

    @cached_property
    def update_texts(self) -> str:
        """The texts left of one version: fields, case, version."""
        return self.marked("UPDATE caseflow_texts SET fields = ? WHERE case_id = ? AND version = ?")

    @cached_property
    def insert_policy(self) -> str:
        """A policy's document; one that is there stays."""
        skip = self.dialect.or_skip("pin")
        return self.marked(f"INSERT INTO caseflow_policies (pin, document) VALUES (?, ?){skip}")

    @cached_property
    def policy(self) -> str:
        """A policy's document."""
        return self.marked("SELECT document FROM caseflow_policies WHERE pin = ?")

    # -- questions ---------------------------------------------------------------------------------------

    @cached_property
    def links(self) -> str:
        """A case's history: version, body, hash."""
        sql = "SELECT version, body, hash FROM caseflow_events WHERE case_id = ? ORDER BY version"
        return self.marked(sql)

    @cached_property
    def heads(self) -> str:
        """The heads of cases after an id."""
        return self.marked("SELECT id, version, head FROM caseflow_cases WHERE id > ? ORDER BY id LIMIT ?")

    @cached_property
    def key(self) -> str:
        """What an actor's key stands for."""
        columns = "actor, name, digest, case_id, first_version, last_version"
        return self.marked(f"SELECT {columns} FROM caseflow_keys WHERE actor = ? AND name = ?")

    def due(self, before: int, *, limit: int, after: tuple[int, str] | None) -> Asked:
        """What is due, in order, after a place."""
        where, given = "next_due <= ?", (before,)
        if after is not None:
            later, place = self.dialect.later(("next_due", "id"), after)
            where, given = f"{where} AND {later}", (before, *place)
        sql = f"SELECT next_due, id FROM caseflow_cases WHERE {where} ORDER BY next_due, id LIMIT ?"
        return self.marked(sql), (*given, limit)

    next_due = "SELECT next_due FROM caseflow_cases WHERE next_due IS NOT NULL ORDER BY next_due LIMIT 1"

    @cached_property
    def waiting(self) -> str:
        """How many wait for a calendar."""
        return self.marked("SELECT count(*) FROM caseflow_cases WHERE waits <= ?")

    def find(self, query: Query) -> Asked:
        """The cases of a query; each of its shapes is served in order by an index."""
        sql, given = listed(query, table="caseflow_cases", later=self.dialect.later)
        return self.marked(sql), given

    @cached_property
    def feed(self) -> str:
        """Events after a position; on PostgreSQL only those that none can come before any more."""
        until = ""
        if self.dialect.one_statement:
            oldest = "txid_snapshot_xmin(txid_current_snapshot())"
            until = f" AND position < (({oldest} + {self.feed_base}) << {XID_BITS})"
        return self.marked(
            "SELECT position, case_id, version, body FROM caseflow_events"
            f" WHERE position > ?{until} ORDER BY position LIMIT ?"
        )

    @cached_property
    def locked_positions(self) -> str:
        """Which positions of a gap are there by now; an error at once where somebody is writing one."""
        return self.marked(
            "SELECT position FROM caseflow_events WHERE position >= ? AND position < ? FOR UPDATE NOWAIT"
        )

    @cached_property
    def fill_gap(self) -> str:
        """An empty row where a position was given out and never used: position, and the same below zero."""
        return self.marked(
            "INSERT INTO caseflow_events (position, case_id, version, body, hash) VALUES (?, '', ?, '', '')"
        )
