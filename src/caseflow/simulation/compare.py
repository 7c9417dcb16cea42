"""Measures of runs, and two scenarios over the same arrivals and luck: how sure the difference is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist, fmean, stdev

import attrs

from caseflow.core.policy import Policy
from caseflow.simulation.run import Run, simulate
from caseflow.simulation.scenario import Scenario

T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""The 97.5 % point of Student's t for 1 to 30 degrees of freedom (any table of statistics has it)."""


@attrs.frozen(kw_only=True)
class Measured:
    """One measure over the runs.

    Attributes:
        key: as `measures` names it.
        one: its mean over the runs; other: the same of the other scenario, or `None` without one.
        low, high: the 95 % interval (Student's t over the runs) of the mean or, with another scenario, of
            the mean of the paired difference; `None` with a single run.
    """

    key: str
    one: float
    other: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def difference(self) -> float | None:
        """The other less the one; `None` without another."""
        return None if self.other is None else self.other - self.one


def measured(
    one: Scenario,
    other: Scenario | None = None,
    *,
    cases: int | None = None,
    seed: int | None = None,
    runs: int = 1,
    first: Run | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Measured, ...]:
    """The measures of a scenario, or of two beside each other, over so many runs.

    Run ``r`` has the seed ``seed + r``. In a run both scenarios have the same arrivals, and each question
    about a case has the same answer (common random numbers), so that the difference is that of the
    scenarios. A measure that a run does not have is left out.

    Args:
        one: as `load_scenario` gives it.
        other: what it is compared with, such as `changed` gives it.
        cases: in each run; by default as the first scenario says, for both.
        seed: of the first run; by default as the first scenario says, for both.
        runs: how many, 1 or more.
        first: the first run of ``one``, when it was simulated already.
        progress: called with the simulations done and all of them.
    """
    count = one.cases if cases is None else cases
    begin = one.seed if seed is None else seed
    both = [scenario for scenario in (one, other) if scenario is not None]
    runs_of: list[list[Mapping[str, float]]] = [[] for _ in both]
    for turn in range(runs):
        for place, scenario in enumerate(both):
            known = first if turn == 0 and place == 0 else None
            run = known or simulate(scenario, cases=count, seed=begin + turn)
            runs_of[place].append(measures(run, _rules(scenario)))
            if progress is not None:
                progress(turn * len(both) + place + 1, runs * len(both))
    return tuple(_summed(runs_of[0], runs_of[1] if other is not None else None))


def _rules(scenario: Scenario) -> Policy:
    assert scenario.rules is not None  # simulated with them
    return scenario.rules


def _summed(
    one: Sequence[Mapping[str, float]], other: Sequence[Mapping[str, float]] | None
) -> list[Measured]:
    summed: list[Measured] = []
    for key in one[0]:
        if not all(key in run for run in (*one, *(other or ()))):
            continue
        values = [run[key] for run in one]
        against = None if other is None else [run[key] for run in other]
        spread = values if against is None else [b - a for a, b in zip(values, against, strict=True)]
        low, high = interval(spread)
        summed.append(
            Measured(
                key=key,
                one=fmean(values),
                other=None if against is None else fmean(against),
                low=low,
                high=high,
            )
        )
    return summed


def interval(values: Sequence[float]) -> tuple[float, float] | tuple[None, None]:
    """The 95 % interval of the mean by Student's t; nothing for a single value.

    >>> low, high = interval([1.0, 2.0, 3.0])
    >>> round(low, 2), round(high, 2)
    (-0.48, 4.48)
    """
    free = len(values) - 1
    if free < 1:
        return None, None
    z = NormalDist().inv_cdf(0.975)
    t = T_975[free - 1] if free <= len(T_975) else z + (z**3 + z) / (4 * free)
    half = t * stdev(values) / math.sqrt(len(values))
    mean = fmean(values)
    return mean - half, mean + half


DAY = 86_400
QUANTILES = (10, 50, 90)


def measures(run: Run, rules: Policy) -> Mapping[str, float]:
    """The measures of a run by name, in the order people read them; one that cannot be told is left out.

    - ``cards.CLOCK.LEVEL``: standing cards.
    - ``on_time``: share of cases without a standing card, of all that were replied to or have a card: a case
      that is still within its time at the end is in neither number.
    - ``reply.p10`` and so on: days of any kind from the submission to the first reply, of replied cases.
    - ``unanswered``: cases neither replied to nor ended by the end of the period.
    - ``score``: mean score of rated cases.
    - ``busy.UNIT`` and ``busy``: share of the officers' hours in which they worked, of one unit and of all
      units that count officers.
    """
    table: dict[str, float] = {}
    standing = [(card.clock, card.level) for case in run.cases for card in case.cards if card.stands]
    for clock, rule in rules.clocks.items():
        for rung in rule.rungs:
            if rung.kind == "breach":
                table[f"cards.{clock}.{rung.level}"] = float(standing.count((clock, rung.level)))
    carded = [any(card.stands for card in case.cards) for case in run.cases]
    pairs = list(zip(run.replied, carded, run.cases, strict=True))
    decided = [is_carded for seconds, is_carded, _ in pairs if seconds is not None or is_carded]
    if decided:
        table["on_time"] = 1 - sum(decided) / len(decided)
    delays = sorted(seconds / DAY for seconds in run.replied if seconds is not None)
    for percent in QUANTILES if delays else ():
        table[f"reply.p{percent}"] = quantile(delays, percent / 100)
    table["unanswered"] = float(sum(seconds is None and case.is_open for seconds, _, case in pairs))
    scores = [rating.score for case in run.cases for rating in case.facts.ratings]
    if scores:
        table["score"] = sum(scores) / len(scores)
    if run.utilisation:
        table["busy"] = run.utilisation_of_all
        table |= {f"busy.{unit}": share for unit, share in run.utilisation.items()}
    return table


def quantile(rising: Sequence[float], share: float) -> float:
    """The least of the numbers that so great a share of them does not exceed.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    return rising[max(math.ceil(share * len(rising)) - 1, 0)]
