"""Actors who may and who may not, and commands that the rules refuse at the end of a legal timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hypothesis import strategies as st

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.escalation import escalate
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadInput, Refusal, Refused
from caseflow.testing.actors import UNITS, all_actors, forbidden_actors, permitted_actors, row_of
from caseflow.testing.illegal_commands import FAULTS, IllegalStep, Situation
from caseflow.testing.step import Step
from caseflow.testing.strategies.arguments import PolicyLike, check_among, check_count, for_policy
from caseflow.testing.strategies.timeline_script import Script
from caseflow.testing.strategies.timeline_strategies import timelines


def actors(
    policy: PolicyLike = "wuhu",
    *,
    action: str | None = None,
    case: Case | None = None,
    fitting: bool = True,
    units: Sequence[str] = UNITS,
) -> st.SearchStrategy[Actor]:
    """People of the policy's roles.

    With an action: those who may take it on the case, or, not ``fitting``, those who may not: another role,
    another unit, another citizen, a role that the policy lacks. Without: anyone of any role.

    Shrinks to the policy's first role and the first unit.

    Args:
        policy: a policy, its name or path, or a strategy that draws one.
        action: what they want to do; any when left out.
        case: to which case; one that is not submitted yet when left out.
        fitting: whether they may.
        units: the units of those who may act for any.

    Raises:
        BadInput: an action that no state knows, ``fitting=False`` without an action, nobody who fits.
    """
    if action is None and not fitting:
        raise BadInput("bad-option", what="fitting", found="False without an action, expected an action")

    def build(rules: CompiledPolicy) -> st.SearchStrategy[Actor]:
        if action is None:
            return st.sampled_from(all_actors(rules, units))
        known = Case("c1") if case is None else case
        if row_of(rules, known, action) is None:
            raise BadInput("bad-option", what="action", found=f"{action}, unknown to {rules.policy.name}")
        people = permitted_actors(rules, known, action, units=units)
        if not fitting:
            people = tuple(dict.fromkeys(by for by, _ in forbidden_actors(rules, known, action)))
        if not people:
            raise BadInput("bad-option", what="action", found=f"{action}, which nobody may take now")
        return st.sampled_from(people)

    return for_policy(policy, build)


class IllegalCommand(Value):
    """A legal timeline and a command after it that is refused.

    Attributes:
        script: the timeline before.
        step: the command.
        way: what is wrong with it, one of `caseflow.testing.illegal_commands.FAULTS`.
        code: the code of the refusal.
    """

    script: Script
    step: Step
    way: str
    code: str

    def refused(self, desk: Desk | None = None) -> Refusal:
        """The refusal, after running the timeline on a desk, a fresh one unless given.

        Raises:
            AssertionError: the command was accepted.
        """
        desk = self.script.run(desk)
        try:
            self.step.take(desk)
        except Refused as error:
            return error.refusal
        raise AssertionError(f"accepted, though wrong ({self.way}): {self.step}")

    def __repr__(self) -> str:
        policy = self.script.policy.name
        return f"<timeline under {policy}\n{self.script}\n{self.step}   <- {self.way}: {self.code}>"


def illegal_commands(
    policy: PolicyLike = "wuhu",
    *,
    start: datetime | str | int | None = None,
    ways: Sequence[str] | None = None,
    max_steps: int = 6,
) -> st.SearchStrategy[IllegalCommand]:
    """Commands with one thing wrong, after a legal timeline: refused, by a code known beforehand.

    `FAULTS` lists what may be wrong. Where the case offers none of the ways asked for, another one is taken.

    Shrinks to an unknown action right after the submission.

    Args:
        policy: a policy, its name or path, or a strategy that draws one.
        start: when the case is submitted; drawn from a year when left out.
        ways: only these ways to be wrong, where the case offers one.
        max_steps: how many steps lie between submission and command at the most.

    Raises:
        BadInput: an unknown way, a start without an offset, a count that is none.
    """
    chosen = tuple(FAULTS) if ways is None else tuple(ways)
    check_among(chosen, tuple(FAULTS), what="ways")
    check_count(max_steps, what="max_steps", least=0, most=1000)

    def build(rules: CompiledPolicy) -> st.SearchStrategy[IllegalCommand]:
        def spoilt(script: Script, way: str, number: int) -> IllegalCommand:
            return _spoilt(script, _order(chosen, way, number), number)

        return st.builds(
            spoilt,
            timelines(rules, start=start, max_steps=max_steps),
            st.sampled_from(chosen),
            st.integers(0, 9_999),
        )

    return for_policy(policy, build)


def _order(chosen: Sequence[str], way: str, number: int) -> tuple[str, ...]:
    """The ways to try: the one drawn, then the other chosen ones from some place on, then all."""
    others = [other for other in chosen if other != way]
    turn = number % max(len(others), 1)
    return (way, *others[turn:], *others[:turn], *FAULTS)


def _spoilt(script: Script, ways: Sequence[str], number: int) -> IllegalCommand:
    """A command with the first of these things wrong with it that the case offers."""
    last = script.steps[-1]
    desk = script.run()
    known = desk.get(script.case_ids[0])
    case, _ = escalate(script.rules, known, last.at_us, history=lambda: desk.history(known.id))
    situation = Situation(rules=script.rules, case=case, now=last.at_us, number=number)
    for way in ways:
        illegal: list[IllegalStep] = list(FAULTS[way](situation))
        if illegal:
            one = illegal[number % len(illegal)]
            step = one.step.replace(at_us=last.at_us, zone=last.zone)
            return IllegalCommand(script, step, way, one.code)
    raise AssertionError("an unknown action is always refused")
