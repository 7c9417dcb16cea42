"""How long until a reply, from cases of which some were never seen to get one (Kaplan and Meier, 1958)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby

import attrs


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
        times, shares = [], []
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
    most, mine, theirs, i, j = 0.0, 0.0, 0.0, 0, 0
    for time in steps:
        while i < len(one.times) and one.times[i] <= time:
            mine, i = one.shares[i], i + 1
        while j < len(other.times) and other.times[j] <= time:
            theirs, j = other.shares[j], j + 1
        most = max(most, abs(mine - theirs))
    return most
