"""The past of a case that lived elsewhere, gone through by the policy's own transitions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from functools import partial
from typing import Any

from caseflow.core.engine.compiled_policy import HANDS_OVER, CompiledPolicy, Transition
from caseflow.core.model import events as e
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.model.sla import Mark, Verb
from caseflow.core.time.pauses import Pause
from caseflow.core.value import Value
from caseflow.errors import BadInput

_ENDINGS_AND_RETURNS = {
    e.Merged, e.Resumed, e.Reopened, e.ReplyRetracted, e.Withdrawn, e.Rejected, e.Migrated, e.Redacted,
}  # fmt: skip
_NEVER_TAKEN_FOR_GRANTED = _ENDINGS_AND_RETURNS | HANDS_OVER | {e.Rated}
"""Acts that are never read out of the state in which a case stands."""


class Legacy(Value):
    """What is known of a case that lived elsewhere. Instants are epoch microseconds.

    Attributes:
        state: where it stands.
        submitted_us: when it was submitted.
        unit, unit_since: who holds it, and since when; without an instant, since the submission.
        holders: ``(since, unit)`` of those who held it before, in the order of time; an empty unit, and the
            time before all of them, for nobody.
        state_since: since when it is in its state.
        replies: public substantive replies.
        ratings: ``(at, role of whoever recorded it, fields of rate)``; an empty role for the citizen.
        extensions: ``(clock, granted at, days)``; an empty name means the clock that ran then.
        pauses: ``(clock, from, to)``; an empty name means every clock that the policy pauses, and ``None``
            that the pause is still open.
        totals: ``(clock, amount, unit)`` of pauses of which only the length is known, in ``days`` as the
            clock counts them or in ``hours``.
        started: ``(clock, start)`` of clocks that began at an instant of their own.
        ended: ``(clock, end)`` of clocks whose aim was reached at an instant of its own.
    """

    state: str
    submitted_us: int
    unit: str = ""
    unit_since: int | None = None
    holders: tuple[tuple[int, str], ...] = ()
    state_since: int | None = None
    replies: tuple[int, ...] = ()
    ratings: tuple[tuple[int, str, e.Fields], ...] = ()
    extensions: tuple[tuple[str, int, int], ...] = ()
    pauses: tuple[tuple[str, int, int | None], ...] = ()
    totals: tuple[tuple[str, int, str], ...] = ()
    started: tuple[tuple[str, int], ...] = ()
    ended: tuple[tuple[str, int], ...] = ()


class PastAct(Value):
    """One thing that happened: an act of the policy, a change of state without one, or marks told outright.

    Attributes:
        at_us: when; acts at one instant stand in the order in which they are taken.
        event: the kind of event it would have become; ``None`` where nobody acted.
        action: the name of the action, empty for none.
        came_from, state: where the case stood before and after.
        unit: who holds it from then on; ``None`` for whoever did.
        marks: what is told of clocks outright.
        ignored: names of clocks, and what this act does not do to them since something else is told of them.
        is_assumed: it is not known when it happened; no clock may hang on it.
    """

    at_us: int
    event: type[e.Event] | None
    action: str
    came_from: str
    state: str
    unit: str | None = None
    marks: tuple[Mark, ...] = ()
    ignored: tuple[tuple[str, Verb], ...] = ()
    is_assumed: bool = False


def came_from(acts: Sequence[PastAct]) -> str:
    """The state in which the case was before the one in which these acts leave it; empty for none."""
    return next((act.came_from for act in reversed(acts) if act.came_from != act.state), "")


class Unknown(BadInput):
    """Something that a clock hangs on is not known; ``field`` is the one that would say it."""

    def __init__(self, code: str, *, field: str, name: str) -> None:
        super().__init__(code, field=field, found=name)


def legacy_of(event: e.Adopted) -> tuple[Legacy, dict[str, Any]]:
    """What was told of the case when it was adopted: its past, and the fields of the command."""
    origin = event.origin
    fields = {
        "kind": origin.kind, "channel": origin.channel, "region": origin.region,
        "urgency": origin.urgency, "citizen": event.citizen,
    }  # fmt: skip
    legacy = Legacy(
        event.to.state if event.to else "",
        event.since_us,
        unit=event.unit,
        unit_since=event.unit_since,
        holders=event.holders,
        state_since=event.state_since,
        replies=event.replies,
        ratings=tuple((one.at_us, "" if one.is_own else one.by, one.fields) for one in event.ratings),
        extensions=event.extensions,
        pauses=event.pauses,
        started=event.started,
        ended=event.ended,
    )
    return legacy, {name: text for name, text in fields.items() if text} | dict(origin.fields)


def past_acts(rules: CompiledPolicy, legacy: Legacy, *, renewed: Container[str] = ()) -> tuple[PastAct, ...]:
    """What happened to the case before it came here, in the order of effect.

    The way from what is known to the state it stands in is the shortest that the policy has; a reply is
    never taken for granted. What is told of a clock outright (``started``, ``ended``) is final for it.

    Args:
        rules: the policy that the case comes under.
        legacy: what is known, checked.
        renewed: names of clocks whose start, as it is told, begins a cycle after one that had ended.

    Raises:
        Unknown: ``adopt-since`` when the state can only be reached by a reply, and none is told.
    """
    walk = _Walk(rules, legacy)
    walk.go()
    acts = (
        act if act.marks else act.replace(ignored=tuple(_ignored(legacy, act.at_us, renewed)))
        for act in walk.acts
    )
    return tuple(sorted(acts, key=lambda act: act.at_us))


def _ignored(legacy: Legacy, at: int, renewed: Container[str]) -> Iterator[tuple[str, Verb]]:
    """What an act at that instant does not do to clocks of which something is told outright."""
    ended = dict(legacy.ended)
    for name, end in ended.items():
        for verb in _ENDS:
            yield name, verb
        if at >= end:
            yield name, "start"
    for name, begun in legacy.started:
        if at >= begun or name not in renewed:
            yield name, "start"


_ENDS: tuple[Verb, ...] = ("stop", "cancel", "revive")


class _Walk:
    """The acts of a past, in the order in which they are found."""

    def __init__(self, rules: CompiledPolicy, legacy: Legacy) -> None:
        self._rules = rules
        self._legacy = legacy
        self._state = ""
        self._unit = ""
        self._is_assumed = False
        self.acts: list[PastAct] = []

    def go(self) -> None:
        legacy = self._legacy
        self._submit()
        last = legacy.submitted_us
        for at, _, act in sorted(self._told(), key=lambda one: one[:2]):
            act(at)
            last = at
        self._is_assumed = legacy.state_since is None
        if self._is_assumed:
            self._come_to(last)
        self._enter(last)

    def _told(self) -> Iterator[tuple[int, int, Callable[[int], None]]]:
        """What is known to have happened: when, in which order at one instant, and what to do about it."""
        legacy, plan = self._legacy, self._rules.plan
        for name, at in legacy.started:
            subject = legacy.unit if plan[name].rule.subject else ""
            yield at, 0, self._mark(Mark(at, "start", plan[name], subject))
        for since, unit in self._holders():
            yield since, 0, partial(self._route, unit)
        yield from self._paused()
        for name, granted, days in legacy.extensions:
            clock = plan[name]
            subject = legacy.unit if clock.rule.subject else ""
            yield granted, 2, self._mark(Mark(granted, "extend", clock, subject, amount=days))
        for name, at in legacy.ended:
            yield at, 3, self._mark(Mark(at, "stop", plan[name], None))
        for replied in legacy.replies:
            yield replied, 3, self._reply
        for rated, *_ in legacy.ratings:
            yield rated, 4, self._rate
        if legacy.state_since is not None:
            yield legacy.state_since, 5, self._come_to

    def _holders(self) -> Iterator[tuple[int, str]]:
        """Each hand-over: when, and to whom."""
        legacy = self._legacy
        yield from (holder for holder in legacy.holders if holder[0] > legacy.submitted_us)
        if legacy.unit_since is not None:
            yield legacy.unit_since, legacy.unit

    def _paused(self) -> Iterator[tuple[int, int, Callable[[int], None]]]:
        """What is told of pauses: a clock that begins within one, or that an act lets run on, waits too."""
        legacy, plan = self._legacy, self._rules.plan
        known = {at for _, at in (*legacy.started, *legacy.ended)} | {at for at, _ in self._holders()}
        known |= {at for at in (*legacy.replies, legacy.state_since) if at is not None}
        for name in dict.fromkeys(name for name, _, _ in legacy.pauses):
            clocks = [plan[name]] if name else [clock for clock in self._rules.plans if clock.rule.pause]
            for begin, end in _united((b, c) for other, b, c in legacy.pauses if other == name):
                within = sorted(at for at in known if begin <= at and (end is None or at < end))
                for clock in clocks:
                    yield begin, 4, self._mark(Mark(begin, "pause", clock, None))
                    yield from ((at, 6, self._mark(Mark(at, "pause", clock, None))) for at in within)
                    if end is not None:
                        yield end, 1, partial(self._resume, clock)

    def _resume(self, clock: CompiledClock, at: int) -> None:
        if f"state:{self._state}" not in clock.rule.pause:
            self._mark(Mark(at, "resume", clock, None))(at)

    def _mark(self, mark: Mark) -> Callable[[int], None]:
        def put(at: int) -> None:
            self.acts.append(PastAct(at, None, "", self._state, self._state, marks=(mark,)))

        return put

    def _take(self, action: str, transition: Transition, at: int, *, unit: str | None = None) -> None:
        if unit is not None:
            self._unit = unit
        if transition.back:
            transition = transition.back.get(came_from(self.acts), transition)
        place = transition.held_place if self._unit else transition.place
        state = place.state if place else self._state
        self.acts.append(
            PastAct(
                at,
                transition.event,
                action,
                came_from=self._state,
                state=state,
                unit=unit,
                is_assumed=self._is_assumed,
            )
        )
        self._state = state

    def _submit(self) -> None:
        legacy = self._legacy
        first = [unit for at, unit in legacy.holders if at <= legacy.submitted_us]
        unit = legacy.unit if legacy.unit_since is None else first[-1] if first else ""
        self._take("submit", self._rules.table[""]["submit"], legacy.submitted_us, unit=unit)

    def _route(self, unit: str, at: int) -> None:
        table = self._rules.table[self._state]
        actions = ("transfer", "route") if self._unit else ("route", "transfer")
        for action in actions if unit else ("send_back",):
            if action in table:
                self._take(action, table[action], at, unit=unit)
                return
        self._unit = unit
        self.acts.append(PastAct(at, e.Routed, "", self._state, self._state, unit=self._unit))

    def _reply(self, at: int) -> None:
        table = self._rules.table
        if "reply" not in table[self._state]:
            for action, transition in self._path(lambda state: "reply" in table[state]) or ():
                self._take(action, transition, at)
        anywhere = next((row["reply"] for row in table.values() if "reply" in row), None)
        legal = table[self._state].get("reply") or anywhere
        if legal is None:
            self.acts.append(PastAct(at, e.Replied, "reply", self._state, self._state))
        else:
            self._take("reply", legal, at)

    def _rate(self, at: int) -> None:
        """A rating moves no case here: where it stands, and since when, is told."""
        self.acts.append(PastAct(at, e.Rated, "rate", self._state, self._state))

    def _come_to(self, at: int) -> None:
        """Take the shortest way to the state in which the case stands."""
        goal = self._legacy.state
        path = self._path(lambda state: state == goal)
        if path is None and not self._legacy.replies and self._path(lambda state: state == goal, e.Replied):
            raise Unknown("adopt-since", field="replied_at", name="reply")
        for action, transition in path or ():
            self._take(action, transition, at)

    def _enter(self, at: int) -> None:
        """Stand in the state, where no way led there."""
        goal = self._legacy.state
        if self._state == goal:
            return
        self.acts.append(PastAct(at, None, "", self._state, goal, is_assumed=self._is_assumed))
        self._state = goal

    def _path(
        self, is_goal: Callable[[str], bool], also: type[e.Event] | None = None
    ) -> list[tuple[str, Transition]] | None:
        """The shortest way from where the case stands, in the policy's order; `None` when there is none."""
        begin = self._state
        ways: dict[str, list[tuple[str, Transition]]] = {begin: []}
        edge = deque([begin])
        while edge:
            state = edge.popleft()
            if is_goal(state):
                return ways[state]
            for action, transition in self._rules.table[state].items():
                place = transition.held_place if self._unit else transition.place
                if (
                    transition.back
                    or place is None
                    or (place.final and not is_goal(place.state))
                    or place.state in ways
                    or not _is_plain(transition, also)
                ):
                    continue
                ways[place.state] = [*ways[state], (action, transition)]
                edge.append(place.state)
        return None


def _is_plain(transition: Transition, also: type[e.Event] | None) -> bool:
    """Whether the act may be read out of the state it leads to: it says nothing that is not known."""
    event = transition.event
    if event in _NEVER_TAKEN_FOR_GRANTED or (event is e.Replied and also is not e.Replied):
        return False
    return not any(transition.fields[name].type != "text" for name in transition.required)


def _united(pauses: Iterator[Pause]) -> list[Pause]:
    """The pauses as a union, in the order of time."""
    united: list[Pause] = []
    for begin, end in sorted(pauses, key=lambda pause: pause[0]):
        if united and (united[-1][1] is None or begin <= united[-1][1]):
            last = united[-1]
            longer = None if last[1] is None or end is None else max(last[1], end)
            united[-1] = (last[0], longer)
        else:
            united.append((begin, end))
    return united
