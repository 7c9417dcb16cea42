"""``caseflow referral``: referrals that are proposed, their evidence, and points of units (效能问责)."""

from __future__ import annotations

from pathlib import Path

import click

from caseflow import Actor, Desk, load_policy
from caseflow.cli.options import (
    BOM,
    Lang,
    bom_option,
    columns,
    echo,
    json_option,
    lang_option,
    open_store,
    print_json,
    print_utf8,
    say,
    say_aside,
    spare_inputs,
    store_option,
    usage,
)
from caseflow.oversight import (
    evidence_sheet,
    point_ledger,
    propose_referrals,
    review_referrals,
    sheet_html,
    write_points,
)

SINCE = click.option("--since", required=True, metavar="DAY", help="The first day, such as 2025-04-01.")
UNTIL = click.option("--until", required=True, metavar="DAY", help="The day after the last one.")
POLICY = click.option(
    "--policy", "policy_name", default="referral", show_default=True, metavar="NAME|FILE",
    help="The policy of referrals.",
)  # fmt: skip
BY = click.option(
    "--by", "program", default="rules", show_default=True, metavar="ID", help="The program's own id."
)
ROLE = "proposer"
"""The role of programs in the shipped policy."""


@click.group()
def referral() -> None:
    """Hold units to account: referrals from cards and returns, their evidence, and points."""


def _desk(url: str, policy_name: str) -> Desk:
    return Desk(load_policy(policy_name), open_store(url, must_exist=True))


@referral.command()
@SINCE
@UNTIL
@BY
@POLICY
@store_option
@json_option
@lang_option
def propose(
    since: str, until: str, program: str, policy_name: str, store_url: str, as_json: bool, lang: Lang
) -> int:
    """Propose a referral for each unit of which enough is on record in the period; a repeat proposes none.

    People open or drop what is proposed. Exit code 1 when a case could not be read.
    """
    desk = _desk(store_url, policy_name)
    done = propose_referrals(desk, since=since, until=until, by=Actor(program, role=ROLE), lang=lang)
    cases = [desk.get(name) for name in done.referrals]
    if as_json:
        print_json([{"id": case.id, "unit": case.unit, "conduct": case.origin.kind} for case in cases])
    else:
        for case in cases:
            echo(f"{case.id}  {case.origin.kind}  {case.unit}")
        say("referrals-proposed", lang, count=len(cases))
    return say_aside(done.quarantined, lang, err=as_json)


@referral.command()
@BY
@POLICY
@store_option
@json_option
@lang_option
def review(program: str, policy_name: str, store_url: str, as_json: bool, lang: Lang) -> int:
    """Take back what is held against units by cards that were annulled since, each with a record.

    Exit code 1 when a case could not be read.
    """
    done = review_referrals(_desk(store_url, policy_name), by=Actor(program, role=ROLE))
    if as_json:
        print_json([{"referral": name, "evidence": evidence} for name, evidence in done.taken_back])
    else:
        for name, evidence in done.taken_back:
            echo(f"{name}  {evidence}")
        say("referrals-reviewed", lang, count=len(done.taken_back))
    return say_aside(done.quarantined, lang, err=as_json)


@referral.command()
@click.argument("case_id", metavar="REFERRAL")
@click.option("--at", default=None, help="As of this instant, with its offset; by default of the proposal.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The page; printed without.")
@store_option
@json_option
@lang_option
def sheet(case_id: str, at: str | None, out: Path | None, store_url: str, as_json: bool, lang: Lang) -> int:
    """Print the evidence of a referral: each card explained, as it stood at an instant, as a page of A4.

    Exit code 1 when a card could not be read.
    """
    spare_inputs((store_url,), (out,), lang)
    if as_json and out is not None:
        raise usage("not-together", lang, one="--json", other="--out")
    page = evidence_sheet(_desk(store_url, "referral"), case_id, at=at, lang=lang)
    if as_json:
        print_json(page.to_dict())
    elif out is None:
        print_utf8(sheet_html(page, lang=lang))
    else:
        out.write_text(sheet_html(page, lang=lang), encoding="utf-8")
        say("wrote", lang, path=out)
    return say_aside(page.quarantined, lang, err=True)


@referral.command()
@SINCE
@UNTIL
@click.option("--unit", default=None, help="Only this unit's.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A CSV file, with the evidence.")
@POLICY
@store_option
@bom_option
@json_option
@lang_option
def points(
    since: str,
    until: str,
    unit: str | None,
    out: Path | None,
    policy_name: str,
    store_url: str,
    bom: bool,
    as_json: bool,
    lang: Lang,
) -> int:
    """Print the points of units in a period; with --out or --json every point with its evidence.

    Exit code 1 when a case could not be read.
    """
    spare_inputs((store_url,), (out,), lang)
    if as_json and out is not None:
        raise usage("not-together", lang, one="--json", other="--out")
    ledger = point_ledger(_desk(store_url, policy_name), since=since, until=until, unit=unit)
    if as_json:
        print_json(ledger.document())
    elif out is not None:
        with out.open("w", encoding="utf-8", newline="") as file:
            file.write(BOM if bom else "")
            write_points(ledger, file)
        say("wrote", lang, path=out)
    elif ledger.totals:
        for line in columns([(name, str(total)) for name, total in ledger.totals.items()]):
            echo(line)
    else:
        say("no-points", lang)
    return say_aside(ledger.quarantined, lang, err=as_json)
