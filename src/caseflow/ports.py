"""What caseflow asks of its surroundings: a clock, a place to keep cases, someone who decides who may act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from caseflow.chain import Head, Link
from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.events import Event
from caseflow.core.rules import Row, Rules
from caseflow.core.values import Value, value
from caseflow.errors import Refusal
from caseflow.observed import Seen
from caseflow.outbox import Document, Draft, Held, Notice, Outcome, Posted, Void


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


class Observer(Protocol):
    """Is told what a desk or relay did, by whoever did it, right after: counts and codes, never texts.

    An implementer owes: a quick return, because a command waits for it; safety between threads. Its errors
    are logged and stop nobody.
    """

    def observe(self, seen: Seen, /) -> None:
        """Take note."""
        ...


class Deferring(Protocol):
    """What a store offers beside the duties of `Store`, if it can be part of a larger transaction."""

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work once what was appended is committed; never if it is rolled back.

        A store without this method has committed when `append` returns.
        """
        ...


@value
class Text(Value):
    """A personal text, kept apart from the event that carries its salted hash."""

    version: int
    """The case's version after the event."""
    field: str
    salt: str
    text: str

    @property
    def is_redacted(self) -> bool:
        """Whether text and salt are gone for good; the event still carries the hash."""
        return self.salt == ""


def is_redacted_by(names: Sequence[str], field: str, version: int) -> bool:
    """Whether a redaction of those names takes the text of that field and version.

    ``title`` takes every version's, ``title@5`` that of version 5 only.
    """
    return field in names or f"{field}@{version}" in names


@value
class Append(Value):
    """Events to add to one case, and all that goes with them.

    What takes away comes first: `redacts`, `cancels` and `voids` act on what was kept before this append.

    Attributes:
        case: the case after the events.
        expected: its version before them.
        events: in their order; empty when only something beside them changes.
        texts: personal texts of these events.
        redacts: names of texts to erase with their salts; see `is_redacted_by`.
        notices: who must be told; an id that is known already is the same notice and stays as it is.
        cancels: ids of notices not to be told, unless they were; unknown ones are passed over.
        documents: to be numbered; an id that is known already keeps its number.
        voids: documents that no longer hold; unknown and voided ones are passed over.
    """

    case: Case
    expected: int
    events: tuple[Event, ...]
    texts: tuple[Text, ...] = ()
    redacts: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    cancels: tuple[str, ...] = ()
    documents: tuple[Draft, ...] = ()
    voids: tuple[Void, ...] = ()

    @property
    def has_more(self) -> bool:
        """Whether anything but events and texts goes with it."""
        return bool(self.redacts or self.notices or self.cancels or self.documents or self.voids)


@value
class KeyClaim(Value):
    """An idempotency key, the hash of its command, and the versions its events brought."""

    actor: str
    key: str
    digest: str
    case_id: str
    first: int
    last: int


NEVER = (1 << 63) - 1
"""The place of a case with nothing due, in the order of (next due, id): after every instant."""


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


class Outbox(Protocol):
    """The notices of a store: who must be told, and what became of it."""

    def claim(self, now_us: int, *, limit: int, lease_us: int, token: str) -> tuple[Held, ...]:
        """Lease ready notices to the token until ``now_us + lease_us``.

        Ready are those pending, or leased with the lease run out, whose ``next_try_us`` is at or before
        now: in the order of (next try, position), at most ``limit``. Two claims never hold the same one.

        Args:
            token: new for each claim; it proves the lease when the notice is settled.
        """
        ...

    def settle(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Record what became of claimed notices; returns the ids settled, in the order given.

        An outcome counts only with the token that holds the notice. Left out are those whose lease another
        has, or that were cancelled meanwhile; but what was `sent` under its own token is recorded as sent
        even then, so that a correction reaches whoever was told. A sent notice never goes back.
        """
        ...

    def notices(
        self, *, case_id: str = "", status: str = "", after: int = 0, limit: int = 1000
    ) -> tuple[Posted, ...]:
        """Notices after the position, in the order of positions; of one case, of one status."""
        ...

    def requeue(self, ids: Sequence[str], now_us: int) -> tuple[str, ...]:
        """Make dead notices pending again from now on, their attempts counted anew; returns their ids."""
        ...


class Register(Protocol):
    """The numbered documents of a store."""

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The documents of a case, in the order they were issued."""
        ...

    def issued(self, series: str, year: int, *, after: int = 0, limit: int = 1000) -> tuple[Document, ...]:
        """The documents of a series and year after that number, in the order of numbers."""
        ...


class Chained(Protocol):
    """The audit chain of a store; see `caseflow.chain`."""

    def links(self, case_id: str) -> tuple[Link, ...]:
        """The chain of a case as it is kept, oldest first; empty when there is no such case."""
        ...

    def heads(self, after: str = "", *, limit: int = 1000) -> tuple[Head, ...]:
        """The newest hash of every case whose id comes after that one, in the order of ids by code point."""
        ...


class Auditable(Register, Chained, Protocol):
    """A store that lets the audit look behind its questions, at the rows themselves."""

    def keys(self, after: tuple[str, str] = ("", ""), *, limit: int = 1000) -> tuple[KeyClaim, ...]:
        """Idempotency keys after (actor, key), in that order by code point."""
        ...

    def raw(self, table: str, *, after: str = "", upto: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """The rows of a table, each as column -> value, exactly as they are kept.

        ``cases``, ``events``, ``texts``, ``notices`` and ``documents`` of the cases whose id comes after
        `after`, up to and with `upto` (`None`: to the end), in the order of ids by code point and then of
        versions or positions. Whole, whatever the bounds: ``policies``, and ``series``, the ``latest``
        number of each series and year, from which the next one follows.
        """
        ...


class Store(Outbox, Register, Chained, Protocol):
    """A place to keep cases. Safe to share between threads.

    An implementer owes: `append` is all or nothing over every case it names and all that goes with them; a
    second writer at the same version is refused without a trace; what `append` returned from survives a
    crash as the store promises; `due`, `find` and `claim` read by index. `caseflow.testing.StoreContract`
    holds a store to each of these duties.
    """

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none."""
        ...

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none."""
        ...

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every personal text of the case that was not redacted, in the order it came."""
        ...

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with all that goes with them and an idempotency key.

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
