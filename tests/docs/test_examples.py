"""Each example prints what its docstring promises, and the generated pages are up to date."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_promises(example: Path) -> None:
    """The lines after "It prints:" are the output, in at most sixty lines of code."""
    text = example.read_text(encoding="utf-8")
    promised = (ast.get_docstring(ast.parse(text)) or "").partition("It prints:")[2]
    run = subprocess.run([sys.executable, "-W", "error", example], capture_output=True, check=True, text=True)
    assert [line.strip() for line in run.stdout.splitlines()] == [
        line.strip() for line in promised.split("\n")[1:]
    ]
    assert len(text.splitlines()) <= 75


def test_the_reference_is_up_to_date() -> None:
    """`python docs/generate.py` would change nothing."""
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()
    for name, text in pages.items():
        assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == text, name


def test_nothing_says_to_install_another_project() -> None:
    """No page tells to install ``caseflow`` from the public index, where the name is somebody else's."""
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        assert "pip install caseflow" not in text, page
