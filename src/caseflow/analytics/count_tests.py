"""Exact tests of counts against their own past, by scipy: tails, dispersion, false alarms controlled.

Everything the package asks of scipy about distributions stands here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats as _stats

stats: Any = _stats
"""SciPy ships no types."""

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]

POISSON = np.inf
"""The shape of a negative binomial distribution that is no wider than Poisson's."""
SHAPES: Numbers = np.append(np.geomspace(0.05, 200, 49), POISSON)
"""The shapes among which `shapes` chooses: the variance of a mean m is m + m * m / shape."""
SHARED_EVIDENCE = 10
"""Degrees of freedom of the dispersion of all cells that each group's own is weighed with.

Source: the weighted conditional likelihood of Robinson and Smyth, Bioinformatics 23 (2007) 2881, and the
default of 10 of its program edgeR.
"""
LIKELIHOOD_DROP = float(stats.chi2.ppf(0.8, 1)) / 2
"""How far a shape's log likelihood may lie below the greatest: a one-sided bound of 90 %."""


def tail(count: Counts, past: Counts, windows: Counts, shape: Numbers) -> Numbers:
    """How probable so many or more are in one window, given the total of it and of the past windows.

    The exact conditional test: whatever the mean is, the share of one among ``windows + 1`` like windows in
    their total is binomial for Poisson counts, and beta-binomial for negative binomial ones of that shape.

    Args:
        count: of the window looked at, cell by cell.
        past: the sum over the past windows.
        windows: how many past windows, 1 or more.
        shape: of the negative binomial; `POISSON` for none.
    """
    total, tails = count + past, np.ones(len(count))
    plain = np.isinf(shape)
    tails[plain] = stats.binom.sf(count[plain] - 1, total[plain], 1 / (windows[plain] + 1))
    wide = ~plain & (count > 0)
    # Counted from the other side, so that the tail is a sum of small numbers and not what is left of 1.
    tails[wide] = stats.betabinom.cdf(past[wide], total[wide], windows[wide] * shape[wide], shape[wide])
    return np.clip(tails, 0, 1)


def greatest_usual(past: int, windows: int, shape: float, *, threshold: float, most: int) -> int:
    """The greatest count whose `tail` is above the threshold; at most `most`, which is known to be beyond."""

    def is_beyond(count: int) -> bool:
        one = tail(np.array([count]), np.array([past]), np.array([windows]), np.array([shape]))
        return bool(one[0] <= threshold)

    return bisect_left(range(most), True, key=is_beyond) - 1


def adjusted(tails: Numbers) -> Numbers:
    """The tails as Benjamini and Hochberg adjust them: the rate of false alarms at which each is one."""
    return np.asarray(stats.false_discovery_control(tails)) if len(tails) else tails


def shapes(tables: Sequence[tuple[Counts, Counts]], groups: int) -> Numbers:
    """The shape of each group's counts, by conditional likelihood, which no cell's mean has a part in.

    A group's own evidence is weighed together with that of all cells, so that a group of few cells is not
    taken at its word.

    Args:
        tables: for each number of past windows the groups of its cells, and their counts by cell and window.
        groups: how many groups there are; they are numbered from 0.

    Returns:
        For each group the widest of `SHAPES` that the likelihood ratio does not speak against, so that what
        is not known of the dispersion makes no alarm; Poisson's where there is no evidence at all.
    """
    own, shared, weight = np.zeros((groups, len(SHAPES))), np.zeros(len(SHAPES)), 0
    for members, counts in tables:
        totals = counts.sum(axis=1)
        telling = (totals > 1) & (counts.shape[1] > 1)
        if not telling.any():
            continue
        likelihood = _likelihood(counts[telling], totals[telling])
        np.add.at(own, members[telling], likelihood)
        shared += likelihood.sum(axis=0)
        weight += len(likelihood) * (counts.shape[1] - 1)
    if not weight:
        return np.full(groups, POISSON)
    own += shared * (SHARED_EVIDENCE / weight)
    widest = np.argmax(own >= own.max(axis=1, keepdims=True) - LIKELIHOOD_DROP, axis=1)
    return np.asarray(SHAPES[widest])


def _likelihood(counts: Counts, totals: Counts) -> Numbers:
    """The log likelihood of each row given its total, for each of `SHAPES`."""
    width = counts.shape[1]
    columns = [
        stats.dirichlet_multinomial.logpmf(counts, np.full(width, shape), totals) for shape in SHAPES[:-1]
    ]
    plain = stats.multinomial.logpmf(counts, totals, np.full(width, 1 / width))
    return np.column_stack([*columns, plain])
