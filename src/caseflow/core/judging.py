"""Why a command is refused: state, role, fields, time, guards."""

from __future__ import annotations

from collections.abc import Callable

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.fields import wrong_field
from caseflow.core.guards import refusal
from caseflow.core.rules import Row, Rules
from caseflow.errors import Refusal

Authorize = Callable[[Rules, Case, Row, Command], Refusal | None]


def judge(
    rules: Rules,
    case: Case,
    command: Command,
    row: Row | None,
    at: int,
    authorize: Authorize | None = None,
    *,
    asked_only: bool = False,
) -> Refusal | None:
    """Why the command is refused on this case, or `None`: state, role, fields, time, guards, in this order.

    With ``asked_only`` fields and time are left out: whether the action may be asked for at all.
    """
    if row is None or case.facts.unknown_event:
        return no_row(rules, case, command)
    refused = None
    if authorize is not None:
        refused = authorize(rules, case, row, command)
    elif row.scopes.get(command.by.role) != "any":
        refused = is_authorized(rules, case, row, command)
    if refused is None and not asked_only:
        if command.fields or row.required:
            refused = wrong_field(rules, case, row, command)
        if refused is None and command.effective_us is not None and command.effective_us != at:
            refused = _wrong_time(rules, case, command, at)
    if refused is None:
        for guard in row.guards:
            refused = guard(rules, case, command, at)
            if refused is not None:
                return refused
    return refused


def is_authorized(rules: Rules, case: Case, row: Row, command: Command) -> Refusal | None:
    """The policy's table of role x action, denied by default, and the scope of the role.

    A role of scope ``own`` acts on the actor's own cases, one of scope ``unit`` on cases the actor's unit
    holds (or helps with, where the action admits co-handlers).
    """
    by = command.by
    scope = row.scopes.get(by.role)
    if scope == "any":
        return None
    if scope is None:
        missing = tuple(sorted(row.scopes))
        return refusal("role-may-not", rules, case, command, missing=missing, found=by.role, rule="roles")
    if scope == "own":
        if case.citizen == by.id or not case.version:
            return None
        return refusal("not-your-case", rules, case, command, rule=f"roles.{by.role}.scope")
    if row.event is e.ReceiptSigned and by.unit in [card.addressee for card in case.rungs if card.addressee]:
        return None  # another unit may hold the case by now; a guard looks whose the document is
    if by.unit and (by.unit == case.unit or (row.rule.co_handlers and by.unit in case.facts.co_handlers)):
        return None
    path = f"roles.{by.role}.scope"
    if not case.unit:
        return refusal("no-unit", rules, case, command, missing=("route",), found=by.unit, rule=path)
    missing = (case.unit,)
    return refusal("not-your-unit", rules, case, command, missing=missing, found=by.unit, rule=path)


def no_row(rules: Rules, case: Case, command: Command) -> Refusal:
    """The refusal of an action that the state, or the policy, does not have; of all on an incomplete case."""
    if case.facts.unknown_event:
        return refusal("case-incomplete", rules, case, command, found=case.facts.unknown_event, rule="events")
    if command.action not in rules.policy.actions:
        return refusal(
            "unknown-action", rules, case, command, rule="actions", missing=tuple(rules.policy.actions)
        )
    accepted = tuple(sorted(rules.table.get(case.place.state, ())))
    code = "case-exists" if command.action == "submit" else "not-in-state"
    return refusal(code, rules, case, command, rule="moves", missing=accepted)


def _wrong_time(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    since = command.effective_us
    if since is None or since > at:
        return refusal("in-the-future", rules, case, command, rule="effective_at", possible_from=since)
    if not rules.role(command.by).backdate:
        return refusal("may-not-backdate", rules, case, command, rule=f"roles.{command.by.role}.backdate")
    if case.version and since < case.submitted_us:
        return refusal("before-submission", rules, case, command, rule="effective_at")
    reopened = case.facts.reopened_us
    if reopened is not None and since < reopened:
        return refusal("before-reopening", rules, case, command, rule="effective_at")
    if not any(name == "reason" for name, _ in command.texts):
        return refusal("field-missing", rules, case, command, rule="effective_at", missing=("reason",))
    return None


def wrong_primary(rules: Rules, case: Case, command: Command, primary: Case | None) -> Refusal | None:
    """Why a case may not follow the one that its merge names: unknown, ended, younger, or a circle."""
    found = str(command.fields.get("primary", ""))
    if primary is None or not primary.version:
        return refusal("primary-unknown", rules, case, command, found=found, rule="merge")
    if primary.id == case.id or primary.facts.primary == case.id:
        return refusal("merge-cycle", rules, case, command, found=found, rule="merge")
    if not primary.is_open:
        missing = (primary.facts.primary,) if primary.facts.primary else ()
        return refusal("primary-ended", rules, case, command, found=found, rule="merge", missing=missing)
    if _started(primary) > _started(case):
        return refusal("primary-is-younger", rules, case, command, found=found, rule="merge")
    return None


def _started(case: Case) -> int:
    return min((run.since_us for run in case.clocks), default=case.submitted_us)
