"""``--help`` in other languages than English: the catalogue's sentences, laid out for a terminal."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import click

from caseflow.i18n import FALLBACK, Lang, has_own, mark, text
from caseflow.views.labels import width

_BREAK = re.compile(r"[\u2e80-\uffef][，。；：、？！）”]*|[^\s\u2e80-\uffef]+[，。；：、？！）”]*|\s+")
"""What a line may end behind: a Chinese character or a word, with the marks that no line begins with."""
_EXTRAS = {
    r"\brequired\b": "required", r"\bdefault: ": "default", r"\bINTEGER RANGE\b|\bINTEGER\b": "INTEGER",
    r"\bTEXT\b": "TEXT", r"\bFLOAT RANGE\b|\bFLOAT\b": "FLOAT", r"\bFILE\b": "FILE", r"\bPATH\b": "PATH",
    r"\bDIRECTORY\b": "DIRECTORY",
}  # fmt: skip
"""What click puts beside an option -> the key of its word."""


def speak(group: click.Group, lang: Lang) -> None:
    """Have every help page of the group speak the language, until it is told another."""
    _speak(group, "", lang)


def _speak(command: click.Command, path: str, lang: Lang) -> None:
    own: Any = command  # what the decorators gave is kept beside what is shown
    if not hasattr(own, "english"):
        own.english = {"help": command.help, "epilog": command.epilog}
    shown = _told(path, lang, own.english["help"])
    command.help = shown
    if lang == FALLBACK:
        command.short_help, command.context_class = None, click.Context
    else:
        command.short_help = re.split("[。；：（]|\\n", shown or "")[0]
        command.context_class = _contexts(lang)
    command.epilog = _told("epilog", lang, own.english["epilog"]) if own.english["epilog"] else None
    for option in command.params:
        _speak_of(option, path, lang)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            _speak(below, f"{path} {name}".strip(), lang)


def _speak_of(param: click.Parameter, path: str, lang: Lang) -> None:
    option: Any = param
    if not hasattr(option, "english"):
        option.english = getattr(param, "help", None)
    if option.english is not None:
        option.help = _told(param.opts[0], lang, option.english, path)


def _told(key: str, lang: Lang, english: str | None, path: str = "") -> str | None:
    """The sentence of the key, behind its command or alone; the English where the language has none."""
    for place in (f"{path} {key}".strip(), key):
        if has_own(f"help.{place}", lang):
            return text(f"help.{place}", lang)
    return english


def _contexts(lang: Lang) -> type[click.Context]:
    """The kind of context whose pages are laid out for that language."""

    class Context(click.Context):
        def make_formatter(self) -> click.HelpFormatter:
            return _Formatter(lang, width=self.terminal_width, max_width=self.max_content_width)

    return Context


class _Formatter(click.HelpFormatter):
    """Lays a page out by the columns of a terminal, of which a Chinese character takes two."""

    def __init__(self, lang: Lang, **sizes: Any) -> None:
        super().__init__(**sizes)
        self._lang = lang

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        pieces = args
        for english in ("OPTIONS", "COMMAND", "ARGS"):
            pieces = re.sub(rf"\b{english}\b", text(f"usage.{english}", self._lang), pieces)
        self.write(text("usage.head", self._lang, command=prog, pieces=pieces) + "\n")

    def write_heading(self, heading: str) -> None:
        self.write(
            f"{' ' * self.current_indent}{text(f'usage.{heading}', self._lang)}{mark('colon', self._lang)}\n"
        )

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        paragraphs = re.split(r"\n{2,}", inspect.cleandoc(text).replace("\b", ""))
        for number, paragraph in enumerate(paragraphs):
            self.write("\n" if number else "")
            for line in wrapped(paragraph, self.width - self.current_indent):
                self.write(f"{indent}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        pairs = [(self._words(first), self._words(second)) for first, second in rows]
        first_column = min(max(width(first) for first, _ in pairs), col_max) + col_spacing
        behind, indent = " " * (self.current_indent + first_column), " " * self.current_indent
        for first, second in pairs:
            gap = first_column - width(first)
            self.write(f"{indent}{first}{' ' * gap}" if gap >= col_spacing else f"{indent}{first}\n{behind}")
            lines = list(wrapped(second, max(self.width - len(behind), 10)))
            self.write(f"\n{behind}".join(lines) + "\n")

    def _words(self, part: str) -> str:
        if part == "Show this message and exit.":
            return text("help.-h", self._lang)
        for pattern, key in _EXTRAS.items():
            part = re.sub(pattern, text(f"usage.{key}", self._lang), part)
        return part.replace("; ", mark("semicolon", self._lang)) if "[" in part else part


def wrapped(paragraph: str, columns: int) -> Iterator[str]:
    """The paragraph in lines of at most so many columns; one that fits nowhere stands alone."""
    line = ""
    for piece in _BREAK.findall(" ".join(paragraph.split())):
        if line and width((line + piece).rstrip()) > columns:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    yield line.rstrip()
