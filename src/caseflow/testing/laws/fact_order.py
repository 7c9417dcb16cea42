"""The order of telling: the same facts, told late in any order the lifecycle allows, leave the same cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

from caseflow.clock import ManualClock
from caseflow.core.engine.compiled_policy import HANDS_OVER, CompiledPolicy, Transition
from caseflow.core.engine.escalation import escalate
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.policy import Policy
from caseflow.core.time.instants import DAY, HOUR, micros
from caseflow.desk import Desk
from caseflow.errors import CaseflowError, Refused
from caseflow.policies.load import load_policy
from caseflow.testing.actors import accepted_actions
from caseflow.testing.command_generator import legal_command
from caseflow.testing.laws.laws import LawBroken, Violation
from caseflow.testing.laws.world import Engine
from caseflow.testing.step import Call, Step, python_source, utc_text
from caseflow.testing.timeline.stored_story import story_of

CASE = "c1"
LEFT_OUT = ("submit", "merge", "migrate", "redact")
"""Actions that are no fact of one case's life under one policy."""
MOST_FACTS = 4
MOST_ORDERS = 8
"""Orders tried of the same facts: theirs in time, the reverse, and some others."""
AFTERWARDS = 60 * DAY
"""How long after the telling the cards are compared once more."""

Cards = frozenset[tuple[Any, ...]]


