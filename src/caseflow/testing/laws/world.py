"""The world of a life: the engine under proof, its twin that is never swept, and every case as last seen."""

from __future__ import annotations

from caseflow.core import events as e
from caseflow.core import falling_due
from caseflow.core.case import Case
from caseflow.core.commands import SYSTEM
from caseflow.desk import Desk
from caseflow.ports import Store
from caseflow.testing.laws import checks
from caseflow.testing.laws.asked import Done, is_act
from caseflow.testing.laws.broken import LawBroken, hold
from caseflow.testing.laws.coverage import Coverage
from caseflow.testing.laws.engine import Arranged, CountingClock, Engine
from caseflow.testing.laws.model import Model
from caseflow.testing.laws.twins import Under

SECRET = "机密"
"""How every text in a life begins, so that one that leaks is known."""
IDS = ("c1", "c2", "c3")
"""The cases of a life."""


class World:
    """What there is in a life, and how it is looked at: every new event is checked when it is first seen.

    Beside the engine under proof runs a second one that takes the same commands and is never swept, and a
    model that works everything out from the policy's own words.
    """

    def __init__(self, under: Under, *, start: int, engine: Engine, coverage: Coverage) -> None:
        self.under = under
        self.engine = engine
        self.start = start
        self.clock = CountingClock(start)
        self.store = Arranged(engine.store())
        self.desks = self._desks(self.store, self.clock)
        self.unswept_clock = CountingClock(start)
        self.unswept_store = engine.store()
        self.unswept = self._desks(self.unswept_store, self.unswept_clock)
        self.models: dict[str, Model] = {}
        self.seen: dict[str, Case] = {}
        self.done: list[Done] = []
        self.people: set[str] = set()
        self.coverage = coverage

    def _desks(self, store: Store | Arranged, clock: CountingClock) -> tuple[Desk, Desk]:
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
            return falling_due.caught_up(self.desk.rules_of(case_id), case, until)[0]
        except Exception as error:
            raise LawBroken("6", f"catching up failed: {error!r}", case_id=case_id) from error

    def by_itself(self, case_id: str) -> int:
        """When the system last took an action of its own on the case; 0 for never."""
        acts = (event for event in self.store.events(case_id) if event.by == SYSTEM and is_act(event))
        return max((event.at_us for event in acts), default=0)

    def start_anew(self) -> None:
        """Another process goes on with what the dead one left in the store."""
        self.store.quiet()
        self.store = Arranged(self.engine.reopen(self.store.behind))
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
                    checks.issued_in_order(changed[case_id], self.clock.now, case_id)
                self.coverage.saw(changed[case_id])
        return changed

    def _fresh(self, case: Case, old: int, law: str) -> tuple[e.Event, ...]:
        """The case's events after the old version, taken by its model and checked."""
        events: tuple[e.Event, ...] = self.store.events(case.id)
        checks.replay_is_live(case, events, law)
        model = self.models.setdefault(case.id, Model(self.under.modelled.__getitem__))
        for event in events[model.version :]:
            model.take(event)
        fresh = events[old:]
        checks.as_modelled(case, model)
        checks.timed_actions_taken(fresh, model, case.id)
        checks.public_is_clean(self.desk.public(case.id), case, (SECRET, *self.people))
        return fresh

    def owed(self, case: Case, upto: int) -> None:
        """The case bears the cards and reminders that the model owes by that instant, and no others."""
        checks.cards_as_owed(case, self.models[case.id], upto)
