"""What holds for every test of the project, and for no page of its documentation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from caseflow.testing.laws.policy_laws import same_everywhere

settings.register_profile("unhurried", deadline=None)  # a busy machine breaks no promise
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def _generated_the_same_everywhere() -> Iterator[None]:
    """What is generated does not hang on which other tests the process has loaded."""
    with same_everywhere():
        yield
