"""The world of a life: the engine under proof, its twin that is never swept, and every case as last seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import attrs

from caseflow.core.engine import escalation as falling_due
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.machine import transitions
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.commands import SYSTEM
from caseflow.core.policy import Policy, Rung
from caseflow.core.time.span import length_of
from caseflow.desk import Desk
from caseflow.errors import CaseflowError, Refusal, Refused, Stale
from caseflow.ports import Append, KeyClaim, Store
from caseflow.stores.memory import MemoryStore
from caseflow.testing.laws import invariants
from caseflow.testing.laws.coverage import Coverage
from caseflow.testing.laws.laws import LawBroken, hold
from caseflow.testing.laws.reference_model import Model, ModelledPolicy
from caseflow.testing.step import Step


def _same(store: Store) -> Store:
    return store


@attrs.frozen(kw_only=True)
class Engine:
    """What is proved: by default the shipped desk on a store in memory.

    Args:
        desk: makes a desk, called as ``desk(rules, store, clock=clock)`` with the policy compiled.
        store: makes an empty store.
        reopen: what is left of a store after a crash, ready for use: close what the dead process had open
            and open it anew. By default the very store.
    """

    desk: Callable[..., Desk] = Desk
    store: Callable[[], Store] = MemoryStore
    reopen: Callable[[Store], Store] = _same


class Crash(BaseException):
    """The process dies here. Not an `Exception`, so that nothing on the way recovers from it."""


class RacingStore:
    """A store in front of another one: at a chosen moment somebody else is faster, or the process dies."""

    def __init__(self, store: Store) -> None:
        self.behind = store
        self.after_load: Callable[[], None] | None = None
        self.before_append: Callable[[], None] | None = None
        self.after_append: Callable[[], None] | None = None
        self.faster = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def load(self, case_id: str) -> Case | None:
        """The case; then, once, what was arranged."""
        case = self.behind.load(case_id)
        self._once("after_load")
        return case

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """What was arranged before it, the append itself, and what was arranged after it."""
        if self.faster:
            self.faster -= 1
            raise Stale(appends[0].case.id, expected=appends[0].expected)
        self._once("before_append")
        self.behind.append(appends, claim)
        self._once("after_append")

    def quiet(self) -> None:
        """Call off whatever was arranged."""
        self.after_load = self.before_append = self.after_append = None
        self.faster = 0

    def _once(self, moment: str) -> None:
        arranged = getattr(self, moment)
        if arranged is not None:
            self.quiet()
            arranged()


class CountingClock:
    """A clock that stands still until it is set, and counts how often it was read.

    While ``drifts`` each reading is a microsecond later than the last, so that a second reading shows.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.read = 0
        self.drifts = False

    def now_us(self) -> int:
        """Epoch microseconds (UTC)."""
        self.read += 1
        return self.now + (self.read - 1 if self.drifts else 0)


