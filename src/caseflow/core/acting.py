"""What a command does: the event it becomes, and what that does to the clocks. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.clocks import ended, let_go
from caseflow.core.commands import Command
from caseflow.core.guards import clock_asked
from caseflow.core.rules import HANDS_OVER, OWN_EFFECTS, Effect, Row, Rules

_origin = lru_cache(maxsize=4096)(e.Origin)


def event_of(
    rules: Rules, case: Case, row: Row, command: Command, at: int, since: int, clamped: int | None
) -> e.Event:
    """The event of the action, with what it does to the clocks; nothing is judged."""
    fields, kind, by = command.fields, row.event, command.by
    late = None if since == at else since
    holder = case.unit
    if row.is_plain:
        return row.make(at, by, row.held_place if holder else row.place, (), late, clamped, command.texts)
    if kind in HANDS_OVER:
        holder = fields.get("to", "") if kind is not e.Returned else ""
    place, effects = (row.held_place, row.held_effects) if holder else (row.place, row.effects)
    origin = case.origin
    if kind is e.Submitted:
        get = fields.get
        origin = _origin(
            rules.pin, rules.policy.timezone,
            get("kind", ""), get("channel", ""), get("region", ""), get("urgency", ""),
        )  # fmt: skip
    clocks: tuple[e.ClockChange, ...] = ()
    if effects:
        state = place.state if place else case.place.state
        clocks = changes_of(case, command, effects, since, holder, state, origin)
    if kind in OWN_EFFECTS:
        clocks += _OWN_CHANGES[kind](rules, case, command, since)
    if kind is e.Submitted:
        citizen = by.id if rules.role(by).scope == "own" else fields.get("citizen", "")
        return row.make(at, by, place, clocks, late, clamped, command.texts, holder, citizen, origin)
    payload: tuple[Any, ...] = ()
    if kind is e.Acted:
        payload = (command.action, tuple((name, fields[name]) for name, _ in row.payload if name in fields))
    elif kind is e.ExtensionRequested or kind is e.ExtensionGranted:
        run, asked = clock_asked(rules, case, command), case.facts.extension
        payload = (run.clock if run else "", fields.get("days") or (asked.days if asked else 0))
    elif row.payload and fields:
        payload = tuple([fields.get(name, nothing) for name, nothing in row.payload])
    return row.make(at, by, place, clocks, late, clamped, command.texts, *payload)


def changes_of(
    case: Case,
    command: Command,
    effects: tuple[Effect, ...],
    since: int,
    holder: str,
    state: str,
    origin: e.Origin,
) -> tuple[e.ClockChange, ...]:
    """What the effects do to the clocks of a case, at that instant, when it comes to be held and stand so."""
    changes: list[e.ClockChange] = []
    for verb, plan, by_state in effects:
        subject_of = plan.rule.subject
        if verb == "start":
            if not plan.applies(origin):
                continue
            subject = _started_for(subject_of, holder, command)
            if subject or not subject_of:
                paused = f"state:{state}" in plan.rule.pause
                change = plan.started(case, subject, since, paused=paused)
                if change is not None:
                    changes.append(change)
            continue
        everyone = verb == "cancel" or by_state or not subject_of
        subject = case.unit if subject_of == "unit" else command.by.unit
        for run in case.clocks:
            if run.clock != plan.name or not (everyone or run.subject == subject):
                continue
            if verb == "revive":
                newest = case.latest(run.clock, run.subject)
                change = plan.revived(run, since) if run is newest else None
            elif run.until_us is not None:
                continue
            elif verb == "stop":
                change = ended(run, since, "stopped")
            elif verb == "cancel":
                ending = any(c.until is not None for c in changes if (c.clock, c.subject, c.cycle) == run.key)
                change = None if ending else ended(run, since, "cancelled")
            else:
                change = plan.paused(run, since) if verb == "pause" else plan.resumed(run, since)
            if change is not None:
                changes.append(change)
    return tuple(changes)


def _started_for(subject_of: str, holder: str, command: Command) -> str:
    """Whose clock begins: the new holder's, the new co-handler's, or the case's own."""
    if not subject_of:
        return ""
    return holder if subject_of == "unit" else str(command.fields.get("co_handler", ""))


def _held(rules: Rules, case: Case, command: Command, since: int) -> tuple[e.ClockChange, ...]:
    return tuple(ended(run, since, "held") for run in case.clocks if run.until_us is None)


def _let_go(rules: Rules, case: Case, command: Command, since: int) -> tuple[e.ClockChange, ...]:
    return tuple(let_go(run) for run in case.clocks if run.status == "held")


def _extended(rules: Rules, case: Case, command: Command, since: int) -> tuple[e.ClockChange, ...]:
    run, asked = clock_asked(rules, case, command), case.facts.extension
    if run is None:
        return ()
    days = command.fields.get("days") or (asked.days if asked else 0)
    return (rules.plan[run.clock].extended(run, since, days),) if days else ()


_OWN_CHANGES: dict[type[e.Event], Callable[[Rules, Case, Command, int], tuple[e.ClockChange, ...]]] = {
    e.Merged: _held,
    e.Resumed: _let_go,
    e.ExtensionGranted: _extended,
}
"""What these events do to the clocks in every policy."""
