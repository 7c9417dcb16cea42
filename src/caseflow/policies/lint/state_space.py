"""Every situation a case can come into under a policy: where it stands, and what its clocks do.

A graph is walked without instants and without people: an arrow is there when some role may take the action
and no guard that can be judged without them refuses it. Caps are kept as a mark on the arrow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from caseflow.core.engine.compiled_policy import HANDS_OVER, CompiledPolicy, Effect, Transition
from caseflow.core.model import events as e
from caseflow.core.model.commands import SYSTEM
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.value import Value

MOST = 20_000
"""Spots that a graph is walked to at the most; what lies beyond is not looked at."""


class Ticking(Value):
    """What one clock does: not begun, running, stopped, cancelled or held; and whether a pause is open."""

    status: str = ""
    paused: bool = False

    @property
    def runs(self) -> bool:
        """Whether it comes nearer to its next rung."""
        return self.status == "running" and not self.paused


NOT_BEGUN = Ticking()
_TICKING = {
    (status, paused): Ticking(status, paused)
    for status in ("running", "stopped", "cancelled", "held")
    for paused in (False, True)
}
"""Each of what a clock may do, built once: a walk makes millions."""


def _ticking(status: str, *, paused: bool) -> Ticking:
    return _TICKING[status, paused]


class Spot(Value):
    """A situation: the state, whether a unit holds the case, a reply and a rating stand, and the clocks.

    ``came_from`` is the state before, where some move of the policy leads back. ``awaits``: the citizen was
    asked for information and has not given it; only where the graph looks at that.
    """

    state: str
    held: bool
    replied: bool
    rated: bool
    clocks: tuple[Ticking, ...]
    came_from: str = ""
    awaits: bool = False


class Arrow(Value):
    """An action taken between two spots, or ``end:NAME``: the last rung of that clock is reached.

    ``revives``, ``begins`` and ``restarts`` are the indexes of clocks whose end it takes back, that it
    begins, and that it begins anew with more time.
    """

    origin: Spot
    action: str
    target: Spot
    capped: bool
    revives: tuple[int, ...] = ()
    begins: tuple[int, ...] = ()
    restarts: tuple[int, ...] = ()


class _Move(NamedTuple):
    """An act as it is taken where a case stands, whatever the clocks do: to where, and what it changes.

    Attributes:
        row: as the state before the present one makes it, where it leads back.
        effects: each with the index of its clock.
    """

    action: str
    state: str
    held: bool
    replied: bool
    rated: bool
    came_from: str
    awaits: bool
    capped: bool
    row: Transition
    effects: tuple[tuple[int, Effect], ...]


class Graph:
    """The spots that can be reached with some of a policy's clocks, nearest first, and the arrows between.

    Args:
        rules: the policy.
        plans: the clocks that are looked at.
        asks: whether it is looked at as well whether the citizen owes information; always where a guard
            does.
        only_running: whether of a clock only that is looked at which decides whether it runs, now or later:
            one that has ended for good has not begun, and pauses are left out where no end waits for them.

    Attributes:
        spots: in the order of the number of actions that lead there.
        complete: whether all of them were reached before `MOST`.
    """

    def __init__(
        self,
        rules: CompiledPolicy,
        plans: Sequence[CompiledClock] = (),
        *,
        asks: bool = False,
        only_running: bool = False,
    ) -> None:
        self.rules = rules
        guards = {guard for rule in rules.policy.actions.values() for guard in rule.guards}
        self._asks = asks or "information_awaited" in guards
        self.plans = tuple(plans)
        self._index = {plan.name: index for index, plan in enumerate(self.plans)}
        self.start = Spot("", False, False, False, (NOT_BEGUN,) * len(self.plans))
        self._arrows: dict[Spot, tuple[Arrow, ...]] = {}
        self._into: dict[Spot, Arrow] = {}
        self._alike = tuple(self._same(plan) if only_running else {} for plan in self.plans)
        self._known_moves: dict[Spot, tuple[_Move, ...]] = {}
        self.complete = self._walk()
        self.spots = tuple(self._arrows)

    def _same(self, plan: CompiledClock) -> dict[Ticking, Ticking]:
        """What the clock may do -> what it does as well, as far as it runs or may run again."""
        waits = any(other.name in self._index for other in self.rules.chained[plan.name])
        ended = ("cancelled",) if plan.rule.revive else ("cancelled", "stopped")
        return {
            one: NOT_BEGUN if one.status in ended else _ticking(one.status, paused=False)
            for one in _TICKING.values()
            if one.status in ended or (one.paused and not waits)
        }

    def _walk(self) -> bool:
        seen, edge = {self.start}, deque([self.start])
        while edge:
            spot = edge.popleft()
            self._arrows[spot] = tuple(self._from(spot))
            for arrow in self._arrows[spot]:
                if arrow.target not in seen:
                    if len(seen) >= MOST:
                        return False
                    seen.add(arrow.target)
                    self._into[arrow.target] = arrow
                    edge.append(arrow.target)
        return True

    def arrows(self, spot: Spot | None = None) -> tuple[Arrow, ...]:
        """The arrows that leave a spot, or all of them."""
        if spot is not None:
            return self._arrows.get(spot, ())
        return tuple(arrow for leaving in self._arrows.values() for arrow in leaving)

    def way_to(self, spot: Spot) -> tuple[str, ...]:
        """The fewest actions from before the submission to the spot."""
        names: list[str] = []
        while spot != self.start:
            arrow = self._into[spot]
            names.append(arrow.action)
            spot = arrow.origin
        return tuple(reversed(names))

    def loop(self, first: Arrow) -> tuple[str, ...]:
        """The fewest actions that begin with the arrow and come back to its origin, none of them capped.

        Empty when there is no such loop.
        """
        if first.capped:
            return ()
        back: dict[Spot, Arrow] = {}
        edge = deque([first.target])
        while edge and first.origin != first.target and first.origin not in back:
            for arrow in self._arrows.get(edge.popleft(), ()):
                if not arrow.capped and arrow.target not in back and arrow.target != first.target:
                    back[arrow.target] = arrow
                    edge.append(arrow.target)
        names, spot = list[str](), first.origin
        while spot != first.target:
            if spot not in back:
                return ()
            names.append(back[spot].action)
            spot = back[spot].origin
        return (first.action, *reversed(names))

    def spread(self, spots: Sequence[Spot], *, over: Callable[[Arrow], bool]) -> set[Spot]:
        """The spots that can be reached from these over arrows of that kind, these included."""
        seen, edge = set(spots), deque(spots)
        while edge:
            for arrow in self._arrows.get(edge.popleft(), ()):
                if arrow.target not in seen and over(arrow):
                    seen.add(arrow.target)
                    edge.append(arrow.target)
        return seen

    def by_system(self, spot: Spot, action: str) -> tuple[Spot, ...]:
        """Where the system's timed action may lead from there: the same spot when it may be refused."""
        row = self.rules.table[spot.state].get(action)
        if row is None or not passes(self.rules, row, spot):
            return (spot,)
        after = self._taken(spot, self._move(spot, row, held=_holders(row, spot)[-1])).target
        if row.event in HANDS_OVER:
            return (after, spot)  # there may be no unit of that place
        known = {"unit_holds", "nobody_holds", "has_reply", "not_rated"}
        return (after,) if set(row.guards) <= known else (after, spot)

    def _from(self, spot: Spot) -> Iterator[Arrow]:
        for move in self._moves(spot):
            yield self._taken(spot, move)
        yield from self._ends(spot)

    def _moves(self, spot: Spot) -> tuple[_Move, ...]:
        """What may be done there, whatever the clocks do."""
        key = spot.replace(clocks=())
        known = self._known_moves.get(key)
        if known is None:
            known = self._known_moves[key] = tuple(
                self._move(spot, row, held=held, capped=_is_capped(self.rules, row))
                for row in self.rules.table[spot.state].values()
                if passes(self.rules, row, spot) and may(row, spot, timed=True)
                for held in _holders(row, spot)
            )
        return known

    def _move(self, spot: Spot, row: Transition, *, held: bool, capped: bool = False) -> _Move:
        """What an act does there, whatever the clocks do."""
        action, event = row.action, row.event
        if row.back:
            row = row.back[spot.came_from]
        place, effects = (row.held_place, row.held_effects) if held else (row.place, row.effects)
        state = place.state if place else spot.state
        awaits = self._asks and (
            event is e.InformationRequested
            or (spot.awaits and event not in (e.InformationReceived, e.Reopened))
        )
        return _Move(
            action,
            state,
            held,
            replied=event is e.Replied
            or (spot.replied and event not in (e.ReplyRetracted, e.Reopened, e.Submitted)),
            rated=event is e.Rated or (spot.rated and event not in (e.Reopened, e.ReplyRetracted, e.Replied)),
            came_from=spot.state if self.rules.goes_back and state != spot.state else spot.came_from,
            awaits=awaits,
            capped=capped,
            row=row,
            effects=tuple((self._index[one[1].name], one) for one in effects if one[1].name in self._index),
        )

    def _ends(self, spot: Spot) -> Iterator[Arrow]:
        """The ends of running clocks at which others begin; each end comes once, so none is a loop's part."""
        for plan, ticking in zip(self.plans, spot.clocks, strict=True):
            clocks = list(spot.clocks)
            for chained in self.rules.chained[plan.name] if ticking.runs else ():
                index = self._index.get(chained.name)
                if index is not None and _begins_at_end(chained, plan, spot, spot.clocks[index]):
                    paused = f"state:{spot.state}" in chained.rule.pause
                    begun = _ticking("running", paused=paused)
                    clocks[index] = self._alike[index].get(begun, begun)
            if tuple(clocks) != spot.clocks:
                yield Arrow(spot, f"end:{plan.name}", spot.replace(clocks=tuple(clocks)), capped=True)

    def _taken(self, spot: Spot, move: _Move) -> Arrow:
        """The arrow of an act; its effects come in their order, each on what the one before left."""
        clocks, row = list(spot.clocks), move.row
        revives, begins, restarts = list[int](), list[int](), list[int]()
        for index, effect in move.effects:
            before = clocks[index]
            begun = effect[0] in ("start", "restart") and _begins(effect, row, before, held=move.held)
            after = _changed(before, effect, begun=begun, state=move.state)
            clocks[index] = self._alike[index].get(after, after)
            if effect[0] == "revive" and clocks[index] is not before:
                revives.append(index)
            if begun:
                begins.append(index)
                ended = spot.clocks[index] if effect[1].rule.subject else before
                if ended.status in _put_off(effect):
                    restarts.append(index)
        if row.event is e.Merged or row.event is e.Resumed:
            was, becomes = ("running", "held") if row.event is e.Merged else ("held", "running")
            clocks = [_ticking(becomes, paused=c.paused) if c.status == was else c for c in clocks]
        target = Spot(
            move.state,
            move.held,
            move.replied,
            move.rated,
            tuple(clocks),
            came_from=move.came_from,
            awaits=move.awaits,
        )
        return Arrow(
            spot,
            move.action,
            target,
            capped=move.capped,
            revives=tuple(revives),
            begins=tuple(begins),
            restarts=tuple(restarts),
        )


