"""Whole timelines, legal sequences of commands, and real cases, for any policy."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from hypothesis import note
from hypothesis import strategies as st

from caseflow.clock import ManualClock
from caseflow.core.bounds import LATEST
from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition
from caseflow.core.engine.escalation import escalate
from caseflow.core.model.case import Case
from caseflow.core.time.instants import DAY, HOUR, micros
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadInput, Refused
from caseflow.stores.memory import MemoryStore
from caseflow.testing.actors import accepted_actions
from caseflow.testing.command_generator import legal_command
from caseflow.testing.step import Step
from caseflow.testing.strategies.arguments import PolicyLike, check_count, for_policy, plain_start, starts
from caseflow.testing.strategies.instant_strategies import Edge, calendar_edges, zone_edges
from caseflow.testing.strategies.timeline_script import Script

SHIFTS = (0, -1, 1)
"""Microseconds off a boundary, plainest first."""
SHIFTED = {0: "", -1: "1 us before ", 1: "1 us after "}

ANY, ONWARD, END = LEADS = ("any", "onward", "end")
"""Where a step leads: to any open state, to another one where that is legal, or also to an end."""


class Wait(Value):
    """How long until the next step.

    ``days``: so many local days, at the same distance from midnight. ``hours``: so much running time.
    The others go to a boundary, exactly, or a microsecond before or after it. ``rung``: the n-th rung of the
    policy, counted over its clocks; ``night``: the n-th midnight ahead; ``other``: the n-th edge ahead of a
    holiday, horizon or summer time. Where there is none ahead, it is the next midnight.
    """

    kind: str
    count: int
    shift: int = 0


class Aim(Value):
    """What a step is to be: nothing but a sweep, or an action.

    Attributes:
        case: which case, counting from 0.
        action: 0 for a sweep; n for the policy's n-th action after ``submit``, or where that is not legal
            for the nearest before it that is.
    """

    case: int = 0
    action: int = 0


class Choice(Value):
    """One step before it is settled. It has few parts, so that whole steps can be left out of an example.

    Attributes:
        wait: how long after the step before.
        aim: what is to be done.
        number: picks the lead, one of `LEADS`, and actor and fields; 0 for the plainest.
        late: days by which the fact is recorded late, where the actor may.
    """

    wait: Wait
    aim: Aim
    number: int = 0
    late: int = 0


class Workshop:
    """Where timelines under one policy are made; the policy is compiled once for all of them."""

    def __init__(self, rules: CompiledPolicy, cases: int) -> None:
        self.rules = rules
        self.cases = cases

    def settled(self, start: int, opening: int, choices: Sequence[Choice]) -> Script:
        """The timeline: a submission at the start, then every choice as the rules allow it at its moment."""
        living = Living(self.rules, start, self.cases)
        living.submit(0, opening)
        for choice in choices:
            living.take(choice)
        return Script(self.rules, tuple(living.steps))


class Living:
    """A desk on which choices are tried, and the steps that were legal."""

    def __init__(self, rules: CompiledPolicy, start: int, cases: int) -> None:
        self.rules = rules
        self.clock = ManualClock(start)
        self.desk = Desk(rules, MemoryStore(), clock=self.clock)
        self.ids = tuple(f"c{index + 1}" for index in range(cases))
        self.steps: list[Step] = []
        self._names = [name for name in rules.policy.actions if name != "submit"]
        self._zone = rules.policy.timezone

    def submit(self, index: int, number: int, about: str = "") -> None:
        """Take in the case of that index."""
        case = Case(self.ids[index])
        for attempt in (number, 0, *range(1, 8)):
            if self._try(case, "submit", attempt, about=about):
                return
        raise AssertionError(f"nobody may submit under the policy {self.rules.policy.name}")

    def take(self, choice: Choice) -> None:
        """Wait, then take the chosen action or the next one that is legal; a sweep when none is."""
        index = choice.aim.case % len(self.ids)
        known = self.desk.store.load(self.ids[index])
        about = self._pass(choice.wait, known or self.desk.get(self.ids[0]))
        if known is None:
            self.submit(index, choice.number, about)
            return
        history = partial(self.desk.store.events, known.id)
        case, _ = escalate(self.rules, known, self.clock.now_us(), history=history)
        for name in self._candidates(case, choice):
            if self._try(case, name, choice.number // len(LEADS), late=choice.late, about=about):
                return
        self.desk.sweep()
        self.steps.append(Step(at_us=self.clock.now_us(), zone=self._zone, about=about))

    def _candidates(self, case: Case, choice: Choice) -> list[str]:
        """The actions to try: the chosen one, those before it, and those after it, as the state accepts them.

        So a number means the same action wherever that one is legal, and no smaller number does.
        """
        here = accepted_actions(self.rules, case)
        rows = self.rules.table[case.state]
        lead = choice.number % len(LEADS)
        if LEADS[lead] != END:
            here = tuple(name for name in here if not _ends(rows[name]))
        if not choice.aim.action or not here:
            return []
        places = [self._names.index(name) + 1 for name in here]
        below = bisect_right(places, choice.aim.action)
        order = [*reversed(here[:below]), *here[below:]]
        return sorted(order, key=lambda name: rows[name].place is None) if LEADS[lead] == ONWARD else order

    def _try(self, case: Case, action: str, number: int, *, late: int = 0, about: str = "") -> bool:
        """Whether the action was legal; then it is a step."""
        others = [case_id for case_id in self.ids if case_id != case.id]
        step = legal_command(self.rules, case, action, number, others=others)
        if step is None:
            return False
        now, since = self.clock.now_us(), None
        step = step.replace(at_us=now, zone=self._zone, about=about)
        if (
            late
            and action != "migrate"
            and case.version
            and step.by is not None
            and self.rules.role(step.by).backdate
        ):
            since = max(now - late * DAY, case.submitted_us)
            step = step.with_field("reason", "recorded late")
        step = step.replace(effective_us=since if since != now else None)
        try:
            step.take(self.desk)
        except Refused:
            return since is not None and self._try(case, action, number, about=about)
        self.steps.append(step)
        return True

    def _pass(self, wait: Wait, case: Case) -> str:
        """Let the time pass; why the instant then is interesting."""
        now = self.clock.now_us()
        at, about = later(self.rules, case, now, wait)
        self.clock.set(min(max(at, now), LATEST - 40 * DAY))
        return about


def _ends(row: Transition) -> bool:
    """Whether the action ends the case."""
    return row.place is not None and row.place.final


def later(rules: CompiledPolicy, case: Case, now: int, wait: Wait) -> tuple[int, str]:
    """The instant after the wait, and why it is interesting."""
    if wait.kind == "hours":
        return now + wait.count * HOUR, ""
    if wait.kind == "days":
        day = rules.days.day_of(now)
        return rules.days.midnight(day + wait.count) + (now - rules.days.midnight(day)), ""
    edge = _boundary(rules, case, now - wait.shift, wait)
    return edge.us + wait.shift, SHIFTED[wait.shift] + edge.about


def _boundary(rules: CompiledPolicy, case: Case, now: int, wait: Wait) -> Edge:
    """The boundary after the instant that the wait means."""
    day = rules.days.day_of(now)
    edges: list[Edge] = []
    if wait.kind == "rung":
        rung = _rungs_ahead(rules, case, now).get(wait.count)
        edges = [rung] if rung is not None else []
    elif wait.kind == "other":
        due = max((edge.us for edge in _rungs_ahead(rules, case, now).values()), default=now)
        ahead = [edge for edge in _surroundings(rules, day, rules.days.day_of(due)) if edge.us > now]
        edges = ahead[wait.count :][:1]
    if edges:
        return edges[0]
    return Edge(rules.days.midnight(day + 1 + (wait.count if wait.kind == "night" else 0)), "day", "midnight")


def _rungs_ahead(rules: CompiledPolicy, case: Case, now: int) -> dict[int, Edge]:
    """The rungs still to come, by their number in the policy."""
    ahead: dict[int, Edge] = {}
    first = 0
    for plan in rules.plans:
        for run in case.clocks:
            if run.clock != plan.name or not run.is_running:
                continue
            for index, ((level, _), due) in enumerate(zip(run.ladder, run.dues, strict=True)):
                if due is not None and due > now:
                    ahead.setdefault(first + index, Edge(due, "rung", f"{level} of {run.clock}"))
        first += len(plan.ladder)
    return ahead


def _surroundings(rules: CompiledPolicy, first: int, last: int) -> list[Edge]:
    """Holidays, horizons and summer-time changes from one day to another, and the next of each."""
    start, until = rules.days.midnight(first), rules.days.midnight(last)
    used = {plan.calendar.digest: plan.calendar for plan in rules.plans if plan.calendar is not None}
    edges = [edge for table in used.values() for edge in calendar_edges(table, rules.days, start, until)]
    return [*edges, *zone_edges(rules.policy.timezone, start)]


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

    def build(rules: CompiledPolicy) -> st.SearchStrategy[Script]:
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
        return tuple(step for step in script.steps if not step.is_sweep)

    def build(rules: CompiledPolicy) -> st.SearchStrategy[tuple[Step, ...]]:
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


def _waits(rules: CompiledPolicy, longest: int) -> list[Wait]:
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


def _aims(rules: CompiledPolicy, cases: int, looks: bool) -> list[Aim]:
    """Everything a step may be, plainest first; a quarter of them are sweeps, where sweeps are drawn."""
    last = len(rules.policy.actions)
    acts = [Aim(case, action) for case in range(cases) for action in range(1, last)]
    sweeps = [Aim(case) for case in range(cases)] * (max(1, len(acts) // (3 * cases)))
    return [*sweeps, *acts] if looks or not acts else acts


def _choices(
    rules: CompiledPolicy, max_wait: int, cases: int, looks: bool, late: bool
) -> st.SearchStrategy[Choice]:
    """One step in four draws at the most: shrinking leaves out steps whole only where they are that short."""
    waits = st.sampled_from(_waits(rules, max_wait))
    aims = st.sampled_from(_aims(rules, cases, looks))
    numbers = st.integers(0, NUMBERS - 1)
    if not late or not any(role.backdate for role in rules.policy.roles.values()):
        return st.builds(Choice, waits, aims, numbers)
    return st.builds(Choice, waits, aims, numbers, st.sampled_from(LATE))
