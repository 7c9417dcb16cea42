"""One command of a life: asked with rivals and crashes arranged, and all that must hold after it."""

from __future__ import annotations

from collections.abc import Callable

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.commands import SYSTEM
from caseflow.errors import Refusal, Stale
from caseflow.testing.laws import checks
from caseflow.testing.laws.asked import Asked, Done, Outcome, answer, is_act
from caseflow.testing.laws.broken import hold
from caseflow.testing.laws.engine import Crash
from caseflow.testing.laws.world import World

Changed = dict[str, tuple[e.Event, ...]]
"""The new events of every case that changed."""


class Acting:
    """A command on its way through the engine.

    Args:
        world: where it is asked.
        asked: the command.
        key: its idempotency key.
        rival: who is faster, and crash: when the process dies, as for `caseflow.testing.Life.act`.
    """

    def __init__(self, world: World, asked: Asked, *, key: str, rival: str = "", crash: str = "") -> None:
        self.world, self.asked, self.key = world, asked, key
        self.case_id, self.action = asked.case_id, asked.action
        self.rival, self.crash = rival, crash
        self.now = world.clock.now
        self.by = asked.terms["by"]
        self.taken: list[Outcome] = []
        """What a rival got who asked for the same between load and append."""

    def run(self, *, refused: str = "") -> str:
        """Ask, and hold the outcome against the laws; the refusal's code, empty when it was accepted."""
        world = self.world
        before = world.judged(self.case_id)
        outcome = self._settled()
        changed = world.look(law="10" if self.rival else "1")
        if self.rival == "always" and isinstance(outcome, Stale):
            self._hold(not changed, "10", "a command that gave up left something behind")
            return "stale"
        self._hold(not isinstance(outcome, Stale), "10", "it gave up too early")
        through = self.rival != "always" or isinstance(outcome, Refusal)
        self._hold(through, "10", "decided more than 5 times")
        self._same_unswept(outcome)
        if isinstance(outcome, Refusal):
            if self.taken:
                before, changed = world.judged(self.case_id), {}
            self._refused(outcome, before, changed)
            self._hold(refused in ("", outcome.code), "8", f"refused as {outcome.code}, not {refused}")
            world.coverage.refused(before.state, self.action, outcome.code)
            return outcome.code
        self._hold(not refused, "8", f"accepted, which {refused} forbids")
        assert isinstance(outcome, Case), "nobody is left to crash it"
        self._accepted(outcome, before, changed)
        return ""

    def _hold(self, found: object, law: str, what: str) -> None:
        hold(found, law, what, case_id=self.case_id)

    # -- asking -------------------------------------------------------------------------------------------

    def _settled(self) -> Outcome:
        """The answer, when everybody who was arranged has done their part."""
        world, clock = self.world, self.world.clock
        self._arrange()
        clock.read, clock.drifts = 0, bool(self.rival)
        outcome = self.asked.of(world.desks, key=self.key)
        if self.crash:
            outcome = self._after_crash(outcome)
        elif not self.taken:
            self._hold(clock.read == 1, "10", f"the clock was read {clock.read} times")
        clock.drifts = False
        world.store.quiet()
        return outcome

    def _arrange(self) -> None:
        """Let somebody be faster, or the process die."""
        store = self.world.store
        if self.crash:
            setattr(store, f"{self.crash}_append", _die)
        elif self.rival == "sweep":
            store.after_load = lambda: self._by_rival(self.world.desks[1].sweep)
        elif self.rival == "same":
            store.after_load = lambda: self._by_rival(
                lambda: self.taken.append(self.asked.of(self.world.desks))
            )
        elif self.rival in ("busy", "always"):
            store.faster = 4 if self.rival == "busy" else 5

    def _by_rival(self, does: Callable[[], object]) -> None:
        """Somebody else does it, whose readings of the clock are their own."""
        clock = self.world.clock
        read, drifts, clock.read, clock.drifts = clock.read, clock.drifts, 0, False
        does()
        clock.read, clock.drifts = read, drifts

    def _after_crash(self, outcome: Outcome) -> Outcome:
        """Start anew on what is left, and ask again: all that was acknowledged is there."""
        world, where = self.world, self.case_id
        world.start_anew()
        self._nothing_lost(crashed=isinstance(outcome, Crash))
        if not isinstance(outcome, Crash):
            return outcome
        before, last_seen = world.case(where).version, world.seen.get(where, Case(where)).version
        again = self.asked.of(world.desks, key=self.key)
        if world.store.recall(self.by.id, self.key) is not None and isinstance(again, Case):
            grown = world.case(where).version - before
            recorded = grown if before != last_seen else 0
            self._hold(recorded == 0, "7", "asked again after a crash, it was recorded twice")
        return again

    def _nothing_lost(self, *, crashed: bool) -> None:
        """Every other case is in the store as it was; this one too, when the crash came before an answer."""
        for known, case in self.world.seen.items():
            found = self.world.store.load(known)
            kept = found is not None and found.version >= case.version
            if known != self.case_id:
                hold(kept, "7", "a case was lost", case_id=known)
            elif crashed and case.version:
                hold(kept, "7", "events lost", case_id=known)

    # -- what must hold -----------------------------------------------------------------------------------

    def _same_unswept(self, outcome: Outcome) -> None:
        """The engine that was never swept gives the same answers and the same case."""
        world = self.world
        world.unswept_clock.now = world.clock.now
        for first in (*self.taken, outcome):
            mine, theirs = answer(first), answer(self.asked.of(world.unswept))
            self._hold(mine == theirs, "2", f"{self.action}: swept {mine}, unswept {theirs}")
        found, expected = world.store.load(self.case_id), world.unswept_store.load(self.case_id)
        if found is not None and expected is not None and not isinstance(outcome, Refusal):
            checks.same_case(found, expected, max(world.clock.now, found.acted_us))

    def _refused(self, found: Refusal, before: Case, changed: Changed) -> None:
        """A refusal records nothing (a rival sweep's rungs aside), uses up no key, and is data."""
        world = self.world
        fired = self.rival == "sweep"
        mine = [done for found in changed.values() for done in found if not (fired and done.by == SYSTEM)]
        self._hold(not mine, "2", "a refused command was recorded")
        self._hold(world.store.recall(self.by.id, self.key) is None, "7", "a refusal used up its key")
        rule = world.desk.rules.policy.actions.get(self.action)
        checks.refusal_is_data(
            found, action=self.action, state=before.state, source=rule.source if rule else "",
            now=self.now, case_id=self.case_id,
        )  # fmt: skip

    def _accepted(self, after: Case, before: Case, changed: Changed) -> None:
        """What was acknowledged is recorded as of its instant, after all that was due by then."""
        world, events = self.world, changed.get(self.case_id, ())
        mine = [event for event in events if event.by == self.by and is_act(event)]
        self._hold(mine, "7", f"{self.action} was acknowledged and not recorded")
        self._dated(mine[-1])
        world.done.append(Done(asked=self.asked, key=self.key, after=after))
        world.coverage.took(before.state, self.action)
        for known in changed:
            case = world.seen[known]
            world.owed(case, max(self.now, case.acted_us))
        if "effective_at" not in self.asked.terms and self.action != "adopt_rules" and len(mine) == 1:
            checks.issued_in_order(events[: events.index(mine[0])], self.now, self.case_id)

    def _dated(self, event: e.Event) -> None:
        """The event has the instant that was read at the door, or says that it was clamped."""
        now, said = self.now, event.at_us if event.clamped_us is None else event.clamped_us
        self._hold(said == now, "10", f"asked at {now}, recorded as of {said}")
        self._hold(event.at_us >= now, "10", f"recorded at {event.at_us}, before {now}")
        acts = [one.at_us for one in self.world.store.events(self.case_id) if is_act(one)]
        self._hold(acts == sorted(acts), "10", "the instants of a case's acts decrease")


def _die() -> None:
    raise Crash
