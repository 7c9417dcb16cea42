"""Drawings of a case: valid, escaped, complete, and legible."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from caseflow.core.time.instants import DAY, HOUR, micros
from caseflow.testing import Timeline
from caseflow.views.labels import width
from caseflow.views.timeline_svg import TimeAxis

MONDAY = "2025-01-20T09:00:00+08:00"
SVG = "{http://www.w3.org/2000/svg}"
LAWS = Path(__file__).parents[1] / "laws" / "policy.toml"


def long_life(lang: str = "en") -> Timeline:
    """A reply retracted, a hand-over, two cards, and one still to come."""
    timeline = Timeline("wuhu", start=MONDAY, lang="zh" if lang == "zh" else "en")
    case = timeline.submit("路灯不亮", kind="complaint", case_id="c1")
    timeline.advance(hours=3)
    timeline.acknowledge(case)
    timeline.route(case, "城管局")
    timeline.advance(hours=5)
    timeline.take_charge(case)
    timeline.advance(days=11)
    timeline.reply(case, "秘密的答复")
    timeline.advance(days=2)
    timeline.retract_reply(case, reason="未修复")
    timeline.advance(days=2)
    timeline.transfer(case, "住房和城乡建设局")
    timeline.advance(days=5)
    return timeline


def annulled() -> Timeline:
    """Cards that a late fact disproved, and a second cycle."""
    timeline = Timeline("wuhu", start=MONDAY)
    case = timeline.submit("x", to="城管局", case_id="c1")
    timeline.advance(days=8)
    since = "2025-01-23T10:00:00+08:00"
    timeline.reply(case, "x", effective_at=since, reason="补录", by="coordinator")
    timeline.close(case)
    timeline.advance(days=1)
    timeline.reopen(case, reason="又坏了")
    timeline.advance(days=6)
    return timeline


def many_clocks() -> Timeline:
    """Five clocks at once, one of them paused."""
    timeline = Timeline(LAWS, start="2025-03-03T09:00:00+08:00")
    case = timeline.submit("x", to="城管局", case_id="c1")
    timeline.advance(days=2)
    timeline.add_co_handler(case, "水务集团")
    timeline.request_information(case, by="importer")
    timeline.advance(days=6)
    timeline.receive_information(case, by="importer")
    timeline.advance(days=12)
    return timeline


def in_an_hour() -> Timeline:
    """Answered and closed within the hour."""
    timeline = Timeline("wuhu", start=MONDAY)
    case = timeline.submit("x", to="城管局", case_id="c1")
    timeline.advance(minutes=30)
    timeline.reply(case, "x")
    timeline.advance(minutes=20)
    timeline.close(case)
    return timeline


def just_begun() -> Timeline:
    """Nothing but the submission."""
    timeline = Timeline("wuhu", start=MONDAY)
    timeline.submit("x", case_id="c1")
    return timeline


LIVES = {made.__name__: made for made in (long_life, annulled, many_clocks, in_an_hour, just_begun)}


def words(svg: str) -> list[tuple[str, float, float, float, int]]:
    """Every text with its baseline, its left and right end, and its size."""
    labels = []
    for text in ET.fromstring(svg).iter(f"{SVG}text"):
        content = (text.text or "") + "".join(part.tail or "" for part in text)
        size = int(text.get("font-size", "0"))
        wide = width(content) * size * 0.55
        x, y = float(text.get("x", "0")), float(text.get("y", "0"))
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[text.get("text-anchor", "start")]
        labels.append((content, y, left, left + wide, size))
    return labels


@pytest.mark.parametrize("name", LIVES)
def test_a_drawing_is_valid_and_its_labels_stand_apart(name: str) -> None:
    """Well-formed XML; no two texts touch, and all lie inside the page."""
    svg = LIVES[name]().svg("c1")
    root = ET.fromstring(svg)
    wide, high = float(root.get("width", "0")), float(root.get("height", "0"))
    labels = words(svg)
    assert len(labels) > 5
    for content, y, left, right, size in labels:
        assert left >= 0 and right <= wide and size <= y <= high, content
    rows: dict[float, list[tuple[float, float, str]]] = {}
    for content, y, left, right, _ in labels:
        rows.setdefault(round(y), []).append((left, right, content))
    for row in rows.values():
        for (_, right, one), (left, _, other) in pairwise(sorted(row)):
            assert right <= left + 4, f"{one} touches {other}"


def test_a_drawing_says_everything_once() -> None:
    """States, units, pauses, cards and what is to come have their words, in the language asked for."""
    timeline = long_life("zh")
    labels = [text for text, *_ in words(timeline.svg("c1"))]
    for text in ("办理中", "城管局", "住房和城乡建设局", "答复时限", "暂停", "现在", "尚未到期"):
        assert text in labels, text
    assert [text for text in labels if re.search(r"\d\d-\d\d$", text) and not text[0].isdigit()] == [
        "提醒 01-24", "黄牌警示 01-26", "红牌督办 02-07", "催办通知单 02-22",
    ]  # fmt: skip
    assert "yellow card 01-26" in [text for text, *_ in words(timeline.svg("c1", lang="en"))]


def test_a_drawing_is_read_to_who_cannot_see_it() -> None:
    """Title and description tell the case's story, and no personal text stands in either."""
    svg = long_life().svg("c1")
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "c1: routed"
    description = root.findtext(f"{SVG}desc") or ""
    assert "2025-01-26 00:00  yellow card" in description
    assert "秘密的答复" not in svg and "未修复" not in svg


