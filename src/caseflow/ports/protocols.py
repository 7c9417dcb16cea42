"""The protocols of the plug points: clock, observer, store, directory, notifier.

What each owes stands in its docstring. `Deferring`, `Joinable`, `BatchReader` and `Searchable` are abilities
that a store may have or not; whoever asks for one looks whether its method is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

from caseflow.core.model.case import Case
from caseflow.core.model.events import Event
from caseflow.core.notices import Document, Held, Outcome, Posted
from caseflow.ports.observations import Seen
from caseflow.ports.records import (
    Append,
    Aside,
    CaseCount,
    Delivery,
    Head,
    Kept,
    KeyClaim,
    Link,
    Person,
    Query,
    Recorded,
    StoreStatus,
    Text,
)


class Clock(Protocol):
    """Tells the time. Only the desk asks, once for each command, at the door."""

    def now_us(self) -> int:
        """Epoch microseconds (UTC)."""
        ...


class Observer(Protocol):
    """Is told what a desk or relay did, by whoever did it, right after: counts and codes, never texts.

    An implementer owes: a quick return, because a command waits for it; safety between threads. Its errors
    are logged and stop nobody.
    """

    def observe(self, seen: Seen, /) -> None:
        """Take note."""
        ...


class Outbox(Protocol):
    """The notices of a store: who must be told, and what became of it."""

    def claim(
        self, now_us: int, *, limit: int, lease_us: int, token: str, aside: Aside | None = None
    ) -> tuple[Held, ...]:
        """Lease ready notices to the token until ``now_us + lease_us``.

        Ready are those pending, or leased with the lease run out, whose ``next_try_us`` is at or before
        now: in the order of (next try, position), at most ``limit``. Two claims never hold the same one.

        Args:
            token: new for each claim; it proves the lease when the notice is settled.
            aside: is told of each that cannot be read. It is put off for ten leases, pending, and its attempt
                does not count.
        """
        ...

    def ready(self, now_us: int, *, limit: int) -> tuple[int, ...]:
        """Since when each notice waits that a claim would lease now: the longest first, at most `limit`."""
        ...

    def settle(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Record what became of claimed notices; returns the ids settled, in the order given.

        An outcome counts only with the token that holds the notice. Left out are those whose lease another
        has, or that were cancelled meanwhile; but what was `sent` under its own token is recorded as sent
        even then, so that a correction reaches whoever was told. A sent notice never goes back.
        """
        ...

    def notices(
        self,
        *,
        case_id: str = "",
        status: str = "",
        after: int = 0,
        limit: int = 1000,
        aside: Aside | None = None,
    ) -> tuple[Posted, ...]:
        """Notices after the position, in the order of positions; of one case, of one status.

        One that cannot be read is told to `aside` and takes nobody's place.
        """
        ...

    def requeue(self, ids: Sequence[str], now_us: int) -> tuple[str, ...]:
        """Make dead notices pending again from now on, their attempts counted anew; returns their ids."""
        ...


