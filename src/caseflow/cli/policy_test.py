"""``caseflow policy test``: prove a policy without writing Python."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
@click.option(
    "--diagram",
    is_flag=True,
    help="When every law holds, draw in Mermaid what was never reached, instead of the table.",
)
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
    with progress_bar(name) as progress, _heard() as interrupted:

        def lived(lives: int, of: int) -> None:
            if interrupted:
                raise KeyboardInterrupt
            if progress is not None:
                progress(lives, of)

        report = policy_laws(name, examples=examples, steps=steps, seed=seed, progress=lived)
    if diagram and report.ok:
        click.echo(report.coverage.diagram(tongue), nl=False)
        return exits.OK
    click.echo(report.text(tongue))
    for snippet in dict.fromkeys(violation.snippet for violation in report.violations):
        click.echo(f"\n{snippet}", nl=False)
    return exits.OK if report.ok else exits.FOUND


@contextmanager
def _heard() -> Iterator[list[int]]:
    """Note Ctrl-C, for the next life to stop at; a second one stops at once.

    Raised wherever it comes it could be lost, in a callback of the garbage collector, or pass for an error
    of the policy, in the middle of a step.
    """
    heard: list[int] = []

    def note(number: int, frame: object) -> None:
        heard.append(number)
        if len(heard) > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield heard
        if heard:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)
