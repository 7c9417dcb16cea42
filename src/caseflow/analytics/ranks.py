"""Ranks that luck does not decide: Wilson's bounds, a least number of cases, exact limits of chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scipy.special import bdtr, bdtrc

from caseflow.views.board_rows import Board, BoardRank, BoardRow
from caseflow.views.rates import Rate, wilson_bounds

LEAST = 10
"""The smallest denominator with which a row is ranked; this library's default."""
CHANCE = 0.002
"""How seldom a rate lies outside the limits by chance alone, below and above together: three sigma."""


def funnel_limits(rate: Rate, whole: Rate, chance: float = CHANCE) -> tuple[int, int]:
    """The least and the greatest numerator that chance explains, if the true rate is that of all.

    Each is the outermost with which so few or fewer, or so many or more, come with a probability of more than
    half of `chance`, by the binomial distribution itself and not an approximation to it.
    """
    n, share = rate.denominator, whole.numerator / whole.denominator if whole.denominator else 0.0
    low = _first(n, lambda count: float(bdtr(count, n, share)) > chance / 2)
    high = _first(n, lambda count: count == n or float(bdtrc(count, n, share)) <= chance / 2)
    return low, high


def _first(n: int, holds: Callable[[int], bool]) -> int:
    """The least count up to n for which it holds; it holds for every greater one."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def ranked(board: Board, measure: str, *, best: bool = True) -> Board:
    """The board with its rows ranked by a measure, the others after them.

    Rates are ranked best first by the bound below, or worst first by the bound above; lengths shortest first.
    Equal values share a rank, and the next one is left out.
    """
    if not board.rows:
        return board
    place = board.measures.index(measure)
    figures = [row.figures[place] for row in board.rows]
    if any(isinstance(figure, Rate) for figure in figures):
        standings = _of_rates(figures, least=board.least, best=best)
    else:
        replied = board.measures.index("replied")
        counts = [row.figures[replied] for row in board.rows]
        standings = _of_lengths(figures, counts, least=board.least)
    rows = (BoardRow(row.key, row.figures, one) for row, one in zip(board.rows, standings, strict=True))
    return board.replace(rows=tuple(sorted(rows, key=_order)))


def _order(row: BoardRow) -> tuple[bool, int, tuple[str, ...]]:
    return row.standing.rank is None, row.standing.rank or 0, row.key


def _of_rates(figures: Sequence[object], *, least: int, best: bool) -> list[BoardRank]:
    rates = [figure if isinstance(figure, Rate) else Rate(0, 0, of="") for figure in figures]
    whole = Rate(sum(one.numerator for one in rates), sum(one.denominator for one in rates), of="")
    bounds = [wilson_bounds(one)[0 if best else 1] for one in rates]
    many = [one.denominator >= max(least, 1) for one in rates]
    ranks = _ranks([-bound if best else bound for bound in bounds], many)
    standings: list[BoardRank] = []
    for rate, bound, rank in zip(rates, bounds, ranks, strict=True):
        if rank is None:
            standings.append(BoardRank(remark="too-few"))
            continue
        low, high = funnel_limits(rate, whole)
        remark = "below" if rate.numerator < low else "above" if rate.numerator > high else ""
        standings.append(BoardRank(rank, remark, bound, (low, high)))
    return standings


def _of_lengths(figures: Sequence[object], counts: Sequence[object], *, least: int) -> list[BoardRank]:
    values = [float(figure) if isinstance(figure, int) else 0.0 for figure in figures]
    many = [
        isinstance(figure, int) and isinstance(count, int) and count >= least
        for figure, count in zip(figures, counts, strict=True)
    ]
    return [BoardRank(remark="too-few") if rank is None else BoardRank(rank) for rank in _ranks(values, many)]


def _ranks(values: Sequence[float], many: Sequence[bool]) -> list[int | None]:
    """The rank of each among those that are ranked, the least value first; equal ones share theirs."""
    among = sorted(value for value, is_ranked in zip(values, many, strict=True) if is_ranked)
    first: dict[float, int] = {}
    for place, value in enumerate(among, start=1):
        first.setdefault(value, place)
    return [first[value] if is_ranked else None for value, is_ranked in zip(values, many, strict=True)]
