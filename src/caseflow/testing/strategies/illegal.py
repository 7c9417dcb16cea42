"""Commands that the rules refuse, each with the code of its refusal, at the end of a legal timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from hypothesis import strategies as st

from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.falling_due import caught_up
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.desk import Desk
from caseflow.errors import Refusal, Refused
from caseflow.testing.moves import Move, accepted, fitting, fitting_fields, unfitting_actor, wrong_fields
from caseflow.testing.strategies.given import PolicyLike, check_among, check_count, for_policy
from caseflow.testing.strategies.people import anyone
from caseflow.testing.strategies.script import Script, Step
from caseflow.testing.strategies.timelines import timelines

Found = Iterator[tuple[Move, str, int | None]]
"""A move that is refused, the code, and the instant since which it claims to be true."""


@value
class IllegalCommand(Value):
    """A legal timeline and a command after it that is refused.

    Attributes:
        script: the timeline before.
        step: the command.
        way: what is wrong with it, one of `WRONGS`.
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

    `WRONGS` lists what may be wrong. Where the case offers none of the ways asked for, another one is taken.

    Shrinks to an unknown action right after the submission.

    Args:
        policy: a policy, its name or path, or a strategy that draws one.
        start: when the case is submitted; drawn from a year when left out.
        ways: only these ways to be wrong, where the case offers one.
        max_steps: how many steps lie between submission and command at the most.

    Raises:
        BadInput: an unknown way, a start without an offset, a count that is none.
    """
    chosen = tuple(WRONGS) if ways is None else tuple(ways)
    check_among(chosen, tuple(WRONGS), what="ways")
    check_count(max_steps, what="max_steps", least=0, most=1000)

    def build(rules: Rules) -> st.SearchStrategy[IllegalCommand]:
        return st.builds(
            lambda script, way, number: _spoilt(rules, script, chosen, way, number),
            timelines(rules, start=start, max_steps=max_steps),
            st.sampled_from(chosen),
            st.integers(0, 9_999),
        )

    return for_policy(policy, build)


def _spoilt(rules: Rules, script: Script, chosen: Sequence[str], way: str, number: int) -> IllegalCommand:
    """The command with the chosen thing wrong with it, or the next one that the case offers."""
    case = script.cases()[0]
    last = script.steps[-1].at_us
    case, _ = caught_up(rules, case, last)
    others = [other for other in chosen if other != way] or list(WRONGS)
    turn = number % len(others)
    for name in (way, *others[turn:], *others[:turn], *WRONGS):
        found = list(WRONGS[name](rules, case, last, number))
        if found:
            move, code, since = found[number % len(found)]
            zone = rules.policy.timezone
            step = Step(last, zone, case.id, move.action, move.by, move.fields, since)
            return IllegalCommand(script, step, name, code)
    raise AssertionError("an unknown action is always refused")


def _unknown_action(rules: Rules, case: Case, now: int, number: int) -> Found:
    yield Move("no_such_action", anyone(rules)[0], {}), "unknown-action", None


def _not_in_state(rules: Rules, case: Case, now: int, number: int) -> Found:
    here = accepted(rules, case)
    for action in rules.policy.actions:
        if action not in here and action != "submit":
            move = fitting(rules, case, action, number)
            yield move or Move(action, anyone(rules)[0], {}), "not-in-state", None


def _submitted_twice(rules: Rules, case: Case, now: int, number: int) -> Found:
    move = fitting(rules, case, "submit", number)
    if move is not None:
        yield move, "case-exists", None


def _wrong_person(rules: Rules, case: Case, now: int, number: int) -> Found:
    for action in accepted(rules, case):
        found = unfitting_actor(rules, case, action, number)
        if found is not None:
            yield Move(action, found[0], fitting_fields(rules, case, action, number)), found[1], None


def _wrong_field(rules: Rules, case: Case, now: int, number: int) -> Found:
    for action in accepted(rules, case):
        for wrong in wrong_fields(rules, case, action, number):
            yield wrong.move, wrong.code, None


def _fitting(rules: Rules, case: Case, number: int) -> Iterator[Move]:
    for action in accepted(rules, case):
        move = fitting(rules, case, action, number)
        if move is not None:
            yield move


def _in_the_future(rules: Rules, case: Case, now: int, number: int) -> Found:
    for move in _fitting(rules, case, number):
        yield move, "in-the-future", now + 1


def _may_not_backdate(rules: Rules, case: Case, now: int, number: int) -> Found:
    for move in _fitting(rules, case, number):
        if not rules.role(move.by).backdate:
            yield move.replace(fields={**move.fields, "reason": "late"}), "may-not-backdate", now - 1


def _before_submission(rules: Rules, case: Case, now: int, number: int) -> Found:
    for move in _fitting(rules, case, number):
        if rules.role(move.by).backdate:
            reason = {**move.fields, "reason": "late"}
            yield move.replace(fields=reason), "before-submission", case.submitted_us - 1


def _late_without_reason(rules: Rules, case: Case, now: int, number: int) -> Found:
    for move in _fitting(rules, case, number):
        needed = "reason" in rules.table[case.state][move.action].required
        if rules.role(move.by).backdate and now > case.submitted_us and not needed:
            fields = {name: found for name, found in move.fields.items() if name != "reason"}
            yield move.replace(fields=fields), "field-missing", now - 1


def _guarded(rules: Rules, case: Case, now: int, number: int) -> Found:
    for move in _fitting(rules, case, number):
        command = Command(move.action, move.by, move.fields)
        for guard in rules.table[case.state][move.action].guards:
            refused = guard(rules, case, command, now)
            if refused is not None:
                yield move, refused.code, None
                break


WRONGS: dict[str, Callable[[Rules, Case, int, int], Found]] = {
    "the action is unknown": _unknown_action,
    "the state does not accept it": _not_in_state,
    "the case exists": _submitted_twice,
    "the person may not": _wrong_person,
    "a field is wrong": _wrong_field,
    "it is true only later": _in_the_future,
    "the role may not record late": _may_not_backdate,
    "it was true before the case": _before_submission,
    "it is late without a reason": _late_without_reason,
    "a guard refuses": _guarded,
}
"""What may be wrong with a command, plainest first, and the moves that are wrong so on a case."""
