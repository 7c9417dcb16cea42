"""``caseflow export`` and ``caseflow import``: the event log out of a store, and a whole store back in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import click

from caseflow.cli.options import chosen, lang_option, store_option
from caseflow.cli.progress import progress_bar
from caseflow.cli.words import word
from caseflow.core.instants import zone_info
from caseflow.exits import jsonl, tables, xes
from caseflow.stores.urls import place_of


@click.command()
@store_option
@click.option(
    "--format", "kind", type=click.Choice(["jsonl", "csv", "xes"]), default="jsonl", show_default=True
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="A new file; else standard output."
)
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="Of times in csv and xes.")
@click.option("--since", type=click.IntRange(0), default=0, help="csv: only events after this position.")
@click.option("--without-texts", is_flag=True, help="jsonl: leave the personal texts out.")
@click.option("--bom", is_flag=True, help="csv: begin with the mark that spreadsheets know UTF-8 by.")
@lang_option
def export(
    store_url: str,
    kind: str,
    out: Path | None,
    timezone: str,
    since: int,
    without_texts: bool,
    bom: bool,
    lang: str | None,
) -> None:
    """Write the event log: jsonl (everything, to be imported), csv (for tables) or xes (for process mining).

    Only jsonl holds personal texts.
    """
    zone_info(timezone)
    with closing(place_of(store_url).open(must_exist=True)) as store, _target(out, bom=bom) as file:
        if kind == "jsonl":
            done = word("exported cases", chosen(lang)).format(
                jsonl.write(store, file, with_texts=not without_texts)
            )
        elif kind == "csv":
            count = tables.write_csv(store, file, zone=timezone, since=since)
            done = word("exported events", chosen(lang)).format(count)
        else:
            done = word("exported cases", chosen(lang)).format(xes.write_xes(store, file, zone=timezone))
    click.echo(done, err=out is None)


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@store_option
@lang_option
def import_(file: Path, store_url: str, lang: str | None) -> None:
    """Take over the cases of a jsonl export; run again after a break it goes on.

    Each case's history must fit its hashes. A store that is missing is made.
    """
    with (
        closing(place_of(store_url).open(must_exist=False)) as store,
        file.open(encoding="utf-8") as lines,
        progress_bar("import") as progress,
    ):
        done = jsonl.read(
            lines, store, name=str(file),
            progress=(lambda count: progress(count, 0)) if progress else lambda _: None,
        )  # fmt: skip
    click.echo(word("imported", chosen(lang)).format(done.cases, done.keys))


@contextmanager
def _target(out: Path | None, *, bom: bool) -> Iterator[TextIO]:
    """The new file, or standard output, as UTF-8 whatever the locale."""
    if out is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        yield sys.stdout
        return
    with out.open("x", encoding="utf-8-sig" if bom else "utf-8", newline="\n") as file:
        yield file
