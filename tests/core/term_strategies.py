"""Random terms: calendars, strange zones, every key of a length, and pauses that begin and end at edges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import OfficeDays, micros, office_days, zone_info
from caseflow.core.time.pauses import Pause
from caseflow.core.time.span import Span

MICRO = timedelta(microseconds=1)
ZONES = {
    "Asia/Shanghai": "2025-01-20", "America/Sao_Paulo": "2018-10-28", "Pacific/Apia": "2011-12-24",
    "Europe/Zurich": "2025-03-24", "America/New_York": "2025-10-28", "America/Havana": "2025-10-28",
    "UTC": "2024-02-26",
}  # fmt: skip
"""Zone -> a week of it: no midnight, two midnights, no day at all, 23 and 25 hours, a leap day."""
FAR = 400
"""Days around the week that a calendar knows, where it knows enough."""


@attrs.frozen(kw_only=True)
class Terms:
    """One question, in plain datetimes."""

    zone: str
    start: datetime
    keys: dict[str, Any]
    """As `Span.of` has them, without the calendar."""
    pauses: list[tuple[datetime, datetime | None]]
    first: date
    last: date
    holidays: frozenset[date]
    makeup: frozenset[date]
    half: frozenset[date]

    @property
    def hours(self) -> list[tuple[int, int]]:
        """Of an ordinary day."""
        return [(9 * 60, 12 * 60), (13 * 60, 17 * 60)]

    def calendar(self, **changed: Any) -> Calendar:
        """The calendar of the office."""
        keys = {
            "name": "X", "first": self.first, "last": self.last, "hours": self.hours,
            "holidays": dict.fromkeys(self.holidays, "h"), "makeup": dict.fromkeys(self.makeup, "m"),
            "half": dict.fromkeys(self.half, (self.hours[0],)),
        }  # fmt: skip
        return Calendar(**{**keys, **changed})

    def span(self, calendar: Calendar | None = None) -> Span:
        """The length, by that calendar or by its own."""
        return Span.of(**self.keys, calendar=calendar or self.calendar())

    def asked(self) -> tuple[int, list[Pause], OfficeDays]:
        """The start, the pauses and the office's days, as the core takes them."""
        pauses = [(micros(a), None if b is None else micros(b)) for a, b in self.pauses]
        return micros(self.start), pauses, office_days(self.zone)


@cache
def first_instant(zone: str, day: date) -> datetime:
    """Quarter hour by quarter hour (no rule of these zones is finer): the first whose local date is there."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while at.astimezone(zone_info(zone)).date() < day:
        at += timedelta(minutes=15)
    return at


def _lengths(counting: str) -> st.SearchStrategy[dict[str, int]]:
    kinds = {"days": st.integers(0, 9)}
    if counting == "natural":
        kinds |= {"weeks": st.integers(1, 2), "months": st.integers(1, 14), "years": st.integers(1, 2)}
    elif counting == "elapsed":
        kinds |= {"hours": st.integers(1, 60), "minutes": st.integers(1, 3_000)}
    elif counting == "office":
        kinds |= {"hours": st.integers(1, 40), "minutes": st.integers(1, 2_000)}
    if counting in ("elapsed", "office"):
        kinds["days"] = st.integers(1, 6)
    return st.sampled_from(sorted(kinds)).flatmap(lambda unit: kinds[unit].map(lambda n: {unit: n}))


@st.composite
def terms(
    draw: st.DrawFn, countings: tuple[str, ...] = ("natural", "working"), *, knows: bool = True
) -> Terms:
    """Terms of these countings; without ``knows`` the calendar ends or begins somewhere in between."""
    zone, counting = draw(st.sampled_from(sorted(ZONES))), draw(st.sampled_from(countings))
    week = date.fromisoformat(ZONES[zone])
    keys: dict[str, Any] = {"counting": counting, **draw(_lengths(counting))}
    if counting in ("natural", "working"):
        keys["first"] = draw(st.sampled_from(["next-day", "same-day", "next-working-day"]))
        keys["roll"] = draw(st.sampled_from(["none", "next-working-day"]))
        keys["cut_off"] = draw(st.sampled_from(["", "12:00", "17:00"]))
        keys["ends"] = draw(st.sampled_from(["midnight", "closing"]))
        keys["paused_day"] = draw(st.sampled_from(["ends", "touched", "whole"]))
    elif counting == "office":
        keys["first"] = draw(st.sampled_from(["next-day", "next-working-day"]))
    midnights = [first_instant(zone, week + timedelta(days=n)) for n in range(11)]
    times = [m + timedelta(hours=h) for m in midnights for h in (9, 12, 17)]
    edge = st.sampled_from(midnights) | st.sampled_from(times)
    edge |= edge.map(lambda at: at - MICRO)
    edge |= st.integers(0, 10 * 1_440).map(lambda n: midnights[0] + timedelta(minutes=n))
    pairs = draw(st.lists(st.tuples(edge, st.none() | edge), max_size=3))
    near = st.integers(-3, 20).map(lambda n: week + timedelta(days=n))
    rest = frozenset(day for day in draw(st.lists(near, max_size=6)) if day.weekday() < 5)
    works = frozenset(day for day in draw(st.lists(near, max_size=3)) if day.weekday() > 4)
    return Terms(
        zone=zone,
        start=draw(edge),
        keys=keys,
        pauses=[(a, b) for a, b in pairs if b is None or a < b],
        first=week - timedelta(days=FAR if knows else draw(st.integers(-4, 3))),
        last=week + timedelta(days=3 * FAR if knows else draw(st.integers(5, 20))),
        holidays=rest,
        makeup=works,
        half=frozenset(draw(st.lists(near, max_size=2))),
    )


def over(
    *strategies: st.SearchStrategy[Any], brief: int, full: int
) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """`given`, over so many examples in a brief run, and over the full number in the long proofs."""

    def decorated(law: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize("examples", [brief, pytest.param(full, marks=pytest.mark.soak)])
        def test(examples: int) -> None:
            many = settings(derandomize=True, database=None, deadline=None, max_examples=examples)
            many(given(*strategies)(law))()

        test.__name__, test.__doc__ = law.__name__, law.__doc__
        return test

    return decorated
