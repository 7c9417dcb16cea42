"""Stories: every event a dated line, aligned, in both languages, the same whoever tells it."""

from __future__ import annotations

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, SqliteStore, UnknownCase, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.i18n import Lang, event_text
from caseflow.testing import Timeline, story_of, told
from caseflow.views.labels import clock_time, padded, shortened, width

POLICY = load_policy("wuhu")
CITIZEN = Actor("c-17", role="citizen")
OFFICER = Actor("o-4", role="handler", unit="城管局")
COORDINATOR = Actor("d-1", role="coordinator")
SUPERVISOR = Actor("s-1", role="supervisor")


@pytest.fixture
def desk() -> Desk:
    desk = Desk(POLICY, MemoryStore(), clock=ManualClock("2025-01-20T09:00:00+08:00"))
    desk.submit(title="路灯不亮", to="城管局", kind="need", by=CITIZEN, case_id="c1")
    return desk


def lines(desk: Desk, lang: str = "en") -> list[str]:
    """The lines without their dates, blanks between the columns made one bar."""
    told = story_of(desk, lang="zh" if lang == "zh" else "en").lines
    return [f"{line.what} | {line.detail}" for line in told]


def test_a_story_is_aligned_text(desk: Desk) -> None:
    """Dates in the office's zone, a column for what happened, and the details."""
    desk.clock.advance(days=7)
    desk.reply("c1", text="已修复", by=OFFICER)
    assert str(story_of(desk)) == "\n".join((
        "2025-01-20 09:00  submitted           城管局, need",
        "2025-01-24 00:00  reminder            reply, 3 natural days",
        "2025-01-26 00:00  yellow card         reply, 5 natural days, last day 2025-01-25",
        "2025-01-27 09:00  replied             已修复",
    ))  # fmt: skip
    assert str(story_of(desk, lang="zh")) == "\n".join((
        "2025-01-20 09:00  提交                城管局，求助",
        "2025-01-24 00:00  提醒                答复时限，3 个自然日",
        "2025-01-26 00:00  黄牌警示            答复时限，5 个自然日，末日 2025-01-25",
        "2025-01-27 09:00  公开答复            已修复",
    ))  # fmt: skip


def test_a_line_tells_itself_to_programs(desk: Desk) -> None:
    """A line has the instant, the case, its version and the event's registered name."""
    line = story_of(desk).lines[0]
    assert (line.case_id, line.version, line.event) == ("c1", 1, "submitted")
    assert line.at_us == desk.clock.now_us()


def test_a_story_is_the_same_however_it_was_swept(desk: Desk) -> None:
    """One late sweep tells what sweeps at every hour tell."""
    late = Desk(POLICY, MemoryStore(), clock=ManualClock("2025-01-20T09:00:00+08:00"))
    late.submit(title="路灯不亮", to="城管局", kind="need", by=CITIZEN, case_id="c1")
    for _ in range(40 * 24):
        desk.clock.advance(hours=1)
        desk.sweep()
    late.clock.advance(days=40)
    late.sweep()
    assert str(story_of(late)) == str(story_of(desk))
    assert len(story_of(desk).lines) == 5


def test_an_extension_shows_what_it_added(desk: Desk) -> None:
    """The grant tells the new last day, and later cards how many days of their length were granted."""
    desk.request_extension("c1", days=2, reason="等待\n  零件", by=OFFICER)
    desk.grant_extension("c1", by=SUPERVISOR)
    desk.clock.advance(days=8)
    desk.sweep()
    assert lines(desk)[1:] == [
        "extension asked | reply, 2 days, reason: 等待 零件",
        "extension granted | reply, 2 days, last day 2025-01-27",
        "reminder | reply, 3 natural days + 2 granted",
        "yellow card | reply, 5 natural days + 2 granted, last day 2025-01-27",
    ]


def test_a_retraction_shows_the_pause(desk: Desk) -> None:
    """The time a retracted reply stood is told as a pause."""
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.clock.advance(days=1)
    desk.retract_reply("c1", reason="并未修复", by=SUPERVISOR)
    assert lines(desk)[-1] == (
        "reply retracted | reason: 并未修复, reply runs on, paused from 2025-01-20 09:00 until now"
    )


