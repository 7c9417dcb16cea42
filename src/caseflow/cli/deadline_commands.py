"""``caseflow deadline`` and ``explain``: deadlines of any kind and of a case's clocks, day by day."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import attrs
import click

from caseflow import BadInput, LogError, Policy
from caseflow.cli.case_commands import clock_label, level_label
from caseflow.cli.deadline_terms import KEYS, DeadlineTerms, TermReader, key_of
from caseflow.cli.options import (
    BOM,
    FILE,
    Exit,
    Lang,
    bom_option,
    echo,
    instant,
    json_option,
    lang_option,
    open_desk,
    print_json,
    say,
    spare_inputs,
    store_option,
    usage,
    word,
)
from caseflow.core.time.instants import micros, moment
from caseflow.core.time.pauses import Breach
from caseflow.core.time.span import Counting, Ends, First, PausedDay, Roll
from caseflow.interchange.cells import safe_cell
from caseflow.interchange.log_reader import read_header
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
        name = f" ({row.id})" if row.id else ""
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
        phrase = word("late-from" if late.certain else "not-before", lang)
        echo(f"{phrase} {instant(moment(late.at_us, terms.zone))}")
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
                "fired": rung.fired, "rule": rung.rule, "source": rung.source,
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
    echo(f"{name}{subject}, {cycle}, {status}, {counting}, {part.zone}")
    echo(f"  {word('rule', lang)} {part.rule}; {word('source', lang)}: {part.source or '-'}")
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
    length = length_text(rung.length, rung.unit, part.counting, lang)
    late = word("no-breach", lang)
    if rung.late_at is not None:
        late = f"{word('late-from' if rung.certain else 'not-before', lang)} {instant(rung.late_at)}"
    extra = f", {word('extended', lang, n=rung.extended_by)}" if rung.extended_by else ""
    mark = f", {word('fired', lang)}" if rung.fired else ""
    return f"{level} ({length}): {late}{extra}{mark}; {word('source', lang)}: {rung.source or '-'}"


# -- counts as lines that people read: long ones with their middle folded ----------------------------------

LONGEST = 45
"""Lines that are printed one by one; of more only the first and last are, and the middle by month or year."""
HEAD, TAIL = 10, 15
MONTHS = 24
"""Months of a middle; a longer one is folded by years."""

_T = TypeVar("_T")


def day_lines(days: Sequence[ExplainedDay], lang: Lang) -> Iterator[str]:
    """Each day: its date, the running count at its end, and what it was."""
    groups = _folded(days, lambda day: day.date)
    for group in groups:
        day = group[-1]
        if len(group) == 1:
            more = f" ({term_label(day.note, lang)})" if day.note else ""
            yield f"  {day.date}  {_count(day):>3}  {term_label(day.why, lang)}{more}"
        else:
            tally = _tally([each.why for each in group], lang)
            yield f"  {group[0].date} / {day.date}  {_count(day):>3}  {tally}"
    if len(groups) < len(days):
        yield f"  {word('folded', lang)}"


def stretch_lines(pieces: Sequence[ExplainedStretch], lang: Lang) -> Iterator[str]:
    """Each stretch: from, to, how long had run then, and what it was."""
    groups = _folded(pieces, lambda piece: piece.begin.date())
    times = [_times(group[0].begin, group[-1].end) for group in groups]
    width = max(map(len, times), default=0)
    for group, time in zip(groups, times, strict=True):
        why = word("semicolon", lang).join(
            term_label(why, lang) for why in dict.fromkeys(each.why for each in group)
        )
        yield f"  {time:<{width}}  {_hours(group[-1].ran):>9}  {why}"
    if len(groups) < len(pieces):
        yield f"  {word('folded', lang)}"


def _folded(items: Sequence[_T], date_of: Callable[[_T], date]) -> list[list[_T]]:
    """The items in groups: one by one, but where they are many the middle by month or by year."""
    if len(items) <= LONGEST:
        return [[item] for item in items]
    middle = items[HEAD:-TAIL]
    first, last = date_of(middle[0]), date_of(middle[-1])
    is_long = (last.year - first.year) * 12 + last.month - first.month >= MONTHS
    groups = groupby(middle, lambda item: (date_of(item).year, 0 if is_long else date_of(item).month))
    head, tail = [[item] for item in items[:HEAD]], [[item] for item in items[-TAIL:]]
    return [*head, *(list(group) for _, group in groups), *tail]


def _tally(whys: Sequence[str], lang: Lang) -> str:
    """What the days were and how many of each, in the order of the first."""
    return word("semicolon", lang).join(
        word("tally", lang, what=term_label(why, lang), n=many) for why, many in Counter(whys).items()
    )


def _count(day: ExplainedDay) -> str:
    """The running count; nothing where no day is counted one by one, or not yet."""
    is_idle = day.why in ("month", "cut-off", "before") or (day.why == "last" and not day.count)
    return "" if is_idle else str(day.count)


def _times(begin: datetime, end: datetime | None) -> str:
    """From when to when, saying once what both share: the offset, and on one day the date."""
    if end is None or begin.utcoffset() != end.utcoffset():
        return f"{instant(begin)} / {instant(end)}"
    last = instant(end)
    if begin.date() == end.date():
        last = last.partition(" ")[2]
    return f"{instant(begin.replace(tzinfo=None))} / {last}"


def _hours(ran: timedelta) -> str:
    minutes, seconds = divmod(ran // timedelta(seconds=1), 60)
    part = f".{ran.microseconds:06}" if ran.microseconds else ""
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}{part}"


# -- a table of deadlines, each row computed and compared with what it says --------------------------------

ANSWER = "breach_at"
"""The column that is computed; what the file says there is compared, and written over."""
COLUMNS = ("id", *KEYS, ANSWER, "about")
"""The columns that a table may have, in any order; ``id`` and ``about`` are only copied."""


@attrs.frozen(kw_only=True)
class Mismatch:
    """A row whose answer in the file is not the computed one."""

    line: int
    id: str
    written: str
    computed: str


@attrs.frozen(kw_only=True)
class BatchResult:
    """How many rows there were, how many had an answer, and which of these do not match."""

    rows: int
    answered: int
    mismatches: tuple[Mismatch, ...]


def run_batch(
    source: Path, out: Path, reader: TermReader, *, encoding: str, bom: bool, lang: Lang, start: str
) -> BatchResult:
    """Fill ``breach_at`` of every row; nothing is written when a row cannot be computed.

    An empty ``breach_at`` says "never late" in a table that has answers, and nothing in one that has none.

    Raises:
        click.UsageError: a column that is none of `COLUMNS`.
        LogError: the file cannot be read; a cell that cannot be used, by row and column.
    """
    header, read = read_header(source, encoding)
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        raise usage("unknown-columns", lang, names=", ".join(unknown), known=", ".join(COLUMNS))
    if "start" not in header and not start:
        raise LogError("log-columns", file=source, found="start", missing=", ".join(header))
    rows = [(row.line, dict(zip(header, row.cells, strict=True))) for row in read]
    answers = [_computed(source, line, cells, reader) for line, cells in rows]
    is_answered = any(cells.get(ANSWER, "").strip() for _, cells in rows)
    mismatches = [
        Mismatch(line=line, id=cells.get("id", ""), written=cells[ANSWER], computed=answer)
        for (line, cells), answer in zip(rows, answers, strict=True)
        if is_answered and not _agrees(cells[ANSWER].strip(), answer)
    ]
    columns = header if ANSWER in header else (*header, ANSWER)
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM if bom else "")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for (_, cells), answer in zip(rows, answers, strict=True):
            writer.writerow([safe_cell({**cells, ANSWER: answer}[name]) for name in columns])
    return BatchResult(rows=len(rows), answered=len(rows) if is_answered else 0, mismatches=tuple(mismatches))


def _computed(source: Path, line: int, cells: Mapping[str, str], reader: TermReader) -> str:
    try:
        terms = reader.terms(cells)
        return terms.text(terms.breach())
    except BadInput as error:
        raise LogError("log-row", file=source, line=line, column=key_of(error, cells), found=error) from error


def _agrees(written: str, computed: str) -> bool:
    """Whether both say the same instant, whatever the offset, or the same word."""
    if written == computed:
        return True
    try:
        return bool(written and computed) and micros(written) == micros(computed)
    except BadInput:  # no instant: "unknown", or anything
        return False
