"""Contracts: every duty of a store and of a notifier, as suites of tests that an implementer runs."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(__name__)  # asserts are made telling before the suites are imported
