"""The audit chain of a case: each event's hash covers its bytes and, through the hash before it, all history.

``hash = SHA-256(previous + header + body)``. ``previous`` is the hash of the event before, 32 zero bytes for
the first. ``header`` is the length of the case id in UTF-8 (4 bytes, big-endian), the id itself, and the
version after the event (8 bytes, big-endian); ``body`` is the canonical JSON of
`caseflow.serialization.codec.encode`. Every part but the last has a known length, so no two histories share
their input. The same events give the same chain in every store.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from caseflow.ports.records import Link

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
