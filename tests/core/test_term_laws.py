"""What holds for terms of every kind: pauses, longer lengths, horizons, walks, and sums in their place."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import assume
from hypothesis import strategies as st

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import NO_DAYS, _added, _walked, base_day, breach, walk
from caseflow.core.time.instants import micros, moment
from caseflow.core.time.running_time import stretches
from tests.core.term_strategies import Terms, over, terms

LENGTHS = ("days", "weeks", "months", "years", "hours", "minutes")
EVERY = ("natural", "working", "elapsed", "office")
NEVER = 1 << 80


def late_us(asked: Terms) -> int:
    """The first late instant; later than all others for none."""
    at = breach(asked.span(), *asked.asked()).at_us
    return NEVER if at is None else at


def inside(calendar: Calendar, days: frozenset[date]) -> list[date]:
    """The days that the calendar knows."""
    return [day for day in days if calendar.is_certain(day.toordinal())]


@over(terms(EVERY), st.integers(0, 240), st.none() | st.integers(1, 90), brief=120, full=400)
def test_a_pause_never_shortens(asked: Terms, begin: int, hours: int | None) -> None:
    """One more pause, wherever it lies, makes no deadline earlier."""
    start = asked.start - timedelta(days=2) + timedelta(hours=begin)
    pause = (start, None if hours is None else start + timedelta(hours=hours))
    before = late_us(asked)
    asked.pauses.append(pause)
    assert late_us(asked) >= before


@over(terms(EVERY), st.integers(0, 240), st.none() | st.integers(1, 90), brief=120, full=400)
def test_a_pause_that_begins_at_the_breach_or_later_changes_nothing(
    asked: Terms, later: int, hours: int | None
) -> None:
    """What is late already stays so."""
    before = late_us(asked)
    assume(before != NEVER)
    start = moment(before) + timedelta(hours=later)
    asked.pauses.append((start, None if hours is None else start + timedelta(hours=hours)))
    assert late_us(asked) == before


@over(terms(EVERY), st.integers(0, 240), brief=120, full=400)
def test_nothing_breaches_while_a_pause_is_open(asked: Terms, begin: int) -> None:
    """A deadline with an open pause lies before that pause, or nowhere."""
    asked.pauses.append((asked.start + timedelta(hours=begin), None))
    at = late_us(asked)
    assert at == NEVER or at <= min(micros(a) for a, b in asked.pauses if b is None)


@over(terms(EVERY), st.integers(1, 3), brief=120, full=400)
def test_more_is_never_earlier(asked: Terms, more: int) -> None:
    """A longer length, of its own unit or by a grant of days, has no earlier deadline."""
    before, span = late_us(asked), asked.span()
    unit = next(
        unit for unit in ("days", "weeks", "months", "years", "hours", "minutes") if unit in asked.keys
    )
    granted = breach(span.longer(more), *asked.asked()).at_us
    asked.keys[unit] += more
    assert late_us(asked) >= before
    assert granted is None or (granted >= before and before != NEVER)


@over(terms(knows=False), brief=120, full=400)
def test_what_is_added_is_what_is_walked(asked: Terms) -> None:
    """Without pauses the last day and its certainty come out the same by addition and day by day."""
    span, (start, _, days) = asked.span(), asked.asked()
    base, _ = base_day(span, start, days)
    assert _added(span, base) == _walked(span, base, NO_DAYS)


@over(terms(("elapsed", "office")), brief=120, full=400)
def test_stretches_leave_no_gap_and_add_up(asked: Terms) -> None:
    """They begin at the start, follow each other, and run for the whole budget or until an open pause."""
    span, (start, pauses, days) = asked.span(), asked.asked()
    pieces = tuple(stretches(span, start, pauses, days))
    assert pieces[0].begin_us == start
    assert all(a.end_us == b.begin_us for a, b in pairwise(pieces))
    assert all(piece.end_us is None or piece.end_us >= piece.begin_us for piece in pieces)
    ran = sum((p.end_us or 0) - p.begin_us for p in pieces if p.why in ("runs", "used-up"))
    last, at = pieces[-1], breach(span, start, pauses, days).at_us
    assert ran == last.ran_us <= span.budget_us
    assert (last.end_us is None) == (at is None)
    assert at is None or (at, ran, last.why) == ((last.end_us or 0) + 1, span.budget_us, "used-up")


@over(terms(knows=False), brief=120, full=400)
def test_a_walk_has_every_day_once_and_ends_at_the_breach(asked: Terms) -> None:
    """From the start's day on, the count never falls, and the last day ends with the first late instant."""
    span, (start, pauses, days) = asked.span(), asked.asked()
    walked, at = list(walk(span, start, pauses, days)), breach(span, start, pauses, days).at_us
    assert walked[0].day == days.day_of(start) if walked else at is None
    assert all(b.day == a.day + 1 and b.counted >= a.counted for a, b in pairwise(walked))
    assert [day.ends_us for day in walked if day.why == "last"] == ([] if at is None else [at])
    if at is not None:
        counting = [day for day in walked if day.why in ("counts", "last", "rolled")]
        assert span.months or sum(day.counts for day in counting) == span.days


@over(terms(("natural", "working", "office"), knows=False), st.data(), brief=120, full=400)
def test_a_later_calendar_never_disproves_what_was_said(asked: Terms, data: st.DataObject) -> None:
    """What is certain stays, and what is unknown comes no earlier, whatever days become known."""
    assume(not (asked.pauses and asked.keys.get("ends") == "closing"))
    known = asked.calendar()
    half = dict.fromkeys(inside(known, asked.half), ((540, 720),))
    known = asked.calendar(half=half)
    near = st.integers(-30, 60).map(lambda n: asked.first + timedelta(days=n))
    new = [day for day in data.draw(st.lists(near, max_size=30)) if not known.is_certain(day.toordinal())]
    longer = asked.calendar(
        first=asked.first - timedelta(days=900), last=asked.last + timedelta(days=900), half=half,
        holidays=dict.fromkeys([*inside(known, asked.holidays), *(d for d in new if d.weekday() < 5)], "h"),
        makeup=dict.fromkeys([*inside(known, asked.makeup), *(d for d in new if d.weekday() > 4)], "m"),
    )  # fmt: skip
    said, then = (breach(asked.span(calendar), *asked.asked()) for calendar in (known, longer))
    if said.certain and said.at_us is not None:
        assert said == then
    elif said.at_us is not None:
        assert then.at_us is None or then.at_us >= said.at_us


@over(terms(knows=False), st.integers(-40, 60), st.integers(1, 60), brief=120, full=400)
def test_the_nth_working_day_is_the_one_that_is_found_by_steps(asked: Terms, shift: int, nth: int) -> None:
    """Inside the horizon, across either end of it, and beyond."""
    calendar, day = asked.calendar(), asked.first.toordinal() + shift
    expected = day
    for _ in range(nth):
        expected = calendar.working_day(expected + 1)
    assert calendar.nth_working_day(day, nth) == expected
