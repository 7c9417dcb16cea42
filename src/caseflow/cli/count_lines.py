"""Counts as lines that people read: day by day, or stretch by stretch; long ones with their middle folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TypeVar

from caseflow.cli.options import Lang, instant, word
from caseflow.i18n import bracketed
from caseflow.views.explain import ExplainedDay, ExplainedStretch
from caseflow.views.labels import term_label

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
            more = bracketed(term_label(day.note, lang), lang) if day.note else ""
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
