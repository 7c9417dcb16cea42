"""Where cases can get under a policy: an exploration that counts guards and roles, not only the table.

From the submission on every action is taken by everyone who may, and time passes. Cases that agree in all
that guards and clocks look at are one place. So it is known of every place whether an end can still be
reached from it, and of every rung whether any case can ever meet it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.decide import decide
from caseflow.core.evolve import evolve
from caseflow.core.falling_due import caught_up
from caseflow.core.policy import Policy
from caseflow.core.rules import Rules
from caseflow.errors import Refused
from caseflow.testing import moves
from caseflow.testing.laws.broken import Violation
from caseflow.testing.laws.model import FAR
from caseflow.views.story import told

MOST = 2000
"""Places that are explored; where there are more, what was not explored counts as good."""
BY_HAND = ("merge", "adopt_rules", "submit")
"""Actions that an exploration of one case leaves out."""
CITIZEN = "citizen-1"
Place = tuple[Any, ...]


class Ways:
    """The places of a policy and the ways between them.

    Attributes:
        places: place -> a case that stands there.
        ways: place -> where one can go from it.
        is_complete: whether every place was explored.
        fired: rungs that some case can meet, as (clock, level).
    """

    def __init__(self, policy: Policy, *, start: int, most: int = MOST) -> None:
        self.rules = Rules(policy)
        self.start = start
        self.places: dict[Place, tuple[Case, tuple[e.Event, ...]]] = {}
        self.ways: dict[Place, set[Place]] = {}
        self.fired: set[tuple[str, str]] = set()
        self._facts = _facts_of(policy)
        self._merging: set[Place] = set()
        self._edge: deque[Place] = deque()
        for fields in _submissions(self.rules):
            for move in _fitting(self.rules, Case("c1"), "submit"):
                self._go(None, Case("c1"), (), move.replace(fields={**move.fields, **fields}))
        while self._edge and len(self.places) < most:
            self._explore(self._edge.popleft())
        self.is_complete = not self._edge
        self._open_ended = set(self._edge)

    def dead_ends(self) -> dict[str, tuple[Case, tuple[e.Event, ...]]]:
        """State -> the first open case found there that can reach no end, by anybody or by time."""
        back: dict[Place, list[Place]] = {}
        for place, targets in self.ways.items():
            for target in targets:
                back.setdefault(target, []).append(place)
        ends = [place for place, (case, _) in self.places.items() if not case.is_open]
        alive = {*ends, *self._open_ended, *self._merging}
        edge = list(alive)
        while edge:
            for place in back.get(edge.pop(), ()):
                if place not in alive:
                    alive.add(place)
                    edge.append(place)
        found: dict[str, tuple[Case, tuple[e.Event, ...]]] = {}
        for place, stands in self.places.items():
            if place not in alive:
                found.setdefault(stands[0].state, stands)
        return found

    def dead_rungs(self) -> tuple[tuple[str, str], ...]:
        """Rungs that no case can ever meet, as (clock, level); empty unless the exploration is complete."""
        if not self.is_complete:
            return ()
        rules = self.rules.policy.clocks.items()
        every = [(clock, rung.level) for clock, rule in rules for rung in rule.rungs]
        return tuple(rung for rung in every if rung not in self.fired)

    def violations(self, source: str) -> Iterator[Violation]:
        """A violation for each dead end and each dead rung; ``source`` is the policy as Python says it."""
        snippet = _SNIPPET.format(source=source)
        for state, (case, events) in self.dead_ends().items():
            story = str(told(self.rules, case.id, events))
            yield Violation("liveness", f"from {state} no end can be reached, by anybody", story, snippet)
        for clock, level in self.dead_rungs():
            yield Violation("rungs", f"no case ever meets {level} of the clock {clock}", "", snippet)

    # -- exploring ----------------------------------------------------------------------------------------

    def _explore(self, place: Place) -> None:
        case, events = self.places[place]
        self._let_time_pass(place, case, events)
        for action in moves.accepted(self.rules, case):
            if action not in BY_HAND:
                for move in _fitting(self.rules, case, action):
                    self._go(place, case, events, move)
            elif action == "merge" and self._can_merge(case):
                self._merging.add(place)

    def _can_merge(self, case: Case) -> bool:
        """Whether somebody may end the case by merging it, into a case that there can always be."""
        target = self.rules.table[case.state]["merge"].place
        return target is not None and target.final and any(_fitting(self.rules, case, "merge"))

    def _let_time_pass(self, place: Place, case: Case, events: tuple[e.Event, ...]) -> None:
        after, issued = caught_up(self.rules, case, FAR)
        self.fired |= {(event.clock, event.level) for event in issued if isinstance(event, e.RungEvent)}
        self.fired |= {
            (run.clock, run.ladder[rung][0])
            for run in case.clocks
            for rung, due in enumerate(run.dues)
            if due is not None and run.unknown >> rung & 1
        }
        if after.place != case.place:
            self._arrive(place, after, (*events, *issued))

    def _go(self, place: Place | None, case: Case, events: tuple[e.Event, ...], move: moves.Move) -> None:
        texts = tuple((name, "") for name in move.fields if self._is_text(move.action, name))
        kept = {name: found for name, found in move.fields.items() if (name, "") not in texts}
        command = Command(move.action, move.by, kept, texts)
        try:
            made = decide(self.rules, case, command, max(self.start, case.acted_us))
        except Refused:
            return
        for event in made:
            case = evolve(case, event)
        self._arrive(place, case, (*events, *made))

    def _is_text(self, action: str, name: str) -> bool:
        rule = self.rules.fields[action].get(name)
        return rule is not None and rule.type == "text"

    def _arrive(self, origin: Place | None, case: Case, events: tuple[e.Event, ...]) -> None:
        place = self._place(case)
        if origin is not None:
            self.ways.setdefault(origin, set()).add(place)
        if place not in self.places:
            self.places[place] = (case, events)
            self._edge.append(place)

    def _place(self, case: Case) -> Place:
        clocks = tuple(
            (run.clock, run.subject != "", run.status, run.is_paused)
            for run in case.clocks
            if case.latest(run.clock, run.subject) is run
        )
        facts = tuple(fact(self.rules, case) for fact in self._facts)
        return (
            case.state,
            case.unit != "",
            case.citizen != "",
            case.facts.co_handlers,
            frozenset(clocks),
            *facts,
        )


def prove_ways(policy: Policy, *, start: int = 1_740_967_800_000_000) -> Ways:
    """Explore the policy, and raise unless an end can always be reached and every rung can fire.

    Raises:
        AssertionError: with every dead end and dead rung.
    """
    ways = Ways(policy, start=start)
    found = [violation.text() for violation in ways.violations("policy")]
    assert not found, "\n".join(found)
    return ways


_SNIPPET = """\
from caseflow import load_policy
from caseflow.testing.laws.ways import prove_ways

