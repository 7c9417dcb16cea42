"""What a command does: the event it becomes, and the marks that an act puts on clocks; nothing is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from caseflow.core.engine.compiled_policy import OWN_EFFECTS, CompiledPolicy, Effects, Transition
from caseflow.core.engine.evaluation import verdict_of
from caseflow.core.engine.extensions import clock_asked, extension_of
from caseflow.core.model import events as e
from caseflow.core.model.case import Card, Case, extension_length
from caseflow.core.model.clock_run import ClockRun, Runs, changes, ended
from caseflow.core.model.commands import CaseState, Command
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.model.sla import Mark, applied
from caseflow.core.time.pauses import Pause
from caseflow.core.value import Value


@lru_cache(maxsize=4096)
def _origin(parts: tuple[str, str, str, str, str, str, str]) -> e.Origin:
    """The origin of those parts, shared by all cases that have it."""
    policy_hash, zone, policy, kind, channel, region, urgency = parts
    return e.Origin(policy_hash, zone, policy, kind=kind, channel=channel, region=region, urgency=urgency)


class Act(Value, gc=False):
    """What an act says that clocks may hang on, its instant and its effects apart.

    Attributes:
        state: where the case stands after it.
        holder, held_by: the unit that holds the case after it, and the one that did before.
        by_unit: for which unit it was done.
        co_handler: the unit that it asks to help.
        origin: what the case counts as submitted after it.
        fields: what it says in fields of the policy's own.
    """

    state: str
    holder: str
    held_by: str
    by_unit: str
    co_handler: str
    origin: e.Origin
    fields: Mapping[str, e.FieldValue] = {}


def chained_start(
    clock: CompiledClock, run: ClockRun, at: int, *, state: str, unit: str, origin: e.Origin
) -> Mark | None:
    """The start of a clock where the last rung of another is reached, if it is for such a case.

    It is counted from the last instant of that clock, so that day 0 is that clock's last day.
    """
    if not clock.applies(origin, unit):
        return None
    subject = run.subject
    if clock.rule.subject == "unit":
        subject = subject or unit
    elif not clock.rule.subject:
        subject = ""
    if clock.rule.subject and not subject:
        return None
    pauses = f"state:{state}" in clock.rule.pause
    return Mark(
        at,
        "start",
        clock,
        subject,
        pauses=pauses,
        basis=clock.basis(origin, unit, {}, at - 1, is_chained=True),
    )


class Earlier(Value, gc=False):
    """What a clock counts from that counts from before its start: the instant, and the pauses since."""

    since_us: int
    pauses: tuple[Pause, ...] = ()


def marks_of(
    act: Act,
    effects: Effects,
    at: int,
    *,
    earlier: Callable[[CompiledClock], Earlier | None] | None = None,
    for_all: bool = False,
) -> Iterator[Mark]:
    """The marks of an act on clocks, in the order in which they are taken.

    A start is for the case, the new holder or the new co-handler, as the clock's subject is. What else an
    action does is for the holder of before, or for the unit that acts; what a state does, and every
    cancellation, is for everybody. A restart is the end of what runs, and a start.

    Args:
        earlier: what a clock counts from that counts from before its start.
        for_all: whether clocks start for cases as well for which they are not.
    """
    for verb, clock, by_state in effects:
        pausing = clock.rule.pause
        pauses = bool(pausing) and f"state:{act.state}" in pausing
        if verb not in ("start", "restart"):
            subject = _whose(clock, act, is_for_everybody=by_state or verb == "cancel")
            yield Mark(at, verb, clock, subject, pauses=pauses)
            continue
        begun = _for_whom(clock, act)
        if begun is None or not (for_all or clock.applies(act.origin, act.holder)):
            continue
        if verb == "restart":
            yield Mark(at, "cancel", clock, begun)
        since = None if earlier is None else earlier(clock)
        if since is None:
            basis = clock.basis(act.origin, act.holder, act.fields)
            yield Mark(at, "start", clock, begun, pauses=pauses, basis=basis)
        else:
            basis = clock.basis(act.origin, act.holder, act.fields, since.since_us)
            pauses = pauses and all(end is not None for _, end in since.pauses)
            yield Mark(at, "start", clock, begun, pauses=pauses, basis=basis, before=since.pauses)


def _for_whom(clock: CompiledClock, act: Act) -> str | None:
    """Whose instance an act begins; ``None`` where the act names none, though the clock has many."""
    if not clock.rule.subject:
        return ""
    if clock.subject_field:
        return str(act.fields.get(clock.subject_field) or "") or None
    return (act.holder if clock.rule.subject == "unit" else act.co_handler) or None


def _whose(clock: CompiledClock, act: Act, *, is_for_everybody: bool) -> str | None:
    """Whose instance an act ends or halts; ``None`` for everybody's."""
    if not clock.rule.subject:
        return ""
    if is_for_everybody:
        return None
    if clock.subject_field:
        return str(act.fields.get(clock.subject_field) or "") or None
    return act.held_by if clock.rule.subject == "unit" else act.by_unit


