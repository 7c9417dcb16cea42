"""A simulation run from the first submission to the last day, and what came of it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import attrs

from caseflow.core.model.case import Case
from caseflow.core.time.instants import SECOND
from caseflow.errors import BadInput
from caseflow.simulation.arrivals import arrivals
from caseflow.simulation.case_process import CaseProcess, case_id_of
from caseflow.simulation.fleet import Fleet
from caseflow.simulation.scenario import Scenario

EVERY = 500
"""Cases between two reports of progress."""


@attrs.frozen(kw_only=True)
class Run:
    """What a simulation came to.

    Attributes:
        cases: every case submitted, in the order of submission, as the desk left it at the end.
        begin, end: epoch seconds; the end is the first instant that is not simulated.
        replied: seconds from the submission to the first reply, for each case of ``cases``; `None` without.
        commands: accepted commands, the rows of the log.
        refused: commands that the rules did not allow, by (action, code).
        utilisation: the share of its officers' hours in which they worked, by unit that counts officers.
        utilisation_of_all: the same of all those units together; 0 without any.
    """

    cases: tuple[Case, ...]
    begin: int
    end: int
    replied: tuple[int | None, ...]
    commands: int
    refused: Mapping[tuple[str, str], int]
    utilisation: Mapping[str, float]
    utilisation_of_all: float


def simulate(
    scenario: Scenario,
    *,
    cases: int | None = None,
    seed: int | None = None,
    out: TextIO | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Run:
    """Simulate a scenario; the same seed gives the same log, byte for byte.

    Args:
        scenario: as `load_scenario` gives it.
        cases: how many are submitted; by default as the scenario says.
        seed: where chance begins; by default as the scenario says.
        out: where the log goes, opened with ``newline=""``; by default nowhere.
        progress: called now and then with cases submitted and cases in all.

    Raises:
        BadInput: fewer than 1 case, a scenario without rules.
    """
    count = scenario.cases if cases is None else cases
    if count < 1:
        raise BadInput("bad-count", what="cases", found=count)
    fleet = Fleet(scenario, seed=scenario.seed if seed is None else seed, out=out)
    was_on = gc.isenabled()
    gc.disable()  # what a simulation keeps it keeps to the end: looking for garbage only takes time
    try:
        starts = arrivals(scenario, cases=count, seed=fleet.seed, zone=fleet.zone)
        fleet.env.process(_submissions(fleet, starts, progress))
        fleet.env.run(until=fleet.end)
        return _ended(fleet, starts)
    finally:
        if was_on:
            gc.enable()


def _submissions(fleet: Fleet, starts: list[int], progress: Callable[[int, int], None] | None) -> Any:
    """Begin each case's life at its instant."""
    for number, at in enumerate(starts, start=1):
        if at > fleet.env.now:
            yield fleet.until(at)
        fleet.env.process(CaseProcess(fleet, number).run())
        if progress is not None and number % EVERY == 0:
            progress(number, len(starts))
    if progress is not None:
        progress(len(starts), len(starts))


def _ended(fleet: Fleet, starts: list[int]) -> Run:
    """Sweep what is due by the end, and read what came of the cases."""
    fleet.clock.set(fleet.end * SECOND - 1)
    fleet.desk.sweep()
    ids = [case_id_of(fleet.scenario, number) for number in range(1, len(starts) + 1)]
    cases = [fleet.desk.store.load(case_id) for case_id in ids]
    counting = [unit for unit in fleet.units.values() if unit.officers]
    offered = {unit.name: unit.officers * unit.time.between(fleet.begin, fleet.end) for unit in counting}
    return Run(
        cases=tuple(case for case in cases if case is not None),
        begin=fleet.begin,
        end=fleet.end,
        replied=tuple(fleet.replied.get(number) for number in range(1, len(starts) + 1)),
        commands=fleet.record.rows,
        refused=dict(fleet.refused),
        utilisation={unit.name: unit.busy / offered[unit.name] for unit in counting},
        utilisation_of_all=sum(unit.busy for unit in counting) / sum(offered.values()) if counting else 0.0,
    )
