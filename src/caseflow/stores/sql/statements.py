"""The statements of `statements.sql`, rendered once for a kind of database.

Statements on the way of every command are plain text that is sent as it is: building an expression for each
call would cost more than the core's work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from caseflow.core.value import Value
from caseflow.ports.records import FILTERS, NEVER, Order, Query
from caseflow.stores.sql.dialects import Dialect
from caseflow.stores.sql.lenient_text import bindable

Ask = tuple[str, tuple[Any, ...]]
"""A statement and its values."""


class StoreRow(Value):
    """The one row of ``caseflow_store``: of what a process remembers of a database, all that may change.

    Attributes:
        schema: 0 without any tables.
        feed_base: what is added to PostgreSQL's transaction ids; see `caseflow.stores.sql.feed`.
        has_titles: whether there is an index of titles.
    """

    schema: int = 0
    feed_base: int = 0
    has_titles: bool = False


XID_BITS = 20
"""A position on PostgreSQL is the transaction's id and, in so many low bits, a number within it."""

_NAME = re.compile(r"-- name: (\w+)(?: \[([\w, ]+)\])?")
_EACH = re.compile(r"\{each ([^}]*)\}")


_COLUMNS: Mapping[Order, str] = {"due": "due_order", "worst": "deadline", "newest": "submitted"}
"""Order -> the column that it goes by, before the id."""
_LEADS: Mapping[Order, tuple[str, ...]] = {
    "due": ("citizen", "unit", "state"),
    "worst": ("unit",),
    "newest": ("level", "region", "kind", "unit", "policy"),
}
"""Order -> the filters that have an index in that order, the narrower ones first."""
_PARTIAL = ("citizen", "level")
"""Columns whose index leaves out those without any."""


class _Source(NamedTuple):
    """Where a list of cases is read from.

    Attributes:
        tables: ``caseflow_cases`` among them, as ``c``.
        alias: of the table whose index gives the order.
        case_id: that table's column of case ids.
    """

    tables: str
    alias: str
    case_id: str


_HELD = _Source("caseflow_cases c", "c", "c.id")
_HELPED = _Source("caseflow_helpers h JOIN caseflow_cases c ON c.id = h.case_id", "h", "h.case_id")
_TITLED = _Source("caseflow_titles t CROSS JOIN caseflow_cases c", "t", "t.case_id")
_ALSO = (
    "EXISTS (SELECT 1 FROM caseflow_titles o"
    " WHERE o.pair = ? AND o.submitted = t.submitted AND o.case_id = t.case_id)"
)
"""A title that has another pair, too."""
_HELD_OR_HELPED = (
    "(c.unit = ? OR EXISTS (SELECT 1 FROM caseflow_helpers h WHERE h.case_id = c.id AND h.unit = ?))"
)


INDEXED = ("state", "unit", "citizen", "next_due", "due_order", "deadline", "waits", "level")
"""What indexes hold of a case that an act may change, in the order of ``update_case``."""


class CommandShape(NamedTuple):
    """How many rows a command writes of each kind; there are few such shapes.

    Attributes:
        looks: whether it looks for the case's policy, too.
        has_several: whether it is about several cases, all of which are there.
    """

    is_new: bool
    looks: bool
    events: int
    texts: int
    notices: int
    has_key: bool
    has_title: bool = False
    has_several: bool = False


