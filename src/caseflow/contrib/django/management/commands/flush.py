"""``manage.py flush``, which takes the cases along: Django itself empties the tables of models alone.

So a database that was emptied holds no cases, whoever empties it: a person, ``TransactionTestCase``,
``LiveServerTestCase`` or pytest-django with ``transaction=True``.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction

from caseflow.contrib.django.connections import DjangoConnections
from caseflow.stores.sql.schema import table_names


class Command(flush.Command):
    """Django's own command; after its yes caseflow's tables in that database are emptied as well."""

    def handle(self, **options: Any) -> None:
        """Ask as Django does; nothing is left but the schema."""
        with _cases_too(options["database"]):
            super().handle(**options)


@contextmanager
def _cases_too(using: str) -> Generator[None]:
    operations: Any = connections[using].ops  # a method of one object is put in place of its class's
    flushed = operations.execute_sql_flush

    def execute(statements: Any) -> None:
        empty(using)
        flushed(statements)

    operations.execute_sql_flush = execute
    try:
        yield
    finally:
        del operations.execute_sql_flush


def empty(using: str) -> None:
    """Delete every case of the database, with all that belongs to it; the schema stays."""
    connection = connections[using]
    known = set(connection.introspection.table_names())
    ours = [name for name in table_names(DjangoConnections(using).dialect) if name != "caseflow_store"]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for name in ours:
            if name in known:
                cursor.execute(f"DELETE FROM {name}")