class PolicyUnderTest:
    """A policy and its longer twin, compiled for the engine and made ready for the model; lives share it.

    Attributes:
        rules: the policy's and its twin's, compiled.
        modelled: by pin, what the model reads.
        targets: (state, action) -> the state in which the action leaves the case, under the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.rules = (CompiledPolicy(policy), CompiledPolicy(longer(policy)))
        self.modelled = {rules.pin: ModelledPolicy(rules.policy) for rules in self.rules}
        self.targets = {(way.state, way.action): way.target for way in transitions(policy)}


def longer(policy: Policy) -> Policy:
    """The policy with every rung a day later, or an hour: what a case may adopt."""
    clocks = {
        name: attrs.evolve(clock, rungs=tuple(_longer(rung) for rung in clock.rungs))
        for name, clock in policy.clocks.items()
    }
    return attrs.evolve(policy, version=f"{policy.version}-longer", clocks=clocks)


def _longer(rung: Rung) -> Rung:
    unit, amount = length_of(rung)
    return attrs.evolve(rung, **cast(Any, {unit: amount + 1})) if isinstance(amount, int) and unit else rung


Answer = Case | Refusal | Stale | Crash
"""What comes of a command that is asked: the case, a refusal, or the end of trying."""


def answer_of(step: Step, desk: Desk, *, keyed: bool = True) -> Answer:
    """What the desk answers to the step; any other error than those of `Answer` breaks law 8."""
    try:
        return (step if keyed else step.replace(key=None)).ask(desk)
    except Refused as error:
        return error.refusal
    except (Stale, Crash) as error:
        return error
    except CaseflowError as error:
        what = f"{step.action} failed with {error.code}: {error}"
        raise LawBroken("8", what, case_id=step.case_id) from error


def kind_of(answer: Answer) -> str:
    """The kind of an answer, and the code of a refusal."""
    if isinstance(answer, Refusal):
        return f"refused: {answer.code}"
    return "case" if isinstance(answer, Case) else type(answer).__name__.lower()


def is_act(event: e.Event) -> bool:
    """Whether somebody did it, or the system by itself: not a card, its annulment, a mark of another case."""
    return not isinstance(event, e.RungEvent | e.CardAnnulled | e.Followed | e.LinkedCaseMoved)


SECRET = "机密"
"""How every text in a life begins, so that one that leaks is known."""
IDS = ("c1", "c2", "c3")
"""The cases of a life."""


class World:
    """What there is in a life, and how it is looked at: every new event is checked when it is first seen.

    Beside the engine under proof runs a second one that takes the same commands and is never swept, and a
    model that works everything out from the policy's own words.
    """

    def __init__(self, under: PolicyUnderTest, *, start: int, engine: Engine, coverage: Coverage) -> None:
        self.under = under
        self.engine = engine
        self.start = start
        self.clock = CountingClock(start)
        self.store = RacingStore(engine.store())
        self.desks = self._desks(self.store, self.clock)
        self.unswept_clock = CountingClock(start)
        self.unswept_store = engine.store()
        self.unswept = self._desks(self.unswept_store, self.unswept_clock)
        self.models: dict[str, Model] = {}
        self.seen: dict[str, Case] = {}
        self.accepted: list[tuple[Step, Case]] = []
        """Commands that were accepted, each with the case that it gave back."""
        self.people: set[str] = set()
        self.coverage = coverage

    def _desks(self, store: Store | RacingStore, clock: CountingClock) -> tuple[Desk, Desk]:
        first, second = (self.engine.desk(rules, store, clock=clock) for rules in self.under.rules)
        return first, second

    @property
    def desk(self) -> Desk:
        """The desk under the policy."""
        return self.desks[0]

    def case(self, case_id: str) -> Case:
        """The case as it is stored; before its submission an empty one."""
        return self.store.load(case_id) or Case(case_id)

    def judged(self, case_id: str) -> Case:
        """The case on which a command is judged: everything due has been issued."""
        case = self.case(case_id)
        if not case.version:
            return case
        until = max(self.clock.now, case.acted_us)
        try:
            return falling_due.escalate(
                self.desk.rules_of(case_id), case, until, history=lambda: self.store.events(case_id)
            )[0]
        except Exception as error:
            raise LawBroken("6", f"catching up failed: {error!r}", case_id=case_id) from error

    def by_itself(self, case_id: str) -> int:
        """When the system last took an action of its own on the case; 0 for never."""
        acts = (event for event in self.store.events(case_id) if event.by == SYSTEM and is_act(event))
        return max((event.at_us for event in acts), default=0)

    def start_anew(self) -> None:
        """Another process goes on with what the dead one left in the store."""
        self.store.quiet()
        self.store = RacingStore(self.engine.reopen(self.store.behind))
        self.desks = self._desks(self.store, self.clock)

    def look(self, *, law: str, swept: bool = False) -> dict[str, tuple[e.Event, ...]]:
        """Read every case anew; the new events of those that changed, each checked.

        Args:
            law: the one that is broken when what is stored is not what replay gives.
            swept: whether a sweep made the changes, which then must come in order.
        """
        changed: dict[str, tuple[e.Event, ...]] = {}
        for case_id in dict.fromkeys((*self.seen, *IDS)):
            case, before = self.store.load(case_id), self.seen.get(case_id)
            if case is before or case is None:
                continue
            old = before.version if before else 0
            hold(case.version >= old, "7", f"version {old} became {case.version}", case_id=case_id)
            self.seen[case_id] = case
            if before != case:
                changed[case_id] = self._fresh(case, old, law)
                if swept:
                    invariants.issued_in_order(changed[case_id], self.clock.now, case_id)
                self.coverage.saw(changed[case_id])
        return changed

    def _fresh(self, case: Case, old: int, law: str) -> tuple[e.Event, ...]:
        """The case's events after the old version, taken by its model and checked."""
        events: tuple[e.Event, ...] = self.store.events(case.id)
        invariants.replay_is_live(case, events, law)
        model = self.models.setdefault(case.id, Model(self.under.modelled.__getitem__, self.models))
        for event in events[model.version :]:
            model.take(event)
        fresh = events[old:]
        invariants.as_modelled(case, model)
        invariants.timed_actions_taken(fresh, model, case.id)
        invariants.public_is_clean(self.desk.public(case.id), case, (SECRET, *self.people))
        return fresh

    def hold_cards(self, case: Case, upto: int, *, acted: bool = False) -> None:
        """The case bears the cards and reminders that the model owes by that instant, and no others.

        Where it was ``acted`` on at that instant, what the act itself makes due then waits for a sweep.
        """
        invariants.cards_as_owed(case, self.models[case.id], upto, acted=acted)
