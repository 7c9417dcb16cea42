"""``manage.py flush``, which takes the cases along: Django itself empties the tables of models alone.

So a database that was emptied holds no cases, whoever empties it: a person, ``TransactionTestCase``,
``LiveServerTestCase`` or pytest-django with ``transaction=True``.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import flush
from django.db import connections

from caseflow.contrib.django.operations import empty


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
