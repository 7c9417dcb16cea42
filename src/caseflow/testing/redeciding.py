"""A recorded history decided again: each event mapped back to what was asked, and asked anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from caseflow.core import events as e
from caseflow.core.actions import ACTIONS
from caseflow.core.adopt import ADOPT, adopt, legacy_of
from caseflow.core.case import Case
from caseflow.core.commands import SYSTEM, Command
from caseflow.core.decide import adopt_rules, decide, follow
from caseflow.core.evolve import evolve
from caseflow.core.falling_due import caught_up
from caseflow.core.rules import Row, Rules
from caseflow.core.values import Value, value
from caseflow.errors import Refusal, Refused

Recorded = tuple[str, e.Event]
"""A case's id and one of its events."""


def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind))


_COMMON = frozenset(_field_names(e.Event))
_ACTION = {spec.event: name for name, spec in ACTIONS.items()}
"""Event class -> the built-in action that makes it."""


@value
class NowRefused(Value):
    """A recorded act that is refused today."""

    case_id: str
    event: e.Event
    refusal: Refusal


@value
class Redecided(Value):
    """What came of the recorded commands: the cases, their events in order, and what was refused."""

    cases: dict[str, Case]
    events: tuple[Recorded, ...]
    refused: tuple[NowRefused, ...]


def redecided(recorded: Iterable[Recorded], rules_of: Callable[[str], Rules]) -> Redecided:
    """The recorded commands decided again, each at its own instant and in their order over all cases.

    Cards, annulments, timed actions and notes of a primary on its followers are results: they are not
    asked for, but come of themselves or stay away. Who may act is not judged again, since a portal may
    have decided that itself.

    Args:
        recorded: events of one or several cases, in the order they were recorded; a merged case stands
            beside its primary.
        rules_of: the rules to use for a recorded pin.
    """
    again = _Again(rules_of)
    for case_id, event in recorded:
        again.take(case_id, event)
    again.catch_up()
    return Redecided(again.cases, tuple(again.events), tuple(again.refused))


def command_of(event: e.Event) -> Command | None:
    """What was asked for when the event was recorded; `None` for what comes of itself.

    Texts are their salted hashes. A field that says the same as when it is left out is left out.
    """
    if isinstance(event, e.RungEvent | e.CardAnnulled | e.Followed | e.Adopted | e.UnknownEvent):
        return None
    if event.by.role == SYSTEM.role and not isinstance(event, e.Resumed):
        return None  # the timed action of a rung
    if isinstance(event, e.Acted):
        return Command(event.action, event.by, dict(event.fields), event.texts, event.effective_us)
    action = _ACTION[type(event)]
    return Command(action, event.by, _fields(action, event), event.texts, event.effective_us)


def _fields(action: str, event: e.Event) -> dict[str, Any]:
    if isinstance(event, e.Submitted):
        origin = event.origin
        given: dict[str, Any] = {
            "to": event.unit, "citizen": event.citizen, "kind": origin.kind, "channel": origin.channel,
            "region": origin.region, "urgency": origin.urgency,
        }  # fmt: skip
    elif isinstance(event, e.RulesAdopted):
        return {}
    else:
        own = [name for name in _field_names(type(event)) if name not in _COMMON]
        asked = [name for name, rule in ACTIONS[action].fields.items() if rule.type != "text"]
        given = {name: getattr(event, field) for name, field in zip(asked, own, strict=True)}
    required = {name for name, rule in ACTIONS[action].fields.items() if rule.required}
    return {name: found for name, found in given.items() if found or name in required}


def _nobody_is_refused(rules: Rules, case: Case, row: Row, command: Command) -> None:
    return None


class _Again:
    """The cases as they come to stand while the record is gone through."""

    def __init__(self, rules_of: Callable[[str], Rules]) -> None:
        self.cases: dict[str, Case] = {}
        self.events: list[Recorded] = []
        self.refused: list[NowRefused] = []
        self._rules_of = rules_of
        self._rules: dict[str, Rules] = {}
        self._seen: dict[str, int] = {}

    def take(self, case_id: str, event: e.Event) -> None:
        """Ask again for what the event came of."""
        if isinstance(event, e.Submitted | e.Adopted):
            self._rules[case_id] = self._rules_of(event.origin.pin)
        case, rules = self.cases.get(case_id, Case(case_id)), self._rules[case_id]
        noticed = event.detected_us if isinstance(event, e.RungEvent) else event.at_us
        self._seen[case_id] = max(self._seen.get(case_id, noticed), noticed)
        try:
            self._add(case, self._answer(rules, case, event))
        except Refused as error:
            self.refused.append(NowRefused(case_id, event, error.refusal))

    def catch_up(self) -> None:
        """Issue what is due when the record of each case was last looked at."""
        for case_id, case in tuple(self.cases.items()):
            seen = self._seen[case_id]
            if not case.facts.unknown_event:
                self._add(case, caught_up(self._rules[case_id], case, seen)[1])

    def _answer(self, rules: Rules, case: Case, event: e.Event) -> tuple[e.Event, ...]:
        now = event.at_us if event.clamped_us is None else event.clamped_us
        if isinstance(event, e.RungEvent):
            return caught_up(rules, case, event.at_us, event.detected_us)[1]
        if isinstance(event, e.Followed):
            return follow(rules, case, event.follower, event.by, now)
        if isinstance(event, e.Adopted):
            legacy, fields = legacy_of(event)
            asked = Command(ADOPT, event.by, fields, event.texts)
            return adopt(rules, case.id, legacy, asked, now, is_judged=False)
        if isinstance(event, e.UnknownEvent):
            return (event,)
        command = command_of(event)
        if command is None:
            return ()
        primary = self.cases.get(event.primary) if isinstance(event, e.Merged) else None
        events = decide(rules, case, command, now, authorize=_nobody_is_refused, primary=primary)
        return self._adopted(case, command, now, events, event) if command.action == "adopt_rules" else events

    def _adopted(
        self, case: Case, command: Command, now: int, events: tuple[e.Event, ...], event: e.Event
    ) -> tuple[e.Event, ...]:
        """What was due under the old rules, then the adoption of those the record names."""
        pin = event.pin if isinstance(event, e.RulesAdopted) else ""
        rules = self._rules[case.id] = self._rules_of(pin)
        issued = events[: [found.name for found in events].index("rules-adopted")]
        for found in issued:
            case = evolve(case, found)
        return (*issued, *adopt_rules(rules, case, command, now))

    def _add(self, case: Case, events: Iterable[e.Event]) -> None:
        for event in events:
            case = evolve(case, event)
            self.events.append((case.id, event))
        if case.version:
            self.cases[case.id] = case
