"""What if: a scenario with one thing changed, said in a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

from caseflow.core.policy import ClockRule, Policy, Rung
from caseflow.errors import BadInput, ScenarioError
from caseflow.policies.parse import Notes, is_table
from caseflow.policies.validate import check
from caseflow.simulation.scenario import Scenario
from caseflow.simulation.scenario_file import complete

_RUNG = re.compile(r"(?P<clock>[^.=]+)\.(?P<level>[^.=]+)=\s*(?P<count>\d+)\s*(?P<unit>days?|hours?)")
_EVERY = "*"
_OTHERWISE = {
    "policy": "--against", "calendar": "--against", "name": "--against", "format": "--against",
    "seed": "--seed", "cases": "--cases",
}  # fmt: skip
"""Keys of a scenario that a change would not reach any more, and what sets them."""


def changed(scenario: Scenario, changes: Sequence[str]) -> Scenario:
    """The scenario with every change made, in order, and checked again.

    Args:
        scenario: with its policy, as `load_scenario` gives it.
        changes: ``reply.yellow=3 days`` sets a rung of the policy, and drops warnings that would no longer
            come before it; ``units.城管局.officers=+2`` adds to a number of the scenario,
            ``units.*.officers=+1`` to that of every unit, and ``handling.takes=deadline`` sets a value.

    Raises:
        BadInput: a change that names nothing.
        ScenarioError: the changed scenario or policy cannot be used.
    """
    for change in changes:
        rung = _RUNG.fullmatch(change.strip())
        rules = scenario.rules
        if rung and rules is not None and rung["clock"] in rules.clocks:
            scenario = attrs.evolve(scenario, rules=_with_rung(rules, rung, change))
        else:
            path, equals, value = change.partition("=")
            if not equals:
                raise BadInput("bad-change", found=change)
            if path.strip() in _OTHERWISE:
                raise BadInput("useless-change", found=change, missing=_OTHERWISE[path.strip()])
            scenario = _set(scenario, path.strip().split("."), value.strip(), change)
    return complete(scenario, Path(), Notes(", ".join(changes)))


def _with_rung(rules: Policy, rung: re.Match[str], change: str) -> Policy:
    clock = rules.clocks[rung["clock"]]
    levels = [known.level for known in clock.rungs]
    if rung["level"] not in levels:
        raise _unknown(change, rung["level"], levels)
    is_days = rung["unit"].startswith("day")
    days, hours = (int(rung["count"]), 0) if is_days else (0, int(rung["count"]))
    changed_rules = attrs.evolve(
        rules, clocks=rules.clocks | {rung["clock"]: _moved(clock, rung["level"], days, hours)}
    )
    notes = Notes(change)
    check(changed_rules, notes)
    if notes.problems:
        raise ScenarioError(notes.problems)
    return changed_rules


def _moved(clock: ClockRule, level: str, days: int, hours: int) -> ClockRule:
    length = days * 24 + hours
    rungs: list[Rung] = []
    for rung in clock.rungs:
        if rung.level == level:
            rungs.append(attrs.evolve(rung, days=days or None, hours=hours or None))
        elif rung.kind != "warning" or int(rung.days or 0) * 24 + (rung.hours or 0) < length:
            rungs.append(rung)
    return attrs.evolve(clock, rungs=tuple(rungs))


def _set(part: Any, path: Sequence[str], value: str, change: str) -> Any:
    """The part with the value at the path in it changed."""
    if not path:
        return _value(part, value, change)
    key, *rest = path
    if is_table(part):
        keys = list(part) if key == _EVERY else [key]
        if not keys or any(name not in part for name in keys):
            raise _unknown(change, key, part)
        return {**part, **{name: _set(part[name], rest, value, change) for name in keys}}
    if key not in _keys(part):
        raise _unknown(change, key, _keys(part)) if _keys(part) else BadInput("bad-change", found=change)
    return attrs.evolve(part, **{key: _set(getattr(part, key), rest, value, change)})


def _unknown(change: str, name: str, known: Iterable[str]) -> BadInput:
    return BadInput("unknown-change", found=change, what=name, missing=", ".join(known))


def _keys(part: Any) -> tuple[str, ...]:
    """The keys that a part of a scenario has in its file."""
    if not attrs.has(part.__class__):
        return ()
    fields = attrs.fields(part.__class__)
    return tuple(field.name for field in fields if field.metadata.get("document", True))


def _value(before: Any, text: str, change: str) -> Any:
    """The new value: of the type of the old one, which a sign adds to."""
    is_sum = text[:1] in ("+", "-")
    try:
        match before:
            case int():
                number = before + int(text) if is_sum else int(text)
                # No officers means as many as come, which adds to nothing.
                if not is_sum or (before and number > 0):
                    return number
            case float():
                return before + float(text) if is_sum else float(text)
            case str():
                return text
            case _:
                pass
    except ValueError as error:
        raise BadInput("bad-change", found=change) from error
    raise BadInput("bad-change", found=change)
