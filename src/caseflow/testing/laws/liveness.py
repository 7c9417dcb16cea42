"""Where cases can get under a policy: an exploration that decides guards and roles, not only the table.

From the submission on every action is taken by everyone who may, and time passes. Cases that agree in all
that guards and clocks look at are one configuration. So it is known of each whether an end can still be
reached from it, and of every rung whether any case can ever meet it.
`caseflow.policies.lint.state_space` takes the same walk, but leaves guards and people open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Any

from caseflow.core.engine.compiled_policy import REPORTS, CompiledPolicy
from caseflow.core.engine.decide import step_by
from caseflow.core.engine.escalation import escalate
from caseflow.core.engine.fields import mistake
from caseflow.core.engine.rating_guards import rating_of_last_reply
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Command
from caseflow.core.policy import FieldRule, Policy
from caseflow.core.policy_keys import Scalar
from caseflow.errors import Refused
from caseflow.policies.lint.reachability import Walk, leading
from caseflow.testing.actors import UNITS, accepted_actions, permitted_actors
from caseflow.testing.command_generator import legal_fields
from caseflow.testing.laws.laws import Violation
from caseflow.testing.laws.reference_model import FAR
from caseflow.testing.step import Step
from caseflow.views.story import told

MOST = 2000
"""Configurations that are explored; where there are more, what was not explored counts as good."""
MOST_COMBINATIONS = 5000
"""Combinations of what a submission says that are looked at."""
BY_HAND = ("merge", "migrate", "submit")
"""Actions that an exploration of one case leaves out."""
CITIZEN = "citizen-1"
Configuration = tuple[Any, ...]
"""What guards and clocks look at of a case; cases that agree in it are one."""
Standing = tuple[Case, tuple[e.Event, ...]]
"""A case that stands there, and how it came about."""


class Liveness:
    """The configurations of a policy and the ways between them.

    Attributes:
        configurations: each with a case that stands there.
        ways: configuration -> where one can go from it.
        is_complete: whether every configuration was explored.
        fired: rungs that some case can meet, as (clock, level).
        combinations: how many combinations of what a submission says were looked at.
    """

    def __init__(self, policy: Policy, *, start: int, most: int = MOST) -> None:
        self.rules = CompiledPolicy(policy)
        self.start = start
        self.configurations: dict[Configuration, Standing] = {}
        self.ways: dict[Configuration, set[Configuration]] = {}
        self.fired: set[tuple[str, str]] = set()
        self._facts = _facts_of(policy)
        self._asked, self._asks_unit = _asked_of(self.rules)
        self._merging: set[Configuration] = set()
        combinations = combinations_of(self.rules)
        self.combinations = len(combinations)
        starts = [
            here
            for fields in _submissions(self.rules, combinations)
            for step in _fitting(self.rules, Case("c1"), "submit")
            for here in self._go(Case("c1"), (), step.replace(fields={**step.fields, **fields}))
        ]
        walk = Walk(starts, self._explore, most=most)
        self.is_complete = walk.is_complete
        self._open_ended = walk.edge

    def dead_ends(self) -> dict[str, Standing]:
        """State -> the first open case found there that can reach no end, by anybody or by time."""
        ends = [here for here, (case, _) in self.configurations.items() if not case.is_open]
        steps = ((here, there) for here, targets in self.ways.items() for there in targets)
        alive = leading(steps, (*ends, *self._open_ended, *self._merging))
        dead: dict[str, Standing] = {}
        for here, stands in self.configurations.items():
            if here not in alive:
                dead.setdefault(stands[0].state, stands)
        return dead

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

    def _explore(self, here: Configuration) -> Iterable[tuple[str, Configuration]]:
        """Where the passing of time and every action lead from there."""
        case, events = self.configurations[here]
        steps = [("", there) for there in self._let_time_pass(case, events)]
        for action in accepted_actions(self.rules, case):
            if action not in BY_HAND:
                for step in _fitting(self.rules, case, action):
                    steps += [(action, there) for there in self._go(case, events, step)]
            elif action == "merge" and self._can_merge(case):
                self._merging.add(here)
        if steps:
            self.ways[here] = {there for _, there in steps}
        return steps

    def _can_merge(self, case: Case) -> bool:
        """Whether somebody may end the case by merging it, into a case that there can always be."""
        target = self.rules.table[case.state]["merge"].place
        return target is not None and target.final and any(_fitting(self.rules, case, "merge"))

    def _let_time_pass(self, case: Case, events: tuple[e.Event, ...]) -> Iterator[Configuration]:
        after, issued = escalate(self.rules, case, FAR, history=lambda: events)
        self.fired |= {(event.clock, event.level) for event in issued if isinstance(event, e.RungEvent)}
        self.fired |= {
            (run.clock, run.ladder[rung][0])
            for run in case.clocks
            for rung, due in enumerate(run.dues)
            if due is not None and run.unknown >> rung & 1
        }
        if after.place != case.place:
            yield self._arrived(after, (*events, *issued))

    def _go(self, case: Case, events: tuple[e.Event, ...], step: Step) -> Iterator[Configuration]:
        """Where the step leads; nowhere when it is refused."""
        assert step.by is not None, "a legal command has an actor"
        texts = tuple((name, "") for name in step.fields if self._is_text(step.action, name))
        fields = {name: part for name, part in step.fields.items() if (name, "") not in texts}
        command = Command(step.action, step.by, fields, texts)
        try:
            after, decided = step_by(
                None, self.rules, case, command, max(self.start, case.acted_us), history=lambda: events
            )
        except Refused:
            return
        yield self._arrived(after, (*events, *decided))

    def _is_text(self, action: str, name: str) -> bool:
        rule = self.rules.fields[action].get(name)
        return rule is not None and rule.type == "text"

    def _arrived(self, case: Case, events: tuple[e.Event, ...]) -> Configuration:
        here = self._configuration(case)
        self.configurations.setdefault(here, (case, events))
        return here

    def _configuration(self, case: Case) -> Configuration:
        clocks = tuple(
            (run.clock, run.subject != "", run.status, run.is_paused)
            for run in case.clocks
            if case.latest(run.clock, run.subject) is run
        )
        facts = tuple(fact(self.rules, case) for fact in self._facts)
        submitted = tuple(case.origin.field(name) for name in self._asked)
        return (
            submitted,
            case.unit if self._asks_unit else "",
            case.state,
            case.unit != "",
            case.citizen != "",
            case.facts.co_handlers,
            case.facts.came_from if self.rules.goes_back else "",
            frozenset(clocks),
            *facts,
        )


def prove_liveness(policy: Policy, *, start: int = 1_740_967_800_000_000) -> Liveness:
    """Explore the policy, and raise unless an end can always be reached and every rung can fire.

    Raises:
        AssertionError: with every dead end and dead rung.
    """
    liveness = Liveness(policy, start=start)
    broken = [violation.text() for violation in liveness.violations("policy")]
    assert not broken, "\n".join(broken)
    return liveness


_SNIPPET = """\
from caseflow import load_policy
from caseflow.testing.laws.liveness import prove_liveness

