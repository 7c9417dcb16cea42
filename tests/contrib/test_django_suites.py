"""Test suites of portals, by Django's runner or pytest-django, each run in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from caseflow.stores.database_urls import parsed
from tests.contracts.databases import POSTGRES, url_of

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, database: Mapping[str, object], cwd: Path = ROOT) -> str:
    """What a test run says; it passes."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {
        **{
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("DJANGO", "PYTEST", "COV_"))
        },
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


@pytest.fixture(params=[pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.soak]), "sqlite"])
def database(request: pytest.FixtureRequest) -> Mapping[str, object]:
    """The settings of a database that a runner makes its test database beside."""
    if request.param == "sqlite":
        return SQLITE
    place = parsed(url_of(POSTGRES))
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": place.database, "USER": place.username or "",
        "PASSWORD": place.password or "", "HOST": place.host or "", "PORT": str(place.port or ""),
        "TEST": {"NAME": f"caseflow_suites_{os.getpid()}"},
    }  # fmt: skip


HERE = "tests/contrib/suites"
PYTEST = ("pytest", "-q", "-p", "no:cacheprovider", "-c", f"{HERE}/pytest.ini")


@pytest.mark.parametrize("option", ["--migrations", "--nomigrations"])
def test_a_suite_of_pytest_django(database: Mapping[str, object], option: str) -> None:
    """Commits, class data, overridden settings and stories, with migrations and without."""
    assert "10 passed" in run(*PYTEST, f"{HERE}/by_pytest.py", option, database=database)


@pytest.mark.soak
def test_a_suite_that_puts_back_rows(database: Mapping[str, object]) -> None:
    """``serialized_rollback``, which by Django's own making goes in a run of its own."""
    assert "2 passed" in run(*PYTEST, f"{HERE}/by_pytest_restored.py", database=database)


@pytest.mark.soak
def test_the_plugin_may_be_named_twice(tmp_path: Path) -> None:
    """A conftest that names it, for suites that also run without entry points, meets the one installed."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["pytest_caseflow"]\n', encoding="utf-8")
    (tmp_path / "test_it.py").write_text("def test_it(timeline): pass\n", encoding="utf-8")
    for more in ((), ("-p", "pytest_caseflow")):
        command = ("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django", *more, ".")
        assert "1 passed" in run(*command, database=SQLITE, cwd=tmp_path)
