"""``caseflow document``: the numbered documents of a case, as a list and as pages to print."""

from __future__ import annotations

from pathlib import Path

import click

from caseflow.cli.options import (
    chosen,
    json_option,
    lang_option,
    open_desk,
    print_json,
    print_utf8,
    store_option,
)
from caseflow.cli.words import word
from caseflow.views.letter import day_of, number_of


@click.group()
def document() -> None:
    """List and print numbered documents, such as urging notices (催办通知单)."""


@document.command("list")
@click.argument("case_id", metavar="CASE")
@store_option
@json_option
@lang_option
def listed(case_id: str, store_url: str, as_json: bool, lang: str | None) -> None:
    """List the documents of a case: number, addressee, day of issue, id, and whether signed for or void."""
    desk, tongue = open_desk(store_url), chosen(lang)
    case, found = desk.get(case_id), desk.documents(case_id)
    signed = {receipt.document for receipt in case.facts.receipts}
    if as_json:
        print_json(
            [
                {"id": one.draft.id, "series": one.draft.series, "year": one.draft.year, "number": one.number,
                 "unit": one.draft.body.get("unit", ""), "void": one.is_void,
                 "signed": one.draft.id in signed}
                for one in found
            ]
        )  # fmt: skip
        return
    for one in found:
        issued = day_of(int(one.draft.body.get("issued_us", 0)), case.origin.zone, tongue)
        marks = [word("void", tongue)] if one.is_void else []
        marks += [word("signed", tongue)] if one.draft.id in signed else []
        unit = one.draft.body.get("unit", "")
        click.echo("  ".join([number_of(one, tongue), str(unit), issued, one.draft.id, *marks]))


@document.command()
@click.argument("case_id", metavar="CASE")
@click.argument("document_id", metavar="ID")
@store_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; printed without.")
@click.option("--pages", type=click.Path(path_type=Path, file_okay=False), help="A folder of own pages.")
@lang_option
def show(
    case_id: str, document_id: str, store_url: str, out: Path | None, pages: Path | None, lang: str | None
) -> None:
    """Print a document as an HTML page that fits one sheet of A4, receipt strip included."""
    tongue = chosen(lang)
    page = open_desk(store_url).document_html(case_id, document_id, lang=tongue, folder=pages)
    if out is None:
        print_utf8(page)
    else:
        out.write_text(page, encoding="utf-8")
        click.echo(word("wrote", tongue).format(out))
