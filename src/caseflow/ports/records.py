"""The records that pass between caseflow and its stores, directories and notifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from caseflow.core.model.case import Case
from caseflow.core.model.events import Event
from caseflow.core.notices import Document, Draft, Notice, Posted, Void
from caseflow.core.value import Value
from caseflow.errors import CaseflowError

NEVER = (1 << 63) - 1
"""The place of a case with nothing due, in the order of (next due, id): after every instant."""


Kind = Literal["case", "event", "text", "notice", "document", "policy", "key"]
"""What may be set aside."""


class Quarantined(Value):
    """One thing that a batch set aside, because it could not be read, decided, written or told.

    Nothing is marked in the store: the next batch looks at it anew, and takes it up once it has become
    readable.

    Attributes:
        name: which one: a case's id, a notice's or document's, the hash of a policy; of an event or text
            ``id@version``. Characters that do not print are escaped.
        code: of the error, or the name of its class when it has none.
        detail: what the error says, in English; no personal text, and nothing of errors that are not ours.
    """

    kind: Kind
    name: str
    code: str
    detail: str = ""

    @classmethod
    def of(cls, kind: Kind, name: object, error: Exception) -> Quarantined:
        """What the error makes of that thing."""
        if not isinstance(error, CaseflowError):
            return cls(kind, printable(str(name)), type(error).__name__)
        return cls(kind, printable(str(name)), error.code, printable(str(error)))


def printable(text: str) -> str:
    """The text, escaped if it does not print."""
    return text if text.isprintable() else ascii(text)[1:-1]


Aside = Callable[[Quarantined], object]
"""Is told of each thing that is set aside."""


class Text(Value, gc=False):
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


class Append(Value, gc=False):
    """Events to add to one case, and all that goes with them.

    What takes away comes first: `redacts`, `cancels` and `voids` act on what was kept before this append.

    Attributes:
        case: the case after the events.
        expected: its version before them.
        events: in their order; empty when only something beside them changes, or the case is only held to its
            version, on which the other entries depend: no other append changes it before all of this is kept.
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


class KeyClaim(Value):
    """An idempotency key, the hash of its command, and the versions its events brought."""

    actor: str
    key: str
    digest: str
    case_id: str
    first: int
    last: int


Order = Literal["due", "worst", "newest"]
"""Of a list: by (next due, id), those with nothing due last; by (deadline, id), the longest overdue first,
of those alone whose deadline runs; by (submission, id), the newest first."""
FILTERS = ("citizen", "unit", "state", "kind", "region", "policy", "level")
"""Fields of a `Query` that admit the cases of that very name, each an attribute of the case or its origin."""


class Query(Value):
    """Which cases are asked for: those of that very unit, citizen, state...; `None` admits all.

    An empty name is one like every other: it admits the cases that have none. ``level`` is that of the
    highest card that stands (`Case.level`). ``after`` is the `place` of the last case already seen.
    With ``helping`` a unit's are those that it holds and those that it helps with
    (`Case.facts.co_handlers`), each once, in every order.
    """

    unit: str | None = None
    citizen: str | None = None
    state: str | None = None
    kind: str | None = None
    region: str | None = None
    policy: str | None = None
    """Only cases under a policy of that name, in whichever version."""
    level: str | None = None
    since: int | None = None
    """Only cases submitted at or after this instant."""
    until: int | None = None
    """Only cases submitted before this instant."""
    overdue_at: int | None = None
    """Only cases with a running clock whose deadline is at or before this instant; they come worst first."""
    words: tuple[str, ...] = ()
    """Only cases whose title holds each of these, as `caseflow.ports.title_search` compares them; they come
    newest first. Each has two characters at least. Only for a store that `searches_titles`."""
    order: Order = "due"
    after: tuple[int | None, str] | None = None
    limit: int = 50
    helping: bool = False

    @property
    def is_of_helper(self) -> bool:
        """Whether what the unit helps with is asked for, too."""
        return self.helping and bool(self.unit)

    @property
    def ordering(self) -> Order:
        """The order in which they come."""
        if self.words:
            return "newest"
        return self.order if self.overdue_at is None else "worst"

    def place(self, case: Case) -> tuple[int, str]:
        """Where the case stands in the order of this query; backwards where the newest come first."""
        match self.ordering:
            case "due":
                at = case.next_due_us
            case "worst":
                at = case.deadline_us
            case _:
                at = case.submitted_us
        return NEVER if at is None else at, case.id

    def admits(self, case: Case) -> bool:
        """Whether the case fits, its title and the place it has aside."""
        for name in FILTERS:
            wanted = getattr(self, name)
            if wanted is None or wanted == named(case, name):
                continue
            if name != "unit" or not self.is_of_helper or wanted not in case.facts.co_handlers:
                return False
        if (self.since is not None and case.submitted_us < self.since) or (
            self.until is not None and case.submitted_us >= self.until
        ):
            return False
        deadline = case.deadline_us
        if self.overdue_at is not None:
            return deadline is not None and deadline <= self.overdue_at
        return deadline is not None or self.ordering != "worst"


