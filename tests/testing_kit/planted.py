"""Bugs planted in the engine, and how strategies are run in these tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import find, settings
from hypothesis import strategies as st

import caseflow.core.clocks
import caseflow.core.decide
from caseflow.core.counting import Breach, Counting

_T = TypeVar("_T")

PROPERTY = settings(max_examples=100, derandomize=True, database=None, deadline=None)
"""Health checks stay on: a strategy that filters or is slow fails."""
SEARCH = settings(max_examples=2000, derandomize=True, database=None, deadline=None)


def smallest(strategy: st.SearchStrategy[_T], condition: Callable[[_T], bool]) -> _T:
    """What the strategy shrinks to under the condition."""
    return find(strategy, condition, settings=SEARCH)


def yellow_a_microsecond_early(patch: pytest.MonkeyPatch) -> None:
    """Every count of five natural days ends a microsecond before midnight."""
    breach = caseflow.core.clocks.breach

    def early(span: Any, start: int, pauses: Any, days: Any) -> Breach:
        late = breach(span, start, pauses, days)
        hurried = span.counting is Counting.NATURAL and span.days == 5 and late.at_us is not None
        return late.replace(at_us=late.at_us - 1) if hurried else late

    patch.setattr(caseflow.core.clocks, "breach", early)


def pauses_forgotten(patch: pytest.MonkeyPatch) -> None:
    """No act pauses a clock."""
    patch.setattr(caseflow.core.clocks.ClockPlan, "paused", lambda self, run, at: None)
