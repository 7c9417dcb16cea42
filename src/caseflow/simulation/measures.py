"""What a simulation came to, in numbers that say what they are a share of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from caseflow.core.policy import Policy
from caseflow.simulation.fleet import Run

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
    found: dict[str, float] = {}
    standing = [(card.clock, card.level) for case in run.cases for card in case.cards if card.stands]
    for clock, rule in rules.clocks.items():
        for rung in rule.rungs:
            if rung.kind == "breach":
                found[f"cards.{clock}.{rung.level}"] = float(standing.count((clock, rung.level)))
    carded = [any(card.stands for card in case.cards) for case in run.cases]
    pairs = list(zip(run.replied, carded, run.cases, strict=True))
    decided = [is_carded for seconds, is_carded, _ in pairs if seconds is not None or is_carded]
    if decided:
        found["on_time"] = 1 - sum(decided) / len(decided)
    delays = sorted(seconds / DAY for seconds in run.replied if seconds is not None)
    for percent in QUANTILES if delays else ():
        found[f"reply.p{percent}"] = quantile(delays, percent / 100)
    found["unanswered"] = float(sum(seconds is None and case.is_open for seconds, _, case in pairs))
    scores = [rating.score for case in run.cases for rating in case.facts.ratings]
    if scores:
        found["score"] = sum(scores) / len(scores)
    if run.utilisation:
        found["busy"] = run.utilisation_of_all
        found |= {f"busy.{unit}": share for unit, share in run.utilisation.items()}
    return found


def quantile(rising: Sequence[float], share: float) -> float:
    """The least of the numbers that so great a share of them does not exceed.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    return rising[max(math.ceil(share * len(rising)) - 1, 0)]
