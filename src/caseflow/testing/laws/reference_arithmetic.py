"""Deadlines by plain arithmetic, day by day: what the engine's counting is held to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import attrs

from caseflow.core.policy import ClockRule, Policy, Rung
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import zone_info

Pauses = Sequence[tuple[int, int | None]]
Grant = tuple[int, Any, str]
"""When it was given, how much, and of which unit, as an engine's grant has it."""
Late = tuple[int | None, bool]
"""The first late instant, `None` while an open pause defers it; and whether it is certain."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)
_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000
LONGEST = 40_000
"""Days that a count may take; far more than any deadline."""
NEVER: Late = (None, True)


@attrs.frozen
class Counted:
    """What an instance counts from, its pauses and its extensions.

    Attributes:
        since: its start, epoch microseconds.
        begins: the earlier instant from which it counts, or the start.
        fields: what the act that began it said in the fields that give terms.
        calendar, zone: the names of its own; empty for those of the clock and the policy.
        is_chained: whether it began at another's end, which no cut-off moves.
        pauses: ``(from, to)``, in any order.
        grants: in any order; each counts if the rung's breach was not yet due when it was given.
    """

    since: int
    begins: int
    fields: tuple[tuple[str, Any], ...] = ()
    calendar: str = ""
    zone: str = ""
    is_chained: bool = False
    pauses: tuple[tuple[int, int | None], ...] = ()
    grants: tuple[Grant, ...] = ()


class Arithmetic:
    """The deadlines of one policy; remembered, since the same ones are asked for again and again."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.ladders = {name: tuple(_written_out(rule.rungs)) for name, rule in policy.clocks.items()}
        self._known: dict[tuple[object, ...], tuple[Late, ...]] = {}

    def late(self, clock: str, rung: int, facts: Counted) -> Late:
        """When the rung of the clock is first late, counted from the facts alone.

        Args:
            clock, rung: the clock's name, and the rung's place in its ladder, repeats written out.
            facts: what its instance counts from.
        """
        return self.instants(clock, rung, facts)[-1]

    def instants(self, clock: str, rung: int, facts: Counted) -> tuple[Late, ...]:
        """When the rung was to fire before each of the extensions, oldest first, and after them all."""
        known = self._known.get((clock, rung, facts))
        if known is None:
            count = _Count(self._policy, self.ladders[clock], self._policy.clocks[clock], facts)
            known = tuple(count.known_by(rung, turn) for turn in range(len(facts.grants) + 1))
            self._known[clock, rung, facts] = known
        return known


def _written_out(rungs: Sequence[Rung]) -> Iterator[Rung]:
    """The rungs, and each that comes again once more for every time."""
    for rung in rungs:
        yield rung
        for turn in range(rung.times if rung.every else 0):
            before = rung.level if not turn else f"{rung.level}+{turn}"
            yield attrs.evolve(
                rung, level=f"{rung.level}+{turn + 1}", days=rung.every, of=before, every=None, times=0,
                weeks=None, months=None, years=None, hours=None, minutes=None, at="", percent=None,
            )  # fmt: skip


