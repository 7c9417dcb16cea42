"""A length of legal time as a rule gives it: how much, how it is counted, from which day, until when."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from caseflow.core.time.calendar import Calendar, minutes_of
from caseflow.core.time.instants import DAY, HOUR
from caseflow.core.value import Value
from caseflow.errors import BadInput

LONGEST = 36_525
"""Days of the longest count, a hundred years: more is a slip of the pen, and may lead past the last date."""

LENGTHS = ("days", "weeks", "months", "years", "hours", "minutes")
"""The units of a length, by the names of their keys."""

MINUTE = HOUR // 60

_YEARS = 100
LONGEST_OF = {
    "days": LONGEST,
    "weeks": LONGEST // 7,
    "months": _YEARS * 12,
    "years": _YEARS,
    "hours": LONGEST * 24,
    "minutes": LONGEST * 24 * 60,
}
"""The same in each unit."""


class Counting(StrEnum):
    """What "n days" means."""

    NATURAL = "natural"
    """自然日: the start day is excluded, the n-th following day is the last (民法典 §201, §203)."""
    WORKING = "working"
    """工作日: the same, counting only working days of the calendar, make-up days included."""
    ELAPSED = "elapsed"
    """So much running time after the start; exactly so much is still on time (超过)."""
    OFFICE = "office"
    """So much time while the calendar's office is open; a day is its full day."""

    @property
    def is_by_days(self) -> bool:
        """Whether days are counted, not running time."""
        return self in (Counting.NATURAL, Counting.WORKING)


class Roll(StrEnum):
    """What happens when the last day is a rest day."""

    NONE = "none"
    NEXT_WORKING_DAY = "next-working-day"
    """It moves on to the next working day (民法典 §203)."""


class First(StrEnum):
    """Which day is day 1."""

    NEXT_DAY = "next-day"
    """The day after the start's (民法典 §201)."""
    SAME_DAY = "same-day"
    """The start's own day (BGB §187 II)."""
    NEXT_WORKING_DAY = "next-working-day"
    """The first working day after the start's; office time begins at the next opening after that day."""


class Ends(StrEnum):
    """When the last day ends."""

    MIDNIGHT = "midnight"
    CLOSING = "closing"
    """When the office closes (民法典 §203); at midnight where it is shut that day."""


class PausedDay(StrEnum):
    """Which days a pause takes from a count."""

    ENDS = "ends"
    """Those at whose end it holds: ``a < midnight <= b``."""
    TOUCHED = "touched"
    """All that it touches."""
    WHOLE = "whole"
    """Only those wholly inside it."""


