"""Fields that clocks speak of and no act has, or of another type than is needed; updates in vain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.fields import mistake
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.policy import FieldRule, Rung, field_name
from caseflow.policies.lint.severity import Finding, finding

BUILT_IN = ("kind", "channel", "region", "urgency")
"""What every submission may say that ``when`` asks about."""


class Use(NamedTuple):
    """A place of a clock where a field of a starting action stands: its key path, the field, the types."""

    path: str
    field: str
    types: tuple[str, ...]


def field_findings(rules: CompiledPolicy, plan: CompiledClock) -> Iterator[Finding]:
    """What one clock asks of fields that cannot be had."""
    origins, updated = _starting(rules, plan), _updated(rules)
    for use in _uses(plan):
        typed = {name: _typed(rules, name, use.field) for name in origins}
        absent = [name for name, rule in typed.items() if rule is None]
        if absent and use.field not in updated:
            yield finding(
                "field-not-there", use.path, clock=plan.name, field=use.field, actions=", ".join(absent)
            )
        wrong = {name: rule.type for name, rule in typed.items() if rule and rule.type not in use.types}
        if wrong:
            yield finding(
                "field-of-wrong-type",
                use.path,
                field=use.field,
                actions=", ".join(wrong),
                types=", ".join(dict.fromkeys(wrong.values())),
                wanted=", ".join(use.types),
            )
    yield from _hanging(rules, plan, {*origins}, updated)
    yield from _conditions(rules, plan, updated)


def _uses(plan: CompiledClock) -> Iterator[Use]:
    rule, path = plan.rule, f"clocks.{plan.name}"
    if field_name(rule.subject):
        yield Use(f"{path}.subject", field_name(rule.subject), ("string", "unit"))
    if field_name(rule.since):
        yield Use(f"{path}.since", field_name(rule.since), ("date", "instant"))
    for index, rung in enumerate(rule.rungs):
        if rung.at:
            yield Use(f"{path}.rungs[{index}].at", field_name(rung.at), ("date", "instant"))
        if isinstance(rung.days, str):
            yield Use(f"{path}.rungs[{index}].days", field_name(rung.days), ("int",))


def _starting(rules: CompiledPolicy, plan: CompiledClock) -> tuple[str, ...]:
    """What starts the clock: actions, those that enter a state among them, and other clocks' ends."""
    origins: dict[str, None] = {}
    for name in (*plan.rule.start, *plan.rule.restart):
        if not name.startswith("state:"):
            origins[name] = None
            continue
        for state, rows in rules.table.items():
            for action, row in rows.items():
                places = {place.state for place in (row.place, row.held_place) if place is not None}
                if name.removeprefix("state:") in places - {state}:
                    origins[action] = None
    return tuple(origins)


def _typed(rules: CompiledPolicy, action: str, field: str) -> FieldRule | None:
    """The field of the action; ``None`` where it has none, or only as a text, which events do not hold."""
    typed = rules.fields.get(action, {}).get(field)
    return None if typed is None or typed.type == "text" else typed


def _updated(rules: CompiledPolicy) -> dict[str, FieldRule]:
    """The fields of the submission that some action changes, as that has them."""
    return {
        field: typed
        for name, rule in rules.policy.actions.items()
        for field in rule.updates
        if (typed := _typed(rules, name, field)) is not None
    }


def _hanging(
    rules: CompiledPolicy, plan: CompiledClock, origins: set[str], updated: dict[str, FieldRule]
) -> Iterator[Finding]:
    """Rungs that hang on one that has no instant in any case."""
    levels = {rung.level: rung for rung in plan.rule.rungs}
    for index, rung in enumerate(plan.rule.rungs):
        base: Rung | None = rung
        while base is not None and base.of:
            base = levels.get(base.of)
        if base is None or base is rung:
            continue
        field = field_name(base.at) or (field_name(base.days) if isinstance(base.days, str) else "")
        if field and field not in updated and not any(_typed(rules, name, field) for name in origins):
            path = f"clocks.{plan.name}.rungs[{index}].of"
            yield finding("hangs-on-nothing", path, level=rung.level, base=base.level, field=field)


def _conditions(
    rules: CompiledPolicy, plan: CompiledClock, updated: dict[str, FieldRule]
) -> Iterator[Finding]:
    """Fields and values that ``when`` asks about and no case can have."""
    when, path = plan.rule.when, f"clocks.{plan.name}.when"
    own = {name: typed for name in rules.own_fields("submit") if (typed := _typed(rules, "submit", name))}
    own = updated | own
    for place, table in ((path, when.admits), (f"{path}.not", when.excludes)):
        for field, values in table.items():
            if field in (*BUILT_IN, "unit"):
                rule = FieldRule()
            elif field in own:
                rule = own[field]
            else:
                known = ", ".join((*BUILT_IN, "unit", *own))
                yield finding("when-field-unknown", f"{place}.{field}", field=field, known=known)
                continue
            wrong = [value for value in values if mistake(rule, value)]
            if wrong:
                shown = ", ".join(str(value).lower() if value is True or value is False else repr(value)
                                  for value in wrong)  # fmt: skip
                yield finding(
                    "when-value-impossible", f"{place}.{field}", field=field, values=shown, type=rule.type
                )


def update_findings(rules: CompiledPolicy) -> Iterator[Finding]:
    """Changes of the submission that no clock asks about, or that the action has no field for."""
    clocks = [plan.rule.when for plan in rules.plans]
    asked_about = {name for when in clocks for name in (*when.admits, *when.excludes)}
    asked_about |= {name for plan in rules.plans for name in plan.fields}
    for action, rule in rules.policy.actions.items():
        for index, field in enumerate(rule.updates):
            path = f"actions.{action}.updates[{index}]"
            if _typed(rules, action, field) is None:
                yield finding("update-without-field", path, action=action, field=field)
            elif field not in asked_about:
                yield finding("update-unasked", path, action=action, field=field)
