"""``caseflow governance``: what a log says of the eight characteristics of good governance (良治报告)."""

from __future__ import annotations

import click

from caseflow.cli.options import (
    Lang,
    echo,
    json_option,
    lang_option,
    open_desk,
    print_json,
    say_aside,
    store_option,
)
from caseflow.oversight import governance_report


@click.command()
@click.option("--since", required=True, metavar="DAY", help="The first day, such as 2025-01-01.")
@click.option("--until", required=True, metavar="DAY", help="The day after the last one.")
@click.option(
    "--policy", "policies", multiple=True, help="Only cases under it; by default all that can be replied to."
)
@click.option("--timezone", "zone", default=None, help="Whose days they are; by default Asia/Shanghai.")
@store_option
@json_option
@lang_option
def governance(
    since: str,
    until: str,
    policies: tuple[str, ...],
    zone: str | None,
    store_url: str,
    as_json: bool,
    lang: Lang,
) -> int:
    """Report on good governance: eight characteristics, each by a stated share, against the period before.

    What this log cannot tell is said, with the reason. Exit code 1 when a case could not be read.
    """
    report = governance_report(
        open_desk(store_url), since=since, until=until, policies=policies or None, zone=zone
    )
    if as_json:
        print_json(report.document(lang))
    else:
        for line in report.lines(lang):
            echo(line)
    return say_aside(report.quarantined, lang, err=as_json)
