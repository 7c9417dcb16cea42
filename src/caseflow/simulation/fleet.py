"""The fleet: citizens, a dispatching desk and units with officers, acting on a real desk in simulated time.

The simulation decides when somebody acts; what is due, what a card is and whether an act is allowed is the
desk's to say. SimPy carries the time, in whole epoch seconds.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import attrs
import simpy

from caseflow.clock import ManualClock
from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.instants import SECOND, office_days
from caseflow.desk import Desk
from caseflow.errors import BadInput, Refused
from caseflow.simulation.acting import case_id_of
from caseflow.simulation.arrivals import arrivals
from caseflow.simulation.delays import Delay
from caseflow.simulation.habits import Office
from caseflow.simulation.life import Life
from caseflow.simulation.office_time import OfficeTime
from caseflow.simulation.record import Record
from caseflow.simulation.scenario import Scenario
from caseflow.stores.memory import MemoryStore

EVERY = 500
"""Cases between two reports of progress."""
_NEVER = 1 << 40
"""Epoch seconds past every simulation."""

Wait = simpy.events.Event


@attrs.define(kw_only=True)
class UnitAtWork:
    """A unit as it works: its hours, its habits, and its officers."""

    name: str
    time: OfficeTime
    wait: Delay
    work: Delay
    officers: int
    desk: simpy.Resource | None
    """Where cases wait for an officer; `None` where as many work as come."""
    busy: float = 0.0
    """Office hours that officers worked within the period."""


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


class Fleet:
    """A simulation on the way: the time, the desk, the units, and what was seen."""

    def __init__(self, scenario: Scenario, *, seed: int, out: TextIO | None) -> None:
        rules = scenario.rules
        if rules is None:
            raise BadInput("bad-option", what="scenario", found="without rules; read it with load_scenario")
        self.scenario, self.seed, self.zone = scenario, seed, rules.timezone
        self.clock = ManualClock(0)
        self.desk = Desk(rules, MemoryStore(), clock=self.clock)
        self.record = Record(out, self.zone)
        self.refused: Counter[tuple[str, str]] = Counter()
        self.replied: dict[int, int] = {}
        self.recent: dict[str, tuple[str, int]] = {}
        """By title: the last case that waits for a reply, and when it was submitted."""
        self.followers: dict[str, Life] = {}
        """Merged cases by id, should their primary be withdrawn."""
        first = scenario.start.toordinal()
        days = office_days(self.zone)
        self.begin = days.midnight(first) // SECOND
        last = first + scenario.days + scenario.after - 1
        self.end = days.midnight(last + 1) // SECOND
        self.env = simpy.Environment(initial_time=self.begin)
        self._offices: dict[int, OfficeTime] = {}
        self._span = (days, first, last)
        self.office = self._time_of(scenario.office)
        self.units = {name: self._unit(name) for name in scenario.units}
        self.weights = {name: unit.weight for name, unit in scenario.units.items()}
        self._actors: dict[tuple[str, str, str], Actor] = {}

    def _unit(self, name: str) -> UnitAtWork:
        unit, handling = self.scenario.units[name], self.scenario.handling
        desk = None
        if unit.officers:
            kind = simpy.PriorityResource if handling.takes == "deadline" else simpy.Resource
            desk = kind(self.env, capacity=unit.officers)
        return UnitAtWork(
            name=name,
            time=self._time_of(unit.office) if unit.office else self.office,
            wait=unit.wait or handling.wait,
            work=unit.work or handling.work,
            officers=unit.officers,
            desk=desk,
        )

    def _time_of(self, office: Office) -> OfficeTime:
        days, first, last = self._span
        return OfficeTime(office, days, calendar=self.scenario.working_days, first=first, last=last)

    @property
    def now(self) -> int:
        """Epoch seconds."""
        return int(self.env.now)

    def until(self, at: int | None) -> Wait:
        """Wait until the instant; `None` lies past the end."""
        return self.env.timeout((_NEVER if at is None else at) - self.env.now)

    def actor(self, name: str, role: str, *, unit: str = "") -> Actor:
        """The one who acts, made once."""
        key = (name, role, unit)
        found = self._actors.get(key)
        if found is None:
            found = self._actors[key] = Actor(name, role=role, unit=unit)
        return found

    def act(self, case_id: str, action: str, *, by: Actor, fields: Mapping[str, Any]) -> Case | None:
        """Take the action now; `None`, and a count, when the rules refuse it."""
        now = self.now
        self.clock.set(now * SECOND)
        try:
            case = self.desk.act(case_id, action, by=by, fields=fields)
        except Refused as error:
            self.refused[action, error.refusal.code] += 1
            return None
        self.record.add(case_id, action, now, by=by, fields=fields)
        return case


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
        fleet.env.process(Life(fleet, number).lived())
        if progress is not None and number % EVERY == 0:
            progress(number, len(starts))
    if progress is not None:
        progress(len(starts), len(starts))


def _ended(fleet: Fleet, starts: list[int]) -> Run:
    """Sweep what is due by the end, and read what came of the cases."""
    fleet.clock.set(fleet.end * SECOND - 1)
    fleet.desk.sweep()
    ids = [case_id_of(fleet.scenario, number) for number in range(1, len(starts) + 1)]
    found = [fleet.desk.store.load(case_id) for case_id in ids]
    counting = [unit for unit in fleet.units.values() if unit.officers]
    offered = {unit.name: unit.officers * unit.time.between(fleet.begin, fleet.end) for unit in counting}
    return Run(
        cases=tuple(case for case in found if case is not None),
        begin=fleet.begin,
        end=fleet.end,
        replied=tuple(fleet.replied.get(number) for number in range(1, len(starts) + 1)),
        commands=fleet.record.rows,
        refused=dict(fleet.refused),
        utilisation={unit.name: unit.busy / offered[unit.name] for unit in counting},
        utilisation_of_all=sum(unit.busy for unit in counting) / sum(offered.values()) if counting else 0.0,
    )
