"""Where PostgreSQL, MariaDB and SQLite differ, as data; and what connections and cursors must offer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from caseflow.core.value import Value
from caseflow.errors import StoreError

Result = TypeVar("Result")


class Cursor(Protocol):
    """The part of a DB-API cursor that is used; Django's cursors have it too."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement touched."""
        ...

    @property
    def description(self) -> Any:
        """The columns of the last question, the name first in each."""
        ...

    def execute(self, sql: Any, parameters: Any = ..., /) -> Any:
        """Run one statement."""
        ...

    def executemany(self, sql: Any, parameters: Any, /) -> Any:
        """Run one statement for each row of values."""
        ...

    def fetchone(self) -> Any:
        """The next row, or `None`."""
        ...

    def fetchall(self) -> Any:
        """The rows left."""
        ...


class Connections(Protocol):
    """Where a store gets its cursors from: a pool of its own, or a transaction somebody owns."""

    @property
    def name(self) -> str:
        """What messages call the database; never a password."""
        ...

    @property
    def dialect(self) -> Dialect:
        """How this database is spoken to."""
        ...

    @property
    def errors(self) -> type[Exception]:
        """What the driver's errors derive from."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether a transaction may hold more than one change."""
        ...

    def read(self, ask: Callable[[Cursor], Result]) -> Result:
        """Run a question, again if need be: each statement sees what was committed before it."""
        ...

    def write(self, change: Callable[[Cursor], Result], *, single: bool = False) -> Result:
        """Run a change whole or not at all; again when it was undone for another's sake, or
        asks for it by `RetryTransaction`.

        Args:
            single: the change is one statement, which is whole or not at all by itself.

        Raises:
            StoreError: the driver's error, translated; ``store-unsure`` when the connection was lost while
                the change was being committed.
        """
        ...

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work once what was written is committed; never if it is rolled back."""
        ...

    def close(self) -> None:
        """Let go of what is held open."""
        ...


class Dialect(Value):
    """A kind of database.

    Attributes:
        mark: how its driver writes a parameter.
        name_mark: how one is written, with ``?``, that may come as a name's bytes; see `lenient_text`.
        off_index: what before a column keeps its own index from being chosen, where the database would
            rather sort what that one gives than read another in order.
        reads_ranges: whether a list of one unit, citizen or state must be asked for as a range, so that it
            is read from that column's index.
        types: the column types, by the tokens that `schema` uses.
        begin: the statement that begins a transaction which will write.
        one_statement: whether an update and inserts can be one statement that is whole or not at all.
        compares_rows: whether ``(a, b) > (?, ?)`` is read by an index.
        partial_indexes: whether an index may leave rows out.
        one_writer: whether writers commit one after the other, so that the next number of a series is one
            more than the highest; elsewhere a row of its own holds it.
        keeps_indexes: whether an update leaves the indexes alone whose columns it sets to the same values.
        fills_gaps: whether the feed's reader must look after positions that were given out and not used.
        holds_nul: whether a text may hold the character NUL.
    """

    name: str
    types: Mapping[str, str]
    mark: str = "%s"
    name_mark: str = "?"
    off_index: str = ""
    reads_ranges: bool = False
    begin: str = "BEGIN"
    one_statement: bool = False
    compares_rows: bool = True
    partial_indexes: bool = True
    one_writer: bool = False
    keeps_indexes: bool = True
    fills_gaps: bool = False
    holds_nul: bool = True

    def later(
        self, columns: tuple[str, str], place: Sequence[Any], *, than: str = ">"
    ) -> tuple[str, tuple[Any, ...]]:
        """The condition "after that place in the order of the two columns", served by their index.

        Args:
            than: ``<`` where they are read backwards.
        """
        first, second = columns
        if self.compares_rows:
            return f"({first}, {second}) {than} (?, {self.name_mark})", tuple(place)
        term = f"({first} {than} ? OR ({first} = ? AND {second} {than} ?))"
        return term, (place[0], place[0], place[1])


POSTGRESQL = Dialect(
    "postgresql",
    {
        "position": "BIGINT", "serial": "BIGINT GENERATED BY DEFAULT AS IDENTITY", "int": "BIGINT",
        "blob": "BYTEA", "text": "TEXT",
        "name": 'TEXT COLLATE "C"', "long name": 'TEXT COLLATE "C"',
        "table": " WITH (fillfactor = 80)", "index table": "",
    },
    begin="BEGIN ISOLATION LEVEL READ COMMITTED",
    one_statement=True,
    reads_ranges=True,
    holds_nul=False,
)  # fmt: skip
"""Names compare by code point; pages keep room so that an updated case stays on its page."""

MARIADB = Dialect(
    "mariadb",
    {
        "position": "BIGINT AUTO_INCREMENT", "serial": "BIGINT AUTO_INCREMENT", "int": "BIGINT",
        "blob": "LONGBLOB", "text": "LONGTEXT",
        "name": "VARCHAR(240)", "unit name": "VARCHAR(500)", "long name": "VARCHAR(700)",
        "table": " ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4"
                 " COLLATE utf8mb4_nopad_bin",
        "index table": " ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4"
                       " COLLATE utf8mb4_nopad_bin",
    },
    begin="START TRANSACTION",
    compares_rows=False,
    partial_indexes=False,
    fills_gaps=True,
)  # fmt: skip
"""``utf8mb4_nopad_bin``: plain ``utf8mb4_bin`` takes ``a`` and ``a `` for the same. An index holds at most
3,072 bytes, 768 characters; hence the lengths, none shorter than what commands allow."""

SQLITE = Dialect(
    "sqlite",
    {
        "position": "INTEGER", "serial": "INTEGER", "int": "INTEGER", "blob": "BLOB", "text": "TEXT",
        "name": "TEXT", "long name": "TEXT",
        "table": " STRICT" if sqlite3.sqlite_version_info >= (3, 37) else "",
        "index table": " WITHOUT ROWID",
    },
    mark="?",
    name_mark="CAST(? AS TEXT)",
    off_index="+",
    begin="BEGIN IMMEDIATE",
    one_writer=True,
    keeps_indexes=False,
)  # fmt: skip
"""A deferred transaction that began by reading would fail at once where another has written since."""

DIALECTS = {"postgresql": POSTGRESQL, "mariadb": MARIADB, "mysql": MARIADB, "sqlite": SQLITE}
"""What SQLAlchemy and Django call a kind of database -> its dialect."""


def dialect_of(backend: str) -> Dialect:
    """How the database of that name is spoken to.

    Raises:
        StoreError: it is not known.
    """
    if backend not in DIALECTS:
        raise StoreError("store-url", found=backend)
    return DIALECTS[backend]
