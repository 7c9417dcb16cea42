"""What caseflow asks of its surroundings: a clock, a place to keep cases, someone who decides who may act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.events import Event
from caseflow.core.rules import Row, Rules
from caseflow.core.values import Value, value
from caseflow.errors import Refusal


class Clock(Protocol):
    """Tells the time. Only the desk asks, once for each command, at the door."""

    def now_us(self) -> int:
        """Epoch microseconds (UTC)."""
        ...


class Authorizer(Protocol):
    """Decides whether the actor may take the action on the case; replaces the policy's table of roles."""

    def __call__(self, rules: Rules, case: Case, row: Row, command: Command, /) -> Refusal | None:
        """`None`, or why not."""
        ...


@value
class Text(Value):
    """A personal text, kept apart from the event that carries its salted hash."""

    version: int
    """The case's version after the event."""
    field: str
    salt: str
    text: str


@value
class Append(Value):
    """Events to add to one case.

    ``case`` is the case after them; ``expected`` the version before them.
    """

    case: Case
    expected: int
    events: tuple[Event, ...]
    texts: tuple[Text, ...] = ()


@value
class KeyClaim(Value):
    """An idempotency key, the hash of its command, and the versions its events brought."""

    actor: str
    key: str
    digest: str
    case_id: str
    first: int
    last: int


@value
class Query(Value):
    """Which cases are asked for; ``None`` and empty texts admit all.

    ``after`` is the ``(next due, id)`` of the last case already seen.
    """

    unit: str | None = None
    citizen: str | None = None
    state: str | None = None
    overdue_at: int | None = None
    """Only cases with a running clock whose deadline is at or before this instant."""
    after: tuple[int | None, str] | None = None
    limit: int = 50


@value
class Recorded(Value):
    """An event in the feed: its position in the store, its case, and the case's version after it."""

    position: int
    case_id: str
    version: int
    event: Event


class Store(Protocol):
    """A place to keep cases. Safe to share between threads.

    An implementer owes: `append` is all or nothing over every case it names; a second writer at the same
    version is refused without a trace; what `append` returned from survives a crash as the store promises;
    `due` and `find` read by index.
    """

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none."""
        ...

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none."""
        ...

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every personal text of the case, in the order it came."""
        ...

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with their texts and an idempotency key.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key was taken in the meantime.
        """
        ...

    def recall(self, actor: str, key: str) -> KeyClaim | None:
        """What the key of that actor stands for; `None` when it is free."""
        ...

    def due(
        self, before: int, *, limit: int, after: tuple[int, str] | None = None
    ) -> tuple[tuple[int, str], ...]:
        """``(next due, id)`` of cases due at or before the instant, in that order, after the given one."""
        ...

    def next_due(self) -> int | None:
        """The earliest next due instant of all cases; `None` when nothing will ever fire."""
        ...

    def waiting(self, before: int) -> int:
        """How many cases have a rung whose "not before" has passed while it waits for a calendar."""
        ...

    def find(self, query: Query) -> tuple[Case, ...]:
        """The cases of a query in the order of (next due, id); those with nothing due come last."""
        ...

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        """Events of all cases in one total order, after the position."""
        ...

    def pin(self, pin: str, document: Mapping[str, Any]) -> None:
        """Keep the document of a policy under its content hash; doing it twice changes nothing."""
        ...

    def pinned(self, pin: str) -> Mapping[str, Any] | None:
        """The document of that hash; `None` when there is none."""
        ...

    def close(self) -> None:
        """Let go of what the store holds open; it must not be used afterwards."""
        ...
