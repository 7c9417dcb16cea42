"""A Django test case for portals in which ``flush`` is another app's command.

Everywhere else Django's own test cases begin without cases of other tests.
"""

from __future__ import annotations

from typing import Any

from django.test import TransactionTestCase

from caseflow.contrib.django.config import alias
from caseflow.contrib.django.operations import empty


class CaseflowTransactionTestCase(TransactionTestCase):
    """A ``TransactionTestCase`` that empties caseflow's tables after each test, whatever ``flush`` does."""

    def _fixture_teardown(self) -> Any:
        empty(alias())
        return super()._fixture_teardown()  # type: ignore[misc]  # the stubs leave it out
