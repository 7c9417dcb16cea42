"""Texts in SQLite that are no UTF-8: read with their bytes escaped, and asked for by them.

SQLite keeps any bytes as a text, and Python's driver fails on the whole page that holds such a one. Its bytes
come as lone surrogates, so that the row can be named and passed by; no other database has any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from caseflow.stores.sql.dialects import Cursor

Result = TypeVar("Result")


def escaping(cursor: Any, work: Callable[[Cursor], Result]) -> Result:
    """What the work returns on the cursor, to which every text is one."""
    connection = cursor.connection
    before, connection.text_factory = connection.text_factory, _escaped
    try:
        return work(cursor)
    finally:
        connection.text_factory = before


def _escaped(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def bindable(name: str) -> str | bytes:
    """The name as a statement takes it: its bytes where it is no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape")
    return name
