"""The report: one page that asks nothing of anybody, whose figures are those of the boards."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from caseflow import Actor, BadInput, Desk, ManualClock, MemoryStore, load_policy
from caseflow.analytics.board_source import opened_tables
from caseflow.cli import run
from caseflow.i18n import Lang
from caseflow.report import ReportFigures, report_figures, report_page, write_report
from tests.analytics.stores import city

CITIZEN, COORDINATOR = Actor("c-1", role="citizen"), Actor("d-1", role="coordinator")
SHARP = "<script>局</script>"


class Page(HTMLParser):
    """The elements of a page, its ids, its text by table and cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self._is_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._is_cell = tag in ("td", "th", "caption", "dd")
        if self._is_cell:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_cell:
            self.cells[-1] += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def year() -> tuple[Desk, ReportFigures]:
    """A made-up city, and the figures of its first months."""
    store = city()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2026-01-15T12:00:00+08:00"))
    with opened_tables(store) as tables:
        return desk, report_figures(desk, tables, period="2025")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_asks_nothing_of_anybody(year: tuple[Desk, ReportFigures], lang: Lang) -> None:
    """No script, no address but pictures that the page holds, and the style that the policy of it names."""
    desk, figures = year
    text = report_page(figures, desk, lang=lang)
    page = Page(text)
    assert page.named("script") == page.named("link") == page.named("iframe") == page.named("form") == []
    addresses = [value for _, attrs in page.tags for name in ("src", "href") if (value := attrs.get(name))]
    assert {value.partition(",")[0] for value in addresses if not value.startswith("#")} == {
        "data:image/svg+xml;base64"
    }
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    policy = page.named("meta")[1]["content"]
    assert style is not None and policy is not None
    assert f"style-src 'sha256-{b64encode(sha256(style[1].encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not any("style" in attrs or any(name.startswith("on") for name in attrs) for _, attrs in page.tags)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_can_be_read_by_ear(year: tuple[Desk, ReportFigures], lang: Lang) -> None:
    """Its language, one title, words for each picture, heads for each table, links that lead somewhere."""
    page = Page(report_page(year[1], year[0], lang=lang))
    assert page.named("html")[0]["lang"] == {"zh": "zh-CN", "en": "en"}[lang]
    assert len(page.named("h1")) == 1
    pictures = page.named("img")
    assert len(pictures) == 5 and all(one["alt"] for one in pictures)
    assert len(page.named("table")) == len(page.named("caption")) == len(page.named("thead"))
    assert all(one["scope"] in ("col", "row") for one in page.named("th"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {str(one["href"])[1:] for one in page.named("a")} <= set(ids)


def test_its_figures_are_those_of_the_boards(year: tuple[Desk, ReportFigures]) -> None:
    """Sums, months, levels, units and days tell of the same cases."""
    desk, figures = year
    received = figures.totals["received"]
    assert received == sum(counts[0] for counts in figures.months.values()) > 100
    assert figures.totals["replied"] == sum(figures.reply_days.values())
    assert figures.totals["cards"] == sum(sum(months.values()) for months in figures.cards.values())
    standing = sum(one.issued - one.annulled for one in figures.levels if one.is_breach)
    assert figures.totals["cards"] == standing > 0
    assert figures.totals["rectifications"] == sum(linked for linked, _ in figures.rectifications.values())
    page = Page(report_page(figures, desk, lang="zh"))
    assert f"{received:,}" in page.cells
    units = {row.key[0] for row in figures.boards["faults"].rows if row.key[0]}
    assert units <= set(page.cells)


def test_pictures_hold_the_same_numbers(year: tuple[Desk, ReportFigures]) -> None:
    """The picture of cards by unit and month says the count of each cell that it shows."""
    desk, figures = year
    pictures = [str(one["src"]).partition(",")[2] for one in Page(report_page(figures, desk)).named("img")]
    heat = b64decode(pictures[-1]).decode()
    shown = re.findall(r">(\d+)</text>", heat)
    unit = max(figures.cards, key=lambda name: sum(figures.cards[name].values()))
    assert unit in heat
    assert all(str(count) in shown for count in figures.cards[unit].values())


def test_names_are_only_names() -> None:
    """A unit whose name is a tag stands there as it is called; a period without cases says so."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:00:00+08:00"))
    case = desk.submit(title="灯", by=CITIZEN)
    desk.route(case.id, to=SHARP, by=COORDINATOR)
    desk.clock.advance(days=40)
    desk.sweep()
    with opened_tables(desk.store) as tables:
        page = Page(report_page(report_figures(desk, tables, period="2025-03"), desk))
        assert SHARP in page.cells and page.named("script") == []
        empty = Page(report_page(report_figures(desk, tables, period="2020"), desk, lang="en"))
    assert "Nothing in this period." in empty.cells


def test_a_file_is_there_whole_or_not_at_all(year: tuple[Desk, ReportFigures], tmp_path: Path) -> None:
    """A folder that is none and a period that is none are told, and leave what was there."""
    desk, _ = year
    target = tmp_path / "report.html"
    target.write_text("before")
    with opened_tables(desk.store) as tables:
        with pytest.raises(BadInput):
            write_report(desk, tables, target, period="2025-13")
        with pytest.raises(BadInput) as caught:
            write_report(desk, tables, tmp_path / "none" / "report.html", period="2025-03")
    assert caught.value.code == "file-failed"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert target.read_text() == "before"


def test_the_command_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a store's address to a page, in either language; a wrong period has its exit code."""
    assert run(["demo", "--out", str(tmp_path / "demo")]) == 0
    url = f"sqlite:///{tmp_path}/demo/cases.db"
    out = tmp_path / "r.html"
    assert run(["report", "--store", url, "--period", "2025-Q1", "--out", str(out), "--lang", "en"]) == 0
    assert "written to" in capsys.readouterr().out
    page = Page(out.read_text("utf-8"))
    assert page.named("html")[0]["lang"] == "en"
    assert run(["report", "--store", url, "--period", "soon", "--out", str(out)]) == 3
