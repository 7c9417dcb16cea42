"""What a store owes of schemas: it refuses what a later version wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from caseflow.errors import StoreError


class SchemaContract:
    """A place that a later version wrote is refused."""

    @pytest.fixture
    def newer(self) -> Any:
        """Opens a place of a later schema; a store that knows schemas overrides this."""
        pytest.skip("this store says of no schema: it brings no fixture `newer`")

    def test_a_newer_schema_is_refused(self, newer: Callable[[], object]) -> None:
        """Opening raises ``store-newer`` in two languages, so that an old program spoils nothing."""
        with pytest.raises(StoreError) as caught:
            newer()
        assert caught.value.code == "store-newer"
        assert caught.value.text("en") != caught.value.text("zh")
