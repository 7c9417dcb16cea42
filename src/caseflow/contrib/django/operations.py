"""What is done to a whole database: brought to one of the library's own numbered schemas, or emptied."""

from __future__ import annotations

from typing import Any

from django.db import connections, router, transaction
from django.db.migrations.operations.base import Operation

from caseflow.contrib.django.connections import DjangoConnections
from caseflow.stores.sql import schema


class SchemaStep(Operation):
    """Brings the tables to that schema; one that is there, or a later one, stays as it is.

    So ``migrate`` and ``caseflow store migrate`` may both be used, in any order. ``sqlmigrate`` shows the
    statements. There is no way back: it would delete every case.
    """

    reversible = False
    reduces_to_sql = True

    def __init__(self, step: int) -> None:
        self.step = step

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing: these tables are no models."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make or change the tables, where the portal's routers let this app migrate."""
        using = schema_editor.connection.alias
        if not router.allow_migrate(using, app_label):
            return
        database = DjangoConnections(using)
        if schema_editor.collect_sql:
            for line in (*schema.ddl(database.dialect, step=self.step), self._mark):
                schema_editor.execute(line, None)
            return
        schema.migrate(database, to=self.step)

    @property
    def _mark(self) -> str:
        if self.step > 1:
            return f"UPDATE caseflow_store SET version = {self.step} WHERE only_row = 1"
        return "INSERT INTO caseflow_store (only_row, version, feed_base, has_titles) VALUES (1, 1, 0, 0)"

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Never called: the operation is not reversible."""
        raise NotImplementedError

    def describe(self) -> str:
        """What ``migrate --plan`` says."""
        return f"Bring caseflow's tables to schema {self.step}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written down."""
        return type(self).__qualname__, [self.step], {}


def empty(using: str) -> None:
    """Delete every case of the database, with all that belongs to it; the schema stays."""
    connection = connections[using]
    known = set(connection.introspection.table_names())
    ours = [name for name in schema.table_names(DjangoConnections(using).dialect) if name != "caseflow_store"]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for name in ours:
            if name in known:
                cursor.execute(f"DELETE FROM {name}")
