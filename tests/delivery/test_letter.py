"""The urging notice as a page: what it says, in what form, and that nothing in it breaks out of HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from caseflow import BadInput, Desk, MemoryStore
from tests.delivery.people import desk_on
from tests.journeys.people import COORDINATOR, OFFICER, SUPERVISOR, submitted


@pytest.fixture
def desk() -> Desk:
    desk = desk_on(MemoryStore(), "2025-02-24T09:30:00+08:00")
    submitted(desk, title='路灯<b>不亮</b> & "闪"')
    desk.clock.set("2025-04-02T10:00:00+08:00")
    desk.sweep()
    return desk


def document_of(desk: Desk) -> str:
    return desk.documents("c1")[0].draft.id


class Read(HTMLParser):
    """The words of a page, and whether its tags close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br", "hr"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open and data.strip():
            self.words.append(data.strip())


def test_the_page_says_what_an_urging_notice_must(desk: Desk) -> None:
    """Number, issuer, addressee, matter, deadline, what is asked, day of issue, and the receipt strip."""
    words = " ".join(Read(desk.document_html("c1", document_of(desk))).words)
    for phrase in (
        "市政务公开办公室", "催办〔2025〕第1号", "城管局：", "2025年2月24日", "件号：c1",
        "2025年3月1日前（含当日）", "30个自然日", "2025年4月2日", "签 收 回 执",
    ):  # fmt: skip
        assert phrase in words, phrase
    assert '路灯<b>不亮</b> & "闪"' in words


def test_no_text_breaks_out_of_the_page(desk: Desk) -> None:
    """What a citizen wrote stands in the page as text, never as markup."""
    page = desk.document_html("c1", document_of(desk))
    assert "<b>" not in page
    assert "路灯&lt;b&gt;不亮&lt;/b&gt; &amp; &quot;闪&quot;" in page


def test_the_page_exists_in_english(desk: Desk) -> None:
    """The same document for whoever reads English."""
    words = " ".join(Read(desk.document_html("c1", document_of(desk), lang="en")).words)
    assert "催办 (2025) No. 1" in words
    assert "30 natural days" in words
    assert "supervising office" in words


def test_a_signature_and_a_void_show_on_the_page(desk: Desk) -> None:
    """签收 with its day and unit; 作废 across the sheet."""
    document = document_of(desk)
    before = Read(desk.document_html("c1", document)).words
    assert not any("作废" in word or "已于" in word for word in before)
    desk.sign_receipt("c1", document=document, by=OFFICER)
    assert "已于 2025-04-02 10:00 由 城管局 签收" in Read(desk.document_html("c1", document)).words
    desk.reply("c1", text="好了", effective_at="2025-02-26T09:00:00+08:00", reason="电话", by=COORDINATOR)
    assert "作废" in Read(desk.document_html("c1", document)).words


def test_an_erased_title_is_not_on_the_page(desk: Desk) -> None:
    """The page is made anew from what is kept: what was erased is gone from it too."""
    desk.redact("c1", fields=["title"], basis="个人信息保护法第四十七条", reason="本人请求", by=SUPERVISOR)
    assert "路灯" not in desk.document_html("c1", document_of(desk))


def test_a_portals_own_page_takes_the_shipped_ones_place(desk: Desk, tmp_path: Path) -> None:
    """A file of the template's name and language; words are escaped there as well."""
    (tmp_path / "urging.zh.html").write_text("<h1>$number $title</h1>", encoding="utf-8")
    page = desk.document_html("c1", document_of(desk), folder=tmp_path)
    assert page == "<h1>催办〔2025〕第1号 路灯&lt;b&gt;不亮&lt;/b&gt; &amp; &quot;闪&quot;</h1>"


def test_a_document_that_is_none_is_told(desk: Desk) -> None:
    """Another case's, or none at all: bad input that names both."""
    with pytest.raises(BadInput) as caught:
        desk.document_html("c1", "d-0")
    assert (caught.value.code, caught.value.data["found"]) == ("unknown-document", "d-0")
