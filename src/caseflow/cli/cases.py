"""Commands that look at stored cases, and the sweep."""

from __future__ import annotations

from typing import Any

import click

from caseflow.cli.options import (
    chosen,
    json_option,
    lang_option,
    open_desk,
    print_json,
    store_option,
)
from caseflow.cli.words import Lang, instant, word
from caseflow.core.case import Card, Case, ClockRun
from caseflow.core.instants import moment
from caseflow.core.policy import Policy
from caseflow.views.explain import Explanation


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
    state = policy.states[case.state].labels.get(tongue, case.state) if case.state in policy.states else ""
    lines = [
        ("case", case.id),
        ("state", f"{state} ({case.state})"),
        ("stage", case.stage),
        ("unit", case.unit or word("nobody", tongue)),
        ("submitted", instant(case.submitted_at)),
        ("next", instant(case.next_due) if case.next_due else word("never", tongue)),
        ("version", str(case.version)),
    ]
    for key, found in lines:
        click.echo(f"{word(key, tongue)}: {found}")
    for run in case.clocks:
        click.echo(f"{word('clocks', tongue)}: {_run_line(run, case, tongue)}")
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


def _run_line(run: ClockRun, case: Case, lang: Lang) -> str:
    status = word("paused" if run.is_running and run.is_paused else run.status, lang)
    since = instant(moment(run.since_us, case.origin.zone))
    subject = f" {run.subject}" if run.subject else ""
    return f"{run.clock}{subject}, {word('cycle', lang)} {run.cycle}, {status}, {word('since', lang)} {since}"


def _card_line(card: Card, policy: Policy, lang: Lang) -> str:
    level = card.level
    for rule in policy.clocks.values():
        for rung in rule.rungs:
            if rung.level == card.level:
                level = rung.labels.get(lang, card.level)
    end = f", {word('annulled', lang)} {instant(card.annulled_at)}" if card.annulled_us is not None else ""
    return f"{level} ({card.clock}) {instant(card.effective_at)} {card.unit or word('nobody', lang)}{end}"


@click.command()
@click.argument("case_id", metavar="CASE")
@click.option("--clock", required=True, help="Which clock.")
@store_option
@json_option
@lang_option
def explain(case_id: str, clock: str, store_url: str, as_json: bool, lang: str | None) -> None:
    """Explain a clock's deadlines day by day: what counted, why, by which rule and source."""
    found = open_desk(store_url).explain(case_id, clock=clock)
    if as_json:
        print_json([explanation_document(part) for part in found])
        return
    tongue = chosen(lang)
    for part in found:
        _print_explanation(part, tongue)


def explanation_document(part: Explanation) -> dict[str, Any]:
    """The explanation as JSON-able data."""
    return {
        "clock": part.clock,
        "subject": part.subject,
        "cycle": part.cycle,
        "status": part.status,
        "counting": part.counting,
        "calendar": part.calendar,
        "timezone": part.zone,
        "since": part.since.isoformat(),
        "until": part.until.isoformat() if part.until else None,
        "pauses": [[a.isoformat(), b.isoformat() if b else None] for a, b in part.pauses],
        "rungs": [
            {
                "level": rung.level, "days": rung.days, "hours": rung.hours, "extended_by": rung.extended_by,
                "late_at": rung.late_at.isoformat() if rung.late_at else None, "certain": rung.certain,
                "fired": rung.fired, "rule": rung.rule, "source": rung.source,
            }
            for rung in part.rungs
        ],
        "days": [
            {"date": day.date.isoformat(), "count": day.count, "why": day.why, "note": day.note}
            for day in part.days
        ],
        "rule": part.rule,
        "source": part.source,
    }  # fmt: skip


def _print_explanation(part: Explanation, lang: Lang) -> None:
    subject = f" {part.subject}" if part.subject else ""
    status = word(part.status, lang)
    click.echo(
        f"{part.clock}{subject}, {word('cycle', lang)} {part.cycle}, {status}, {part.counting}, {part.zone}"
    )
    click.echo(f"  {word('rule', lang)} {part.rule}; {word('source', lang)}: {part.source or '-'}")
    click.echo(f"  {word('since', lang)} {instant(part.since)}")
    for begin, end in part.pauses:
        click.echo(f"  {word('paused', lang)} {instant(begin)} / {instant(end)}")
    if part.until:
        click.echo(f"  {word('until', lang)} {instant(part.until)}")
    for day in part.days:
        note = f" ({word(day.note, lang)})" if day.note else ""
        click.echo(f"  {day.date}  {day.count:>3}  {word(day.why, lang)}{note}")
    for rung in part.rungs:
        late = instant(rung.late_at) if rung.late_at else word("no breach", lang)
        phrase = word("late from" if rung.certain else "not before", lang)
        extra = f", {word('extended', lang).format(rung.extended_by)}" if rung.extended_by else ""
        mark = f", {word('fired', lang)}" if rung.fired else ""
        click.echo(
            f"  {rung.level}: {phrase} {late}{extra}{mark}; {word('source', lang)}: {rung.source or '-'}"
        )


@click.command()
@click.argument("case_id", metavar="CASE")
@store_option
@json_option
@lang_option
def forecast(case_id: str, store_url: str, as_json: bool, lang: str | None) -> None:
    """Tell what happens to a case, and when, if nobody acts."""
    found = open_desk(store_url).forecast(case_id)
    if as_json:
        print_json(
            [
                {"at": item.at.isoformat(), "what": item.what, "level": item.level, "clock": item.clock,
                 "subject": item.subject, "cycle": item.cycle, "state": item.state, "certain": item.certain}
                for item in found
            ]
        )  # fmt: skip
        return
    tongue = chosen(lang)
    for item in found:
        phrase = "" if item.certain else f"{word('not before', tongue)} "
        click.echo(f"{phrase}{instant(item.at)}  {item.level or item.what} {item.clock}".rstrip())
    if not found:
        click.echo(word("nothing to come", tongue))


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
    page = open_desk(store_url).cases(unit=unit, state=state, overdue=overdue, limit=limit, cursor=cursor)
    if as_json:
        print_json({"cases": [case_document(case) for case in page], "cursor": page.cursor})
        return
    tongue = chosen(lang)
    for case in page:
        due = instant(case.next_due) if case.next_due else word("never", tongue)
        cards = " ".join(card.level for card in case.cards if card.stands)
        click.echo(f"{case.id}  {case.state}  {case.unit or '-'}  {due}  {cards}".rstrip())
    if not len(page):
        click.echo(word("no cases", tongue))
    if page.cursor:
        click.echo(word("more", tongue).format(f"'{page.cursor}'"))


@click.command()
@store_option
@click.option("--limit", type=click.IntRange(1), default=None, help="Look at no more than so many cases.")
@click.option("--until", default=None, help="Only what is due at or before this instant (with an offset).")
@json_option
@lang_option
def sweep(store_url: str, limit: int | None, until: str | None, as_json: bool, lang: str | None) -> None:
    """Fire every rung that is due now; run it from cron as often as you like."""
    done = open_desk(store_url).sweep(limit=limit, until=until)
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
