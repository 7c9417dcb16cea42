"""Chance and time of a simulation: when citizens write, each case's random streams, an office's own hours."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import TypeVar

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import SECOND, OfficeDays, moment, office_days
from caseflow.simulation.scenario import DAY_NAMES, Office, Scenario, quarter

HOUR = 3600


def arrivals(scenario: Scenario, *, cases: int, seed: int, zone: str) -> list[int]:
    """The epoch seconds (UTC) of so many submissions, in order; the same for the same seed.

    Given how many there are, each falls into an hour of the period by the hour's weight, and anywhere in it.
    """
    hours = list(_hours(scenario, zone))
    chance = Random(f"{seed}/arrivals")
    bounds = list(accumulate(weight for _, weight in hours))
    chosen = chance.choices(hours, cum_weights=bounds, k=cases)
    return sorted(begin + chance.randrange(HOUR) for begin, _ in chosen)


def _hours(scenario: Scenario, zone: str) -> Iterator[tuple[int, float]]:
    """Each hour of the period and its weight."""
    days, when, calendar = office_days(zone), scenario.arrivals, scenario.working_days
    rest_hour = when.rest_hour or when.hour
    first = scenario.start.toordinal()
    for day in range(first, first + scenario.days):
        row = row_of(day, calendar)
        profile = rest_hour if row >= 5 else when.hour
        begin, end = days.midnight(day) // SECOND, days.midnight(day + 1) // SECOND
        for at in range(begin, end, HOUR):
            local = moment(at * SECOND, zone)
            weight = when.month[local.month - 1] * when.weekday[row] * profile[local.hour] / sum(profile)
            yield at, weight


_T = TypeVar("_T")


class RandomStreams:
    """The chances of one case, by name: each question has one answer for a seed, whoever asks it and when.

    Two scenarios that ask the same question about the same case get the same answer, so what differs between
    them is what was changed and not luck (common random numbers).

    >>> RandomStreams(1, 7).roll("wait") == RandomStreams(1, 7).roll("wait")
    True
    """

    __slots__ = ("_key",)

    def __init__(self, seed: int, case: int) -> None:
        self._key = f"{seed}/{case}/".encode()

    def roll(self, question: str, turn: int = 0) -> float:
        """A number above 0 and below 1, evenly spread over the questions."""
        key = self._key + f"{question}/{turn}".encode()
        number = int.from_bytes(blake2b(key, digest_size=8).digest(), "big") >> 12
        return (number + 0.5) / (1 << 52)

    def happens(self, question: str, share: float, *, turn: int = 0) -> bool:
        """Whether it happens, which it does in that share of cases."""
        return share >= 1 or (share > 0 and self.roll(question, turn) < share)

    def pick(self, question: str, weights: Mapping[_T, float], *, turn: int = 0) -> _T:
        """One of the keys, each as often as its weight says; weights need not sum to one.

        Raises:
            ValueError: nothing to pick from.
        """
        bounds = list(accumulate(weights.values()))
        if not bounds or bounds[-1] <= 0:
            raise ValueError(f"nothing to pick for {question}")
        aim = self.roll(question, turn) * bounds[-1]
        for key, bound in zip(weights, bounds, strict=True):
            if aim < bound:
                return key
        return next(reversed(list(weights)))


QUARTER = 900
"""Seconds of a slot; opening hours begin and end on quarters of an hour."""
_SUNDAY = 6
_FRIDAY = 4


class OfficeTime:
    """The office's hours from one instant to another; instants are whole epoch seconds (UTC).

    A rest day of the calendar is worked as a Sunday is, a make-up working day (补班) as a Friday is.
    """

    def __init__(
        self, office: Office, days: OfficeDays, *, calendar: Calendar | None, first: int, last: int
    ) -> None:
        """Days are ordinals; the office is known from the first day's beginning to the last day's end."""
        self.begin = days.midnight(first) // SECOND
        self.end = days.midnight(last + 1) // SECOND
        week = _week(office)
        weights = array("d", [0.0])
        for day in range(first, last + 1):
            weights.extend(_day(week[row_of(day, calendar)], day, days))
        self._worked = array("d", accumulate(weights))

    def hours_to(self, at: int) -> float:
        """The office's hours from the beginning to the instant."""
        slot, rest = divmod(min(max(at, self.begin), self.end) - self.begin, QUARTER)
        before = self._worked[slot]
        return before + (self._worked[slot + 1] - before) * rest / QUARTER if rest else before

    def between(self, since: int, until: int) -> float:
        """The office's hours between two instants."""
        return self.hours_to(until) - self.hours_to(since)

    def after(self, since: int, hours: float) -> int | None:
        """The instant when so many of the office's hours have run since; `None` for one after the last day.

        No hours at all lead to the first instant at or after ``since`` at which the office works.
        """
        aim = self.hours_to(since) + hours
        worked = self._worked
        if aim >= worked[-1]:
            return None
        first = max(since - self.begin, 0) // QUARTER
        slot = bisect_left(worked, aim, first)
        if worked[slot] == aim:  # the next slot in which time runs
            slot += 1
            while worked[slot] == aim:
                slot += 1
        before = worked[slot - 1]
        part = (aim - before) / (worked[slot] - before)
        return max(self.begin + round((slot - 1 + part) * QUARTER), since)


def _week(office: Office) -> tuple[tuple[float, ...], ...]:
    """Strength by weekday and quarter of an hour, Monday first."""
    if office.week:
        return tuple(
            tuple(strength for strength in office.week[name] for _ in range(4)) for name in DAY_NAMES
        )
    spans = [tuple(quarter(end) for end in span.split("-")) for span in office.hours]
    day = tuple(float(any(begin <= slot < end for begin, end in spans)) for slot in range(96))
    return tuple(day if name in office.days else (0.0,) * 96 for name in DAY_NAMES)


def row_of(day: int, calendar: Calendar | None) -> int:
    """The weekday (Monday is 0) that a day is worked as: rest days as Sunday, make-up days as Friday."""
    weekday = (day - 1) % 7
    if calendar is None or not calendar.is_certain(day):
        return weekday
    if calendar.is_working(day):
        return weekday if weekday in calendar.week else _FRIDAY
    return _SUNDAY


def _day(strengths: tuple[float, ...], day: int, days: OfficeDays) -> list[float]:
    """Office hours of each slot of the day, by its local time; summer time makes days longer or shorter."""
    begin, end = days.midnight(day) // SECOND, days.midnight(day + 1) // SECOND
    if end - begin == 96 * QUARTER:
        return [strength / 4 for strength in strengths]
    local = (moment(at * SECOND, days.zone) for at in range(begin, end, QUARTER))
    return [strengths[then.hour * 4 + then.minute // 15] / 4 for then in local]
