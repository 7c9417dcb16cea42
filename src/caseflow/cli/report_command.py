"""``caseflow report``: a period's figures as one page to publish."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from caseflow.cli.options import FILE, Lang, lang_option, of_extra, open_desk, say, say_aside, store_option
from caseflow.ports import Quarantined


@click.command()
@store_option
@click.option("--out", "path", type=FILE, required=True, help="The file to write, such as report.html.")
@click.option(
    "--period", required=True, metavar="PERIOD", help="2025, 2025-Q1, 2025-03, 2025-W10 or DAY..DAY."
)
@click.option(
    "--least", type=click.IntRange(1), help="The smallest denominator that is ranked; by default 10."
)
@click.option(
    "--tables", "folder", type=FILE, help="A folder of tables to keep, instead of reading all anew."
)
@lang_option
def report(
    store_url: str, path: Path, period: str, least: int | None, folder: Path | None, lang: Lang
) -> int:
    """Write a report of a period: one file that asks nothing of the network, for screens and A4.

    Volumes, reply times, cards, boards with the limits of chance, what keeps coming back, good governance.
    """
    source = of_extra("caseflow.analytics.board_source", "report", lang)
    pages = of_extra("caseflow.report", "report", lang)
    desk, aside = open_desk(store_url), list[Quarantined]()
    with source.opened_tables(desk.store, folder, aside=aside.append) as tables:
        figures = pages.write_report(desk, tables, path, period=period, lang=lang, least=least)
    totals: Mapping[str, Any] = figures.totals
    say("report-written", lang, path=path, received=totals.get("received", 0))
    return say_aside(aside, lang)
