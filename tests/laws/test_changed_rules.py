"""The laws over lives whose rules change more than once: other rungs, renamed, added and retired clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import Desk, load_policy
from caseflow.core.engine.projection import projected
from caseflow.core.model.case import Case
from caseflow.core.model.evolve import replay

from .histories import CASES, EDITED, FIELDS, HERE, Step, World, steps, sweep_at_each_due, sweep_halfway

RULES = (load_policy(HERE / "changed.toml"), load_policy(HERE / "changed_back.toml"), EDITED)
MANY = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


class ChangingWorld(World):
    """A world in which a change of rules leads to one of three policies, retroactively or not."""

    def __init__(self) -> None:
        super().__init__()
        self.others = [Desk(rules, self.store, clock=self.clock) for rules in RULES]

    def take(self, step: Step, **terms: object) -> Case | None:
        """The case after the step; `None` when it was refused."""
        if step.action != "migrate":
            return super().take(step, **terms)
        self.edited = self.others[step.number % 3]
        case = super().take(step.replace(late=0), **terms)
        self.done[self.edited.rules.policy.name] += case is not None
        return case


FIELDS_OF_CHANGE: Callable[[int], dict[str, object]] = lambda number: {"retroactive": number % 2 == 0}  # noqa: E731


def histories() -> st.SearchStrategy[list[Step]]:
    """Histories into which two or three changes of rules are put."""
    turns = st.lists(
        st.tuples(st.integers(0, 997), st.integers(2, 24), st.integers(0, 1)), min_size=2, max_size=3
    )
    return st.builds(_with_changes, steps(), turns)


def _with_changes(history: list[Step], turns: Sequence[tuple[int, int, int]]) -> list[Step]:
    changed = list(history)
    for number, turn, case in turns:
        changed.insert(min(turn, len(changed)), Step(30, case, "migrate", number))
    return changed


def _lived(history: list[Step], sweep: Callable[[World, int], None] | None = None) -> ChangingWorld:
    world = ChangingWorld()
    before, FIELDS["migrate"] = FIELDS["migrate"], FIELDS_OF_CHANGE
    try:
        world.run(history, sweep)
    finally:
        FIELDS["migrate"] = before
    return world


@MANY
@given(histories())
def test_fast_is_plain_and_replay_is_live(history: list[Step]) -> None:
    """After every step the clocks are those of the whole history, and the events give the case."""
    world = ChangingWorld()
    before, FIELDS["migrate"] = FIELDS["migrate"], FIELDS_OF_CHANGE
    try:
        for step in history:
            world.take(step)
            case = world.store.load(CASES[step.case])
            if case is not None:
                events = world.store.events(case.id)
                assert replay(case.id, events) == case
                plain = projected(world.desk.rules_of(case), case, events)
                assert {run.key: run for run in plain} == {run.key: run for run in case.clocks}
    finally:
        FIELDS["migrate"] = before


@pytest.mark.soak
@MANY
@given(histories())
def test_a_late_sweep_is_a_timely_sweep(history: list[Step]) -> None:
    """Every schedule of sweeps leaves the same standing cards, whatever rules come in between."""
    never = _lived(history).finish()
    for schedule in (sweep_at_each_due, sweep_halfway):
        assert _lived(history, schedule).finish().standing() == never.standing()


@pytest.mark.soak
@MANY
@given(histories())
def test_no_rung_stands_twice(history: list[Step]) -> None:
    """A card that went with its clock to another name is not issued again under it."""
    for case in _lived(history).finish().cases():
        standing = [(*case.clock_of(card), card.level) for card in case.escalations if card.stands]
        assert len(standing) == len(set(standing))


@pytest.mark.soak
def test_the_rules_do_change() -> None:
    """The histories bring cases under each of the three policies."""
    done: Counter[str] = Counter()

    @settings(MANY, max_examples=60)
    @given(histories())
    def collect(history: list[Step]) -> None:
        done.update(_lived(history).done)

    collect()
    assert min(done[rules.name] for rules in RULES) > 5
