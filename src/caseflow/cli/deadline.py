"""``caseflow deadline``: one deadline with its explanation, or a file of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import click

from caseflow.calendars import load_calendar
from caseflow.cli import exits
from caseflow.cli.options import chosen, json_option, lang_option, print_json, spare_inputs
from caseflow.cli.stretches import print_stretches, stretch_document
from caseflow.cli.words import Lang, instant, word
from caseflow.core.calendars import Calendar
from caseflow.core.counting import Breach, Counting, DayCount, Pause, Span, breach, walk
from caseflow.core.instants import OfficeDays, micros, moment, office_days
from caseflow.core.stretches import stretches
from caseflow.errors import BadInput, LogError
from caseflow.logs.reading import read_header
from caseflow.logs.summary import safe_cell
from caseflow.views.explain import ExplainedStretch, explained

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
@click.option("--batch", type=click.Path(path_type=Path), help="A CSV file of deadlines.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the computed file goes.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of the file to read; UTF-8 is written.")
@json_option
@lang_option
def deadline(
    start: str | None,
    days: int,
    hours: int,
    counting: str,
    calendar: str | None,
    timezone: str,
    roll: str,
    pauses: tuple[str, ...],
    batch: Path | None,
    out: Path | None,
    encoding: str,
    as_json: bool,
    lang: str | None,
) -> int:
    """Compute the first instant that is late, and explain it day by day."""
    if batch is not None:
        if out is None:
            raise click.UsageError("--batch needs --out")
        spare_inputs((batch,), (out,))
        _batch(batch, out, encoding)
        return exits.OK
    if start is None:
        raise click.UsageError("give --start, or --batch with --out")
    table = _calendar(calendar) if calendar else None
    span = Span.of(days, hours=hours, counting=counting, roll=roll, calendar=table)
    began, breaks, office = micros(start, what="--start"), _pauses(pauses), office_days(timezone)
    late = breach(span, began, breaks, office)
    is_elapsed = span.counting is Counting.ELAPSED
    walked = () if is_elapsed else tuple(walk(span, began, breaks, office))
    ran = tuple(explained(piece, timezone) for piece in stretches(span, began, breaks)) if is_elapsed else ()
    if as_json:
        print_json(_document(late, walked, ran, timezone))
    else:
        _print(late, walked, timezone, chosen(lang))
        print_stretches(ran, chosen(lang))
    return exits.OK if late.certain else exits.UNKNOWN_DEADLINE


def _calendar(name: str) -> Calendar:
    path = Path(name)
    return load_calendar(name, file=path if path.suffix == ".toml" else None)


def _pauses(texts: Iterable[str]) -> tuple[Pause, ...]:
    found: list[Pause] = []
    for text in texts:
        begin, slash, end = text.partition("/")
        if not slash:
            raise BadInput("bad-pause", what="--pause", found=text)
        a, b = micros(begin, what="--pause"), micros(end, what="--pause") if end else None
        if b is not None and b <= a:
            raise BadInput("bad-pause", what="--pause", found=text)
        found.append((a, b))
    return tuple(found)


def _document(
    late: Breach, walked: tuple[DayCount, ...], ran: tuple[ExplainedStretch, ...], zone: str
) -> dict[str, Any]:
    at = None if late.at_us is None else moment(late.at_us, zone).isoformat()
    days = [
        {"date": date.fromordinal(d.day).isoformat(), "count": d.counted, "why": d.why, "note": d.note}
        for d in walked
    ]
    return {
        "breach_at": at if late.certain else None,
        "certain": late.certain,
        "not_before": None if late.certain else at,
        "days": days,
        "stretches": [stretch_document(piece) for piece in ran],
    }


def _print(late: Breach, walked: tuple[DayCount, ...], zone: str, lang: Lang) -> None:
    if late.at_us is None:
        click.echo(word("no breach", lang))
    else:
        phrase = word("late from" if late.certain else "not before", lang)
        click.echo(f"{phrase} {instant(moment(late.at_us, zone))}")
    for day in walked:
        note = f" ({word(day.note, lang)})" if day.note else ""
        click.echo(f"  {date.fromordinal(day.day)}  {day.counted:>3}  {word(day.why, lang)}{note}")


def _batch(source: Path, out: Path, encoding: str) -> None:
    """Fill ``breach_at`` of every row; the input's value is ignored."""
    header, rows = read_header(source, encoding)
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise LogError("log-columns", file=source, found=", ".join(missing), missing=", ".join(header))
    columns = header if "breach_at" in header else (*header, "breach_at")
    calendars: dict[str, Calendar] = {}
    done = []
    for row in rows:
        cells = dict(zip(header, row.cells, strict=True))
        cells["breach_at"] = _one(source, row.line, cells, calendars)
        done.append([safe_cell(cells[name]) for name in columns])
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(done)


def _one(source: Path, line: int, cells: dict[str, str], calendars: dict[str, Calendar]) -> str:
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
        span = Span.of(
            int(cells["days"]),
            counting=cells["counting"],
            roll=cells["roll"] or "none",
            calendar=calendars.get(name),
        )
        column = "start"
        began = micros(cells["start"], what="start")
        column = "pauses"
        late = breach(span, began, _pauses(cells["pauses"].split()), office)
        at = "" if late.at_us is None else moment(late.at_us, cells["timezone"]).isoformat()
    except BadInput as error:
        column = "days" if error.code in ("bad-count", "too-long") else column
        raise LogError("log-row", file=source, line=line, column=column, found=error) from error
    return at if late.certain else "unknown"
