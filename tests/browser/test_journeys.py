"""Whole journeys in a browser, on a phone and on a desk; with the keyboard alone; and without scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

WIDTHS = ["phone", "desktop"]


def ask(visitor: Any, title: str, file: Path | None = None) -> str:
    """Ask for something; the address of the case's page."""
    visitor.go("/ask/")
    page = visitor.page
    page.get_by_label("投诉维权").check()
    page.get_by_label("用一句话说明").fill(title)
    page.get_by_label("具体情况").fill(f"{title}，影响出行，电话13800138000，请处理。")
    if file is not None:
        page.get_by_label("文件").set_input_files(file)
    page.get_by_role("button", name="提交").click()
    assert re.search("民声〔20..〕第.+号", page.locator(".confirmation").inner_text())
    page.get_by_role("link", name="查看进展").click()
    return re.sub("^https?://[^/]+", "", page.url)


def do(visitor: Any, address: str, action: str, fill: dict[str, str]) -> None:
    """Take an action on the case's page, by its button."""
    visitor.go(address)
    page = visitor.page
    page.locator("aside").get_by_role("link", name=action, exact=True).click()
    for label, text in fill.items():
        page.get_by_label(label).fill(text)
    page.locator("main form .button").click()
    assert page.locator(".banner.success").count() == 1, page.locator("main").inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_from_asking_to_the_published_answer(visitors: Any, tmp_path: Path, width: str) -> None:
    """With a file, routed, asked about, supplemented, answered, rated by a link, proposed, published."""
    picture = tmp_path / "井盖.txt"
    picture.write_text("照片", encoding="utf-8")
    citizen = visitors("chen", width=width)
    title = f"桥头井盖缺失 {width}"
    address = ask(citizen, title, picture)
    assert citizen.page.get_by_role("link", name="井盖.txt").count() == 1

    coordinator = visitors("zhao", width=width)
    coordinator.go("/intake/")
    while not coordinator.page.get_by_role("link", name=title, exact=True).count():
        coordinator.page.get_by_role("link", name="下一页").click()
    row = coordinator.page.locator(
        "li.row", has=coordinator.page.get_by_role("link", name=title, exact=True)
    ).first
    row.locator("select").select_option("城管局")
    row.get_by_role("button", name="分转").click()

    officer = visitors("wang", width=width)
    do(officer, address, "签收", {})
    do(officer, address, "请市民补充", {"内容": "在桥的哪一头？"})
    do(citizen, address, "市民补充", {"内容": "东头。"})
    assert "在桥的哪一头？" in citizen.page.locator("main").inner_text()
    do(officer, address, "公开答复", {"内容": "井盖已更换。"})
    officer.page.get_by_role("button", name="发出评价链接").click()
    link = officer.page.locator(".link a").get_attribute("href")

    anybody = visitors(width=width)
    anybody.page.goto(link)
    anybody.page.locator("input[name=score][value='5']").check()
    anybody.page.get_by_role("button", name="评价").click()
    assert "已记录" in anybody.page.locator(".banner.success").inner_text()

    officer.go(address)
    officer.page.get_by_role("link", name="拟公开", exact=True).click()
    assert officer.page.locator("mark").inner_text() == "13800138000"
    officer.page.get_by_role("button", name="拟公开").click()
    moderator = visitors("zhou", width=width)
    moderator.go("/publications/")
    moderator.page.get_by_role("link", name=re.compile(f"查看文本.*{title}")).click()
    moderator.page.get_by_role("button", name="公开").click()
    anybody.go("/answers/")
    anybody.page.get_by_role("link", name=title).click()
    shown = anybody.page.locator("main").inner_text()
    assert "井盖已更换。" in shown and "13800138000" not in shown
    assert "井盖已更换。" in anybody.page.request.get("/answers/feed.atom").text()


