"""What rows say where they are more than columns: texts, policies, keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from caseflow.errors import BadRecord
from caseflow.ports.records import KeyClaim, Text


def key_claim(row: tuple[Any, ...]) -> KeyClaim:
    """The idempotency key of a row of ``select_key`` or ``select_keys``."""
    actor, key, digest, case_id, first, last = row
    return KeyClaim(actor=actor, key=key, digest=digest, case_id=case_id, first=first, last=last)


def texts(version: int, fields: str) -> Iterator[Text]:
    """The texts that a row of them holds.

    Raises:
        BadRecord: it is not as it was written.
    """
    try:
        parts = [(field, salt, text) for field, (salt, text) in json.loads(fields).items()]
        if not all(type(part) is str for pair in parts for part in pair):
            raise TypeError(fields)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadRecord("bad-text", found=version) from error
    return (Text(version, field, salt, text) for field, salt, text in parts)


def policy(pin: str, text: str) -> Mapping[str, Any]:
    """The document of a policy as it was kept.

    Raises:
        BadRecord: it is no JSON object.
    """
    try:
        document: dict[str, Any] | None = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRecord("bad-policy", found=pin) from error
    if not isinstance(document, dict):
        raise BadRecord("bad-policy", found=pin)
    return document
