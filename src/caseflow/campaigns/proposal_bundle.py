"""What is handed to the drafting group: selected proposals with their texts and where each comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from caseflow.core.value import Value
from caseflow.desk.desk import Desk
from caseflow.errors import BadInput


class Entry(Value):
    """One proposal of a bundle: a line of the file.

    Attributes:
        messages: the ids of all messages that it comes from, in the order in which they were merged.
    """

    proposal: str
    summary: str
    messages: tuple[str, ...]


class ProposalBundle(Value):
    """A bundle as it was written: what `hand_over` of the campaign and of each proposal records.

    Attributes:
        sha256: of the file.
        proposals: how many it holds; messages: how many they come from.
    """

    sha256: str
    proposals: int
    messages: int


def write_bundle(desk: Desk, proposals: Iterable[str], path: Path) -> ProposalBundle:
    """Write selected proposals as JSON Lines in UTF-8, in the order given. No citizen is named in it.

    Raises:
        BadInput: a proposal is not selected.
    """
    hashed, count, messages, encode = hashlib.sha256(), 0, 0, msgspec.json.Encoder().encode
    with path.open("wb") as file:
        for case_id in proposals:
            case = desk.get(case_id)
            if case.state != "selected":
                raise BadInput("bad-option", what="proposals", found=f"{case_id}, which is {case.state}")
            texts = {text.field: text.text for text in desk.texts(case_id) if not text.is_redacted}
            links = tuple(link.case for link in case.facts.links if link.type == "part-of" and link.inward)
            entry = Entry(case_id, texts.get("summary", ""), links)
            line = encode(entry) + b"\n"
            file.write(line)
            hashed.update(line)
            count, messages = count + 1, messages + len(links)
    return ProposalBundle(hashed.hexdigest(), count, messages)


def read_bundle(path: Path, sha256: str) -> tuple[Entry, ...]:
    """The proposals of a bundle whose hash the campaign recorded.

    Raises:
        BadInput: the file has another hash.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BadInput("bad-option", what="bundle", found=f"{path.name}, whose hash is another")
    return tuple(msgspec.json.decode(line, type=Entry) for line in data.splitlines())
