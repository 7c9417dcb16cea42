"""Every Python block and ``caseflow`` line of the documentation is run, each page in a folder of its own."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).parent


def command_lines(document: Document) -> Iterator[Region]:
    """Indented lines that call ``caseflow`` on what the page itself made."""
    place = 0
    for line in document.text.splitlines(keepends=True):
        text = line.strip()
        if line.startswith("    caseflow ") and "CASE" not in text:
            yield Region(place, place + len(line), text, _run_line)
        place += len(line)


def _run_line(example: Example) -> None:
    from caseflow.cli import run

    command, _, _ = str(example.parsed).partition(" > ")  # what follows is the shell's part
    assert run(shlex.split(command)[1:]) == 0, f"{example.parsed} failed"


def enter(namespace: dict[str, Any]) -> None:
    """Give the page a folder of its own."""
    import tempfile

    namespace["_before"] = Path.cwd()
    namespace["_folder"] = tempfile.TemporaryDirectory()
    os.chdir(namespace["_folder"].name)


def leave(namespace: dict[str, Any]) -> None:
    """Go back to where the tests run."""
    desk = namespace.get("desk")
    if desk is not None:
        desk.store.close()
    os.chdir(namespace["_before"])
    namespace["_folder"].cleanup()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), command_lines],
    patterns=["README.md", "README.zh-CN.md", "docs/**/*.md"],
    setup=enter,
    teardown=leave,
).pytest()


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are in English unless a test says otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
