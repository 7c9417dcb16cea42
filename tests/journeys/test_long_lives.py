"""Long lives cost no more than linear: counted in bytecodes, which no load of the machine moves."""

from __future__ import annotations

from functools import partial

import pytest
from benchmarks.long_lives import LIVES, curve
from benchmarks.timing import counted

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.core.model.evolve import replay

SHORT = {"notes": 200, "pauses": 40, "cycles": 20}
"""Life -> how often its act is done in these tests; the benchmark ``long_lives`` goes to the end."""


@pytest.mark.parametrize("name", SHORT)
def test_a_command_costs_at_most_in_proportion_to_the_life(name: str) -> None:
    """From each point to one twice as far, act and snapshot cost at most twice as much, a note the same."""
    at = curve(name, SHORT[name], points=4)
    for what in ("bytecodes", "snapshot"):
        half, whole = at[1][what], at[3][what]
        assert whole <= 2.02 * half
        step, last = at[1][what] - at[0][what], at[3][what] - at[2][what]
        assert last <= 1.05 * step + 40  # each further quarter costs what the one before did
    if name == "notes":
        assert at[3]["bytecodes"] == at[1]["bytecodes"]


@pytest.mark.parametrize("name", ["notes", "pauses"])
def test_a_history_is_read_and_folded_in_proportion_to_its_events(name: str) -> None:
    """Twice as many events cost twice as much to read and to fold, whatever came before each."""
    costs = []
    for times in (SHORT[name], 2 * SHORT[name]):
        store = MemoryStore()
        curve(name, times, points=1, store=store)
        events = store.events("c-1")
        costs.append((counted(partial(store.events, "c-1")), counted(partial(replay, "c-1", events))))
    for half, whole in zip(*costs, strict=True):
        assert whole <= 2.05 * half


def test_what_was_swept_costs_later_sweeps_nothing() -> None:
    """A sweep over what becomes due costs the same in memory, however many cases were swept before it."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T00:00:00+08:00"))
    costs = []
    for day in range(160):
        desk.submit(title="t", to="城管局", by=Actor("c", role="citizen"), case_id=f"c{day}")
        desk.clock.advance(days=1)
        costs.append(counted(desk.sweep))
    early, late = sorted(costs[40:80]), sorted(costs[120:160])
    assert late[20] <= 1.1 * early[20]
    assert late[-1] <= 2 * early[-1] + 2_000  # now and then what is left behind is cleared away


def test_the_longest_lives_are_measured() -> None:
    """The benchmark goes to 50,000 notes, 2,000 pauses and 1,000 cycles."""
    assert {name: most for name, (_, most) in LIVES.items()} == {
        "notes": 50_000, "pauses": 2_000, "cycles": 1_000,
    }  # fmt: skip


@pytest.mark.soak
@pytest.mark.parametrize("name", SHORT)
def test_the_longest_life_costs_no_more_than_linear(name: str) -> None:
    """At its end, too, an act costs at most twice what it did half way."""
    at = curve(name, LIVES[name][1] // 2, points=2)
    assert at[1]["bytecodes"] <= 2.02 * at[0]["bytecodes"]
    assert at[1]["snapshot"] <= 2.02 * at[0]["snapshot"]