def may(row: Transition, spot: Spot, *, timed: bool = False) -> bool:
    """Whether any role may take the action there; with ``timed`` the system counts."""
    return any(
        scope != "unit" or spot.held or row.rule.co_handlers
        for role, scope in row.scopes.items()
        if timed or role != SYSTEM.role
    )


def passes(rules: CompiledPolicy, row: Transition, spot: Spot) -> bool:
    """Whether no guard refuses for certain, as far as that depends on the spot and on caps of 0."""
    if row.back and spot.came_from not in row.back:
        return False
    if not row.rule.guards:
        return True
    limits = rules.policy.limits
    holds = {
        "unit_holds": spot.held,
        "nobody_holds": not spot.held,
        "information_awaited": spot.awaits,
        "has_reply": spot.replied,
        "not_rated": not spot.rated,
        "returns_left": limits.returns > 0,
        "reopens_left": limits.reopens > 0,
        "extensions_left": limits.extensions > 0 or any(plan.rule.extension for plan in rules.plans),
    }
    return all(holds.get(guard, True) for guard in row.rule.guards)


def with_ancestors(rules: CompiledPolicy, plan: CompiledClock) -> tuple[CompiledClock, ...]:
    """The clock first, then those at whose ends it begins, and so on."""
    plans = [plan]
    for one in plans:
        starts = (start.removeprefix("end:") for start in one.rule.start if start.startswith("end:"))
        plans += [rules.plan[name] for name in starts if rules.plan[name] not in plans]
    return tuple(plans)


