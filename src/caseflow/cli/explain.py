"""``caseflow explain``: a clock's deadlines, day by day or stretch by stretch."""

from __future__ import annotations

from typing import Any

import click

from caseflow.cli.labels import clock_label, level_label
from caseflow.cli.options import chosen, json_option, lang_option, open_desk, print_json, store_option
from caseflow.cli.stretches import print_stretches, stretch_document
from caseflow.cli.words import Lang, instant, word
from caseflow.core.policy import Policy
from caseflow.views.explain import Explanation


@click.command()
@click.argument("case_id", metavar="CASE")
@click.option("--clock", required=True, help="Which clock.")
@store_option
@json_option
@lang_option
def explain(case_id: str, clock: str, store_url: str, as_json: bool, lang: str | None) -> None:
    """Explain a clock's deadlines day by day: what counted, why, by which rule and source."""
    desk = open_desk(store_url)
    found = desk.explain(case_id, clock=clock)
    if as_json:
        print_json([explanation_document(part) for part in found])
        return
    policy, tongue = desk.rules_of(case_id).policy, chosen(lang)
    for part in found:
        _print_explanation(part, policy, tongue)


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
        "stretches": [stretch_document(piece) for piece in part.stretches],
        "rule": part.rule,
        "source": part.source,
    }  # fmt: skip


def _print_explanation(part: Explanation, policy: Policy, lang: Lang) -> None:
    subject = f" {part.subject}" if part.subject else ""
    name = clock_label(policy, part.clock, lang)
    status = word(part.status, lang)
    counting = word(part.counting, lang)
    click.echo(f"{name}{subject}, {word('cycle', lang)} {part.cycle}, {status}, {counting}, {part.zone}")
    click.echo(f"  {word('rule', lang)} {part.rule}; {word('source', lang)}: {part.source or '-'}")
    click.echo(f"  {word('since', lang)} {instant(part.since)}")
    for begin, end in part.pauses:
        click.echo(f"  {word('paused', lang)} {instant(begin)} / {instant(end)}")
    if part.until:
        click.echo(f"  {word('until', lang)} {instant(part.until)}")
    for day in part.days:
        note = f" ({word(day.note, lang)})" if day.note else ""
        click.echo(f"  {day.date}  {day.count:>3}  {word(day.why, lang)}{note}")
    print_stretches(part.stretches, lang)
    for rung in part.rungs:
        level = level_label(policy, part.clock, rung.level, lang)
        late = instant(rung.late_at) if rung.late_at else word("no breach", lang)
        phrase = word("late from" if rung.certain else "not before", lang)
        extra = f", {word('extended', lang).format(rung.extended_by)}" if rung.extended_by else ""
        mark = f", {word('fired', lang)}" if rung.fired else ""
        click.echo(f"  {level}: {phrase} {late}{extra}{mark}; {word('source', lang)}: {rung.source or '-'}")
