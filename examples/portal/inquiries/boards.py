"""The boards: units by how satisfied their citizens are, best and worst, each rate with its denominator."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from attrs import evolve, frozen

from caseflow import Case
from caseflow.views.rates import Rate, response_rate, satisfaction_rate, wilson_bounds

LEAST = 5
"""Ratings without which a unit is not ranked."""


@frozen
class UnitRow:
    """One unit's figures; ``rank`` is `None` where there are too few ratings to rank it."""

    unit: str
    cases: int
    response: Rate
    satisfaction: Rate
    rank: int | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which the true rate lies with 95 % confidence, by Wilson's score."""
        return wilson_bounds(self.satisfaction)


def satisfied_board(cases: Iterable[Case]) -> list[UnitRow]:
    """Best first, by the lower bound, so that three lucky ratings do not beat a hundred good ones."""
    return _ranked(_rows(cases), lambda row: -row.bounds[0])


def unsatisfied_board(cases: Iterable[Case]) -> list[UnitRow]:
    """Worst first, by the upper bound, so that three unlucky ratings shame nobody."""
    return _ranked(_rows(cases), lambda row: row.bounds[1])


def _rows(cases: Iterable[Case]) -> list[UnitRow]:
    of_units = defaultdict[str, list[Case]](list)
    for case in cases:
        if case.unit:
            of_units[case.unit].append(case)
    return [
        UnitRow(unit, len(own), response_rate(own), satisfaction_rate(own))
        for unit, own in sorted(of_units.items())
    ]


def _ranked(rows: list[UnitRow], measure: Callable[[UnitRow], float]) -> list[UnitRow]:
    """Those with enough ratings by the measure, equal ones with one rank; then the others."""
    enough = sorted((row for row in rows if row.satisfaction.denominator >= LEAST), key=measure)
    measures = [measure(row) for row in enough]
    ranked = [evolve(row, rank=measures.index(measure(row)) + 1) for row in enough]
    return ranked + [row for row in rows if row.satisfaction.denominator < LEAST]
