"""Every situation a case can come into under a policy: where it stands, and what its clocks do.

A graph is walked without instants and without people: an arrow is there when some role may take the action
and no guard that can be judged without them refuses it. Caps are kept as a mark on the arrow. With guards and
people decided, on real cases, `caseflow.testing.laws.liveness` takes the same `Walk`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from caseflow.core.engine.compiled_policy import HANDS_OVER, CompiledPolicy, Effect, Effects, Transition
from caseflow.core.model import events as e
from caseflow.core.model.commands import SYSTEM
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.value import Value
from caseflow.policies.lint.reachability import Walk

MOST = 20_000
"""Spots that a graph is walked to at the most; what lies beyond is not looked at."""


class Ticking(Value, cache_hash=True):
    """What one clock does: not begun, running, stopped, cancelled or held; and whether a pause is open."""

    status: str = ""
    paused: bool = False

    @property
    def runs(self) -> bool:
        """Whether it comes nearer to its next rung."""
        return self.status == "running" and not self.paused


NOT_BEGUN = Ticking()
Clocks = tuple[Ticking, ...]


class Spot(Value, cache_hash=True):
    """A situation: the state, whether a unit holds the case, a reply and a rating stand, and the clocks.

    ``came_from`` is the state before, where some move of the policy leads back. ``awaits``: the citizen was
    asked for information and has not given it; only where the graph looks at that.
    """

    state: str
    held: bool
    replied: bool
    rated: bool
    clocks: Clocks
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


class Move(Value):
    """What may be done in a place: the act, where it leads, what it does to whatever clocks."""

    row: Transition
    target: Spot
    capped: bool
    effects: Effects


class StateSpace:
    """The graphs of one policy. What may be done where is found once for all; each graph is walked once."""

    def __init__(self, rules: CompiledPolicy) -> None:
        self.rules = rules
        guards = {guard for rule in rules.policy.actions.values() for guard in rule.guards}
        self._always_asks = "information_awaited" in guards
        self._graphs: dict[tuple[tuple[str, ...], bool], Graph] = {}
        self._moves: dict[tuple[Spot, bool], tuple[Move, ...]] = {}

    def graph(self, plans: Sequence[CompiledClock] = (), *, asks: bool = False) -> Graph:
        """The graph with these clocks.

        Args:
            asks: whether it is looked at as well whether the citizen owes information; always where a guard
                does.
        """
        asks = asks or self._always_asks
        key = tuple(plan.name for plan in plans), asks
        graph = self._graphs.get(key)
        if graph is None:
            graph = self._graphs[key] = Graph(self, tuple(plans), asks=asks)
        return graph

    def moves(self, place: Spot, *, asks: bool) -> tuple[Move, ...]:
        """What may be done in a place: each act, once for whether a unit may hold the case then."""
        moves = self._moves.get((place, asks))
        if moves is None:
            moves = self._moves[place, asks] = tuple(
                self.move(place, row, held=held, asks=asks)
                for row in self.rules.table[place.state].values()
                if passes(self.rules, row, place) and may(row, place, timed=True)
                for held in holders(row, place)
            )
        return moves

    def move(self, place: Spot, row: Transition, *, held: bool, asks: bool) -> Move:
        """The act in a place, after which a unit holds the case or none does."""
        capped = _is_capped(self.rules, row)
        if row.back:
            row = row.back[place.came_from]
        to, effects = (row.held_place, row.held_effects) if held else (row.place, row.effects)
        state, event = to.state if to else place.state, row.event
        replied = place.replied and event not in (e.ReplyRetracted, e.Reopened, e.Submitted)
        rated = place.rated and event not in (e.Reopened, e.ReplyRetracted)
        awaits = place.awaits and event not in (e.InformationReceived, e.Reopened)
        target = Spot(
            state,
            held,
            replied or event is e.Replied,
            rated or event is e.Rated,
            (),
            came_from=place.state if self.rules.goes_back and state != place.state else place.came_from,
            awaits=asks and (awaits or event is e.InformationRequested),
        )
        return Move(row, target, capped, effects)


class Turn(Value):
    """What an act makes of some clocks; indexes as of an `Arrow`."""

    changes: tuple[tuple[int, Ticking], ...] = ()
    revives: tuple[int, ...] = ()
    begins: tuple[int, ...] = ()
    restarts: tuple[int, ...] = ()


class Touch(Value):
    """What an act does to the clocks of a graph, wherever it is taken.

    Attributes:
        place: one to which it leads; all to which it does are of its state, and held or not as it is.
        indexes: of the clocks that it may change; ``effects``: each with its clock's index.
        turns: what it makes of those clocks, as far as that was asked.
    """

    row: Transition
    place: Spot
    indexes: tuple[int, ...]
    effects: tuple[tuple[int, Effect], ...]
    turns: dict[Clocks, Turn]

    def turn(self, clocks: Clocks) -> Turn:
        """What it makes of the clocks; its effects come in their order, each on what the one before left."""
        key = tuple([clocks[index] for index in self.indexes])
        turn = self.turns.get(key)
        if turn is None:
            turn = self.turns[key] = self._turned(clocks)
        return turn

    def _turned(self, before: Clocks) -> Turn:
        clocks = list(before)
        revives, begins, restarts = list[int](), list[int](), list[int]()
        for index, effect in self.effects:
            verb, was = effect[0], clocks[index]
            begun = verb in ("start", "restart") and _begins(effect, self.row, was, held=self.place.held)
            clocks[index] = _changed(was, effect, begun=begun, state=self.place.state)
            if verb == "revive" and clocks[index] != was:
                revives.append(index)
            if begun:
                begins.append(index)
                ended = before[index] if effect[1].rule.subject else was
                if ended.status in _put_off(effect):
                    restarts.append(index)
        if self.row.event in _HOLDS:
            does, becomes = _HOLDS[self.row.event]
            clocks = [one.replace(status=becomes) if one.status == does else one for one in clocks]
        changes = tuple((index, clocks[index]) for index in self.indexes if clocks[index] != before[index])
        return Turn(changes, revives=tuple(revives), begins=tuple(begins), restarts=tuple(restarts))


_UNTOUCHED = Turn()

Option = tuple[Move, Touch | None]
"""A move, and what it does to the clocks of a graph, if anything."""


class Graph:
    """The spots that can be reached with some of a policy's clocks, nearest first, and the arrows between.

    Args:
        space: of the policy.
        plans: the clocks that are looked at.
        asks: whether it is looked at as well whether the citizen owes information.

    Attributes:
        spots: in the order of the number of actions that lead there.
        complete: whether all of them were reached before `MOST`.
    """

    def __init__(self, space: StateSpace, plans: tuple[CompiledClock, ...], *, asks: bool) -> None:
        self.rules = space.rules
        self._space, self._asks = space, asks
        self.plans = plans
        self._index = {plan.name: index for index, plan in enumerate(plans)}
        self._chains = [
            (index, plan, begun)
            for index, plan in enumerate(plans)
            if (begun := [one for one in self.rules.chained[plan.name] if one.name in self._index])
        ]
        self.start = Spot("", False, False, False, (NOT_BEGUN,) * len(plans))
        self._spots: dict[tuple[Spot, Clocks], Spot] = {}
        self._places: dict[Spot, Spot] = {}
        self._options: dict[Spot, tuple[Option, ...]] = {}
        self._leads: dict[Spot, tuple[Option, ...]] = {}
        self._touches: dict[tuple[str, Effects, str, bool], Touch | None] = {}
        self._arrows: dict[Spot, tuple[Arrow, ...]] = {}
        self._walk = Walk([self.start], self._steps, most=MOST)
        self.complete = self._walk.is_complete
        self.spots = tuple(self._walk.walked)

    def arrows(self, spot: Spot | None = None) -> tuple[Arrow, ...]:
        """The arrows that leave a spot, or all of them."""
        if spot is None:
            return self._every_arrow
        arrows = self._arrows.get(spot)
        if arrows is None:
            arrows = self._arrows[spot] = tuple(self._leaving(spot))
        return arrows

    @cached_property
    def _every_arrow(self) -> tuple[Arrow, ...]:
        return tuple(arrow for spot in self.spots for arrow in self.arrows(spot))

    def way_to(self, spot: Spot) -> tuple[str, ...]:
        """The fewest actions from before the submission to the spot."""
        return self._walk.way_to(spot)

    def loop(self, first: Arrow) -> tuple[str, ...]:
        """The fewest actions that begin with the arrow and come back to its origin, none of them capped.

        Empty when there is no such loop.
        """
        if first.capped:
            return ()
        back = Walk(
            [first.target],
            lambda spot: ((arrow.action, arrow.target) for arrow in self.arrows(spot) if not arrow.capped),
            until=first.origin,
        )
        return (first.action, *back.way_to(first.origin)) if first.origin in back.into else ()

    def spread(self, spots: Iterable[Spot], *, over: Callable[[Arrow], bool]) -> set[Spot]:
        """The spots that can be reached from these over arrows of that kind, these included."""
        walk = Walk(
            spots, lambda spot: ((arrow.action, arrow.target) for arrow in self.arrows(spot) if over(arrow))
        )
        return set(walk.into)

    def by_system(self, spot: Spot, action: str) -> tuple[Spot, ...]:
        """Where the system's timed action may lead from there: the same spot when it may be refused."""
        row = self.rules.table[spot.state].get(action)
        if row is None or not passes(self.rules, row, spot):
            return (spot,)
        move = self._space.move(self._place(spot), row, held=holders(row, spot)[-1], asks=self._asks)
        after = self._after(self._option(move), spot.clocks)[0]
        if row.event in HANDS_OVER:
            return (after, spot)  # there may be no unit of that place
        known = {"unit_holds", "nobody_holds", "has_reply", "not_rated"}
        return (after,) if set(row.guards) <= known else (after, spot)

    # -- what leads on -------------------------------------------------------------------------------------

    def _steps(self, spot: Spot) -> Iterator[tuple[str, Spot]]:
        """The arrows that leave a spot, but for those that lead nowhere else than one before."""
        place, clocks = self._place(spot), spot.clocks
        leads = self._leads.get(place)
        if leads is None:
            leads = self._leads[place] = tuple(_leads(place, self._options_at(place)))
        for option in leads:
            yield option[0].row.action, self._after(option, clocks)[0]
        for end in self._ends(spot):
            yield end.action, end.target

    def _leaving(self, spot: Spot) -> Iterator[Arrow]:
        for option in self._options_at(self._place(spot)):
            (target, turn), move = self._after(option, spot.clocks), option[0]
            yield Arrow(
                spot,
                move.row.action,
                target,
                capped=move.capped,
                revives=turn.revives,
                begins=turn.begins,
                restarts=turn.restarts,
            )
        yield from self._ends(spot)

    def _place(self, spot: Spot) -> Spot:
        """The spot with its clocks left out."""
        place = self._places.get(spot)
        if place is None:
            place = self._places[spot] = spot.replace(clocks=())
        return place

    def _spot(self, place: Spot, clocks: Clocks) -> Spot:
        """The spot of a place and clocks: one object for each, which is found again fast."""
        spot = self._spots.get((place, clocks))
        if spot is None:
            spot = self._spots[place, clocks] = place.replace(clocks=clocks)
            self._places[spot] = place
        return spot

    def _options_at(self, place: Spot) -> tuple[Option, ...]:
        options = self._options.get(place)
        if options is None:
            options = self._options[place] = tuple(
                map(self._option, self._space.moves(place, asks=self._asks))
            )
        return options

    def _option(self, move: Move) -> Option:
        key = move.row.action, move.effects, move.target.state, move.target.held
        if key not in self._touches:
            self._touches[key] = self._touch(move)
        return move, self._touches[key]

    def _touch(self, move: Move) -> Touch | None:
        indexed = ((self._index.get(effect[1].name), effect) for effect in move.effects)
        effects = tuple((index, effect) for index, effect in indexed if index is not None)
        touched = range(len(self.plans)) if move.row.event in _HOLDS else [index for index, _ in effects]
        indexes = tuple(dict.fromkeys(touched))
        if not indexes:
            return None
        return Touch(move.row, move.target, indexes=indexes, effects=effects, turns={})

    def _after(self, option: Option, clocks: Clocks) -> tuple[Spot, Turn]:
        """Where the option leads from such clocks, and what it makes of them."""
        move, touch = option
        if touch is None:
            return self._spot(move.target, clocks), _UNTOUCHED
        turn = touch.turn(clocks)
        if turn.changes:
            changed = list(clocks)
            for index, clock in turn.changes:
                changed[index] = clock
            clocks = tuple(changed)
        return self._spot(move.target, clocks), turn

    def _ends(self, spot: Spot) -> Iterator[Arrow]:
        """The ends of running clocks at which others begin; each end comes once, so none is a loop's part."""
        for turn, plan, begun in self._chains:
            if not spot.clocks[turn].runs:
                continue
            clocks = list(spot.clocks)
            for chained in begun:
                index = self._index[chained.name]
                if _begins_at_end(chained, plan, spot, spot.clocks[index]):
                    clocks[index] = Ticking("running", f"state:{spot.state}" in chained.rule.pause)
            if tuple(clocks) != spot.clocks:
                target = self._spot(self._place(spot), tuple(clocks))
                yield Arrow(spot, f"end:{plan.name}", target, capped=True)


_HOLDS: dict[type[e.Event], tuple[str, str]] = {e.Merged: ("running", "held"), e.Resumed: ("held", "running")}
"""Events that make of every clock that does the one what does the other."""


def _leads(place: Spot, options: tuple[Option, ...]) -> Iterator[Option]:
    """Those of the options that may lead where none before them does."""
    known = {place}
    for move, touch in options:
        if touch is not None:
            yield move, touch
        elif move.target not in known:
            known.add(move.target)
            yield move, touch


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


def holders(row: Transition, spot: Spot) -> tuple[bool, ...]:
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
        return Ticking("running", f"state:{state}" in plan.rule.pause)
    match verb, before.status:
        case "revive", "stopped":
            return before.replace(status="running")
        case "stop" | "cancel", "running":
            return before.replace(status="stopped" if verb == "stop" else "cancelled")
        case "pause" | "resume", "running":
            return before.replace(paused=verb == "pause")
        case _:
            return before
