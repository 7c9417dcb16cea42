"""How far the yearly notices of China's State Council can be trusted (国务院办公厅节假日安排)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date


def last_noticed(days: Iterable[date]) -> int | None:
    """The last year whose notice is out, by the days that notices name; `None` where none is.

    A year's notice names the first of October. A year without a day from September on only has what its
    predecessor's notice moved there.
    """
    return max((day.year for day in days if day.month >= 9), default=None)


def first_noticed(days: Iterable[date]) -> int | None:
    """The first year whose notice is out; `None` where none is.

    A year of which only days in December are named has them from its successor's notice.
    """
    return min((day.year for day in days if day.month < 12), default=None)


def last_certain(year: int) -> date:
    """The last certain day of that year: 20 December; later days are moved by the following year's notice."""
    return date(year, 12, 20)
