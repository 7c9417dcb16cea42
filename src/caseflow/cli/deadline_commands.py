"""``caseflow deadline`` and ``explain``: deadlines of any kind and of a case's clocks, day by day."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

import attrs
import click

from caseflow import Policy
from caseflow.cli.case_commands import clock_label, level_label
from caseflow.cli.count_lines import day_lines, stretch_lines
from caseflow.cli.deadline_batch import BatchResult, run_batch
from caseflow.cli.deadline_terms import KEYS, DeadlineTerms, TermReader
from caseflow.cli.options import (
    FILE,
    Exit,
    Lang,
    bom_option,
    echo,
    instant,
    json_option,
    labelled,
    lang_option,
    late_line,
    open_desk,
    print_json,
    say,
    spare_inputs,
    store_option,
    usage,
    word,
)
from caseflow.core.time.instants import moment
from caseflow.core.time.pauses import Breach
from caseflow.core.time.span import Counting, Ends, First, PausedDay, Roll
from caseflow.i18n import bracketed, mark
from caseflow.views.explain import ExplainedDay, ExplainedRung, ExplainedStretch, Explanation
from caseflow.views.labels import length_text, term_label

MOST_MISMATCHES = 20
"""Mismatches that are printed; the others are counted, and JSON has all."""
_HELP = {
    "days": "Its length: days, 0 for the same day;",
    "weeks": "or weeks,",
    "months": "or months, to the corresponding day,",
    "years": "or years,",
    "hours": "or hours (elapsed and office),",
    "minutes": "or minutes (the same).",
}


def _words(kind: type[StrEnum]) -> click.Choice[Any]:
    return click.Choice([word.value for word in kind])


@click.command()
@click.option("--start", help="When it began: ISO 8601 with an offset.")
@click.option("--days", type=int, help=_HELP["days"])
@click.option("--weeks", type=int, help=_HELP["weeks"])
@click.option("--months", type=int, help=_HELP["months"])
@click.option("--years", type=int, help=_HELP["years"])
@click.option("--hours", type=int, help=_HELP["hours"])
@click.option("--minutes", type=int, help=_HELP["minutes"])
@click.option("--counting", type=_words(Counting), default="natural", show_default=True)
@click.option("--calendar", help="CN (extra `cn`), a table file, or a name in --calendars.")
@click.option("--calendars", type=FILE, metavar="DIR", help="A folder of calendars: NAME.toml each.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="The office's zone.")
@click.option("--roll", type=_words(Roll), default="none", help="When the last day is a rest day.")
@click.option("--first", type=_words(First), default="next-day", help="Which day is day 1.")
@click.option("--cut-off", metavar="HH:MM", help="A start from then on is of the next working day.")
@click.option("--ends", type=_words(Ends), default="midnight", help="When the last day ends.")
@click.option("--paused-day", type=_words(PausedDay), default="ends", help="Which a pause takes.")
@click.option("--pause", "pauses", multiple=True, metavar="A/B", help="With offsets; an empty B is open.")
@click.option("--batch", type=FILE, help="A CSV file of deadlines; options are for what a row leaves out.")
@click.option("--out", type=FILE, help="Where the computed file goes.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of the file to read; UTF-8 is written.")
@bom_option
@json_option
@lang_option
def deadline(
    batch: Path | None, out: Path | None, calendars: Path | None, encoding: str, bom: bool, as_json: bool,
    lang: Lang, **options: Any,
) -> int:  # fmt: skip
    """Compute the first instant that is late, and explain it day by day.

    The length is exactly one of --days to --minutes. With --batch every row of a table is computed; its
    columns are called as the options (cut_off, paused_day, pauses), and any of them may be left out.
    """
    texts = _texts(options)
    reader = TermReader(calendars, texts)
    if batch is None:
        if bom:
            raise usage("bom-needs-file", lang, options="--batch")
        if not texts["start"]:
            raise usage("start-or-batch", lang)
        return _one_deadline(reader.terms({}), as_json=as_json, lang=lang)
    if out is None:
        raise usage("batch-needs-out", lang)
    tables = calendars.glob("*.toml") if calendars is not None else [Path(texts["calendar"] or batch)]
    spare_inputs((batch, *tables), (out,), lang)
    reader.check_defaults()
    result = run_batch(batch, out, reader, encoding=encoding, bom=bom, lang=lang, start=texts["start"])
    if as_json:
        print_json(attrs.asdict(result))
    else:
        _print_result(result, lang)
    return Exit.OK


def _texts(options: dict[str, Any]) -> dict[str, str]:
    """The options as cells of a row have them."""
    texts = {key: "" if options[key] is None else str(options[key]) for key in KEYS if key != "pauses"}
    return {**texts, "pauses": " ".join(options["pauses"])}


def _print_result(result: BatchResult, lang: Lang) -> None:
    say("computed", lang, count=result.rows)
    if result.answered:
        say("compared", lang, count=len(result.mismatches), answered=result.answered)
    for row in result.mismatches[:MOST_MISMATCHES]:
        name = bracketed(row.id, lang) if row.id else ""
        say(
            "mismatch",
            lang,
            line=row.line,
            name=name,
            written=row.written.strip() or "-",
            computed=row.computed or "-",
        )
    if len(result.mismatches) > MOST_MISMATCHES:
        say("audit-more", lang, count=len(result.mismatches) - MOST_MISMATCHES)


def _one_deadline(terms: DeadlineTerms, *, as_json: bool, lang: Lang) -> int:
    late, days, pieces = terms.breach(), terms.days(), terms.stretches()
    if as_json:
        print_json(_deadline_document(late, days, pieces, terms.zone))
        return Exit.OK if late.certain else Exit.UNKNOWN_DEADLINE
    if late.at_us is None:
        say("no-breach", lang)
    else:
        echo(late_line(moment(late.at_us, terms.zone), lang, certain=late.certain))
    for line in (*day_lines(days, lang), *stretch_lines(pieces, lang)):
        echo(line)
    return Exit.OK if late.certain else Exit.UNKNOWN_DEADLINE


def _deadline_document(
    late: Breach, days: Iterable[ExplainedDay], pieces: Iterable[ExplainedStretch], zone: str
) -> dict[str, Any]:
    at = None if late.at_us is None else moment(late.at_us, zone).isoformat()
    return {
        "breach_at": at if late.certain else None,
        "certain": late.certain,
        "not_before": None if late.certain else at,
        "days": [_day_document(day) for day in days],
        "stretches": [_stretch_document(piece) for piece in pieces],
    }


def _day_document(day: ExplainedDay) -> dict[str, Any]:
    return {"date": day.date.isoformat(), "count": day.count, "why": day.why, "note": day.note}


def _stretch_document(piece: ExplainedStretch) -> dict[str, Any]:
    """The stretch as JSON-able data; what had run in seconds."""
    end = piece.end.isoformat() if piece.end else None
    return {"begin": piece.begin.isoformat(), "end": end, "ran": piece.ran.total_seconds(), "why": piece.why}


@click.command()
@click.argument("case_id", metavar="CASE")
@click.option("--clock", required=True, help="Which clock.")
@store_option
@json_option
@lang_option
def explain(case_id: str, clock: str, store_url: str, as_json: bool, lang: Lang) -> None:
    """Explain a clock's deadlines day by day: what counted, why, by which rule and source."""
    desk = open_desk(store_url)
    parts = desk.explain(case_id, clock=clock)
    if as_json:
        print_json([explanation_document(part) for part in parts])
        return
    policy = desk.rules_of(case_id).policy
    for part in parts:
        _print_explanation(part, policy, lang)


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
                "level": rung.level, "length": rung.length, "unit": rung.unit, "of": rung.of,
                "extended_by": rung.extended_by,
                "late_at": rung.late_at.isoformat() if rung.late_at else None, "certain": rung.certain,
                "fired": rung.fired, "appealed": rung.appealed, "rule": rung.rule,
                "source": rung.source,
            }
            for rung in part.rungs
        ],
        "days": [_day_document(day) for day in part.days],
        "stretches": [_stretch_document(piece) for piece in part.stretches],
        "rule": part.rule,
        "source": part.source,
    }  # fmt: skip


