"""Who appears in the journeys, and short ways to look at what became of a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Policy, Refused, load_policy
from caseflow.core.model.case import Card
from caseflow.core.time.instants import moment
from caseflow.errors import Refusal

CITIZEN = Actor("c-17", role="citizen")
OFFICER = Actor("o-4", role="handler", unit="城管局")
BOSS = Actor("l-1", role="lead_official", unit="城管局")
NEIGHBOUR = Actor("o-9", role="handler", unit="水务局")
COORDINATOR = Actor("d-1", role="coordinator")
SUPERVISOR = Actor("s-1", role="supervisor")
IMPORTER = Actor("i-1", role="importer")
MONDAY = "2025-03-03T09:30:00+08:00"
FILE = {"reference": "files/1", "sha256": "ab" * 32, "size": 7, "media_type": "image/png", "name": "照片.png"}


def policy(folder: Path, text: str, name: str = "mine.toml") -> Policy:
    """``wuhu`` with that text laid over it."""
    file = folder / name
    file.write_text(f'extends = "wuhu"\nname = "mine"\n{text}', encoding="utf-8")
    return load_policy(file)


def desk_of(rules: Policy, now: str = MONDAY) -> Desk:
    return Desk(rules, MemoryStore(), clock=ManualClock(now))


def submitted(desk: Desk, case_id: str = "c1", **fields: str) -> Case:
    """The citizen's inquiry about a street light, routed to 城管局 at once unless told otherwise."""
    given = {"title": "路灯不亮", "to": "城管局", **fields}
    return desk.submit(by=CITIZEN, case_id=case_id, **given)  # type: ignore[arg-type]  # texts alone


def told(cards: tuple[Card, ...]) -> list[str]:
    """``level @ day`` of each, with the time where it is not midnight, and ``-`` before annulled ones."""
    return [
        ("" if card.stands else "-") + f"{card.level} @ {short(card.effective_at.isoformat())}"
        for card in cards
    ]


def short(instant: str) -> str:
    return instant.removeprefix("2025-").removesuffix("+08:00").removesuffix("T00:00:00")


def dues(case: Case, clock: str = "reply") -> list[str]:
    """The first late instants of the clock's newest instance, as `told` writes them."""
    run = case.latest(clock)
    assert run is not None
    return ["-" if due is None else short(moment(due, case.origin.zone).isoformat()) for due in run.dues]


def refused(
    desk: Desk, case_id: str, action: str, by: Actor, *, effective_at: str | None = None, **fields: object
) -> Refusal:
    """The refusal of an action; it must leave the case as it was."""
    before, history = desk.get(case_id), desk.history(case_id)
    with pytest.raises(Refused) as caught:
        desk.act(case_id, action, by=by, fields=fields, effective_at=effective_at)
    assert (desk.get(case_id), desk.history(case_id)) == (before, history)
    return caught.value.refusal
