"""Commands as lines of a journal: what was asked, what was acknowledged, what was refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import attrs

from caseflow import Actor, Case, Desk

UNIT = "城管局"
OFFICER, COORDINATOR = Actor("o-4", role="handler", unit=UNIT), Actor("d-1", role="coordinator")
IMPORTER, SUPERVISOR = Actor("i-1", role="importer"), Actor("v-1", role="supervisor")
BOSS, CITIZEN = Actor("l-1", role="lead_official", unit=UNIT), Actor("c-17", role="citizen")


@attrs.frozen
class Order:
    """A command with its idempotency key, which is also its text, so that it is found again.

    Attributes:
        other: of a merge, the primary.
        since: of a reply recorded late, since when it is true; of a case taken over, its true start.
    """

    key: str
    case_id: str
    action: str
    other: str = ""
    since: str = ""

    @property
    def by(self) -> Actor:
        if self.action == "merge" or (self.since and self.action != "adopt"):
            return COORDINATOR
        others = {"submit": CITIZEN, "retract_reply": BOSS, "adopt": IMPORTER, "redact": SUPERVISOR}
        return others.get(self.action, OFFICER)

    @property
    def fields(self) -> dict[str, str]:
        match self.action:
            case "submit":
                return {"title": self.key, "to": UNIT}
            case "merge":
                return {"primary": self.other, "reason": self.key}
            case "retract_reply":
                return {"reason": self.key}
        return {"text": self.key} | ({"reason": "recorded late"} if self.since else {})

    @property
    def secret(self) -> str:
        """The title of a case taken over, until it is redacted."""
        return f"secret of {self.case_id}"

    def give(self, desk: Desk) -> Case:
        if self.action == "adopt":
            return desk.adopt(
                self.case_id, by=self.by, reason=self.key, key=self.key, state="handling", unit=UNIT,
                submitted_at=self.since, citizen=CITIZEN.id, title=self.secret,
            )  # fmt: skip
        if self.action == "redact":
            return desk.redact(
                self.case_id, fields=["title"], basis="§47", by=self.by, reason=self.key, key=self.key
            )  # fmt: skip
        return desk.act(
            self.case_id, self.action, by=self.by, fields=self.fields, key=self.key,
            effective_at=self.since or None,
        )  # fmt: skip

    def is_recorded(self, desk: Desk) -> bool:
        return desk.store.recall(self.by.id, self.key) is not None


class Journal:
    """Lines appended to a file, each handed to the system before the next step: a kill loses none."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, kind: str, *data: Any) -> None:
        os.write(self._file, json.dumps([kind, *data], ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        os.close(self._file)


@attrs.frozen
class Read:
    """What a journal says."""

    asked: tuple[Order, ...]
    done: dict[str, int]
    """Key -> the case's version that was acknowledged."""
    refused: dict[str, str]
    told: tuple[tuple[str, str, str], ...]
    """Message, notice and person, for each time that one was handed on."""


def read(*paths: Path) -> Read:
    lines: list[list[Any]] = []
    for path in paths:
        whole, _, half = path.read_bytes().rpartition(b"\n")
        assert not half, "a line is written in one go"
        lines += [json.loads(line) for line in whole.splitlines()]
    return Read(
        tuple(Order(*line[1:]) for line in lines if line[0] == "asked"),
        {line[1]: line[2] for line in lines if line[0] == "done"},
        {line[1]: line[2] for line in lines if line[0] == "refused"},
        tuple((line[1], line[2], line[3]) for line in lines if line[0] == "told"),
    )