def test_a_late_fact_shows_since_when_and_what_it_annulled(desk: Desk) -> None:
    """A backdated reply tells since when it is true; each card it disproves has a line with the cause."""
    desk.clock.advance(days=8)
    desk.sweep()
    since = "2025-01-22T10:00:00+08:00"
    desk.reply("c1", text="已修复", effective_at=since, reason="补录", by=COORDINATOR)
    assert lines(desk)[-3:] == [
        "replied | 已修复, reason: 补录, true since 2025-01-22 10:00",
        "annulled | reminder of 2025-01-24 00:00, because of: replied",
        "annulled | yellow card of 2025-01-26 00:00, because of: replied",
    ]
    assert lines(desk, "zh")[-1] == "撤销 | 2025-01-26 00:00 的黄牌警示，起因：公开答复"


def test_a_clock_that_stood_back_is_told(desk: Desk) -> None:
    """A command whose clock stood before the case's last act says where it stood."""
    desk.clock.advance(hours=1)
    desk.acknowledge("c1", by=OFFICER)
    desk.clock.set("2025-01-20T08:00:00+08:00")
    desk.note("c1", text="再看", by=OFFICER)
    assert lines(desk)[-1] == "noted | 再看, by a clock that stood at 2025-01-20 08:00"


def test_several_cases_have_a_column(desk: Desk) -> None:
    """With several cases a column names the case; what happened at one instant stands in its own order."""
    desk.submit(title="同一盏灯", by=Actor("c-18", role="citizen"), case_id="案件二")
    desk.merge("案件二", primary="c1", by=COORDINATOR)
    assert str(story_of(desk)) == "\n".join((
        "2025-01-20 09:00  c1      submitted           城管局, need",
        "2025-01-20 09:00  案件二  submitted",
        "2025-01-20 09:00  案件二  merged              into c1",
        "2025-01-20 09:00  c1      followed            by 案件二",
    ))  # fmt: skip
    assert len(story_of(desk, case_ids=["c1"]).lines) == 2


def test_a_card_after_a_hand_over_names_its_unit(desk: Desk) -> None:
    """Once a case has changed hands a card tells whom it was issued to."""
    desk.transfer("c1", to="住建局", by=COORDINATOR)
    desk.clock.advance(days=6)
    desk.sweep()
    assert lines(desk)[1:] == [
        "transferred | 住建局",
        "reminder | reply, 3 natural days, 住建局",
        "yellow card | reply, 5 natural days, last day 2025-01-25, 住建局",
    ]


def test_a_text_that_is_gone_is_told_as_redacted(desk: Desk) -> None:
    """An event keeps the hash of a text; when the text is gone the story says which, and tells the rest."""
    desk.note("c1", text="内部", by=OFFICER)
    events, texts = desk.history("c1"), desk.texts("c1")
    rules = CompiledPolicy(POLICY)
    whole = told(rules, "c1", events, texts)
    assert whole.lines[-1].detail == "内部"
    assert told(rules, "c1", events, texts[:-1]).lines[-1].detail == "redacted: text"
    assert told(rules, "c1", events).lines[-1].detail == ""


def test_a_redaction_is_told_with_its_basis(desk: Desk) -> None:
    """The erasure has a line of its own, and the texts it took are redacted in theirs."""
    desk.note("c1", text="内部", by=OFFICER)
    desk.redact("c1", fields=["text"], basis="个人信息保护法 §47", reason="本人请求", by=SUPERVISOR)
    expected = ["noted | redacted: text", "texts redacted | text, 个人信息保护法 §47, reason: 本人请求"]
    assert lines(desk)[-2:] == expected
    told_by_desk = told(CompiledPolicy(POLICY), "c1", desk.history("c1"), desk.texts("c1"))
    assert told_by_desk == story_of(desk)


def test_texts_are_one_printable_line(desk: Desk) -> None:
    """Line breaks and control characters become blanks, and a long text ends in an ellipsis."""
    desk.note("c1", text="一\r\n二\t\x1b[31m三", by=OFFICER)
    desk.note("c1", text="长" * 50, by=OFFICER)
    assert lines(desk)[-2:] == ["noted | 一 二 [31m三", f"noted | {'长' * 29}…"]


