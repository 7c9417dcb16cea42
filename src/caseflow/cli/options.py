"""What the commands share: options, the language, output for people and for programs, and wrong usage."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from caseflow import Desk, load_policy
from caseflow.cli.exit_codes import Exit as Exit  # the commands take these from here, too
from caseflow.delivery.relay import Relay
from caseflow.i18n import Lang as Lang
from caseflow.i18n import languages, locale_language, mark, text, visible
from caseflow.ports import Quarantined, Store
from caseflow.stores import locations

BOM = "\ufeff"
"""The mark that spreadsheets know UTF-8 by."""
FILE = click.Path(path_type=Path)
"""The path of a file, which need not be there."""
_LANG = "caseflow.lang"
_F = TypeVar("_F", bound=Callable[..., Any])


class _Language(click.ParamType):  # type: ignore[type-arg]  # generic in new releases of click alone
    """A language of the catalogue: those shipped, and those that a portal loaded."""

    name = "lang"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """The languages there are, as help shows choices."""
        return f"[{'|'.join(sorted(languages(), reverse=True))}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Lang:
        """The language itself.

        Raises:
            click.UsageError: nobody loaded such a language.
        """
        if value not in languages():
            raise usage("bad-lang", _own_language(), name=value, known=", ".join(languages()))
        return str(value)


class Portal(Protocol):
    """The portal that the command line runs in, as ``manage.py caseflow`` does.

    Attributes:
        url: its store's; what ``--store`` is where it is left out.
        lang: the language its people read.
    """

    url: str
    lang: Lang

    def desk(self) -> Desk:
        """Its desk, with its clock, rights, hooks and observer."""
        ...

    def relay(self) -> Relay:
        """Its relay, in place of one that ``--config`` describes."""
        ...


def portal() -> Portal | None:
    """The portal that this command runs in, if it does."""
    ctx = click.get_current_context(silent=True)
    return ctx.find_root().obj if ctx is not None else None


def _own_language() -> Lang:
    """The language of the portal, or else of the locale."""
    own = portal()
    return locale_language() if own is None else own.lang


def lang_option(command: _F) -> _F:
    """``--lang zh|en``; the command gets the locale's language without it."""
    option = click.option(
        "--lang", type=_Language(), default=None, is_eager=True, callback=_chosen,
        help="Language; by default the locale's.",
    )  # fmt: skip
    return option(command)


def _chosen(ctx: click.Context, _: click.Parameter, lang: Lang | None) -> Lang:
    if lang is not None:
        ctx.meta[_LANG] = lang
    return lang or _own_language()


def lang_of(ctx: click.Context | None, arguments: Sequence[str] = ()) -> Lang:
    """The language of messages: that of ``--lang``, also in unreadable arguments; else the locale's."""
    if ctx is not None and _LANG in ctx.meta:
        return str(ctx.meta[_LANG])
    options = [part for argument in arguments for part in argument.split("=", 1)]
    for option, value in zip(reversed(options[:-1]), reversed(options[1:]), strict=True):
        if option == "--lang" and value in languages():
            return value
    return _own_language()


def usage(key: str, lang: Lang, /, **values: Any) -> click.UsageError:
    """The error for a command that was written wrongly, in that language."""
    return click.UsageError(text(f"usage.{key}", lang, **values))


def of_extra(module: str, extra: str, lang: Lang) -> Any:
    """A module of the library whose packages come with an extra.

    Raises:
        click.UsageError: a package of it is missing.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "caseflow":
            raise
        raise usage("extra-missing", lang, package=error.name, extra=extra) from error


def json_option(command: _F) -> _F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def bom_option(command: _F) -> _F:
    """``--bom``, for commands that write CSV."""
    return click.option("--bom", is_flag=True, help="CSV: begin with the mark spreadsheets know.")(command)


def store_option(command: _F) -> _F:
    """``--store URL``, which must exist."""
    option = click.option(
        "--store",
        "store_url",
        required=True,
        help="sqlite:///relative.db, sqlite:////absolute.db, postgresql://... or mariadb://...",
    )
    return option(command)


def open_store(url: str | None, *, must_exist: bool = False) -> Store:
    """The store of a URL, closed when the command ends; see `caseflow.stores.locations`."""
    store = locations.open_store(url, must_exist=must_exist)
    click.get_current_context().call_on_close(store.close)
    return store


def open_desk(url: str) -> Desk:
    """A desk on an existing store; each case there brings the policy it pinned. A portal's is its own."""
    own = portal()
    if own is not None and url == own.url:
        return own.desk()
    return Desk(load_policy("wuhu"), open_store(url, must_exist=True))


