"""``caseflow testing``: histories kept from a store, and held against today's code and policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from caseflow.cli import exits
from caseflow.cli.options import chosen, json_option, lang_option, open_store, print_json, store_option
from caseflow.cli.words import Lang, word
from caseflow.config import load_policy
from caseflow.core.policy import Policy
from caseflow.errors import BadInput
from caseflow.testing.golden import record as recorded
from caseflow.testing.golden_check import Change, Compared, accept_golden, compared
from caseflow.testing.golden_file import read_golden, write_golden


@click.group()
def testing() -> None:
    """Keep histories, and prove that an upgrade changes no past card."""


@testing.command()
@click.argument("case_ids", metavar="CASE...", nargs=-1, required=True)
@store_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write, FILE.json.")
@click.option("--about", default="", help="One sentence on what the history is kept for.")
@click.option("--with-texts", is_flag=True, help="Keep personal texts; only for cases that are made up.")
@lang_option
def record(
    case_ids: tuple[str, ...], store_url: str, out: Path, about: str, with_texts: bool, lang: str | None
) -> None:
    """Write what happened to cases, and to those merged with them, to a file that can be replayed."""
    store = open_store(store_url, must_exist=True)
    try:
        history = recorded(store, case_ids, about=about, with_texts=with_texts)
    finally:
        store.close()
    write_golden(out, history)
    counts = (out, len(history.ids()), len(history.events))
    click.echo(word("golden recorded", chosen(lang)).format(*counts))


@testing.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--policy", "names", multiple=True, metavar="NAME|FILE", help="Today's policy; may be repeated."
)
@click.option("--accept", is_flag=True, help="Rewrite the files as they would be recorded today.")
@json_option
@lang_option
def check(
    files: tuple[Path, ...], names: tuple[str, ...], accept: bool, as_json: bool, lang: str | None
) -> int:
    """Replay golden histories: by the policies of their time, and by today's of the same name.

    Leaves with 1 when a past card would change, and says which card of which case, and how.
    """
    tongue = chosen(lang)
    today: dict[str, Policy] = {}
    for policy in map(load_policy, names):
        if policy.name in today:
            raise BadInput("bad-option", what="--policy", found=f"two are called {policy.name}")
        today[policy.name] = policy
    found = {path: compared(read_golden(path), policies=today) for path in files}
    changed = [path for path, held in found.items() if any(one.changes for one in held)]
    if as_json:
        print_json([_document(path, held) for path, held in found.items()])
    else:
        for path, held in found.items():
            _print(path, held, tongue)
    if not accept:
        return exits.FOUND if changed else exits.OK
    for path in changed:
        accept_golden(path, policies=today)
        click.echo(word("golden accepted", tongue).format(path), err=as_json)
    return exits.OK


def _print(path: Path, held: tuple[Compared, ...], lang: Lang) -> None:
    texts = [text for one in held if (text := one.text(lang))]
    for text in (str(path), *texts) if texts else ():
        click.echo(text)
    if not texts:
        against = held[-1].policy
        key = "golden holds" if against else "golden holds then"
        click.echo(word(key, lang).format(path, against))


def _document(path: Path, held: tuple[Compared, ...]) -> dict[str, Any]:
    return {
        "file": str(path),
        "compared": [
            {
                "against": one.against,
                "policy": one.policy,
                "changes": [_change(change) for change in one.changes],
                "stories": {case_id: list(lines) for case_id, lines in one.stories},
            }
            for one in held
        ],
    }


def _change(change: Change) -> dict[str, str]:
    return {
        "case": change.case_id, "what": change.what, "name": change.name,
        "before": change.before, "after": change.after,
        "en": change.text("en"), "zh": change.text("zh"),
    }  # fmt: skip