class Register(Protocol):
    """The numbered documents of a store."""

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The documents of a case, in the order they were issued."""
        ...

    def issued(
        self, series: str, year: int, *, after: int = 0, limit: int = 1000, aside: Aside | None = None
    ) -> tuple[Document, ...]:
        """The documents of a series and year after that number, in the order of numbers.

        One that cannot be read is told to `aside` and takes nobody's place.
        """
        ...


class Chained(Protocol):
    """The audit chain of a store; see `caseflow.serialization.codec`."""

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

    def raw(
        self, table: str, *, after: str | None = None, upto: str | None = None, limit: int | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        """The rows of a table, each as column -> value, exactly as they are kept.

        ``cases``, ``helpers`` (which unit helps with which case, and the case's places in lists), ``events``,
        ``texts``, ``notices`` and ``documents`` of the cases whose id comes after `after` (`None`: from the
        first, an empty id included), up to and with `upto` (`None`: to the end), in the order of ids by code
        point and then of units, versions or positions; at most `limit` rows. Whole,
        whatever the bounds: ``policies``; ``series``, the ``latest`` number of each series and year, from
        which the next one follows; and ``guards``: what else acts on the tables, or stands between them and
        their readers, by ``kind``, ``name`` and ``table`` (triggers, rules, row policies, views); empty where
        a place has no such things.

        A text that cannot be decoded comes with a lone surrogate for each byte that is wrong.
        """
        ...


class Store(Outbox, Register, Chained, Protocol):
    """A place to keep cases. Safe to share between threads.

    One thing that cannot be read keeps nothing else from being read: a question about many leaves it out and
    tells `aside`, or the log ``caseflow.store`` without one; a question about it raises `BadRecord`.

    An implementer owes: `append` is all or nothing over every case it names and all that goes with them; a
    second writer at the same version is refused without a trace; what `append` returned from survives a
    crash as the store promises; `due`, `find` and `claim` read by index. `caseflow.testing.StoreContract`
    holds a store to each of these duties.
    """

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none.

        Raises:
            BadRecord: neither its snapshot nor its events say what it is.
        """
        ...

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none.

        One that this version cannot read is an `UnknownEvent`, here and in the feed.
        """
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
        """What the key of that actor stands for; `None` when it is free.

        It is asked anew each time: once an append was `Stale` because of another, that one's key is seen.
        """
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

    def find(self, query: Query, *, aside: Aside | None = None) -> tuple[Case, ...]:
        """The cases of a query, in its order. What is set aside takes nobody's place on the page."""
        ...

    def counts(self, query: Query) -> tuple[CaseCount, ...]:
        """How many cases of a query there are, by state, unit, level and policy: in no order, none of zero.

        Its words, order, place and limit are not looked at.
        """
        ...

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        """Events of all cases in one total order, after the position."""
        ...

    def newer(self, after: int) -> int:
        """How many events are kept behind the position, those among them that the feed does not show yet.

        A feed may end before what was committed last; see `feed` of the store.
        """
        ...

    def pin(self, pin: str, document: Mapping[str, Any]) -> None:
        """Keep the document of a policy under its content hash; doing it twice changes nothing."""
        ...

    def pinned(self, pin: str) -> Mapping[str, Any] | None:
        """The document of that hash; `None` when there is none.

        Raises:
            BadRecord: it is no JSON object.
        """
        ...

    def close(self) -> None:
        """Let go of what the store holds open; it must not be used afterwards."""
        ...


class Searchable(Protocol):
    """What a store may offer beside the duties of `Store`: its titles can be searched for words.

    An implementer owes: a title that is redacted is found no more, and nothing of it stays in the index.
    """

    @property
    def searches_titles(self) -> bool:
        """Whether it keeps an index of titles."""
        ...

    def search_titles(self, *, on: bool = True, progress: Callable[[int], object] = lambda _: None) -> None:
        """Keep an index of titles from now on, those that are there among them; or no more, and erase it.

        Safe to run again: what is missing is added.

        Args:
            progress: told after each batch how many cases were looked at.
        """
        ...


class Deferring(Protocol):
    """What a store offers beside the duties of `Store`, if it can be part of a larger transaction."""

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work once what was appended is committed; never if it is rolled back.

        A store without this method has committed when `append` returns.
        """
        ...


class Joinable(Protocol):
    """A store that can work inside a transaction of the portal's; `Desk.joined` asks for it."""

    def within(self, connection: Any) -> Store:
        """A store inside the transaction of that connection, which shares what this one remembers.

        Args:
            connection: the portal's, of the same database.
        """
        ...


class BatchReader(Protocol):
    """What a store may offer beside the duties of `Store`, so that a sweep or relay asks once for many cases.

    Where a store has no such method, `load` or `texts` is called for each case. The answers are the same.
    """

    def load_many(self, ids: Sequence[str], *, aside: Aside | None = None) -> dict[str, Case]:
        """The cases of those ids by id, each as `Store.load` gives it; unknown ids are left out.

        So are those that cannot be read, of which `aside` is told.
        """
        ...

    def texts_many(self, ids: Sequence[str], *, aside: Aside | None = None) -> dict[str, tuple[Text, ...]]:
        """The texts by id of those cases that have any, each as `Store.texts` gives them.

        A case with a text that cannot be read is left out, and `aside` is told.
        """
        ...

    def documents_many(
        self, ids: Sequence[str], *, aside: Aside | None = None
    ) -> dict[str, tuple[Document, ...]]:
        """The documents by id of those cases that have any, each as `Store.documents` gives them.

        A case with a document that cannot be read is left out, and `aside` is told.
        """
        ...


class Movable(Protocol):
    """What a store owes so that cases can be moved from and to it."""

    def heads(self, after: str = "", *, limit: int = 1000) -> tuple[Head, ...]:
        """See `Chained`."""
        ...

    def pins(self) -> tuple[str, ...]:
        """The content hashes of all documents that are kept."""
        ...

    def pinned(self, pin: str) -> Mapping[str, Any] | None:
        """See `Store`."""
        ...

    def pin(self, pin: str, document: Mapping[str, Any]) -> None:
        """See `Store`."""
        ...

    def kept(self, case_id: str) -> Kept | None:
        """All that is kept of a case; `None` when there is none."""
        ...

    def keep(self, cases: Sequence[Kept]) -> None:
        """Take over cases, all or nothing: new ones, and those of which this store has an earlier state.

        Bytes and hashes of events, states of notices and numbers of documents are taken as they are. Notices
        and documents that do not come along stay, and one that was told from here never goes back.

        Raises:
            StoreError: ``store-diverged`` when a case here has another history, or a number is another
                document's.
        """
        ...

    def keys(self, after: tuple[str, str] = ("", ""), *, limit: int = 1000) -> tuple[KeyClaim, ...]:
        """Idempotency keys after (actor, key), in that order by code point."""
        ...

    def keep_keys(self, claims: Sequence[KeyClaim]) -> None:
        """Take over idempotency keys; those that are there stay."""
        ...


class Exportable(Store, Movable, Protocol):
    """A store whose cases can be moved, and whose feed tells which have changed."""


class ClosingStore(Store, Protocol):
    """A store that is a context manager."""

    def __enter__(self) -> Self:
        """The store itself."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close it."""
        ...


class MovableStore(ClosingStore, Movable, Auditable, Searchable, Protocol):
    """A store whose cases can be moved and audited, and whose titles can be searched for."""


class StoreLocation(Protocol):
    """A store before it is opened. All of it raises `StoreError` for what is not a store of ours."""

    def open(self, *, must_exist: bool) -> MovableStore:
        """The store; made when it is missing, unless it must exist."""
        ...

    def make(self) -> bool:
        """Make the store; whether it was not there before."""
        ...

    def status(self) -> StoreStatus:
        """How it stands. Changes nothing."""
        ...

    def migrate(self) -> tuple[int, ...]:
        """Bring it to today's schema: the schemas it went through, in order; empty when it had it already."""
        ...


class Directory(Protocol):
    """Knows who holds a role today. The portal plugs in its own.

    Of whom it names for a citizen's role, one of scope ``own``, only the one whose id is ``case.citizen`` is
    told.

    An implementer owes: persons in a stable order; an empty result, not an error, when nobody holds the
    role; answers at once, or raises `DeliveryFailed` with ``retry=True`` when its source cannot be asked now.
    """

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        """Everybody who holds the role for the unit.

        Args:
            role: one of the policy's roles, such as ``duty_officer``; a citizen's asks for whoever asked,
                whose id is ``case.citizen``.
            unit: the unit the role is held in; empty for a role over all units.
            case: the case it is about, as it stands now.
        """
        ...


class Notifier(Protocol):
    """A way to tell people: hands one message on, or says that it could not.

    An implementer owes: returning means that the message was handed on; the same id may come again after a
    crash and is handed on with the same id, so that the receiver can tell; calls may come from several
    threads at once; no text, address or secret in a log.
    """

    def send(self, delivery: Delivery) -> None:
        """Hand the message on.

        Raises:
            DeliveryFailed: it was not handed on. With ``retry=True`` it may be later (a time-out, a busy
                server); with ``retry=False`` never (an address that does not exist).
        """
        ...
