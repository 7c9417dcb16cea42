"""A checkpoint: the head of every case at one moment, signed, as a file that is kept elsewhere.

The first line is a JSON object: ``format``, ``made_at`` (UTC), ``cases``, ``events``, ``sha256`` of all the
lines below it, and ``signature``, Ed25519 over the object without the signature, as canonical JSON. Below it
stands a line for each case in the order of ids by code point: ``["id",version,"head"]``, the head in
base64. A reader needs no more than one line at a time.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caseflow.core.instants import moment
from caseflow.core.values import Value, value
from caseflow.errors import BadInput
from caseflow.ports import Auditable

if TYPE_CHECKING:
    from caseflow.audit.signing import PrivateKey, PublicKey  # to verify without a checkpoint needs no extra

FORMAT = 1
PAGE = 1000
_KEYS = ("format", "made_at", "cases", "events", "sha256")


@value
class Mark(Value):
    """Where one case stood: its version and the head of its chain."""

    case_id: str
    version: int
    head: bytes


@value
class Checkpoint(Value):
    """A checkpoint whose signature and digest were found to hold.

    Attributes:
        path: the file; `marks` reads it again.
        made_at: when it was made (UTC, ISO 8601), as its maker's clock said.
        cases, events: how many it speaks of.
    """

    path: str
    made_at: str
    cases: int
    events: int

    def marks(self) -> Iterator[Mark]:
        """Every case it names, in the order of ids by code point."""
        with Path(self.path).open("rb") as file:
            next(file)
            for line in file:
                case_id, version, head = json.loads(line)
                yield Mark(case_id, version, b64decode(head, validate=True))


def write_checkpoint(store: Auditable, key: PrivateKey, path: Path, *, now_us: int) -> Checkpoint:
    """Sign the heads of all cases as they now stand, into a new file.

    Args:
        store: where the cases are. What is appended meanwhile may be in it or not.
        now_us: epoch microseconds; the checkpoint says them as its own time.

    Raises:
        BadInput: the file is there already; a checkpoint is evidence and never overwritten.
    """
    digest, cases, events = sha256(), 0, 0
    for line, version in _lines(store):
        digest.update(line)
        cases, events = cases + 1, events + version
    head: dict[str, Any] = {
        "format": FORMAT,
        "made_at": moment(now_us).isoformat(),
        "cases": cases,
        "events": events,
        "sha256": digest.hexdigest(),
    }
    signature = b64encode(key.sign(_signed(head))).decode()
    again = sha256()
    try:
        with path.open("xb") as file:
            file.write(_dumped({**head, "signature": signature}) + b"\n")
            for line, _ in _lines(store):
                again.update(line)
                file.write(line)
    except FileExistsError as error:
        raise BadInput("audit-file-there", what=str(path)) from error
    if again.digest() != digest.digest():
        path.unlink()
        raise BadInput("audit-store-moved", what=str(path))
    return Checkpoint(str(path), head["made_at"], cases, events)


def read_checkpoint(path: Path, key: PublicKey) -> Checkpoint:
    """The checkpoint of a file, its signature and its every line checked.

    Raises:
        BadInput: it cannot be read, is of another format, or was not signed by the key's owner as it stands.
    """
    try:
        with path.open("rb") as file:
            head = json.loads(next(file))
            digest = sha256()
            for line in file:
                digest.update(line)
        signature = b64decode(head.pop("signature"), validate=True)
        known = tuple(head) == _KEYS and head["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise BadInput("audit-bad-checkpoint", what=str(path), found=type(error).__name__) from error
    if not known:
        raise BadInput("audit-bad-checkpoint", what=str(path), found="format")
    if not key.holds(signature, _signed(head)) or digest.hexdigest() != head["sha256"]:
        raise BadInput("audit-bad-signature", what=str(path))
    return Checkpoint(str(path), head["made_at"], head["cases"], head["events"])


def _lines(store: Auditable) -> Iterator[tuple[bytes, int]]:
    after = ""
    while page := store.heads(after, limit=PAGE):
        for head in page:
            row = [head.case_id, head.version, b64encode(head.hash).decode()]
            yield _dumped(row) + b"\n", head.version
        after = page[-1].case_id


def _signed(head: dict[str, Any]) -> bytes:
    return b"caseflow checkpoint\n" + _dumped(head)


def _dumped(found: Any) -> bytes:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