def named(case: Case, name: str) -> str:
    """What the case has of that name, one of `FILTERS`."""
    holder = case.origin if name in ("kind", "region", "policy") else case
    return str(getattr(holder, name))


class CaseCount(Value):
    """How many cases there are of one state, one unit, one level and one policy."""

    state: str
    unit: str
    level: str
    policy_hash: str
    cases: int


class Recorded(Value):
    """An event in the feed: its position in the store, its case, and the case's version after it."""

    position: int
    case_id: str
    version: int
    event: Event


class Link(Value):
    """One event of a case as the store keeps it: the version after it, its bytes, its hash of 32 bytes."""

    version: int
    body: bytes
    hash: bytes


class Head(Value):
    """The newest hash of a case, and the version it belongs to."""

    case_id: str
    version: int
    hash: bytes


class Kept(Value):
    """A case as a store keeps it, but for its idempotency keys.

    Attributes:
        case: as it stands, folded from its events.
        links: its history and audit chain, from the first version on.
        texts: what was not redacted.
        notices: with their states, in the order of positions.
        documents: with their numbers, in the order of issue.
    """

    case: Case
    links: tuple[Link, ...]
    texts: tuple[Text, ...] = ()
    notices: tuple[Posted, ...] = ()
    documents: tuple[Document, ...] = ()


class StoreStatus(Value):
    """How a store stands: the schema it has, the one this version writes, and how much it holds.

    ``notices`` counts them by status; one of an older schema may have none.
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


class Person(Value):
    """Somebody who is told things, as the portal's directory knows them at the moment of delivery.

    Attributes:
        id: the portal's own id for them; two entries with one id are the same person and are told once.
        name: for the salutation; may be empty.
        addresses: channel -> address, in the order in which the person prefers them: ``{"email":
            "li@example.org", "wecom": "li"}``.
        lang: the language they read, ``zh`` or ``en``.
        quiet: hours of the office's day in which they are told nothing, ``22:00-07:00``; empty for none,
            `None` for those of the relay.
        digest: when they are told once a day, ``08:30``, all that came in one message; empty for at once,
            `None` for the relay's.
    """

    id: str
    name: str = ""
    addresses: Mapping[str, str] = {}
    lang: str = "zh"
    quiet: str | None = None
    digest: str | None = None


class Delivery(Value):
    """One message to one person by one channel, ready to go out.

    Attributes:
        id: stable over retries, restarts and relays: a receiver deduplicates by it. ASCII letters, digits
            and hyphens, at most 64 of them.
        notice: what it tells, without personal texts.
        person: to whom.
        channel: the way, such as ``email``; a key of ``person.addresses``.
        address: where to, on that channel.
        subject: one line without line breaks.
        text: the message as plain text.
        html: the same for those who show HTML; empty when there is none. Safe to show as it is.
        lang: the language of the texts, ``zh`` or ``en``.
        parts: of a digest, the messages that it holds, each under its own id, which stays the same whatever
            else goes with it; the notice is then the first one's.
    """

    id: str
    notice: Notice
    person: Person
    channel: str
    address: str
    subject: str
    text: str
    html: str = ""
    lang: str = "zh"
    parts: tuple[Delivery, ...] = ()