policy = {source}
prove_liveness(policy)  # raises
"""


def _fitting(rules: CompiledPolicy, case: Case, action: str) -> Iterator[Step]:
    """The action by one actor for each unit who may take it, with the required fields alone.

    What changes the submission is taken with each value that a clock asks about.
    """
    units = set[tuple[str, str]]()
    for by in permitted_actors(rules, case, action):
        scope = rules.role(by).scope
        if (by.unit, scope) not in units:
            units.add((by.unit, scope))
            fields = legal_fields(rules, case, action)
            for changed in ({}, *_changes(rules, action)):
                yield Step(action=action, by=by, fields={**fields, **changed}, case_id=case.id)


def _changes(rules: CompiledPolicy, action: str) -> Iterator[dict[str, Scalar]]:
    known = rules.fields.get(action, {})
    asked_about = _asked_about(rules) if rules.policy.actions[action].updates else {}
    for name in rules.policy.actions[action].updates:
        for value in asked_about.get(name, ()):
            if name in known and not mistake(known[name], value):
                yield {name: value}


def _submissions(rules: CompiledPolicy, combinations: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What may matter of a submission: to whom, by whom, and one case for each set of clocks it may have."""
    by_clocks: dict[tuple[str, ...], dict[str, Any]] = {}
    own, terms = rules.own_fields("submit"), _terms(rules)
    for fields in combinations:
        inquiry = {name: str(value) for name, value in fields.items() if name not in own}
        origin = e.Origin(fields=tuple((name, fields[name]) for name in own if name in fields), **inquiry)
        clocks = tuple(plan.name for plan in rules.plans if plan.applies(origin, ""))
        by_clocks.setdefault(clocks, fields)
    for base in (
        {},
        {"citizen": CITIZEN},
        {"to": UNITS[0]},
        {"to": UNITS[0], "citizen": CITIZEN},
    ):
        for fields in by_clocks.values():
            yield {**base, **fields}
            if terms:
                yield {**base, **terms, **fields}


def combinations_of(rules: CompiledPolicy) -> tuple[dict[str, Any], ...]:
    """What submissions may say: each kind, urgency, channel, region and own field that a clock asks about.

    Every value that is asked about, one that is not, and none at all, each with each; `MOST_COMBINATIONS` of
    them.
    """
    fields, asked_about = rules.fields["submit"], _asked_about(rules)
    tables: list[list[tuple[str, Scalar | None]]] = []
    for name, values in asked_about.items():
        typed = fields.get(name)
        if typed is None or typed.type == "text":
            continue
        others = [value for value in _values_beside(name, typed, values) if value not in values]
        absent: list[Scalar | None] = [] if name in rules.required["submit"] else [None]
        tables.append([(name, value) for value in (*absent, *values, *others)])
    chosen = islice(product(*tables), MOST_COMBINATIONS)
    return tuple({name: value for name, value in pairs if value is not None} for pairs in chosen)


