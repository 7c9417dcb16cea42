"""A checkpoint: where every case stood at one moment, signed, as a file that is kept elsewhere.

One JSON text a line. First ``{"format":1}``; then a line for each case in the order of ids by code point,
``["id",version,"head","notices"]``: the head of its chain in base64, and a hash over what never changes of
its notices and documents (hexadecimal, empty when there are none); last an object with ``made_at`` (UTC),
``cases``, ``events``, ``sha256`` of all the lines above it, and ``signature``, Ed25519 over the object
without the signature, as canonical JSON behind a line that says what is signed. A reader needs no more than
one line at a time. Keys are PEM files; the only module that imports `cryptography` (extra ``audit``).
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from caseflow.audit.case_rows import notices_digest, rows_by_case
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.ports import Auditable

FORMAT = 1
PAGE = 1000
_FIRST = b'{"format":%d}\n' % FORMAT
_KEYS = ["made_at", "cases", "events", "sha256"]


class PublicKey:
    """Tells whether a signature is the key owner's. Whoever has it can verify and not sign."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether the owner of the private key signed these very bytes."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """The key as a file holds it."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class PrivateKey:
    """Signs. Keep it away from the store: whoever has both can rewrite history and sign it."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""
        return PublicKey(self._key.public_key())

    def sign(self, data: bytes) -> bytes:
        """The signature of the bytes: 64 bytes, the same each time."""
        return self._key.sign(data)

    def pem(self) -> bytes:
        """The key as a file holds it, unencrypted."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class CaseMark(Value):
    """Where one case stood: its version, the head of its chain, and a hash over what went with it."""

    case_id: str
    version: int
    head: bytes
    notices: str


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

    def marks(self) -> Iterator[CaseMark]:
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
                        case_id, version, head, notices = json.loads(line)
                        yield CaseMark(case_id, version, b64decode(head, validate=True), notices)
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
            line = _dumped([mark.case_id, mark.version, b64encode(mark.head).decode(), mark.notices]) + b"\n"
            digest.update(line)
            file.write(line)
            cases, events = cases + 1, events + mark.version
        last: dict[str, Any] = {
            "made_at": moment(now_us).isoformat(timespec="seconds"), "cases": cases, "events": events,
            "sha256": digest.hexdigest(),
        }  # fmt: skip
        signature = b64encode(key.sign(_signed(last))).decode()
        file.write(_dumped({**last, "signature": signature}) + b"\n")
    return _checkpoint(path, last)


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
        is_known = first == _FIRST and list(last) == _KEYS and line == _dumped(_with(last, signature)) + b"\n"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput("audit-bad-checkpoint", what=str(path), found=type(error).__name__) from error
    if not is_known:
        raise BadInput("audit-bad-checkpoint", what=str(path), found="format")
    if not key.holds(signature, _signed(last)) or digest.hexdigest() != last["sha256"]:
        raise BadInput("audit-bad-signature", what=str(path))
    return _checkpoint(path, last)


def _checkpoint(path: Path, last: dict[str, Any]) -> Checkpoint:
    return Checkpoint(path=str(path), **{key: last[key] for key in _KEYS})


def _marks_of(store: Auditable) -> Iterator[CaseMark]:
    after = ""
    while page := store.heads(after, limit=PAGE):
        upto = page[-1].case_id
        notices, documents = (rows_by_case(store, table, after, upto) for table in ("notices", "documents"))
        for head in page:
            digest = notices_digest(
                notices.get(head.case_id, ()), documents.get(head.case_id, ()), upto=head.version
            )
            yield CaseMark(head.case_id, head.version, bytes(head.hash), digest)
        after = upto


@contextmanager
def _new(path: Path) -> Generator[IO[bytes]]:
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


def _dumped(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def make_key(path: Path) -> Path:
    """Make a key pair: the private key in the file, readable by its owner alone, the public one beside it.

    Returns:
        Where the public key is: the same name with ``.pub``.

    Raises:
        BadInput: one of the files is there already; no key is ever overwritten.
    """
    public = path.with_name(f"{path.name}.pub")
    if public.exists():
        raise BadInput("audit-file-there", what=str(public))
    key = PrivateKey(Ed25519PrivateKey.generate())
    _write_new(path, key.pem(), mode=0o600)
    _write_new(public, key.public.pem(), mode=0o644)
    return public


def read_private_key(path: Path) -> PrivateKey:
    """The private key of a file.

    Raises:
        BadInput: it cannot be read, or holds no unencrypted Ed25519 private key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput("audit-bad-key", what=str(path), found=type(error).__name__) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput("audit-bad-key", what=str(path), found=type(key).__name__)
    return PrivateKey(key)


def read_public_key(path: Path) -> PublicKey:
    """The public key of a file.

    Raises:
        BadInput: it cannot be read, or holds no Ed25519 public key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput("audit-bad-key", what=str(path), found=type(error).__name__) from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput("audit-bad-key", what=str(path), found=type(key).__name__)
    return PublicKey(key)


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise BadInput("audit-file-there", what=str(path)) from error
    with os.fdopen(handle, "wb") as file:
        file.write(data)
