"""An append with everything written down that can be before the transaction begins."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from caseflow.chain import link
from caseflow.codec import encode, pack
from caseflow.core.values import Value, value
from caseflow.errors import StoreError
from caseflow.outbox import Draft, Notice
from caseflow.ports import NEVER, Append, Text

_encode = json.JSONEncoder(ensure_ascii=False).encode  # made once: `json.dumps` would make one a call


@value
class Prepared(Value):
    """The rows of an append, but for what only the transaction knows: hashes and numbers."""

    entry: Append
    snapshot: bytes
    bodies: tuple[bytes, ...]
    texts: tuple[tuple[str, int, str], ...]
    notices: tuple[tuple[Notice, str], ...] = ()
    documents: tuple[tuple[Draft, str], ...] = ()

    @property
    def case_row(self) -> tuple[Any, ...]:
        """The case's values but head and id, in the order of its statements."""
        case = self.entry.case
        due = case.next_due_us
        return (
            case.version, case.state, case.unit, case.citizen, due, NEVER if due is None else due,
            case.deadline_us, case.waits_from, self.snapshot,
        )  # fmt: skip

    def chained(self, head: bytes) -> list[tuple[str, int, bytes, bytes]]:
        """The rows of the events: case, version, body, hash; the chain goes on from the head."""
        case_id, rows = self.entry.case.id, []
        for version, body in enumerate(self.bodies, self.entry.expected + 1):
            head = link(head, case_id, version, body)
            rows.append((case_id, version, body, head))
        return rows


def prepared(entry: Append) -> Prepared:
    """The append, written down."""
    case_id, by_version = entry.case.id, dict[int, dict[str, tuple[str, str]]]()
    for text in entry.texts:
        by_version.setdefault(text.version, {})[text.field] = (text.salt, text.text)
    texts = [(case_id, version, as_json(fields)) for version, fields in by_version.items()]
    bodies = [encode(event) for event in entry.events]
    return Prepared(
        entry, pack(entry.case), tuple(bodies), tuple(texts),
        tuple([(notice, as_json(notice.body)) for notice in entry.notices]),
        tuple([(draft, as_json(draft.body)) for draft in entry.documents]),
    )  # fmt: skip


def as_json(found: Mapping[str, Any]) -> str:
    """JSON text, Chinese as it is."""
    return _encode(found)


def texts_in(version: int, fields: str) -> Iterator[Text]:
    """The texts that a row of them holds.

    Raises:
        StoreError: it is not as it was written.
    """
    try:
        found = [(field, salt, text) for field, (salt, text) in json.loads(fields).items()]
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreError("bad-text", found=version) from error
    return (Text(version, *one) for one in found)
