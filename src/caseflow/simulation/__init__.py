"""Fleet simulation for planning: a made-up city's inquiries on a real desk. It needs the extra ``sim``."""

from caseflow.simulation.run import Run, simulate
from caseflow.simulation.scenario import Scenario
from caseflow.simulation.scenario_file import load_scenario, scenarios

__all__ = ["Run", "Scenario", "load_scenario", "scenarios", "simulate"]