def event_of(
    rules: CompiledPolicy,
    case: Case,
    transition: Transition,
    command: Command,
    *,
    at: int,
    effective: int | None = None,
    clamped: int | None = None,
    is_late: bool = False,
) -> tuple[e.Event, Runs]:
    """The event of the action, with what it does to the clocks, and the clocks after it.

    Args:
        at: when it is recorded, in epoch microseconds.
        effective: when it takes effect, where that is earlier.
        clamped: what the clock of whoever recorded it said, where that was before `at`.
        is_late: it takes effect before other acts of the case: what it does to clocks is left to the fold
            of the whole history.
    """
    kind, fields, holder = transition.event, command.fields, case.unit
    by, texts = command.by, command.texts
    if transition.is_plain and not fields:
        place = transition.held_place if holder else transition.place
        return kind(at, by, place, effective_us=effective, clamped_us=clamped, texts=texts), case.clocks
    if transition.back:
        transition = transition.back.get(case.facts.came_from, transition)
    if transition.hands_over:
        holder = fields.get("to", "") if kind is not e.Returned else ""
    if holder:
        place, effects = transition.held_place, transition.held_effects
    else:
        place, effects = transition.place, transition.effects
    payload = _NO_FIELDS
    if fields or transition.says_more:
        payload = _payload(rules, case, transition, command, place)
    clocks, changed = case.clocks, _NO_CHANGES
    if (effects or kind in OWN_EFFECTS) and not is_late:
        since = at if effective is None else effective
        ends = transition.held_ends if holder else transition.ends
        if ends:
            clocks, changed = ended(clocks, ends, since)
        else:
            act = Act(
                case.place.state if place is None else place.state,
                holder,
                held_by=case.unit,
                by_unit=by.unit,
                co_handler=fields.get("co_handler", ""),
                origin=payload.get("origin") or case.origin,
                fields=fields,
            )
            marks = marks_of(act, effects, since)
            if kind in OWN_EFFECTS:
                marks = all_marks(rules, kind(at, by, **payload), act, effects, since)
            clocks = applied(clocks, marks)
            if clocks is not case.clocks:
                changed = changes(case.clocks, clocks)
    if payload:
        event = kind(
            at, by, place, changed, effective_us=effective, clamped_us=clamped, texts=texts, **payload
        )
    else:
        event = kind(at, by, place, changed, effective_us=effective, clamped_us=clamped, texts=texts)
    return event, clocks


_NO_CHANGES: tuple[e.ClockChange, ...] = ()
_NO_FIELDS: Mapping[str, Any] = {}


def all_marks(
    rules: CompiledPolicy,
    event: e.Event,
    act: Act,
    effects: Effects,
    at: int,
    *,
    earlier: Callable[[CompiledClock], Earlier | None] | None = None,
    for_all: bool = False,
) -> Iterator[Mark]:
    """The marks of an act, those that its event puts in every policy among them.

    A case that goes on by itself has its clocks back before the state that it comes into takes hold of them.
    """
    own = own_marks(rules, event, act.held_by, at)
    if isinstance(event, e.Resumed):
        yield from own
    yield from marks_of(act, effects, at, earlier=earlier, for_all=for_all)
    yield from own


def own_marks(rules: CompiledPolicy, event: e.Event, unit: str, at: int) -> Iterator[Mark]:
    """The marks that an event puts on clocks in every policy: a merge, its end, an extension.

    An extension is for the instance that it names.
    """
    match event:
        case e.Merged():
            yield from (Mark(at, "hold", clock, None) for clock in rules.plans)
        case e.Resumed():
            yield from (Mark(at, "release", clock, None) for clock in rules.plans)
        case e.ExtensionGranted():
            clock = rules.plan.get(event.clock)
            if clock is not None:
                subject = event.subject or (unit if clock.rule.subject == "unit" else "")
                length, amount = extension_length(event)
                yield Mark(at, "extend", clock, subject, amount=amount, unit=length)
        case _:
            pass


