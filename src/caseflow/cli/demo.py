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
from caseflow.core.case import Card, Case
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
    raw = gzip.decompress(resources.files("caseflow.demo").joinpath("year.csv.gz").read_bytes())
    marked = b"\xef\xbb\xbf" + raw  # with a mark that spreadsheets know UTF-8 by
    _clear(log, database, marked)
    log.write_bytes(marked)
    # The demo can be run again at any time, so it need not outlive a power cut.
    store = SqliteStore(database, synchronous="off")
    with progress_bar("demo") as progress:
        replay([log], policy=load_policy("wuhu"), store=store, progress=progress)
    _print_table(store.find(Query(limit=1_000_000)), tongue)
    store.close()
    click.echo()
    click.echo(word("demo files", tongue).format(database, log))
    click.echo(word("demo next", tongue).format(f"sqlite:///{database}"))


def _clear(log: Path, database: Path, ours: bytes) -> None:
    """Take away the store of an earlier demo: one that stands beside the demo's own log, and no other.

    Raises:
        StoreError: there is a store or a log that the demo did not write.
    """
    is_ours = log.is_file() and log.read_bytes() == ours
    for path in (log, database):
        if path.exists() and not is_ours:
            raise StoreError(
                "store-failed", path=path, found="not written by this demo; choose another --out"
            )
    for suffix in ("", "-journal", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _print_table(cases: tuple[Case, ...], lang: Lang) -> None:
    units = sorted({case.unit for case in cases if case.unit})
    heads = [word(key, lang) for key in ("unit", "cases", "replied", "on time")]
    policy = load_policy("wuhu")
    labels = {rung.level: rung.labels.get(lang, rung.level) for rung in policy.clocks["reply"].rungs}
    rows = [[*heads, *(labels[level] for level in LEVELS)]]
    standing = [card for case in cases for card in case.cards if card.stands and card.unit]
    for unit in units:
        issued = [card for card in standing if card.unit == unit]
        rows.append(_row(unit, [case for case in cases if case.unit == unit], issued))
    rows.append(_row(word("total", lang), [case for case in cases if case.unit], standing))
    click.echo(word("demo title", lang))
    click.echo()
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *gaps = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join([row[0] + first, *map("".join, zip(gaps, row[1:], strict=True))]))


def _row(name: str, cases: list[Case], issued: list[Card]) -> list[str]:
    """A unit's line: the cases it holds, and the cards issued while it held a case."""
    replied = [case for case in cases if case.has_reply]
    on_time = sum(not any(card.stands for card in case.cards) for case in replied)
    share = f"{on_time} ({on_time / len(replied):.0%})" if replied else "-"
    cards = [sum(card.level == level for card in issued) for level in LEVELS]
    return [name, str(len(cases)), str(len(replied)), share, *map(str, cards)]


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
