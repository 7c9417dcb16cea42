"""A bundle of acts on its way between two zones: a file of lines, signed as a whole.

One JSON text a line. First a `Header`; then an `Item` for each act, in the order in which they were recorded;
last an object with ``sha256`` of all the lines above it and ``signature``, Ed25519 over the hash behind a
line that says what is signed. The same acts give the same bytes.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from caseflow.audit.checkpoint import PrivateKey, PublicKey
from caseflow.core.bounds import Count, Instant, Name, Turn, Word
from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.interchange.atomic_file import write_atomically

FORMAT = 1
LARGEST_BUNDLE = 100_000_000
"""Bytes of a bundle of acts between zones."""


class Header(Value):
    """Between which zones, which bundle in the order of those two, and the positions of the feed it spans.

    ``after`` and ``upto`` are positions of the sender's store and mean nothing elsewhere.
    """

    format: int
    sender: Name
    receiver: Name
    number: Turn
    after: Count
    upto: Count


class Item(Value):
    """One act as the other zone may know it; ``id`` is its own for ever, ``at`` since when it is true."""

    id: Word
    case: Name
    action: Name
    at: Instant
    fields: dict[str, str | int | bool | list[str]]


class _Last(Value):
    sha256: str
    signature: str


class Bundle(Value):
    """A bundle whose signature was found to hold."""

    header: Header
    items: tuple[Item, ...]
    sha256: str


def write_bundle(path: Path, header: Header, items: Sequence[Item], key: PrivateKey) -> Bundle:
    """Write a bundle so that the file is there whole or not at all; the same one again changes nothing.

    Raises:
        BadInput: it cannot be written.
    """
    body = b"".join(msgspec.json.encode(one) + b"\n" for one in (header, *items))
    digest = sha256(body).hexdigest()
    last = _Last(digest, b64encode(key.sign(_signed(digest))).decode())
    write_atomically(path, body + msgspec.json.encode(last) + b"\n")
    return Bundle(header, tuple(items), digest)


def read_bundle(path: Path, key: PublicKey) -> Bundle:
    """The bundle of a file, read once and held against its signature before anything in it is looked at.

    Args:
        key: the sender's.

    Raises:
        BadInput: it cannot be read (``file-failed``); it is cut off, changed, or signed by somebody else
            (``zone-bad-signature``); it is signed and of another form (``zone-bad-line``).
    """
    try:
        if path.stat().st_size > LARGEST_BUNDLE:
            raise BadInput("too-large", what=str(path), found=path.stat().st_size, most=LARGEST_BUNDLE)
        body, _, end = path.read_bytes().removesuffix(b"\n").rpartition(b"\n")
    except OSError as error:
        raise BadInput("file-failed", what=str(path), found=error.strerror or type(error).__name__) from error
    body += b"\n"
    digest = sha256(body).hexdigest()
    try:
        last = msgspec.json.decode(end, type=_Last)
        is_signed = key.holds(b64decode(last.signature, validate=True), _signed(digest))
    except (msgspec.DecodeError, ValueError) as error:
        raise BadInput("zone-bad-signature", what=str(path)) from error
    if not is_signed or last.sha256 != digest:
        raise BadInput("zone-bad-signature", what=str(path))
    first, *rest = body.splitlines()
    header = _decoded(first, Header, path, 1)
    if header.format != FORMAT:
        raise BadInput("zone-bad-line", what=str(path), line=1, found=f"format {header.format}")
    items = tuple(_decoded(line, Item, path, number) for number, line in enumerate(rest, 2))
    return Bundle(header, items, digest)


def _decoded(line: bytes, kind: type[Any], path: Path, number: int) -> Any:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("zone-bad-line", what=str(path), line=number, found=str(error)[:200]) from error


def _signed(digest: str) -> bytes:
    return b"caseflow zone bundle %d\n" % FORMAT + digest.encode()
