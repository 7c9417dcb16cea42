"""The named statements: each is well formed, has a comment or says all itself, and is said by somebody."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from caseflow import SqliteStore
from caseflow.stores import sql
from caseflow.stores.sql.dialects import MARIADB, POSTGRESQL, SQLITE, Dialect
from caseflow.stores.sql.statements import CommandShape, Statements, StoreRow

FOLDER = Path(sql.__file__).parent
TEXT = (FOLDER / "statements.sql").read_text(encoding="utf-8")
NAMES = re.findall(r"^-- name: (\w+)(?: \[([\w, ]+)\])?$", TEXT, re.MULTILINE)
SLOTS = {
    "{where}", "{order}", "{lead}", "{from}", "{id}", "{back}", "{after}", "{table}", "{moved}", "{parts}",
    "{held}", "{helped}",
}  # fmt: skip
"""Parts of statements that depend on what is asked."""


def test_every_statement_is_said_by_somebody_and_every_name_is_there() -> None:
    """No statement is left over, and no module asks for one that is not in the file."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    quoted = set(re.findall(r'"(\w+)"', code))
    names = {name for name, _ in NAMES}
    assert names - quoted == set()
    assert set(re.findall(r'(?:sql|_sql|self)\["(\w+)"\]', code)) - names == set()


def test_no_statement_has_its_name_twice() -> None:
    """A name stands once for all databases and once for each that needs a variant."""
    keys = [(name, kind) for name, kinds in NAMES for kind in (kinds.split(", ") if kinds else [""])]
    assert len(keys) == len(set(keys))
    assert {kind for _, kind in keys} == {"", "postgresql", "mariadb", "sqlite"}


@pytest.mark.parametrize("dialect", [POSTGRESQL, MARIADB, SQLITE], ids=lambda dialect: dialect.name)
def test_each_database_gets_its_own_words(dialect: Dialect) -> None:
    """Marks are the driver's, every fixed slot is filled, and each statement is one line of SQL."""
    for name, text in Statements(dialect, StoreRow(1, 7)).items():
        assert set(re.findall(r"\{(?!each )\w+\}", text)) <= SLOTS, name
        assert dialect.mark == "?" or "?" not in text, name
        assert "\n" not in text and "--" not in text, name


def test_sqlite_takes_every_statement() -> None:
    """Each of its statements compiles against the tables as they are made."""
    store = SqliteStore(":memory:")
    with store._connections.held() as connection:
        for name, text in Statements(SQLITE, StoreRow(1)).items():
            slots = {"{where}": "position > ?" if "WHERE {where}" in text else "", "{after}": "",
                     "{table}": "notices", "{order}": "c.due_order", "{lead}": "", "{back}": "",
                     "{id}": "c.id", "{from}": "caseflow_cases c", "{held}": "SELECT 1 a, 2 b, 3 c, 4 d",
                     "{helped}": "SELECT 1, 2, 3, 4"}  # fmt: skip
            for slot, part in slots.items():
                text = text.replace(slot, part)
            text = re.sub(r"\{each ([^}]*)\}", r"\1, \1", text)
            try:
                connection.execute(f"EXPLAIN {text}", (None,) * text.count("?"))
            except sqlite3.Error as error:
                raise AssertionError(f"{name}: {error}: {text}") from error
    store.close()


def test_a_command_of_postgresql_is_rendered_once_for_its_shape() -> None:
    """The same shape gives the same text object; its marks are as many as its values."""
    statements = Statements(POSTGRESQL, StoreRow(1))

    def shape(*, looks: bool) -> CommandShape:
        return CommandShape(is_new=False, looks=looks, events=2, texts=1, notices=3, has_key=True)

    command = statements.command(shape(looks=False))
    assert statements.command(shape(looks=False)) is command
    assert command.count("%s") == 14 + 6 + 3 + 3 * 12 + 2 * 5
    assert statements.command(shape(looks=True)).count("%s") == command.count("%s") + 1
    assert "{" not in command
