"""Illegal commands for any policy and case, each with one thing wrong and the code of its refusal.

`FAULTS` lists what may be wrong; strategies, laws and tests all take their illegal commands from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from caseflow.core.bounds import LONGEST_STRING, LONGEST_TEXT
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.preconditions import GUARDS
from caseflow.core.engine.remedies import is_stranger, to_stranger
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Command
from caseflow.core.model.events import Reopened
from caseflow.core.policy import FieldRule
from caseflow.core.value import Value
from caseflow.testing.actors import UNITS, accepted_actions, all_actors, forbidden_actors, row_of
from caseflow.testing.command_generator import PLAIN_TEXT, legal_command, legal_fields
from caseflow.testing.step import Step


class IllegalStep(Value):
    """A step that is refused, and the code of the refusal."""

    step: Step
    code: str


class Situation(Value):
    """On which case, when, and how an illegal command is made.

    Attributes:
        now: epoch microseconds, not before the case's last act.
        number: chooses actors and fields, as for `legal_command`.
        text: how texts begin.
        action: only commands that take this action; any the fault can be shown with when empty.
    """

    rules: CompiledPolicy
    case: Case
    now: int
    number: int = 0
    text: str = PLAIN_TEXT
    action: str = ""

    def accepted(self) -> tuple[str, ...]:
        """The actions that the state accepts, or the one asked for."""
        return (self.action,) if self.action else accepted_actions(self.rules, self.case)

    def legal(self, action: str) -> Step | None:
        """The action as somebody may take it."""
        return legal_command(self.rules, self.case, action, self.number, text=self.text)

    def legal_steps(self) -> Iterator[Step]:
        """Every accepted action that somebody may take."""
        for action in self.accepted():
            step = self.legal(action)
            if step is not None:
                yield step


def illegal_fields(
    rules: CompiledPolicy, case: Case, action: str, number: int = 0, *, units: Sequence[str] = UNITS
) -> tuple[IllegalStep, ...]:
    """Every way in which one field of a legal command can be wrong, each with the code of its refusal.

    Empty when nobody may take the action. The codes hold where the state accepts the action.
    """
    step, row = legal_command(rules, case, action, number, units=units), row_of(rules, case, action)
    if step is None or row is None:
        return ()
    illegal = [IllegalStep(step.with_field("no_such_field", 1), "field-unknown")]
    for name in sorted(row.required):
        illegal.append(IllegalStep(step.without_field(name), "field-missing"))
        if row.fields[name].type in ("text", "string", "unit", "name") and not row.fields[name].choices:
            illegal.append(IllegalStep(step.with_field(name, ""), "field-missing"))
    illegal += [
        IllegalStep(step.with_field(name, " …\u200b"), "text-without-word") for name in sorted(row.worded)
    ]
    for name, rule in row.fields.items():
        illegal += [IllegalStep(step.with_field(name, part), code) for part, code in _mistakes(rule)]
    return tuple(illegal)


def _mistakes(rule: FieldRule) -> list[tuple[Any, str]]:
    """Values that the rule refuses, each with its code."""
    match rule.type:
        case "text":
            return [
                (7, "field-not-text"),
                ("字" * (LONGEST_TEXT + 1), "text-too-long"),
                ("a\x00b", "text-with-nul"),
                ("a\ud800b", "text-with-surrogate"),
            ]
        case "string" | "unit" | "name":
            if rule.choices:
                return [(7, "field-not-text"), ("no such choice", "field-not-a-choice")]
            long = "x" * (LONGEST_STRING + 1)
            return [
                (7, "field-not-text"), (long, "field-not-printable"), ("a\nb", "field-not-printable"),
            ]  # fmt: skip
        case "int" | "instant":
            wrong: list[tuple[Any, str]] = [("7", "field-not-int"), (True, "field-not-int")]
            wrong += [] if rule.min is None else [(rule.min - 1, "field-out-of-range")]
            wrong += [] if rule.max is None else [(rule.max + 1, "field-out-of-range")]
            return [*wrong, (1 << 63, "field-out-of-range")]
        case "names":
            choice = [(("no such choice",), "field-not-a-choice")] if rule.choices else []
            none = [("title", "field-not-names"), ((), "field-not-names")]
            return [*none, (("a\nb",), "field-not-printable"), *choice]
        case "secret":
            return [(7, "field-not-secret"), ("short", "field-not-secret")]
        case "date":
            return [(value, "field-not-date") for value in (20250530, "2025-05-32", "20250530", "2025-5-3")]
        case "bool":
            return [(1, "field-not-bool"), ("true", "field-not-bool")]
        case _:
            return [("abc", "field-not-sha256"), (7, "field-not-sha256")]


# -- what may be wrong --------------------------------------------------------------------------------------

Illegal = Iterator[IllegalStep]


def _heard(s: Situation, step: Step, code: str) -> IllegalStep:
    """The step with its code, or with that by which a stranger is told nothing of the case."""
    assert step.by is not None, "whoever asks is somebody"
    command = Command(step.action, step.by)
    is_told = not is_stranger(s.rules, s.case, command)
    return IllegalStep(step, code if is_told else to_stranger(s.rules, s.case, command).code)


def _unknown_action(s: Situation) -> Illegal:
    by = all_actors(s.rules)[0]
    yield _heard(s, Step(action="no_such_action", by=by, case_id=s.case.id), "unknown-action")


def _not_in_state(s: Situation) -> Illegal:
    here = accepted_actions(s.rules, s.case)
    for action in s.rules.policy.actions:
        if action not in here and action != "submit":
            bare = Step(action=action, by=all_actors(s.rules)[0], case_id=s.case.id)
            yield _heard(s, s.legal(action) or bare, "not-in-state")


def _submitted_twice(s: Situation) -> Illegal:
    step = s.legal("submit")
    if step is not None:
        yield _heard(s, step, "case-exists")


def _forbidden_actor(s: Situation) -> Illegal:
    for action in s.accepted():
        fields = legal_fields(s.rules, s.case, action, s.number, text=s.text)
        for by, code in forbidden_actors(s.rules, s.case, action):
            yield IllegalStep(Step(action=action, by=by, fields=fields, case_id=s.case.id), code)


def _wrong_field(s: Situation) -> Illegal:
    for action in s.accepted():
        yield from illegal_fields(s.rules, s.case, action, s.number)


def _in_the_future(s: Situation) -> Illegal:
    for step in s.legal_steps():
        yield IllegalStep(step.replace(effective_us=s.now + 1), "in-the-future")


def _may_not_backdate(s: Situation) -> Illegal:
    for step in s.legal_steps():
        if step.by is not None and not s.rules.role(step.by).backdate:
            late = step.replace(effective_us=s.now - 1).with_field("reason", f"{s.text} late")
            yield IllegalStep(late, "may-not-backdate")


def _before_submission(s: Situation) -> Illegal:
    for step in s.legal_steps():
        if step.by is not None and s.rules.role(step.by).backdate:
            late = step.replace(effective_us=s.case.submitted_us - 1)
            is_cycle = s.rules.table[s.case.state][step.action].event is Reopened
            code = "before-cycle" if is_cycle else "before-submission"  # says when it may begin
            yield IllegalStep(late.with_field("reason", f"{s.text} late"), code)


def _late_without_reason(s: Situation) -> Illegal:
    for step in s.legal_steps():
        needed = "reason" in s.rules.table[s.case.state][step.action].required
        if step.by is not None and s.rules.role(step.by).backdate and not needed and _may_be_late(s):
            yield IllegalStep(step.without_field("reason").replace(effective_us=s.now - 1), "field-missing")


def _may_be_late(s: Situation) -> bool:
    """Whether the instant just before now lies within the case's present cycle."""
    return s.now > max((s.case.submitted_us, *s.case.facts.reopenings))


def _guarded(s: Situation) -> Illegal:
    for step in s.legal_steps():
        assert step.by is not None, "a legal command has an actor"
        command = Command(step.action, step.by, step.fields)
        for guard in s.rules.table[s.case.state][step.action].guards:
            refused = GUARDS[guard](s.rules, s.case, command, s.now)
            if refused is not None:
                yield IllegalStep(step, refused.code)
                break


FAULTS: dict[str, Callable[[Situation], Illegal]] = {
    "the action is unknown": _unknown_action,
    "the state does not accept it": _not_in_state,
    "the case exists": _submitted_twice,
    "the person may not": _forbidden_actor,
    "a field is wrong": _wrong_field,
    "it is true only later": _in_the_future,
    "the role may not record late": _may_not_backdate,
    "it was true before the case": _before_submission,
    "it is late without a reason": _late_without_reason,
    "a guard refuses": _guarded,
}
"""What may be wrong with a command, plainest first, and the illegal commands that a case offers for it."""
