"""Fleet simulation for planning: a made-up city's inquiries on a real desk. It needs the extra ``sim``."""

from caseflow.simulation.fleet import Run, simulate
from caseflow.simulation.reading import load_scenario, scenarios
from caseflow.simulation.scenario import Scenario

__all__ = ["Run", "Scenario", "load_scenario", "scenarios", "simulate"]
