"""The unit of work of a command: every case that it changes, each with its events, recorded in one append.

Beside the case that was acted on these are followers that a withdrawn or rejected primary sets free, and
linked cases whose rules ask what became of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.decide import step
from caseflow.core.engine.escalation import Outcome
from caseflow.core.engine.links import learn
from caseflow.core.model.case import Case
from caseflow.core.model.commands import SYSTEM, CaseState, Command
from caseflow.core.model.events import Event, Linked, Rejected, Withdrawn
from caseflow.core.value import Value
from caseflow.errors import CaseflowError, UnknownCase, is_of_the_store
from caseflow.ports import Append, Quarantined, Store

MOST_STEPS = 10_000
"""Changes of one linked case in one unit of work; policies that answer each other for ever come to an end."""

READ_AHEAD = 500
"""Linked cases that are read by one question."""

_T = TypeVar("_T")

Leave = Callable[[str, Exception], object]
"""Is told of a case that is left out, and why."""


class Recorder(Protocol):
    """What a unit of work asks of the desk that it is part of."""

    @property
    def store(self) -> Store:
        """Where cases are."""
        ...

    def rules_of(self, case: Case) -> CompiledPolicy:
        """The rules that a case pins."""
        ...

    def told(self, rules: CompiledPolicy, case: Case, entry: Append) -> Append:
        """The append with the notices and documents that its events owe."""
        ...

    def aside(self, one: Quarantined) -> None:
        """A linked case that cannot learn what became of this one."""
        ...


class _Change(Value):
    """A case before the unit of work, what is to be appended to it, and how much of that was passed on."""

    before: Case
    entry: Append
    spread: int = 0
    steps: int = 0
    """How often it has learnt something of linked cases."""


class UnitOfWork:
    """Cases that change together.

    Args:
        recorder: the desk's handler of commands.
        now: when it happens, in epoch microseconds.
        leave: is told of a follower that cannot go on, so that the others do; without, its error is raised.
    """

    def __init__(self, recorder: Recorder, now: int, leave: Leave | None = None) -> None:
        self._recorder = recorder
        self._now = now
        self._leave = leave
        self._changes: dict[str, _Change] = {}
        self._waiting: deque[str] = deque()
        self._read: dict[str, Case] = {}

    def add(self, before: Case, entry: Append) -> None:
        """A case that changes, by what was decided on it; asked for once a case."""
        self._changes[before.id] = _Change(before, entry)
        self._waiting.append(before.id)

    def entries(self) -> list[Append]:
        """All that is to be appended, with what must be told of it, in the order in which cases were met.

        Raises:
            Refused: the rules of a follower do not let it go on, and nobody is told of it.
            CaseflowError: ``endless``: the rules of linked cases answer each other for ever.
        """
        while self._waiting:
            self._spread(self._waiting.popleft())
        desk = self._recorder
        changes = self._changes.values()
        return [desk.told(desk.rules_of(one.before), one.before, one.entry) for one in changes]

    def _spread(self, case_id: str) -> None:
        """Pass on to other cases what the new events of one mean to them."""
        change = self._changes[case_id]
        case, events = change.entry.case, change.entry.events[change.spread :]
        self._changes[case_id] = change.replace(spread=len(change.entry.events))
        followers = case.facts.followers
        if followers and any(isinstance(event, Withdrawn | Rejected) for event in events):
            for follower in followers:
                self._tried(self._leave, self._resume, follower, case)
        if not case.facts.links:
            return
        linked: tuple[str, ...] = ()
        if any(event.to is not None for event in events):
            linked = tuple(dict.fromkeys(link.case for link in case.facts.links))
            self._read_ahead(linked)
        place = change.before.place if not change.spread else _last_place(change)
        for event in events:
            place = event.to or place
            others = linked if event.to is not None else ()
            if isinstance(event, Linked) and event.case not in others:
                others = (*others, event.case)
            for other in others:
                self._tried(self._aside, self._learn, other, (case_id, place))

    def _read_ahead(self, ids: tuple[str, ...]) -> None:
        """Read many cases at once, where the store can; what cannot be read is read again by itself."""
        read_many = getattr(self._recorder.store, "load_many", None)
        unread = [case_id for case_id in ids if case_id not in self._changes and case_id not in self._read]
        if read_many is None or len(unread) < 2:
            return
        for begin in range(0, len(unread), READ_AHEAD):
            self._read |= read_many(unread[begin : begin + READ_AHEAD], aside=is_read_again)

    def _tried(self, leave: Leave | None, change: Callable[[str, _T], None], case_id: str, by: _T) -> None:
        try:
            change(case_id, by)
        except Exception as error:
            if leave is None or is_of_the_store(error):
                raise
            leave(case_id, error)

    def _aside(self, case_id: str, error: Exception) -> None:
        self._recorder.aside(Quarantined.of("case", case_id, error))

    def _resume(self, case_id: str, primary: Case) -> None:
        """A follower goes on, unless it follows another by now, or nobody."""
        case = self._case(case_id)
        if case.facts.primary != primary.id:
            return
        rules, history = self._recorder.rules_of(case), self._history(case_id)
        resume = Command("resume", SYSTEM)
        self._extend(case, step(rules, case, resume, self._now, primary=primary, history=history))

    def _learn(self, case_id: str, came: tuple[str, CaseState]) -> None:
        """A linked case learns where another one came to."""
        case, (other, place) = self._case(case_id), came
        rules = self._recorder.rules_of(case)
        if not rules.linked:  # they ask nothing about linked cases
            return
        outcome = learn(rules, case, other, place, self._now, history=self._history(case_id))
        if outcome[1]:
            self._extend(case, outcome, steps=1)

    def _extend(self, case: Case, outcome: Outcome, *, steps: int = 0) -> None:
        """More happens to a case.

        Raises:
            CaseflowError: ``endless``.
        """
        after, events = outcome
        change = self._changes.get(case.id)
        if change is None:
            self._changes[case.id] = _Change(case, Append(after, case.version, events), steps=steps)
        else:
            if change.steps >= MOST_STEPS:
                raise CaseflowError("endless", case=case.id, found="links")
            entry = change.entry.replace(case=after, events=(*change.entry.events, *events))
            self._changes[case.id] = change.replace(entry=entry, steps=change.steps + steps)
        self._waiting.append(case.id)

    def _case(self, case_id: str) -> Case:
        """The case as the unit of work has changed it so far.

        Raises:
            UnknownCase: no such case.
        """
        change = self._changes.get(case_id)
        if change is not None:
            return change.entry.case
        case = self._read.get(case_id) or self._recorder.store.load(case_id)
        if case is None:
            raise UnknownCase(case_id)
        return case

    def _history(self, case_id: str) -> Callable[[], Sequence[Event]]:
        """Gives every event of a case, those not recorded yet among them."""
        change = self._changes.get(case_id)
        new = () if change is None else change.entry.events
        return lambda: (*self._recorder.store.events(case_id), *new)


def is_read_again(one: Quarantined) -> None:
    """A case that cannot be read among others is told of when it is read by itself."""


def _last_place(change: _Change) -> CaseState:
    """Where the case stood after the events that were passed on already."""
    moves = (event.to for event in reversed(change.entry.events[: change.spread]) if event.to is not None)
    return next(moves, change.before.place)