class Span(Value):
    """A length of legal time, checked: `Span.of` makes one.

    Attributes:
        days: days to count, ``0`` for the same day; with ``months`` those that follow them.
        months: months to the corresponding day, else that month's last (民法典 §202); 12 for a year.
        budget_us: for elapsed and office time, the whole length in microseconds.
        is_by_months: whether the months come first and the days after them.
        counting, roll, calendar: how days are counted.
        first: which day is day 1.
        cut_off: minutes after midnight from which, as on a rest day, a start counts as of the next working
            day; -1 for none.
        ends: when the last day ends.
        paused_day: which days a pause takes.
        last_day: for a date that was set, that day, its ordinal; it does not roll.
    """

    days: int
    months: int
    budget_us: int
    is_by_months: bool
    counting: Counting
    roll: Roll
    first: First
    cut_off: int
    ends: Ends
    paused_day: PausedDay
    calendar: Calendar | None
    last_day: int | None = None

    @classmethod
    def of(
        cls,
        days: int | None = None,
        *,
        weeks: int | None = None,
        months: int | None = None,
        years: int | None = None,
        hours: int | None = None,
        minutes: int | None = None,
        counting: str = Counting.NATURAL,
        roll: str = Roll.NONE,
        first: str = First.NEXT_DAY,
        cut_off: str = "",
        ends: str = Ends.MIDNIGHT,
        paused_day: str = PausedDay.ENDS,
        calendar: Calendar | None = None,
    ) -> Span:
        """A checked span, with exactly one length.

        Raises:
            BadInput: no length or two; one below 1 (``days`` may be 0) or longer than a hundred years; a key
                that does not go with the way of counting; a missing calendar.
        """
        amounts = {"days": days, "weeks": weeks, "months": months, "years": years}
        amounts |= {"hours": hours, "minutes": minutes}
        unit, amount = _length({unit: amount for unit, amount in amounts.items() if amount is not None})
        kind = _of(Counting, counting, "counting")
        rolling, starts = _of(Roll, roll, "roll"), _of(First, first, "first")
        closes, paused = _of(Ends, ends, "ends"), _of(PausedDay, paused_day, "paused_day")
        cut = minutes_of(cut_off, what="cut_off") if cut_off else -1
        _fits(kind, unit, rolling, starts, cut=cut, ends=closes, paused=paused)
        if calendar is None:
            asks = kind in (Counting.WORKING, Counting.OFFICE) or rolling is not Roll.NONE
            if asks or cut >= 0 or starts is First.NEXT_WORKING_DAY or closes is Ends.CLOSING:
                raise BadInput("calendar-needed", what="calendar", found="none")
        elif (kind is Counting.OFFICE or closes is Ends.CLOSING) and not calendar.full_day:
            raise BadInput("hours-needed", what=f"calendar {calendar.name}", found="none")
        in_months = unit in ("months", "years")
        return cls(
            days=amount * (7 if unit == "weeks" else 1) if kind.is_by_days and not in_months else 0,
            months=amount * (12 if unit == "years" else 1) if in_months else 0,
            budget_us=0 if kind.is_by_days else amount * _unit_us(unit, kind, calendar),
            is_by_months=in_months,
            counting=kind,
            roll=rolling,
            first=starts,
            cut_off=cut,
            ends=closes,
            paused_day=paused,
            calendar=calendar,
        )

    def longer(self, amount: int, unit: str = "days") -> Span:
        """The span with so much more: ``days``, ``weeks`` or ``months``, as it counts them.

        To a count by months more months are added before, and days after, the corresponding day is looked
        up; to a count by days, months after the last of them. Of running time a month is 30 days.
        """
        if unit == "weeks":
            unit, amount = "days", amount * 7
        if not self.counting.is_by_days:
            day = _unit_us("days", self.counting, self.calendar)
            return self.replace(budget_us=self.budget_us + amount * day * (30 if unit == "months" else 1))
        if unit == "months":
            return self.replace(months=self.months + amount)
        return self.replace(days=self.days + amount)

    def share(self, percent: int) -> Span:
        """That share of a length of running time, rounded down to a microsecond."""
        return self.replace(budget_us=self.budget_us * percent // 100)

    def until(self, day: int) -> Span:
        """The span that ends with that day, as a date that was set does: it is not rolled.

        What `longer` adds to it follows that day.
        """
        return self.replace(last_day=day, days=0, months=0, is_by_months=False)


_Word = TypeVar("_Word", bound=StrEnum)


def _of(kind: type[_Word], value: str, what: str) -> _Word:
    try:
        return kind(value)
    except ValueError as error:
        raise BadInput("bad-term", what=what, found=value) from error


def _length(lengths: dict[str, int]) -> tuple[str, int]:
    """The one length that is given."""
    written = ", ".join(f"{unit} = {amount}" for unit, amount in lengths.items()) or "none"
    if len(lengths) != 1:
        raise BadInput("one-length", what="length", found=written)
    ((unit, amount),) = lengths.items()
    if amount < (0 if unit == "days" else 1):
        raise BadInput("bad-count", what=unit, found=amount)
    if amount > LONGEST_OF[unit]:
        raise BadInput("too-long", what=unit, found=amount)
    return unit, amount


def _fits(
    kind: Counting, unit: str, roll: Roll, first: First, *, cut: int, ends: Ends, paused: PausedDay
) -> None:
    """Whether the keys go together."""
    allowed: dict[Counting, tuple[str, ...]] = {
        Counting.NATURAL: ("days", "weeks", "months", "years"),
        Counting.WORKING: ("days",),
        Counting.ELAPSED: ("days", "weeks", "hours", "minutes"),
        Counting.OFFICE: ("days", "hours", "minutes"),
    }
    if unit not in allowed[kind]:
        raise BadInput("length-unfit", what=unit, found=kind)
    if kind.is_by_days:
        return
    firsts = (First.NEXT_DAY, First.NEXT_WORKING_DAY) if kind is Counting.OFFICE else (First.NEXT_DAY,)
    for what, value, fits in (
        ("roll", roll, roll is Roll.NONE),
        ("first", first, first in firsts),
        ("cut_off", f"{cut // 60:02}:{cut % 60:02}", cut < 0),
        ("ends", ends, ends is Ends.MIDNIGHT),
        ("paused_day", paused, paused is PausedDay.ENDS),
    ):
        if not fits:
            raise BadInput("term-needs-days", what=what, found=value)


def _unit_us(unit: str, kind: Counting, calendar: Calendar | None) -> int:
    if unit == "hours":
        return HOUR
    if unit == "minutes":
        return MINUTE
    if kind is Counting.OFFICE and calendar is not None:
        return calendar.full_day * MINUTE
    return DAY * (7 if unit == "weeks" else 1)


def length_of(part: object) -> tuple[str, int | str]:
    """The unit and the amount of a length, ``("days", 5)``; ``("", 0)`` where none is given."""
    for unit in LENGTHS:
        amount = getattr(part, unit, None)
        if amount is not None:
            return unit, amount
    return "", 0
