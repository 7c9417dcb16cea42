"""Every page, on a phone and on a desk, in both languages: nothing overflows, and axe finds nothing."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

PAGES = {
    "": (
        "/", "/find/", "/answers/", "/boards/", "/leaders/", "/sign-in/", "/status/chen-2/", "/rate/none/",
        "/cases/chen-1/",
    ),
    "chen": (
        "/mine/", "/ask/", "/leaders/滨江市市长/", "/messages/", "/cases/chen-0/", "/cases/chen-1/",
        "/cases/chen-2/", "/cases/chen-2/do/rate/", "/cases/chen-1/do/withdraw/",
    ),
    "wang": (
        "/desk/", "/desk/?order=newest&kind=complaint", "/cases/chen-3/",
        "/cases/chen-3/do/request_extension/", "/cases/chen-3/appeal/yellow/", "/cases/chen-2/publish/",
        "/messages/",
    ),
    "zhao": ("/intake/", "/cases/chen-0/do/reject/"),
    "sun": ("/cards/", "/cards/?level=yellow", "/notices/", "/appeals/", "/cases/chen-3/"),
    "zhou": ("/publications/",),
    "mayor": ("/desk/", "/cases/leader-1/"),
}  # fmt: skip
"""Who -> addresses."""
THOROUGH = {("phone", "zh"), ("desktop", "en")}
"""Where axe looks: it takes two seconds a page; that nothing overflows is seen to everywhere."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", ["phone", "desktop"])
@pytest.mark.parametrize("username", PAGES, ids=lambda name: name or "anybody")
def test_a_page_fits_and_axe_finds_nothing(visitors: Any, username: str, width: str, lang: str) -> None:
    """By WCAG 2.2 AA and axe's own good practice, with everything that can be unfolded unfolded."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    visitor, broken = visitors(username, width=width, lang=lang), dict[str, Any]()
    for address in PAGES[username]:
        visitor.go(address)
        page = visitor.page
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is {wide} px too wide"
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.lang") == {"zh": "zh-Hans", "en": "en"}[lang]
        if (width, lang) not in THOROUGH:
            continue
        found = axe.run(page, options={"runOnly": TAGS})
        for one in found.response["violations"]:
            broken[f"{address} {one['id']}"] = [node["html"][:160] for node in one["nodes"]]
    assert broken == {}


@pytest.mark.parametrize("address", ["/nowhere/", "/status/none/", "/cases/none/"])
def test_a_page_that_is_not_there_leads_on(visitors: Any, address: str) -> None:
    """With words and a way to go, and the status that fits."""
    visitor = visitors("chen", width="phone")
    response = visitor.page.goto(address)
    assert response.status == 404
    assert visitor.page.locator("main a.button").count() == 1
    visitor.troubles.clear()  # Chromium calls the answer's status an error
