"""The clocks of a case, derived anew from the policy's own words and from its acts in the order of effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from caseflow.core.engine.machine import kept_of
from caseflow.core.model import events as e
from caseflow.core.policy import ClockRule, Policy, Rung
from caseflow.testing.laws.reference_arithmetic import Arithmetic, Counted, Grant, Late, midnight_of

VERBS = ("resume", "stop", "cancel", "revive", "restart", "start", "pause")
"""What may befall a clock, in the order in which one action does it."""
FAR = 1 << 62
Due = tuple[int, str, int | None, bool]
"""A rung's place and level, its first late instant, and whether that is certain."""
Key = tuple[str, str, int]
"""An instance: clock, subject, cycle."""


class Running:
    """One instance of a clock, as the model has it.

    Attributes:
        basis: what it counts from, where its start does not say it all.
    """

    def __init__(
        self,
        rules: ModelledPolicy,
        key: Key,
        since: int,
        *,
        basis: Mapping[str, Any] | None = None,
        pauses: Sequence[tuple[int, int | None]] = (),
    ) -> None:
        self.rules, self.since, self.key = rules, since, key
        self.basis = dict(basis or {})
        self.until: int | None = None
        self.status = "running"
        self.pauses: list[tuple[int, int | None]] = list(pauses)
        self.grants: list[Grant] = []
        self.floors: dict[str, int | None] = {}
        """Level -> the instant before which the rung is not due."""

    @property
    def begins(self) -> int:
        """The instant from which it counts."""
        return int(self.basis.get("begins", self.since))

    def counted(self) -> Counted:
        """What its deadlines follow from."""
        parts: dict[str, Any] = {"begins": self.since, **self.basis}
        return Counted(self.since, pauses=tuple(self.pauses), grants=tuple(self.grants), **parts)

    def dues(self) -> Iterator[Due]:
        """Each rung with its deadline, by plain arithmetic."""
        for place, level, instants in self._instants():
            late, certain = instants[-1]
            yield place, level, late, certain

    def _instants(self) -> Iterator[tuple[int, str, Sequence[Late]]]:
        clock, facts = self.key[0], self.counted()
        for place, rung in enumerate(self.rules.arithmetic.ladders[clock]):
            floor = self.floors.get(rung.level)
            instants = self.rules.arithmetic.instants(clock, place, facts)
            yield (
                place,
                rung.level,
                [(late if late is None else max(late, floor or late), certain) for late, certain in instants],
            )

    def owed(self, upto: int) -> Iterator[tuple[str, int]]:
        """Level and instant of every rung that must have fired by then; of a warning each time it came."""
        granted = sorted(grant[0] for grant in self.grants)
        for _, level, instants in self._instants():
            for turn, (late, certain) in enumerate(instants):
                before = granted[turn] if turn < len(granted) else FAR
                in_time = late is not None and late <= min(upto, before)
                if certain and in_time and late is not None and (self.until is None or late <= self.until):
                    yield level, late

    @property
    def is_paused(self) -> bool:
        """Whether a pause is open."""
        return any(end is None for _, end in self.pauses)

    def ends_at(self, upto: int) -> int | None:
        """When its last rung was reached, if it was by then; rungs without an instant are not waited for."""
        dues = [(late, certain) for _, _, late, certain in self.dues()]
        if self.is_paused:
            paused, self.pauses = self.pauses, [pause for pause in self.pauses if pause[1] is not None]
            waited_for = [late for _, _, late, _ in self.dues()]
            self.pauses = paused
            if any(
                late is None and other is not None for (late, _), other in zip(dues, waited_for, strict=True)
            ):
                return None
        last = max((late for late, _ in dues if late is not None), default=None)
        if last is None or not all(certain for _, certain in dues) or last > upto:
            return None
        return last if self.until is None or last <= self.until else None

    def befall(self, verb: str, at: int, *, pausing: bool) -> None:
        """What an act does to it; ``pausing``: the act leaves the case where the clock is paused."""
        if verb == "resume":
            closed = [(begin, at if end is None else end) for begin, end in self.pauses]
            self.pauses = [(begin, end) for begin, end in closed if end > begin]
        elif verb == "revive":
            if self.status == "stopped" and self.until is not None:
                self.pauses += [(self.until, at)] if at > self.until else []
                self.status, self.until = "running", None
                if pausing:
                    self.befall("pause", at, pausing=False)
        elif verb == "release":
            if self.status == "held":
                self.status, self.until = "running", None
        elif self.until is not None:
            return
        elif verb == "pause":
            self.pauses += [] if self.is_paused else [(at, None)]
        else:
            self.status = {"stop": "stopped", "cancel": "cancelled", "hold": "held"}[verb]
            self.until = at


