"""``caseflow units``: a register of units held against its rules, and open cases handed on."""

from __future__ import annotations

from pathlib import Path

import click

from caseflow import Actor, Desk, load_policy, load_units
from caseflow.cli.options import (
    FILE,
    Exit,
    Lang,
    echo,
    json_option,
    lang_option,
    open_store,
    print_json,
    say,
    store_option,
    word,
)
from caseflow.errors import UnitsError


@click.group()
def units() -> None:
    """Handling units: a register of them, and the cases of those that change."""


@units.command()
@click.argument("file", type=FILE)
@lang_option
@click.pass_context
def check(ctx: click.Context, file: Path, lang: Lang) -> None:
    """Tell every problem of a register of units, TOML or CSV. Exit code 1 when there is one."""
    try:
        register = load_units(file)
    except UnitsError as error:
        echo(error.text(lang))
        ctx.exit(Exit.FOUND)
    ended = sum(unit.until is not None for unit in register)
    say("units-sound", lang, count=len(register), ended=ended)


@units.command("hand-over")
@click.argument("unit", metavar="UNIT")
@store_option
@click.option("--units", "file", type=FILE, help="The register that says who goes on with its cases.")
@click.option("--to", default=None, help="Who gets them; by default as the register says.")
@click.option("--reason", required=True, help="Why; kept with each case.")
@click.option("--by", required=True, help="The id of whoever hands them on.")
@click.option("--role", default="coordinator", show_default=True, help="Theirs.")
@click.option("--dry-run", is_flag=True, help="Write nothing; tell what would be done.")
@json_option
@lang_option
@click.pass_context
def hand_over(
    ctx: click.Context,
    unit: str,
    store_url: str,
    file: Path | None,
    to: str | None,
    reason: str,
    by: str,
    role: str,
    dry_run: bool,
    as_json: bool,
    lang: Lang,
) -> None:
    """Hand on the open cases of a unit that was renamed or dissolved. Exit code 1 when some stay."""
    register = None if file is None else load_units(file)
    desk = Desk(load_policy("wuhu"), open_store(store_url, must_exist=True), units=register)
    done = desk.hand_over(unit, to=to, by=Actor(by, role=role), reason=reason, dry_run=dry_run)
    if as_json:
        print_json(done.to_dict())
    else:
        key = "would-hand-over" if dry_run else "handed-over"
        say(key, lang, to=done.to, count=done.handed, helped=done.helped)
        for one in done.refused:
            echo(word("left-out", lang, case=one.case_id, reason=one.error.text(lang)))
    ctx.exit(Exit.FOUND if done.refused else Exit.OK)
