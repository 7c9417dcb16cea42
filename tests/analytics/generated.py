"""Logs of which is known what is in them: cells with a steady mean, Poisson or wider, and what is planted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from caseflow.analytics import Occurrence
from caseflow.core.time.instants import DAY, micros

ZONE = "Asia/Shanghai"
FIRST = date(2025, 1, 6)
NOON = micros("2025-01-06T12:00:00+08:00")

Draw = Callable[[np.random.Generator, float, int], int]
"""The count of a window, given its mean and the number of its kind."""


def poisson(chance: np.random.Generator, mean: float, kind: int) -> int:
    return int(chance.poisson(mean))


def wider(chance: np.random.Generator, mean: float, kind: int) -> int:
    """Negative binomial, each kind by a shape of its own: some hardly wider than Poisson, some four times."""
    shape = (0.8, 3.0, 50.0)[kind % 3]
    return int(chance.poisson(mean * chance.gamma(shape, 1 / shape)))


def log(
    seed: int, draw: Draw, *, kinds: int = 10, places: int = 8, weeks: int = 13,
    planted: dict[tuple[int, int], int] | None = None,
) -> list[Occurrence]:  # fmt: skip
    """So many weeks from `FIRST`; `planted` adds cases to a kind and place in the last."""
    chance = np.random.default_rng(seed)
    means = np.exp(chance.normal(0.5, 1.2, (kinds, places)).clip(max=3))
    rows: list[Occurrence] = []
    for kind in range(kinds):
        for place in range(places):
            for week in range(weeks):
                count = draw(chance, float(means[kind, place]), kind)
                count += (planted or {}).get((kind, place), 0) if week == weeks - 1 else 0
                for number in range(count):
                    at = NOON + (week * 7 + int(chance.integers(7))) * DAY
                    rows.append(Occurrence(f"{kind}-{place}-{week}-{number}", f"k{kind}", f"p{place}", at))
    return rows


def end(weeks: int = 13) -> date:
    return FIRST + timedelta(weeks=weeks)
