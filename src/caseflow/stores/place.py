"""Where a store lies: what can be done to the place itself, whatever its schema."""

from __future__ import annotations

from typing import Protocol

from caseflow.core.values import Value, value
from caseflow.ports import Auditable, Store
from caseflow.stores.moving import Movable


@value
class Status(Value):
    """How a place stands: the schema found there, the one this version writes, and how much it holds.

    ``notices`` counts them by status; a place of an older schema may have none.
    """

    schema: int
    known: int
    cases: int
    events: int
    notices: tuple[tuple[str, int], ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether this version can use the store as it is."""
        return self.schema == self.known


class MovableStore(Store, Movable, Auditable, Protocol):
    """A store whose cases can be moved and audited."""


class Place(Protocol):
    """A store before it is opened. All of it raises `StoreError` for what is not a store of ours."""

    def open(self, *, must_exist: bool) -> MovableStore:
        """The store; made when it is missing, unless it must exist."""
        ...

    def make(self) -> bool:
        """Make the store; whether it was not there before."""
        ...

    def status(self) -> Status:
        """How it stands. Changes nothing."""
        ...

    def migrate(self) -> tuple[int, ...]:
        """Bring it to today's schema: the schemas it went through, in order; empty when it had it already."""
        ...