class _Count:
    """The count of one instance."""

    def __init__(self, policy: Policy, ladder: Sequence[Rung], rule: ClockRule, facts: Counted) -> None:
        self._policy, self._ladder, self._rule, self._facts = policy, ladder, rule, facts
        self._levels = [rung.level for rung in ladder]
        self._grants = sorted(facts.grants, key=lambda grant: grant[0])
        self._by_days = rule.counting in ("natural", "working")
        table = policy.tables.get(facts.calendar or rule.calendar)
        self._days = _Days(rule, table, facts.zone or policy.timezone, facts.pauses)

    def known_by(self, place: int, count: int) -> Late:
        """When the rung was to fire as far as the first so many extensions tell; never before the start."""
        moving = self._moving(place, self._grants[:count])
        late = self._before_pauses(place, [])
        for turn, (granted_at, _, unit) in enumerate(moving, 1):
            later = self._before_pauses(place, moving[:turn])
            if _reached(late, granted_at) and _reached(later, granted_at):
                continue  # a warning that was given, and whose new instant is past as well
            if unit.startswith("field:") and _reached(later, granted_at):
                later = granted_at, True  # what was set anew to the past is due at once
            late = later
        return late if late[0] is None else (max(late[0], self._facts.since), late[1])

    def _before_pauses(self, place: int, moving: Sequence[Grant]) -> Late:
        """When the rung is late: it may have been so on a day on which a pause began later."""
        if self._rule.ends == "closing" or self._counts_back(place):
            since = moving[-1][0] if moving else self._facts.begins
            for begin in sorted(begin for begin, _ in self._facts.pauses if begin >= since):
                earlier = tuple(pause for pause in self._facts.pauses if pause[0] < begin)
                facts = attrs.evolve(self._facts, pauses=earlier)
                late = _Count(self._policy, self._ladder, self._rule, facts)._counted(place, moving)
                if _reached(late, begin):
                    return late
        return self._counted(place, moving)

    def _counts_back(self, place: int) -> bool:
        rung = self._ladder[place]
        return bool(rung.of) and (int(rung.days or 0) < 0 or self._counts_back(self._levels.index(rung.of)))

    def _moving(self, place: int, grants: Sequence[Grant]) -> list[Grant]:
        """The extensions given before the breach was reached with which the rung goes."""
        breach, moving = self._breach_of(place), list[Grant]()
        for grant in grants:
            if not _reached(self._counted(breach, moving), grant[0]):
                moving.append(grant)
        return moving

    def _breach_of(self, place: int) -> int:
        rung = self._ladder[place]
        if rung.kind == "breach":
            return place
        if rung.of and self._ladder[self._levels.index(rung.of)].kind == "breach":
            return self._levels.index(rung.of)
        later = range(place, len(self._ladder))
        return next((other for other in later if self._ladder[other].kind == "breach"), place)

    def _with_base(self, place: int, moving: Sequence[Grant]) -> tuple[int, list[Grant]]:
        """The rung on which this one hangs, and those of the extensions that moved it as well."""
        base = self._levels.index(self._ladder[place].of)
        if self._breach_of(base) == self._breach_of(place):
            return base, list(moving)
        moved = self._moving(base, self._grants)
        return base, [grant for grant in moving if grant in moved]

    def _counted(self, place: int, moving: Sequence[Grant]) -> Late:
        """When the rung is late with exactly these extensions."""
        rung = self._ladder[place]
        if self._by_days and rung.of:
            base, own = self._with_base(place, moving)
            return self._days.beside(self._counted(base, own), int(rung.days or 0))
        late = self._by_day_count(rung, moving) if self._by_days else self._running(place, moving)
        for granted_at, amount, unit in moving:
            if unit == "until" and not (rung.of and rung.kind == "warning"):
                late = _later(late, self._days.until(amount, granted_at))
            elif unit == f"field:{_field(rung)}" and _reached(late, granted_at):
                late = granted_at, True
        return late

    def _value(self, name: str, moving: Sequence[Grant]) -> Any:
        """What the field says that gives the term, as it was last set."""
        value = dict(self._facts.fields).get(name)
        for _, amount, unit in moving:
            value = amount if unit == f"field:{name}" else value
        return None if value == "" else value

    def _by_day_count(self, rung: Rung, moving: Sequence[Grant]) -> Late:
        days, months, fixed = int(rung.days or 0) if not _field(rung) else 0, rung.months or 0, None
        days += 7 * (rung.weeks or 0)
        months += 12 * (rung.years or 0)
        by_months = months > 0
        more_days, more_months = _sum(moving)
        if _field(rung):
            value = self._value(_field(rung), moving)
            if value is None:
                return NEVER
            if not rung.at:
                days = max(int(value), 0)
            elif isinstance(value, str):
                fixed = date.fromisoformat(value)
            else:
                budget = max(value - self._facts.begins, -1) + self._days.month_us(more_days, more_months)
                return self._days.running(self._facts.begins, budget, office=False)
        return self._days.counted(
            self._facts.begins, days + more_days, months + more_months,
            by_months=by_months, fixed=fixed, is_chained=self._facts.is_chained,
        )  # fmt: skip

    def _running(self, place: int, moving: Sequence[Grant]) -> Late:
        rung = self._ladder[place]
        budget = self._budget(place, moving)
        if budget is None:
            return NEVER
        return self._days.running(
            self._facts.begins, budget, office=self._rule.counting == "office" and not rung.at
        )

    def _budget(self, place: int, moving: Sequence[Grant]) -> int | None:
        """The running time that is still on time, in microseconds."""
        rung = self._ladder[place]
        day = self._days.day_us
        if rung.of:
            base, own = self._with_base(place, moving)
            length = self._budget(base, own)
            if length is None:
                return None
            return (
                length + int(rung.days or 0) * day if rung.percent is None else length * rung.percent // 100
            )
        days, months = _sum(moving)
        more = days * day + months * 30 * day
        name = _field(rung)
        if not name:
            minutes = (rung.hours or 0) * 60 + (rung.minutes or 0)
            return minutes * _MINUTE_US + (int(rung.days or 0) + 7 * (rung.weeks or 0)) * day + more
        value = self._value(name, moving)
        if value is None:
            return None
        if not rung.at:
            return max(int(value), 0) * day + more
        last: int = value
        if isinstance(value, str):
            last = midnight_of(self._days.zone, date.fromisoformat(value) + _ONE_DAY) - 1
        return max(last - self._facts.begins, -1) + days * _DAY_US + months * 30 * _DAY_US


