"""``caseflow coverage``: what a year of the boards of offices came to (领导留言板)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from caseflow.cli.board_commands import figure_text
from caseflow.cli.options import (
    FILE,
    Lang,
    columns,
    echo,
    json_option,
    lang_option,
    of_extra,
    open_store,
    print_json,
    say_aside,
    store_option,
    word,
)
from caseflow.offices.office_figures import BoardYear
from caseflow.offices.office_register import load_offices
from caseflow.ports import Quarantined
from caseflow.views.board_rows import Figure
from caseflow.views.rates import Growth


@click.command()
@click.option(
    "--offices", "offices_file", type=FILE, required=True, help="A file of offices and their terms."
)
@click.option("--year", type=click.IntRange(2, 9998), required=True, help="Days are of each case's own zone.")
@click.option(
    "--tables", "folder", type=FILE, help="A folder of tables to keep, instead of reading all anew."
)
@store_option
@json_option
@lang_option
def coverage(
    offices_file: Path, year: int, folder: Path | None, store_url: str, as_json: bool, lang: Lang
) -> int:
    """Print a year of the boards of offices: who took part, which leaders replied, and how much was answered.

    Each share says of how many. Exit code 1 when a case could not be read.
    """
    offices = load_offices(offices_file)
    source = of_extra("caseflow.analytics.board_source", "analytics", lang)
    figures = of_extra("caseflow.analytics.office_board", "analytics", lang)
    aside: list[Quarantined] = []
    store = open_store(store_url, must_exist=True)
    with source.opened_tables(store, folder, aside=aside.append) as backend:
        now: BoardYear = figures.office_year(backend, offices, year)
        before: BoardYear = figures.office_year(backend, offices, year - 1)
    growth = Growth(now.replied.numerator, before.replied.numerator)
    if as_json:
        document = msgspec.to_builtins(now)
        grown = {"now": growth.now, "before": growth.before}
        print_json({**document, "growth": grown, "quarantined": [one.to_dict() for one in aside]})
    else:
        for line in _lines(now, growth, lang):
            echo(line)
    return say_aside(aside, lang, err=as_json)


def _lines(year: BoardYear, growth: Growth, lang: Lang) -> Iterator[str]:
    yield word("coverage-head", lang, year=year.year)
    figures: dict[str, Figure] = {
        "provinces": year.provinces,
        "mechanisms": year.mechanisms,
        **{f"leaders-{level}": rate for level, rate in year.leaders.items()},
        "replied": year.replied,
        "growth": growth,
        "rated": year.rated,
        "satisfied": year.satisfied,
        "unheld": year.unheld,
    }
    yield from columns(
        [
            (word(f"coverage-{name}", lang), figure_text(name, figure, lang))
            for name, figure in figures.items()
        ]
    )
