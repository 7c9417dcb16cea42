"""Every command is in the reference, and no page speaks of a command or an option that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from caseflow.cli.app import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")])
MENTION = re.compile(r"caseflow((?: [a-z]+)+)((?: [^`\n]*)?)")
"""A command as a page writes it: in a line of its own or between backticks."""

SPANS_AND_HEADINGS = {"use-the-pytest-plugin.md": "caseflow story", "watch-caseflow.md": "caseflow reply"}
"""Pages that name something else so: the heading of a report, a span."""


def commands(command: click.Command = cli, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with its names: those that are groups as well."""
    if names:
        yield names, command
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            yield from commands(part, *names, name)


COMMANDS = dict(commands())


def options_of(names: tuple[str, ...]) -> set[str]:
    """The long options of a command, and of those it belongs to."""
    levels = [COMMANDS[names[:length]] for length in range(1, len(names) + 1)]
    return {
        name for level in levels for option in level.params for name in (*option.opts, *option.secondary_opts)
    }


def mentioned(page: Path) -> Iterator[tuple[str, str]]:
    """The words after ``caseflow``, and what follows, wherever a page shows a command."""
    text = page.read_text(encoding="utf-8")
    shown = [
        *re.findall(r"`(caseflow [^`\n]+)`", text),
        *re.findall(r"^    (?:\S*/)?(caseflow .+)$", text, re.MULTILINE),
    ]
    for line in shown:
        yield from MENTION.findall(line)[:1]


def test_every_command_is_in_the_reference() -> None:
    """The table has a row for each command that is no group of others only."""
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    leaves = [" ".join(names) for names, command in COMMANDS.items() if not isinstance(command, click.Group)]
    assert [name for name in leaves if f"| `caseflow {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_speaks_of_commands_and_options_that_are_there(page: Path) -> None:
    """Each command exists, and so does each option that a page gives it."""
    for words, rest in mentioned(page):
        names = tuple(words.split())
        known = next((names[:length] for length in (3, 2, 1) if names[:length] in COMMANDS), None)
        if f"caseflow{words}" == SPANS_AND_HEADINGS.get(page.name):
            continue
        assert known is not None, words
        wrong = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", rest)) - options_of(known) - {"--help"}
        assert not wrong, f"{' '.join(known)}: {wrong}"
