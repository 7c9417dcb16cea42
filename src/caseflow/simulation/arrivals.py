"""When citizens write: so many instants, drawn by season, weekday and hour."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from random import Random

from caseflow.core.instants import SECOND, moment, office_days
from caseflow.simulation.office_time import row_of
from caseflow.simulation.scenario import Scenario

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
