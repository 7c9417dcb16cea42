"""The statements of `statements.sql`, rendered once for a kind of database.

Statements on the way of every command are plain text that is sent as it is: building an expression for each
call would cost more than the core's work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from caseflow.ports.records import NEVER, Query
from caseflow.stores.sql.dialects import Dialect
from caseflow.stores.sql.lenient_text import bindable

Ask = tuple[str, tuple[Any, ...]]
"""A statement and its values."""

XID_BITS = 20
"""A position on PostgreSQL is the transaction's id and, in so many low bits, a number within it."""

_NAME = re.compile(r"-- name: (\w+)(?: \[([\w, ]+)\])?")
_EACH = re.compile(r"\{each ([^}]*)\}")


class CommandShape(NamedTuple):
    """How many rows a command writes of each kind; there are few such shapes.

    Attributes:
        looks: whether it looks for the case's policy, too.
    """

    is_new: bool
    looks: bool
    events: int
    texts: int
    notices: int
    has_key: bool


class Statements(dict[str, str]):
    """The statements of one database by name.

    Args:
        dialect: the kind of database.
        schema: that of the tables; a command writes nothing under another.
        feed_base: what is added to PostgreSQL's transaction ids; see `caseflow.stores.sql.feed`.
    """

    def __init__(self, dialect: Dialect, *, schema: int, feed_base: int = 0) -> None:
        first = f"((txid_current() + {feed_base}) << {XID_BITS})"
        current = f"only_row = 1 AND caseflow_store.version = {schema} AND feed_base = {feed_base}"
        slots = {"{first}": first, "{feed_base}": str(feed_base), "{xid_bits}": str(XID_BITS),
                 "{per_transaction}": str(1 << XID_BITS), "{name}": dialect.name_mark,
                 "{current}": current}  # fmt: skip
        super().__init__(
            (name, _filled(sql, slots).replace("?", dialect.mark))
            for name, sql in _texts(dialect.name).items()
        )
        self.dialect = dialect
        self.feed_base = feed_base
        self._commands: dict[CommandShape, str] = {}
        for name in [name for name in self if name.endswith("_checked")]:
            pinned = f" AND EXISTS (SELECT 1 FROM caseflow_policies WHERE pin = {dialect.mark})"
            self[f"{name}_pinned"] = self[name].replace("{pinned}", pinned)
            self[name] = self[name].replace("{pinned}", "")

    def of_many(self, name: str, values: tuple[Any, ...]) -> Ask:
        """A statement about so many values: one array of PostgreSQL, elsewhere a mark each."""
        if _EACH.search(self[name]) is None:
            return self[name], (list(values),)
        return _repeated(self[name], len(values)), values

    def due(self, before: int, *, limit: int, after: tuple[int, str] | None) -> Ask:
        """What is due, in order, after a place."""
        before = whole(min(before, NEVER - 1))
        if after is None:
            return self["select_due"].replace("{after}", ""), (before, limit)
        term, values = self.dialect.later(("due_order", "id"), (whole(after[0]), bindable(after[1])))
        return self._with("select_due", "{after}", f" AND {term}"), (before, *values, limit)

    def find(self, query: Query) -> Ask:
        """The cases of a query, in its order, each with its place in it."""
        held, values = self._list(query, "find_cases", case="", place="", case_id="id")
        if not query.helping or not query.unit:
            return held, values
        helped, others = self._list(query, "find_helped_cases", case="c.", place="h.", case_id="h.case_id")
        sql = self["find_both"].replace("{held}", held).replace("{helped}", helped)
        return sql, (*values, *others, query.limit)

    def _list(self, query: Query, name: str, *, case: str, place: str, case_id: str) -> Ask:
        """A list of cases by the index of one table.

        Args:
            case, place: what stands before the columns of a case, and before those of its place in the list.
            case_id: the column of that table with the case's id.
        """
        order = f"{place}{'due_order' if query.overdue_at is None else 'deadline'}"
        filters = {
            f"{place}unit": query.unit, f"{case}citizen": query.citizen, f"{case}state": query.state,
        }  # fmt: skip
        wanted = {column: value for column, value in filters.items() if value is not None}
        lead = self._lead(query, wanted)
        terms, values = list[str](), list[Any]()
        for column, value in wanted.items():
            if column == lead:
                terms.append(f"{column} >= ? AND {column} <= ?")
                values += (value, value)
            else:
                is_narrower = column == "state" and (len(wanted) > 1 or query.overdue_at is not None)
                terms.append(f"{self.dialect.off_index if is_narrower else ''}{column} = ?")
                values.append(value)
        if place:
            terms.append("c.unit <> h.unit")  # held and helped with, it is in the other list
        if query.citizen:
            terms.append(f"{case}citizen <> ''")  # as the partial index says it
        if query.overdue_at is not None:
            terms.append(f"{order} IS NOT NULL AND {order} <= ?")
            values.append(whole(query.overdue_at))
        if query.after is not None:
            at, last = query.after
            after: tuple[Any, ...] = (NEVER if at is None else whole(at), bindable(last))
            if lead:
                terms.append(f"({lead}, {order}, {case_id}) > (?, ?, ?)")
                after = (wanted[lead], *after)
            else:
                term, after = self.dialect.later((order, case_id), after)
                terms.append(term)
            values += after
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        sql = self._with(name, "{where}", where).replace("{order}", order.removeprefix(place))
        return sql.replace("{lead}", f"{lead}, " if lead else ""), (*values, query.limit)

    def _lead(self, query: Query, wanted: Mapping[str, str]) -> str:
        """The column by which a list is read as a range, as the first of its index; empty for none.

        PostgreSQL takes one that is equal to a value for no part of the order, and may then go through
        everybody's cases in the order of dues: most have nothing due, and stand at its end.
        """
        lead = next(iter(wanted), "") if self.dialect.reads_ranges else ""
        return lead if query.overdue_at is None or lead.endswith("unit") else ""

    def rows(self, table: str, where: str = "") -> str:
        """The rows of a table as they lie there."""
        return self._with("select_rows", "{where}", where).replace("{table}", table)

    def notices_after(self, after: int, *, case_id: str, status: str, limit: int) -> Ask:
        """Notices after a position, of one case, of one status."""
        terms, values = ["position > ?"], list[Any]([after])
        for column, wanted in (("case_id", case_id), ("status", status)):
            if wanted:
                terms.append(f"{column} = ?")
                values.append(wanted)
        return self.notices(" AND ".join(terms)), (*values, limit)

    def notices(self, where: str) -> str:
        """The notices that the condition holds for."""
        return self._with("select_notices", "{where}", where)

    def _with(self, name: str, slot: str, part: str) -> str:
        part = part.replace("{name}", self.dialect.name_mark).replace("?", self.dialect.mark)
        return self[name].replace(slot, part)

    def command(self, shape: CommandShape) -> str:
        """A whole command as one statement of PostgreSQL, for so many rows."""
        sql = self._commands.get(shape)
        if sql is None:
            parts = self["command_key"] if shape.has_key else ""
            parts += _repeated(self["command_texts"], shape.texts) if shape.texts else ""
            parts += _repeated(self["command_notices"], shape.notices) if shape.notices else ""
            name = "insert_case_checked" if shape.is_new else "update_case_checked"
            moved = self[f"{name}_pinned" if shape.looks else name]
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


def whole(number: int) -> int:
    """The number, or the largest or smallest that a column can hold."""
    return max(-(1 << 63), min(number, (1 << 63) - 1))