def _put_off(effect: Effect) -> tuple[str, ...]:
    """How a clock ended, or what it does, that begins anew with more time.

    Another unit's clock after one that was met is no more time.
    """
    verb, plan, _ = effect
    if plan.rule.subject:
        return ("cancelled",)
    return ("stopped", "cancelled", *(("running",) if verb == "restart" else ()))


def _begins(effect: Effect, row: Transition, before: Ticking, *, held: bool) -> bool:
    """Whether an act begins an instance: where there is one for each of many, one may always begin."""
    verb, plan, _ = effect
    match plan.rule.subject:
        case "":
            return verb == "restart" or before.status != "running"
        case "unit":
            return held
        case "co_handler":
            return "co_handler" in row.fields
        case _:
            return plan.subject_field in row.fields


def _begins_at_end(chained: CompiledClock, ended: CompiledClock, spot: Spot, before: Ticking) -> bool:
    match chained.rule.subject:
        case "":
            return before.status != "running"
        case "unit":
            return spot.held or bool(ended.rule.subject)
        case _:
            return bool(ended.rule.subject)


_CAPS: dict[type[e.Event], str] = {
    e.Returned: "returns_left",
    e.Reopened: "reopens_left",
    e.ExtensionGranted: "extensions_left",
}
"""Events that use up a cap, and the guard that counts them."""