@pytest.mark.parametrize("width", WIDTHS)
def test_from_a_card_to_the_decision_on_the_appeal(visitors: Any, portal: Any, width: str) -> None:
    """A late case tops the desk; its unit appeals; upheld, the card is struck through."""
    case_id = f"late-{width}"
    portal.python(LATE.format(case_id=case_id))
    officer = visitors("li", width=width)
    officer.go("/desk/?state=routed")
    officer.page.get_by_role("link", name=case_id).click()
    for _ in range(60):  # until the worker has swept
        if officer.page.locator(".card-list .card-red").count():
            break
        officer.page.wait_for_timeout(500)
        officer.page.reload()
    officer.page.get_by_role("link", name=re.compile("申诉.*红牌督办")).click()
    officer.page.get_by_label("理由").fill("系统停运")
    officer.page.get_by_role("button", name="提交申诉").click()
    supervisor = visitors("sun", width=width)
    supervisor.go("/appeals/")
    supervisor.page.get_by_role("link", name=re.compile(f"作出决定.*{case_id}")).click()
    supervisor.page.get_by_label("理由").fill("属实")
    supervisor.page.get_by_role("button", name="成立：撤销此牌").click()
    officer.page.reload()
    assert officer.page.locator(".card-list .card-red.void").count() == 1
    assert officer.page.locator(".card-list .card-yellow.void").count() == 0


LATE = """
from datetime import timedelta
from caseflow import Actor, Desk, ManualClock
from caseflow.contrib.django import desk
from caseflow.core.time.instants import moment
past = moment(desk().clock.now_us(), "UTC") - timedelta(days=17)
late = Desk([rules.policy for rules in desk().policies.values()], desk().store, clock=ManualClock(past))
late.submit(title="{case_id}", to="城管局", by=Actor("c-1", role="citizen"), case_id="{case_id}")
"""
"""A case that was submitted seventeen days ago, and of which nobody was told since."""


def tab_to(page: Any, selector: str, *, most: int = 80) -> None:
    """Press Tab until that has the focus; the focus can be seen at each step."""
    for _ in range(most):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return [document.activeElement.tagName, s.outlineStyle, s.outlineWidth] })()"
        )
        if style[0] not in ("BODY", "HTML", "MAIN"):
            assert style[1] != "none" and style[2] != "0px", style
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached")


@pytest.mark.parametrize("width", WIDTHS)
def test_with_the_keyboard_alone(visitors: Any, width: str) -> None:
    """Skip the header, sign in, ask, correct what is wrong, follow it, and withdraw it."""
    visitor = visitors(width=width)
    page = visitor.page
    visitor.go("/")
    tab_to(page, ".skip", most=1)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to(page, "main .start", most=1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/?next=/ask/")
    page.keyboard.type("chen")
    page.keyboard.press("Tab")
    page.keyboard.type("chen")
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name=kind]")
    tab_to(page, "input[name=kind]")
    page.keyboard.press("Space")
    tab_to(page, "main .button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".summary")
    tab_to(page, ".summary a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "title"
    page.keyboard.type("keyboard")
    tab_to(page, "textarea[name=body]")
    page.keyboard.type("all by keys")
    tab_to(page, "main .button")
    visitor.troubles.clear()  # Chromium calls the 422 an error
    page.keyboard.press("Enter")
    page.wait_for_selector(".confirmation")
    tab_to(page, "main .button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/**")
    tab_to(page, "a[href$='/withdraw/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/withdraw/")
    tab_to(page, "main form .button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".banner.success")


def test_without_scripts(visitors: Any) -> None:
    """Ask, read why the deadline is what it is, and change the language."""
    visitor = visitors("chen", width="phone", scripts=False)
    ask(visitor, "没有脚本也能问")
    page = visitor.page
    page.get_by_text("逐日计算").click()
    assert page.locator(".days li").first.is_visible()
    page.get_by_role("button", name="English").click()
    assert page.get_by_role("heading", name="What happened").count() == 1