def _asked_about(rules: CompiledPolicy) -> dict[str, list[Scalar]]:
    """The fields of a submission that some clock's ``when`` asks about, with the values that fit them."""
    wanted: dict[str, list[Scalar]] = {}
    for plan in rules.plans:
        for part in (plan.rule.when.admits, plan.rule.when.excludes):
            for name, values in part.items():
                typed = rules.fields["submit"].get(name)
                fitting = [value for value in values if typed is not None and not mistake(typed, value)]
                wanted[name] = list(dict.fromkeys((*wanted.get(name, ()), *fitting)))
    return wanted


def _values_beside(name: str, typed: FieldRule, values: Sequence[Scalar]) -> Sequence[Scalar]:
    """Values of a field of which no clock asks."""
    match typed.type:
        case "bool":
            return [True, False]
        case "int":
            low = typed.min if typed.min is not None else 0
            return [value for value in range(low, low + len(values) + 1) if not mistake(typed, value)][:1]
        case _:
            beside = [choice for choice in typed.choices if choice and choice not in values][:1]
            return list(beside) if typed.choices or typed.type != "string" else [f"{name}-other"]


def _terms(rules: CompiledPolicy) -> dict[str, Any]:
    """What a submission says in the fields that give terms of clocks: short ones."""
    fields = rules.fields["submit"]
    short = {"int": 1, "date": "2025-03-05", "instant": 1_741_140_600_000_000}
    names = (name for plan in rules.plans for name in plan.fields if name in fields)
    return {name: fields[name].min or short[fields[name].type] for name in names}


def _asked_of(rules: CompiledPolicy) -> tuple[tuple[str, ...], bool]:
    """The fields of the submission about which clocks ask, or that give their terms; and whether one asks
    for the unit.
    """
    names = dict.fromkeys(
        name
        for plan in rules.plans
        for name in (*plan.rule.when.admits, *plan.rule.when.excludes, *plan.fields)
    )
    return tuple(name for name in names if name != "unit"), "unit" in names


def _facts_of(policy: Policy) -> list[Any]:
    """What the policy's guards look at, each as a function of rules and case."""
    used = {guard for rule in policy.actions.values() for guard in rule.guards}
    limited = [name for name, rule in policy.actions.items() if rule.at_most or rule.within]
    taken = [_times_taken] if limited else []
    return [*taken, *(fact for guard, fact in _FACTS.items() if guard in used)]


def _times_taken(rules: CompiledPolicy, case: Case) -> tuple[int | bool, ...]:
    """How often what ``at_most`` limits was done in this cycle, and whether what ``within`` waits for was."""
    now, times = case.acted_us, list[int | bool]()
    for name, rule in rules.policy.actions.items():
        if rule.at_most is not None:
            times.append(sum(cycle == case.facts.cycle for _, cycle in case.taken(name, now)))
        if rule.within is not None:
            times.append(bool(case.taken(rule.within.of, now)))
    return tuple(times)


def _reply_stands(rules: CompiledPolicy, case: Case) -> bool:
    return case.has_reply


def _is_rated(rules: CompiledPolicy, case: Case) -> bool:
    return rating_of_last_reply(case) is not None


def _is_pending(rules: CompiledPolicy, case: Case) -> tuple[str, ...]:
    return tuple(sorted({request.clock for request in case.pending_extensions}))


def _waits(rules: CompiledPolicy, case: Case) -> bool:
    return any(item.is_awaited for item in case.facts.rectifications)


def _reports(rules: CompiledPolicy, case: Case) -> tuple[tuple[str, str], ...]:
    """The newest of what each unit was asked for or told."""
    newest = {
        unit: action for action, _, _, unit, _ in case.facts.taken if action in ("add_co_handler", *REPORTS)
    }
    return tuple(sorted(newest.items()))


def _returns_left(rules: CompiledPolicy, case: Case) -> bool:
    return case.facts.returns < rules.policy.limits.returns


def _reopens_left(rules: CompiledPolicy, case: Case) -> bool:
    return case.facts.reopens < rules.policy.limits.reopens


def _extensions_left(rules: CompiledPolicy, case: Case) -> tuple[bool, ...]:
    limit = rules.policy.limits.extensions
    return tuple(len(run.grants) < limit for run in case.clocks if run.is_running)


_FACTS = {
    "has_reply": _reply_stands,
    "not_rated": _is_rated,
    "returns_left": _returns_left,
    "reopens_left": _reopens_left,
    "extension_pending": _is_pending,
    "no_extension_pending": _is_pending,
    "extensions_left": _extensions_left,
    "rectification_linked": _waits,
    "helpers_reported": _reports,
    "rectifications_verified": _waits,
}
"""Guard -> what of a case it looks at."""