policy = {source}
prove_ways(policy)  # raises
"""


def _fitting(rules: Rules, case: Case, action: str) -> Iterator[moves.Move]:
    """The action by one actor for each unit who may take it, with the required fields alone."""
    units = set()
    for by in moves.fitting_actors(rules, case, action):
        scope = rules.role(by).scope
        if (by.unit, scope) not in units:
            units.add((by.unit, scope))
            yield moves.Move(action, by, moves.fitting_fields(rules, case, action))


def _submissions(rules: Rules) -> Iterator[dict[str, Any]]:
    """What may matter of a submission: to whom, by whom, and every value that a clock asks for."""
    asked: dict[str, set[str]] = {}
    for plan in rules.plans:
        for name in ("kind", "urgency", "channel", "region"):
            asked.setdefault(name, set()).update(getattr(plan.rule.when, name))
    choices = rules.fields["submit"]["kind"].choices
    for base in (
        {},
        {"citizen": CITIZEN},
        {"to": moves.UNITS[0]},
        {"to": moves.UNITS[0], "citizen": CITIZEN},
    ):
        yield base
        for name, values in asked.items():
            for found in sorted(values):
                if name != "kind" or not choices or found in choices:
                    yield {**base, name: found}


def _facts_of(policy: Policy) -> list[Any]:
    """What the policy's guards look at, each as a function of rules and case."""
    used = {guard for rule in policy.actions.values() for guard in rule.guards}
    return [fact for guard, fact in _FACTS.items() if guard in used]


def _reply_stands(rules: Rules, case: Case) -> bool:
    facts = case.facts
    return any(reply.cycle == facts.cycle and reply.retracted_us is None for reply in facts.replies)


def _is_rated(rules: Rules, case: Case) -> bool:
    return any(rating.cycle == case.facts.cycle for rating in case.facts.ratings)


def _is_pending(rules: Rules, case: Case) -> bool:
    return case.facts.extension is not None


def _waits(rules: Rules, case: Case) -> bool:
    return any(item.verified_us is None for item in case.facts.rectifications)


_FACTS = {
    "has_reply": _reply_stands,
    "not_rated": _is_rated,
    "returns_left": lambda rules, case: case.facts.returns < rules.policy.limits.returns,
    "reopens_left": lambda rules, case: case.facts.reopens < rules.policy.limits.reopens,
    "extension_pending": _is_pending,
    "no_extension_pending": _is_pending,
    "extensions_left": lambda rules, case: tuple(
        len(run.grants) < rules.policy.limits.extensions for run in case.clocks if run.is_running
    ),
    "rectification_linked": _waits,
    "rectifications_verified": _waits,
}
"""Guard -> what of a case it looks at."""