def test_marks_show_what_became_of_a_rung() -> None:
    """Fired cards are filled, those to come hollow and dashed, annulled ones struck out."""
    svg = annulled().svg("c1")
    groups = ET.fromstring(svg).findall(f"{SVG}g")
    by_title = {group.findtext(f"{SVG}title") or "": group for group in groups}
    struck = [title for title, group in by_title.items() if group.find(f"{SVG}line") is not None and title]
    assert struck == ["reminder: 2025-01-24 00:00, annulled", "yellow card: 2025-01-26 00:00, annulled"]
    fired = by_title["yellow card: 2025-02-04 00:00, issued"].find(f"{SVG}rect")
    ahead = by_title["red card: 2025-02-14 00:00, still to come"].find(f"{SVG}rect")
    assert fired is not None and ahead is not None
    assert (fired.get("fill"), ahead.get("fill")) == ("#f2b705", "#ffffff")
    assert ahead.get("stroke-dasharray") and not fired.get("stroke-dasharray")


def test_names_are_escaped() -> None:
    """Names with the signs of XML and Mermaid draw as themselves, and break neither."""
    timeline = Timeline("wuhu", start=MONDAY)
    case = timeline.submit("x", to="<script>&'\"", case_id="a:b;<c>#1")
    timeline.transfer(case, "b]]>")
    timeline.advance(days=1)
    svg, chart = timeline.svg(case), timeline.mermaid(case)
    assert "<script>" not in svg
    assert "a:b;<c>#1" in [text for text, *_ in words(svg)]
    assert "title a b <c> 1" in chart


def test_a_chart_for_mermaid() -> None:
    """States, then each clock as bars, pauses, and rungs as milestones at their instants."""
    lines = long_life().mermaid("c1").splitlines()
    assert lines[:5] == [
        "gantt",
        "    title c1",
        "    dateFormat YYYY-MM-DDTHH:mm:ss",
        "    axisFormat %m-%d",
        "    section states",
    ]
    assert lines[lines.index("    section reply") + 1 :] == [
        "    reply :active, 2025-01-20T09:00:00, 2025-02-09T17:00:00",
        "    pause :2025-01-31T17:00:00, 2025-02-02T17:00:00",
        "    reminder :done, milestone, 2025-01-24T00:00:00, 0d",
        "    yellow card :crit, milestone, 2025-01-26T00:00:00, 0d",
        "    red card :crit, milestone, 2025-02-07T00:00:00, 0d",
        "    urging notice :milestone, 2025-02-22T00:00:00, 0d",
    ]
    assert "    yellow card (annulled) :crit, milestone, 2025-01-26T00:00:00, 0d" in annulled().mermaid("c1")
    bar = re.compile(r"    [^:;#]+ :([a-z]+, )*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d), (0d|\d{4}-.*)")
    heads = ("gantt", "    title", "    dateFormat", "    axisFormat", "    section")
    for name in LIVES:
        for line in LIVES[name]().mermaid("c1").splitlines():
            assert bar.fullmatch(line) or line.startswith(heads), line


@pytest.mark.parametrize("span", [HOUR, 5 * HOUR, DAY, 4 * DAY, 30 * DAY, 400 * DAY, 4000 * DAY])
def test_dates_stand_apart_at_every_scale(span: int) -> None:
    """From an hour to a decade some dates stand below, in order, with room between them."""
    begin = micros(MONDAY)
    ticks = list(TimeAxis(begin, begin + span, 100, 900, "Asia/Shanghai").ticks())
    assert 1 <= len(ticks) <= 16
    for (x, text), (other, _) in pairwise(ticks):
        assert other - x >= len(text) * 6.2 / 2
