"""What people read: no microsecond, no key of a policy, and in Chinese no English word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.i18n import Lang
from caseflow.testing import story_of
from caseflow.views.lifeline import Lifeline, lifeline
from caseflow.views.mermaid import diagram, gantt
from caseflow.views.timeline_svg import drawing
from tests.delivery.people import Kept, relay_of

CITIZEN = Actor("c-17", role="citizen")
OFFICER = Actor("o-4", role="handler", unit="城管局")
SUPERVISOR = Actor("s-1", role="supervisor")
LANGS: tuple[Lang, ...] = ("zh", "en")
POLICY = """
extends = "wuhu"
name = "inspecting"
version = "1"
labels = { zh = "查看规则", en = "inspections" }
[actions.inspect]
moves = { open = "=" }
roles = ["handler"]
labels = { zh = "现场查看", en = "inspection" }
source = "本政策"
[actions.inspect.fields.seen_at]
type = "instant"
labels = { zh = "查看时间", en = "seen" }
[actions.inspect.fields.is_urgent]
type = "bool"
labels = { zh = "紧急", en = "urgent" }
[actions.inspect.fields.with_whom]
type = "names"
labels = { zh = "随行", en = "with" }
[actions.inspect.fields.remark]
type = "text"
labels = { zh = "备注", en = "remark" }
[clocks.reply]
rungs = [
  { level = "red", days = 15, then = "close", labels = { zh = "红牌督办", en = "red card" } },
  { level = "urge", days = 30, document = "催办通知单", labels = { zh = "催办通知单", en = "notice" } },
]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A case with everything in it, by a clock that has microseconds as a real one has."""
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    clock = ManualClock("2025-02-24T09:30:12.345678+08:00")
    desk = Desk(load_policy(tmp_path / "policy.toml"), MemoryStore(), clock=clock)
    desk.submit(title="路灯不亮", body="三天了", to="城管局", kind="need", by=CITIZEN, case_id="案一")
    desk.take_charge("案一", by=OFFICER)
    desk.request_information("案一", text="哪一盏", by=OFFICER)
    clock.advance(hours=5)
    desk.receive_information("案一", text="东门", by=OFFICER)
    inspected = {
        "seen_at": clock.now_us(),
        "is_urgent": True,
        "with_whom": ["张三", "李四"],
        "remark": "灯坏",
    }
    desk.act("案一", "inspect", fields=inspected, by=OFFICER)
    desk.request_extension("案一", days=2, reason="等待配件", by=OFFICER)
    desk.grant_extension("案一", by=SUPERVISOR)
    clock.set("2025-04-02T10:00:03.000123+08:00")
    desk.sweep()
    (document,) = desk.documents("案一")
    desk.sign_receipt("案一", document=document.draft.id, by=OFFICER)
    desk.redact("案一", fields=["body", "remark"], basis="个人信息保护法", reason="本人请求", by=SUPERVISOR)
    clock.advance(days=1)
    return desk


def life_of(desk: Desk, lang: Lang) -> Lifeline:
    return lifeline(desk.rules_of("案一"), desk.get("案一"), desk.history("案一"), lang=lang)


def pages(desk: Desk, lang: Lang) -> dict[str, str]:
    """Everything that is written for people about the case, by what it is; marks and styles left out."""
    life = life_of(desk, lang)
    (document,) = desk.documents("案一")
    letter = desk.document_html("案一", document.draft.id, lang=lang)
    svg = drawing(life, story=str(story_of(desk, lang=lang)), lang=lang)
    chart = [
        line.partition(" :")[0] for line in gantt(life, lang=lang).splitlines()[1:] if "Format" not in line
    ]
    return {
        "story": str(story_of(desk, lang=lang)),
        "letter": re.sub(r"<style>.*?</style>|<[^>]*>|&\w+;", "", letter, flags=re.DOTALL),
        "svg": re.sub(r"<[^>]*>", "", svg),
        "gantt": "\n".join(line.replace("title", "").replace("section", "") for line in chart),
    }


@pytest.mark.parametrize("lang", LANGS)
def test_no_part_of_a_second_is_shown(desk: Desk, lang: Lang) -> None:
    """The clock had them; no page has."""
    for name, text in pages(desk, lang).items():
        assert not re.search(r":\d\d\.\d", text), name
    assert "2025-02-24 09:30:12" in pages(desk, lang)["story"]


def test_chinese_pages_have_no_english_word(desk: Desk) -> None:
    """Neither a key of the policy nor a word of ours."""
    for name, text in pages(desk, "zh").items():
        assert re.findall(r"[A-Za-z_]{2,}", text) == [], name


def test_chinese_pages_have_chinese_marks(desk: Desk) -> None:
    """What is put together is joined as Chinese is written; a clock's colon stands between digits alone."""
    for name, text in pages(desk, "zh").items():
        assert re.findall(r"[\u3400-\u9fff）][,;:?!(][^\n]?|[,;?!)][\u3400-\u9fff]", text) == [], name


