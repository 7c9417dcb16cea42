"""Commands that look at stored cases, and the sweep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from caseflow.cli.labels import clock_label, level_label, state_label
from caseflow.cli.options import (
    chosen,
    json_option,
    lang_option,
    open_desk,
    print_json,
    store_option,
)
from caseflow.cli.phrases import due
from caseflow.cli.words import Lang, instant, word
from caseflow.core.case import Card, Case, ClockRun
from caseflow.core.instants import moment
from caseflow.core.policy import Policy
from caseflow.desk.sweeping import part_of
from caseflow.views.forecast import Forecast


@click.command()
@click.argument("case_id", metavar="CASE")
@store_option
@json_option
@lang_option
def show(case_id: str, store_url: str, as_json: bool, lang: str | None) -> None:
    """Show one case: where it stands, its clocks, its cards."""
    desk = open_desk(store_url)
    case, policy = desk.get(case_id), desk.rules_of(case_id).policy
    if as_json:
        print_json(case_document(case))
        return
    tongue = chosen(lang)
    state, now = state_label(policy, case.state, tongue), moment(desk.clock.now_us())
    lines = [
        ("case", case.id),
        ("state", f"{state} ({case.state})"),
        ("stage", word(case.stage, tongue)),
        ("unit", case.unit or word("nobody", tongue)),
        ("submitted", instant(case.submitted_at)),
        ("next", due(case.next_due, now=now, lang=tongue) if case.next_due else word("never", tongue)),
        ("version", str(case.version)),
    ]
    for key, found in lines:
        click.echo(f"{word(key, tongue)}: {found}")
    for run in case.clocks:
        click.echo(f"{word('clocks', tongue)}: {_run_line(run, case, policy, tongue)}")
    for key, cards in (("cards", case.cards), ("reminders", case.reminders)):
        for card in cards:
            click.echo(f"{word(key, tongue)}: {_card_line(card, policy, tongue)}")


def case_document(case: Case) -> dict[str, Any]:
    """The case as JSON-able data; instants in the office's zone."""
    return {
        "id": case.id,
        "version": case.version,
        "state": case.state,
        "stage": case.stage.value,
        "open": case.is_open,
        "unit": case.unit,
        "kind": case.origin.kind,
        "submitted_at": case.submitted_at.isoformat(),
        "next_due": case.next_due.isoformat() if case.next_due else None,
        "deadline": case.deadline.isoformat() if case.deadline else None,
        "cards": [card_document(card) for card in case.cards],
        "reminders": [card_document(card) for card in case.reminders],
    }


def card_document(card: Card) -> dict[str, Any]:
    """The card as JSON-able data; instants in the office's zone."""
    annulled = card.annulled_at
    return {
        "case_id": card.case_id,
        "clock": card.clock,
        "subject": card.subject,
        "cycle": card.cycle,
        "level": card.level,
        "unit": card.unit,
        "effective_at": card.effective_at.isoformat(),
        "detected_at": card.detected_at.isoformat(),
        "annulled_at": annulled.isoformat() if annulled else None,
    }


def _run_line(run: ClockRun, case: Case, policy: Policy, lang: Lang) -> str:
    label = clock_label(policy, run.clock, lang)
    name = run.clock if label == run.clock else f"{label} ({run.clock})"
    status = word("paused" if run.is_running and run.is_paused else run.status, lang)
    since = instant(moment(run.since_us, case.origin.zone))
    subject = f" {run.subject}" if run.subject else ""
    return f"{name}{subject}, {word('cycle', lang)} {run.cycle}, {status}, {word('since', lang)} {since}"


def _card_line(card: Card, policy: Policy, lang: Lang) -> str:
    level = level_label(policy, card.clock, card.level, lang)
    end = f", {word('annulled', lang)} {instant(card.annulled_at)}" if card.annulled_us is not None else ""
    return f"{level} ({card.clock}) {instant(card.effective_at)} {card.unit or word('nobody', lang)}{end}"


