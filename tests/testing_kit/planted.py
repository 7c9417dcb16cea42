"""Bugs planted in the engine, and how strategies are run in these tests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

import caseflow.core.model.rung_count
import caseflow.core.model.sla
from caseflow import MemoryStore
from caseflow.core.time.deadline import breach
from caseflow.core.time.pauses import Breach
from caseflow.core.time.span import Counting
from caseflow.desk import sweeper
from caseflow.policies import registry

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

    patch.setattr(registry, "_compiled", OrderedDict())  # compiled policies remember what they counted
    patch.setattr(caseflow.core.model.rung_count, "breach", early)


def sweeps_a_microsecond_early(patch: pytest.MonkeyPatch) -> None:
    """The sweep takes what is due in a microsecond for due."""
    due, progress = MemoryStore.due, sweeper._Progress

    def due_soon(self: MemoryStore, before: int, **more: Any) -> Any:
        return due(self, before + 1, **more)

    patch.setattr(MemoryStore, "due", due_soon)
    patch.setattr(sweeper, "_Progress", lambda horizon, now: progress(horizon + 1, now))


def pauses_forgotten(patch: pytest.MonkeyPatch) -> None:
    """No act pauses a clock."""
    patch.setitem(caseflow.core.model.sla._CHANGES, "pause", lambda run, mark: run)
