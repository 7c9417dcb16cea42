"""Every duty of a `Store`, as one suite of tests: a subclass brings the fixture ``store``."""

from __future__ import annotations

from typing import Any

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{part}" for part in
      ("chain", "documents", "due", "events", "feed", "keys", "notices", "schema", "texts", "walk"))
)  # fmt: skip

from caseflow.ports import Store  # noqa: E402  # asserts are made telling before they are imported
from caseflow.testing.contract.chain import ChainContract  # noqa: E402
from caseflow.testing.contract.documents import DocumentsContract  # noqa: E402
from caseflow.testing.contract.due import DueContract  # noqa: E402
from caseflow.testing.contract.events import EventsContract  # noqa: E402
from caseflow.testing.contract.feed import FeedContract  # noqa: E402
from caseflow.testing.contract.keys import KeysContract  # noqa: E402
from caseflow.testing.contract.notices import NoticesContract  # noqa: E402
from caseflow.testing.contract.schema import SchemaContract  # noqa: E402
from caseflow.testing.contract.texts import TextsContract  # noqa: E402
from caseflow.testing.contract.walk import WalkContract  # noqa: E402


class StoreContract(
    EventsContract,
    TextsContract,
    KeysContract,
    DueContract,
    FeedContract,
    NoticesContract,
    DocumentsContract,
    ChainContract,
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
