"""The engine under proof: which desk, on which store; and a store and a clock in which races are arranged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from caseflow.core.case import Case
from caseflow.desk import Desk
from caseflow.errors import Stale
from caseflow.ports import Append, KeyClaim, Store
from caseflow.stores.memory import MemoryStore


def _same(store: Store) -> Store:
    return store


@attrs.frozen(kw_only=True)
class Engine:
    """What is proved: by default the shipped desk on a store in memory.

    Args:
        desk: makes a desk, called as ``desk(rules, store, clock=clock)`` with the policy compiled.
        store: makes an empty store.
        reopen: what is left of a store after a crash, ready for use: close what the dead process had open
            and open it anew. By default the very store.
    """

    desk: Callable[..., Desk] = Desk
    store: Callable[[], Store] = MemoryStore
    reopen: Callable[[Store], Store] = _same


class Crash(BaseException):
    """The process dies here. Not an `Exception`, so that nothing on the way recovers from it."""


class Arranged:
    """A store in front of another one: at a chosen moment somebody else is faster, or the process dies."""

    def __init__(self, store: Store) -> None:
        self.behind = store
        self.after_load: Callable[[], None] | None = None
        self.before_append: Callable[[], None] | None = None
        self.after_append: Callable[[], None] | None = None
        self.faster = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def load(self, case_id: str) -> Case | None:
        """The case; then, once, what was arranged."""
        case = self.behind.load(case_id)
        self._once("after_load")
        return case

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """What was arranged before it, the append itself, and what was arranged after it."""
        if self.faster:
            self.faster -= 1
            raise Stale(appends[0].case.id, expected=appends[0].expected)
        self._once("before_append")
        self.behind.append(appends, claim)
        self._once("after_append")

    def quiet(self) -> None:
        """Call off whatever was arranged."""
        self.after_load = self.before_append = self.after_append = None
        self.faster = 0

    def _once(self, moment: str) -> None:
        arranged = getattr(self, moment)
        if arranged is not None:
            self.quiet()
            arranged()


class CountingClock:
    """A clock that stands still until it is set, and counts how often it was read.

    While ``drifts`` each reading is a microsecond later than the last, so that a second reading shows.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.read = 0
        self.drifts = False

    def now_us(self) -> int:
        """Epoch microseconds (UTC)."""
        self.read += 1
        return self.now + (self.read - 1 if self.drifts else 0)