def _print_explanation(part: Explanation, policy: Policy, lang: Lang) -> None:
    subject = f" {part.subject}" if part.subject else ""
    name, status = clock_label(policy, part.clock, lang), term_label(part.status, lang)
    cycle, counting = f"{word('cycle', lang)} {part.cycle}", term_label(part.counting, lang)
    echo(mark("comma", lang).join((f"{name}{subject}", cycle, status, counting, part.zone)))
    source = labelled(word("source", lang), part.source or "-", lang)
    echo(f"  {word('rule', lang)} {part.rule}{mark('semicolon', lang)}{source}")
    echo(f"  {word('since', lang)} {instant(part.since)}")
    for begin, end in part.pauses:
        echo(f"  {term_label('paused', lang)} {instant(begin)} / {instant(end)}")
    if part.until:
        echo(f"  {word('until', lang)} {instant(part.until)}")
    for line in (*day_lines(part.days, lang), *stretch_lines(part.stretches, lang)):
        echo(line)
    for rung in part.rungs:
        echo(f"  {_rung_line(part, rung, policy, lang)}")


def _rung_line(part: Explanation, rung: ExplainedRung, policy: Policy, lang: Lang) -> str:
    level = level_label(policy, part.clock, rung.level, lang)
    base = rung.of and level_label(policy, part.clock, rung.of, lang)
    length = length_text(rung.length, rung.unit, part.counting, lang, base=base)
    late = word("no-breach", lang)
    if rung.late_at is not None:
        late = late_line(rung.late_at, lang, certain=rung.certain)
    extra = [word("extended", lang, n=rung.extended_by)] if rung.extended_by else []
    fired = [word("appealed" if rung.appealed else "fired", lang)] if rung.fired else []
    facts = labelled(
        f"{level}{bracketed(length, lang)}", mark("comma", lang).join((late, *extra, *fired)), lang
    )
    return f"{facts}{mark('semicolon', lang)}{labelled(word('source', lang), rung.source or '-', lang)}"
