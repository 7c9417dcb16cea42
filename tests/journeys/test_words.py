"""What is said in public says something; what must be given is given; what was never given was not erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import ELSEWHERE, Actor, Desk, ManualClock, MemoryStore, Refused, load_policy
from caseflow.core.engine.fields import has_word
from caseflow.delivery.renderer import CaseContext, Recipient, TemplateContext
from caseflow.interchange.log_replay import replay
from caseflow.ports import Person
from caseflow.testing.timeline.stored_story import story_of

CITIZEN = Actor("c", role="citizen")
OFFICER = Actor("o", role="handler", unit="A局")
COORDINATOR = Actor("d", role="coordinator")
SUPERVISOR = Actor("s", role="supervisor")
IMPORTER = Actor("i", role="importer")
SUBMITTED = "2025-03-01T09:00:00+08:00"
WORDLESS = ("", " \n\u3000", "……!?", "\u200b\u2060", "\u3164", "－—", "\u0301")


@pytest.fixture
def desk() -> Desk:
    return Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))


def submitted(desk: Desk, **fields: object) -> str:
    return desk.act("c", "submit", by=CITIZEN, fields={"to": "A局", **fields}).id


@pytest.mark.parametrize(("text", "says"), [*((text, False) for text in WORDLESS), ("好", True), ("1", True)])
def test_a_word_is_a_letter_a_character_or_a_figure(text: str, says: bool) -> None:
    """Blanks, punctuation and what nobody sees say nothing."""
    assert has_word(text) is says


@pytest.mark.parametrize("action", ["reply", "placeholder"])
@pytest.mark.parametrize("text", [None, *WORDLESS])
def test_a_public_reply_without_a_word_is_refused(desk: Desk, action: str, text: str | None) -> None:
    """Nothing is recorded, and the clock runs on."""
    submitted(desk, title="路灯")
    before = desk.get("c")
    with pytest.raises(Refused) as caught:
        desk.act("c", action, by=OFFICER, fields={"text": text})
    assert caught.value.code == ("text-without-word" if text else "field-missing")
    assert desk.get("c") == before


def test_a_completion_may_be_without_a_text_but_not_without_a_word(desk: Desk) -> None:
    """The completion itself is public enough; a text that says nothing is not."""
    submitted(desk, title="路灯")
    desk.reply("c", text="已修复", by=OFFICER)
    with pytest.raises(Refused, match="a text without a word"):
        desk.complete("c", text="……", by=OFFICER)
    assert desk.complete("c", by=OFFICER).state == "evaluation"


def test_a_required_reason_says_something(desk: Desk) -> None:
    """So does the reason for recording a fact late, and that of a takeover."""
    submitted(desk, title="路灯")
    desk.clock.advance(days=1)
    with pytest.raises(Refused) as caught:
        desk.send_back("c", reason="——", by=OFFICER)
    assert caught.value.code == "text-without-word"
    with pytest.raises(Refused) as caught:
        desk.acknowledge("c", reason="。", effective_at="2025-03-03T18:00:00+08:00", by=COORDINATOR)
    assert caught.value.code == "text-without-word"
    with pytest.raises(Refused) as caught:
        desk.adopt("old", state="handling", submitted_at=SUBMITTED, reason=" . ", by=IMPORTER)
    assert caught.value.code == "field-missing"


def test_a_policy_may_require_any_field_of_an_action(tmp_path: Path) -> None:
    """A title is required, and one of blanks is none; a blank unit is none either."""
    file = tmp_path / "mine.toml"
    required = '[actions.submit]\nrequired = ["title", "kind"]\n[actions.note]\nrequired = ["text"]\n'
    file.write_text(f'extends = "wuhu"\nname = "mine"\n{required}', encoding="utf-8")
    desk = Desk(load_policy(file), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    with pytest.raises(Refused) as caught:
        submitted(desk)
    assert (caught.value.code, caught.value.refusal.missing) == ("field-missing", ("kind", "title"))
    with pytest.raises(Refused) as caught:
        submitted(desk, title=" ", kind="need")
    assert caught.value.code == "text-without-word"
    submitted(desk, title="路灯", kind="need")
    with pytest.raises(Refused) as caught:
        desk.act("c", "note", by=OFFICER)
    assert caught.value.refusal.missing == ("text",)
    with pytest.raises(Refused) as caught:
        desk.transfer("c", to="  ", by=COORDINATOR)
    assert caught.value.refusal.missing == ("to",)


def words(desk: Desk, topic: str, name: str) -> str:
    """What a message to a person says in that place."""
    case, store = desk.get("c"), desk.store
    row = next(row for row in store.notices(case_id="c") if row.notice.topic == topic)
    texts, now = store.texts("c"), desk.clock.now_us()
    context = CaseContext(desk.rules_of(case), case, texts, store.documents("c"), now)
    return TemplateContext(context, row.notice, "en", Recipient(Person("p", ""), case, texts))[name]


def test_a_title_that_was_never_given_was_not_erased(desk: Desk) -> None:
    """Neither notices nor the printed document speak of an erasure, until there was one."""
    submitted(desk)
    desk.clock.advance(days=31)
    desk.sweep()
    document = desk.documents("c")[0].draft.id
    assert words(desk, "submitted", "title") == "(without a title)"
    assert "未填标题" in desk.document_html("c", document, lang="zh")
    assert "删除" not in desk.document_html("c", document, lang="zh")


def test_a_title_that_was_erased_is_said_to_be(desk: Desk) -> None:
    """Also where only its version was named; an erased reply is said to be erased as well."""
    submitted(desk, title="路灯")
    desk.reply("c", text="张三您好", by=OFFICER)
    desk.redact(
        "c", fields=["title@1", "text"], basis="个人信息保护法第四十七条", reason="申请", by=SUPERVISOR
    )
    assert words(desk, "submitted", "title") == "(erased by law)"
    assert words(desk, "replied", "text") == "(erased by law)"


def test_a_text_may_be_kept_elsewhere(desk: Desk) -> None:
    """The portal keeps the words of its replies; nobody calls them erased; a key may repeat them."""
    submitted(desk, title="路灯")
    case = desk.act("c", "reply", by=OFFICER, fields={"text": ELSEWHERE}, key="k")
    assert desk.act("c", "reply", by=OFFICER, fields={"text": ELSEWHERE}, key="k") == case
    assert case.has_reply
    assert [text.field for text in desk.texts("c")] == ["title"]
    assert words(desk, "replied", "text") == "(to be read in the portal)"
    assert "redacted" not in str(story_of(desk))


def test_a_log_without_words_leaves_them_elsewhere(tmp_path: Path) -> None:
    """A log of acts alone is replayed; one with a column for the text must say something in it."""
    acts = tmp_path / "acts.csv"
    acts.write_text(
        "case_id,action,at\nc,submit,2025-03-03T09:00:00+08:00\nc,reply,2025-03-04T09:00:00+08:00\n"
    )
    store = MemoryStore()
    assert replay([acts], policy=load_policy("wuhu"), store=store).replied == 1
    worded = tmp_path / "told.csv"
    worded.write_text(
        "case_id,action,at,text\nc,submit,2025-03-03T09:00:00+08:00,\n"
        "c,reply,2025-03-04T09:00:00+08:00,\nc,reply,2025-03-05T09:00:00+08:00, . \n"
        "c,reply,2025-03-06T09:00:00+08:00,…\n",
        encoding="utf-8",
    )
    summary = replay([worded], policy=load_policy("wuhu"), store=MemoryStore(), on_error="skip")
    assert (summary.rejected, summary.replied) == (2, 1)
