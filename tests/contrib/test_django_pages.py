"""The page about Django and the portal among the examples run, each in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from gettext import GNUTranslations
from pathlib import Path

import pytest

from tests.contracts.databases import POSTGRES, url_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "use-with-django.md"
PORTAL = ROOT / "examples" / "portal"
INQUIRIES = PORTAL / "inquiries"


def run(folder: Path, *args: str) -> str:
    command = [sys.executable, "-W", "error", *args]
    env = {name: text for name, text in os.environ.items() if not name.startswith("DJANGO")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_block_of_the_page_runs(tmp_path: Path) -> None:
    """One after another in one file, as the page says; Django's settings are a process's for good."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    (tmp_path / "page.py").write_text("\n".join(blocks), encoding="utf-8")
    assert run(tmp_path, "page.py").startswith("1 cards, 1 reminders")


def portal_in(folder: Path) -> Path:
    """A copy of the portal, with what it keeps in a folder of its own."""
    ignored = shutil.ignore_patterns("var", "__pycache__")
    copy = shutil.copytree(PORTAL, folder / "portal", ignore=ignored)
    (copy / "var").mkdir()
    return copy


def test_the_portal_among_the_examples_works(tmp_path: Path) -> None:
    """It migrates, its check is clean, and its sweep finds nothing yet; ``make examples`` runs its tests."""
    portal = portal_in(tmp_path)
    run(portal, "manage.py", "migrate", "--skip-checks")
    assert "no issues" in run(portal, "manage.py", "check", "--database", "default")
    assert "No changes detected" in run(portal, "manage.py", "makemigrations", "--check", "--dry-run")
    assert run(portal, "manage.py", "caseflow", "sweep").startswith("发出 0 张牌")


@pytest.mark.soak
@pytest.mark.postgres
def test_the_portal_works_on_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one variable; the journeys that touch the database in every way."""
    server, _, _ = url_of(POSTGRES).rpartition("/")
    monkeypatch.setenv("PORTAL_DATABASE", f"{server}/portal_{os.getpid()}")  # the runner makes one beside it
    assert "OK" in run(portal_in(tmp_path), "manage.py", "test", "inquiries.tests.Office")


def test_every_word_of_the_pages_is_there_in_chinese() -> None:
    """What templates and programs translate stands in the compiled catalogue."""
    with (INQUIRIES / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo").open("rb") as file:
        catalogue = GNUTranslations(file)
    words = set[str]()
    for template in (INQUIRIES / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        words.update(re.findall(r'{% translate "([^"]+)"', text), re.findall(r'_\("([^"]+)"\)', text))
        for block in re.findall(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}", text, re.DOTALL):
            words.add(re.sub(r"{{ (\w+) }}", r"%(\1)s", block.replace("%", "%%")))
    for program in INQUIRIES.rglob("*.py"):
        words.update(re.findall(r'\b_\("([^"]+)"\)', program.read_text(encoding="utf-8")))
    words = {word.replace(" %)", " %%)") if "(Wilson" in word else word for word in words}
    assert len(words) > 150
    assert {word for word in words if catalogue.gettext(word) == word} == {"PDF"}
