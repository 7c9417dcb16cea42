"""Signatures of webhooks as Standard Webhooks has them, with several secrets while one replaces another."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from caseflow.errors import BadInput

_PREFIX = "whsec_"


def secret_bytes(secret: str) -> bytes:
    """The key in a secret such as ``whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw``; the prefix may be missing.

    Raises:
        BadInput: it is not base64 of 24 to 64 bytes, which is what the specification asks for.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise BadInput("bad-secret", what="secret", found=f"{len(key)}")
    return key


def signature_headers(id: str, body: bytes, *, seconds: int, keys: Sequence[bytes]) -> dict[str, str]:
    """``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` of a body.

    Args:
        id: the message's; the same for every attempt.
        seconds: epoch seconds of this attempt.
        keys: one signature for each, in their order: a receiver that knows any of them is content.
    """
    signed = f"{id}.{seconds}.".encode() + body
    made = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{text}" for text in made),
    }
