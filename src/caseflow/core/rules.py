"""A policy made ready: one table of ``state -> action -> row``, and the clocks with their effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from caseflow.core import events as e
from caseflow.core.actions import ACTIONS, REASON
from caseflow.core.case import Case
from caseflow.core.clocks import ClockPlan
from caseflow.core.commands import SYSTEM, Actor, Command
from caseflow.core.guards import GUARDS
from caseflow.core.instants import office_days
from caseflow.core.policy import Action, FieldRule, Policy, Role, pin_of
from caseflow.core.tellings import Tellings
from caseflow.core.terms import Place
from caseflow.core.values import Value, maker, value
from caseflow.errors import Refusal

START = "start"
"""In ``moves``: before the case exists."""
OPEN = "open"
"""In ``moves``: every state that is not final."""
STAY = "="
"""In ``moves``: where the case is."""

HANDS_OVER = frozenset({e.Submitted, e.Routed, e.Transferred, e.Returned})
"""Events that give the case to another unit, or to none."""
OWN_EFFECTS = frozenset({e.Merged, e.Resumed, e.ExtensionGranted})
"""Events that change clocks in every policy."""

_NOTHING: dict[str, Any] = {
    "string": "", "unit": "", "sha256": "", "int": 0, "bool": False, "instant": 0, "names": (),
}  # fmt: skip
"""What an event says of a field that was not given."""

_NOBODY = Role(scope="own")

Guard = Callable[["Rules", Case, Command, int], Refusal | None]
Effect = tuple[str, ClockPlan, bool]
"""A verb, the clock it applies to, and whether a state (not the action itself) brings it about."""


@value
class Row(Value):
    """What an action does from one state: where it leads, who may, under which guards, to which clocks.

    ``payload`` holds the fields that the event itself says, each with what it says when they are not given.
    ``scopes`` maps each role that may act to the cases it may act on.
    ``held_place`` and ``held_effects`` hold instead when a unit holds the case after the action. ``place``
    is ``None`` when the case stays where it is.
    """

    action: str
    rule: Action
    event: type[e.Event]
    make: Callable[..., e.Event]
    fields: dict[str, FieldRule]
    payload: tuple[tuple[str, Any], ...]
    required: frozenset[str]
    scopes: dict[str, str]
    guards: tuple[Guard, ...]
    place: Place | None
    held_place: Place | None
    effects: tuple[Effect, ...]
    held_effects: tuple[Effect, ...]
    is_plain: bool
    """Whether the event says no more than every event does."""


class Rules:
    """A policy compiled. Immutable by convention; made once for each content hash and shared.

    Attributes:
        document: the policy's document, whose content hash is ``pin``.
        table: state -> action -> row; the state before submission is the empty string.
        plans: the clocks in the policy's order.
        days: the office's days.
        tellings: who is told what.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.document = policy.document()
        self.pin = pin_of(self.document)
        self.days = office_days(policy.timezone)
        self.places = {name: Place(name, state.stage, state.final) for name, state in policy.states.items()}
        self.plans = tuple(
            ClockPlan(name, rule, order=order, days=self.days, calendar=policy.tables.get(rule.calendar))
            for order, (name, rule) in enumerate(policy.clocks.items())
        )
        self.plan = {plan.name: plan for plan in self.plans}
        self.roles: dict[str, Role] = {**policy.roles, SYSTEM.role: Role(scope="any")}
        self.fields = {name: self._fields(name, rule) for name, rule in policy.actions.items()}
        self.tellings = Tellings(policy)
        self.table: dict[str, dict[str, Row]] = {state: {} for state in ("", *policy.states)}
        for state, action, target in moves(policy):
            self.table[state][action] = self._row(state, action, target)

    def role(self, by: Actor) -> Role:
        """The rights of the actor's role; those of nobody for a role that the policy lacks."""
        return self.roles.get(by.role, _NOBODY)

    def _fields(self, name: str, rule: Action) -> dict[str, FieldRule]:
        fields = dict(ACTIONS[name].fields) if name in ACTIONS else rule.fields | REASON
        if name == "submit" and self.policy.kinds:
            fields["kind"] = FieldRule(choices=("", *self.policy.kinds))
        if name == "reject" and self.policy.reasons:
            fields["code"] = FieldRule(choices=tuple(self.policy.reasons), required=True)
        return fields

    def _row(self, state: str, name: str, target: str) -> Row:
        rule, spec = self.policy.actions[name], ACTIONS.get(name)
        fields = self.fields[name]
        everyone = {role for role, rights in self.policy.roles.items() if rights.everything}
        system = {SYSTEM.role} if name == "resume" or name in self._timed() else set()
        required = {field for field, typed in fields.items() if typed.required}
        held = rule.with_unit or target
        event = spec.event if spec else e.Acted
        payload = tuple(
            (field, _NOTHING[typed.type]) for field, typed in fields.items() if typed.type != "text"
        )
        effects, held_effects = self.effects(name, state, target), self.effects(name, state, held)
        return Row(
            name,
            rule,
            event,
            maker(event),
            fields,
            payload,
            frozenset(required | ({"reason"} if rule.reason else set())),
            {role: self.roles[role].scope for role in sorted({*rule.roles, *everyone, *system})},
            tuple(GUARDS[guard] for guard in _guards(rule, event)),
            self.places.get(target) if target != state else None,
            self.places.get(held) if held != state else None,
            effects,
            held_effects,
            not (payload or effects or held_effects or event in HANDS_OVER | OWN_EFFECTS | {e.Acted}),
        )

    def _timed(self) -> set[str]:
        return {rung.then for clock in self.policy.clocks.values() for rung in clock.rungs if rung.then}

    def effects(self, action: str, state: str, target: str) -> tuple[Effect, ...]:
        """What the move does to the clocks, in the policy's order; within a clock ends come before starts.

        An action without a name stands for whatever led there: only leaving and entering states count.
        """
        found: list[Effect] = []
        entered = f"state:{target}" if target != state else ""
        left = f"state:{state}" if target != state else ""
        final = target != state and self.policy.states[target].final and action != "merge"
        for plan in self.plans:
            rule = plan.rule
            for verb in ("resume", "stop", "cancel", "revive", "start", "pause"):
                names: tuple[str, ...] = getattr(rule, verb)
                by_state = (
                    (entered != "" and entered in names)
                    or (verb == "resume" and left in rule.pause and entered not in rule.pause)
                    or (verb == "cancel" and final)
                )
                if action in names or by_state:
                    found.append((verb, plan, action not in names))
        return tuple(found)


def _guards(rule: Action, event: type[e.Event]) -> tuple[str, ...]:
    """The guards the policy names, and the one without which nobody may sign for a document."""
    own = "document_addressed"
    return rule.guards if event is not e.ReceiptSigned or own in rule.guards else (*rule.guards, own)


def moves(policy: Policy) -> list[tuple[str, str, str]]:
    """Every move as ``(state, action, target)``, with ``open`` and ``=`` written out.

    The state before submission is the empty string.
    """
    found: list[tuple[str, str, str]] = []
    for name, rule in policy.actions.items():
        table = {
            state: rule.moves[OPEN]
            for state, described in policy.states.items()
            if OPEN in rule.moves and not described.final
        } | {state: target for state, target in rule.moves.items() if state != OPEN}
        for state, target in table.items():
            origin = "" if state == START else state
            found.append((origin, name, origin if target == STAY else target))
    return found
