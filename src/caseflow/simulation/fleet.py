"""The fleet: citizens, a dispatching desk and units with officers, acting on a real desk in simulated time.

The simulation decides when somebody acts; what is due, what a card is and whether an act is allowed is the
desk's to say. SimPy carries the time, in whole epoch seconds.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

import attrs
import simpy

from caseflow.clock import ManualClock
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.time.instants import SECOND, office_days, zone_info
from caseflow.desk import Desk
from caseflow.errors import BadInput, Refused
from caseflow.simulation.arrivals import OfficeTime
from caseflow.simulation.delays import Delay
from caseflow.simulation.scenario import Office, Scenario
from caseflow.stores.memory import MemoryStore

_NEVER = 1 << 40
"""Epoch seconds past every simulation."""

Wait = simpy.Event
COLUMNS = (
    "case_id", "action", "at", "actor", "role", "unit", "title", "body", "text", "kind", "to", "co_handler",
    "score", "efficiency", "effect", "code", "primary", "days", "rectification", "reason",
)  # fmt: skip
_FIELDS = COLUMNS[6:]


@attrs.define(kw_only=True)
class UnitAtWork:
    """A unit as it works: its hours, its behaviour, and its officers."""

    name: str
    time: OfficeTime
    wait: Delay
    work: Delay
    officers: int
    desk: simpy.Resource | None
    """Where cases wait for an officer; `None` where as many work as come."""
    busy: float = 0.0
    """Office hours that officers worked within the period."""


class Record:
    """Writes a log for ``caseflow replay``: commands as they come, times in the zone, to the second."""

    def __init__(self, out: TextIO | None, zone: str) -> None:
        """Args: out: where the rows go; `None` keeps nothing."""
        self.rows = 0
        self._zone = zone_info(zone)
        self._writer = None if out is None else csv.writer(out, lineterminator="\n")
        if self._writer is not None:
            self._writer.writerow(COLUMNS)

    def add(self, case_id: str, action: str, at: int, *, by: Actor, fields: Mapping[str, Any]) -> None:
        """Write one command; ``at`` in epoch seconds."""
        self.rows += 1
        if self._writer is not None:
            when = datetime.fromtimestamp(at, UTC).astimezone(self._zone).isoformat()
            cells = [fields.get(name, "") for name in _FIELDS]
            self._writer.writerow((case_id, action, when, by.id, by.role, by.unit, *cells))


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
        self.followers: dict[str, Callable[[], Generator[Any, Any, bool]]] = {}
        """How a merged case goes on, by its id, should its primary be withdrawn."""
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
        actor = self._actors.get(key)
        if actor is None:
            actor = self._actors[key] = Actor(name, role=role, unit=unit)
        return actor

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
