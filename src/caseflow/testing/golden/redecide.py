"""A recorded history decided again: each event mapped back to what was asked, and asked anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from caseflow.core.engine.actions import command_of
from caseflow.core.engine.adoption import ADOPT, adopt
from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition
from caseflow.core.engine.decide import decide, follow
from caseflow.core.engine.escalation import escalate
from caseflow.core.engine.legacy import legacy_of
from caseflow.core.engine.links import LINK, UNLINK, LinkEnd, decide_end, learn
from caseflow.core.engine.migration import migrate
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor, CaseState, Command
from caseflow.core.model.evolve import evolve
from caseflow.core.policy import Role
from caseflow.core.value import Value
from caseflow.errors import Refusal, Refused

Recorded = tuple[str, e.Event]
"""A case's id and one of its events."""


class NowRefused(Value):
    """A recorded act that is refused today."""

    case_id: str
    event: e.Event
    refusal: Refusal


class Redecided(Value):
    """What came of the recorded commands: the cases, their events in order, and what was refused."""

    cases: dict[str, Case]
    events: tuple[Recorded, ...]
    refused: tuple[NowRefused, ...]


def redecided(recorded: Iterable[Recorded], rules_of: Callable[[str], CompiledPolicy]) -> Redecided:
    """The recorded commands decided again, each at its own instant and in their order over all cases.

    Cards, annulments, timed actions, what linked cases bring about and notes of a primary on its followers
    are results: they are not asked for, but come of themselves or stay away. Who may act is not judged
    again, since a portal may have decided that itself.

    Args:
        recorded: events of one or several cases, in the order they were recorded; a merged case stands
            beside its primary, a linked one beside the other.
        rules_of: the rules to use for a recorded pin.
    """
    again = _Again(rules_of)
    for case_id, event in recorded:
        again.take(case_id, event)
    again.catch_up()
    return Redecided(again.cases, tuple(again.events), tuple(again.refused))


class _Recorded:
    """What was recorded was allowed, by whatever authorizer there was; who the citizen is it says itself."""

    def rights(self, rules: CompiledPolicy, by: Actor) -> Role:
        return Role(everything=True, backdate=True)

    def refuses(self, rules: CompiledPolicy, case: Case, row: Transition | None, command: Command) -> None:
        return None


class _Again:
    """The cases as they come to stand while the record is gone through."""

    def __init__(self, rules_of: Callable[[str], CompiledPolicy]) -> None:
        self.cases: dict[str, Case] = {}
        self.events: list[Recorded] = []
        self.refused: list[NowRefused] = []
        self._rules_of = rules_of
        self._rules: dict[str, CompiledPolicy] = {}
        self._seen: dict[str, int] = {}

    def take(self, case_id: str, event: e.Event) -> None:
        """Ask again for what the event came of."""
        if isinstance(event, e.Submitted | e.Adopted):
            self._rules[case_id] = self._rules_of(event.origin.policy_hash)
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
                self._add(
                    case,
                    escalate(self._rules[case_id], case, seen, history=partial(self._history, case_id))[1],
                )

    def _link(
        self, rules: CompiledPolicy, case: Case, event: e.Linked | e.Unlinked, now: int
    ) -> tuple[e.Event, ...]:
        """One end of a link; the other one has a record of its own."""
        other = self.cases.get(event.case, Case(event.case))
        fields = {"type": event.type, "other": event.case}
        action = LINK if isinstance(event, e.Linked) else UNLINK
        command = Command(action, event.by, fields, event.texts)
        here = LinkEnd(rules, case, command, partial(self._history, case.id))
        there = LinkEnd(self._rules.get(event.case, rules), other, command)
        return decide_end(here, there, now, inward=event.inward, authorizer=_Recorded())[1]

    def _answer(self, rules: CompiledPolicy, case: Case, event: e.Event) -> tuple[e.Event, ...]:
        now = event.at_us if event.clamped_us is None else event.clamped_us
        if isinstance(event, e.RungEvent):
            return escalate(
                rules, case, event.at_us, seen=event.detected_us, history=lambda: self._history(case.id)
            )[1]
        if isinstance(event, e.Followed):
            history = partial(self._history, case.id)
            return follow(rules, case, event.follower, event.by, now, history=history)
        if isinstance(event, e.Adopted):
            legacy, fields = legacy_of(event)
            adoption = Command(ADOPT, event.by, fields, event.texts)
            return adopt(rules, case.id, legacy, adoption, now, is_judged=False)
        if isinstance(event, e.UnknownEvent):
            return (event,)
        if isinstance(event, e.Linked | e.Unlinked):
            return self._link(rules, case, event, now)
        if isinstance(event, e.LinkedCaseMoved):
            place = CaseState(event.state, "ended" if event.final else "handling", event.final)
            history = partial(self._history, case.id)
            return learn(rules, case, event.case, place, now, by=event.type, history=history)[1]
        command = command_of(event)
        if command is None:
            return ()
        primary = self.cases.get(event.primary if isinstance(event, e.Merged) else case.facts.primary)
        if isinstance(event, e.Migrated):
            new = self._rules[case.id] = self._rules_of(event.policy_hash)
            return migrate(
                rules, new, case, command, now, history=self._history(case.id), authorizer=_Recorded()
            )[1]
        return decide(
            rules,
            case,
            command,
            now,
            authorizer=_Recorded(),
            primary=primary,
            history=lambda: self._history(case.id),
        )

    def _history(self, case_id: str) -> tuple[e.Event, ...]:
        return tuple(event for known, event in self.events if known == case_id)

    def _add(self, case: Case, events: Iterable[e.Event]) -> None:
        for event in events:
            case = evolve(case, event)
            self.events.append((case.id, event))
        if case.version:
            self.cases[case.id] = case
