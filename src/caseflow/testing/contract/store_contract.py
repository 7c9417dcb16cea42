"""Every duty of a `Store`, as one suite of tests: a subclass brings the fixture ``store``."""

from __future__ import annotations

from typing import Any

import pytest

from caseflow.ports import Store
from caseflow.testing.contract.ability_duties import AuditContract, BatchContract, MoveContract
from caseflow.testing.contract.event_duties import (
    ChainContract,
    EventsContract,
    KeysContract,
    SchemaContract,
    TextsContract,
)
from caseflow.testing.contract.letter_duties import AnyInputContract, LettersContract
from caseflow.testing.contract.list_duties import ListContract, TitlesContract
from caseflow.testing.contract.outbox_duties import DocumentsContract, NoticesContract
from caseflow.testing.contract.page_duties import OrderContract, PagesContract
from caseflow.testing.contract.query_duties import DueContract, FeedContract, InstantsContract
from caseflow.testing.contract.repeat_duties import RepeatContract
from caseflow.testing.contract.shared_duties import SharedContract
from caseflow.testing.contract.store_machine import WalkContract
from caseflow.testing.contract.whole_duties import WholeContract


class StoreContract(
    EventsContract,
    TextsContract,
    KeysContract,
    DueContract,
    InstantsContract,
    OrderContract,
    PagesContract,
    FeedContract,
    ListContract,
    TitlesContract,
    NoticesContract,
    DocumentsContract,
    ChainContract,
    LettersContract,
    AnyInputContract,
    WholeContract,
    SharedContract,
    RepeatContract,
    BatchContract,
    MoveContract,
    AuditContract,
    SchemaContract,
    WalkContract,
):
    """The duties of a `Store`, one promise a test.

    A subclass whose name begins with ``Test`` brings the fixture ``store``: a new, empty store for each
    test. It may bring two more, without which the tests that need them are skipped and say so:

    - ``another``: a second handle to the place of ``store``, as another process would have one;
    - ``newer``: a callable that opens a place which a later version of the store wrote.
    """

    @pytest.fixture
    def store(self) -> Any:
        """A new, empty store; every subclass overrides this."""
        raise NotImplementedError("bring a fixture `store` that yields a new, empty store")

    @pytest.fixture
    def another(self, store: Store) -> Any:
        """A second handle to the place of ``store``; for stores that have a place."""
        pytest.skip("this store has no place to open twice: it brings no fixture `another`")