# -- what the event itself says --------------------------------------------------------------------------


def _payload(
    rules: CompiledPolicy, case: Case, transition: Transition, command: Command, place: CaseState | None
) -> dict[str, Any]:
    """What the event says of its action's fields, and for the rules of the policy."""
    fields, special = command.fields, _PAYLOADS.get(transition.event)
    if special is None:
        payload = {}
        for name, own in transition.payload:
            if name in fields:
                payload[own] = fields[name]
    else:
        payload = special(rules, case, transition, command)
    if rules.goes_back and place is not None and case.place.state:
        payload["came_from"] = case.place.state
    if transition.own:
        payload["own"] = _own(transition, command)
    if transition.kept:
        payload["kept"] = transition.kept
    return payload


def _own(transition: Transition, command: Command) -> e.Fields:
    fields = command.fields
    return tuple((name, fields[name]) for name in transition.own if name in fields)


_INQUIRY, _UNSAID = ("kind", "channel", "region", "urgency"), ("", "", "", "")


def _submission(
    rules: CompiledPolicy, case: Case, transition: Transition, command: Command
) -> dict[str, Any]:
    get = command.fields.get
    inquiry = map(get, _INQUIRY, _UNSAID)
    origin = _origin((rules.pin, rules.policy.timezone, rules.policy.name, *inquiry))
    if transition.own:
        origin = origin.replace(fields=_own(transition, command))
    citizen = command.by.id if rules.rights(command).scope == "own" else get("citizen", "")
    return {"unit": get("to", ""), "citizen": citizen, "origin": origin}


def _own_action(
    rules: CompiledPolicy, case: Case, transition: Transition, command: Command
) -> dict[str, Any]:
    fields = command.fields
    payload = tuple((name, fields[name]) for name, _ in transition.payload if name in fields)
    return {"action": command.action, "fields": payload}


def _extension(rules: CompiledPolicy, case: Case, transition: Transition, command: Command) -> dict[str, Any]:
    """For which instance, and how much; for a clock that does not run, as far as is known, what was said."""
    run = clock_asked(rules, case, command)
    if run is None:
        return dict(command.fields)
    key = {"clock": run.clock, "subject": run.subject, "cycle": run.cycle}
    unit, amount = extension_of(rules, case, command, run)
    return {**key, unit: amount} if unit and transition.event is not e.ExtensionRefused else key


def cards_meant(case: Case, command: Command, at: int) -> tuple[Card, ...]:
    """The standing cards that an appeal may mean: of its clock, level, subject and cycle as far as it says.

    Args:
        at: when it takes effect; a card that came later is not meant.
    """
    wanted = {name: command.fields[name] for name in ("subject", "cycle", "level") if name in command.fields}
    clock = command.fields.get("clock")
    return tuple(
        card
        for card in case.cards
        if card.stands
        and card.effective_us <= at
        and clock in (None, card.clock, case.clock_of(card)[0])
        and all(getattr(card, name) == value for name, value in wanted.items())
    )


def _appeal(rules: CompiledPolicy, case: Case, transition: Transition, command: Command) -> dict[str, Any]:
    """The very card that is annulled: a guard has seen to it that there is one."""
    latest = case.last_us if command.effective_us is None else command.effective_us
    card = cards_meant(case, command, latest)[0]
    return {"clock": card.clock, "level": card.level, "subject": card.subject, "cycle": card.cycle}


def _rating(rules: CompiledPolicy, case: Case, transition: Transition, command: Command) -> dict[str, Any]:
    """What was given, and what it comes to by the policy's scales."""
    values = {name: command.fields[name] for name, _ in transition.payload if name in command.fields}
    return values | verdict_of(rules.policy.evaluation, command.fields)


_PAYLOADS: dict[type[e.Event], Callable[[CompiledPolicy, Case, Transition, Command], dict[str, Any]]] = {
    e.Submitted: _submission,
    e.Acted: _own_action,
    e.Rated: _rating,
    e.ExtensionRequested: _extension,
    e.ExtensionGranted: _extension,
    e.ExtensionRefused: _extension,
    e.AppealUpheld: _appeal,
}
"""Events that say more than the fields of their action, or the same in another way."""
