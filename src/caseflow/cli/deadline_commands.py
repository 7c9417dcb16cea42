"""``caseflow deadline`` and ``explain``: deadlines of any kind and of a case's clocks, day by day."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from caseflow import BadInput, Calendar, LogError, Policy, load_calendar
from caseflow.cli.case_commands import clock_label, level_label
from caseflow.cli.options import (
    BOM,
    FILE,
    Exit,
    Lang,
    bom_option,
    instant,
    json_option,
    lang_option,
    open_desk,
    print_json,
    spare_inputs,
    store_option,
    usage,
    word,
)
from caseflow.core.time.deadline import Breach, DayCount, Pause, breach, stretches, walk
from caseflow.core.time.instants import OfficeDays, micros, moment, office_days
from caseflow.core.time.span import Span
from caseflow.interchange.cells import safe_cell
from caseflow.interchange.log_reader import read_header
from caseflow.views.explain import ExplainedStretch, Explanation, explained

LONGEST_CELL = 9
"""Digits of a number of days; more cannot be meant."""
COLUMNS = ("start", "days", "counting", "calendar", "timezone", "roll", "pauses")


@click.command()
@click.option("--start", help="When it began: ISO 8601 with an offset.")
@click.option("--days", type=int, default=0, help="How many days; 1 or more.")
@click.option("--hours", type=int, default=0, help="Or how many hours (elapsed only).")
@click.option("--counting", type=click.Choice(["natural", "working", "elapsed"]), default="natural")
@click.option("--calendar", default=None, help="CN (extra `cn`), or a table file.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="The office's zone.")
@click.option("--roll", type=click.Choice(["none", "next-working-day"]), default="none")
@click.option("--pause", "pauses", multiple=True, metavar="A/B", help="With offsets; an empty B is open.")
@click.option("--batch", type=FILE, help="A CSV file of deadlines.")
@click.option("--out", type=FILE, help="Where the computed file goes.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of the file to read; UTF-8 is written.")
@bom_option
@json_option
@lang_option
def deadline(
    batch: Path | None, out: Path | None, encoding: str, bom: bool, as_json: bool, lang: Lang, **rule: Any
) -> int:
    """Compute the first instant that is late, and explain it day by day."""
    if batch is None:
        if bom:
            raise usage("bom-needs-file", lang, options="--batch")
        return _one_deadline(as_json=as_json, lang=lang, **rule)
    if out is None:
        raise usage("batch-needs-out", lang)
    spare_inputs((batch,), (out,), lang)
    _batch(batch, out, encoding, bom=bom)
    return Exit.OK


def _one_deadline(
    *, start: str | None, days: int, hours: int, counting: str, calendar: str | None, timezone: str,
    roll: str, pauses: Sequence[str], as_json: bool, lang: Lang,
) -> int:  # fmt: skip
    if start is None:
        raise usage("start-or-batch", lang)
    table = _calendar(calendar) if calendar else None
    span = Span.of(days or None, hours=hours or None, counting=counting, roll=roll, calendar=table)
    began, breaks, office = micros(start, what="--start"), _pauses(pauses), office_days(timezone)
    late = breach(span, began, breaks, office)
    is_elapsed = not span.counting.is_by_days
    walked = () if is_elapsed else tuple(walk(span, began, breaks, office))
    ran = (
        tuple(explained(piece, timezone) for piece in stretches(span, began, breaks, office))
        if is_elapsed
        else ()
    )
    if as_json:
        print_json(_deadline_document(late, walked, ran, timezone))
    else:
        _print_deadline(late, walked, timezone, lang)
        _print_stretches(ran, lang)
    return Exit.OK if late.certain else Exit.UNKNOWN_DEADLINE


def _calendar(name: str) -> Calendar:
    path = Path(name)
    return load_calendar(name, file=path if path.suffix == ".toml" else None)


def _pauses(texts: Iterable[str]) -> tuple[Pause, ...]:
    pauses: list[Pause] = []
    for text in texts:
        begin, slash, end = text.partition("/")
        if not slash:
            raise BadInput("bad-pause", what="--pause", found=text)
        a, b = micros(begin, what="--pause"), micros(end, what="--pause") if end else None
        if b is not None and b <= a:
            raise BadInput("bad-pause", what="--pause", found=text)
        pauses.append((a, b))
    return tuple(pauses)


def _deadline_document(
    late: Breach, walked: Iterable[DayCount], ran: Iterable[ExplainedStretch], zone: str
) -> dict[str, Any]:
    at = None if late.at_us is None else moment(late.at_us, zone).isoformat()
    return {
        "breach_at": at if late.certain else None,
        "certain": late.certain,
        "not_before": None if late.certain else at,
        "days": [_day_document(date.fromordinal(d.day), d.counted, d.why, d.note) for d in walked],
        "stretches": [_stretch_document(piece) for piece in ran],
    }


def _day_document(day: date, count: int, why: str, note: str) -> dict[str, Any]:
    return {"date": day.isoformat(), "count": count, "why": why, "note": note}


def _stretch_document(piece: ExplainedStretch) -> dict[str, Any]:
    """The stretch as JSON-able data; what had run in seconds."""
    end = piece.end.isoformat() if piece.end else None
    return {"begin": piece.begin.isoformat(), "end": end, "ran": piece.ran.total_seconds(), "why": piece.why}


def _print_deadline(late: Breach, walked: Iterable[DayCount], zone: str, lang: Lang) -> None:
    if late.at_us is None:
        click.echo(word("no-breach", lang))
    else:
        phrase = word("late-from" if late.certain else "not-before", lang)
        click.echo(f"{phrase} {instant(moment(late.at_us, zone))}")
    for day in walked:
        _print_day(date.fromordinal(day.day), day.counted, day.why, day.note, lang)


def _print_day(day: date, count: int, why: str, note: str, lang: Lang) -> None:
    more = f" ({word(note, lang)})" if note else ""
    click.echo(f"  {day}  {count:>3}  {word(why, lang)}{more}")


def _print_stretches(pieces: Iterable[ExplainedStretch], lang: Lang) -> None:
    """Print each stretch: from, to, how long had run then, and what it was."""
    for piece in pieces:
        ran, why = _hours(piece.ran), word(piece.why, lang)
        click.echo(f"  {instant(piece.begin)} / {instant(piece.end)}  {ran:>9}  {why}")


def _hours(ran: timedelta) -> str:
    minutes, seconds = divmod(ran // timedelta(seconds=1), 60)
    part = f".{ran.microseconds:06}" if ran.microseconds else ""
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}{part}"


def _batch(source: Path, out: Path, encoding: str, *, bom: bool) -> None:
    """Fill ``breach_at`` of every row; the input's value is ignored."""
    header, rows = read_header(source, encoding)
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise LogError("log-columns", file=source, found=", ".join(missing), missing=", ".join(header))
    columns = header if "breach_at" in header else (*header, "breach_at")
    calendars: dict[str, Calendar] = {}
    lines = []
    for row in rows:
        cells = dict(zip(header, row.cells, strict=True))
        cells["breach_at"] = _breach_cell(source, row.line, cells, calendars)
        lines.append([safe_cell(cells[name]) for name in columns])
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM if bom else "")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(lines)


