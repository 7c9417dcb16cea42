"""From drawn numbers to a legal timeline: each choice is settled on the cases as they stand by then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from caseflow.clock import ManualClock
from caseflow.core.case import Case
from caseflow.core.falling_due import caught_up
from caseflow.core.instants import DAY, HOUR, LATEST
from caseflow.core.rules import Row, Rules
from caseflow.core.values import Value, value
from caseflow.desk import Desk
from caseflow.errors import Refused
from caseflow.stores.memory import MemoryStore
from caseflow.testing.moves import accepted, fitting
from caseflow.testing.strategies.edges import Edge, calendar_edges, zone_edges
from caseflow.testing.strategies.script import Script, Step

SHIFTS = (0, -1, 1)
"""Microseconds off a boundary, plainest first."""
SHIFTED = {0: "", -1: "1 us before ", 1: "1 us after "}

ANY, ONWARD, END = LEADS = ("any", "onward", "end")
"""Where a step leads: to any open state, to another one where that is legal, or also to an end."""


@value
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


@value
class Aim(Value):
    """What a step is to be: nothing but a sweep, or an action.

    Attributes:
        case: which case, counting from 0.
        action: 0 for a sweep; n for the policy's n-th action after ``submit``, or where that is not legal
            for the nearest before it that is.
    """

    case: int = 0
    action: int = 0


@value
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

    def __init__(self, rules: Rules, cases: int) -> None:
        self.rules = rules
        self.cases = cases
        self._desk = Desk(rules, MemoryStore(), clock=ManualClock(0))

    def settled(self, start: int, opening: int, choices: Sequence[Choice]) -> Script:
        """The timeline: a submission at the start, then every choice as the rules allow it at its moment."""
        self._desk.store = MemoryStore()
        living = Living(self.rules, self._desk, start, self.cases)
        living.submit(0, opening)
        for choice in choices:
            living.take(choice)
        return Script(self.rules, tuple(living.steps))


class Living:
    """A desk on which choices are tried, and the steps that were legal."""

    def __init__(self, rules: Rules, desk: Desk, start: int, cases: int) -> None:
        self.rules = rules
        self.clock = ManualClock(start)
        self.desk = desk
        desk.clock = self.clock
        self.ids = tuple(f"c{index + 1}" for index in range(cases))
        self.steps: list[Step] = []
        self._names = [name for name in rules.policy.actions if name != "submit"]
        self._zone = rules.policy.timezone

    def submit(self, index: int, number: int, about: str = "") -> None:
        """Take in the case of that index."""
        case = Case(self.ids[index])
        for attempt in (number, 0, *range(1, 8)):
            if self._try(case, "submit", attempt, 0, about):
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
        case, _ = caught_up(self.rules, known, self.clock.now_us())
        for name in self._candidates(case, choice):
            if self._try(case, name, choice.number // len(LEADS), choice.late, about):
                return
        self.desk.sweep()
        self.steps.append(Step(self.clock.now_us(), self._zone, about=about))

    def _candidates(self, case: Case, choice: Choice) -> list[str]:
        """The actions to try: the chosen one, those before it, and those after it, as the state accepts them.

        So a number means the same action wherever that one is legal, and no smaller number does.
        """
        here = accepted(self.rules, case)
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

    def _try(self, case: Case, action: str, number: int, late: int, about: str) -> bool:
        """Whether the action was legal; then it is a step."""
        others = [case_id for case_id in self.ids if case_id != case.id]
        move = fitting(self.rules, case, action, number, others=others)
        if move is None:
            return False
        now, since = self.clock.now_us(), None
        fields = move.fields
        if late and case.version and self.rules.role(move.by).backdate:
            since = max(now - late * DAY, case.submitted_us)
            fields = fields | {"reason": "recorded late"}
        step = Step(now, self._zone, case.id, action, move.by, fields, since if since != now else None, about)
        try:
            step.take(self.desk)
        except Refused:
            return since is not None and self._try(case, action, number, 0, about)
        self.steps.append(step)
        return True

    def _pass(self, wait: Wait, case: Case) -> str:
        """Let the time pass; why the instant then is interesting."""
        now = self.clock.now_us()
        at, about = later(self.rules, case, now, wait)
        self.clock.set(min(max(at, now), LATEST - 40 * DAY))
        return about


def _ends(row: Row) -> bool:
    """Whether the action ends the case."""
    return row.place is not None and row.place.final


def later(rules: Rules, case: Case, now: int, wait: Wait) -> tuple[int, str]:
    """The instant after the wait, and why it is interesting."""
    if wait.kind == "hours":
        return now + wait.count * HOUR, ""
    if wait.kind == "days":
        day = rules.days.day_of(now)
        return rules.days.midnight(day + wait.count) + (now - rules.days.midnight(day)), ""
    edge = _boundary(rules, case, now - wait.shift, wait)
    return edge.us + wait.shift, SHIFTED[wait.shift] + edge.about


def _boundary(rules: Rules, case: Case, now: int, wait: Wait) -> Edge:
    """The boundary after the instant that the wait means."""
    day = rules.days.day_of(now)
    found: list[Edge] = []
    if wait.kind == "rung":
        rung = _rungs_ahead(rules, case, now).get(wait.count)
        found = [rung] if rung is not None else []
    elif wait.kind == "other":
        due = max((edge.us for edge in _rungs_ahead(rules, case, now).values()), default=now)
        ahead = [edge for edge in _surroundings(rules, day, rules.days.day_of(due)) if edge.us > now]
        found = ahead[wait.count :][:1]
    if found:
        return found[0]
    return Edge(rules.days.midnight(day + 1 + (wait.count if wait.kind == "night" else 0)), "day", "midnight")


def _rungs_ahead(rules: Rules, case: Case, now: int) -> dict[int, Edge]:
    """The rungs still to come, by their number in the policy."""
    found: dict[int, Edge] = {}
    first = 0
    for plan in rules.plans:
        for run in case.clocks:
            if run.clock != plan.name or not run.is_running:
                continue
            for index, ((level, _), due) in enumerate(zip(run.ladder, run.dues, strict=True)):
                if due is not None and due > now:
                    found.setdefault(first + index, Edge(due, "rung", f"{level} of {run.clock}"))
        first += len(plan.ladder)
    return found


def _surroundings(rules: Rules, first: int, last: int) -> list[Edge]:
    """Holidays, horizons and summer-time changes from one day to another, and the next of each."""
    start, until = rules.days.midnight(first), rules.days.midnight(last)
    used = {plan.calendar.digest: plan.calendar for plan in rules.plans if plan.calendar is not None}
    found = [edge for table in used.values() for edge in calendar_edges(table, rules.days, start, until)]
    return [*found, *zone_edges(rules.policy.timezone, start)]
