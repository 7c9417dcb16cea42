"""What a case must be, derived anew from the policy and from what happened.

The model reads of each event only what it is: its name, its instants, its actor and its fields. States,
holders, clocks and deadlines it works out by itself, from the policy's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from caseflow.core import events as e
from caseflow.core.actions import ACTIONS
from caseflow.core.policy import ClockRule, Policy
from caseflow.testing.laws.arithmetic import Arithmetic

ACTION_OF = {spec.event.name: action for action, spec in ACTIONS.items()}
"""The registered name of an event -> the built-in action it comes from."""
VERBS = ("resume", "stop", "cancel", "revive", "start", "pause")
"""What may befall a clock, in the order in which one action does it."""
FAR = 1 << 62
Due = tuple[int, str, int | None, bool]
"""A rung's place and level, its first late instant, and whether that is certain."""


class Running:
    """One instance of a clock, as the model has it."""

    def __init__(self, rules: Ruled, clock: str, subject: str, cycle: int, since: int) -> None:
        self.rules, self.key, self.since = rules, (clock, subject, cycle), since
        self.until: int | None = None
        self.status = "running"
        self.pauses: list[tuple[int, int | None]] = []
        self.grants: list[tuple[int, int | None]] = []

    def dues(self) -> Iterator[Due]:
        """Each rung with its deadline, by plain arithmetic."""
        clock = self.key[0]
        for place, rung in enumerate(self.rules.policy.clocks[clock].rungs):
            late, certain = self.rules.arithmetic.late(clock, place, self.since, self.pauses, self.grants)
            yield place, rung.level, late, certain

    def owed(self, upto: int) -> Iterator[tuple[str, int]]:
        """Level and instant of every rung that must have fired by then."""
        for _, level, late, certain in self.dues():
            if certain and late is not None and late <= upto and (self.until is None or late <= self.until):
                yield level, late


