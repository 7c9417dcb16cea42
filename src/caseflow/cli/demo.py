"""``caseflow demo``: a made-up city's year through the whole lifecycle, kept in a SQLite file."""

from __future__ import annotations

import gzip
from importlib import resources
from pathlib import Path

import click

from caseflow.cli.options import chosen, lang_option
from caseflow.cli.progress import progress_bar
from caseflow.cli.words import Lang, word
from caseflow.config import load_policy
from caseflow.core.case import Case
from caseflow.errors import StoreError
from caseflow.logs import replay
from caseflow.ports import Query
from caseflow.stores.sqlite import SqliteStore

LEVELS = ("yellow", "red", "urge")


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("caseflow-demo"),
    show_default=True,
    help="The folder for the store and the log.",
)
@lang_option
def demo(out: Path, lang: str | None) -> None:
    """Replay a bundled year of a made-up city's inquiries, and show each unit's record."""
    tongue = chosen(lang)
    out.mkdir(parents=True, exist_ok=True)
    log, database = out / "log.csv", out / "cases.db"
    _clear(database)
    raw = gzip.decompress(resources.files("caseflow.demo").joinpath("year.csv.gz").read_bytes())
    log.write_bytes(b"\xef\xbb\xbf" + raw)  # with a mark that spreadsheets know UTF-8 by
    # The demo can be run again at any time, so it need not outlive a power cut.
    store = SqliteStore(database, synchronous="off")
    with progress_bar("demo") as progress:
        replay([log], policy=load_policy("wuhu"), store=store, progress=progress)
    _print_table(store.find(Query(limit=1_000_000)), tongue)
    store.close()
    click.echo()
    click.echo(word("demo files", tongue).format(database, log))
    click.echo(word("demo next", tongue).format(f"sqlite:///{database}"))


def _clear(database: Path) -> None:
    """Take away the store of an earlier demo, and nothing that is not one.

    Raises:
        StoreError: the file is something else.
    """
    if not database.exists():
        return
    if database.stat().st_size:
        SqliteStore(database).close()
    for suffix in ("", "-journal", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    if database.exists():
        raise StoreError("store-failed", path=database, found="could not be replaced")


def _print_table(cases: tuple[Case, ...], lang: Lang) -> None:
    units = sorted({case.unit for case in cases if case.unit})
    heads = [word(key, lang) for key in ("unit", "cases", "replied", "on time")]
    policy = load_policy("wuhu")
    labels = {rung.level: rung.labels.get(lang, rung.level) for rung in policy.clocks["reply"].rungs}
    rows = [[*heads, *(labels[level] for level in LEVELS)]]
    rows += [_row(unit, [case for case in cases if case.unit == unit]) for unit in units]
    rows.append(_row(word("total", lang), [case for case in cases if case.unit]))
    click.echo(word("demo title", lang))
    click.echo()
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *gaps = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join([row[0] + first, *map("".join, zip(gaps, row[1:], strict=True))]))


def _row(name: str, cases: list[Case]) -> list[str]:
    replied = [case for case in cases if case.has_reply]
    on_time = sum(not any(card.stands for card in case.cards) for case in replied)
    share = f"{on_time} ({on_time / len(replied):.0%})" if replied else "-"
    cards = [
        sum(card.stands and card.level == level for case in cases for card in case.cards) for level in LEVELS
    ]
    return [name, str(len(cases)), str(len(replied)), share, *map(str, cards)]


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
