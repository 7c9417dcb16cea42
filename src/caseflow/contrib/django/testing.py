"""Django test cases that begin without cases of other tests.

Django's own ``TestCase`` needs none of this: it rolls back, and our rows with it.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.test import TransactionTestCase

from caseflow.contrib.django.config import alias
from caseflow.contrib.django.connections import DjangoConnections
from caseflow.stores.sql.schema import table_names


class CaseflowTransactionTestCase(TransactionTestCase):
    """A ``TransactionTestCase`` that empties caseflow's tables after each test.

    Django empties the tables of models alone, and caseflow's are none.
    """

    def _fixture_teardown(self) -> Any:
        names = table_names(DjangoConnections(alias()).dialect)
        with connections[alias()].cursor() as cursor:
            for name in names:
                if name != "caseflow_store":  # it holds the schema
                    cursor.execute(f"DELETE FROM {name}")
        return super()._fixture_teardown()  # type: ignore[misc]  # the stubs leave it out
