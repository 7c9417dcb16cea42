"""Options that several commands share, and the opening of stores."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from caseflow.cli.words import Lang, lang_of_locale
from caseflow.config import load_policy
from caseflow.desk import Desk
from caseflow.errors import StoreError
from caseflow.ports import Store
from caseflow.stores.memory import MemoryStore
from caseflow.stores.sqlite import SqliteStore

_F = TypeVar("_F", bound=Callable[..., Any])


def lang_option(command: _F) -> _F:
    """``--lang zh|en``."""
    option = click.option(
        "--lang", type=click.Choice(["zh", "en"]), default=None, help="Language; by default the locale's."
    )
    return option(command)


def json_option(command: _F) -> _F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def store_option(command: _F) -> _F:
    """``--store URL``, which must exist."""
    option = click.option(
        "--store", "store_url", required=True, help="sqlite:///relative.db or sqlite:////absolute.db"
    )
    return option(command)


def chosen(lang: str | None) -> Lang:
    """The language asked for, or the locale's."""
    return lang_of_locale() if lang is None else "zh" if lang == "zh" else "en"


def open_store(url: str | None, *, must_exist: bool = False) -> Store:
    """The store of a URL; one in memory without.

    Raises:
        StoreError: the URL is of no known kind, or there is no such file.
    """
    if url is None or url == "memory:":
        return MemoryStore()
    if not url.startswith("sqlite:///") or len(url) == len("sqlite:///"):
        raise StoreError("store-url", found=url)
    path = Path(url.removeprefix("sqlite:///"))
    if must_exist and not path.exists():
        raise StoreError("store-failed", path=path, found="no such file")
    return SqliteStore(path)


def open_desk(url: str) -> Desk:
    """A desk on an existing store; each case there brings the policy it pinned."""
    return Desk(load_policy("wuhu"), open_store(url, must_exist=True))


def print_json(document: Any) -> None:
    """Print JSON for programs: one document, Chinese as it is."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
