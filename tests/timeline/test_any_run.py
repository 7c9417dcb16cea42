"""Whatever was done with a timeline, its source does again, and a branch never shows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import CaseflowError
from caseflow.testing import Timeline

UNITS = ("城管局", "住建局")
FEW = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
Step = Callable[[Timeline, str, int], object]

STEPS: dict[str, Step] = {
    "submit": lambda t, case, n: t.submit(f"第{n}件", to=UNITS[n % 2]),
    "note": lambda t, case, n: t.note(case, f'"{n}"\n\\'),
    "sign in": lambda t, case, n: t.take_charge(case, by="handler"),
    "transfer": lambda t, case, n: t.transfer(case, UNITS[n % 2]),
    "reply": lambda t, case, n: t.reply(case, f"答 {n}"),
    "retract": lambda t, case, n: t.retract_reply(case, reason="误"),
    "close": lambda t, case, n: t.close(case),
    "reopen": lambda t, case, n: t.reopen(case, reason="又坏"),
    "merge": lambda t, case, n: t.merge(case, "case-1"),
    "days": lambda t, case, n: t.advance(days=n % 9),
    "hours": lambda t, case, n: t.advance(hours=n, seconds=1),
    "deadline": lambda t, case, n: t.to_next_deadline() if t.store.next_due() else None,
    "crash": lambda t, case, n: t.crash(),
    "outage": lambda t, case, n: _outage(t, n),
    "twice": lambda t, case, n: _twice(t, case, n),
    "late": lambda t, case, n: _late(t, case, n),
}


def _outage(timeline: Timeline, number: int) -> None:
    with timeline.outage():
        timeline.advance(days=number % 20)


def _twice(timeline: Timeline, case: str, number: int) -> None:
    with timeline.twice():
        timeline.acknowledge(case)
        timeline.submit("两次", to=UNITS[number % 2])


def _late(timeline: Timeline, case: str, number: int) -> None:
    with timeline.held_back() as late:
        timeline.reply(case, "晚到")
    timeline.advance(days=number % 7)
    late.deliver()


RUNS = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 30)), max_size=14)


def lived(run: list[tuple[str, int]], timeline: Timeline) -> Timeline:
    for name, number in run:
        with suppress(CaseflowError):
            STEPS[name](timeline, f"case-{1 + number % 3}", number)
    return timeline


@FEW
@given(RUNS)
def test_the_source_does_it_again(run: list[tuple[str, int]]) -> None:
    """Steps refused or not, the source runs, and its timeline has the same story and the same source."""
    timeline = lived(run, Timeline("wuhu", start="2025-01-20 09:00"))
    source, namespace = timeline.as_test(), dict[str, object]()
    exec(source + "    return timeline\n", namespace)
    again = namespace["test_timeline"]()  # type: ignore[operator]  # the function that the source defines
    assert again.story() == timeline.story()
    assert again.as_test() == source


@FEW
@given(RUNS, RUNS)
def test_a_branch_never_shows(before: list[tuple[str, int]], inside: list[tuple[str, int]]) -> None:
    """Whatever happens inside a branch, story, time and deadlines outside are as without it."""
    timeline = lived(before, Timeline("wuhu", start="2025-01-20 09:00"))
    known = (timeline.story(), timeline.now, timeline.store.next_due())
    with timeline.what_if():
        lived(inside, timeline)
    assert (timeline.story(), timeline.now, timeline.store.next_due()) == known
