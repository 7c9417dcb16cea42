"""Who acts in a simulated case, and how long it takes them: what the steps of its life are made of."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from caseflow.core.case import Case
from caseflow.simulation.delays import Delay
from caseflow.simulation.dice import Dice
from caseflow.simulation.scenario import Scenario

if TYPE_CHECKING:  # the fleet begins lives, and a life acts through the fleet
    from caseflow.simulation.fleet import Fleet

HOUR = 3600
Steps = Generator[Any, Any, bool]
"""A part of a life as SimPy runs it; it returns whether the case goes on."""


def case_id_of(scenario: Scenario, number: int) -> str:
    """Cases are numbered in the order of submission: ``2025-00001``."""
    return f"{scenario.start.year}-{number:05d}"


class Acting:
    """One case, the people about it, and its chances.

    Every chance is a named question of the case's dice, so that other cases and other answers move none.
    """

    def __init__(self, fleet: Fleet, number: int) -> None:
        scenario = fleet.scenario
        self.fleet, self.number, self.scenario = fleet, number, scenario
        self.handling, self.roles, self.texts = scenario.handling, scenario.roles, scenario.texts
        self.id = case_id_of(scenario, number)
        self.dice = Dice(fleet.seed, number)
        self.start = fleet.now
        many = scenario.citizens
        self.citizen = f"c-{int(self.dice.roll('citizen') * many) + 1 if many else number:04d}"
        self.title = ""
        self.unit = fleet.units[self.dice.pick("unit", fleet.weights)]

    # -- who acts -----------------------------------------------------------------------------------------

    def by_citizen(self, action: str, **fields: Any) -> Case | None:
        """The citizen who submitted it acts."""
        by = self.fleet.actor(self.citizen, self.roles.citizen)
        return self.fleet.act(self.id, action, by=by, fields=fields)

    def by_unit(self, action: str, unit: str = "", **fields: Any) -> Case | None:
        """An officer of the unit that holds the case acts, or of the named one."""
        name = unit or self.unit.name
        by = self.fleet.actor(f"o-{name}", self.roles.handler, unit=name)
        return self.fleet.act(self.id, action, by=by, fields=fields)

    def by_dispatcher(self, action: str, **fields: Any) -> Case | None:
        """The dispatching desk acts."""
        by = self.fleet.actor("d-01", self.roles.dispatcher)
        return self.fleet.act(self.id, action, by=by, fields=fields)

    def by_supervisor(self, action: str, **fields: Any) -> Case | None:
        """The supervising office acts."""
        by = self.fleet.actor("s-01", self.roles.supervisor)
        return self.fleet.act(self.id, action, by=by, fields=fields)

    # -- how long it takes ----------------------------------------------------------------------------------

    def worked(self, delay: Delay, question: str, turn: int = 0) -> Any:
        """Wait so many office hours."""
        hours = delay.at(self.dice.roll(question, turn))
        at = None if hours is None else self.fleet.office.after(self.fleet.now, hours)
        return self.fleet.until(at)

    def elapsed(self, delay: Delay, question: str, turn: int = 0) -> Any:
        """Wait so many hours of any day."""
        hours = delay.at(self.dice.roll(question, turn))
        return self.fleet.until(None if hours is None else self.fleet.now + round(hours * HOUR))

    def happens(self, question: str, share: float, turn: int = 0) -> bool:
        """Whether it happens to this case."""
        return self.dice.happens(question, share, turn=turn)