def _sum(moving: Sequence[Grant]) -> tuple[int, int]:
    """Days and months that were granted."""
    days = sum(
        amount * (7 if unit == "weeks" else 1) for _, amount, unit in moving if unit in ("days", "weeks")
    )
    return days, sum(amount for _, amount, unit in moving if unit == "months")


def _field(rung: Rung) -> str:
    text = rung.at or (rung.days if isinstance(rung.days, str) else "")
    return text.removeprefix("field:")


def _reached(late: Late, at: int) -> bool:
    return late[0] is not None and late[1] and late[0] <= at


def _later(one: Late, other: Late) -> Late:
    if one[0] is None or other[0] is None:
        return one if one[0] is None else other
    return one if one[0] >= other[0] else other


class _Days:
    """The days of one clock: which count, which pauses take, and which are rest days for certain."""

    def __init__(self, rule: ClockRule, calendar: Calendar | None, zone: str, pauses: Pauses) -> None:
        self._rule, self._calendar, self.zone = rule, calendar, zone
        self._pauses = _union(pauses)
        self._certain = True
        hours = calendar.hours if calendar is not None and rule.counting == "office" else ()
        self.day_us = sum(closes - opens for opens, closes in hours) * _MINUTE_US or _DAY_US

    @staticmethod
    def month_us(days: int, months: int) -> int:
        """Days and months of thirty days as running time."""
        return (days + 30 * months) * _DAY_US

    # -- what a day is ------------------------------------------------------------------------------------

    def _taken(self, day: date) -> bool:
        """Whether a pause takes the day."""
        if not self._pauses:
            return False
        begin, end = midnight_of(self.zone, day), midnight_of(self.zone, day + _ONE_DAY)
        for a, b in self._pauses if begin < end else ():
            until = a + LONGEST * _DAY_US if b is None else b
            if (
                (self._rule.paused_day == "ends" and a < self._closes(day) <= until)
                or (self._rule.paused_day == "touched" and a < self._closes(day) and until > begin)
                or (self._rule.paused_day == "whole" and a <= begin and end <= until)
            ):
                return True
        return False

    def _stuck(self, day: date) -> bool:
        """Whether an open pause takes the day, and so every later one."""
        return any(b is None and self._opens_by(a, day) for a, b in self._pauses)

    def _opens_by(self, begin: int, day: date) -> bool:
        return begin < self._closes(day)

    def _exists(self, day: date) -> bool:
        return midnight_of(self.zone, day) < midnight_of(self.zone, day + _ONE_DAY)

    def _rests(self, day: date) -> bool:
        """Whether it is a rest day; asked beyond the horizon, nothing is certain any more."""
        calendar = self._calendar
        if calendar is None:
            return False
        if not calendar.first <= day <= calendar.last:
            self._certain = False
            return False
        if day.toordinal() in calendar.makeup:
            return False
        return day.weekday() not in calendar.week or day.toordinal() in calendar.holidays

    def _hours(self, day: date) -> tuple[tuple[int, int], ...]:
        calendar = self._calendar
        if calendar is None or self._rests(day):
            return ()
        return calendar.half.get(day.toordinal(), calendar.hours)

    # -- counts by days -----------------------------------------------------------------------------------

    def counted(
        self, start: int, days: int, months: int, *, by_months: bool, fixed: date | None, is_chained: bool
    ) -> Late:
        """The end of the last day of a count from the start."""
        self._certain = True
        rule, rolls = self._rule, self._rule.counting == "working" or self._rule.roll != "none"
        base = self._base(start, is_chained=is_chained)
        earlier = rule.first == "same-day"
        last: date | None
        if fixed is not None:
            last, rolls = self._toward(base + _ONE_DAY, fixed), rolls and bool(days or months)
            last = self._onward(last, days)
            last = self._months_on(last, months)
        elif by_months:
            end = corresponding(base, months)
            end -= _ONE_DAY if earlier and end.day == base.day else timedelta(0)
            last = self._onward(self._toward(base if earlier else base + _ONE_DAY, end), days)
        elif days:
            before = base - _ONE_DAY if earlier else base
            if rule.first == "next-working-day":
                while self._rests(before + _ONE_DAY):
                    before += _ONE_DAY
            last = self._months_on(self._onward(before, days), months)
        else:
            last, rolls = self._months_on(base, months), rolls and bool(months)
        return self._end(self._settled(last, rolls=rolls))

    def _base(self, start: int, *, is_chained: bool) -> date:
        """The day from which is counted: the start's, or the next working day after the cut-off."""
        day = date_of(self.zone, start)
        if not self._rule.cut_off or is_chained:
            return day
        hour, minute = map(int, self._rule.cut_off.split(":"))
        if not self._rests(day) and start < instant_of(self.zone, day, hour * 60 + minute):
            return day
        day += _ONE_DAY
        while self._rests(day):
            day += _ONE_DAY
        return day

    def _onward(self, day: date | None, count: int) -> date | None:
        """The day after so many more that count."""
        while day is not None and count:
            day += _ONE_DAY
            if self._stuck(day):
                return None
            if not self._exists(day) or self._taken(day):
                continue
            if self._rule.counting == "working" and self._rests(day):
                continue
            count -= 1
        return day

    def _toward(self, day: date, end: date) -> date | None:
        """The end, put off by every taken day from that one on."""
        while day <= end:
            if self._stuck(day):
                return None
            end += _ONE_DAY if self._taken(day) else timedelta(0)
            day += _ONE_DAY
        return end

    def _months_on(self, day: date | None, months: int) -> date | None:
        if day is None or not months:
            return day
        return self._toward(day + _ONE_DAY, corresponding(day, months))

    def _settled(self, day: date | None, *, rolls: bool) -> date | None:
        """The first day from then on that can be the last."""
        while day is not None:
            if self._stuck(day):
                return None
            if self._exists(day) and not self._taken(day) and not (rolls and self._rests(day)):
                return day
            day += _ONE_DAY
        return None

    def _closes(self, day: date) -> int:
        """When the day ends; whether that is known matters of the last day alone."""
        certain, end = self._certain, self._end(day)[0]
        self._certain = certain
        return end or 0

    def _end(self, day: date | None) -> Late:
        """The first instant after the day, or after the office closed on it."""
        if day is None:
            return NEVER
        hours = self._hours(day) if self._rule.ends == "closing" else ()
        if hours:
            return instant_of(self.zone, day, hours[-1][1], is_end=True), self._certain
        return midnight_of(self.zone, day + _ONE_DAY), self._certain

    def until(self, ordinal: int, granted_at: int) -> Late:
        """The end of the day to which was extended, put off by pauses since."""
        self._certain = True
        last = self._toward(date_of(self.zone, granted_at) + _ONE_DAY, date.fromordinal(ordinal))
        return self._end(self._settled(last, rolls=False))

    def beside(self, base: Late, days: int) -> Late:
        """So many days from the last day of another rung; before it, the beginning of that day."""
        if base[0] is None:
            return NEVER
        self._certain = base[1]
        last, rolls = date_of(self.zone, base[0] - 1), self._rule.roll != "none"
        if days >= 0:
            last_day = self._onward(last, days)
            return self._end(self._settled(last_day, rolls=rolls or self._rule.counting == "working"))
        while days:
            last -= _ONE_DAY
            if not (self._rule.counting == "working" and self._rests(last)) and not self._taken(last):
                days += 1
        while rolls and self._rests(last):
            last -= _ONE_DAY
        at = midnight_of(self.zone, last)
        for a, b in self._pauses:
            if a <= at and (b is None or at < b):
                return b, b is None or self._certain
        return at, self._certain

    # -- running time -------------------------------------------------------------------------------------

    def running(self, start: int, budget: int, *, office: bool) -> Late:
        """The first instant by which more than so much time has run outside the pauses."""
        self._certain = True
        if budget < 0:
            return start, True
        for begin, end in self._pieces(start, office=office):
            ran = None if end is None else end - begin
            if ran is None or ran > budget or (ran == budget and not self._is_paused(begin + budget)):
                return begin + budget + 1, self._certain
            budget -= ran
        return NEVER

    def _is_paused(self, at: int) -> bool:
        return any(a <= at and (b is None or at < b) for a, b in self._pauses)

    def _pieces(self, start: int, *, office: bool) -> Iterator[tuple[int, int | None]]:
        """When time runs, from the start on: pieces in order, the last one without an end."""
        for opens, closes in self._openings(start) if office else ((start, None),):
            at = opens
            for a, b in self._pauses:
                if b is not None and b <= at:
                    continue
                if closes is not None and a > closes:
                    break
                if a >= at:
                    yield at, a
                if b is None:
                    return
                at = max(at, b)
            if closes is None or at < closes:
                yield at, closes

    def _openings(self, start: int) -> Iterator[tuple[int, int]]:
        day = date_of(self.zone, start)
        self._rests(day)  # whether the first day is known counts as well
        if self._rule.first == "next-working-day":
            day += _ONE_DAY
        for _ in range(LONGEST):
            for opens, closes in self._hours(day):
                end = instant_of(self.zone, day, closes, is_end=True)
                if end > start:  # an hour that comes twice is open once
                    yield max(instant_of(self.zone, day, opens), start), end
                    start = end
            day += _ONE_DAY


