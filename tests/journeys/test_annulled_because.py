"""An annulled card names what annulled it."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.views.story import told

POLICY = """
extends = "wuhu"
name = "calls"
[actions.call_back]
moves = { open = "=" }
roles = ["supervisor"]
labels = { zh = "电话答复", en = "answered by telephone" }
[clocks.reply]
stop = ["reply", "call_back"]
"""


@pytest.mark.parametrize(("lang", "label"), [("en", "answered by telephone"), ("zh", "电话答复")])
def test_an_own_action_that_annuls_a_card_is_named(tmp_path: Path, lang: str, label: str) -> None:
    """The card keeps the action's name, and its story the label that people read."""
    (tmp_path / "calls.toml").write_text(POLICY, encoding="utf-8")
    rules = load_policy(tmp_path / "calls.toml")
    desk = Desk(rules, MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.act("c1", "submit", by=Actor("z-1", role="citizen"), fields={"title": "灯"})
    desk.clock.advance(days=10)
    desk.sweep()
    desk.act(
        "c1", "call_back", by=Actor("s-1", role="supervisor"), fields={"reason": "当日已电话答复"},
        effective_at="2025-03-04T09:30:00+08:00",
    )  # fmt: skip
    assert {card.annulled_because for card in desk.get("c1").cards} == {"call_back"}
    lines = str(told(desk.rules, "c1", desk.history("c1"), lang=lang)).splitlines()
    assert sum(label in line for line in lines) > 1  # where it was taken, and where the cards were annulled
