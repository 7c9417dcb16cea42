"""The contract finds every store that is broken on purpose, and by the promise that it breaks."""

from __future__ import annotations

import io
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest

from caseflow import MemoryStore
from caseflow.core import notices as o
from caseflow.core.model.case import Case
from caseflow.ports import Recorded, Store
from caseflow.testing import walk_beside_a_dict
from tests.contracts import broken
from tests.contracts.broken import KINDS


class NamedOnly:
    """Runs, of each broken store, the one test that is named for it, and notes which failed."""

    def __init__(self) -> None:
        self.failed: set[str] = set()

    def pytest_pycollect_makeitem(self, collector: Any, name: str) -> list[Any] | None:
        """Pass over all other tests."""
        is_other = isinstance(collector, pytest.Class) and name != collector.obj.caught_by
        return [] if is_other and name.startswith("test_") else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome."""
        if report.failed:
            self.failed.add(report.nodeid.split("::")[1])


def test_each_broken_store_is_caught_by_the_promise_it_breaks() -> None:
    """On each of them the test that is named for it fails."""
    named = NamedOnly()
    terms = ["-o", "python_files=broken.py", "-o", "python_classes=Broken", "-p", "no:cacheprovider", "-q",
             "-p", "no:xdist", "--assert=plain", "--tb=no"]  # fmt: skip
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        pytest.main([broken.__file__, *terms], plugins=[named])
    assert len(KINDS) > 250
    assert KINDS.keys() - named.failed == set()


@pytest.mark.parametrize(
    "make",
    [
        broken.TakesTheLastWriter, broken.IsDueEarly, broken.HandsOutTwice,
        broken.BreaksTheChain, broken.KeepsTheSalt,
        broken.PostsBeforeItKnows,
    ],
)  # fmt: skip
def test_the_walk_alone_parts_from_a_broken_store(make: type[Store]) -> None:
    """Random steps beside a dict find it too, without knowing what to look for."""
    with pytest.raises(BaseException) as caught:
        walk_beside_a_dict(make, examples=500, shorten=False)
    found = caught.value
    causes = found.exceptions if isinstance(found, BaseExceptionGroup) else (found,)
    assert all(isinstance(cause, AssertionError | pytest.fail.Exception) for cause in causes)


def test_a_walk_that_parts_is_told_as_short_as_it_can_be() -> None:
    """The counterexample of a store that compares no versions is one late step."""
    with pytest.raises(AssertionError) as caught:
        walk_beside_a_dict(broken.TakesTheLastWriter)
    steps = [line for line in "\n".join(caught.value.__notes__).splitlines() if "state." in line]
    taken = [line for line in steps if "_agree()" not in line and "teardown" not in line]
    assert 2 <= len(taken) <= 3, steps


def test_the_walk_agrees_with_a_sound_store() -> None:
    """The same walks, each on a store of its own, find nothing on one that is not broken."""
    walk_beside_a_dict(MemoryStore, examples=20)


class HangsInClaims(MemoryStore):
    """A claim waits for a lock that nobody gives back."""

    def claim(
        self, now_us: int, *, limit: int, lease_us: int, token: str, aside: Any = None
    ) -> tuple[o.Held, ...]:
        threading.Event().wait()
        return ()


class TakesItsTime(MemoryStore):
    """Every question takes a while."""

    def load(self, case_id: str) -> Case | None:
        time.sleep(0.02)
        return super().load(case_id)


@pytest.mark.soak
@pytest.mark.parametrize(("make", "where"), [(HangsInClaims, "claim("), (TakesItsTime, "in walk")])
def test_a_walk_out_of_time_says_where_it_was(make: type[Store], where: str) -> None:
    """A store that does not answer, and one that is slow, end the walk in its own time, named by the call."""
    begun = time.monotonic()
    with pytest.raises(AssertionError, match="out of time after") as caught:
        walk_beside_a_dict(make, seconds=1.5)
    assert where in str(caught.value)
    assert time.monotonic() - begun < 10


@pytest.mark.soak
def test_a_walk_that_cannot_be_shortened_in_time_is_told_as_it_is() -> None:
    """What was found stays found when the time for shortening is over."""
    with pytest.raises(AssertionError) as caught:
        walk_beside_a_dict(PartsSlowly, seconds=4)
    assert "out of time" not in str(caught.value)


class PartsSlowly(broken.TakesTheLastWriter):
    """It takes what it should refuse, and its time once it has."""

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        time.sleep(0.003)
        return super().feed(after, limit=limit)