def _is_capped(rules: CompiledPolicy, row: Transition) -> bool:
    """Whether a case can take it so often only: in its whole life, or in a cycle, of which there are few."""
    if _CAPS.get(row.event) in row.rule.guards:
        return True
    reopen = rules.policy.actions.get("reopen")
    return row.rule.at_most is not None and (reopen is None or "reopens_left" in reopen.guards)


def _holders(row: Transition, spot: Spot) -> tuple[bool, ...]:
    """Whether a unit may hold the case after the action, and whether none may."""
    if row.event is e.Returned:
        return (False,)
    if row.event in HANDS_OVER:
        return (True,) if "to" in row.required else (False, True)
    return (spot.held,)


def _changed(before: Ticking, effect: Effect, *, begun: bool, state: str) -> Ticking:
    """What the effect makes of the clock as the one before it left it."""
    verb, plan, _ = effect
    if begun:
        return _ticking("running", paused=f"state:{state}" in plan.rule.pause)
    match verb, before.status:
        case "revive", "stopped":
            return _ticking("running", paused=before.paused)
        case "stop" | "cancel", "running":
            return _ticking("stopped" if verb == "stop" else "cancelled", paused=before.paused)
        case "pause" | "resume", "running":
            return _ticking("running", paused=verb == "pause")
        case _:
            return before
