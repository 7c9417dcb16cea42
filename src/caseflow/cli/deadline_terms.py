"""What a deadline is computed from, as people write it: options of a command, or the cells of a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from caseflow import BadInput, Calendar, load_calendar
from caseflow.core.time.calendar import minutes_of
from caseflow.core.time.deadline import breach, walk
from caseflow.core.time.instants import micros, moment, office_days
from caseflow.core.time.pauses import Breach, Pause
from caseflow.core.time.running_time import stretches
from caseflow.core.time.span import Counting, Ends, First, PausedDay, Roll, Span
from caseflow.policies.calendars import calendar_named
from caseflow.views.explain import ExplainedDay, ExplainedStretch, explained, explained_day

LENGTHS = ("days", "weeks", "months", "years", "hours", "minutes")
KEYS = (
    "start", *LENGTHS, "counting", "calendar", "timezone", "roll", "first", "cut_off", "ends", "paused_day",
    "pauses",
)  # fmt: skip
"""What there is to say, in the order in which help and files have it."""
_NUMBER = re.compile("-?[0-9]{1,9}", re.ASCII)
"""A length in digits; one with more of them cannot be meant."""
_COLUMNS = {"time zone": "timezone"}
"""How a message names a value -> its key, where these differ."""


@attrs.frozen(kw_only=True)
class DeadlineTerms:
    """A deadline to compute: the length, the start, the pauses, and the office's zone."""

    span: Span
    start_us: int
    pauses: tuple[Pause, ...]
    zone: str

    def breach(self) -> Breach:
        """The first instant that is late."""
        return breach(self.span, self.start_us, self.pauses, office_days(self.zone))

    def text(self, late: Breach) -> str:
        """That instant as files have it; ``unknown`` past the horizon, empty while a pause is open."""
        if not late.certain:
            return "unknown"
        return "" if late.at_us is None else moment(late.at_us, self.zone).isoformat()

    def days(self) -> tuple[ExplainedDay, ...]:
        """Day by day; empty for running time."""
        if not self.span.counting.is_by_days:
            return ()
        return tuple(map(explained_day, walk(self.span, self.start_us, self.pauses, office_days(self.zone))))

    def stretches(self) -> tuple[ExplainedStretch, ...]:
        """Stretch by stretch; empty for counts by days."""
        if self.span.counting.is_by_days:
            return ()
        pieces = stretches(self.span, self.start_us, self.pauses, office_days(self.zone))
        return tuple(explained(piece, self.zone) for piece in pieces)


class CalendarUnfit(BadInput):
    """The calendar that was named is none that can be read."""


class TermReader:
    """Reads terms from texts; a calendar is loaded once.

    Args:
        calendars: the folder of calendars, ``NAME.toml`` each; without it a calendar is ``CN`` or a file.
        defaults: key -> text, for what a row leaves out. A row that has a length takes none of theirs.
    """

    def __init__(self, calendars: Path | None, defaults: Mapping[str, str]) -> None:
        self._folder = calendars
        self._calendars: dict[str, Calendar] = {}
        self._defaults = defaults

    def check_defaults(self) -> None:
        """Read what the defaults say by itself, so that a wrong one is told before any row.

        Raises:
            BadInput: a start, zone, calendar, cut-off or pause that is none.
        """
        defaults = self._defaults
        if defaults["start"]:
            micros(defaults["start"], what="start")
        if defaults["cut_off"]:
            minutes_of(defaults["cut_off"], what="cut_off")
        office_days(defaults["timezone"])
        self._calendar(defaults["calendar"])
        pauses_of(defaults["pauses"].split())

    def terms(self, texts: Mapping[str, str]) -> DeadlineTerms:
        """The terms that these texts and the defaults give.

        Raises:
            BadInput: a text is not what its key asks for, or the keys do not go together; see `key_of`.
        """
        row = {key: text.strip() for key, text in texts.items() if key in KEYS and text.strip()}
        has_length = any(unit in row for unit in LENGTHS)
        for key, text in self._defaults.items():
            if not (has_length and key in LENGTHS):
                row.setdefault(key, text)
        span = Span.of(
            **{unit: _number(row[unit], unit) for unit in LENGTHS if row.get(unit)},
            counting=row["counting"] or Counting.NATURAL,
            roll=row["roll"] or Roll.NONE,
            first=row["first"] or First.NEXT_DAY,
            cut_off=row["cut_off"],
            ends=row["ends"] or Ends.MIDNIGHT,
            paused_day=row["paused_day"] or PausedDay.ENDS,
            calendar=self._calendar(row["calendar"]),
        )
        office_days(row["timezone"])
        return DeadlineTerms(
            span=span,
            start_us=micros(row["start"], what="start"),
            pauses=pauses_of(row["pauses"].split()),
            zone=row["timezone"],
        )

    def _calendar(self, name: str) -> Calendar | None:
        if not name:
            return None
        if name not in self._calendars:
            try:
                self._calendars[name] = self._loaded(name)
            except BadInput as error:  # it speaks of a file; whoever reads a table asks for the column
                raise CalendarUnfit(error.code, **error.data) from error
        return self._calendars[name]

    def _loaded(self, name: str) -> Calendar:
        if self._folder is not None:
            return calendar_named(name, self._folder)
        file = Path(name)
        return load_calendar(name, file=file if file.suffix == ".toml" else None)


def key_of(error: BadInput, texts: Mapping[str, str]) -> str:
    """The key at which the error lies; where several share it, the first that the texts give."""
    what = str(error.data.get("what", ""))
    if what == "length":
        return next((unit for unit in LENGTHS if texts.get(unit, "").strip()), "days")
    if isinstance(error, CalendarUnfit) or what.startswith("calendar"):
        return "calendar"
    key = _COLUMNS.get(what, what)
    return key if key in KEYS else "start"


def pauses_of(texts: Iterable[str]) -> tuple[Pause, ...]:
    """Pauses as ``A/B``, with offsets; an empty B is still open.

    Raises:
        BadInput: no slash, no instants, or an end that is not after the begin.
    """
    pauses: list[Pause] = []
    for text in texts:
        begin, slash, end = text.partition("/")
        if not slash:
            raise BadInput("bad-pause", what="pauses", found=text)
        a, b = micros(begin, what="pauses"), micros(end, what="pauses") if end else None
        if b is not None and b <= a:
            raise BadInput("bad-pause", what="pauses", found=text)
        pauses.append((a, b))
    return tuple(pauses)


def _number(text: str, unit: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise BadInput("bad-int", what=unit, found=text[:40])
    return int(text)
