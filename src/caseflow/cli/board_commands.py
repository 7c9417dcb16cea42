"""``caseflow analytics`` and ``caseflow board``: tables for analysis, and boards drawn from them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from caseflow.cli.options import (
    BOM,
    FILE,
    Lang,
    bom_option,
    columns,
    echo,
    json_option,
    lang_option,
    of_extra,
    open_store,
    print_json,
    print_utf8,
    say,
    say_aside,
    store_option,
    word,
)
from caseflow.i18n import text
from caseflow.interchange.cells import safe_cell
from caseflow.policies.unit_register import load_units
from caseflow.ports import Quarantined
from caseflow.views.board_rows import Board, BoardRow, Figure
from caseflow.views.rates import Growth, Rate

SECONDS = 1_000_000


@click.group()
def analytics() -> None:
    """Tables for analysis, without personal texts."""


@analytics.command()
@store_option
@click.option("--out", "folder", type=FILE, required=True, help="The folder; of one store alone.")
@click.option("--compact", is_flag=True, help="Write one file a table anew, for other engines to read.")
@click.option("--duckdb", "database", type=FILE, help="Load them into this file of DuckDB as well.")
@json_option
@lang_option
def export(
    store_url: str, folder: Path, compact: bool, database: Path | None, as_json: bool, lang: Lang
) -> int:
    """Bring a folder of Parquet files up to date: what changed since the last run is written.

    A run that was killed leaves nothing behind; each row is there exactly once.
    """
    tables = of_extra("caseflow.analytics.table_export", "analytics", lang)
    aside: list[Quarantined] = []
    done = tables.export_tables(open_store(store_url, must_exist=True), folder, aside=aside.append)
    if compact:
        tables.compact_tables(folder)
    if database is not None:
        of_extra("caseflow.analytics.table_reader", "analytics", lang).load_tables(folder, database)
    if as_json:
        print_json(done.to_dict())
    else:
        say("tables-exported", lang, cases=done.cases, events=done.events, position=done.position)
    return say_aside(aside, lang, err=as_json)


@click.command()
@click.argument("name")
@store_option
@click.option(
    "--period", required=True, metavar="PERIOD", help="2025, 2025-Q1, 2025-03, 2025-W10 or DAY..DAY."
)
@click.option(
    "--by", multiple=True, default=["unit"], show_default=True, metavar="WORD",
    help="A row for each: unit, kind, channel, region, policy, level, province, month, quarter, year.",
)  # fmt: skip
@click.option(
    "--least", type=click.IntRange(1), help="The smallest denominator that is ranked; by default 10."
)
@click.option(
    "--tables", "folder", type=FILE, help="A folder of tables to keep, instead of reading all anew."
)
@click.option("--units", "units_file", type=FILE, help="A file of units, for level and province.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@bom_option
@json_option
@lang_option
def board(
    name: str, store_url: str, period: str, by: tuple[str, ...], folder: Path | None,
    units_file: Path | None, as_csv: bool, bom: bool, as_json: bool, lang: Lang, least: int | None,
) -> int:  # fmt: skip
    """Print a board of a period: overview, satisfied, unsatisfied, on-time, speed, faults, growth.

    Rates say of how many; ranks go by the bound of what is certain, not by the raw rate.
    """
    source = of_extra("caseflow.analytics.board_source", "analytics", lang)
    aside: list[Quarantined] = []
    units = None if units_file is None else load_units(units_file)
    result: Board = source.store_board(
        open_store(store_url, must_exist=True), name, period=period, by=by, least=least, tables=folder,
        units=units, aside=aside.append,
    )  # fmt: skip
    if as_json:
        print_json({**result.document(), "quarantined": [one.to_dict() for one in aside]})
    elif as_csv:
        print_utf8((BOM if bom else "") + _csv(result))
    else:
        for line in _lines(result, lang):
            echo(line)
    return say_aside(aside, lang, err=as_json or as_csv)


def _lines(board: Board, lang: Lang) -> Iterator[str]:
    yield word(
        "board-head", lang, name=text(f"boards.{board.name}", lang), since=board.since, until=board.until,
        least=board.least,
    )  # fmt: skip
    if not board.rows:
        yield word("board-empty", lang)
        return
    is_ranked = any(row.standing.rank is not None or row.standing.remark for row in board.rows)
    heads = [word(f"by-{one}", lang) for one in board.by] or [word("by-all", lang)]
    heads += [text(f"measures.{one}", lang) for one in board.measures]
    heads += [word("board-rank", lang), word("board-remark", lang)] if is_ranked else []
    yield from columns([heads, *(_cells(row, board, lang, is_ranked=is_ranked) for row in board.rows)])


def _cells(row: BoardRow, board: Board, lang: Lang, *, is_ranked: bool) -> list[str]:
    cells = [part or "-" for part in row.key] or [word("by-all", lang)]
    pairs = zip(board.measures, row.figures, strict=True)
    cells += [figure_text(name, figure, lang) for name, figure in pairs]
    if is_ranked:
        rank, remark = row.standing.rank, row.standing.remark
        cells += ["-" if rank is None else str(rank), word(f"remark-{remark}", lang) if remark else ""]
    return cells


def figure_text(name: str, figure: Figure, lang: Lang) -> str:
    """A figure of that name as people read it: a rate with what it is of, a growth with both counts."""
    match figure:
        case None:
            return "-"
        case Rate():
            percent = "-" if figure.value is None else f"{float(figure.value * 100):.1f} %"
            return word("rate", lang, percent=percent, numerator=figure.numerator, of=figure.denominator)
        case Growth():
            percent = "-" if figure.percent is None else f"{float(figure.percent):+.1f} %"
            return word("growth", lang, percent=percent, now=figure.now, before=figure.before)
        case int() if name.startswith("reply_time"):
            minutes = figure // (60 * SECONDS)
            return word(
                "board-time", lang, days=minutes // 1440, hours=minutes // 60 % 24, minutes=minutes % 60
            )
        case _:
            return str(figure)


def _csv(board: Board) -> str:
    """One row a key; a rate in two columns, numerator and denominator, a growth in two as well."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    rows = board.document()["rows"]
    flat = [dict(_flat(row)) for row in rows]
    heads = list(dict.fromkeys(name for row in flat for name in row))
    writer.writerow(heads)
    writer.writerows([safe_cell(str(row.get(name, ""))) for name in heads] for row in flat)
    return out.getvalue()


def _flat(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, figure in row.items():
        match figure:
            case {"numerator": numerator, "denominator": denominator}:
                yield name, numerator
                yield f"{name}_of", denominator
            case {"now": now, "before": before}:
                yield name, now
                yield f"{name}_before", before
            case [low, high]:
                yield f"{name}_low", low
                yield f"{name}_high", high
            case None:
                yield name, ""
            case _:
                yield name, figure
