"""``caseflow export`` and ``caseflow import``: the event log out of a store, and a whole store back in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import attrs
import click

from caseflow.cli.options import chosen, json_option, lang_option, print_json, store_option
from caseflow.cli.progress import progress_bar
from caseflow.cli.words import word
from caseflow.core.instants import zone_info
from caseflow.exits import commands, importing, jsonl, tables, xes
from caseflow.stores.urls import place_of

KINDS = ("jsonl", "csv", "replay", "xes")
BOM = "\ufeff"


@click.command()
@store_option
@click.option("--format", "kind", type=click.Choice(KINDS), default="jsonl", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="A new file; else standard output."
)
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="Of times in csv and xes.")
@click.option("--since", type=click.IntRange(0), default=0, help="Only what came after this position.")
@click.option("--without-texts", is_flag=True, help="jsonl: leave the personal texts out.")
@click.option("--with-texts", is_flag=True, help="replay: with the personal texts.")
@click.option("--whole", is_flag=True, help="csv, xes: with what an import of it needs.")
@click.option("--bom", is_flag=True, help="csv, replay: begin with the mark that spreadsheets know UTF-8 by.")
@click.option("--raw", is_flag=True, help="replay: no apostrophe before what looks like a formula.")
@lang_option
def export(
    store_url: str,
    kind: str,
    out: Path | None,
    timezone: str,
    since: int,
    without_texts: bool,
    with_texts: bool,
    whole: bool,
    bom: bool,
    raw: bool,
    lang: str | None,
) -> None:
    """Write the event log in one of four formats.

    jsonl holds everything, to be imported again; csv a row an event, for tables; replay is a CSV with a row a
    command, for caseflow replay; xes is for process mining. With --whole csv and xes carry the histories too
    and can be imported, without texts, notices and documents. Personal texts are in jsonl unless they are
    left out, and in replay when they are asked for.
    """
    _check_options(
        kind, since=since, with_texts=with_texts, without_texts=without_texts, whole=whole, bom=bom, raw=raw
    )
    zone_info(timezone)
    tongue = chosen(lang)
    with closing(place_of(store_url).open(must_exist=True)) as store, _target(out, bom=bom) as file:
        match kind:
            case "jsonl":
                found = jsonl.write(store, file, with_texts=not without_texts, since=since)
                done = word("exported store", tongue).format(found.cases, found.keys, found.position)
            case "csv" if whole:
                made = tables.write_whole_csv(store, file, zone=timezone, since=since)
                done = word("exported store", tongue).format(made.cases, made.keys, made.position)
            case "csv":
                count = tables.write_csv(store, file, zone=timezone, since=since)
                done = word("exported events", tongue).format(count)
            case "replay":
                count = commands.write_commands(
                    store, file, with_texts=with_texts, since=since, guarded=not raw
                )
                done = word("exported commands", tongue).format(count)
            case _:
                count = xes.write_xes(store, file, zone=timezone, whole=whole)
                done = word("exported cases", tongue).format(count)
    click.echo(done, err=out is None)


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@store_option
@json_option
@lang_option
def import_(file: Path, store_url: str, as_json: bool, lang: str | None) -> None:
    """Take over the cases of an export: jsonl, or csv and xes that were written with --whole.

    The whole file is checked before anything is written: each history and text must fit its hash. Run
    again after a break it goes on. A store that is missing is made.
    """
    checked = importing.check(file)
    with closing(place_of(store_url).open(must_exist=False)) as store, progress_bar("import") as progress:
        done = importing.read(
            file, store, checked=checked,
            progress=(lambda count: progress(count, 0)) if progress else lambda _: None,
        )  # fmt: skip
    if as_json:
        told = attrs.asdict(done)  # type: ignore[arg-type]  # a `value` is an attrs class
        print_json({name: found for name, found in told.items() if name != "policies"})
        return
    click.echo(word("imported", chosen(lang)).format(done.cases, done.events, done.keys, done.unchanged))


def _check_options(
    kind: str, *, since: int, with_texts: bool, without_texts: bool, whole: bool, bom: bool, raw: bool
) -> None:
    given = {
        "--since": (since, ("jsonl", "csv", "replay")),
        "--with-texts": (with_texts, ("replay",)),
        "--without-texts": (without_texts, ("jsonl",)),
        "--whole": (whole, ("csv", "xes")),
        "--bom": (bom, ("csv", "replay")),
        "--raw": (raw, ("replay",)),
    }
    for option, (is_given, kinds) in given.items():
        if is_given and kind not in kinds:
            raise click.UsageError(f"{option} goes with --format {' or '.join(kinds)}")


@contextmanager
def _target(out: Path | None, *, bom: bool) -> Iterator[TextIO]:
    """The new file, or standard output, as UTF-8 whatever the locale."""
    if out is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        sys.stdout.write(BOM if bom else "")
        yield sys.stdout
        return
    file = out.open("x", encoding="utf-8", newline="\n")
    try:
        with file:
            file.write(BOM if bom else "")
            yield file
    except BaseException:
        out.unlink()  # a file that is not whole is none
        raise
