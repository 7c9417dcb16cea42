"""Ed25519 keys of checkpoints, as PEM files. The only module that imports `cryptography`."""

from __future__ import annotations

import os
from pathlib import Path

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

from caseflow.errors import BadInput


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
