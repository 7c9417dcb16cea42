"""What a command does: the event it becomes, and the marks that an act puts on clocks; nothing is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from caseflow.core.engine.compiled_policy import HANDS_OVER, OWN_EFFECTS, CompiledPolicy, Effects, Transition
from caseflow.core.engine.preconditions import clock_named
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.clock_changes import changes
from caseflow.core.model.commands import Command
from caseflow.core.model.sla import Mark, Runs, applied
from caseflow.core.value import Value


@lru_cache(maxsize=4096)
def _origin(parts: tuple[str, ...]) -> e.Origin:
    """The origin of those parts, shared by all cases that have it."""
    policy_hash, zone, kind, channel, region, urgency = parts
    return e.Origin(policy_hash, zone, kind=kind, channel=channel, region=region, urgency=urgency)


class Act(Value, gc=False):
    """What an act says that clocks may hang on, its instant and its effects apart.

    Attributes:
        state: where the case stands after it.
        holder, held_by: the unit that holds the case after it, and the one that did before.
        by_unit: for which unit it was done.
        co_handler: the unit that it asks to help.
        origin: what the case was submitted as.
    """

    state: str
    holder: str
    held_by: str
    by_unit: str
    co_handler: str
    origin: e.Origin


def marks_of(act: Act, effects: Effects, at: int) -> Iterator[Mark]:
    """The marks of an act on clocks, in the order in which they are taken.

    A start is for the case, the new holder or the new co-handler, as the clock's subject is. What else an
    action does is for the holder of before, or for the unit that acts; what a state does, and every
    cancellation, is for everybody.
    """
    for verb, clock, by_state in effects:
        subject_of, pausing = clock.rule.subject, clock.rule.pause
        pauses = bool(pausing) and f"state:{act.state}" in pausing
        subject: str | None = ""
        if verb == "start":
            if not clock.applies(act.origin):
                continue
            if subject_of:
                subject = act.holder if subject_of == "unit" else act.co_handler
                if not subject:
                    continue
        elif subject_of:
            subject = act.held_by if subject_of == "unit" else act.by_unit
            if by_state or verb == "cancel":
                subject = None
        yield Mark(at, verb, clock, subject, pauses=pauses)


def event_of(
    rules: CompiledPolicy,
    case: Case,
    transition: Transition,
    command: Command,
    *,
    at: int,
    since: int,
    clamped: int | None = None,
    is_late: bool = False,
) -> tuple[e.Event, Runs]:
    """The event of the action, with what it does to the clocks, and the clocks after it.

    Args:
        at, since: when it is recorded and when it takes effect, in epoch microseconds.
        clamped: what the clock of whoever recorded it said, where that was before `at`.
        is_late: it takes effect before other acts of the case: what it does to clocks is left to the fold
            of the whole history.
    """
    if transition.back:
        transition = transition.back.get(case.facts.came_from, transition)
    kind, holder = transition.event, case.unit
    late = None if since == at else since
    if transition.is_plain:
        event = kind(
            at,
            command.by,
            transition.held_place if holder else transition.place,
            effective_us=late,
            clamped_us=clamped,
            texts=command.texts,
        )
        return event, case.clocks
    by, fields = command.by, command.fields
    if kind in HANDS_OVER:
        holder = fields.get("to", "") if kind is not e.Returned else ""
    place, effects = transition.place, transition.effects
    if holder:
        place, effects = transition.held_place, transition.held_effects
    payload = _PAYLOADS.get(kind, _fields)(rules, case, transition, command)
    if rules.goes_back and place is not None and case.place.state:
        payload["came_from"] = case.place.state
    if transition.own:
        payload["own"] = _own(transition, command)
    if transition.kept:
        payload["kept"] = transition.kept
    clocks, changed, is_own = case.clocks, _NO_CHANGES, kind in OWN_EFFECTS
    if (effects or is_own) and not is_late:
        act = Act(
            place.state if place else case.place.state,
            holder,
            held_by=case.unit,
            by_unit=by.unit,
            co_handler=str(fields.get("co_handler", "")),
            origin=payload.get("origin") or case.origin,
        )
        marks = marks_of(act, effects, since)
        if is_own:
            marks = all_marks(rules, kind(at, by, **payload), act, effects, since)
        clocks = applied(clocks, marks)
        if clocks is not case.clocks:
            changed = changes(case.clocks, clocks)
    event = kind(
        at, by, place, changed, effective_us=late, clamped_us=clamped, texts=command.texts, **payload
    )
    return event, clocks


_NO_CHANGES: tuple[e.ClockChange, ...] = ()


def all_marks(rules: CompiledPolicy, event: e.Event, act: Act, effects: Effects, at: int) -> Iterator[Mark]:
    """The marks of an act, those that its event puts in every policy among them.

    A case that goes on by itself has its clocks back before the state that it comes into takes hold of them.
    """
    own = own_marks(rules, event, act.held_by, at)
    if isinstance(event, e.Resumed):
        yield from own
    yield from marks_of(act, effects, at)
    yield from own


def own_marks(rules: CompiledPolicy, event: e.Event, unit: str, at: int) -> Iterator[Mark]:
    """The marks that an event puts on clocks in every policy: a merge, its end, an extension.

    An extension is for the instance of the case, or of the unit that holds it.
    """
    match event:
        case e.Merged():
            yield from (Mark(at, "hold", clock, None) for clock in rules.plans)
        case e.Resumed():
            yield from (Mark(at, "release", clock, None) for clock in rules.plans)
        case e.ExtensionGranted():
            clock = rules.plan.get(event.clock)
            if clock is not None:
                yield Mark(at, "extend", clock, unit if clock.rule.subject else "", days=event.days)


# -- what the event itself says --------------------------------------------------------------------------


def _fields(rules: CompiledPolicy, case: Case, transition: Transition, command: Command) -> dict[str, Any]:
    fields = command.fields
    return {_NAMES.get(name, name): fields[name] for name, _ in transition.payload if name in fields}


def _own(transition: Transition, command: Command) -> e.Fields:
    fields = command.fields
    return tuple((name, fields[name]) for name in transition.own if name in fields)


_NAMES = {"to": "unit", "co_handler": "unit"}
"""Fields of actions that their events call otherwise."""


def _submission(
    rules: CompiledPolicy, case: Case, transition: Transition, command: Command
) -> dict[str, Any]:
    get, by = command.fields.get, command.by
    inquiry = get("kind", ""), get("channel", ""), get("region", ""), get("urgency", "")
    origin = _origin((rules.pin, rules.policy.timezone, *inquiry))
    if transition.own:
        origin = origin.replace(fields=_own(transition, command))
    citizen = by.id if rules.role(by).scope == "own" else get("citizen", "")
    return {"unit": get("to", ""), "citizen": citizen, "origin": origin}


def _own_action(
    rules: CompiledPolicy, case: Case, transition: Transition, command: Command
) -> dict[str, Any]:
    fields = command.fields
    payload = tuple((name, fields[name]) for name, _ in transition.payload if name in fields)
    return {"action": command.action, "fields": payload}


def _extension(rules: CompiledPolicy, case: Case, transition: Transition, command: Command) -> dict[str, Any]:
    pending = case.facts.extension
    days = command.fields.get("days") or (pending.days if pending else 0)
    return {"clock": clock_named(rules, case, command), "days": days}


_PAYLOADS: dict[type[e.Event], Callable[[CompiledPolicy, Case, Transition, Command], dict[str, Any]]] = {
    e.Submitted: _submission,
    e.Acted: _own_action,
    e.ExtensionRequested: _extension,
    e.ExtensionGranted: _extension,
}
"""Events that say more than the fields of their action, or the same in another way."""
