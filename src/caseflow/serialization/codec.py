"""Events and cases as JSON and back, by their types: an event by its registered name, a case as a snapshot.

An event is one JSON object: ``event`` (its registered name), ``at``, ``by``, and what differs from the
defaults. A case is a positional list, since it is only a snapshot: whoever cannot read one folds the events.

The audit chain covers these bytes: an event's hash covers its own and, through the hash before, all history.
``hash = SHA-256(previous + header + body)``. ``previous`` is the hash of the event before, 32 zero bytes for
the first. ``header`` is the length of the case id in UTF-8 (4 bytes, big-endian), the id itself, and the
version after the event (8 bytes, big-endian); ``body`` is what `encode` gives. Every part but the last has a
known length, so no two histories share their input. The same events give the same chain in every store.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from caseflow.core.bounds import Instant, Name
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.errors import BadInput, BadRecord
from caseflow.ports.records import Link

SNAPSHOT = 11
"""The format of packed cases; another number is not read."""

_encode = msgspec.json.Encoder().encode
_UNREADABLE = (msgspec.MsgspecError, BadInput, RecursionError, UnicodeError)
"""What says that bytes are not of the type asked for."""


def encode(event: e.Event) -> bytes:
    """The event as UTF-8 JSON in its one canonical form: ``encode(decode(body)) == body``.

    The keys stand in a fixed order without spaces, defaults are left out, and no character but quotes,
    backslashes and control characters is escaped. The audit chain covers these bytes; an `UnknownEvent`
    keeps the bytes it came with.
    """
    return event.body if type(event) is e.UnknownEvent else _encode(event)


def decode(body: bytes) -> e.Event:
    """The event of a JSON body, its types and bounds checked; else an `UnknownEvent`, which keeps the bytes.

    That is one whose name is not registered, and one that is otherwise than this version writes it. One that
    was written in a former form comes in the form of today.

    Raises:
        BadRecord: the body is no JSON object with the name of an event.
    """
    try:
        return _read(body)
    except _UNREADABLE as error:
        return _unknown(body, error)


def arrived(body: bytes) -> e.Event:
    """As `decode`, for what comes from outside: an event of a registered name is as this version writes it.

    Raises:
        BadRecord: it is not, with the place and the bound; or its head cannot be read.
    """
    try:
        return _read(body)
    except _UNREADABLE as error:
        event = _unknown(body, error)
        if event.unknown in e.EVENTS or event.by is UNREAD:
            raise BadRecord("bad-event", found=f"{event.unknown}: {error}"[:200]) from error
        return event


def _read(body: bytes) -> e.Event:
    event: e.Event = _decoder().decode(body)
    return event.today() if isinstance(event, e.Former) else event


@cache
def _decoder() -> msgspec.json.Decoder[Any]:
    """Made at the first use: it looks at every class of event."""
    return msgspec.json.Decoder(e.AnyEvent)


UNREAD = Actor("?", role="?")
"""Who recorded an event of which not even that can be read; its instant is then 0, which moves nothing on."""


def _unknown(body: bytes, error: Exception) -> e.UnknownEvent:
    """The event as this version can keep it: its head, and its bytes, whatever else stands in them.

    Raises:
        BadRecord: it has no name, so that it is no event but a fault.
    """
    try:
        head = json.loads(str(body, "utf-8"))
        name = msgspec.convert(head["event"], Name)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _nameless(body, error) from error
    if not name or not name.isprintable():
        raise _nameless(body, error) from error
    try:
        at, by = msgspec.convert((head["at"], head["by"]), tuple[Instant, Actor])
    except (ValueError, BadInput, KeyError):
        at, by = 0, UNREAD
    return e.UnknownEvent(at, by, unknown=name, body=bytes(body))


def _nameless(body: bytes, error: Exception) -> BadRecord:
    return BadRecord("bad-event", found=f"{body[:80]!r}: {error!r:.200}")


UNREADABLE = "unreadable"
"""What an event is called of which not even the name can be read."""


def recorded(body: bytes) -> e.Event:
    """The event of a body that is kept, whatever stands in it: a fact is never refused.

    One that this version cannot read, with a field of a later version or damaged, is an `UnknownEvent` that
    keeps its bytes: its case is incomplete from there on, and everything else goes on.
    """
    try:
        return decode(body)
    except BadRecord:
        return e.UnknownEvent(0, UNREAD, unknown=UNREADABLE, body=bytes(body))


def is_unread(event: e.Event) -> bool:
    """Whether it is the event of a known name, or of none, that could not be read."""
    return type(event) is e.UnknownEvent and (event.unknown == UNREADABLE or event.unknown in e.EVENTS)


def pack(case: Case) -> bytes:
    """The case as UTF-8 JSON: a snapshot."""
    return _encode((SNAPSHOT, case))


def unpack(body: bytes) -> Case | None:
    """The case of a snapshot; `None` when its format is another version's."""
    try:
        version, case = _snapshots().decode(body)
    except _UNREADABLE:
        return None
    return case if version == SNAPSHOT else None


@cache
def _snapshots() -> msgspec.json.Decoder[tuple[int, Case]]:
    return msgspec.json.Decoder(tuple[int, Case])


# -- the audit chain of a case -------------------------------------------------------------------------------


START = bytes(32)
"""What stands before the first event's hash."""


def link(previous: bytes, case_id: str, version: int, body: bytes) -> bytes:
    """The hash of the event that brought the case to that version."""
    try:
        name = case_id.encode()
    except UnicodeEncodeError:  # a name that nobody can have given: its chain is wrong, and can be judged
        name = case_id.encode("utf-8", "surrogatepass")
    head = previous + len(name).to_bytes(4) + name + version.to_bytes(8)
    return sha256(head + body).digest()


def chained(case_id: str, bodies: Iterable[bytes]) -> tuple[Link, ...]:
    """The chain of a whole history, from its first event on."""
    links, previous = list[Link](), START
    for version, body in enumerate(bodies, 1):
        previous = link(previous, case_id, version, body)
        links.append(Link(version, body, previous))
    return tuple(links)


def first_broken(case_id: str, links: Iterable[Link]) -> int | None:
    """The first version whose hash or place is wrong; `None` when the whole chain holds."""
    previous = START
    for expected, entry in enumerate(links, 1):
        if entry.version != expected or link(previous, case_id, expected, entry.body) != entry.hash:
            return expected
        previous = entry.hash
    return None
