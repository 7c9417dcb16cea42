"""``caseflow policy lint``: what makes a policy unusable, and what is wrong although it can be used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from caseflow.cli import exits
from caseflow.cli.options import chosen, json_option, lang_option, print_json
from caseflow.cli.words import Lang, word
from caseflow.clock import SystemClock
from caseflow.config import load_policy
from caseflow.core.instants import zone_info
from caseflow.core.lint.finding import Finding
from caseflow.core.lint.findings import findings
from caseflow.core.policy import Policy
from caseflow.errors import BadInput, PolicyError, Problem


@click.command()
@click.argument("name", metavar="NAME|FILE")
@click.option("--today", default=None, help="Calendars must reach deadlines from this day (2025-03-03) on.")
@click.option("--strict", is_flag=True, help="Leave with 1 for findings as well as for problems.")
@json_option
@lang_option
def lint(name: str, today: str | None, strict: bool, as_json: bool, lang: str | None) -> int:
    """Check a policy: problems make it unusable; findings are deadlines that are hardly meant.

    Findings are told with the actions that show them: rungs that never fire, states where no clock runs,
    delays without end, extensions that outlive rungs, notices nobody gets, calendars that end too soon.
    """
    day = None if today is None else _day(today)
    try:
        policy = load_policy(name)
    except PolicyError as error:
        _print(name, error.problems, (), as_json=as_json, lang=chosen(lang))
        return exits.FOUND
    found = findings(policy, today=_today(policy) if day is None else day)
    _print(name, (), found, as_json=as_json, lang=chosen(lang))
    return exits.FOUND if found and strict else exits.OK


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("bad-date", what="--today", found=text) from error


def _today(policy: Policy) -> date:
    return SystemClock().now().astimezone(zone_info(policy.timezone)).date()


def _print(
    name: str, problems: Sequence[Problem], found: Sequence[Finding], *, as_json: bool, lang: Lang
) -> None:
    if as_json:
        print_json({"policy": name, "problems": [_problem(problem) for problem in problems],
                    "findings": [finding_document(one) for one in found]})  # fmt: skip
        return
    for problem in problems:
        click.echo(problem.text(lang))
    for one in found:
        click.echo(f"{name}: {one.path}: {one.text(lang)} [{one.code}]")
        if one.shown(lang):
            click.echo(f"    {word('shown by', lang).format(one.shown(lang))}")
        click.echo(f"    {word('remedy', lang).format(one.remedy(lang))}")
    if found:
        click.echo(f"{name}: {word('findings', lang).format(len(found))}")
    elif not problems:
        click.echo(f"{name}: {word('clean', lang)}")


def _problem(problem: Problem) -> dict[str, Any]:
    texts = {lang: problem.text(lang) for lang in ("en", "zh")}
    return {"code": problem.code, "file": problem.file, "path": problem.path, "found": problem.found, **texts}


def finding_document(one: Finding) -> dict[str, Any]:
    """The finding as JSON-able data, with its texts in both languages."""
    return {
        "code": one.code, "path": one.path, "what": one.names, "way": list(one.way), "loop": list(one.loop),
        **{lang: {"text": one.text(lang), "remedy": one.remedy(lang)} for lang in ("en", "zh")},
    }  # fmt: skip
