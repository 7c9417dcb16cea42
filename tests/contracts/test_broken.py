"""The contract finds every store that is broken on purpose, and by the promise that it breaks."""

from __future__ import annotations

import io
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from caseflow import MemoryStore
from caseflow.ports import Store
from caseflow.testing import walk_beside_a_dict
from tests.contracts import broken
from tests.contracts.broken import Broken

KINDS: dict[str, type[Broken]] = {
    name: kind for name, kind in vars(broken).items() if name.startswith("Broken") and kind is not Broken
}


class Failures:
    """Which tests of which class failed."""

    def __init__(self) -> None:
        self.failed: dict[str, set[str]] = defaultdict(set)
        self.passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome."""
        _, kind, test = report.nodeid.split("::")
        if report.failed:
            self.failed[kind].add(test.partition("[")[0])
        self.passed += report.when == "call" and report.passed


def test_each_broken_store_is_caught_by_the_promise_it_breaks() -> None:
    """On each of them the named test fails, and beside it only tests that rest on the same promise."""
    found = Failures()
    given = ["-o", "python_files=broken.py", "-o", "python_classes=Broken", "-p", "no:cacheprovider", "-q",
             "-p", "no:xdist", "-k", "not walks"]  # fmt: skip
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        pytest.main([str(Path(broken.__file__)), *given], plugins=[found])
    assert len(KINDS) >= 12
    missed = [name for name, kind in KINDS.items() if kind.caught_by not in found.failed[name]]
    astray = {name: left for name, kind in KINDS.items()
              if (left := found.failed[name] - {kind.caught_by, *kind.also})}  # fmt: skip
    assert (missed, astray) == ([], {})
    assert found.passed > 500  # what is not broken goes on to hold


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
