"""The graph that findings are read from holds every situation a real case comes into."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.policies.lint.state_space import Spot, StateSpace, Ticking

from .histories import POLICY, Step, World, steps

RULES = CompiledPolicy(POLICY)
ONE_A_CASE = tuple(plan for plan in RULES.plans if not plan.rule.subject)
"""The clocks with one instance a case; those with one for each unit are several at once in a case."""
GRAPH = StateSpace(RULES).graph(ONE_A_CASE)
SPOTS = set(GRAPH.spots)
FOREVER = 1 << 62


def situation(case: Case) -> Spot:
    """Where the case stands, as the graph says it."""
    cycle = case.facts.cycle
    replied = any(reply.cycle == cycle and reply.retracted_us is None for reply in case.facts.replies)
    rated = case.rating is not None
    runs = [case.latest(plan.name) for plan in ONE_A_CASE]
    clocks = tuple(Ticking(run.status, run.is_paused) if run else Ticking() for run in runs)
    requested, received = (
        max((us for us, turn in case.taken(action, FOREVER) if turn == cycle), default=-1)
        for action in ("request_information", "receive_information")
    )
    awaits = requested > received  # what one instant brings is told apart by nobody
    return Spot(case.state, bool(case.unit), replied, rated, clocks, awaits=awaits)


@pytest.mark.soak
@settings(
    max_examples=40, deadline=None, derandomize=True, database=None,
    phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(steps())
def test_the_graph_misses_no_situation(history: list[Step]) -> None:
    """After every step of every history, the case is at a spot of the graph."""
    world = World()
    for step in history:
        world.take(step)
        for case in world.cases():
            assert situation(case) in SPOTS, step
    for case in world.finish().cases():
        assert situation(case) in SPOTS


def test_the_way_to_every_spot_begins_with_the_submission() -> None:
    """The way that shows a finding is a chain of arrows from before the submission to its spot."""
    assert GRAPH.complete
    for spot in GRAPH.spots[1:]:
        way, here = GRAPH.way_to(spot), {GRAPH.start}
        for action in way:
            here = {arrow.target for at in here for arrow in GRAPH.arrows(at) if arrow.action == action}
        assert way[0] == "submit"
        assert spot in here
