"""A board: what each unit, region or month came to in a period, with rank and remark."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.views.rates import Growth, Rate

Figure = int | Rate | Growth | None
"""A count, a length in whole microseconds or days, a rate, a growth; nothing where there is none."""


class BoardPeriod(Value):
    """Whole days of the office, from the first up to and without the day `until`."""

    since: date
    until: date

    @classmethod
    def of(cls, text: str) -> BoardPeriod:
        """The period of a text: ``2025``, ``2025-Q1``, ``2025-03``, ``2025-W10``, ``2025-03-03``.

        Two days with ``..`` between them are the first and the last one.

        Raises:
            BadInput: ``bad-period``.
        """
        try:
            return _period(text)
        except ValueError as error:
            raise BadInput("bad-period", found=text) from error

    def year_before(self) -> BoardPeriod:
        """The same days of the year before; 29 February is its last day of February."""
        return BoardPeriod(_year_before(self.since), _year_before(self.until))


def _period(text: str) -> BoardPeriod:
    first, dots, last = text.partition("..")
    if dots:
        period = BoardPeriod(date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1))
        if period.until <= period.since:
            raise ValueError(text)
        return period
    if match := re.fullmatch(r"(\d{4})", text):
        return BoardPeriod(date(int(text), 1, 1), date(int(text) + 1, 1, 1))
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        return _months(int(match[1]), 3 * int(match[2]) - 2, 3)
    if match := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return _months(int(match[1]), int(match[2]), 1)
    if match := re.fullmatch(r"(\d{4})-W(\d{2})", text):
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return BoardPeriod(monday, monday + timedelta(days=7))
    day = date.fromisoformat(text)
    return BoardPeriod(day, day + timedelta(days=1))


def _months(year: int, month: int, count: int) -> BoardPeriod:
    first, after = date(year, month, 1), year * 12 + month - 1 + count
    return BoardPeriod(first, date(after // 12, after % 12 + 1, 1))


def _year_before(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


class BoardRank(Value):
    """How a row stands among the others.

    Attributes:
        rank: from 1; rows with equal values share it; nothing where there are too few to rank.
        remark: ``too-few`` to rank; ``below`` or ``above`` the limits of chance; empty otherwise.
        bound: what it is ranked by.
        limits: the counts between which the numerator lies by chance alone, if its rate is that of all.
    """

    rank: int | None = None
    remark: str = ""
    bound: float | None = None
    limits: tuple[int, int] | None = None


class BoardRow(Value):
    """A row: what it is of, in the order of `Board.by`, its figures in that of `Board.measures`."""

    key: tuple[str, ...]
    figures: tuple[Figure, ...]
    standing: BoardRank = BoardRank()


class Board(Value):
    """A board of a period.

    Attributes:
        name: which board.
        by: of what there is a row each: ``unit``, ``level``, ``province``, ``region``, ``kind``,
            ``channel``, ``policy``, ``month``, ``quarter``, ``year``; none for one row of all.
        measures: the names of the figures.
        least: rows with a smaller denominator are not ranked.
        rows: the ranked ones first, by rank; else by key.
    """

    name: str
    by: tuple[str, ...]
    since: date
    until: date
    measures: tuple[str, ...]
    least: int
    rows: tuple[BoardRow, ...]

    def row(self, *key: str) -> BoardRow | None:
        """The row of that key; nothing where there is none."""
        return next((row for row in self.rows if row.key == key), None)

    def figure(self, measure: str, *key: str) -> Figure:
        """A figure of a row; nothing where there is no such row."""
        row = self.row(*key)
        return None if row is None else row.figures[self.measures.index(measure)]

    def document(self) -> dict[str, Any]:
        """The board for programs: a rate is always numerator, denominator and of what."""
        return {
            "board": self.name, "by": list(self.by), "since": self.since.isoformat(),
            "until": self.until.isoformat(), "least": self.least,
            "rows": [self._row(row) for row in self.rows],
        }  # fmt: skip

    def _row(self, row: BoardRow) -> dict[str, Any]:
        figures = {
            name: figure.to_dict() if isinstance(figure, Rate | Growth) else figure
            for name, figure in zip(self.measures, row.figures, strict=True)
        }
        standing = row.standing.to_dict() if row.standing != BoardRank() else {}
        return {**dict(zip(self.by, row.key, strict=True)), **figures, **standing}