class Statements(dict[str, str]):
    """The statements of one database by name.

    Args:
        dialect: the kind of database.
        row: what is remembered of the database; a command writes nothing where that has changed.
    """

    def __init__(self, dialect: Dialect, row: StoreRow) -> None:
        feed_base = row.feed_base
        first = f"((txid_current() + {feed_base}) << {XID_BITS})"
        current = (
            f"only_row = 1 AND caseflow_store.version = {row.schema} AND feed_base = {feed_base}"
            f" AND has_titles = {int(row.has_titles)}"
        )
        slots = {"{first}": first, "{feed_base}": str(feed_base), "{xid_bits}": str(XID_BITS),
                 "{per_transaction}": str(1 << XID_BITS), "{name}": dialect.name_mark,
                 "{current}": current}  # fmt: skip
        super().__init__(
            (name, _filled(sql, slots).replace("?", dialect.mark))
            for name, sql in _texts(dialect.name).items()
        )
        self.dialect = dialect
        self.row = row
        self._commands: dict[CommandShape, str] = {}
        for name in [name for name in self if name.endswith("_checked")]:
            pinned = f" AND EXISTS (SELECT 1 FROM caseflow_policies WHERE pin = {dialect.mark})"
            self[f"{name}_pinned"] = self[name].replace("{pinned}", pinned)
            self[name] = self[name].replace("{pinned}", "")

    def __missing__(self, key: str) -> str:
        """Of ``NAME COLUMN ...`` the update of that name that sets, of those `INDEXED`, these alone, or none.

        SQLite writes every index anew whose columns an update names, the same value or not: an act that
        moves a case on to another state needs four of them, all columns twelve.

        Raises:
            KeyError: there is no such update.
        """
        name, *columns = key.split(" ")
        if key == name:
            raise KeyError(key)
        sql = self[name]
        for column in INDEXED:
            if column not in columns:
                sql = sql.replace(f"{column} = {self.dialect.mark}, ", "")
        self[key] = sql
        return sql

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

    def find(self, query: Query, pairs: Sequence[str] = ()) -> Ask:
        """The cases of a query, in its order, each with its place in it.

        Args:
            pairs: of the query's words, the one first by which they are read.
        """
        if query.words:
            return self._page(query, _TITLED, pairs)
        held, values = self._page(query, _HELD)
        if not query.is_of_helper:
            return held, values
        helped, others = self._page(query, _HELPED)
        slots = {"{held}": held, "{helped}": helped, "{back}": " DESC" if query.ordering == "newest" else ""}
        return _filled(self["find_both"], slots), (*values, *others, query.limit)

    def _page(self, query: Query, source: _Source, pairs: Sequence[str] = ()) -> Ask:
        """A page of a list from one source."""
        lead, case_id = self._lead(query, source), source.case_id
        column = f"{source.alias}.{_COLUMNS[query.ordering]}"
        terms, values = self._terms(query, source, lead)
        if source is _TITLED:
            terms = ["t.pair = ?", "c.id = t.case_id", *[_ALSO] * (len(pairs) - 1), *terms]
            values = [*pairs, *values]
        than, back = ("<", " DESC") if query.ordering == "newest" else (">", "")
        range_of = f"{source.alias}.{lead}" if lead and self.dialect.reads_ranges else ""
        if query.after is not None:
            at, last = query.after
            place: tuple[Any, ...] = (NEVER if at is None else whole(at), bindable(last))
            if range_of:
                terms.append(f"({range_of}, {column}, {case_id}) {than} (?, ?, ?)")
                place = (getattr(query, lead), *place)
            else:
                term, place = self.dialect.later((column, case_id), place, than=than)
                terms.append(term)
            values += place
        slots = {"{order}": column, "{from}": source.tables, "{id}": case_id, "{back}": back,
                 "{lead}": f"{range_of}{back}, " if range_of else ""}  # fmt: skip
        return self._with("find_cases", "{where}", _where(terms), slots), (*values, query.limit)

    def counts(self, query: Query) -> tuple[Ask, ...]:
        """How many cases of a query there are of each state, unit, level and policy, from each source.

        They are counted in the order of an index, unless another one finds fewer of them.
        """
        asks = list[Ask]()
        for source in (_HELD, _HELPED) if query.is_of_helper else (_HELD,):
            terms, values = self._terms(query, source, "unit" if source is _HELPED else None)
            is_counted_all = all(term in ("c.unit = ?", "c.state = ?") for term in terms)
            slots = {"{from}": source.tables, "{lead}": "" if is_counted_all else self.dialect.off_index}
            asks.append((self._with("count_cases", "{where}", _where(terms), slots), tuple(values)))
        return tuple(asks)

    @staticmethod
    def _lead(query: Query, source: _Source) -> str:
        """The first column of the index that the list is read from; empty where its order comes first."""
        if source is not _HELD:
            return "unit" if source is _HELPED else ""
        return next((name for name in _LEADS[query.ordering] if getattr(query, name) is not None), "")

    def _terms(self, query: Query, source: _Source, lead: str | None) -> tuple[list[str], list[Any]]:
        """The conditions of a query, and their values.

        What is not the lead of a list is kept from choosing another index, for SQLite would sort what that
        one gives; not so a citizen, who has few cases. PostgreSQL is asked for the lead as a range: one that
        is equal to a value it takes for no part of the order, and may then go through everybody's cases in
        the order of dues, where most have nothing due and stand at its end.

        Args:
            lead: `None` where no order is to be kept.
        """
        terms, values = list[str](), list[Any]()
        off = "" if lead is None else self.dialect.off_index
        for name in FILTERS:
            wanted = getattr(query, name)
            if wanted is None:
                continue
            column = f"{source.alias if name == lead else 'c'}.{name}"
            if name == "unit" and source is _TITLED and query.is_of_helper:
                terms.append(_HELD_OR_HELPED)
                values += (wanted, wanted)
            elif name == lead and self.dialect.reads_ranges:
                terms.append(f"{column} >= ? AND {column} <= ?")
                values += (wanted, wanted)
            else:
                terms.append(f"{'' if name in (lead, 'citizen') else off}{column} = ?")
                values.append(wanted)
            if wanted and name in _PARTIAL:
                terms.append(f"{column} <> ''")  # as the partial index says it
        if source is _HELPED:
            terms.append("c.unit <> h.unit")  # held and helped with, it is in the other list
        order = query.ordering
        submitted = f"{source.alias}.submitted" if order == "newest" else f"{off}c.submitted"
        for than, instant in ((">=", query.since), ("<", query.until)):
            if instant is not None:
                terms.append(f"{submitted} {than} ?")
                values.append(whole(instant))
        deadline = f"{source.alias if order == 'worst' else 'c'}.deadline"
        if order == "worst" or query.overdue_at is not None:
            terms.append(f"{deadline} IS NOT NULL")
        if query.overdue_at is not None:
            terms.append(f"{deadline} <= ?")
            values.append(whole(query.overdue_at))
        return terms, values

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

    def _with(self, name: str, slot: str, part: str, slots: Mapping[str, str] | None = None) -> str:
        part = part.replace("{name}", self.dialect.name_mark).replace("?", self.dialect.mark)
        return _filled(self[name].replace(slot, part), slots or {})

    def command(self, shape: CommandShape) -> str:
        """A whole command as one statement of PostgreSQL, for so many rows."""
        sql = self._commands.get(shape)
        if sql is None:
            parts = self["command_key"] if shape.has_key else ""
            parts += self["command_title"] if shape.has_title else ""
            parts += _repeated(self["command_texts"], shape.texts) if shape.texts else ""
            parts += _repeated(self["command_notices"], shape.notices) if shape.notices else ""
            name = "insert_case_checked" if shape.is_new else "update_case_checked"
            case = self[f"{name}_pinned" if shape.looks else name]
            moved = (
                self["command_cases"] if shape.has_several else self["command_case"].replace("{moved}", case)
            )
            sql = _repeated(self["command"], shape.events)
            sql = self._commands[shape] = sql.replace("{moved}", moved).replace("{parts}", parts)
        return sql


def _where(terms: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(terms)}" if terms else ""


def _filled(sql: str, slots: Mapping[str, str]) -> str:
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
