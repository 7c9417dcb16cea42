"""What may go wrong between a portal and its cases: repeats, delays, crashes; and what might have been."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, Self, runtime_checkable

from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.instants import moment
from caseflow.core.values import Value, value
from caseflow.errors import CaseflowError, Refused, StoreError, UnknownCase
from caseflow.ports import Store
from caseflow.testing.timeline_time import PassingTime
from caseflow.testing.timeline_words import said
from caseflow.testing.who_acts import who_acts


@value
class Taken(Value):
    """A command held back, as it was given; ``at_us`` is when."""

    case_id: str
    action: str
    fields: Mapping[str, Any]
    by: Actor | str | None
    unit: str
    at_us: int
    effective_at: Any = None
    key: str | None = None
    expected_version: int | None = None


@runtime_checkable
class Branches(Protocol):
    """A store that can be copied whole."""

    def branched(self) -> Store:
        """A store of its own with all that this one holds."""


@runtime_checkable
class Reopens(Protocol):
    """A store that can be closed and opened again."""

    def reopened(self) -> Store:
        """The store, opened anew; this one must not be used afterwards."""


class HeldBack:
    """Commands that were given but have not arrived."""

    def __init__(self, deliver: Callable[[list[Taken], str, str, Actor | str | None], tuple[Case, ...]]):
        self._deliver = deliver
        self._name = ""
        self._commands: list[Taken] = []

    def deliver(self, *, reason: str = "delivered late", by: Actor | str | None = None) -> tuple[Case, ...]:
        """Let them arrive now, each true since it was given, and recorded by whoever may record late.

        Args:
            reason: why they are late; the rules ask for one.
            by: an actor, or the name of a role, for all of them; by default the first that may take the
                action and record it late.

        Returns:
            The cases afterwards, in the order of the commands. A second call delivers nothing.

        Raises:
            Refused: the rules do not allow one of them; those before it have arrived.
        """
        commands, self._commands = self._commands, []
        return self._deliver(commands, self._name, reason, by)


class Faults(PassingTime):
    """How a timeline makes trouble."""

    _held: HeldBack | None = None

    def _take(
        self,
        case_id: str,
        action: str,
        fields: Mapping[str, Any],
        *,
        by: Actor | str | None = None,
        unit: str = "",
        effective_at: Any = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Case:
        """The case after the command, delivered once or twice."""
        if not isinstance(by, Actor):
            by = self._actor(case_id, action, role=by or "", unit=unit, late=effective_at is not None)
        if self._is_twice and key is None:
            self._numbers += 1
            key = f"twice-{self._numbers}"

        def deliver() -> Case:
            return self.desk.act(
                case_id, action, by=by, fields=fields, effective_at=effective_at, key=key,
                expected_version=expected_version,
            )  # fmt: skip

        return self._twice(action, deliver) if self._is_twice else deliver()

    def _actor(self, case_id: str, action: str, *, role: str, unit: str, late: bool) -> Actor:
        case = self.store.load(case_id)
        if case is None:
            return who_acts(self.rules, Case(case_id), action, role=role, unit=unit, late=late)
        pinned = case.origin.pin
        rules = self.rules if pinned == self.rules.pin else self.desk.rules_of(case_id)
        return who_acts(rules, case, action, role=role, unit=unit, late=late)

    # -- duplicate delivery -----------------------------------------------------------------------------

    @contextmanager
    def twice(self) -> Iterator[None]:
        """Deliver every command inside twice, under one idempotency key: the second must change nothing.

        Raises:
            AssertionError: it did, or had another outcome than the first.
        """
        begun, was = self._journal.enter("with timeline.twice():"), self._is_twice
        self._is_twice = True
        try:
            yield
        finally:
            self._is_twice = was
            self._journal.leave(begun)

    def _twice(self, action: str, deliver: Callable[[], Case]) -> Case:
        first = _outcome(deliver)
        end = self._end_of_feed()
        second = _outcome(deliver)
        for recorded in self.store.feed(end, limit=1):
            raise self.failure(said("twice changed", self.lang, case=recorded.case_id))
        if _told(first) != _told(second):
            shown = {"first": _told(first), "second": _told(second)}
            raise self.failure(said("twice differs", self.lang, action=action, **shown))
        if isinstance(first, CaseflowError):
            raise first
        return first

    def _end_of_feed(self) -> int:
        while page := self.store.feed(self._seen, limit=1000):
            self._seen = page[-1].position
        return self._seen

    _seen = 0
    """A position of the feed that was reached."""

    # -- late delivery ----------------------------------------------------------------------------------

    @contextmanager
    def held_back(self) -> Iterator[HeldBack]:
        """Hold back every command inside; `HeldBack.deliver` lets them arrive, true since they were given.

        Inside, a method returns the case as it still is.
        """
        held, before = HeldBack(self._deliver), self._held
        held._name = self._journal.name("late")
        begun = self._journal.enter(f"with timeline.held_back() as {held._name}:")
        self._held = held
        try:
            yield held
        finally:
            self._held = before
            self._journal.leave(begun)

    def _hold(self, held: HeldBack, command: Taken) -> Case:
        case_id = command.case_id
        submits = [found.case_id for found in (*held._commands, command) if found.action == "submit"]
        submitted = case_id in submits
        case = self.store.load(case_id)
        if case is None and not submitted:
            raise UnknownCase(case_id)
        held._commands.append(command)
        return case or Case(case_id)

    def _deliver(
        self, commands: list[Taken], name: str, reason: str, by: Actor | str | None
    ) -> tuple[Case, ...]:
        named = {"reason": reason} if by is None else {"reason": reason, "by": by}
        step, arrived = self._journal.call(f"{name}.deliver", (), named), list[Case]()
        for held in commands:
            since = held.effective_at or moment(held.at_us, self.zone)
            given = {"reason": reason, **held.fields}
            try:
                after = self._take(
                    held.case_id, held.action, given, by=by or held.by, unit=held.unit, effective_at=since,
                    key=held.key, expected_version=held.expected_version,
                )  # fmt: skip
                arrived.append(after)
            except Refused as error:
                self._journal.refused(step, error.code)
                raise
        return tuple(arrived)

    # -- crash ------------------------------------------------------------------------------------------

    def crash(self) -> None:
        """Lose what a process loses: a new desk on the store opened again, and nothing else remembered.

        A store made by a function is closed and made again by it; a `SqliteStore` is closed and its file
        opened again; any other stands for one that outlives the process, and is kept.

        Raises:
            AssertionError: a case is not what it was; shows the story.
        """
        self._journal.line("timeline.crash()")
        before = {case_id: self.store.load(case_id) for case_id in self._touched}
        self._use(self._reopened())
        self._fired.clear()
        for case_id, case in before.items():
            if self.store.load(case_id) != case:
                raise self.failure(said("crash lost", self.lang, case=case_id))

    def _reopened(self) -> Store:
        if self._new_store is not None and not self._is_branch:
            self.store.close()
            return self._new_store()
        return self.store.reopened() if isinstance(self.store, Reopens) else self.store

    # -- branches ---------------------------------------------------------------------------------------

    @contextmanager
    def what_if(self) -> Iterator[Self]:
        """Go on otherwise inside; afterwards cases, time and story are as they were before.

        The branch works on a copy of the store. The shipped stores in memory and in a file can be copied.

        Raises:
            StoreError: this store cannot.
        """
        if not isinstance(self.store, Branches):
            raise StoreError("store-not-branched", found=type(self.store).__name__)
        kept = {name: getattr(self, name) for name in _BRANCHED}
        now, fired, touched = self.clock.now_us(), self._fired.copy(), dict(self._touched)
        begun = self._journal.enter("with timeline.what_if():")
        self._use(self.store.branched())
        self._is_branch = True
        try:
            yield self
        finally:
            self.store.close()
            vars(self).update(kept)
            self._fired, self._touched = fired, touched
            self.clock.set(now)
            self._journal.forget(begun)

    _is_branch = False


_BRANCHED = ("store", "desk", "_numbers", "_is_down", "_is_twice", "_seen", "_held", "_is_branch")
"""What a branch gives back as it was."""


def _outcome(deliver: Callable[[], Case]) -> Case | CaseflowError:
    try:
        return deliver()
    except CaseflowError as error:
        return error


def _told(found: Case | CaseflowError) -> str:
    return str(found)
