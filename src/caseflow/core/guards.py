"""The named conditions a policy may attach to an action. Each says what is missing when it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from caseflow.core.case import Case, ClockRun
from caseflow.core.commands import Command
from caseflow.core.documents import documents_of
from caseflow.errors import Refusal

if TYPE_CHECKING:
    from caseflow.core.rules import Rules

Guard = Callable[["Rules", Case, Command, int], Refusal | None]

GUARDS: dict[str, Guard] = {}
"""Name -> guard: ``guard(rules, case, command, at)`` is ``None`` or the refusal."""


def _named(guard: Guard) -> Guard:
    GUARDS[guard.__name__] = guard
    return guard


def refusal(
    code: str,
    rules: Rules,
    case: Case,
    command: Command,
    *,
    missing: tuple[str, ...] = (),
    found: str = "",
    rule: str = "guards",
    possible_from: int | None = None,
) -> Refusal:
    """A refusal that names the policy's rule and its source."""
    action = rules.policy.actions.get(command.action)
    return Refusal(
        code=code,
        action=command.action,
        state=case.state,
        rule=rule if "." in rule else f"actions.{command.action}.{rule}",
        missing=missing,
        found=found,
        possible_from=possible_from,
        source=action.source if action else "",
    )


def clock_asked(rules: Rules, case: Case, command: Command) -> ClockRun | None:
    """The running instance an extension speaks of: the named clock, or else the policy's first."""
    pending = case.facts.extension
    name = command.fields.get("clock") or (pending.clock if pending else "")
    name = name or (rules.plans[0].name if rules.plans else "")
    return case.running(name) or case.running(name, case.unit)


@_named
def unit_holds(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """A unit holds the case."""
    return None if case.unit else refusal("no-unit", rules, case, command, missing=("route",))


@_named
def has_reply(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """A public substantive reply of this cycle stands."""
    cycle = case.facts.cycle
    if any(reply.cycle == cycle and reply.retracted_us is None for reply in case.facts.replies):
        return None
    return refusal("no-reply", rules, case, command, missing=("reply",))


@_named
def not_rated(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """The citizen has not rated this cycle yet."""
    ratings = case.facts.ratings
    if not ratings or all(rating.cycle != case.facts.cycle for rating in ratings):
        return None
    return refusal("already-rated", rules, case, command)


@_named
def returns_left(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """The case was returned fewer times than ``limits.returns``."""
    cap = rules.policy.limits.returns
    if case.facts.returns < cap:
        return None
    return refusal("returns-used-up", rules, case, command, found=str(cap), rule="limits.returns")


@_named
def reopens_left(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """The case was reopened fewer times than ``limits.reopens``."""
    cap = rules.policy.limits.reopens
    if case.facts.reopens < cap:
        return None
    return refusal("reopens-used-up", rules, case, command, found=str(cap), rule="limits.reopens")


@_named
def extensions_left(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """The clock runs, and was extended fewer times than ``limits.extensions``, by few enough days."""
    limits, run = rules.policy.limits, clock_asked(rules, case, command)
    if run is None:
        return refusal("clock-not-running", rules, case, command)
    if len(run.grants) >= limits.extensions:
        found = str(limits.extensions)
        return refusal("extensions-used-up", rules, case, command, found=found, rule="limits.extensions")
    pending = case.facts.extension
    days = command.fields.get("days") or (pending.days if pending else 0)
    if days > limits.extension_days:
        found = f"{days} > {limits.extension_days}"
        return refusal("extension-too-long", rules, case, command, found=found, rule="limits.extension_days")
    return None


@_named
def before_breach(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """The clock's deadline has not passed."""
    run = clock_asked(rules, case, command)
    if run is None:
        return refusal("clock-not-running", rules, case, command)
    due = run.deadline_us
    if due is None or at < due:
        return None
    return refusal("after-breach", rules, case, command, rule=f"clocks.{run.clock}.rungs")


@_named
def extension_pending(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """An extension was asked for and not answered yet."""
    if case.facts.extension is not None:
        return None
    return refusal("no-extension-pending", rules, case, command, missing=("request_extension",))


@_named
def no_extension_pending(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """No extension waits for an answer."""
    if case.facts.extension is None:
        return None
    answers = ("grant_extension", "refuse_extension")
    return refusal("extension-already-pending", rules, case, command, missing=answers)


@_named
def rectification_linked(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """The rectification named is linked and not verified yet."""
    asked = command.fields.get("rectification")
    waiting = [item.id for item in case.facts.rectifications if item.verified_us is None]
    if asked in waiting or (asked is None and waiting):
        return None
    missing = tuple(waiting) or ("link_rectification",)
    return refusal("rectification-not-linked", rules, case, command, missing=missing, found=str(asked or ""))


@_named
def document_addressed(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """The document was issued to the actor's unit, and is not void. Every ``sign_receipt`` asks for this."""
    asked, by = command.fields.get("document"), command.by
    issued = [found for found in documents_of(rules.tellings.documents, case) if asked in (None, found[0])]
    if not issued:
        known = tuple(name for name, card in documents_of(rules.tellings.documents, case) if card.stands)
        return refusal("no-document", rules, case, command, missing=known, found=str(asked or ""))
    units = tuple(dict.fromkeys(card.addressee for _, card in issued if card.stands))
    if not units:
        return refusal("document-void", rules, case, command, found=issued[-1][0])
    if (by.unit and by.unit in units) or rules.role(by).everything:
        return None
    return refusal("not-your-document", rules, case, command, missing=units, found=by.unit)


@_named
def rectifications_verified(rules: Rules, case: Case, command: Command, at: int) -> Refusal | None:
    """Every linked rectification was verified."""
    if not case.facts.rectifications:
        return None
    waiting = tuple(item.id for item in case.facts.rectifications if item.verified_us is None)
    return refusal("rectification-open", rules, case, command, missing=waiting) if waiting else None
