"""What is held back arrives as it was given; what a test is written from runs; wrong arguments are told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from caseflow import BadInput, Stale, UnknownCase
from caseflow.testing import Timeline

OWN_FIELD = """
extends = "wuhu"
name = "visits"

[actions.visit]
moves = { open = "=" }
roles = ["handler"]

[actions.visit.fields]
place = { type = "string" }
when = { type = "instant" }
"""


def test_what_was_held_back_keeps_its_own_instant_key_and_version() -> None:
    """An instant that was given goes before that of the asking; the key makes a repeat harmless."""
    timeline = Timeline(start="2025-01-20 09:00")
    case = timeline.submit("路灯不亮", to="城管局")
    timeline.advance(days=10)
    with timeline.held_back() as late:
        timeline.reply(
            case, "已修复", by="coordinator", effective_at="2025-01-25 09:00", reason="纸质", key="f"
        )
    late.deliver()
    assert timeline.cards(case) == ()
    version = timeline.case(case).version
    timeline.reply(case, "已修复", by="coordinator", effective_at="2025-01-25 09:00", reason="纸质", key="f")
    assert timeline.case(case).version == version
    with timeline.held_back() as wrong:
        timeline.note(case, "x", expected_version=999)
    with pytest.raises(Stale):
        wrong.deliver()


def test_an_instant_among_the_fields_is_written_and_told(tmp_path: Path) -> None:
    """The story shows it in the office's zone, and the test that is written runs."""
    path = tmp_path / "visits.toml"
    path.write_text(OWN_FIELD, encoding="utf-8")
    timeline = Timeline(path, start="2025-09-26 08:00")
    case = timeline.submit("t", to="城管局")
    timeline.act(case, "visit", fields={"place": "桥", "when": datetime(2025, 9, 26, 1, tzinfo=UTC)})
    assert "when 2025-09-26 09:00" in str(timeline.story())
    names: dict[str, Any] = {}
    exec(timeline.as_test(), names)
    names["test_timeline"]()


@pytest.mark.parametrize("store", [5, lambda: None, "cases.db"])
def test_what_is_no_store_is_said_so(store: Any) -> None:
    """A wrong store is named, and not found out by its first use."""
    with pytest.raises(BadInput) as caught:
        Timeline(store=store)
    assert caught.value.code == "no-store"
    assert "存储" in caught.value.text("zh")


def test_a_wrong_case_or_language_is_said_so() -> None:
    """Wherever one is asked for."""
    timeline: Any = Timeline()
    case = timeline.submit("t")
    for ask in (timeline.story, timeline.svg, timeline.mermaid):
        with pytest.raises(UnknownCase):
            ask(5)
        with pytest.raises(BadInput) as caught:
            ask(case, lang="de")
        assert caught.value.text("zh") == "lang：de；应为 en, zh 之一"
    with pytest.raises(BadInput) as beside:
        timeline.advance(days=1, to="2026-01-01")
    assert beside.value.text("zh") == "days 不能与 to= 同用"
