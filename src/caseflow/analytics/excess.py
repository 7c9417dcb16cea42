"""Kinds and places of which more came in a window than their own past lets expect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from caseflow.analytics.count_tests import Counts, Numbers, adjusted, greatest_usual, shapes, tail
from caseflow.analytics.occurrences import Occurrence
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.errors import BadInput

YEAR = 364
"""Days after which a window is compared with its like: 52 whole weeks, so that weekdays agree."""
SEASON = 91
"""Days over which the windows around the same time of an earlier year spread at the most."""
LEAST_WINDOWS = 6
"""Past windows without which nothing is said of a cell; this library's default."""
LEVEL = 0.05
"""The share of false alarms among all alarms that is put up with; this library's default."""

Baseline = Literal["like-periods", "recent"]
"""Which past: the windows at the same time of earlier years, or those just before."""


class Period(Value):
    """Whole days of the office, from the first up to and without the day `until`."""

    since: date
    until: date


class Excess(Value):
    """A kind and place that has more cases in the window than its past lets expect.

    Attributes:
        cases: their ids, sorted.
        expected: the mean of the past windows.
        bound: up to so many would not have been told of; see `Search.threshold`.
        p: how probable so many or more are, given the past; `adjusted_p`: the false-discovery rate at which
            this one would just be told of.
        windows: how many past windows it was compared with.
        shape: of the negative binomial distribution that its kind's counts follow; infinite for Poisson's.
    """

    kind: str
    place: str
    cases: tuple[str, ...]
    expected: float
    bound: int
    p: float
    adjusted_p: float
    windows: int
    shape: float

    @property
    def count(self) -> int:
        """How many cases there are."""
        return len(self.cases)


class TooNew(Value):
    """A kind and place with cases in the window and too little past to be judged."""

    kind: str
    place: str
    count: int
    windows: int


class Search(Value):
    """What a search for excesses looked at, and what it showed.

    Attributes:
        excesses: the least probable first.
        too_new: what was not judged, the most cases first.
        baseline: which past the window was compared with, and how many windows of it the rows reach.
        looked_at: how many kinds and places were judged, those without a case in the window included.
        level: the share of false alarms that was put up with.
        threshold: the greatest `Excess.p` that was told of at that level; 0 when nothing was.
    """

    window: Period
    excesses: tuple[Excess, ...]
    too_new: tuple[TooNew, ...]
    baseline: Baseline
    windows: int
    looked_at: int
    level: float
    threshold: float


@attrs.frozen(eq=False)
class _Table:
    """The rows as numbers: the day of each, its cell, and each cell's kind and place."""

    rows: list[Occurrence]
    days: Counts
    cell: Counts
    kinds: tuple[str, ...]
    places: tuple[str, ...]
    pairs: Counts

    @classmethod
    def of(cls, rows: Iterable[Occurrence], zone: str) -> _Table:
        """The table; cells in the order of kind and place, whatever the order of the rows."""
        listed = list(rows)
        kinds, places = sorted({row.kind for row in listed}), sorted({row.place for row in listed})
        number = (
            {name: code for code, name in enumerate(kinds)},
            {name: code for code, name in enumerate(places)},
        )
        codes = np.array([(number[0][row.kind], number[1][row.place]) for row in listed], dtype=np.int64)
        pairs, cell = np.unique(codes.reshape(-1, 2), axis=0, return_inverse=True)
        days = np.array([moment(row.at_us, zone).toordinal() for row in listed], dtype=np.int64)
        return cls(
            rows=listed,
            days=days,
            cell=cell.reshape(-1),
            kinds=tuple(kinds),
            places=tuple(places),
            pairs=pairs,
        )

    def counted(self, starts: Sequence[int], days: int) -> Counts:
        """How many rows each cell has in each window that begins on one of these days."""
        counts = np.zeros((len(self.pairs), len(starts)), dtype=np.int64)
        for column, start in enumerate(starts):
            within = (self.days >= start) & (self.days < start + days)
            np.add.at(counts[:, column], self.cell[within], 1)
        return counts

    def seen_since(self) -> Counts:
        """For each cell the first day on which both its kind and its place had been seen anywhere."""
        kind, place = self.pairs[self.cell, 0], self.pairs[self.cell, 1]
        by_kind = np.full(len(self.kinds), np.iinfo(np.int64).max)
        by_place = np.full(len(self.places), np.iinfo(np.int64).max)
        np.minimum.at(by_kind, kind, self.days)
        np.minimum.at(by_place, place, self.days)
        return np.asarray(np.maximum(by_kind[self.pairs[:, 0]], by_place[self.pairs[:, 1]]))

    def ids(self, start: int, end: int) -> dict[int, list[str]]:
        """The ids of the cases of each cell on those days."""
        ids: dict[int, list[str]] = defaultdict(list)
        for row in np.flatnonzero((self.days >= start) & (self.days < end)).tolist():
            ids[int(self.cell[row])].append(self.rows[row].id)
        return ids

    def names(self, cell: int) -> tuple[str, str]:
        """The kind and place of a cell."""
        return self.kinds[int(self.pairs[cell, 0])], self.places[int(self.pairs[cell, 1])]


