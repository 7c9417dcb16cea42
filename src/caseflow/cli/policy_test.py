"""``caseflow policy test``: prove a policy without writing Python."""

from __future__ import annotations

import sys

import click

from caseflow.cli import exits
from caseflow.cli.options import chosen, lang_option
from caseflow.cli.progress import progress_bar
from caseflow.cli.words import word

AT_LEAST_ONE = click.IntRange(min=1)


@click.command("test")
@click.argument("name", metavar="NAME|FILE")
@click.option("--examples", type=AT_LEAST_ONE, default=200, show_default=True, help="Lives to live.")
@click.option("--steps", type=AT_LEAST_ONE, default=30, show_default=True, help="Steps of each life.")
@click.option("--seed", type=int, default=0, show_default=True, help="Chooses the lives.")
@click.option("--diagram", is_flag=True, help="Draw in Mermaid what was never reached, instead of the table.")
@lang_option
def test(name: str, examples: int, steps: int, seed: int, diagram: bool, lang: str | None) -> int:
    """Prove a policy: generated lives under it, every law checked after every step.

    Exit code 0: every law holds. 1: a law is broken, and the shortest life found that shows it is told.
    """
    tongue = chosen(lang)
    try:
        from caseflow.testing.laws.running import policy_laws
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        print(word("testing missing", tongue), file=sys.stderr)
        return exits.USAGE
    with progress_bar(name) as progress:
        report = policy_laws(name, examples=examples, steps=steps, seed=seed, progress=progress)
    if diagram and report.ok:
        click.echo(report.coverage.diagram(tongue), nl=False)
        return exits.OK
    click.echo(report.text(tongue))
    for violation in report.violations:
        click.echo(f"\n{violation.snippet}", nl=False)
    return exits.OK if report.ok else exits.FOUND