class Ruled:
    """A policy with its arithmetic: under which rules an instance counts."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.arithmetic = Arithmetic(policy)
        self.moves = {action: dict(rule.moves) for action, rule in policy.actions.items()}

    def target(self, state: str, action: str, held: bool) -> str | None:
        """Where the action leads from the state; `None` when the state does not accept it."""
        ways, known = self.moves.get(action, {}), self.policy.states.get(state)
        to = ways.get(state or "start")
        if to is None and known is not None and not known.final:
            to = ways.get("open")
        if to is None:
            return None
        if held and self.policy.actions[action].with_unit:
            return self.policy.actions[action].with_unit
        return state if to == "=" else to


class Model:
    """A case worked out from its events, one after the other."""

    def __init__(self, rules_of: Callable[[str], Ruled]) -> None:
        self._rules_of = rules_of
        self.state, self.unit, self.version = "", "", 0
        self.rules: Ruled | None = None
        self.origin = e.UNKNOWN_ORIGIN
        self.runs: list[Running] = []
        self.holders: list[tuple[int, str]] = []
        self.was_merged = False
        self.strange = ""

    def take(self, event: e.Event) -> None:
        """Go on by one event."""
        self.version += 1
        if isinstance(event, e.RungEvent | e.CardAnnulled | e.Followed | e.UnknownEvent):
            return
        since = event.at_us if event.effective_us is None else event.effective_us
        if isinstance(event, e.Submitted):
            self.origin, self.rules = event.origin, self._rules_of(event.origin.pin)
        rules = self.rules
        assert rules is not None, "a case begins with its submission"
        if isinstance(event, e.RulesAdopted):
            self._adopt(self._rules_of(event.pin), event.at_us)
            return
        action = event.action if isinstance(event, e.Acted) else ACTION_OF[event.name]
        holder = self._holder_after(event)
        target = rules.target(self.state, action, bool(holder))
        if target is None:
            self.strange = f"{action} was taken in {self.state or 'no state'}, which does not accept it"
            target = self.state
        self._clocks(rules, event, action, since, target, holder)
        if holder != self.unit or isinstance(event, e.Submitted | e.Routed | e.Transferred | e.Returned):
            self.holders = [held for held in self.holders if held[0] < since] + [(since, holder)]
        self.state, self.unit = target, holder
        self.was_merged = self.was_merged or isinstance(event, e.Merged)

    def _holder_after(self, event: e.Event) -> str:
        if isinstance(event, e.Submitted | e.Routed | e.Transferred):
            return event.unit
        return "" if isinstance(event, e.Returned) else self.unit

    def holder_at(self, us: int) -> str:
        """Who held the case; a hand-over at that very instant comes after it."""
        return next((unit for since, unit in reversed(self.holders) if since < us), "")

    def latest(self, clock: str, subject: str) -> Running | None:
        """The newest instance of the clock for the subject."""
        found = [run for run in self.runs if run.key[:2] == (clock, subject)]
        return max(found, key=lambda run: run.key[2], default=None)

    def is_latest(self, run: Running) -> bool:
        """Whether the instance is of the newest cycle."""
        return self.latest(*run.key[:2]) is run

    # -- clocks -----------------------------------------------------------------------------------------

    def _clocks(
        self, rules: Ruled, event: e.Event, action: str, since: int, target: str, holder: str
    ) -> None:
        before = [run for run in self.runs if run.until is None]
        for clock, rule in rules.policy.clocks.items():
            for verb in VERBS:
                by_action, by_state = self._asked(rules.policy, rule, verb, action, target)
                if not by_action and not by_state:
                    continue
                if verb == "start":
                    self._start(rules, clock, rule, event, since, target, holder, before)
                    continue
                mine = self.unit if rule.subject == "unit" else event.by.unit
                for run in list(self.runs):
                    everyone = verb == "cancel" or not by_action or not rule.subject
                    if run.key[0] == clock and (everyone or run.key[1] == mine):
                        self._befall(verb, run, since)
        self._own(event, since)

    def _asked(
        self, policy: Policy, rule: ClockRule, verb: str, action: str, target: str
    ) -> tuple[bool, bool]:
        """Whether the action itself, or a state entered or left, does this to the clock."""
        named: tuple[str, ...] = getattr(rule, verb)
        moved = target != self.state
        by_state = moved and (
            f"state:{target}" in named
            or (verb == "resume" and f"state:{self.state}" in rule.pause)
            or (verb == "cancel" and policy.states[target].final and action != "merge")
        )
        return action in named, by_state

    def _start(
        self,
        rules: Ruled,
        clock: str,
        rule: ClockRule,
        event: e.Event,
        since: int,
        target: str,
        holder: str,
        before: list[Running],
    ) -> None:
        asked = {"kind": rule.when.kind, "urgency": rule.when.urgency,
                 "channel": rule.when.channel, "region": rule.when.region}  # fmt: skip
        if any(wanted and getattr(self.origin, name) not in wanted for name, wanted in asked.items()):
            return
        helper = event.unit if isinstance(event, e.CoHandlerAdded) else ""
        subject = {"": "", "unit": holder, "co_handler": helper}[rule.subject]
        latest = self.latest(clock, subject)
        if (rule.subject and not subject) or (latest is not None and latest in before):
            return
        run = Running(rules, clock, subject, 1 if latest is None else latest.key[2] + 1, since)
        if f"state:{target}" in rule.pause:
            run.pauses.append((since, None))
        self.runs.append(run)

    def _befall(self, verb: str, run: Running, since: int) -> None:
        is_paused = any(end is None for _, end in run.pauses)
        if verb == "revive":
            if self.is_latest(run) and run.status == "stopped" and run.until is not None:
                run.pauses += [(run.until, since)] if since > run.until else []
                run.status, run.until = "running", None
        elif run.until is not None:
            return
        elif verb in ("stop", "cancel"):
            run.status, run.until = ("stopped" if verb == "stop" else "cancelled"), since
        elif verb == "pause" and not is_paused:
            run.pauses.append((since, None))
        elif verb == "resume":
            closed = [(a, since if b is None else b) for a, b in run.pauses]
            run.pauses = [(a, b) for a, b in closed if b > a]

    def _own(self, event: e.Event, since: int) -> None:
        """What merging, resuming and a granted extension do in every policy."""
        if isinstance(event, e.Merged):
            for run in self.runs:
                if run.until is None:
                    run.status, run.until = "held", since
        elif isinstance(event, e.Resumed):
            for run in self.runs:
                if run.status == "held":
                    run.status, run.until = "running", None
        elif isinstance(event, e.ExtensionGranted) and event.days:
            for subject in ("", self.unit):
                asked = [r for r in self.runs if r.key[:2] == (event.clock, subject) and r.until is None]
                if asked:
                    asked[0].grants.append((since, event.days))
                    return

    def _adopt(self, rules: Ruled, at: int) -> None:
        for run in self.runs:
            if not self.is_latest(run):
                continue
            if run.key[0] in rules.policy.clocks:
                run.rules = rules
            elif run.until is None:
                run.status, run.until = "cancelled", max(run.since, at)
            else:
                run.status = "cancelled"
        self.rules = rules


def plain(run: Any) -> tuple[Any, ...]:
    """What of an engine's instance the model has a word on."""
    return run.since_us, run.until_us, run.status, tuple(run.pauses), tuple(run.grants)
