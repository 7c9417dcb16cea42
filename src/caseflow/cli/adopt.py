"""``caseflow adopt``: take over a portal's own table of open cases."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from caseflow.cli import exits
from caseflow.cli.options import chosen, json_option, lang_option, open_store, print_json, store_option
from caseflow.cli.words import Lang, word
from caseflow.clock import ManualClock, SystemClock
from caseflow.config import load_policy
from caseflow.core.commands import Actor
from caseflow.desk import Desk
from caseflow.errors import BadInput, StoreError
from caseflow.logs.legacy_mapping import load_legacy_mapping
from caseflow.logs.takeover import Takeover, take_over
from caseflow.ports import Store

MOST_LISTED = 100
"""Wrong rows that are printed; the rest is counted."""


@click.command()
@click.argument("table", type=click.Path(path_type=Path), metavar="TABLE.csv")
@click.option(
    "--mapping", "mapping_path", required=True, type=click.Path(path_type=Path), help="What the columns mean."
)
@store_option
@click.option("--policy", "policy_name", default="wuhu", show_default=True, metavar="NAME|FILE")
@click.option("--dry-run", is_flag=True, help="Judge every row and write nothing.")
@click.option("--reason", default=None, help="Why; by default that they come from this table.")
@click.option("--by", default="importer", show_default=True, help="The id of whoever takes them over.")
@click.option("--role", default="importer", show_default=True, help="One that may do everything, backdated.")
@click.option("--as-of", default=None, help="The instant of the takeover (ISO 8601); by default now.")
@click.option("--timezone", default=None, help="The zone of times without an offset.")
@click.option("--encoding", default="utf-8", show_default=True)
@json_option
@lang_option
def adopt(
    table: Path,
    mapping_path: Path,
    store_url: str,
    policy_name: str,
    dry_run: bool,
    reason: str | None,
    by: str,
    role: str,
    as_of: str | None,
    timezone: str | None,
    encoding: str,
    as_json: bool,
    lang: str | None,
) -> int:
    """Take over the open cases of another system's table (CSV, CSV.gz; one row a case).

    Each keeps its true start and state. What was due before is recorded as inherited and told to nobody; what
    comes after fires as usual. When a row is wrong all wrong rows are listed and nothing is written: exit
    code 1. Run again it changes nothing.
    """
    tongue = chosen(lang)
    policy, mapping = load_policy(policy_name), load_legacy_mapping(mapping_path)
    clock = ManualClock(as_of) if as_of else SystemClock()
    if clock.now_us() > SystemClock().now_us():
        raise BadInput("bad-option", what="--as-of", found=f"{as_of} lies in the future")
    store = _rehearsed(store_url) if dry_run else open_store(store_url)
    with closing(store):
        found = take_over(
            Desk(policy, store, clock=clock), table, mapping,
            by=Actor(by, role=role), reason=reason or word("taken over from", tongue).format(table.name),
            timezone=timezone, encoding=encoding, dry_run=dry_run,
        )  # fmt: skip
    for error in found.wrong[:MOST_LISTED]:
        print(f"caseflow: {error.text(tongue)}", file=sys.stderr)
    if as_json:
        print_json(_document(found, dry_run=dry_run))
    else:
        for line in _lines(found, tongue, dry_run=dry_run):
            click.echo(line)
    return exits.FOUND if found.wrong else exits.OK


def _rehearsed(store_url: str) -> Store:
    """The store, or one in memory where there is none yet: a dry run makes neither file nor tables."""
    path = store_url.removeprefix("sqlite:///")
    is_there = path == store_url or Path(path).exists()
    try:
        return open_store(store_url if is_there else "memory:", must_exist=is_there)
    except StoreError as error:
        if error.code != "store-missing":
            raise
        return open_store("memory:")


def _document(found: Takeover, *, dry_run: bool) -> dict[str, object]:
    done = found.adoption
    return {
        "written": not (dry_run or found.wrong), "adopted": done.adopted, "unchanged": done.unchanged,
        "skipped": found.skipped, "wrong": len(found.wrong), "inherited": dict(done.inherited),
        "running": dict(done.running), "untaken": done.untaken,
    }  # fmt: skip


def _lines(found: Takeover, tongue: Lang, *, dry_run: bool) -> list[str]:
    done = found.adoption
    if found.wrong:
        return [word("nothing taken over", tongue).format(len(found.wrong))]
    head = word("would take over" if dry_run else "took over", tongue)
    lines = [head.format(done.adopted, done.unchanged, found.skipped)]
    for key, counts in (("inherited", done.inherited), ("running on", done.running)):
        told = ", ".join(f"{name} {count}" for name, count in counts.items()) or "0"
        lines.append(f"{word(key, tongue)}: {told}")
    if done.untaken:
        lines.append(word("untaken", tongue).format(done.untaken))
    return lines
