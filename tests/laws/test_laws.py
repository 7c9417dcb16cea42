"""The laws of DESIGN, each as a property over generated histories."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from . import properties
from .histories import FIELDS, Step, World, steps

LAWS = {
    1: properties.replay_is_live,
    2: properties.late_sweep_is_timely_sweep,
    3: properties.never_early,
    4: properties.once,
    5: properties.storing_changes_nothing,
    6: properties.a_fact_is_never_refused,
    7: properties.nothing_is_lost,
    8: properties.refusals_are_data,
    9: properties.the_public_view_leaks_nothing,
    10: properties.races_are_settled,
    11: properties.fast_is_plain,
    12: properties.order_of_telling,
}
MANY = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("law", LAWS)
def test_law(law: int) -> None:
    """The law holds for every history; `test_law_at_length` looks at many times as many."""
    settings(MANY, max_examples=4 if law == 7 else 24)(given(steps())(LAWS[law]))()


@pytest.mark.soak
@pytest.mark.parametrize("law", LAWS)
def test_law_at_length(law: int) -> None:
    """The law holds over many times as many histories."""
    long = settings(MANY, max_examples=60 if law == 7 else 600, phases=(Phase.generate,))
    long(given(steps())(LAWS[law]))()


INSTANTS = st.integers(1_740_000_000_000_000, 1_743_000_000_000_000)
PAUSES = st.builds(
    lambda begin, length: (begin, None if length is None else begin + length),
    INSTANTS,
    st.one_of(st.none(), st.integers(1, 10 * 86_400_000_000)),
)


@settings(MANY, max_examples=300)
@given(
    INSTANTS,
    st.integers(1, 30),
    st.sampled_from(["natural", "elapsed"]),
    st.lists(PAUSES, max_size=4),
    PAUSES,
)
def test_a_pause_never_shortens(
    start: int, days: int, counting: str, pauses: list[tuple[int, int | None]], more: tuple[int, int | None]
) -> None:
    """Law 5: one pause more never brings a deadline forward."""
    properties.a_pause_never_shortens(start, days, counting, pauses, more)


@pytest.mark.soak
@pytest.mark.parametrize(("examples", "rare"), [(120, {"close", "rate"}), (600, set())])
def test_the_histories_hold_everything(examples: int, rare: set[str]) -> None:
    """Every action, and backdating, succeeds over the generated histories; the rare ones over many."""
    done, wanted = Counter[str](), {*FIELDS, "backdated"} - rare

    @settings(MANY, max_examples=examples)
    @given(steps())
    def collect(history: list[Step]) -> None:
        if not wanted <= done.keys():
            done.update(+World().run(history).done)

    collect()
    assert wanted - done.keys() == set()
