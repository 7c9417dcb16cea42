"""How long things take: a distribution as a quantile function, written in numbers that people can read."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import attrs

_MINUTE = 1 / 60
"""Hours; the least that is told apart from nothing when a quantile function is drawn between two points."""
_inverse_normal = NormalDist().inv_cdf


def points_of(quantiles: Mapping[str, float]) -> tuple[tuple[float, float], ...]:
    """``(share, hours)`` in rising order of the share; keys that are no numbers are left out."""
    points = [(float(key) / 100, hours) for key, hours in quantiles.items() if _is_number(key)]
    return tuple(sorted(points))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@attrs.frozen(kw_only=True)
class Delay:
    """How long something takes, in hours: a median and a spread, or quantiles."""

    median: float = 0.0
    """Hours that half of the cases take at most. With ``spread``: a log-normal distribution."""
    spread: float = 1.0
    """How many times the median 84 % of the cases take at most; 1 is always the median."""
    quantiles: dict[str, float] = attrs.field(factory=dict[str, float])
    """Instead of both: hours by percent of cases, such as ``{ "10" = 0.5, "50" = 9, "99" = 120 }``."""
    never: float = 0.0
    """The share of cases in which it never happens; the rest follows the distribution."""
    _curve: tuple[Sequence[float], Sequence[float]] = attrs.field(
        init=False, eq=False, repr=False, metadata={"document": False}
    )

    def __attrs_post_init__(self) -> None:
        """Prepare the drawing between the points."""
        points = points_of(self.quantiles)
        shares = [share for share, _ in points]
        heights = [math.log(max(hours, 0.0) + _MINUTE) for _, hours in points]
        object.__setattr__(self, "_curve", (shares, heights))

    def at(self, chance: float) -> float | None:
        """The hours that the share ``chance`` of cases does not exceed; `None` for never.

        Between two quantiles the logarithm of the hours (and one minute) runs straight; before the first
        and after the last it stands still.
        """
        if chance >= 1 - self.never:
            return None
        share = chance / (1 - self.never)
        shares, heights = self._curve
        if not shares:
            if self.spread == 1 or not self.median:
                return self.median
            hours: float = self.median * self.spread ** _inverse_normal(share)
            return hours
        after = bisect_right(shares, share)
        if after in (0, len(shares)):
            height = heights[0 if after == 0 else -1]
        else:
            low, high = shares[after - 1], shares[after]
            part = (share - low) / (high - low)
            height = heights[after - 1] + part * (heights[after] - heights[after - 1])
        return max(math.exp(height) - _MINUTE, 0.0)

    def document(self) -> dict[str, Any]:
        """The delay as TOML writes it: only what says something."""
        if self.quantiles:
            table: dict[str, Any] = {"quantiles": dict(self.quantiles)}
        else:
            table = {"median": self.median, "spread": self.spread}
        return table | ({"never": self.never} if self.never else {})


NOTHING = Delay()
"""At once."""