def test_no_key_is_on_an_english_page(desk: Desk) -> None:
    """Keys are told by their underscores; labels have none."""
    for name, text in pages(desk, "en").items():
        assert re.findall(r"\w+_\w+", text) == [], name


def test_a_story_names_fields_documents_and_what_was_not_done(desk: Desk) -> None:
    """An action's own fields by their labels, a document by its card, a skipped action with the reason."""
    details = {line.what: line.detail for line in story_of(desk, lang="zh").lines}
    assert details["现场查看"] == "查看时间 2025-02-24 14:30:12，紧急 是，随行 张三、李四，已删除：备注"
    assert details["签收文书"] == "2025-03-29 00:00 的催办通知单"
    assert details["红牌督办"].endswith("未自动结案：当前状态不允许")
    assert details["删除个人文本"] == "正文，备注，个人信息保护法，理由：本人请求"


def test_a_letter_is_dated_to_the_minute(desk: Desk) -> None:
    """The receipt strip says when it was signed for, without seconds."""
    assert "已于 2025-04-02 10:00 由 城管局 签收" in pages(desk, "zh")["letter"]


def test_messages_are_words(desk: Desk) -> None:
    """What the relay hands to notifiers: no part of a second, and in Chinese nothing but Chinese."""
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert len(kept.got) > 3
    for delivery in kept.got:
        message = f"{delivery.subject} {delivery.text}".replace(delivery.person.name, "")
        assert not re.search(r":\d\d\.\d", message)
        assert re.findall(r"[A-Za-z_]{2,}", message) == []


def test_stages_of_a_diagram_have_their_names() -> None:
    """Boxes by stage, in the language of everything else in them."""
    policy = load_policy("wuhu")
    boxes = re.findall(r'state "(.*?)" as stage_', diagram(policy, lang="zh"))
    assert boxes == ["问事", "办理", "评价", "整改", "已结束"]
    assert re.findall(r'state "(.*?)" as stage_', diagram(policy))[:2] == ["inquiry", "handling"]


def test_a_text_is_named_by_its_own_action(desk: Desk, tmp_path: Path) -> None:
    """A field of an action that is called like a built-in text lends it no label."""
    (tmp_path / "other.toml").write_text(
        POLICY.replace('name = "inspecting"', 'name = "other"').replace("fields.remark", "fields.text"),
        "utf-8",
    )
    other = Desk(load_policy(tmp_path / "other.toml"), MemoryStore(), clock=desk.clock)
    other.submit(title="井盖", to="城管局", by=CITIZEN, case_id="案二")
    other.act("案二", "inspect", fields={"text": "松动"}, by=OFFICER)
    other.note("案二", text="再看", by=OFFICER)
    other.redact("案二", fields=["text"], basis="法", reason="请求", by=SUPERVISOR)
    details = [line.detail for line in story_of(other, lang="zh").lines]
    assert details[1:] == ["已删除：备注", "已删除：内容", "内容，法，理由：请求"]