class ModelledPolicy:
    """A policy with its arithmetic: under which rules an instance counts."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.arithmetic = Arithmetic(policy)
        self.terms: dict[str, tuple[str, ...]] = {
            name: tuple(dict.fromkeys(field for rung in rungs if (field := _term_field(rung))))
            for name, rungs in self.arithmetic.ladders.items()
        }
        self.follows = {
            name: [other for other, rule in policy.clocks.items() if f"end:{name}" in rule.start]
            for name in policy.clocks
        }
        self.moves = {action: dict(rule.moves) for action, rule in policy.actions.items()}

    def target(self, state: str, action: str, held: bool, came_from: str) -> str | None:
        """Where the action leads from the state; `None` when the state does not accept it."""
        ways, known = self.moves.get(action, {}), self.policy.states.get(state)
        to = ways.get(state or "start")
        if to is None and known is not None and not known.final:
            to = ways.get("open")
        if to is None and known is not None and known.keeps:
            kept = kept_of(self.policy, state)
            to = ways.get(kept, None if self.policy.states[kept].final else ways.get("open"))
            to = "=" if to == state else to
        if to is None:
            return None
        if held and self.policy.actions[action].with_unit:
            return self.policy.actions[action].with_unit
        if to == "back":
            return came_from or None
        return state if to == "=" else to


def _term_field(rung: Rung) -> str:
    """The field that gives the term; empty for a length of the rung's own."""
    text = rung.at or (rung.days if isinstance(rung.days, str) else "")
    return text.removeprefix("field:")


class Happening:
    """One act of a case: when it took effect, and from where to where it then led.

    Attributes:
        unit: who holds the case from then on; `None` for whoever did.
    """

    def __init__(self, event: e.Event, *, action: str, came_from: str, state: str) -> None:
        self.at = event.at_us if event.effective_us is None else event.effective_us
        self.event, self.action = event, action
        self.came_from, self.state = came_from, state
        hands_over = isinstance(event, e.Submitted | e.Routed | e.Transferred | e.Returned)
        self.unit: str | None = getattr(event, "unit", "") if hands_over else None
        self.fields: dict[str, Any] = dict(event.fields if isinstance(event, e.Acted) else event.own)

    def led(self, came_from: str, state: str) -> Happening:
        """The same act from another state to another one."""
        return Happening(self.event, action=self.action, came_from=came_from, state=state)


def newest_of(runs: Sequence[Running], clock: str, subject: str) -> Running | None:
    """The newest instance of the clock for the subject."""
    of_subject = [run for run in runs if run.key[:2] == (clock, subject)]
    return max(of_subject, key=lambda run: run.key[2], default=None)


