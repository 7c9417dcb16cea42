"""Options that several commands share, and the opening of stores."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from caseflow.cli.words import Lang, lang_of_locale
from caseflow.config import load_policy
from caseflow.desk import Desk
from caseflow.stores.urls import open_store as open_store  # the commands open stores from here

_LANG = "caseflow.lang"
_F = TypeVar("_F", bound=Callable[..., Any])


def lang_option(command: _F) -> _F:
    """``--lang zh|en``."""
    option = click.option(
        "--lang",
        type=click.Choice(["zh", "en"]),
        default=None,
        is_eager=True,
        callback=_remembered,
        help="Language; by default the locale's.",
    )
    return option(command)


def _remembered(ctx: click.Context, _: click.Parameter, given: str | None) -> str | None:
    ctx.meta[_LANG] = given
    return given


def lang_given(ctx: click.Context) -> str | None:
    """What ``--lang`` said, for whoever speaks after the command is over."""
    found: str | None = ctx.meta.get(_LANG)
    return found


def json_option(command: _F) -> _F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def store_option(command: _F) -> _F:
    """``--store URL``, which must exist."""
    option = click.option(
        "--store",
        "store_url",
        required=True,
        help="sqlite:///relative.db, sqlite:////absolute.db, postgresql://... or mariadb://...",
    )
    return option(command)


def chosen(lang: str | None) -> Lang:
    """The language asked for, or the locale's."""
    return lang_of_locale() if lang is None else "zh" if lang == "zh" else "en"


def open_desk(url: str) -> Desk:
    """A desk on an existing store; each case there brings the policy it pinned."""
    return Desk(load_policy("wuhu"), open_store(url, must_exist=True))


def print_json(document: Any) -> None:
    """Print JSON for programs: one document, Chinese as it is."""
    print_utf8(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


def print_utf8(text: str) -> None:
    """Print what a program reads: UTF-8 whatever the locale says, except on a terminal."""
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None or sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    sys.stdout.flush()
    raw.write(text.encode())
    raw.flush()


def spare_inputs(inputs: Iterable[Path | None], outputs: Iterable[Path | None]) -> None:
    """Refuse to write over what is read.

    Raises:
        click.UsageError: an output is one of the inputs, by whatever name.
    """
    read = {path.resolve() for path in inputs if path is not None}
    for path in outputs:
        if path is not None and path.resolve() in read:
            raise click.UsageError(f"{path} is read; write to another file")