def _union(pauses: Pauses) -> list[tuple[int, int | None]]:
    """The pauses in order, those that meet made one."""
    union: list[tuple[int, int | None]] = []
    for a, b in sorted(pauses, key=lambda pause: pause[0]):
        if union and (union[-1][1] is None or a <= union[-1][1]):
            before, end = union[-1]
            union[-1] = (before, None if end is None or b is None else max(end, b))
        else:
            union.append((a, b))
    return union


def corresponding(day: date, months: int) -> date:
    """The day of the same number so many months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + (day.day - 1) * _ONE_DAY, following - _ONE_DAY)


# -- zones --------------------------------------------------------------------------------------------------


def midnight_of(zone: str, day: date) -> int:
    """The first instant of the local day, epoch microseconds; after the gap where a gap holds midnight."""
    return instant_of(zone, day, 0)


@lru_cache(maxsize=1 << 16)
def instant_of(zone: str, day: date, minutes: int, *, is_end: bool = False) -> int:
    """So many minutes after midnight by the clocks there; of one that comes twice the first, or the end."""
    if minutes == 24 * 60:
        return instant_of(zone, day + _ONE_DAY, 0)
    info = zone_info(zone)
    local = datetime(day.year, day.month, day.day, tzinfo=info) + timedelta(minutes=minutes)
    first, second = (_micros(local.replace(fold=fold)) for fold in (0, 1))
    if _moment(first).astimezone(info).replace(tzinfo=None) == local.replace(tzinfo=None):
        return max(first, second) if is_end else first
    at = min(first, second)
    while _moment(at).astimezone(info).replace(tzinfo=None) < local.replace(tzinfo=None):
        at += 1_000_000
    return at


@lru_cache(maxsize=1 << 16)
def date_of(zone: str, us: int) -> date:
    """The day there that holds the instant."""
    day = _moment(us).astimezone(zone_info(zone)).date()
    while midnight_of(zone, day) > us:  # where midnight comes twice, the first one began the day
        day -= _ONE_DAY
    while midnight_of(zone, day + _ONE_DAY) <= us:
        day += _ONE_DAY
    return day


def _moment(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
