"""Whole timelines, legal sequences of commands, and real cases, for any policy."""

from __future__ import annotations

from datetime import datetime

from hypothesis import note
from hypothesis import strategies as st

from caseflow.core.case import Case
from caseflow.core.instants import micros
from caseflow.core.rules import Rules
from caseflow.errors import BadInput
from caseflow.testing.strategies.choices import SHIFTS, Aim, Choice, Wait, Workshop
from caseflow.testing.strategies.given import PolicyLike, check_count, for_policy, plain_start, starts
from caseflow.testing.strategies.script import Script, Step

LONGEST_WAIT = 40
"""Days waited between two steps, at the most."""
HOURS = (1, 2, 4, 8, 12, 24, 36, 48)
"""Hours waited between two steps."""
OTHERS = 4
"""How many holidays, horizons and summer-time changes ahead are waited for."""
LATE = (0, 0, 0, 0, 1, 2, 5, 10)
"""Days by which a fact is recorded late, where the actor may."""
NUMBERS = 10_000
"""Actors and fields of a step are picked by a number below this."""


def timelines(
    policy: PolicyLike = "wuhu",
    *,
    start: datetime | str | int | None = None,
    cases: int = 1,
    min_steps: int = 0,
    max_steps: int = 12,
    max_wait: int = LONGEST_WAIT,
    looks: bool = True,
    late: bool = True,
) -> st.SearchStrategy[Script]:
    """Timelines that are legal under the policy: a submission, then waits and steps.

    Waits go to whole days, hours, or the boundaries ahead of the case: rungs, midnights, holidays, summer
    time, exactly or a microsecond off. Each step is an action that the rules allow just then, by someone who
    may take it, or a sweep. Where no action is legal, it is a sweep.

    Shrinks to few steps without a wait between them; waits to whole days and then to exact boundaries;
    actions to sweeps and then to the policy's first; actors and fields to the first role, the required
    fields, and the first unit; starts to nine o'clock on Monday 2025-03-03.

    Args:
        policy: a policy, its name or path, or a strategy that draws one.
        start: when the first case is submitted; drawn from a year when left out.
        cases: how many cases there may be, each submitted at a step of its own.
        min_steps, max_steps: how many steps follow the first submission.
        max_wait: days between two steps at the most; boundaries may lie further.
        looks: whether steps that only sweep are drawn.
        late: whether facts are recorded late by those who may.

    Raises:
        BadInput: a start without an offset, a count that is none.
    """
    check_count(cases, what="cases", least=1, most=20)
    check_count(max_steps, what="max_steps", least=0, most=1000)
    check_count(min_steps, what="min_steps", least=0, most=max_steps)
    check_count(max_wait, what="max_wait", least=0, most=10_000)
    at = None if start is None else micros(start, what="start")

    def build(rules: Rules) -> st.SearchStrategy[Script]:
        if "submit" not in rules.table[""]:
            raise BadInput("bad-option", what="policy", found=f"{rules.policy.name}, which starts no case")
        choices = _choices(rules, max_wait, cases, looks, late)
        workshop = Workshop(rules, cases)
        return st.builds(
            workshop.settled,
            starts(rules) if at is None else st.just(at),
            st.integers(0, NUMBERS - 1),
            st.lists(choices, min_size=min_steps, max_size=max_steps),
        )

    return for_policy(policy, build)


def legal_commands(
    policy: PolicyLike = "wuhu", *, min_commands: int = 1, max_commands: int = 8
) -> st.SearchStrategy[tuple[Step, ...]]:
    """Commands on one case, all at nine o'clock on Monday 2025-03-03, the first its submission.

    Shrinks as `timelines` does. Take them with ``step.take(desk)`` or ``desk.act``.

    Args:
        policy: a policy, its name or path, or a strategy that draws one.
        min_commands, max_commands: how many, the submission included.

    Raises:
        BadInput: a count that is none.
    """
    check_count(max_commands, what="max_commands", least=1, most=1000)
    check_count(min_commands, what="min_commands", least=1, most=max_commands)

    def commands(script: Script) -> tuple[Step, ...]:
        return tuple(step for step in script.steps if not step.is_look)

    def build(rules: Rules) -> st.SearchStrategy[tuple[Step, ...]]:
        drawn = timelines(
            rules, start=plain_start(rules), max_wait=0, looks=False, late=False,
            min_steps=min_commands - 1, max_steps=max_commands - 1,
        )  # fmt: skip
        return drawn.map(commands)

    return for_policy(policy, build)


def cases(
    policy: PolicyLike = "wuhu",
    *,
    start: datetime | str | int | None = None,
    max_steps: int = 12,
) -> st.SearchStrategy[Case]:
    """Real cases: each is what a desk made of a legal timeline, cards and reminders included.

    The timeline is noted, so that a failing example shows how the case came about. Shrinks as `timelines`.

    Args:
        policy: a policy, its name or path, or a strategy that draws one.
        start: when the case is submitted; drawn from a year when left out.
        max_steps: how many steps follow the submission at the most.

    Raises:
        BadInput: a start without an offset, a count that is none.
    """
    return timelines(policy, start=start, max_steps=max_steps).map(_lived)


def _lived(script: Script) -> Case:
    note(f"the case came about so:\n{script}")
    return script.cases()[0]


def _waits(rules: Rules, longest: int) -> list[Wait]:
    """Every wait, plainest first and alike ones beside each other; boundaries are about half of them."""
    days = [Wait("days", count) for count in range(longest + 1)]
    if not longest:
        return days
    hours = [Wait("hours", count) for count in HOURS]
    rungs = sum(len(plan.ladder) for plan in rules.plans)
    places = [("rung", count) for count in range(rungs)] + [("night", 0), ("night", 1)]
    places += [("other", count) for count in range(OTHERS)]
    edges = [Wait(kind, count, shift) for shift in SHIFTS for kind, count in places]
    times = max(1, (len(days) + len(hours)) // len(edges))
    return [*days, *hours, *(edge for edge in edges for _ in range(times))]


def _aims(rules: Rules, cases: int, looks: bool) -> list[Aim]:
    """Everything a step may be, plainest first; a quarter of them are sweeps, where sweeps are drawn."""
    last = len(rules.policy.actions)
    acts = [Aim(case, action) for case in range(cases) for action in range(1, last)]
    sweeps = [Aim(case) for case in range(cases)] * (max(1, len(acts) // (3 * cases)))
    return [*sweeps, *acts] if looks or not acts else acts


def _choices(rules: Rules, max_wait: int, cases: int, looks: bool, late: bool) -> st.SearchStrategy[Choice]:
    """One step in four draws at the most: shrinking leaves out steps whole only where they are that short."""
    waits = st.sampled_from(_waits(rules, max_wait))
    aims = st.sampled_from(_aims(rules, cases, looks))
    numbers = st.integers(0, NUMBERS - 1)
    if not late or not any(role.backdate for role in rules.policy.roles.values()):
        return st.builds(Choice, waits, aims, numbers)
    return st.builds(Choice, waits, aims, numbers, st.sampled_from(LATE))