def excesses(
    rows: Iterable[Occurrence],
    *,
    until: date,
    days: int,
    zone: str = "Asia/Shanghai",
    since: date | None = None,
    level: float = LEVEL,
    least_windows: int = LEAST_WINDOWS,
    baseline: Baseline | None = None,
) -> Search:
    """Find the kinds and places that exceed their own past in a window.

    The count is tested, given the total of it and of the past windows, by the exact conditional test of
    Poisson or of negative binomial counts (`count_tests.tail`); the alarms over all kinds and places are held
    to the level by Benjamini and Hochberg. A past window counts for a cell once its kind and its place had
    been seen anywhere.

    Args:
        rows: in any order.
        until: the day after the window's last; rows from then on do not count.
        days: the length of the window, 1 to 364; a multiple of 7 has every weekday equally often.
        zone: of the office whose days they are.
        since: the first day of which the rows are whole; by default the day after the earliest row.
        level: the share of false alarms among all alarms, above 0 and below 1.
        least_windows: fewer past windows than so many are too little past; 2 or more.
        baseline: which past; by default like periods where the rows reach back to enough of them.

    Raises:
        BadInput: a number out of bounds, an unknown zone.
    """
    _check(days=days, level=level, least_windows=least_windows)
    last = until.toordinal()
    table = _Table.of(rows, zone)
    earliest = int(table.days.min()) + 1 if len(table.days) else last
    first = earliest if since is None else since.toordinal()
    starts, used = _past(first, last - days, days, least_windows, baseline)
    ends = np.array(starts, dtype=np.int64) + days
    reached = table.seen_since()[:, None] < ends[None, :]
    now = table.counted([last - days], days)[:, 0]
    past = table.counted(starts, days) * reached
    windows = reached.sum(axis=1)
    judged = np.flatnonzero((windows >= least_windows) & (now + past.sum(axis=1) > 0))
    shape = _shapes(table, past, reached, judged)
    p = tail(now[judged], past[judged].sum(axis=1), windows[judged], shape)
    rates = adjusted(p)
    threshold = level * int((rates <= level).sum()) / max(len(judged), 1)
    ids = table.ids(last - days, last)
    alarms = (
        _excess(
            table.names(cell), ids[cell], int(past[cell].sum()), int(windows[cell]),
            shape=float(shape[row]), p=float(p[row]), rate=float(rates[row]), threshold=threshold,
        )
        for row, cell in enumerate(judged.tolist()) if rates[row] <= level
    )  # fmt: skip
    too_new = (
        TooNew(*table.names(cell), int(now[cell]), int(windows[cell]))
        for cell in np.flatnonzero((windows < least_windows) & (now > 0)).tolist()
    )
    return Search(
        window=Period(date.fromordinal(last - days), until),
        excesses=tuple(sorted(alarms, key=lambda one: (one.p, one.kind, one.place))),
        too_new=tuple(sorted(too_new, key=lambda one: (-one.count, one.kind, one.place))),
        baseline=used,
        windows=len(starts),
        looked_at=len(judged),
        level=level,
        threshold=threshold,
    )


def _check(*, days: int, level: float, least_windows: int) -> None:
    for what, value, holds in (
        ("days", days, 1 <= days <= YEAR),
        ("level", level, 0 < level < 1),
        ("least_windows", least_windows, least_windows >= 2),
    ):
        if not holds:
            raise BadInput("bad-option", what=what, found=str(value))


def _past(
    first: int, start: int, days: int, least: int, baseline: Baseline | None
) -> tuple[list[int], Baseline]:
    """The first days of the past windows that lie wholly within the rows, and which past they are."""
    around = max(SEASON // days - 1, 0) // 2
    years = range(1, max(start - first, 0) // YEAR + 2)
    alike = [start - year * YEAR + turn * days for year in years for turn in range(-around, around + 1)]
    alike = [one for one in alike if first <= one <= start - days]
    if baseline == "like-periods" or (baseline is None and len(alike) >= least):
        return alike, "like-periods"
    reached = max(start - first, 0) // days
    return [start - turn * days for turn in range(1, min(reached, max(YEAR // days, least)) + 1)], "recent"


def _shapes(table: _Table, past: Counts, reached: NDArray[np.bool_], judged: Counts) -> Numbers:
    """The shape of each judged cell, by the past of all cells of its kind."""
    windows = reached.sum(axis=1)
    tables: list[tuple[Counts, Counts]] = []
    for many in sorted(set(windows[judged].tolist())):
        members = judged[windows[judged] == many]
        tables.append((table.pairs[members, 0], past[members][reached[members]].reshape(len(members), many)))
    return np.asarray(shapes(tables, len(table.kinds))[table.pairs[judged, 0]])


def _excess(
    names: tuple[str, str], cases: list[str], past: int, windows: int, *,
    shape: float, p: float, rate: float, threshold: float,
) -> Excess:  # fmt: skip
    bound = greatest_usual(past, windows, shape, threshold=threshold, most=len(cases))
    kind, place = names
    return Excess(
        kind=kind, place=place, cases=tuple(sorted(cases)), expected=past / windows, bound=bound,
        p=p, adjusted_p=rate, windows=windows, shape=shape,
    )  # fmt: skip
