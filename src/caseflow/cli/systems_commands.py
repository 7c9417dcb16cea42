"""``caseflow systems``: public systems that caseflow can be, each with an example at its own scale."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import click

import caseflow
from caseflow import BadInput
from caseflow.cli.options import echo, json_option, lang_option, print_json
from caseflow.i18n import Lang
from caseflow.policies.parse import toml_table


@click.group(invoke_without_command=True)
@json_option
@lang_option
@click.pass_context
def systems(ctx: click.Context, as_json: bool, lang: Lang) -> None:
    """List systems of public record, each with what it shows, its example and its page; run one of them."""
    if ctx.invoked_subcommand is not None:
        return
    table = known_systems()
    if as_json:
        print_json({name: dict(row) for name, row in table.items()})
        return
    for name, row in table.items():
        echo(f"{name}  {_of(row['labels'], lang)}")
        echo(f"    {_of(row['shows'], lang)}")
        echo(f"    examples/{row['example']}  {row['page']}")


@systems.command()
@click.argument("name", metavar="NAME")
@click.option("--full", is_flag=True, help="At the system's own scale, which may take minutes.")
@lang_option
def run(name: str, full: bool, lang: Lang) -> None:
    """Run the example of a system; it prints what it came to. Small, and done in seconds, by default."""
    table = known_systems()
    if name not in table:
        raise BadInput("no-system", found=name, known=", ".join(table))
    file, before = str(example_file(str(table[name]["example"]))), sys.argv
    sys.argv = [file, "--full"] if full else [file]  # an example reads its own arguments
    try:
        runpy.run_path(file, run_name="__main__")
    finally:
        sys.argv = before


def known_systems() -> dict[str, Mapping[str, Any]]:
    """The rows of ``systems.toml`` by their names, in its order."""
    file = resources.files("caseflow.cli").joinpath("systems.toml")
    return toml_table(file.read_bytes(), what="systems.toml")


def example_file(name: str) -> Path:
    """The example of that name: as installed with the package, or in the checkout of an editable one."""
    package = Path(caseflow.__file__).parent
    installed = package / "examples" / name
    return installed if installed.is_file() else package.parents[1] / "examples" / name


def _of(labels: Mapping[str, str], lang: Lang) -> str:
    return labels["zh"] if lang == "zh" else labels["en"]
