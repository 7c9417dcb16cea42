"""What the pages point to is there: other pages, their headings, files of the package, and names in it."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import caseflow

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
SOURCE = Path(caseflow.__file__).parent

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
"""What a link of Markdown leads to."""
DOTTED = re.compile(r"(?<![\w/.-])caseflow(?:\.[a-z_]+)+(?:\.[A-Za-z_]\w*)*")
"""A name of the package, as text or code writes it."""
FOREIGN = ("caseflow.command.", "caseflow.hook.", "caseflow.relay", "caseflow.sweep.", "caseflow.notice",
           "caseflow.quarantined", "caseflow.view_", "caseflow.change_")  # fmt: skip
"""How names begin that are none of Python's: metrics, loggers, kinds of messages, permissions of Django."""
LOGGERS = {"caseflow.store"}
FILE = re.compile(
    r"(?<![\w/])((?:core|policies|ports|views|serialization|delivery|stores|desk|audit)/[\w/]+\.(?!md\b)\w+)"
)
"""A file below the package: none of its files is a page."""


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """The anchors that headings become: lower case, spaces as hyphens, punctuation gone."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_name(dotted: str) -> bool:
    """Whether a module is called so, or something in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_page_and_its_heading(page: Path) -> None:
    """A page, file or heading that a page links to is there."""
    for target in LINK.findall(prose_of(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors_of(there), target


def test_every_page_is_reached_from_the_index() -> None:
    """Whoever follows links from the index comes to every page."""
    reached, ahead = set(), [DOCS / "index.md"]
    while ahead:
        page = ahead.pop().resolve()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            ahead += [page.parent / target.partition("#")[0] for target in LINK.findall(prose_of(page))
                      if not target.startswith(("https://", "#"))]  # fmt: skip
    assert sorted(DOCS.rglob("*.md")) == sorted(page for page in reached if page.is_relative_to(DOCS))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_names_what_is_there(page: Path) -> None:
    """Every dotted name of the package can be imported, and every file of it exists."""
    if page.name == "CHANGELOG.md":
        return  # it speaks of what was, too
    names = {dotted for dotted in DOTTED.findall(text_of(page)) if not dotted.startswith(FOREIGN)} - LOGGERS
    assert [dotted for dotted in sorted(names) if not is_name(dotted)] == []
    assert [file for file in FILE.findall(text_of(page)) if not (SOURCE / file).exists()] == []
