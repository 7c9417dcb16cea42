"""What the proofs under fault counted goes into the summary of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes the sentence that says what a proof counted; see the run's summary."""
    return lambda text: record_property("counted", text)
