"""``--help`` in Chinese: every sentence there is, laid out for a terminal, and English again after it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from caseflow import i18n
from caseflow.cli.app import cli, run_app
from caseflow.cli.help_page import speak, wrapped
from caseflow.i18n import has_own
from caseflow.views.labels import width


def commands(command: click.Command = cli, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its name, the group itself by the empty one."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, f"{path} {name}".strip())


COMMANDS = dict(commands())


def keys_of(path: str, command: click.Command) -> list[tuple[str, str]]:
    """The keys that may hold each sentence of a command's page: its own, and that of all commands."""
    options = [option.opts[0] for option in command.params if getattr(option, "help", None)]
    return [(path, path), *((f"{path} {option}".strip(), option) for option in options)]


def test_every_sentence_has_its_chinese_and_none_is_left_over() -> None:
    """A command or option that is added says what it does in Chinese, too."""
    used = {"epilog", "-h"}
    for path, command in COMMANDS.items():
        for own, shared in keys_of(path, command):
            key = own if has_own(f"help.{own}", "zh") else shared
            assert has_own(f"help.{key}", "zh"), own
            used.add(key)
    texts = i18n._catalogue("zh").texts
    assert {key.removeprefix("help.") for key in texts if key.startswith("help.")} == used


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """The pages speak English again."""
    yield
    speak(cli, "en")


def page(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run_app([*arguments, "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("path", COMMANDS)
def test_a_page_is_chinese_and_fits_the_terminal(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headings, sentences and what stands beside options; no line is wider than 80 columns."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    text = page(capsys, *path.split())
    assert text.startswith("用法：caseflow")
    assert re.findall(r"Usage|Options:|Commands:|required|default|INTEGER|Show this", text) == []
    assert max(width(line) for line in text.splitlines()) <= 80
    assert re.findall(r"[\u3400-\u9fff）][,;:?!]|[,;:?!][\u3400-\u9fff]", text) == []
    for line in text.splitlines():
        assert not re.match(r"\s*[，。；：、？）”]", line)


def test_the_language_is_that_of_each_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the locale or by ``--lang``, in either order; English as click writes it."""
    monkeypatch.setenv("LC_ALL", "C")
    before = page(capsys, "sweep")
    assert before.startswith("Usage: caseflow sweep [OPTIONS]")
    assert page(capsys, "sweep", "--lang", "zh").startswith("用法：")
    assert run_app(["sweep", "--help", "--lang", "zh"]) == 0
    assert capsys.readouterr().out.startswith("用法：")
    assert page(capsys, "sweep") == before


def test_a_portals_language_says_what_it_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the rest in English."""
    monkeypatch.setenv("LC_ALL", "mn_MN.UTF-8")
    i18n.load_catalogue("mn", {"help": {"sweep": "Хугацаа шалгах"}})
    try:
        text = page(capsys, "sweep")
    finally:
        i18n.reset()
    assert "Хугацаа шалгах" in text
    assert "Print JSON instead of text." in text


@pytest.mark.parametrize("columns", [10, 20, 33])
def test_lines_are_as_wide_as_they_may_be(columns: int) -> None:
    """Nothing is lost, and a mark stays with the character before it."""
    paragraph = "期限到时，逐级升级；见 https://example.org/a/very/long/address 与 README。"
    lines = list(wrapped(paragraph, columns))
    assert "".join(lines).replace(" ", "") == paragraph.replace(" ", "")
    assert all(width(line) <= columns or "https" in line for line in lines)
