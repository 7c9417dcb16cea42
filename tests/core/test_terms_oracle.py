"""Months, first days, cut-offs, closing and office time against plain date arithmetic that shares no code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from caseflow.core.time.deadline import breach, walk
from caseflow.core.time.instants import moment, zone_info
from caseflow.core.time.running_time import stretches
from tests.core.term_strategies import MICRO, Terms, first_instant, over, terms

ONE = timedelta(days=1)


def exists(asked: Terms, day: date) -> bool:
    return first_instant(asked.zone, day) < first_instant(asked.zone, day + ONE)


def works(asked: Terms, day: date) -> bool:
    return day in asked.makeup or (day.weekday() < 5 and day not in asked.holidays)


def clock(asked: Terms, day: date, minutes: int) -> datetime:
    """That time of that day; none of the tests' times lies in a gap or comes twice."""
    local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone_info(asked.zone))
    return local.astimezone(UTC)


def openings(asked: Terms, day: date) -> list[tuple[datetime, datetime]]:
    if not (works(asked, day) and exists(asked, day)):
        return []
    hours = asked.hours[:1] if day in asked.half else asked.hours
    return [(clock(asked, day, a), clock(asked, day, b)) for a, b in hours]


def end_of(asked: Terms, day: date) -> datetime:
    if asked.keys["ends"] == "closing" and openings(asked, day):
        return openings(asked, day)[-1][1]
    return first_instant(asked.zone, day + ONE)


def is_taken(asked: Terms, day: date) -> bool:
    """Whether a pause, as one of a union, takes the day; an open one takes all whose end it holds."""
    begins, ends, rule = first_instant(asked.zone, day), end_of(asked, day), asked.keys["paused_day"]
    for a, b in union(asked):
        if b is None:
            # Of an open pause's union the closed part takes, by this rule, whole days alone.
            own = min(c for c, d in asked.pauses if d is None)
            if (own if rule == "whole" else a) < ends or a <= begins:
                return True
        elif (
            (rule == "ends" and a < ends <= b)
            or (rule == "touched" and a < ends and b > begins)
            or (rule == "whole" and a <= begins and b >= first_instant(asked.zone, day + ONE))
        ):
            return True
    return False


def union(asked: Terms) -> list[tuple[datetime, datetime | None]]:
    """The pauses, those that overlap or touch made one, by looking at each pair again and again."""
    far = datetime(9000, 1, 1, tzinfo=UTC)
    parts = [[a, b or far] for a, b in asked.pauses]
    for _ in parts:
        for one in parts:
            for other in parts:
                if one[0] <= other[1] and other[0] <= one[1]:
                    one[:] = other[:] = [min(one[0], other[0]), max(one[1], other[1])]
    return [(a, None if b == far else b) for a, b in {tuple(part) for part in parts}]


def months_later(day: date, months: int) -> date | None:
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    try:
        return date(year, month, day.day)
    except ValueError:
        return None


def last_of_month(day: date, months: int) -> date:
    later = months_later(day.replace(day=1), months + 1)
    assert later is not None
    return later - ONE


def next_working(asked: Terms, day: date) -> date:
    while not (works(asked, day) and exists(asked, day)):
        day += ONE
    return day


def base_of(asked: Terms) -> date:
    day = asked.start.astimezone(zone_info(asked.zone)).date()
    if not asked.keys["cut_off"]:
        return day
    hour, minute = map(int, asked.keys["cut_off"].split(":"))
    if works(asked, day) and asked.start < clock(asked, day, hour * 60 + minute):
        return day
    return next_working(asked, day + ONE)


def by_days(asked: Terms) -> datetime | None:
    """The end of the last day, straight from the words of the rules."""
    keys, base = asked.keys, base_of(asked)
    months = keys.get("months", 0) + 12 * keys.get("years", 0)
    days = keys.get("days", 0) + 7 * keys.get("weeks", 0)
    rolls = keys["counting"] == "working" or keys["roll"] != "none"
    if not (days or months):
        last, rolls = base, False
    else:
        day = base if keys["first"] == "same-day" else base + ONE
        if keys["first"] == "next-working-day":
            day = next_working(asked, day)
        if months:
            day = base if keys["first"] == "same-day" else base + ONE
            exact = months_later(base, months)
            last = exact or last_of_month(base, months)
            if exact and keys["first"] == "same-day":
                last -= ONE
            while day <= last:
                last += ONE if exists(asked, day) and is_taken(asked, day) else timedelta(0)
                day += ONE
                if (last - base).days > 2_000:
                    return None
        else:
            count = 0
            while True:
                if exists(asked, day) and not is_taken(asked, day):
                    count += keys["counting"] == "natural" or works(asked, day)
                    if count == days:
                        break
                if (day - base).days > 400:
                    return None
                day += ONE
            last = day
    for _ in range(400):
        if exists(asked, last) and not is_taken(asked, last) and not (rolls and not works(asked, last)):
            return end_of(asked, last)
        last += ONE
    return None


def running(asked: Terms) -> Iterator[tuple[datetime, datetime]]:
    """The pieces in which office time may run, pauses cut out, in order."""
    day = asked.start.astimezone(zone_info(asked.zone)).date()
    if asked.keys["first"] == "next-working-day":
        day += ONE
    for _ in range(400):
        for a, b in openings(asked, day):
            pieces = [(max(a, asked.start), b)]
            for begin, end in union(asked):
                pieces = [
                    part for x, y in pieces for part in ((x, min(y, begin)), (max(x, end) if end else y, y))
                ]
            yield from sorted((x, y) for x, y in pieces if x < y)
        day += ONE


def by_office(asked: Terms) -> datetime | None:
    """One microsecond after the time is used up; a pause that begins just then puts that off to its end."""
    keys = asked.keys
    left = timedelta(
        minutes=7 * 60 * keys.get("days", 0) + 60 * keys.get("hours", 0) + keys.get("minutes", 0)
    )
    for begin, end in running(asked):
        if end - begin < left:
            left -= end - begin
            continue
        at = begin + left
        for a, b in union(asked):
            if a == at:
                return None if b is None else _resumed(asked, b)
        return at + MICRO
    return None


def _resumed(asked: Terms, at: datetime) -> datetime:
    """The first late instant where nothing is left when a pause ends: as soon as time runs again."""
    for begin, end in running(asked):
        if end > at or begin >= at:
            return max(begin, at) + MICRO
    raise AssertionError


@over(terms(), brief=200, full=1_500)
def test_days_and_months_are_those_of_plain_dates(asked: Terms) -> None:
    """Whatever the keys, the zone and the pauses: the core and the plain dates come to the same instant."""
    span, (start, pauses, days) = asked.span(), asked.asked()
    result, expected = breach(span, start, pauses, days), by_days(asked)
    assert (None if result.at_us is None else moment(result.at_us)) == expected
    assert result.certain
    ends = [day.ends_us for day in walk(span, start, pauses, days) if day.why == "last"]
    assert ends == ([] if result.at_us is None else [result.at_us])


@over(terms(("office",)), brief=150, full=1_000)
def test_office_time_is_that_of_plain_dates(asked: Terms) -> None:
    """The openings with the pauses cut out, one after the other, until the time is used up."""
    span, (start, pauses, days) = asked.span(), asked.asked()
    result, expected = breach(span, start, pauses, days), by_office(asked)
    assert (None if result.at_us is None else moment(result.at_us)) == expected
    last = list(stretches(span, start, pauses, days))[-1]
    assert (last.why == "used-up") == (expected is not None)