class Fold:
    """The clocks that acts leave, in the order of effect, gone through from the first.

    Args:
        ends: when which instance of another clock reached its last rung, in order.
        everyone: whether clocks begin for cases as well that they are not for.

    Attributes:
        origin: what the case counts as submitted after the acts.
    """

    def __init__(
        self,
        rules: ModelledPolicy,
        acts: Sequence[Happening],
        ends: Sequence[tuple[int, Key]],
        *,
        everyone: bool = False,
    ) -> None:
        self._rules, self._acts, self._everyone = rules, acts, everyone
        self.runs: list[Running] = []
        self.origin: dict[str, Any] = {}
        self._unit, self._state = "", ""
        waiting = list(ends)
        for turn, act in enumerate(acts):
            while waiting and waiting[0][0] <= act.at:
                self._state = act.came_from  # where what is done next finds the case
                self._begin_at_end(*waiting.pop(0))
            self._take(turn, act)
        while waiting:
            self._begin_at_end(*waiting.pop(0))

    def _take(self, turn: int, act: Happening) -> None:
        policy, before = self._rules.policy, dict(self.origin)
        holder = self._unit if act.unit is None else act.unit
        news = _updates(policy, act)
        if isinstance(act.event, e.Submitted):
            self.origin = _submitted(act.event)
        self.origin |= news
        if news and not self._everyone:
            self._asked_anew(turn, act, before, news)
        if isinstance(act.event, e.Resumed):
            self._own(act)
        for clock, rule in policy.clocks.items():
            for verb in VERBS:
                by_action, by_state = _asked(policy, rule, verb, act)
                if not (by_action or by_state):
                    continue
                if verb in ("start", "restart"):
                    self._start(turn, clock, act, holder=holder, anew=verb == "restart")
                else:
                    everybody = verb == "cancel" or not by_action
                    self._befall(clock, None if everybody else self._whose(rule, act), verb, act)
        if not isinstance(act.event, e.Resumed):
            self._own(act)
        self._unit, self._state = holder, act.state

    def _whose(self, rule: ClockRule, act: Happening) -> str | None:
        """Whose instance the act ends or halts; `None` for everybody's."""
        if rule.subject.startswith("field:"):
            return str(act.fields.get(rule.subject.removeprefix("field:"), "")) or None
        return {"": "", "unit": self._unit, "co_handler": act.event.by.unit}[rule.subject]

    def _is_for(self, rule: ClockRule, origin: Mapping[str, Any], unit: str) -> bool:
        """Whether the clock is for such a case."""
        known = {**origin, "unit": unit}
        if any(known.get(name, "") not in wanted for name, wanted in rule.when.admits.items()):
            return False
        return not any(known.get(name, "") in unwanted for name, unwanted in rule.when.excludes.items())

    def _start(self, turn: int, clock: str, act: Happening, *, holder: str, anew: bool) -> None:
        rule = self._rules.policy.clocks[clock]
        if rule.subject.startswith("field:"):
            subject = str(act.fields.get(rule.subject.removeprefix("field:"), ""))
        else:
            helper = act.event.unit if isinstance(act.event, e.CoHandlerAdded) else ""
            subject = {"": "", "unit": holder, "co_handler": helper}[rule.subject]
        if (rule.subject and not subject) or not (self._everyone or self._is_for(rule, self.origin, holder)):
            return
        if anew:
            self._befall(clock, subject, "cancel", act)
        basis: dict[str, Any] = self._own_places(rule, holder) | self._own_terms(clock, act)
        pauses: list[tuple[int, int | None]] = []
        begins = self._counts_since(turn, rule, act)
        if begins is not None:
            basis["begins"] = begins
            pauses = self._halts(turn, rule, act, begins)
        run = self._begun(clock, subject, act.at, basis, pauses)
        if run is not None and f"state:{act.state}" in rule.pause and not run.is_paused:
            run.pauses.append((act.at, None))

    def _begun(
        self,
        clock: str,
        subject: str,
        at: int,
        basis: Mapping[str, Any],
        pauses: Sequence[tuple[int, int | None]],
    ) -> Running | None:
        """A new instance, unless one runs."""
        latest = newest_of(self.runs, clock, subject)
        if latest is not None and latest.until is None:
            return None
        key = (clock, subject, 1 if latest is None else latest.key[2] + 1)
        self.runs.append(Running(self._rules, key, at, basis=basis, pauses=pauses))
        return self.runs[-1]

    def _begin_at_end(self, at: int, ended: Key) -> None:
        """The clocks that begin where that instance reached its last rung: its last day is day 0."""
        for clock in self._rules.follows[ended[0]]:
            rule = self._rules.policy.clocks[clock]
            subject = {"": "", "unit": ended[1] or self._unit}.get(rule.subject, ended[1])
            if (rule.subject and not subject) or not self._is_for(rule, self.origin, self._unit):
                continue
            basis = self._own_places(rule, self._unit) | {"begins": at - 1, "is_chained": True}
            run = self._begun(clock, subject, at, basis, ())
            if run is not None and f"state:{self._state}" in rule.pause:
                run.pauses.append((at, None))

    # -- what it counts from ------------------------------------------------------------------------------

    def _own_places(self, rule: ClockRule, unit: str) -> dict[str, Any]:
        """The calendar and the zone of the case's region or unit."""
        policy = self._rules.policy
        places: dict[str, Any] = {}
        source = policy.calendars.get(rule.calendar)
        if source is not None and source.by:
            chosen = source.of.get(unit if source.by == "unit" else str(self.origin.get("region", "")))
            places |= {"calendar": chosen} if chosen else {}
        zone = policy.units[unit].timezone if unit in policy.units else ""
        return places | ({"zone": zone} if zone else {})

    def _own_terms(self, clock: str, act: Happening) -> dict[str, Any]:
        terms = {name: act.fields.get(name, "") for name in self._rules.terms[clock]}
        fields = tuple((name, value) for name, value in terms.items() if value not in ("", None))
        return {"fields": fields} if fields else {}

    def _counts_since(self, turn: int, rule: ClockRule, act: Happening) -> int | None:
        """The instant from which the clock counts, if that is before the act that begins it."""
        if not rule.since:
            return None
        since: int | None = None
        if rule.since.startswith("field:"):
            value = act.fields.get(rule.since.removeprefix("field:"))
            if isinstance(value, str) and value:
                zone = self._own_places(rule, "").get("zone", self._rules.policy.timezone)
                since = midnight_of(zone, date.fromisoformat(value))
            elif isinstance(value, int):
                since = value
        else:
            earlier = [one.at for one in self._acts[:turn] if one.action == rule.since]
            since = earlier[-1] if earlier else None
        return since if since is not None and since < act.at else None

    def _halts(self, turn: int, rule: ClockRule, act: Happening, begins: int) -> list[tuple[int, int | None]]:
        """When the clock would have stood still since then, had it run."""
        halts: list[tuple[int, int | None]] = []
        for one in [*self._acts[:turn], act]:
            opened = bool(halts) and halts[-1][1] is None
            if any(_asked(self._rules.policy, rule, "resume", one)) and opened:
                halts[-1] = (halts[-1][0], one.at)
                opened = False
            if one is not act and any(_asked(self._rules.policy, rule, "pause", one)) and not opened:
                halts.append((one.at, None))
        return [(max(a, begins), b) for a, b in halts if b is None or b > max(a, begins)]

    # -- what befalls them --------------------------------------------------------------------------------

    def _befall(self, clock: str, subject: str | None, verb: str, act: Happening) -> None:
        """Something happens to the newest instance of one subject, or of each."""
        pausing = f"state:{act.state}" in self._rules.policy.clocks[clock].pause
        for run in self.runs:
            newest = newest_of(self.runs, *run.key[:2]) is run
            if run.key[0] == clock and subject in (None, run.key[1]) and newest:
                run.befall(verb, act.at, pausing=pausing)

    def _own(self, act: Happening) -> None:
        """What merging, resuming and a granted extension do in every policy."""
        event = act.event
        for clock, rule in self._rules.policy.clocks.items():
            if isinstance(event, e.Merged):
                self._befall(clock, None, "hold", act)
            elif isinstance(event, e.Resumed):
                self._befall(clock, None, "release", act)
            elif isinstance(event, e.ExtensionGranted) and event.clock == clock:
                subject = event.subject or (self._unit if rule.subject == "unit" else "")
                run = newest_of(self.runs, clock, subject)
                grant = _granted(event)
                if run is not None and run.until is None and grant is not None:
                    run.grants.append((act.at, *grant))

    def _asked_anew(
        self, turn: int, act: Happening, before: Mapping[str, Any], news: Mapping[str, Any]
    ) -> None:
        """A change of the submission: terms are set anew, and clocks end or begin as if it had been so."""
        for clock, rule in self._rules.policy.clocks.items():
            for name in self._rules.terms[clock]:
                for run in self.runs:
                    if name in news and run.key[0] == clock and run.until is None:
                        run.grants.append((act.at, news[name], f"field:{name}"))
            was, now = (self._is_for(rule, one, self._unit) for one in (before, self.origin))
            if was and not now:
                self._befall(clock, None, "cancel", act)
            elif now and not was:
                for run in Fold(self._rules, self._acts[:turn], (), everyone=True).runs:
                    if run.key[0] == clock and run.until is None:
                        self._begin_late(clock, turn, act, run)

    def _begin_late(self, clock: str, turn: int, act: Happening, run: Running) -> None:
        """The clock counts as if it had been for the case from the first."""
        basis = {**run.basis, "begins": run.begins}
        terms = dict(run.basis.get("fields", ()))
        for one in [*self._acts[:turn], act]:
            if one.at >= run.since:
                news = _updates(self._rules.policy, one)
                terms |= {name: news[name] for name in self._rules.terms[clock] if name in news}
        if terms:
            basis["fields"] = tuple((name, terms[name]) for name in self._rules.terms[clock] if name in terms)
        self._begun(clock, run.key[1], act.at, basis, run.pauses)


