"""``caseflow store``: make a store, look at it, bring it to today's schema, copy it into another."""

from __future__ import annotations

from contextlib import closing

import click

from caseflow.cli import exits
from caseflow.cli.options import chosen, json_option, lang_option, print_json, store_option
from caseflow.cli.words import word
from caseflow.stores.moving import copy_cases
from caseflow.stores.urls import place_of, shown


@click.group()
def store() -> None:
    """Make a store, look at it, bring it to today's schema."""


@store.command()
@store_option
@lang_option
def init(store_url: str, lang: str | None) -> None:
    """Make the store; one that is there already stays as it is."""
    made = place_of(store_url).make()
    click.echo(f"{shown(store_url)}: {word('store made' if made else 'store there', chosen(lang))}")


@store.command()
@store_option
@json_option
@lang_option
def status(store_url: str, as_json: bool, lang: str | None) -> int:
    """Tell the store's schema and how much it holds; exit code 1 when it needs another version."""
    found, tongue = place_of(store_url).status(), chosen(lang)
    if as_json:
        print_json(
            {"schema": found.schema, "known": found.known, "current": found.is_current,
             "cases": found.cases, "events": found.events, "notices": dict(found.notices)}
        )  # fmt: skip
    else:
        older, newer = found.schema < found.known, found.schema > found.known
        standing = "schema older" if older else "schema newer" if newer else "schema current"
        click.echo(f"{shown(store_url)}: {word(standing, tongue).format(found.schema, found.known)}")
        notices = ", ".join(f"{word(name, tongue)} {count}" for name, count in found.notices) or "0"
        click.echo(word("store holds", tongue).format(found.cases, found.events, notices))
    return exits.OK if found.is_current else exits.FOUND


@store.command()
@store_option
@lang_option
def migrate(store_url: str, lang: str | None) -> None:
    """Bring the store to today's schema: safe to run twice, and by several at once."""
    done, tongue = place_of(store_url).migrate(), chosen(lang)
    if not done:
        click.echo(f"{shown(store_url)}: {word('nothing to migrate', tongue)}")
    for schema in done:
        click.echo(f"{shown(store_url)}: {word('migrated to', tongue).format(schema)}")


@store.command()
@click.option("--from", "source_url", required=True, help="The store to copy; it stays as it is.")
@click.option("--to", "target_url", required=True, help="Where to; made when it is missing.")
@lang_option
def copy(source_url: str, target_url: str, lang: str | None) -> None:
    """Copy every case with all that goes with it into another store; run again it goes on.

    Nothing should write to either store meanwhile.
    """
    with (
        closing(place_of(source_url).open(must_exist=True)) as source,
        closing(place_of(target_url).open(must_exist=False)) as target,
    ):
        done = copy_cases(source, target)
    click.echo(word("copied", chosen(lang)).format(done.cases, done.keys, done.unchanged))