def word(key: str, lang: Lang, **values: Any) -> str:
    """A text of the command line by its key."""
    return text(f"cli.{key}", lang, **values)


def echo(line: object = "", *, nl: bool = True, err: bool = False) -> None:
    """Print for people: what would do something on a terminal stands there as its escape."""
    click.echo(visible(str(line)), nl=nl, err=err)


def labelled(label: object, part: object, lang: Lang) -> str:
    """A label and what it is of, as the language writes a colon."""
    return f"{label}{mark('colon', lang)}{part}"


def say(key: str, lang: Lang, **values: Any) -> None:
    """Print a text of the command line."""
    echo(word(key, lang, **values))


MOST_ASIDE = 20
"""Things set aside that a command names; the rest is counted."""


def aside_line(one: Quarantined, lang: Lang) -> str:
    """What is set aside, for people: the English detail where there is one."""
    name = one.name or "''"
    detail = one.detail if one.detail and lang == "en" else one.code
    return word("aside", lang, kind=word(f"aside-{one.kind}", lang), name=name, detail=detail)


def say_aside(ones: Sequence[Quarantined], lang: Lang, *, err: bool = False) -> int:
    """Print what a command set aside; the exit code that goes with it."""
    for one in ones[:MOST_ASIDE]:
        echo(aside_line(one, lang), err=err)
    if len(ones) > MOST_ASIDE:
        echo(word("aside-more", lang, count=len(ones) - MOST_ASIDE), err=err)
    return Exit.FOUND if ones else Exit.OK


def instant(at: datetime | None) -> str:
    """An instant for people: to the second, never later than it is, with its offset; a dash for none."""
    return "-" if at is None else at.isoformat(sep=" ", timespec="seconds")


def late_line(at: datetime, lang: Lang, *, certain: bool) -> str:
    """From when it is late; after a second rather than from a part of it; not before what is uncertain."""
    key = "not-before" if not certain else "late-after" if at.microsecond else "late-from"
    return f"{word(key, lang)} {instant(at)}"


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows as lines with aligned columns: the first to the left, the others to the right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        gaps = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [row[0] + gaps[0], *(gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True))]
        yield "  ".join(cells).rstrip()


def _width(cell: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in cell)


def print_json(document: Any) -> None:
    """Print JSON for programs: one document, Chinese as it is."""
    print_utf8(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


def print_utf8(document: str) -> None:
    """Print what a program reads: UTF-8 whatever the locale says, except on a terminal."""
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None or sys.stdout.isatty():
        echo(document, nl=False)
        return
    sys.stdout.flush()
    raw.write(document.encode())
    raw.flush()


class Screen:
    """A terminal to which a file for programs is written: it shows what the file would have it do."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, part: str) -> int:
        """Write a part of the file."""
        return self._stream.write(visible(part.replace("\r\n", "\n")))


def add_bom(path: Path) -> None:
    """Put the mark that spreadsheets know UTF-8 by before a file that another function wrote."""
    path.write_bytes(BOM.encode() + path.read_bytes())


def spare_inputs(inputs: Iterable[Path | str | None], outputs: Iterable[Path | None], lang: Lang) -> None:
    """Refuse to write over what is read.

    Args:
        inputs: files, or the URLs of stores.
        outputs: files; ``-`` is standard output.

    Raises:
        click.UsageError: an output is one of the inputs, by whatever name, links included.
    """
    read = [Path(str(path).removeprefix("sqlite:///")) for path in inputs if path is not None]
    for path in outputs:
        if path is not None and any(_same(path, other) for other in read):
            raise usage("overwrites", lang, path=path)


def _same(path: Path, other: Path) -> bool:
    try:
        return path.resolve() == other.resolve() or path.samefile(other)
    except OSError:  # one of them is not there, so they are not one file
        return False


@contextmanager
def progress_bar(title: str) -> Generator[Callable[[int, int], None] | None]:
    """What to call with (done, all) to draw a bar on a terminal; `None` where standard error is none."""
    if not sys.stderr.isatty():
        yield None
        return
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
