"""A checkpoint: where every case stood at one moment, signed, as a file that is kept elsewhere.

One JSON text a line. First ``{"format":1}``; then a line for each case in the order of ids by code point,
``["id",version,"head","told"]``: the head of its chain in base64, and a hash over what never changes of its
notices and documents (hexadecimal, empty when there are none); last an object with ``made_at`` (UTC),
``cases``, ``events``, ``sha256`` of all the lines above it, and ``signature``, Ed25519 over the object
without the signature, as canonical JSON behind a line that says what is signed. A reader needs no more than
one line at a time.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from caseflow.audit.goes_with import told_digest
from caseflow.audit.rows import Row
from caseflow.core.instants import moment
from caseflow.core.values import Value, value
from caseflow.errors import BadInput
from caseflow.ports import Auditable

if TYPE_CHECKING:
    from caseflow.audit.signing import PrivateKey, PublicKey  # to verify without a checkpoint needs no extra

FORMAT = 1
PAGE = 1000
_FIRST = b'{"format":%d}\n' % FORMAT
_KEYS = ["made_at", "cases", "events", "sha256"]


@value
class Mark(Value):
    """Where one case stood: its version, the head of its chain, and a hash over what went with it."""

    case_id: str
    version: int
    head: bytes
    told: str


@value
class Checkpoint(Value):
    """A checkpoint whose signature and digest were found to hold.

    Attributes:
        path: the file; `marks` reads it again.
        made_at: when it was made (UTC, ISO 8601), as its maker's clock said.
        cases, events: how many it speaks of.
        sha256: the hash, in hexadecimal, of all its lines but the last.
    """

    path: str
    made_at: str
    cases: int
    events: int
    sha256: str

    def marks(self) -> Iterator[Mark]:
        """Every case it names, in the order of ids by code point.

        Raises:
            BadInput: ``audit-bad-signature`` at the end, when the file is another than the one that was
                checked.
        """
        digest = sha256()
        with Path(self.path).open("rb") as file:
            for line in _above_the_last(file):
                if line != _FIRST:
                    try:
                        case_id, version, head, told = json.loads(line)
                        yield Mark(case_id, version, b64decode(head, validate=True), told)
                    except (ValueError, TypeError) as error:
                        raise BadInput("audit-bad-signature", what=self.path) from error
                digest.update(line)
        if digest.hexdigest() != self.sha256:
            raise BadInput("audit-bad-signature", what=self.path)


def write_checkpoint(store: Auditable, key: PrivateKey, path: Path, *, now_us: int) -> Checkpoint:
    """Sign where all cases now stand, into a new file.

    Args:
        store: where the cases are. Others may write to it meanwhile; of what they append some may be in the
            checkpoint and some not.
        now_us: epoch microseconds; the checkpoint says them as its own time.

    Raises:
        BadInput: the file is there already: a checkpoint is evidence and never overwritten; or it cannot be
            written.
    """
    digest, cases, events = sha256(_FIRST), 0, 0
    with _new(path) as file:
        file.write(_FIRST)
        for mark in _marks_of(store):
            line = _dumped([mark.case_id, mark.version, b64encode(mark.head).decode(), mark.told]) + b"\n"
            digest.update(line)
            file.write(line)
            cases, events = cases + 1, events + mark.version
        last: dict[str, Any] = {
            "made_at": moment(now_us).isoformat(), "cases": cases, "events": events,
            "sha256": digest.hexdigest(),
        }  # fmt: skip
        signature = b64encode(key.sign(_signed(last))).decode()
        file.write(_dumped({**last, "signature": signature}) + b"\n")
    return Checkpoint(str(path), last["made_at"], cases, events, last["sha256"])


def read_checkpoint(path: Path, key: PublicKey) -> Checkpoint:
    """The checkpoint of a file, its signature and its every line checked.

    Raises:
        BadInput: ``audit-bad-checkpoint`` when it cannot be read, is cut short or of another format;
            ``audit-bad-signature`` when it is not what the owner of the key signed.
    """
    try:
        with path.open("rb") as file:
            first, digest, line = file.readline(len(_FIRST)), sha256(), b""
            file.seek(0)
            for line, is_last in _with_the_last(file):
                if not is_last:
                    digest.update(line)
        last = json.loads(line)
        signature = b64decode(last.pop("signature"), validate=True)
        known = first == _FIRST and list(last) == _KEYS and line == _dumped(_with(last, signature)) + b"\n"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput("audit-bad-checkpoint", what=str(path), found=type(error).__name__) from error
    if not known:
        raise BadInput("audit-bad-checkpoint", what=str(path), found="format")
    if not key.holds(signature, _signed(last)) or digest.hexdigest() != last["sha256"]:
        raise BadInput("audit-bad-signature", what=str(path))
    return Checkpoint(str(path), last["made_at"], last["cases"], last["events"], last["sha256"])


def _marks_of(store: Auditable) -> Iterator[Mark]:
    after = ""
    while page := store.heads(after, limit=PAGE):
        upto = page[-1].case_id
        notices, documents = (_grouped(store, table, after, upto) for table in ("notices", "documents"))
        for head in page:
            told = told_digest(
                notices.get(head.case_id, ()), documents.get(head.case_id, ()), upto=head.version
            )
            yield Mark(head.case_id, head.version, bytes(head.hash), told)
        after = upto


def _grouped(store: Auditable, table: str, after: str, upto: str) -> dict[str, list[Row]]:
    rows = store.raw(table, after=after, upto=upto)
    return {case_id: list(found) for case_id, found in groupby(rows, key=lambda row: str(row["case_id"]))}


@contextmanager
def _new(path: Path) -> Iterator[IO[bytes]]:
    """A file that was not there; gone again when it could not be written to its end."""
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise BadInput("audit-file-there", what=str(path)) from error
    except OSError as error:
        raise BadInput("audit-not-written", what=str(path), found=error.strerror) from error
    try:
        with file:
            yield file
    except BaseException:
        path.unlink()
        raise


def _above_the_last(file: IO[bytes]) -> Iterator[bytes]:
    return (line for line, is_last in _with_the_last(file) if not is_last)


def _with_the_last(file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each line, and whether it is the last one."""
    before = None
    for line in file:
        if before is not None:
            yield before, False
        before = line
    if before is not None:
        yield before, True


def _with(last: dict[str, Any], signature: bytes) -> dict[str, Any]:
    return {**last, "signature": b64encode(signature).decode()}


def _signed(last: dict[str, Any]) -> bytes:
    return b"caseflow checkpoint %d\n" % FORMAT + _dumped(last)


def _dumped(found: Any) -> bytes:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