@click.command()
@click.argument("case_id", metavar="CASE")
@store_option
@json_option
@lang_option
def forecast(case_id: str, store_url: str, as_json: bool, lang: str | None) -> None:
    """Tell what happens to a case, and when, if nobody acts."""
    desk = open_desk(store_url)
    found = desk.forecast(case_id)
    if as_json:
        print_json(
            [
                {"at": item.at.isoformat(), "what": item.what, "level": item.level, "clock": item.clock,
                 "subject": item.subject, "cycle": item.cycle, "state": item.state, "certain": item.certain}
                for item in found
            ]
        )  # fmt: skip
        return
    policy, tongue, now = desk.rules_of(case_id).policy, chosen(lang), moment(desk.clock.now_us())
    for item in found:
        phrase = "" if item.certain else f"{word('not before', tongue)} "
        click.echo(f"{phrase}{due(item.at, now=now, lang=tongue)}  {_coming(item, policy, tongue)}")
    if not found:
        click.echo(word("nothing to come", tongue))


def _coming(item: Forecast, policy: Policy, lang: Lang) -> str:
    if not item.level:
        return word("becomes", lang).format(state_label(policy, item.state, lang))
    return f"{level_label(policy, item.clock, item.level, lang)} ({clock_label(policy, item.clock, lang)})"


@click.command()
@store_option
@click.option("--unit", default=None, help="Only cases this unit holds.")
@click.option("--state", default=None, help="Only cases in this state.")
@click.option("--overdue", is_flag=True, help="Only cases with a running clock past its deadline.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--cursor", default="", help="Where the last page ended.")
@json_option
@lang_option
def cases(
    store_url: str,
    unit: str | None,
    state: str | None,
    overdue: bool,
    limit: int,
    cursor: str,
    as_json: bool,
    lang: str | None,
) -> None:
    """List cases in the order of their next due instant."""
    desk = open_desk(store_url)
    page = desk.cases(unit=unit, state=state, overdue=overdue, limit=limit, cursor=cursor)
    if as_json:
        print_json({"cases": [case_document(case) for case in page], "cursor": page.cursor})
        return
    tongue, now = chosen(lang), moment(desk.clock.now_us())
    for case in page:
        click.echo(_case_line(case, desk.rules_of(case.id).policy, now, tongue))
    if not len(page):
        click.echo(word("no cases", tongue))
    if page.cursor:
        click.echo(word("more", tongue).format(f"'{page.cursor}'"))


def _case_line(case: Case, policy: Policy, now: datetime, lang: Lang) -> str:
    state = state_label(policy, case.state, lang)
    until = due(case.next_due, now=now, lang=lang) if case.next_due else word("never", lang)
    cards = ", ".join(level_label(policy, card.clock, card.level, lang) for card in case.cards if card.stands)
    return f"{case.id}  {state}  {case.unit or '-'}  {until}  {cards}".rstrip()


@click.command()
@store_option
@click.option("--limit", type=click.IntRange(1), default=None, help="Look at no more than so many cases.")
@click.option("--until", default=None, help="Only what is due at or before this instant (with an offset).")
@click.option(
    "--part", default=None, help="K/N: only the K-th of N parts of the cases, for N workers at once."
)
@json_option
@lang_option
def sweep(
    store_url: str, limit: int | None, until: str | None, part: str | None, as_json: bool, lang: str | None
) -> None:
    """Fire every rung that is due now; run it from cron as often as you like."""
    done = open_desk(store_url).sweep(limit=limit, until=until, part=part_of(part))
    if as_json:
        print_json(
            {"cards": [card_document(card) for card in done.cards],
             "reminders": [card_document(card) for card in done.reminders],
             "conflicts": list(done.conflicts), "refused": list(done.refused),
             "waiting": done.waiting, "more": done.more}
        )  # fmt: skip
        return
    tongue = chosen(lang)
    counts = (len(done.cards), len(done.reminders), len(done.conflicts), done.waiting)
    click.echo(word("swept", tongue).format(*counts))
    if done.refused:
        click.echo(word("refused", tongue).format(", ".join(done.refused)))
    if done.more:
        click.echo(word("more due", tongue))
