"""Bugs planted in the engine, and how strategies are run in these tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

import caseflow.core.clocks
from caseflow import Desk, MemoryStore
from caseflow.core.counting import Breach, Counting, breach

_T = TypeVar("_T")

PROPERTY = settings(max_examples=40, derandomize=True, database=None, deadline=None)
"""Health checks stay on: a strategy that filters or is slow fails."""
SEARCH = settings(
    max_examples=2000,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),  # without the explanation, which tries many more examples
)


def smallest(strategy: st.SearchStrategy[_T], condition: Callable[[_T], bool]) -> _T:
    """What the strategy shrinks to under the condition."""
    return find(strategy, condition, settings=SEARCH)


def yellow_a_microsecond_early(patch: pytest.MonkeyPatch) -> None:
    """Every count of five natural days ends a microsecond before midnight."""

    def early(span: Any, start: int, pauses: Any, days: Any) -> Breach:
        late = breach(span, start, pauses, days)
        if late.at_us is None or span.counting is not Counting.NATURAL or span.days != 5:
            return late
        return late.replace(at_us=late.at_us - 1)

    patch.setattr(caseflow.core.clocks, "breach", early)


def sweeps_a_microsecond_early(patch: pytest.MonkeyPatch) -> None:
    """The sweep takes what is due in a microsecond for due."""
    due, owed = MemoryStore.due, Desk._owed

    def due_soon(self: MemoryStore, before: int, **more: Any) -> Any:
        return due(self, before + 1, **more)

    def owed_soon(self: Desk, case: Any, horizon: int, now: int, refused: list[str]) -> Any:
        return owed(self, case, horizon + 1, now, refused)

    patch.setattr(MemoryStore, "due", due_soon)
    patch.setattr(Desk, "_owed", owed_soon)


def pauses_forgotten(patch: pytest.MonkeyPatch) -> None:
    """No act pauses a clock."""
    patch.setattr(caseflow.core.clocks.ClockPlan, "paused", lambda self, run, at: None)
