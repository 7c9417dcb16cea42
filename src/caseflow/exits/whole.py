"""How a table or an XES log carries what an import needs: each event's own bytes, and the policies.

Both are for other readers; an import finds in them the same objects that a line of `caseflow.exits.jsonl`
holds, but for texts, notices, documents and keys.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from caseflow.exits.jsonl import FORMAT, KIND

Object = tuple[int, dict[str, Any], tuple[bytes, ...]]
"""The number of a line, what it says, and of a case the bytes of its events."""
HEAD: dict[str, Any] = {"caseflow": KIND, "format": FORMAT, "texts": False}
"""What the first line of such a file would be."""
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot carry."""


def shown(body: bytes) -> str:
    """An event's bytes as text: themselves, which are a line of JSON, or base64 of any others."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    is_line = text.startswith("{") and text.isprintable()
    return text if is_line else b64encode(body).decode()


def case_object(
    case_id: str, shown_bodies: Sequence[str], head: str
) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """A case as a line would say it, and the bytes of its events.

    Raises:
        ValueError: a body is neither JSON nor base64.
    """
    bodies = tuple(_bytes_of(found) for found in shown_bodies)
    events = [json.loads(body) if body.startswith(b"{") else "" for body in bodies]
    return {"case": case_id, "events": events, "head": head}, bodies


def _bytes_of(found: str) -> bytes:
    return found.encode() if found.startswith("{") else b64decode(found, validate=True)
