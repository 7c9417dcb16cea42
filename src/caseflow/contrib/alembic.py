"""What Alembic's autogenerate is told, so that it neither drops nor changes the tables of a store.

`include_name` keeps it from looking at them in the database, `include_object` from looking at what the
portal's own metadata says of them, such as the target of a foreign key. Both belong into ``env.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caseflow.stores.sql.schema import STEPS

TABLES = frozenset(table.name for step in STEPS.values() for table in step)
"""Every table of a store, whatever the kind of database."""


def include_name(name: str | None, type_: str, parent_names: Mapping[str, str | None]) -> bool:
    """Whether Alembic looks at what has that name in the database: at everything but a store's tables.

    Args:
        type_: as Alembic has it: ``schema``, ``table``, ``column``, ``index`` and so on.
        parent_names: ``table_name`` among them, for what belongs to a table.
    """
    return (name if type_ == "table" else parent_names.get("table_name")) not in TABLES


def include_object(object: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """Whether Alembic compares a table, or what belongs to one: everything but a store's.

    Args:
        object, reflected, compare_to: as Alembic has them.
    """
    return (name if type_ == "table" else object.table.name) not in TABLES
