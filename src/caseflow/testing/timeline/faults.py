"""What may go wrong between a portal and its cases: repeats, delays, crashes; and what might have been."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol, Self, runtime_checkable

from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.errors import CaseflowError, Refused, StoreError, UnknownCase
from caseflow.i18n import timeline_text
from caseflow.ports import Store
from caseflow.testing.actors import default_actor
from caseflow.testing.step import Step
from caseflow.testing.timeline.simulated_time import PassingTime
from caseflow.testing.timeline.stored_story import versions


@runtime_checkable
class Branches(Protocol):
    """A store that can be copied whole."""

    def branched(self) -> Store:
        """A store of its own with all that this one holds."""
        ...


@runtime_checkable
class Reopens(Protocol):
    """A store that can be closed and opened again."""

    def reopened(self) -> Store:
        """The store, opened anew; this one must not be used afterwards."""
        ...


class HeldBack:
    """Commands that were given but have not arrived.

    Attributes:
        name: what a printed timeline calls them.
        steps: the commands, in the order they were given.
    """

    def __init__(
        self, name: str, deliver: Callable[[HeldBack, str, Actor | str | None], tuple[Case, ...]]
    ) -> None:
        self.name = name
        self._deliver = deliver
        self.steps: list[Step] = []

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
        return self._deliver(self, reason, by)


class Faults(PassingTime):
    """How a timeline makes trouble."""

    _held: HeldBack | None = None

    def _take(self, step: Step) -> Case:
        """The case after the command, delivered once or twice."""
        by = self._actor(step) if step.by is None else step.by
        if not self._is_twice:
            return step.ask(self.desk, by=by)
        if step.key is None:
            self._numbers += 1
            step = step.replace(key=f"twice-{self._numbers}")
        return self._twice(step.replace(by=by))

    def _actor(self, step: Step) -> Actor:
        """Who takes a step that names nobody."""
        case, rules = self.store.load(step.case_id), self.rules
        if case is None:
            case = Case(step.case_id)
            rules = self.desk.policies.get(step.policy or "", rules)
        elif case.origin.policy_hash != rules.pin:
            rules = self.desk.rules_of(step.case_id)
        late = step.effective_us is not None
        return default_actor(rules, case, step.action, role=step.role, unit=step.unit, late=late)

    # -- duplicate delivery -----------------------------------------------------------------------------

    @contextmanager
    def twice(self) -> Generator[None]:
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

    def _twice(self, step: Step) -> Case:
        first = self._outcome(step)
        before = versions(self.store)
        second = self._outcome(step)
        for case_id, version in versions(self.store).items():
            if before.get(case_id) != version:
                raise self.failure(timeline_text("twice changed", self.lang, case=case_id))
        if first != second and not (isinstance(first, CaseflowError) and str(first) == str(second)):
            outcomes = {"first": str(first), "second": str(second)}
            raise self.failure(timeline_text("twice differs", self.lang, action=step.action, **outcomes))
        if isinstance(first, CaseflowError):
            raise first
        return first

    def _outcome(self, step: Step) -> Case | CaseflowError:
        try:
            return step.ask(self.desk)
        except CaseflowError as error:
            return error

    # -- late delivery ----------------------------------------------------------------------------------

    @contextmanager
    def held_back(self) -> Generator[HeldBack]:
        """Hold back every command inside; `HeldBack.deliver` lets them arrive, true since they were given.

        Inside, a method returns the case as it still is.
        """
        held, before = HeldBack(self._journal.name("late"), self._deliver), self._held
        begun = self._journal.enter(f"with timeline.held_back() as {held.name}:")
        self._held = held
        try:
            yield held
        finally:
            self._held = before
            self._journal.leave(begun)

    def _hold(self, held: HeldBack, step: Step) -> Case:
        case = self.store.load(step.case_id)
        submitted = {held_step.case_id for held_step in (*held.steps, step) if held_step.action == "submit"}
        if case is None and step.case_id not in submitted:
            raise UnknownCase(step.case_id)
        held.steps.append(step)
        return case or Case(step.case_id)

    def _deliver(self, held: HeldBack, reason: str, by: Actor | str | None) -> tuple[Case, ...]:
        named = {"reason": reason} if by is None else {"reason": reason, "by": by}
        place, arrived = self._journal.call(held.name, "deliver", (), named), list[Case]()
        steps, held.steps = held.steps, []
        for step in steps:
            since = step.at_us if step.effective_us is None else step.effective_us
            late = step.replace(effective_us=since, fields={"reason": reason, **step.fields})
            if isinstance(by, Actor):
                late = late.replace(by=by)
            elif by is not None:
                late = late.replace(by=None, role=by)
            try:
                arrived.append(self._take(late))
            except Refused as error:
                self._journal.refused(place, error.code)
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
                raise self.failure(timeline_text("crash lost", self.lang, case=case_id))

    def _reopened(self) -> Store:
        if self._new_store is not None and not self._is_branch:
            self.store.close()
            return self._new_store()
        return self.store.reopened() if isinstance(self.store, Reopens) else self.store

    # -- branches ---------------------------------------------------------------------------------------

    @contextmanager
    def what_if(self) -> Generator[Self]:
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


_BRANCHED = ("store", "desk", "_numbers", "_is_down", "_is_twice", "_held", "_is_branch")
"""What a branch gives back as it was."""
