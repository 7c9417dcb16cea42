"""``caseflow testing``: histories kept from a store, and held against today's code and policies."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from caseflow import BadInput, Policy, load_policy
from caseflow.cli.options import (
    FILE,
    Exit,
    echo,
    json_option,
    lang_option,
    open_store,
    print_json,
    say,
    spare_inputs,
    store_option,
    word,
)
from caseflow.i18n import Lang, languages
from caseflow.testing.golden.golden_check import Change, Compared, accept_golden, compared
from caseflow.testing.golden.golden_history import read_golden, write_golden
from caseflow.testing.golden.golden_history import record as recorded


@click.group()
def testing() -> None:
    """Keep histories, and prove that an upgrade changes no past card."""


@testing.command()
@click.argument("case_ids", metavar="CASE...", nargs=-1, required=True)
@store_option
@click.option("--out", required=True, type=FILE, help="The file to write, FILE.json.")
@click.option("--about", default="", help="One sentence on what the history is kept for.")
@click.option("--with-texts", is_flag=True, help="Keep personal texts; only for cases that are made up.")
@lang_option
def record(
    case_ids: tuple[str, ...], store_url: str, out: Path, about: str, with_texts: bool, lang: Lang
) -> None:
    """Write what happened to cases, and to those merged with them, to a file that can be replayed."""
    spare_inputs((store_url,), (out,), lang)
    store = open_store(store_url, must_exist=True)
    history = recorded(store, case_ids, about=about, with_texts=with_texts)
    write_golden(out, history)
    say("golden-recorded", lang, path=out, cases=len(history.ids()), events=len(history.events))


@testing.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--policy", "names", multiple=True, metavar="NAME|FILE", help="Today's policy; may be repeated."
)
@click.option("--accept", is_flag=True, help="Rewrite the files as they would be recorded today.")
@json_option
@lang_option
def check(files: tuple[Path, ...], names: tuple[str, ...], accept: bool, as_json: bool, lang: Lang) -> int:
    """Replay golden histories: by the policies of their time, and by today's of the same name.

    Leaves with 1 when a past card would change, and says which card of which case, and how.
    """
    today = _policies(names)
    results = {path: compared(read_golden(path), policies=today) for path in files}
    changed = [path for path, parts in results.items() if any(part.changes for part in parts)]
    if as_json:
        print_json([_document(path, parts) for path, parts in results.items()])
    else:
        for path, parts in results.items():
            _print(path, parts, lang)
    if not accept:
        return Exit.FOUND if changed else Exit.OK
    for path in changed:
        accept_golden(path, policies=today)
        echo(word("golden-accepted", lang, path=path), err=as_json)
    return Exit.OK


def _policies(names: Iterable[str]) -> dict[str, Policy]:
    """Today's policies by name.

    Raises:
        BadInput: two have one name.
    """
    policies: dict[str, Policy] = {}
    for policy in map(load_policy, names):
        if policy.name in policies:
            raise BadInput("policy-twice", what="--policy", found=policy.name)
        policies[policy.name] = policy
    return policies


def _print(path: Path, parts: tuple[Compared, ...], lang: Lang) -> None:
    texts = [text for part in parts if (text := part.text(lang))]
    for text in (str(path), *texts) if texts else ():
        echo(text)
    if not texts:
        against = parts[-1].policy
        say("golden-holds" if against else "golden-holds-then", lang, path=path, policy=against)


def _document(path: Path, parts: tuple[Compared, ...]) -> dict[str, Any]:
    return {
        "file": str(path),
        "compared": [
            {
                "against": part.against,
                "policy": part.policy,
                "changes": [_change_document(change) for change in part.changes],
                "stories": {case_id: list(lines) for case_id, lines in part.stories},
            }
            for part in parts
        ],
    }


def _change_document(change: Change) -> dict[str, str]:
    return {
        "case": change.case_id, "what": change.what, "name": change.name,
        "before": change.before, "after": change.after,
        **{lang: change.text(lang) for lang in languages()},
    }  # fmt: skip
