"""Who held a case when: hand-overs, and those that are recorded late."""

from __future__ import annotations

import pytest

from caseflow.core.model import events as e
from caseflow.core.model.commands import Actor
from caseflow.core.model.evolve import replay
from caseflow.core.time.instants import DAY

BY = Actor("d-1", role="coordinator")


@pytest.mark.parametrize(
    ("hand_overs", "held"),
    [
        ([(10, "B", None)], {4: "A", 10: "A", 11: "B"}),
        ([(10, "B", None), (20, "C", None)], {4: "A", 15: "B", 21: "C"}),
        ([(10, "B", None), (11, "C", 5)], {4: "A", 5: "A", 6: "C", 10: "C", 12: "B"}),
        ([(10, "B", None), (11, "C", 10)], {10: "A", 11: "C"}),
        ([(10, "B", None), (20, "C", 15), (30, "D", 12)], {9: "A", 11: "B", 13: "D", 16: "C"}),
    ],
)
def test_a_late_hand_over_holds_from_its_instant_to_the_next(
    hand_overs: list[tuple[int, str, int | None]], held: dict[int, str]
) -> None:
    """A hand-over recorded late fills the time from its own instant to the next one's, and no other."""
    events: list[e.Event] = [e.Submitted(0, BY, unit="A", origin=e.UNKNOWN_ORIGIN)]
    for day, unit, since in hand_overs:
        late = None if since is None else since * DAY
        events.append(e.Transferred(day * DAY, BY, effective_us=late, unit=unit))
    case = replay("c1", events)
    assert {day: case.unit_at(day * DAY) for day in held} == held
