"""What a refusal tells: to a stranger nothing of the case; to others remedies that are possible there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from caseflow.core.engine.compiled_policy import CompiledPolicy, Guard, Transition, refusal
from caseflow.core.model import events as e
from caseflow.core.model.case import Case, documents_of
from caseflow.core.model.commands import SYSTEM, Command
from caseflow.errors import Refusal

NAMING_ACTIONS = frozenset({
    "no-unit", "unit-holds", "no-reply", "no-information-asked", "not-yet", "no-extension-pending",
    "extension-already-pending", "rectification-not-linked", "not-in-state", "case-exists",
})  # fmt: skip
"""Codes of refusals whose ``missing`` names actions that would help."""

_OF_THE_ACTOR = frozenset({"extension_allowed", "document_addressed"})
"""Guards that ask how much, or for whom: they are left to whoever takes the remedy."""


def told(
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    refused: Refusal,
    at: int,
    *,
    guards: Mapping[str, Guard],
) -> Refusal:
    """The refusal as whoever gave the command may hear it; an authorizer has had its say before."""
    if command.rights is None and is_stranger(rules, case, command):
        return to_stranger(rules, case, command)
    return _with_remedy(rules, case, refused, at, guards)


def is_stranger(rules: CompiledPolicy, case: Case, command: Command) -> bool:
    """Whether the actor has nothing to do with the case: another citizen, a unit without a part in it.

    A unit that a document of the case is addressed to may sign for it, whoever holds the case by then.
    """
    by, scope = command.by, rules.rights(command).scope
    if scope == "any" or not case.version:
        return False
    if scope == "own":
        return case.citizen != by.id
    units = {case.unit, *case.facts.co_handlers}
    if command.action == "sign_receipt":
        units.update(card.addressee for card in case.escalations)
    return not by.unit or by.unit not in units


def to_stranger(rules: CompiledPolicy, case: Case, command: Command) -> Refusal:
    """The same refusal wherever the case stands and whoever holds it: it names rules, not the case."""
    by, rule, rights = command.by, rules.policy.actions.get(command.action), rules.rights(command)
    unwritten = Case(case.id)
    if rule is None or not (by.role in rule.roles or rights.everything):
        return refusal("role-may-not", rules, unwritten, command, missing=(), found=by.role, rule="roles")
    path = f"roles.{by.role}.scope"
    if rights.scope == "own":
        return refusal("not-your-case", rules, unwritten, command, rule=path)
    return refusal("not-your-unit", rules, unwritten, command, missing=(), found=by.unit, rule=path)


def _with_remedy(
    rules: CompiledPolicy, case: Case, refused: Refusal, at: int, guards: Mapping[str, Guard]
) -> Refusal:
    """The refusal with those of its remedies that somebody may take on the case as it stands.

    Where none of them is possible at once, it names what leads to a state that knows one of them; where
    there is no such action either, none.

    Args:
        at: when the command would take effect.
        guards: the named preconditions.
    """
    if refused.code not in NAMING_ACTIONS or case.facts.unknown_event:
        return refused
    named = tuple(name for name in refused.missing if name in rules.policy.actions)
    if len(named) < len(refused.missing):
        return refused  # it names something else: ids of rectifications that wait

    def is_possible(action: str) -> bool:
        return _is_possible(rules, case, action, at, guards)

    remedies = tuple(filter(is_possible, named))
    if not remedies and refused.code not in ("not-in-state", "case-exists"):
        remedies = tuple(filter(is_possible, _leading_to(rules, case, named)))
    return refused if remedies == refused.missing else attrs.evolve(refused, missing=remedies)


def _leading_to(rules: CompiledPolicy, case: Case, named: tuple[str, ...]) -> Iterator[str]:
    """The actions that lead to another open state which accepts one of those."""
    for action, row in rules.table.get(case.place.state, {}).items():
        place = row.held_place if case.unit else row.place
        if place is not None and not place.final and any(name in rules.table[place.state] for name in named):
            yield action


def _is_possible(
    rules: CompiledPolicy, case: Case, action: str, at: int, guards: Mapping[str, Guard]
) -> bool:
    """Whether somebody may take the action on the case, given the right fields."""
    row = rules.table.get(case.place.state, {}).get(action)
    if row is None or not _has_actor(case, row):
        return False
    if "document_addressed" in row.guards:
        return any(card.stands for _, card in documents_of(rules.routes.documents, case))
    names = [name for name in row.guards if name not in _OF_THE_ACTOR]
    clocks = dict.fromkeys(("", *(run.clock for run in case.clocks if run.until_us is None)))
    return any(
        all(guards[name](rules, case, Command(action, SYSTEM, {"clock": clock} if clock else {}), at) is None
            for name in names)
        for clock in (clocks if "clock" in row.fields else ("",))
    )  # fmt: skip


def _has_actor(case: Case, row: Transition) -> bool:
    """Whether there is anybody, the system aside, who may act on such a case."""
    is_held = bool(case.unit or (row.rule.co_handlers and case.facts.co_handlers))
    by_scope = {"any": True, "own": bool(case.citizen), "unit": is_held or row.event is e.ReceiptSigned}
    return any(by_scope[scope] for role, scope in row.scopes.items() if role != SYSTEM.role)
