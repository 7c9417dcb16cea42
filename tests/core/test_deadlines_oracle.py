"""`breach` against a slow oracle that shares no code with it: day by day over ``zoneinfo``."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import attrs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import breach, walk
from caseflow.core.time.instants import micros, moment, office_days
from caseflow.core.time.span import Span

Pauses = list[tuple[datetime, datetime | None]]

MICRO = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Places and times where days are strange: no midnight, two midnights, no day at all, 23 and 25 hours.
PLACES = {
    "Asia/Shanghai": "2025-01-20", "America/Sao_Paulo": "2018-11-01", "Pacific/Apia": "2011-12-24",
    "Europe/Zurich": "2025-03-26", "America/New_York": "2025-10-30", "America/St_Johns": "2010-11-03",
    "America/Toronto": "1919-03-27", "UTC": "2024-02-26",
}  # fmt: skip


@attrs.frozen
class Asked:
    zone: str
    start: datetime
    days: int
    hours: int
    counting: str
    roll: str
    pauses: Pauses
    first: date
    last: date
    holidays: frozenset[date]
    makeup: frozenset[date]


def oracle(asked: Asked) -> tuple[datetime | None, bool]:
    """The first late instant and whether it is certain, straight from the words of the rules."""
    if asked.counting == "elapsed":
        return _elapsed(asked), True
    certain, counted, day = True, 0, asked.start.astimezone(ZoneInfo(asked.zone)).date()
    for _ in range(400):
        day += timedelta(days=1)
        begins, ends = _first_instant(asked.zone, day), _first_instant(asked.zone, day + timedelta(days=1))
        if begins == ends or _is_paused(asked.pauses, ends):
            continue
        known = asked.first <= day <= asked.last
        rests = known and day not in asked.makeup and (day.weekday() > 4 or day in asked.holidays)
        if asked.counting == "working":
            certain = certain and known
            counted += not rests
            if not rests and counted == asked.days:
                return ends, certain
        else:
            counted += 1
            if counted >= asked.days and asked.roll == "none":
                return ends, True
            if counted >= asked.days:
                certain = certain and known
                if not rests:
                    return ends, certain
    return None, True


@cache
def _first_instant(zone: str, day: date) -> datetime:
    """Quarter hour by quarter hour (no rule of these zones is finer): the first whose local date is there."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while at.astimezone(ZoneInfo(zone)).date() < day:
        at += timedelta(minutes=15)
    return at


def _is_paused(pauses: Pauses, midnight: datetime) -> bool:
    """Whether the union of the pauses holds the instant before midnight and reaches midnight."""
    at = midnight - MICRO
    return any(a <= at and (b is None or b >= midnight) for a, b in pauses)


def _elapsed(asked: Asked) -> datetime | None:
    """Run from one edge of a pause to the next until more than the budget has run."""
    budget = timedelta(days=asked.days, hours=asked.hours)
    edges = sorted(
        {edge for pause in asked.pauses for edge in pause if edge is not None and edge > asked.start}
    )
    at, ran = asked.start, timedelta(0)
    for edge in [*edges, None]:
        if not any(a <= at and (b is None or at < b) for a, b in asked.pauses):
            late = at + (budget - ran) + MICRO
            if edge is None or late <= edge:
                return late
            ran += edge - at
        at = edge or at
    return None


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    zone = draw(st.sampled_from(sorted(PLACES)))
    base = datetime.fromisoformat(PLACES[zone]).replace(tzinfo=UTC)
    counting = draw(st.sampled_from(["natural", "working", "elapsed"]))
    hours = draw(st.integers(1, 60)) if counting == "elapsed" and draw(st.booleans()) else 0
    roll = "none" if counting == "elapsed" else draw(st.sampled_from(["none", "next-working-day"]))
    midnights = [_first_instant(zone, base.date() + timedelta(days=n)) for n in range(10)]
    anywhere = st.integers(0, 12 * 86_400).map(lambda seconds: base + timedelta(seconds=seconds))
    edge = st.sampled_from(midnights) | st.sampled_from(midnights).map(lambda m: m - MICRO) | anywhere
    pauses: Pauses = []
    for a, b in draw(st.lists(st.tuples(edge, st.none() | edge), max_size=4)):
        if b is None or a < b:
            pauses.append((a, b))
    days = st.integers(-3, 14).map(lambda n: base.date() + timedelta(days=n))
    holidays = {day for day in draw(st.lists(days, max_size=5)) if day.weekday() < 5}
    makeup = {day for day in draw(st.lists(days, max_size=3)) if day.weekday() > 4}
    return Asked(
        zone, draw(edge), 0 if hours else draw(st.integers(1, 8)), hours, counting, roll, pauses,
        draw(days), base.date() + timedelta(days=draw(st.integers(14, 25))),
        frozenset(holidays), frozenset(makeup),
    )  # fmt: skip


def computed(question: Asked) -> tuple[Span, int, list[tuple[int, int | None]]]:
    calendar = Calendar(
        name="X", first=question.first, last=question.last,
        holidays=dict.fromkeys(question.holidays, "rest"), makeup=dict.fromkeys(question.makeup, "work"),
    )  # fmt: skip
    span = Span.of(
        question.days or None,
        hours=question.hours or None,
        counting=question.counting,
        roll=question.roll,
        calendar=calendar,
    )
    pauses = [(micros(a), None if b is None else micros(b)) for a, b in question.pauses]
    return span, micros(question.start), pauses


SKIPPED_DAY = Asked(
    "Pacific/Apia", datetime(2011, 12, 29, 12, tzinfo=UTC), 2, 0, "natural", "none",
    [(datetime(2011, 12, 29, 20, tzinfo=UTC), datetime(2011, 12, 30, 10, tzinfo=UTC))],
    date(2011, 12, 1), date(2012, 1, 20), frozenset(), frozenset(),
)  # fmt: skip


@settings(derandomize=True, database=None, max_examples=200, deadline=None)
@given(asked())
@example(SKIPPED_DAY)
def test_breach_is_what_the_rules_say(question: Asked) -> None:
    """Any counting, roll, calendar and pauses come to the oracle's instant and its certainty."""
    span, start, pauses = computed(question)
    found = breach(span, start, pauses, office_days(question.zone))
    at, certain = oracle(question)
    assert (None if found.at_us is None else moment(found.at_us)) == at
    assert at is None or found.certain == certain


@settings(derandomize=True, database=None, max_examples=80, deadline=None)
@given(asked().filter(lambda question: question.counting != "elapsed"))
def test_walk_explains_the_breach(question: Asked) -> None:
    """The last day of `walk` ends at the breach; as many days count as were asked for, and none twice."""
    span, start, pauses = computed(question)
    days = list(walk(span, start, pauses, office_days(question.zone)))
    found = breach(span, start, pauses, office_days(question.zone))
    assert [day.ends_us for day in days if day.why == "last"] == (
        [found.at_us] if found.at_us is not None else []
    )
    assert [day.day for day in days] == list(range(days[0].day, days[0].day + len(days)))
    assert sum(day.counts for day in days) == (question.days if found.at_us is not None else days[-1].counted)


@settings(derandomize=True, database=None, max_examples=100, deadline=None)
@given(asked(), st.integers(1, 5))
def test_more_days_are_never_earlier(question: Asked, more: int) -> None:
    """A longer span breaches later, or never."""
    span, start, pauses = computed(question)
    days = office_days(question.zone)
    short, long = breach(span, start, pauses, days), breach(span.longer(more), start, pauses, days)
    if long.at_us is not None:
        assert short.at_us is not None
        assert short.at_us <= long.at_us  # equal where both roll on to the same day
