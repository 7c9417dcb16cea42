"""Who may what: read a case, by the audience of acts and texts; act on it, by the policy's table of roles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from caseflow.core.engine.actions import ACTION_OF
from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition, refusal
from caseflow.core.engine.evaluation import bears_token
from caseflow.core.engine.extensions import clock_asked
from caseflow.core.engine.publication import published_version, publishes
from caseflow.core.engine.remedies import is_stranger, to_stranger
from caseflow.core.model import events as e
from caseflow.core.model.case import NOTHING_YET, Case, Facts
from caseflow.core.model.commands import Actor, Command
from caseflow.core.policy import AUDIENCES, Policy, Role
from caseflow.errors import Refusal

PUBLIC, PARTIES, INTERNAL = AUDIENCES
NOTHING = ""
"""What an actor sees of a case that is none of theirs."""
_WIDTHS = {name: width for width, name in enumerate((NOTHING, *AUDIENCES))}

_PUBLIC_TEXTS = frozenset({("reply", "text"), ("placeholder", "text")})
_TEXTS_OF_PARTIES = frozenset({
    ("submit", "title"), ("submit", "body"), ("acknowledge", "text"), ("request_information", "text"),
    ("receive_information", "text"), ("receive_information", "reason"), ("complete", "text"),
    ("rate", "text"), ("rate", "reason"), ("reject", "text"), ("reject", "reason"),
    ("reopen", "reason"), ("withdraw", "reason"),
    ("grant_extension", "reason"),
})  # fmt: skip
"""``(action, field)`` of built-in texts that the citizen wrote, or that were written to the citizen."""
_INTERNAL_ACTS = frozenset({
    "note", "report", "assess", "send_back", "request_extension", "refuse_extension", "attach",
    "sign_receipt", "migrate", "redact", "link", "unlink", "invite", "revoke_invitation",
})  # fmt: skip
"""Built-in actions that are the office's own affair."""
GIVE_A_UNIT = ("route", "transfer")
"""Actions by which a unit comes to hold a case."""


def sees(level: str, audience: str) -> bool:
    """Whether who may read so far may read what is for that audience."""
    return _WIDTHS[audience] <= _WIDTHS[level]


def level_of(role: Role, case: Case, by: Actor) -> str:
    """How far the actor may read the case: `NOTHING`, or the widest audience that they belong to.

    Args:
        role: the rights of the actor.
    """
    return role.reads if in_scope(role, (case,), by) else NOTHING


def in_scope(role: Role, cases: Sequence[Case], by: Actor) -> Sequence[Case]:
    """Those of the cases that the actor reads as their role reads; of others there is what anyone may see.

    As for acting, a role of scope ``own`` reads the actor's own cases, one of scope ``unit`` those that the
    actor's unit holds or helps with.
    """
    unit = by.unit
    match role.scope:
        case "any":
            return cases
        case "own":
            return [case for case in cases if case.citizen == by.id] if by.id else ()
        case _:
            return [case for case in cases if unit and (unit == case.unit or unit in case.facts.co_handlers)]


def act_of(event: e.Event) -> str:
    """The name of the action that the event is of; empty for what comes of itself."""
    return event.action if isinstance(event, e.Acted) else ACTION_OF.get(type(event), "")


def audience_of_act(rules: CompiledPolicy, event: e.Event) -> str:
    """Who may read that it happened: cards are for the parties, reminders for the office alone."""
    if isinstance(event, e.Reminded | e.UnknownEvent | e.Followed | e.LinkedCaseMoved):
        return INTERNAL
    if isinstance(event, e.Linked) and event.is_public:
        return PUBLIC
    if isinstance(event, e.RungEvent | e.CardAnnulled | e.Adopted):
        return PARTIES
    action = act_of(event)
    rule = rules.policy.actions.get(action)
    if rule is not None and rule.audience:
        return rule.audience
    return INTERNAL if isinstance(event, e.Acted) or action in _INTERNAL_ACTS else PARTIES


def audience_of_text(rules: CompiledPolicy, event: e.Event, field: str) -> str:
    """Who may read a text of the event, by its field's name; what nobody said anything of is internal."""
    action = "submit" if isinstance(event, e.Adopted) else act_of(event)
    return audience_of_field(rules.policy, action, field)


def audience_of_field(policy: Policy, action: str, field: str) -> str:
    """Who may read what an action says in a text; what nobody said anything of is internal."""
    rule = policy.actions.get(action)
    own = rule.fields.get(field) if rule is not None else None
    if own is not None:
        return own.audience or INTERNAL
    if (action, field) in _PUBLIC_TEXTS:
        return PUBLIC
    return PARTIES if (action, field) in _TEXTS_OF_PARTIES else INTERNAL


def retracted(case: Case, events: Iterable[e.Event]) -> frozenset[int]:
    """The versions of replies and publications that do not stand: they are for the office alone."""
    events = tuple(events)
    published = published_version(events)
    withdrawn = frozenset(
        version for version, event in enumerate(events, 1) if publishes(event) and version != published
    )
    versions = [version for version, event in enumerate(events, 1) if isinstance(event, e.Replied)]
    before = len(case.facts.replies) - len(versions)  # those before a takeover come first
    if before < 0 or case.facts.unknown_event:
        return withdrawn.union(versions)  # what became of them cannot be read here
    pairs = zip(versions, case.facts.replies[before:], strict=True)
    return withdrawn.union(version for version, reply in pairs if reply.retracted_us is not None)


