"""Django test cases that begin without cases of other tests.

Django's own ``TestCase`` needs none of this: it rolls back, and our rows with it.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.test import TransactionTestCase

from caseflow.contrib.django.configured import alias
from caseflow.stores.relational.tables import NAMES


class CaseflowTransactionTestCase(TransactionTestCase):  # type: ignore[misc]  # Django ships no types
    """A ``TransactionTestCase`` that empties caseflow's tables after each test.

    Django empties the tables of models alone, and caseflow's are none.
    """

    def _fixture_teardown(self) -> Any:
        with connections[alias()].cursor() as cursor:
            for name in NAMES:
                if name != "caseflow_store":  # it holds the schema
                    cursor.execute(f"DELETE FROM {name}")
        return super()._fixture_teardown()
