"""A timeline as a script: timed steps of one or several cases, which can be run, played and read."""

from __future__ import annotations

from datetime import datetime

from caseflow.clock import ManualClock
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.policy import Policy
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.ports import Store
from caseflow.stores.memory import MemoryStore
from caseflow.testing.step import Step
from caseflow.testing.timeline.stored_story import Story, story_of
from caseflow.testing.timeline.timeline import Timeline
from caseflow.testing.timeline.timeline_terms import Doing


class Script(Value):
    """Timed steps from the first submission on, each legal when it is taken.

    Attributes:
        rules: the policy, compiled.
        steps: in the order of time; the first is a submission.
    """

    rules: CompiledPolicy
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