def test_a_case_under_other_rules_is_told_by_each(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A card is told by the rules of its time, and the adoption tells the new last day."""
    file = tmp_path_factory.mktemp("rules") / "slow.toml"
    file.write_text(
        'extends = "wuhu"\nname = "slow"\nversion = "2"\n[[clocks.reply.rungs]]\nlevel = "yellow"\ndays = 9\n'
    )
    clock, store = ManualClock("2025-01-20T09:00:00+08:00"), MemoryStore()
    old, new = Desk(POLICY, store, clock=clock), Desk(load_policy(file), store, clock=clock)
    old.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id="c1")
    clock.advance(days=4)
    old.sweep()
    new.migrate("c1", reason="新办法", by=SUPERVISOR)
    clock.advance(days=9)
    new.sweep()
    assert lines(new)[1:] == [
        "reminder | reply, 3 natural days",
        "rules adopted | Wuhu, citizens' voices 2, reason: 新办法, reply last day 2025-01-29",
        "annulled | reminder of 2025-01-24 00:00, because of: rules adopted",
        "yellow | reply, 9 natural days, last day 2025-01-29",
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_event_has_a_word(lang: str) -> None:
    """Each registered event is called something of its own in both languages."""
    special = {"acted", "reminded", "card-issued"}  # told by the policy's own labels
    names = sorted(e.EVENTS.keys() - special)
    words = [event_text(name, "zh" if lang == "zh" else "en") for name in names]
    assert len(set(words)) == len(words)
    if lang == "zh":
        assert [name for name, word in zip(names, words, strict=True) if word.isascii()] == []


def test_a_story_of_a_stored_case_needs_no_desk(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The store's own documents of the rules suffice; a case that is not there is refused."""
    store = SqliteStore(tmp_path_factory.mktemp("store") / "cases.db")
    clock = ManualClock("2025-01-20T09:00:00+08:00")
    Desk(POLICY, store, clock=clock).submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id="c1")
    assert str(story_of(store)) == "2025-01-20 09:00  submitted           城管局"
    assert str(story_of(store, case_ids=())) == ""
    with pytest.raises(UnknownCase):
        story_of(store, case_ids=["c2"])
    store.close()


INSTANTS = {
    ("2025-01-26T00:00:00+08:00", "Asia/Shanghai"): "2025-01-26 00:00",
    ("2025-01-26T00:00:05+08:00", "Asia/Shanghai"): "2025-01-26 00:00:05",
    ("2025-01-26T00:00:00.000001+08:00", "Asia/Shanghai"): "2025-01-26 00:00",
    ("2025-10-26T00:30:00+00:00", "Europe/Berlin"): "2025-10-26 02:30+02:00",
    ("2025-10-26T01:30:00+00:00", "Europe/Berlin"): "2025-10-26 02:30+01:00",
    ("2025-10-26T02:30:00+00:00", "Europe/Berlin"): "2025-10-26 03:30",
}


@pytest.mark.parametrize(("instant", "zone"), INSTANTS)
def test_an_instant_is_no_finer_than_it_must_be(instant: str, zone: str) -> None:
    """Seconds are shown where they are not zero, parts of one never, the offset where an hour comes twice."""
    assert clock_time(ManualClock(instant).now_us(), zone) == INSTANTS[instant, zone]


def test_wide_characters_take_two_columns() -> None:
    """Padding and shortening count columns, not characters; a combining mark takes none."""
    assert [width(text) for text in ("ab", "路灯", "é")] == [2, 4, 1]
    assert padded("路", 4) == "路  "
    assert [shortened("路灯不亮", n) for n in (8, 7, 6, 5)] == ["路灯不亮", "路灯不…", "路灯…", "路灯…"]


HANGING = {
    "en": (
        "7 natural days before yellow card",
        "30 natural days after yellow card",
        "50 % of resolution late",
    ),
    "zh": ("“黄牌警示”前 7 个自然日", "“黄牌警示”后 30 个自然日", "“解决逾时”期限的 50%"),
}
"""Language -> how a length before another rung, one after it, and a share of one are told."""


@pytest.mark.parametrize("lang", HANGING)
def test_a_rung_that_hangs_on_another_says_on_which(lang: Lang) -> None:
    """The other rung is named in the same language."""
    before, after, share = HANGING[lang]
    timeline = Timeline("rectification", start="2025-03-03 09:00", lang=lang)
    case = timeline.submit("路灯", kind="recurring", to="城管局")
    fields = {"measure": "更换灯具", "owner": "城管局", "due": "2025-04-30"}
    timeline.act(case, "set_measure", fields=fields, by="lead_official")
    timeline.advance(to="2025-06-03 09:00")
    assert before in str(timeline.story(case)) and after in str(timeline.story(case))

    timeline = Timeline("itil-8x5", start="2025-03-07 15:00", lang=lang)
    timeline.submit("路灯", kind="incident", urgency="P2", to="Messaging")
    timeline.advance(to="2025-03-10 14:00")
    assert share in str(timeline.story())