def _breach_cell(source: Path, line: int, cells: Mapping[str, str], calendars: dict[str, Calendar]) -> str:
    column = "calendar"
    try:
        name = cells["calendar"]
        if name and name not in calendars:
            calendars[name] = _calendar(name)
        column = "timezone"
        office: OfficeDays = office_days(cells["timezone"])
        column = "days"
        if not cells["days"].isdecimal() or len(cells["days"]) > LONGEST_CELL:
            raise BadInput("bad-int", what="days", found=cells["days"][:40])
        column = "counting"
        roll, table = cells["roll"] or "none", calendars.get(name)
        span = Span.of(int(cells["days"]), counting=cells["counting"], roll=roll, calendar=table)
        column = "start"
        began = micros(cells["start"], what="start")
        column = "pauses"
        late = breach(span, began, _pauses(cells["pauses"].split()), office)
        at = "" if late.at_us is None else moment(late.at_us, cells["timezone"]).isoformat()
    except BadInput as error:
        column = "days" if error.code in ("bad-count", "too-long") else column
        raise LogError("log-row", file=source, line=line, column=column, found=error) from error
    return at if late.certain else "unknown"


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
                "level": rung.level, "days": rung.days, "hours": rung.hours, "extended_by": rung.extended_by,
                "late_at": rung.late_at.isoformat() if rung.late_at else None, "certain": rung.certain,
                "fired": rung.fired, "rule": rung.rule, "source": rung.source,
            }
            for rung in part.rungs
        ],
        "days": [_day_document(day.date, day.count, day.why, day.note) for day in part.days],
        "stretches": [_stretch_document(piece) for piece in part.stretches],
        "rule": part.rule,
        "source": part.source,
    }  # fmt: skip


def _print_explanation(part: Explanation, policy: Policy, lang: Lang) -> None:
    subject = f" {part.subject}" if part.subject else ""
    name, status = clock_label(policy, part.clock, lang), word(part.status, lang)
    cycle, counting = f"{word('cycle', lang)} {part.cycle}", word(part.counting, lang)
    click.echo(f"{name}{subject}, {cycle}, {status}, {counting}, {part.zone}")
    click.echo(f"  {word('rule', lang)} {part.rule}; {word('source', lang)}: {part.source or '-'}")
    click.echo(f"  {word('since', lang)} {instant(part.since)}")
    for begin, end in part.pauses:
        click.echo(f"  {word('paused', lang)} {instant(begin)} / {instant(end)}")
    if part.until:
        click.echo(f"  {word('until', lang)} {instant(part.until)}")
    for day in part.days:
        _print_day(day.date, day.count, day.why, day.note, lang)
    _print_stretches(part.stretches, lang)
    for rung in part.rungs:
        level = level_label(policy, part.clock, rung.level, lang)
        late = instant(rung.late_at) if rung.late_at else word("no-breach", lang)
        phrase = word("late-from" if rung.certain else "not-before", lang)
        extra = f", {word('extended', lang, n=rung.extended_by)}" if rung.extended_by else ""
        mark = f", {word('fired', lang)}" if rung.fired else ""
        click.echo(f"  {level}: {phrase} {late}{extra}{mark}; {word('source', lang)}: {rung.source or '-'}")
