"""The pictures on the policies' pages are what the examples beside them draw."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DRAW = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "draw.py"))


@pytest.mark.parametrize("page", DRAW["pages"](), ids=lambda page: page.stem)
def test_a_picture_shows_what_its_page_lives_through(page: Path) -> None:
    """`python docs/draw.py` would change nothing."""
    for file, picture in DRAW["pictures"](page).items():
        assert file.read_text(encoding="utf-8") == picture, file