class FactSet:
    """FactSet of one case, each with the instant since which it is true, to be told in any order.

    Args:
        policy: a shipped name, a file or a policy.
        start: when the case is submitted: an aware datetime, its ISO text, or epoch microseconds.
        engine: what is proved.

    Attributes:
        steps: the submission, then the facts in the order of their instants.
        calls: how they were added, so that it can be written down.
    """

    def __init__(
        self, policy: Policy | CompiledPolicy | str | Path, *, start: str | int, engine: Engine | None = None
    ) -> None:
        self.rules = policy if isinstance(policy, CompiledPolicy) else CompiledPolicy(_loaded(policy))
        self.start = micros(start, what="start")
        self.engine = Engine() if engine is None else engine
        self.steps: list[Step] = []
        self.calls: list[Call] = []

    def add(
        self,
        action: str,
        *,
        by: Actor,
        fields: Mapping[str, Any] | None = None,
        since: str | int | None = None,
    ) -> None:
        """A fact by somebody who may record it late; the first is the submission, which is told at once."""
        parts = dict(fields or {})
        at = self.start if since is None else micros(since, what="since")
        late = {} if since is None else {"since": utc_text(at)}
        self.calls.append(Call("add", (action,), {"by": by, "fields": parts, **late}))
        step = Step(action=action, by=by, fields=parts, case_id=CASE, at_us=at, effective_us=at)
        self.steps.append(step)

    def without(self, place: int) -> FactSet:
        """The same facts but for one."""
        fewer = FactSet(self.rules, start=self.start, engine=self.engine)
        fewer.steps = [step for turn, step in enumerate(self.steps) if turn != place]
        fewer.calls = [call for turn, call in enumerate(self.calls) if turn != place]
        return fewer

    # -- telling ------------------------------------------------------------------------------------------

    def desk(self) -> Desk:
        """A desk of the engine under proof on an empty store, its clock at the start."""
        return self.engine.desk(self.rules, self.engine.store(), clock=ManualClock(self.start))

    def told(self, order: Sequence[int], *, now: int) -> Desk | None:
        """A desk to which the facts were told at that instant in that order; `None` when one is refused."""
        desk = self.desk()
        try:
            self.steps[0].replace(effective_us=None).take(desk)
            for place in order:
                self.steps[place].replace(at_us=now).take(desk)
        except Refused:
            return None
        desk.clock.set(now)
        desk.sweep()
        return desk

    def told_in_time(self, *, now: int) -> Desk | None:
        """A desk to which each fact was told at its own instant; `None` when one is refused, and where the
        system acts by itself, since it cannot know yet what is told later.
        """
        if any(plan.then for plan in self.rules.plans) or self.rules.dissatisfied is not None:
            return None
        desk = self.desk()
        try:
            for step in self.steps:
                step.replace(effective_us=None).take(desk)
        except Refused:
            return None
        desk.clock.set(now)
        desk.sweep()
        return desk

    # -- the law ------------------------------------------------------------------------------------------

    def orders(self) -> Iterator[tuple[int, ...]]:
        """Orders of telling: that of time, its reverse, then others; `MOST_ORDERS` at the most."""
        places = tuple(range(1, len(self.steps)))
        every = list(permutations(places))
        step = max(1, len(every) // (MOST_ORDERS - 2))
        yield from dict.fromkeys((places, places[::-1], *every[1::step]))

    def hold(self, *, now: str | int) -> int:
        """Tell the facts at that instant in every order, and compare; how many routes agree with the first.

        Raises:
            LawBroken: two orders leave other standing cards, then or later, or cards of other units.
        """
        at = micros(now, what="now")
        routes = [("in time", self.told_in_time(now=at))]
        routes += [(self._named(order), self.told(order, now=at)) for order in self.orders()]
        compared, first = 0, ("", list[Cards]())
        for name, desk in routes:
            if desk is None:
                continue
            cards = [_standing(desk)]
            desk.clock.set(at + AFTERWARDS)
            desk.sweep()
            cards.append(_standing(desk))
            if not first[0]:
                first = name, cards
                continue
            compared += 1
            for expected, one in zip(first[1], cards, strict=True):
                if one != expected:
                    what = f"told {first[0]}, then told {name}: {_listed(expected, one)}"
                    raise LawBroken("11", what, case_id=CASE)
        return compared

    def _named(self, order: Sequence[int]) -> str:
        return ", ".join(self.steps[place].action for place in order) or "nothing"

    def snippet(self, source: str, *, now: int) -> str:
        """Python that tells the same facts again; ``source`` is the policy as Python says it."""
        lines = [
            "from caseflow import Actor, load_policy",
            "from caseflow.testing.laws.fact_order import FactSet",
            "",
            f"facts = FactSet({source}, start={python_source(utc_text(self.start))})",
            *(call.source("facts") for call in self.calls),
            f"facts.hold(now={python_source(utc_text(now))})  # raises",
        ]
        return "\n".join(lines) + "\n"


def _loaded(policy: Policy | str | Path) -> Policy:
    return policy if isinstance(policy, Policy) else load_policy(policy)


def _standing(desk: Desk) -> Cards:
    """What the standing cards and reminders say, but for when they were noticed."""
    escalations = desk.get(CASE).escalations
    return frozenset(
        (card.clock, card.subject, card.cycle, card.level, card.unit, card.effective_us)
        for card in escalations
        if card.stands
    )


def _listed(before: Cards, after: Cards) -> str:
    return f"{sorted(before - after)} against {sorted(after - before)}"


# -- generated facts ----------------------------------------------------------------------------------------


def generated_facts(
    rules: CompiledPolicy, start: int, random: Random, engine: Engine | None = None
) -> tuple[FactSet, int]:
    """FactSet of a case that can be told in the order of their instants, and when they are told."""
    facts = FactSet(rules, start=start, engine=engine)
    submission = _fact(rules, Case(CASE), "submit", start, random, backdating=False)
    now = start + random.randrange(2, 45) * DAY + random.randrange(24) * HOUR
    if submission is None or submission.by is None:
        return facts, now
    facts.add("submit", by=submission.by, fields=submission.fields)
    desk = facts.desk()
    facts.steps[0].take(desk)
    for since in _instants(rules, desk.get(CASE), now, random):
        desk.clock.set(now)
        step = _told_somehow(rules, desk, since, random)
        if step is not None and step.by is not None:
            facts.add(step.action, by=step.by, fields=step.fields, since=since)
    return facts, now


def _instants(rules: CompiledPolicy, case: Case, now: int, random: Random) -> list[int]:
    """Some instants between submission and now, no two alike: at rungs, a microsecond beside them, others."""
    start = case.submitted_us
    dues = [due for run in case.clocks for due in run.dues if due is not None and due < now]
    near = [due + offset for due in dues for offset in (-1, 0, 1)]
    others = [start + random.randrange(1, max((now - start) // HOUR, 2)) * HOUR for _ in range(MOST_FACTS)]
    chosen = random.sample(near, min(len(near), random.randrange(3))) + others
    instants = sorted({at for at in chosen if start < at < now})
    return sorted(random.sample(instants, min(len(instants), random.randrange(2, MOST_FACTS + 1))))


def _told_somehow(rules: CompiledPolicy, desk: Desk, since: int, random: Random) -> Step | None:
    """A fact of that instant which the desk accepts as told; those that touch cards are tried first."""
    now, history = desk.clock.now_us(), lambda: desk.store.events(CASE)
    case = escalate(rules, desk.get(CASE), now, history=history)[0]
    table = rules.table.get(case.state, {})
    names = [name for name in accepted_actions(rules, case) if name not in LEFT_OUT]
    random.shuffle(names)
    names.sort(key=lambda name: random.random() < _dullness(table[name]))
    for action in names[:6]:
        step = _fact(rules, case, action, since, random, backdating=True)
        try:
            if step is not None and step.ask(desk).is_open:
                return step
        except Refused:
            continue
        if step is not None:
            return step
    return None


def _dullness(row: Transition) -> float:
    """How often an action is left for later: one that ends the case, or that no card hangs on."""
    ends = any(place is not None and place.final for place in (row.place, row.held_place))
    touches_cards = row.event in HANDS_OVER or row.effects or row.held_effects
    return 0.9 if ends or not touches_cards else 0.0


def _fact(
    rules: CompiledPolicy, case: Case, action: str, since: int, random: Random, *, backdating: bool
) -> Step | None:
    step = legal_command(rules, case, action, random.randrange(1 << 24), backdating=backdating)
    if step is None:
        return None
    late = step.with_field("reason", "told late") if backdating else step
    return late.replace(effective_us=since if backdating else None, case_id=CASE)


def order_violation(
    rules: CompiledPolicy,
    source: str,
    *,
    starts: Sequence[int],
    routes: int,
    seed: int,
    engine: Engine | None = None,
) -> Violation | None:
    """The law broken by one of so many sets of generated facts, told with the fewest of them; else `None`."""
    for turn in range(routes):
        random = Random(f"{seed}/{turn}")
        facts, now = generated_facts(rules, starts[turn % len(starts)], random, engine)
        error = _broken(facts, now)
        if error is None:
            continue
        place = 1
        while place < len(facts.steps):
            fewer = facts.without(place)
            fewer_error = _broken(fewer, now)
            if fewer_error is None:
                place += 1
            else:
                facts, error = fewer, fewer_error
        return Violation("11", error.what, _story(facts, now), facts.snippet(source, now=now))
    return None


def _broken(facts: FactSet, now: int) -> LawBroken | None:
    try:
        if facts.steps:
            facts.hold(now=now)
    except LawBroken as error:
        return error
    return None


def _story(facts: FactSet, now: int) -> str:
    """The case as it came about when everything was told in the order of time."""
    telling = facts.told(range(1, len(facts.steps)), now=now)
    try:
        return "" if telling is None else str(story_of(telling))
    except CaseflowError as error:  # a broken engine may have kept what cannot be told
        return f"(cannot be told: {error})"
