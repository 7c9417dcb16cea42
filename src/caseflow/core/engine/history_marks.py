"""The marks that a whole history puts on clocks: each fact in its context, by what came before it.

`caseflow.core.engine.effects` tells what one act does. What depends on earlier acts is told here: a clock
that counts from before its start, a change of what was submitted, a clock that begins at the end of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from heapq import merge

from caseflow.core.engine.actions import fields_said
from caseflow.core.engine.compiled_policy import CompiledPolicy, Effects
from caseflow.core.engine.effects import Act, Earlier, all_marks, chained_start
from caseflow.core.model import events as e
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.model.sla import Mark, Verb, folded
from caseflow.core.policy import field_name
from caseflow.core.policy_keys import When
from caseflow.core.time.pauses import Pause
from caseflow.core.value import Value


class Fact(Value):
    """One act of a case.

    Attributes:
        at_us: when it took effect, in epoch microseconds.
        event: what was recorded; of what happened before a takeover, the takeover; ``None`` for what is
            only tried.
        action: its name in policies; empty for none.
        came_from, state: where the case stood before and after.
        unit: who holds the case from then on; ``None`` for whoever did.
        marks: what is told of clocks outright.
        ignored: clocks and what this act does not do to them.
        is_assumed: it is not known when it happened.
    """

    at_us: int
    event: e.Event | None
    action: str
    came_from: str
    state: str
    unit: str | None = None
    marks: tuple[Mark, ...] = ()
    ignored: tuple[tuple[str, Verb], ...] = ()
    is_assumed: bool = False


class Standing(Value):
    """Where a case stands at an instant, in the order of effect: its state, and the unit that holds it."""

    state: str = ""
    unit: str = ""


class FactInContext(Value):
    """A fact of a course, with where the case stood before and after it, and as what it counts from then on.

    Attributes:
        updates: the fields of the submission that the fact changes.
    """

    fact: Fact
    before: Standing
    after: Standing
    origin: e.Origin
    updates: tuple[tuple[str, e.FieldValue], ...] = ()


def in_context(rules: CompiledPolicy, course: Sequence[Fact], origin: e.Origin) -> Iterator[FactInContext]:
    """Each fact of a course, with where the case stood before and after it."""
    unit = ""
    for fact in course:
        before = Standing(fact.came_from, unit)
        unit = unit if fact.unit is None else fact.unit
        updates = updates_of(rules, fact.action, fact.event) if rules.is_revised else ()
        origin = origin.changed(updates) if updates else origin
        yield FactInContext(fact, before, Standing(fact.state, unit), origin, updates)


def updates_of(
    rules: CompiledPolicy, action: str, event: e.Event | None
) -> tuple[tuple[str, e.FieldValue], ...]:
    """What an act says anew of fields of the submission, as its action may."""
    rule = rules.policy.actions.get(action)
    if rule is None or not rule.updates or event is None:
        return ()
    return tuple((name, value) for name, value in fields_said(event).items() if name in rule.updates)


def marks_by_past(rules: CompiledPolicy, course: Sequence[FactInContext]) -> Iterator[Mark]:
    """The marks of each fact, by what came before it."""
    past = _Past(rules)
    for one in course:
        yield from past.marks(one)


class _Past:
    """What a fact's marks may depend on besides the fact: earlier acts, pauses, and clocks not begun.

    Only what some clock of the policy asks about is kept.
    """

    def __init__(self, rules: CompiledPolicy) -> None:
        self._rules = rules
        self._last: dict[str, int] = {}
        self._pauses: dict[str, tuple[Pause, ...]] = {
            plan.name: () for plan in rules.plans if plan.rule.since
        }
        self._for_all: dict[str, list[Mark]] = {
            plan.name: [] for plan in rules.plans if plan.rule.when != When()
        } if rules.is_revised else {}  # fmt: skip
        self._origin = e.UNKNOWN_ORIGIN

    def marks(self, one: FactInContext) -> Iterator[Mark]:
        """The marks of the next fact."""
        fact = one.fact
        yield from fact.marks
        if fact.event is not None:
            act = _act(one)
            effects = self._rules.effects(fact.action, one.before.state, one.after.state)
            yield from self._revised(one, act)
            earlier = self._earlier_of(act, fact, effects)
            marks = all_marks(self._rules, fact.event, act, effects, fact.at_us, earlier=earlier)
            yield from (mark for mark in marks if (mark.clock.name, mark.verb) not in fact.ignored)
            self._remember(one, act, effects)
        self._origin = one.origin

    def _remember(self, one: FactInContext, act: Act, effects: Effects) -> None:
        fact = one.fact
        if not self._pauses and not self._for_all:
            return
        self._last[fact.action] = fact.at_us
        for verb, clock, _ in effects:
            pauses = self._pauses.get(clock.name)
            if pauses is not None:
                self._pauses[clock.name] = _halted(pauses, verb, fact.at_us)
        if self._for_all and fact.event is not None:
            earlier = self._earlier_of(act, fact, effects)
            for mark in all_marks(
                self._rules, fact.event, act, effects, fact.at_us, earlier=earlier, for_all=True
            ):
                if mark.clock.name in self._for_all:
                    self._for_all[mark.clock.name].append(mark)

    def _earlier_of(
        self, act: Act, fact: Fact, effects: Effects
    ) -> Callable[[CompiledClock], Earlier | None]:
        """What clocks count from, where that is earlier than the fact that starts them.

        A pause that the same fact ends is over by then.
        """

        def earlier(clock: CompiledClock) -> Earlier | None:
            rule = clock.rule
            if not rule.since:
                return None
            name = field_name(rule.since)
            since = _instant(act.fields.get(name), clock) if name else self._last.get(rule.since)
            if since is None or since >= fact.at_us:
                return None
            pauses = self._pauses[clock.name]
            if any(verb == "resume" and other is clock for verb, other, _ in effects):
                pauses = _halted(pauses, "resume", fact.at_us)
            clipped = ((max(begin, since), end) for begin, end in pauses if end is None or end > since)
            return Earlier(since, tuple(clipped))

        return earlier

    def _revised(self, one: FactInContext, act: Act) -> Iterator[Mark]:
        """What a change of the submission does: terms set anew, and clocks that now are or are not for it."""
        if not one.updates:
            return
        at, names = one.fact.at_us, dict(one.updates)
        for clock in self._rules.plans:
            for field in clock.fields:
                value = names.get(field)
                if isinstance(value, int | str):
                    yield Mark(at, "extend", clock, None, amount=value, unit=f"field:{field}")
            if clock.name not in self._for_all:
                continue
            was, now = (clock.applies(origin, one.before.unit) for origin in (self._origin, one.origin))
            if was and not now:
                yield Mark(at, "cancel", clock, None)
            elif now and not was:
                yield from self._begun_late(clock, one, act)

    def _begun_late(self, clock: CompiledClock, one: FactInContext, act: Act) -> Iterator[Mark]:
        """The starts of a clock that now is for the case: it counts as if it had been so from the first."""
        for run in folded(self._for_all[clock.name]):
            if run.until_us is None:
                fields = {**dict(run.basis.fields if run.basis else ()), **dict(one.updates)}
                basis = clock.basis(one.origin, one.before.unit, fields, run.from_us)
                yield Mark(one.fact.at_us, "start", clock, run.subject, basis=basis, before=run.pauses)


def _halted(pauses: tuple[Pause, ...], verb: str, at: int) -> tuple[Pause, ...]:
    """The pauses of a clock, whether it runs or not, after one more effect."""
    is_open = bool(pauses) and pauses[-1][1] is None
    if verb == "pause" and not is_open:
        return (*pauses, (at, None))
    if verb == "resume" and is_open:
        begin = pauses[-1][0]
        return (*pauses[:-1], (begin, at)) if begin < at else pauses[:-1]
    return pauses


def _instant(value: e.FieldValue, clock: CompiledClock) -> int | None:
    """The instant that a field names: itself, or the beginning of a date."""
    if isinstance(value, str) and value:
        return clock.days.midnight(date.fromisoformat(value).toordinal())
    return value if isinstance(value, int) else None


def _act(one: FactInContext) -> Act:
    event = one.fact.event
    fields = {} if event is None else fields_said(event)
    co_handler = event.unit if isinstance(event, e.CoHandlerAdded) else str(fields.get("co_handler") or "")
    is_acted = event is not None and not isinstance(event, e.Adopted)
    return Act(
        one.after.state,
        one.after.unit,
        held_by=one.before.unit,
        by_unit=event.by.unit if is_acted and event is not None else one.before.unit,
        co_handler=co_handler,
        origin=one.origin,
        fields=fields,
    )


def with_chains(
    rules: CompiledPolicy, course: Sequence[FactInContext], marks: list[Mark], *, now: int
) -> list[Mark]:
    """The marks with the starts of clocks that begin where the last rung of another is reached.

    At one instant they come before what is done then, as a rung does.
    """
    waiting = {plan.name for plan in rules.plans if any(s.startswith("end:") for s in plan.rule.start)}
    settled: set[str] = set()
    while waiting:
        ready = {
            name
            for name in waiting
            if not {start.removeprefix("end:") for start in rules.plan[name].rule.start} & (waiting - settled)
        }
        runs = folded(mark for mark in marks if rules.chained.get(mark.clock.name))
        begun: list[Mark] = []
        for run in runs:
            at = _reached(rules.plan[run.clock], run)
            one = None if at is None or at > now else _standing(course, at)
            if at is None or one is None:
                continue
            for clock in rules.chained.get(run.clock, ()):
                state = _state_at(course, at) or one.after.state
                mark = chained_start(clock, run, at, state=state, unit=one.after.unit, origin=one.origin)
                if clock.name in ready and mark is not None:
                    begun.append(mark)
        marks = list(merge(sorted(begun, key=_at), marks, key=_at))
        waiting -= ready
        settled |= ready
    return marks


def _at(mark: Mark) -> int:
    return mark.at_us


def _reached(clock: CompiledClock, run: ClockRun) -> int | None:
    """When its last rung is reached, if it runs until then.

    A term of the case's own that was never set is not waited for; a rung that an open pause defers is.
    """
    dues = [due for due in run.dues if due is not None]
    if not dues or run.unknown:
        return None
    if run.is_paused and None in run.dues:
        resumed = run.replace(pauses=tuple(pause for pause in run.pauses if pause[1] is not None))
        waited_for, _ = clock.counter(run).dues_of(resumed)
        if sum(due is not None for due in waited_for) > len(dues):
            return None
    last = max(dues)
    return last if run.until_us is None or last <= run.until_us else None


def _standing(course: Sequence[FactInContext], at: int) -> FactInContext | None:
    """The last fact before the instant."""
    return next((one for one in reversed(course) if one.fact.at_us < at), None)


def _state_at(course: Sequence[FactInContext], at: int) -> str:
    """Where the case stood at the instant: where what is done then or next finds it.

    A fact told late that could not be put in its own time says nothing of where it left the case then.
    """
    return next((one.before.state for one in course if one.fact.at_us >= at), "")
