"""The statements of `statements.sql`, rendered once for a kind of database.

Statements on the way of every command are plain text that is sent as it is: building an expression for each
call would cost more than the core's work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from caseflow.ports.records import NEVER, Query
from caseflow.stores.sql.dialects import Dialect

Ask = tuple[str, tuple[Any, ...]]
"""A statement and its values."""

XID_BITS = 20
"""A position on PostgreSQL is the transaction's id and, in so many low bits, a number within it."""

_NAME = re.compile(r"-- name: (\w+)(?: \[([\w, ]+)\])?")
_EACH = re.compile(r"\{each ([^}]*)\}")


class CommandShape(NamedTuple):
    """How many rows a command writes of each kind; there are few such shapes."""

    is_new: bool
    events: int
    texts: int
    notices: int
    has_key: bool


class Statements(dict[str, str]):
    """The statements of one database by name.

    Args:
        dialect: the kind of database.
        feed_base: what is added to PostgreSQL's transaction ids; see `caseflow.stores.sql.feed`.
    """

    def __init__(self, dialect: Dialect, *, feed_base: int = 0) -> None:
        first = f"((txid_current() + {feed_base}) << {XID_BITS})"
        slots = {"{first}": first, "{feed_base}": str(feed_base), "{xid_bits}": str(XID_BITS),
                 "{per_transaction}": str(1 << XID_BITS)}  # fmt: skip
        super().__init__(
            (name, _filled(sql, slots).replace("?", dialect.mark))
            for name, sql in _texts(dialect.name).items()
        )
        self.dialect = dialect
        self.feed_base = feed_base
        self._commands: dict[CommandShape, str] = {}

    def of_many(self, name: str, values: tuple[Any, ...]) -> Ask:
        """A statement about so many values: one array of PostgreSQL, elsewhere a mark each."""
        if _EACH.search(self[name]) is None:
            return self[name], (list(values),)
        return _repeated(self[name], len(values)), values

    def due(self, before: int, *, limit: int, after: tuple[int, str] | None) -> Ask:
        """What is due, in order, after a place."""
        before = min(before, NEVER - 1)
        if after is None:
            return self["select_due"].replace("{after}", ""), (before, limit)
        term, values = self.dialect.later(("due_order", "id"), after)
        return self._with("select_due", "{after}", f" AND {term}"), (before, *values, limit)

    def find(self, query: Query) -> Ask:
        """The cases of a query, in the order of (due order, id)."""
        terms, values = list[str](), list[Any]()
        for column, wanted in (("unit", query.unit), ("citizen", query.citizen), ("state", query.state)):
            if wanted is not None:
                terms.append(f"{column} = ?")
                values.append(wanted)
        if query.citizen:
            terms.append("citizen <> ''")  # as the partial index says it
        if query.overdue_at is not None:
            terms.append("deadline IS NOT NULL AND deadline <= ?")
            values.append(query.overdue_at)
        if query.after is not None:
            due, case_id = query.after
            term, place = self.dialect.later(("due_order", "id"), (NEVER if due is None else due, case_id))
            terms.append(term)
            values += place
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        return self._with("find_cases", "{where}", where), (*values, query.limit)

    def rows(self, table: str, where: str = "") -> str:
        """The rows of a table as they lie there."""
        return self._with("select_rows", "{where}", where).replace("{table}", table)

    def notices(self, where: str) -> str:
        """The notices that the condition holds for."""
        return self._with("select_notices", "{where}", where)

    def _with(self, name: str, slot: str, part: str) -> str:
        return self[name].replace(slot, part.replace("?", self.dialect.mark))

    def command(self, shape: CommandShape) -> str:
        """A whole command as one statement of PostgreSQL, for so many rows."""
        sql = self._commands.get(shape)
        if sql is None:
            parts = self["command_key"] if shape.has_key else ""
            parts += _repeated(self["command_texts"], shape.texts) if shape.texts else ""
            parts += _repeated(self["command_notices"], shape.notices) if shape.notices else ""
            moved = self["insert_case" if shape.is_new else "update_case"]
            sql = _repeated(self["command"], shape.events)
            sql = self._commands[shape] = sql.replace("{moved}", moved).replace("{parts}", parts)
        return sql


def _filled(sql: str, slots: dict[str, str]) -> str:
    for slot, text in slots.items():
        sql = sql.replace(slot, text)
    return sql


def _repeated(sql: str, count: int) -> str:
    return _EACH.sub(lambda match: ", ".join([match[1]] * count), sql)


@cache
def _texts(dialect: str) -> dict[str, str]:
    """The statements of a dialect by name, each on one line."""
    everyones: dict[str, str] = {}
    own: dict[str, str] = {}
    for name, dialects, sql in _blocks():
        if not dialects:
            everyones[name] = sql
        elif dialect in dialects:
            own[name] = sql
    return everyones | own


def _blocks() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, dialects and text of each statement in the file."""
    from importlib.resources import files  # a good part of the time of importing caseflow

    text = files("caseflow.stores.sql").joinpath("statements.sql").read_text(encoding="utf-8")
    for block in re.split(r"\n(?=-- name: )", text)[1:]:
        match = _NAME.match(block)
        if match is None:
            raise ValueError(f"statements.sql: {block.splitlines()[0]}")
        lines = [line.strip() for line in block.splitlines() if not line.startswith("--")]
        dialects = tuple(re.findall(r"\w+", match[2] or ""))
        yield match[1], dialects, " ".join(line for line in lines if line)
