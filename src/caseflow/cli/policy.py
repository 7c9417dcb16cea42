"""``caseflow policy``: show, lint, prove and draw policies."""

from __future__ import annotations

from typing import Any

import click
import tomli_w

from caseflow.cli.lint import lint
from caseflow.cli.options import chosen, lang_option, print_utf8
from caseflow.cli.policy_test import test
from caseflow.config import load_policy
from caseflow.views.diagram import diagram as drawn


@click.group()
def policy() -> None:
    """Show, check, prove and draw policies."""


@policy.command()
@click.argument("name", metavar="NAME|FILE")
def show(name: str) -> None:
    """Print the whole policy as TOML, every default included."""
    print_utf8(tomli_w.dumps(_without_none(load_policy(name).document()["policy"])))


def _without_none(found: Any) -> Any:
    """The table without keys that have no value: TOML has no word for that."""
    if isinstance(found, dict):
        return {key: _without_none(part) for key, part in found.items() if part is not None}
    if isinstance(found, list | tuple):
        return [_without_none(part) for part in found]
    return found


policy.add_command(lint)
policy.add_command(test)


@policy.command()
@click.argument("name", metavar="NAME|FILE")
@lang_option
def diagram(name: str, lang: str | None) -> None:
    """Draw the lifecycle as a Mermaid diagram, states grouped by stage."""
    print_utf8(drawn(load_policy(name), lang=chosen(lang)))