def _submitted(event: e.Submitted) -> dict[str, Any]:
    """What the submission said, by field."""
    origin = event.origin
    inquiry = {name: getattr(origin, name) for name in ("kind", "channel", "region", "urgency")}
    return inquiry | dict(origin.fields)


def _updates(policy: Policy, act: Happening) -> dict[str, Any]:
    """What the act says anew of fields of the submission."""
    rule = policy.actions.get(act.action)
    names = rule.updates if rule is not None else ()
    return {name: value for name, value in act.fields.items() if name in names}


def _granted(event: e.ExtensionGranted) -> tuple[Any, str] | None:
    """How much was granted, and of which unit."""
    if event.until:
        return date.fromisoformat(event.until).toordinal(), "until"
    lengths = ((event.days, "days"), (event.weeks, "weeks"), (event.months, "months"))
    return next(((amount, unit) for amount, unit in lengths if amount), None)


def _asked(policy: Policy, rule: ClockRule, verb: str, act: Happening) -> tuple[bool, bool]:
    """Whether the action itself, or a state entered or left, does this to the clock."""
    named: tuple[str, ...] = getattr(rule, verb)
    moved = act.state != act.came_from
    by_state = moved and (
        f"state:{act.state}" in named
        or (
            verb == "resume"
            and f"state:{act.came_from}" in rule.pause
            and f"state:{act.state}" not in rule.pause
        )
        or (verb == "cancel" and policy.states[act.state].final and act.action != "merge")
    )
    return act.action in named, by_state
