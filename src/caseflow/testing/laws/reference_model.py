"""What a case must be, derived anew from the policy and from what happened.

The model reads of each event only what it is: its name, its instants, its actor and its fields. States,
holders, clocks and deadlines it works out by itself, from the policy's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from caseflow.core.engine.actions import ACTIONS
from caseflow.core.model import events as e
from caseflow.testing.laws.reference_clocks import (
    FAR,
    Fold,
    Happening,
    Key,
    ModelledPolicy,
    Running,
    newest_of,
)

__all__ = ["FAR", "Model", "ModelledPolicy", "Running", "plain"]

ACTION_OF = {spec.event.name: action for action, spec in ACTIONS.items()}
"""The registered name of an event -> the built-in action it comes from."""
Followed = tuple[int, int, "list[tuple[int, str]]", "tuple[Followed, ...]"]
"""From when to when a case followed another, and who held that one, by itself or by whom it followed."""


def _holder(holders: Sequence[tuple[int, str]], followed: Sequence[Followed], us: int) -> str:
    for begun, ended, primary_holders, before in followed:
        if begun < us <= ended:
            return _holder(primary_holders, before, us)
    held = (unit for since, unit in reversed(holders) if since < us)
    return next(held, holders[0][1] if holders else "")


def _came_from(acts: Sequence[Happening]) -> str:
    """The state before the one in which these acts leave a case."""
    return next((act.came_from for act in reversed(acts) if act.came_from != act.state), "")


class Model:
    """A case worked out from its events: its acts in the order of effect, gone through from the first."""

    def __init__(
        self, rules_of: Callable[[str], ModelledPolicy], others: Mapping[str, Model] | None = None
    ) -> None:
        self._rules_of = rules_of
        self._others: Mapping[str, Model] = (
            {} if others is None else others
        )  # of the same world, and empty at first
        self._merge: tuple[int, str] | None = None
        self._followed: list[Followed] = []
        self.version, self.state = 0, ""
        self.came_from = ""
        self.rules: ModelledPolicy | None = None
        self.origin: dict[str, Any] = {}
        """What the case counts as submitted."""
        self.now = 0
        """When the last of its events was recorded."""
        self.acts: list[Happening] = []
        self.runs: list[Running] = []
        self._final: dict[Key, Running] = {}
        """Cycles that ran under rules which the case has left since: nothing changes them any more."""
        self._floors: dict[Key, dict[str, int | None]] = {}
        self.appealed: set[tuple[str, str, int, str]] = set()
        """Clock, subject, cycle and level of each card that was annulled on appeal: none stands again."""
        self.was_merged = False
        self.strange = ""

    @property
    def holders(self) -> list[tuple[int, str]]:
        """Since when which unit held the case, in the order of effect."""
        return [(act.at, act.unit) for act in self.acts if act.unit is not None]

    @property
    def unit(self) -> str:
        """The unit of the latest hand-over."""
        return next((unit for _, unit in reversed(self.holders)), "")

    def holder_at(self, us: int) -> str:
        """Who held the case, or the primary it followed; a hand-over at that very instant comes after."""
        return _holder(self.holders, self._followed, us)

    def _follow(self, act: Happening) -> None:
        """Take note of whom the case follows, and of who held that case when it goes on by itself."""
        if isinstance(act.event, e.Merged):
            self._merge = (act.at, act.event.primary)
        elif isinstance(act.event, e.Resumed) and self._merge is not None:
            begun, name = self._merge
            primary = self._others.get(name)
            if primary is not None:
                self._followed.append((begun, act.at, primary.holders, tuple(primary._followed)))

    def take(self, event: e.Event) -> None:
        """Go on by one event."""
        self.version += 1
        self.now = max(self.now, event.at_us)
        if isinstance(event, e.RungEvent | e.CardAnnulled | e.Followed | e.UnknownEvent):
            if self.rules is not None and any(self.rules.follows.values()):
                self._count()
            return
        if isinstance(event, e.Submitted):
            self.rules = self._rules_of(event.origin.policy_hash)
        rules = self.rules
        assert rules is not None, "a case begins with its submission"
        if isinstance(event, e.Migrated):
            self._leave(rules, self._rules_of(event.policy_hash), event)
        action = event.action if isinstance(event, e.Acted) else ACTION_OF[event.name]
        act = Happening(event, action=action, came_from=self.state, state=self.state)
        if not self._put_in_its_time(rules, act):
            self._put_by_the_present(rules, act)
        self.was_merged = self.was_merged or isinstance(event, e.Merged)
        if isinstance(event, e.AppealUpheld):
            self.appealed.add((event.clock, event.subject, event.cycle, event.level))
        self._follow(act)
        self._count()

    # -- the order of effect ------------------------------------------------------------------------------

    def _turn(self, at: int) -> int:
        """The place of an act of that instant: after all that took effect by then."""
        return sum(act.at <= at for act in self.acts)

    def _put_in_its_time(self, rules: ModelledPolicy, act: Happening) -> bool:
        """Take an act told late where it took effect, and go through what came after it once more.

        Whether that is possible: the policy accepts it in the state of its own time, and those after it.
        """
        turn = self._turn(act.at)
        acts, later = self.acts[:turn], self.acts[turn:]
        if not later:
            return False
        state = acts[-1].state if acts else ""
        unit = next((before.unit for before in reversed(acts) if before.unit is not None), "")
        before = _came_from(acts)
        for place, one in enumerate([act, *later]):
            was_before = _came_from([*self.acts[:turn], *later[: place - 1]]) if place else ""
            if place and one.came_from == state and before == was_before:
                self.acts = [*acts, *later[place - 1 :]]  # from here on nothing is otherwise than it was
                self.came_from = _came_from(self.acts)
                return True
            unit = unit if one.unit is None else one.unit
            target = rules.target(state, one.action, bool(unit), before)
            if target is None:
                return False
            acts.append(one.led(state, target))
            before, state = state if target != state else before, target
        stands = later[-1].state
        if state != stands:
            if stands != self.state:
                return False  # an earlier act was taken in today's state, which this one must not move
            self.state = state
        self.acts = acts
        self.came_from = _came_from(acts)
        return True

    def _put_by_the_present(self, rules: ModelledPolicy, act: Happening) -> None:
        """Take an act that leads from today's state to where that leads, at the instant of its effect."""
        held = self.unit if act.unit is None else act.unit
        target = rules.target(self.state, act.action, bool(held), self.came_from)
        if target is None:
            self.strange = f"{act.action} was taken in {self.state or 'no state'}, which does not accept it"
            target = self.state
        self.acts.insert(self._turn(act.at), act.led(self.state, target))
        self.came_from = self.came_from if target == self.state else self.state
        self.state = target

    # -- clocks -------------------------------------------------------------------------------------------

    def _count(self) -> None:
        """Every instance anew from the acts; those that are final stay as they are.

        Clocks that begin where others end are begun once it is known where those end.
        """
        rules = self.rules
        assert rules is not None, "a case begins with its submission"
        ends: list[tuple[int, Key]] = []
        fold = Fold(rules, self.acts, ends)
        for _ in rules.policy.clocks:
            reached = [
                (at, run.key)
                for run in fold.runs
                if rules.follows.get(run.key[0]) and (at := run.ends_at(self.now)) is not None
            ]
            if sorted(reached) == ends:
                break
            ends = sorted(reached)
            fold = Fold(rules, self.acts, ends)
        self.runs, self.origin = fold.runs, fold.origin
        self._settle()

    def latest(self, clock: str, subject: str) -> Running | None:
        """The newest instance of the clock for the subject."""
        return newest_of(self.runs, clock, subject)

    # -- other rules --------------------------------------------------------------------------------------

    def _leave(self, old: ModelledPolicy, new: ModelledPolicy, event: e.Migrated) -> None:
        """Older cycles stay as they ran, unless the new rules differ in days of calendars alone."""
        if old.policy.document()["policy"] != new.policy.document()["policy"]:
            for run in self.runs:
                if self.latest(*run.key[:2]) is not run:
                    self._final.setdefault(run.key, run)
        self._floors = {}
        if not event.retroactive:
            self._floors = {
                run.key: {level: late for _, level, late, _ in run.dues()}
                for run in self.runs
                if run.key not in self._final
            }
        self.rules = new

    def _settle(self) -> None:
        """Put the final cycles in the place of what they would be under the rules of today."""
        newest: dict[tuple[str, str], int] = {}
        for clock, subject, cycle in self._final:
            newest[clock, subject] = max(cycle, newest.get((clock, subject), 0))
        going_on = [run for run in self.runs if run.key[2] > newest.get(run.key[:2], 0)]
        self._floors = {run.key: self._floors[run.key] for run in going_on if run.key in self._floors}
        for run in going_on:
            run.floors = self._floors.get(run.key, {})
        self.runs = [*self._final.values(), *going_on]


def plain(run: Any) -> tuple[Any, ...]:
    """What of an engine's instance the model has a word on."""
    return run.since_us, run.until_us, run.status, tuple(run.pauses), tuple(run.grants), run.from_us
