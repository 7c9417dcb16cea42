"""The page about Django and the portal among the examples run, each in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "use-with-django.md"
PORTAL = ROOT / "examples" / "django_portal"


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


def test_the_portal_among_the_examples_works(tmp_path: Path) -> None:
    """It migrates, its check is clean, its tests pass, and its sweep finds nothing yet."""
    portal = shutil.copytree(
        PORTAL, tmp_path / "portal", ignore=shutil.ignore_patterns("*.db", "__pycache__")
    )
    run(portal, "manage.py", "migrate", "--run-syncdb", "--skip-checks")
    assert "no issues" in run(portal, "manage.py", "check", "--database", "default")
    assert "No changes detected" in run(portal, "manage.py", "makemigrations", "--check", "--dry-run")
    assert "OK" in run(portal, "manage.py", "test")
    assert run(portal, "manage.py", "caseflow", "sweep").startswith("0 cards")
