"""The report in a browser: it fits, axe finds nothing, its own policy stops nothing, and it prints on A4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caseflow.cli import run
from tests.browser.conftest import WIDTHS
from tests.browser.test_pages import TAGS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo city's year in either language."""
    folder = tmp_path_factory.mktemp("report")
    assert run(["demo", "--out", str(folder)]) == 0
    written = {lang: folder / f"{lang}.html" for lang in ("zh", "en")}
    for lang, path in written.items():
        store = f"sqlite:///{folder}/cases.db"
        line = ["report", "--store", store, "--period", "2025", "--out", str(path), "--lang", lang]
        assert run(line) == 0
    return written


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_fits_and_axe_finds_nothing(
    chromium: Any, reports: dict[str, Path], width: str, lang: str
) -> None:
    """No complaint, nothing too wide, every picture drawn; for axe, a script, the policy is lifted."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    across, down = WIDTHS[width]
    complaints = list[str]()
    for is_lifted in (False, True):
        context = chromium.new_context(viewport={"width": across, "height": down}, bypass_csp=is_lifted)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(reports[lang].as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{wide} px too wide"
        pictures = page.evaluate("Array.from(document.images, one => one.complete && one.naturalWidth)")
        assert len(pictures) == 5 and all(pictures)
        if is_lifted:
            found = axe.run(page, options={"runOnly": TAGS}).response["violations"]
            assert {one["id"]: [node["html"][:160] for node in one["nodes"]] for one in found} == {}
        context.close()
    assert complaints == []


def test_the_report_prints_on_a4(chromium: Any, reports: dict[str, Path], tmp_path: Path) -> None:
    """Some pages of it, none of which is cut at its side."""
    page = chromium.new_page()
    page.goto(reports["zh"].as_uri())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})  # A4 within its margins, at 96 dots an inch
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    printed = page.pdf(path=str(tmp_path / "report.pdf"), format="A4", prefer_css_page_size=True)
    page.close()
    assert printed.startswith(b"%PDF") and 5 <= printed.count(b"/Type /Page\n") <= 40
    assert wide <= 0, f"{wide} px too wide"