def for_parties(case: Case) -> Case:
    """The case as its citizen may have it: without what the office keeps to itself, and without other people.

    What stands of its life is listed here, so that what is added to it some day is kept back until it is
    listed too. A case of whose life nothing stands yet has nothing to keep back, and is given as it is.
    """
    facts = case.facts
    if facts == NOTHING_YET and not case.escalations:
        return case
    shown = Facts(
        cycle=facts.cycle,
        past_units=facts.past_units,
        co_handlers=facts.co_handlers,
        replies=facts.replies,
        reopens=facts.reopens,
        ratings=facts.ratings,
        rectifications=facts.rectifications,
        primary=facts.primary,
        unknown_event=facts.unknown_event,
        adopted_us=facts.adopted_us,
        reopenings=facts.reopenings,
        renamed=facts.renamed,
        merged_us=facts.merged_us,
        led=facts.led,
        links=tuple([link for link in facts.links if link.is_public]) if facts.links else (),
    )
    return replace(case, escalations=case.cards, facts=shown)


class Authorizer(Protocol):
    """Says what an actor may, in place of the policy's table of roles; `PolicyRights` is that table.

    It is asked before anything is told of the case, so that its refusal is all that a stranger hears. What it
    refuses reaches them as it stands: it should name neither state nor unit.
    """

    def rights(self, rules: CompiledPolicy, by: Actor, /) -> Role:
        """Which cases the actor may touch, whether every action is theirs, and whether they backdate.

        An actor of scope ``own`` is the citizen of what they submit. A takeover needs every action and
        backdating.
        """
        ...

    def refuses(
        self, rules: CompiledPolicy, case: Case, row: Transition | None, command: Command, /
    ) -> Refusal | None:
        """`None`, or why the actor may not take the action on the case.

        Args:
            row: what the action does there; `None` where it is not possible in the case's state, and for the
                takeover of a case (``adopt``).
            command: with the actor's rights.
        """
        ...


def is_authorized(
    rules: CompiledPolicy, case: Case, transition: Transition, command: Command
) -> Refusal | None:
    """The policy's table of role x action, denied by default, and the scope of the role.

    A role of scope ``own`` acts on the actor's own cases, one of scope ``unit`` on cases the actor's unit
    holds (or helps with, where the action admits co-handlers).
    """
    by = command.by
    scope = transition.scopes.get(by.role)
    if scope == "unit":
        unit = by.unit
        if unit and (unit == case.unit or (transition.rule.co_handlers and unit in case.facts.co_handlers)):
            return None
        if transition.event is e.ReceiptSigned and unit in [
            card.addressee for card in case.escalations if card.addressee
        ]:
            return None  # another unit may hold the case by now; a guard looks whose the document is
    elif scope == "own":
        if not case.version or case.citizen == by.id:
            return None
        if transition.event is e.Rated and bears_token(case, command.fields.get("token")):
            return None
        return refusal("not-your-case", rules, case, command, rule=f"roles.{by.role}.scope")
    elif scope == "any":
        return None
    else:
        missing = tuple(sorted(transition.scopes))
        return refusal("role-may-not", rules, case, command, missing=missing, found=by.role, rule="roles")
    path = f"roles.{by.role}.scope"
    if not case.unit:
        return refusal("no-unit", rules, case, command, missing=GIVE_A_UNIT, found=by.unit, rule=path)
    missing = (case.unit,)
    return refusal("not-your-unit", rules, case, command, missing=missing, found=by.unit, rule=path)


def grants_not(rules: CompiledPolicy, case: Case, command: Command) -> Refusal | None:
    """Why the role may not grant an extension of that clock, which may name who does."""
    run = clock_asked(rules, case, command) if command.action == "grant_extension" else None
    rule = None if run is None else rules.plan[run.clock].rule.extension
    role = command.by.role
    if run is None or rule is None or not rule.by or role in rule.by:
        return None
    path = f"clocks.{run.clock}.extension.by"
    return refusal("role-may-not", rules, case, command, missing=rule.by, found=role, rule=path)


class PolicyRights:
    """The table of role x action, denied by default; override `rights` or `refuses` to change a part of it.

    Where `rights` gives a role more, or gives one that the policy lacks ``everything``, that holds instead.
    """

    def rights(self, rules: CompiledPolicy, by: Actor, /) -> Role:
        """Those of the actor's role; a role that the policy lacks may nothing."""
        return rules.role(by)

    def refuses(
        self, rules: CompiledPolicy, case: Case, row: Transition | None, command: Command, /
    ) -> Refusal | None:
        """`None`, or why not: a stranger is told the same wherever the case stands, whoever holds it."""
        if is_stranger(rules, case, command):
            return to_stranger(rules, case, command)
        if row is None:
            return None
        rights, role = rules.rights(command), command.by.role
        if role in row.scopes or rights.everything:
            row = row.replace(scopes={**row.scopes, role: rights.scope})
        return is_authorized(rules, case, row, command) or grants_not(rules, case, command)


POLICY_RIGHTS = PolicyRights()


class PresentRights:
    """Who may tell a fact is a question of today, whoever held the case when it took effect."""

    def __init__(self, case: Case, authorizer: Authorizer | None) -> None:
        self._case = case
        self._authorizer = authorizer or POLICY_RIGHTS

    def rights(self, rules: CompiledPolicy, by: Actor, /) -> Role:
        """Those of today."""
        return self._authorizer.rights(rules, by)

    def refuses(
        self, rules: CompiledPolicy, case: Case, row: Transition | None, command: Command, /
    ) -> Refusal | None:
        """What is refused on the case as it stands today."""
        return self._authorizer.refuses(rules, self._case, row, command)


def entitled(rules: CompiledPolicy, command: Command, authorizer: Authorizer | None) -> Command:
    """The command with the rights that the authorizer gives its actor; without one it stays as it is."""
    if authorizer is None:
        return command
    return command.replace(rights=authorizer.rights(rules, command.by))
