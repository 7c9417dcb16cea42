"""A year of a large city: 100,000 cases and 50 units, every step of every case a command through the desk."""

from __future__ import annotations

import io
from time import process_time

import attrs

from benchmarks.report import Row
from caseflow.simulation import Run, Scenario, load_scenario, simulate

UNITS, CASES = 50, 100_000


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds of one core for the simulation, its log written to memory and its desk on memory included."""
    cases = CASES // 20 if quick else CASES
    begun = process_time()
    run = simulated(cases)
    taken = process_time() - begun
    note = f"{run.commands:,} commands, {sum(len(case.cards) for case in run.cases):,} cards"
    return (
        Row(
            work=f"fleet of {cases:,} cases, {UNITS} units", unit="s", ours=taken,
            score=taken * CASES / cases, sense="{:.0f} s for 100,000", at_least=False, must=90, note=note,
        ),
    )  # fmt: skip


def simulated(cases: int) -> Run:
    """One run; reading the scenario, the log and the cards are part of it."""
    return simulate(large(cases), cases=cases, seed=1, out=io.StringIO(newline=""))


def large(cases: int) -> Scenario:
    """The shipped city, grown to 50 units with as many officers as the cases keep busy."""
    city = load_scenario("city")
    known = list(city.units.values())
    each = cases / city.cases / UNITS * len(known)
    units = {
        f"unit-{number:02d}": attrs.evolve(unit, officers=max(round(unit.officers * each), 1))
        for number, unit in enumerate(known[turn % len(known)] for turn in range(UNITS))
    }
    return attrs.evolve(city, units=units, citizens=cases // 2)
