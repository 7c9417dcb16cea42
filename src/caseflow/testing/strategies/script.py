"""A timeline as a value: timed steps of one or several cases, which can be run and read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from caseflow.clock import ManualClock
from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.instants import moment
from caseflow.core.policy import Policy
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.desk import Desk
from caseflow.errors import BadInput
from caseflow.ports import Store
from caseflow.stores.memory import MemoryStore
from caseflow.testing.story import Story, story_of
from caseflow.testing.strategies.instants import written
from caseflow.testing.timeline import Timeline
from caseflow.testing.timeline_actions import Doing

LOOK = ""
"""The action of a step that only sweeps."""


@value
class Step(Value):
    """At an instant somebody acts on a case, or nobody does and the desk sweeps.

    Attributes:
        at_us: epoch microseconds.
        zone: the office's zone.
        case_id: the case; empty for a sweep.
        action: the action; empty for a sweep.
        by: who acts; `None` for a sweep.
        fields: the action's fields.
        effective_us: since when it is true, when that is before `at_us`.
        about: why the instant is interesting, such as ``1 us before yellow of reply``.
    """

    at_us: int
    zone: str
    case_id: str = ""
    action: str = LOOK
    by: Actor | None = None
    fields: Mapping[str, Any] = {}
    effective_us: int | None = None
    about: str = ""

    @property
    def at(self) -> datetime:
        """When, in the office's zone."""
        return moment(self.at_us, self.zone)

    @property
    def since(self) -> datetime | None:
        """Since when it is true, in the office's zone; `None` for its own instant."""
        return None if self.effective_us is None else moment(self.effective_us, self.zone)

    @property
    def is_look(self) -> bool:
        """Whether nobody acts and the desk only sweeps."""
        return self.action == LOOK

    def take(self, desk: Desk) -> Case | None:
        """Move the desk's clock to the step and take it; the case after it, `None` for a sweep.

        Raises:
            Refused: the rules do not allow it.
        """
        _clock_of(desk).set(self.at_us)
        if self.by is None:
            desk.sweep()
            return None
        return desk.act(self.case_id, self.action, by=self.by, fields=self.fields, effective_at=self.since)

    def __str__(self) -> str:
        when = written(self.at_us, self.zone)
        if self.by is None:
            said = "sweep"
        else:
            who = f"{self.by.role} {self.by.id}" + (f" of {self.by.unit}" if self.by.unit else "")
            given = "".join(f", {name}={found!r:.60}" for name, found in self.fields.items())
            since = f", true since {written(self.effective_us, self.zone)}" if self.effective_us else ""
            said = f"{self.case_id}  {self.action} by {who}{given}{since}"
        return f"{when:16}  {said}" + (f"   ({self.about})" if self.about else "")

    def __repr__(self) -> str:
        return f"<{self}>"


@value
class Script(Value):
    """Timed steps from the first submission on, each legal when it is taken.

    Attributes:
        rules: the policy, compiled.
        steps: in the order of time; the first is a submission.
    """

    rules: Rules
    steps: tuple[Step, ...]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def policy(self) -> Policy:
        """The policy under which the steps are legal."""
        return self.rules.policy

    @property
    def case_ids(self) -> tuple[str, ...]:
        """The cases, in the order of their submission."""
        return tuple(step.case_id for step in self.steps if step.action == "submit")

    @property
    def start(self) -> datetime:
        """When the first case is submitted, in the office's zone."""
        return self.steps[0].at

    @property
    def end(self) -> datetime:
        """When the last step is taken, in the office's zone."""
        return self.steps[-1].at

    def desk(self, store: Store | None = None) -> Desk:
        """A desk of the policy whose clock stands at the start, on a `MemoryStore` unless one is given."""
        clock = ManualClock(self.steps[0].at_us)
        return Desk(self.rules, MemoryStore() if store is None else store, clock=clock)

    def run(self, desk: Desk | None = None) -> Desk:
        """The desk after every step; a fresh one unless one with a `ManualClock` is given.

        Raises:
            Refused: a step is refused after all, as by another policy or a desk that holds the cases already.
            BadInput: the desk's clock cannot be set.
        """
        desk = self.desk() if desk is None else desk
        for step in self.steps:
            step.take(desk)
        return desk

    def play(self, timeline: Timeline | None = None) -> Timeline:
        """The `Timeline` after every step: what falls due is fired at its own instant, as a timely worker
        would, and the run can be told as a story or a test.

        Args:
            timeline: a timeline that is not past the start; a fresh one when left out.

        Raises:
            Refused: a step is refused after all.
            BadInput: the timeline is past the start.
        """
        timeline = Timeline(self.policy, start=self.start) if timeline is None else timeline
        for step in self.steps:
            timeline.advance(to=step.at)
            if step.by is not None:
                doing = Doing(by=step.by)
                if step.since is not None:
                    doing["effective_at"] = step.since
                timeline.act(step.case_id, step.action, fields=step.fields, **doing)
        return timeline

    def cases(self, desk: Desk | None = None) -> tuple[Case, ...]:
        """The cases after every step, in the order of their submission."""
        desk = self.run(desk)
        return tuple(desk.get(case_id) for case_id in self.case_ids)

    def story(self) -> Story:
        """What happens when it is run: cards and reminders as well as steps."""
        return story_of(self.run())

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    def __repr__(self) -> str:
        return f"<timeline under {self.policy.name}\n{self}>"


def _clock_of(desk: Desk) -> ManualClock:
    if not isinstance(desk.clock, ManualClock):
        raise BadInput(
            "bad-option", what="desk", found=f"{type(desk.clock).__name__}, expected a ManualClock"
        )
    return desk.clock
