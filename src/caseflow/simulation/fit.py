"""A scenario fitted to a real log: when citizens write, and how long units take to reply.

It looks at cases as a replay left them, so whatever ``caseflow replay`` reads can be fitted. Reply delays are
measured in the office's own time, which runs as its replies come in the course of a week, by the hour. Cases
without a reply count as waiting until they went out of sight (Kaplan and Meier). How many officers there are
and how they work cannot be seen in such a log: the fitted scenario has no queue, and the whole delay is
``wait``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

import attrs

from caseflow.core.model.case import Case
from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import SECOND, moment, office_days
from caseflow.errors import BadInput
from caseflow.simulation.arrivals import OfficeTime, row_of
from caseflow.simulation.delays import Delay
from caseflow.simulation.scenario import DAY_NAMES, Arrivals, Handling, Office, Scenario, UnitBehaviour

PERCENTS = (
    0, 1, 2.5, 5, 7.5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 92.5, 95, 96, 97,
    98, 99, 99.5, 100,
)  # fmt: skip
"""Where the quantile function is kept."""
LEAST = 10
"""Replied cases without which nothing is fitted."""
OWN_LEAST = 200
"""Replied cases from which a unit gets delays of its own; others share those of all cases."""
WEEK = 40.0
"""Hours of a fitted office week."""
NOBODY = "unit"
"""What the unit of cases without one is called."""


@attrs.frozen(kw_only=True)
class Seen:
    """What a log shows of one case: instants in epoch seconds, ``until`` when it went out of sight."""

    case_id: str
    unit: str
    submitted: int
    replied: int | None
    until: int


def seen(cases: Iterable[Case], *, end_us: int) -> tuple[Seen, ...]:
    """What is seen of the cases of a replayed log, in the order of submission.

    A case goes out of sight at its first reply, when it ends without one, or with the log's last event. Its
    unit is the one that held it last.

    Args:
        cases: as a replay under the policy left them.
        end_us: the last instant of the log, epoch microseconds; `Summary.as_of_us` of a replay.
    """
    end = end_us // SECOND
    return tuple(
        sorted((_seen(case, end) for case in cases), key=lambda case: (case.submitted, case.case_id))
    )


def _seen(case: Case, end: int) -> Seen:
    """A case without a reply goes out of sight when it ends in another way, or with the log."""
    replies = case.facts.replies
    replied = replies[0].at_us // SECOND if replies else None
    until = replied if replied is not None else end if case.is_open else case.acted_us // SECOND
    return Seen(
        case_id=case.id,
        unit=case.unit or NOBODY,
        submitted=case.submitted_us // SECOND,
        replied=replied,
        until=until,
    )


def fitted(
    cases: Sequence[Seen],
    *,
    rules: Policy,
    policy: str = "wuhu",
    calendar: str = "",
    table: Calendar | None = None,
) -> Scenario:
    """The scenario that the cases look like, for the year of the last submission.

    Args:
        cases: as `seen` gives them.
        rules: the policy; its zone decides what an hour and a weekday is.
        policy, calendar: how the scenario's file names policy and calendar.
        table: the calendar.

    Raises:
        BadInput: fewer than ten replied cases.
    """
    replied = [case for case in cases if case.replied is not None]
    if len(replied) < LEAST:
        raise BadInput("nothing-to-fit", what="log", found=len(replied))
    zone = rules.timezone
    office = _office(replied, zone, table)
    first, last = _day(cases[0].submitted, zone), _day(max(case.until for case in cases), zone)
    time = OfficeTime(
        office, office_days(zone), calendar=table, first=first.toordinal(), last=last.toordinal()
    )
    submitted = _day(cases[-1].submitted, zone)
    span = (submitted - first).days + 1
    return Scenario(
        name="fitted",
        policy=policy,
        start=date(submitted.year, 1, 1),
        cases=max(round(len(cases) / span * 365), 1),
        calendar=calendar,
        arrivals=_arrivals(cases, zone, table),
        office=office,
        handling=Handling(wait=_wait(cases, time)),
        units=_units(cases, time),
        rules=rules,
        working_days=table,
    )


def _day(at: int, zone: str) -> date:
    return moment(at * SECOND, zone).date()


def _units(cases: Iterable[Seen], time: OfficeTime) -> dict[str, UnitBehaviour]:
    by_unit: dict[str, list[Seen]] = {}
    for case in cases:
        by_unit.setdefault(case.unit, []).append(case)
    several = len(by_unit) > 1
    return {
        name: UnitBehaviour(
            weight=float(len(its)),
            wait=_wait(its, time)
            if several and sum(case.replied is not None for case in its) >= OWN_LEAST
            else None,
        )
        for name, its in sorted(by_unit.items())
    }


def _wait(cases: Iterable[Seen], time: OfficeTime) -> Delay:
    """The delays in office hours, as a quantile function of those that are replied to at all."""
    survival = Survival.of(
        (time.between(case.submitted, case.until), case.replied is not None) for case in cases
    )
    quantiles: dict[str, float] = {}
    for percent in PERCENTS:
        hours = survival.quantile(percent / 100 * survival.ever)
        quantiles[f"{percent:g}"] = round(hours or 0.0, 3)
    return Delay(quantiles=quantiles, never=round(1 - survival.ever, 4))


def _office(replied: Iterable[Seen], zone: str, table: Calendar | None) -> Office:
    """The week in which the office works as its replies come."""
    instants = [case.replied for case in replied if case.replied is not None]
    grid = _by_week(instants, zone, table)
    total = sum(map(sum, grid))
    week = {
        name: tuple(round(count / total * WEEK, 4) for count in row)
        for name, row in zip(DAY_NAMES, grid, strict=True)
    }
    return Office(hours=(), days=(), week=week)


def _by_week(instants: Sequence[int], zone: str, table: Calendar | None) -> list[list[float]]:
    """Events an hour, by weekday and hour: counts over the number of such days there were."""
    counts, days = Counter[tuple[int, int]](), Counter[int]()
    for at in instants:
        local = moment(at * SECOND, zone)
        counts[row_of(local.toordinal(), table), local.hour] += 1
    for day in range(_day(min(instants), zone).toordinal(), _day(max(instants), zone).toordinal() + 1):
        days[row_of(day, table)] += 1
    return [[counts[row, hour] / max(days[row], 1) for hour in range(24)] for row in range(7)]


def _arrivals(cases: Sequence[Seen], zone: str, table: Calendar | None) -> Arrivals:
    instants = [case.submitted for case in cases]
    grid = _by_week(instants, zone, table)
    working = [sum(row[hour] for row in grid[:5]) for hour in range(24)]
    rest = [sum(row[hour] for row in grid[5:]) for hour in range(24)]
    return Arrivals(
        month=_months(instants, zone),
        weekday=_about_one([sum(row) for row in grid]),
        hour=_about_one(working),
        rest_hour=_about_one(rest) if sum(rest) > 0 else (),
    )


def _months(instants: Sequence[int], zone: str) -> tuple[float, ...]:
    """Cases a day by month; 1, the mean, where the log has no such month."""
    counts = Counter(moment(at * SECOND, zone).month for at in instants)
    first, last = _day(instants[0], zone).toordinal(), _day(instants[-1], zone).toordinal()
    days = Counter(date.fromordinal(day).month for day in range(first, last + 1))
    mean = len(instants) / (last - first + 1)
    return tuple(
        round(counts[month] / days[month] / mean, 3) if days[month] else 1.0 for month in range(1, 13)
    )


def _about_one(counts: Sequence[float]) -> tuple[float, ...]:
    mean = sum(counts) / len(counts) or 1.0
    return tuple(round(count / mean, 3) for count in counts)


@attrs.frozen
class Survival:
    """The share of cases that had their reply after so long; in the order of time.

    Attributes:
        times: each length of time after which a reply was seen, rising.
        shares: the share of cases with a reply by then, rising with them.
    """

    times: Sequence[float]
    shares: Sequence[float]

    @classmethod
    def of(cls, cases: Iterable[tuple[float, bool]]) -> Survival:
        """From (how long the case was seen to wait, whether a reply ended that).

        A case without a reply counts among those that wait until it goes out of sight, and says nothing
        about later.
        """
        waiting = sorted(cases)
        left, without = len(waiting), 1.0
        times, shares = list[float](), list[float]()
        for length, group in groupby(waiting, key=lambda case: case[0]):
            ended = [replied for _, replied in group]
            if any(ended):
                without *= 1 - sum(ended) / left
                times.append(length)
                shares.append(1 - without)
            left -= len(ended)
        return cls(times, shares)

    @property
    def ever(self) -> float:
        """The share of cases seen to get a reply at all."""
        return self.shares[-1] if self.shares else 0.0

    def quantile(self, share: float) -> float | None:
        """The time by which that share of all cases had a reply; `None` when so many were never seen to."""
        place = bisect_left(self.shares, share - 1e-12)
        return self.times[place] if place < len(self.times) else None

    def by(self, time: float) -> float:
        """The share of cases with a reply by that time."""
        place = bisect_right(self.times, time)
        return self.shares[place - 1] if place else 0.0


def distance(one: Survival, other: Survival) -> float:
    """The greatest difference of the two shares at any time (Kolmogorov and Smirnov)."""
    steps = sorted({*one.times, *other.times})
    most, reached, reached_by_other, i, j = 0.0, 0.0, 0.0, 0, 0
    for time in steps:
        while i < len(one.times) and one.times[i] <= time:
            reached, i = one.shares[i], i + 1
        while j < len(other.times) and other.times[j] <= time:
            reached_by_other, j = other.shares[j], j + 1
        most = max(most, abs(reached - reached_by_other))
    return most
