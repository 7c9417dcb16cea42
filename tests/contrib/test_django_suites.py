"""Test suites of portals, run as portals run them: by Django's runner or pytest-django, in their own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.contracts.databases import DATABASES, postgres

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, database: Mapping[str, object], cwd: Path = ROOT) -> str:
    """What a test run says; it passes."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {
        **{name: text for name, text in os.environ.items() if not name.startswith(("DJANGO", "PYTEST", "COV_"))},
        "PORTAL_DATABASE": json.dumps(database),
        "DJANGO_SETTINGS_MODULE": "tests.contrib.suites.settings",
        "PYTHONPATH": paths,
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", *command], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}


def test_the_admins_pages_tags_and_commands() -> None:
    """Every promise about them, by Django's own runner."""
    said = run("django", "test", "tests.contrib.suites", "--pattern", "admin_pages.py", database=SQLITE)
    assert "OK" in said
