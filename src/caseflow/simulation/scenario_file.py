"""Scenarios from TOML files: read, checked as a whole, and every problem told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import attrs

from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.errors import BadInput, PolicyError, ScenarioError
from caseflow.policies.calendars import load_calendar
from caseflow.policies.load import load_policy, read_toml
from caseflow.policies.load import shipped as shipped_policies
from caseflow.policies.parse import Notes, is_table, partly
from caseflow.simulation.delays import Delay, points_of
from caseflow.simulation.scenario import DAY_NAMES, Office, Scenario, quarter

LONGEST = 36_525
"""Days of a simulation: a hundred years, far longer than anybody plans."""
_USES = {
    "dispatch.delay": "route", "dispatch.rejected": "reject", "dispatch.merged": "merge",
    "handling.acknowledged": "acknowledge", "handling.signed_in": "take_charge",
    "handling.returned": "send_back", "handling.dispatched": "dispatch",
    "handling.co_handled": "add_co_handler", "handling.extended": "request_extension",
    "handling.informed": "request_information", "handling.placeholder": "placeholder",
    "handling.withdrawn": "withdraw", "handling.retracted": "retract_reply",
    "evaluation.completed": "complete", "evaluation.rated": "rate", "evaluation.assessed": "assess",
    "evaluation.rectified": "link_rectification", "evaluation.closed": "close",
    "evaluation.reopened": "reopen", "evaluation.reopened_unsatisfied": "reopen",
}  # fmt: skip
"""Key path -> the action that a share above 0 needs in the policy."""


def scenarios() -> tuple[str, ...]:
    """The names of the shipped scenarios."""
    names = (file.name for file in resources.files("caseflow.simulation.scenarios").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_scenario(name: str | Path) -> Scenario:
    """The scenario shipped under that name, or read from that TOML file, with its policy and its calendar.

    Raises:
        ScenarioError: lists every problem with file, key path and what was found.
    """
    notes = Notes(str(name))
    if str(name) in scenarios():
        shipped = resources.files("caseflow.simulation.scenarios").joinpath(f"{name}.toml")
        with resources.as_file(shipped) as path:
            return _checked(read_toml(path, notes), path.parent, notes)
    path = Path(name)
    if not path.exists():
        notes.add(".", "unknown-scenario", name)
        raise ScenarioError(notes.problems)
    return _checked(read_toml(path, notes), path.parent, notes)


def _checked(table: dict[str, Any] | None, folder: Path, notes: Notes) -> Scenario:
    scenario = None if table is None else partly(Scenario, table, notes)
    if scenario is None:
        raise ScenarioError(notes.problems)
    return complete(scenario, folder, notes)


def complete(scenario: Scenario, folder: Path, notes: Notes) -> Scenario:
    """The scenario with its policy and calendar; a policy or calendar it brings already is kept.

    Raises:
        ScenarioError: the numbers, the policy or the calendar do not fit.
    """
    if scenario.format != 1:
        notes.add("format", "unknown-format", scenario.format)
    for path, code, wrong in _mistakes(scenario, ""):
        notes.add(path, code, wrong)
    if scenario.days + scenario.after > LONGEST or scenario.start.year + LONGEST // 365 > date.max.year:
        notes.add("days", "too-many-days", LONGEST)
    if not scenario.units:
        notes.add("units", "missing-key")
    rules = scenario.rules or _policy(scenario, folder, notes)
    table = scenario.working_days or _calendar(scenario, folder, notes)
    if rules is not None:
        _fit_policy(scenario, rules, notes)
    if notes.problems:
        raise ScenarioError(notes.problems)
    return attrs.evolve(scenario, rules=rules, working_days=table)


def _policy(scenario: Scenario, folder: Path, notes: Notes) -> Policy | None:
    try:
        named = scenario.policy in shipped_policies()
        return load_policy(scenario.policy if named else folder / scenario.policy)
    except PolicyError as error:
        notes.problems.extend(error.problems)
        return None


def _calendar(scenario: Scenario, folder: Path, notes: Notes) -> Calendar | None:
    try:
        return calendar_of(scenario.calendar, folder)
    except BadInput as error:
        notes.add("calendar", "calendar-unavailable", error.data.get("found", error))
        return None


def calendar_of(name: str, folder: Path) -> Calendar | None:
    """The calendar that a scenario names: ``CN``, or a table file relative to the folder; `None` without one.

    Raises:
        BadInput: there is no such calendar.
    """
    if not name:
        return None
    return load_calendar(name, file=folder / name if name.endswith(".toml") else None)


def _fit_policy(scenario: Scenario, rules: Policy, notes: Notes) -> None:
    """Whether the policy knows every action, role, kind and reason that the scenario needs."""
    for path, action in _USES.items():
        part, _, key = path.partition(".")
        share = getattr(getattr(scenario, part), key, None)
        if share is not None and share != 0 and action not in rules.actions:
            notes.add(path, "scenario-action", action)
    for field in attrs.fields(type(scenario.roles)):
        role = getattr(scenario.roles, field.name)
        if role not in rules.roles:
            notes.add(f"roles.{field.name}", "unknown-role", role)
    for kind in scenario.kinds:
        if rules.kinds and kind not in rules.kinds:
            notes.add(f"kinds.{kind}", "unknown-kind", kind)
    dispatch = scenario.dispatch
    if dispatch is not None:
        if dispatch.rejected and not dispatch.reject_codes:
            notes.add("dispatch.reject_codes", "missing-key")
        for code in dispatch.reject_codes:
            if rules.reasons and code not in rules.reasons:
                notes.add(f"dispatch.reject_codes.{code}", "unknown-reason", code)


_Mistake = tuple[str, str, object]


def _mistakes(part: Any, path: str) -> Iterator[_Mistake]:
    """Every number of a part, and of the parts in it, that cannot be what it should be."""
    if isinstance(part, Delay):
        yield from _of_delay(part, path)
        return
    if isinstance(part, Office):
        yield from _of_office(part, path)
    for field in attrs.fields(part.__class__):
        if not field.metadata.get("document", True):
            continue
        value, here = getattr(part, field.name), f"{path}.{field.name}".lstrip(".")
        if "most" in field.metadata and not 0 <= value <= field.metadata["most"]:
            yield here, "not-a-share" if field.metadata["most"] == 1 else "negative", value
        elif "least" in field.metadata and value < field.metadata["least"]:
            yield here, "too-few", value
        elif "length" in field.metadata and value != field.default:
            yield from _of_numbers(value, field.metadata["length"], here)
        elif is_table(value):
            yield from _of_table(value, here)
        elif attrs.has(value.__class__):
            yield from _mistakes(value, here)
    takes = getattr(part, "takes", "arrival")
    if takes not in ("arrival", "deadline"):
        yield f"{path}.takes", "bad-choice", f"{takes}; arrival, deadline"


def _of_numbers(numbers: tuple[float, ...], length: int, path: str) -> Iterator[_Mistake]:
    if len(numbers) != length:
        yield path, "wrong-length", f"{len(numbers)}, expected {length}"
    elif min(numbers) < 0 or not any(numbers):
        yield path, "negative", min(numbers)


def _of_table(table: Mapping[str, Any], path: str) -> Iterator[_Mistake]:
    for key, inner in table.items():
        if attrs.has(inner.__class__):
            yield from _mistakes(inner, f"{path}.{key}")
        elif isinstance(inner, float) and inner < 0:
            yield f"{path}.{key}", "negative", inner
    weights = [getattr(inner, "weight", inner) for inner in table.values()]
    if weights and all(weight == 0 for weight in weights):
        yield path, "negative", "0"


def _of_delay(delay: Delay, path: str) -> Iterator[_Mistake]:
    if delay.median < 0:
        yield f"{path}.median", "negative", delay.median
    if delay.spread < 1:
        yield f"{path}.spread", "bad-spread", delay.spread
    if not 0 <= delay.never < 1:
        yield f"{path}.never", "not-a-share", delay.never
    points = points_of(delay.quantiles)
    hours = [height for _, height in points]
    if len(points) != len(delay.quantiles) or any(not 0 <= share <= 1 for share, _ in points):
        yield f"{path}.quantiles", "bad-percent", ", ".join(delay.quantiles)
    elif hours and (hours != sorted(hours) or hours[0] < 0):
        yield f"{path}.quantiles", "not-rising", ", ".join(map(str, hours))


def _of_office(office: Office, path: str) -> Iterator[_Mistake]:
    for name in office.days:
        if name not in DAY_NAMES:
            yield f"{path}.days", "unknown-weekday", name
    for span in office.hours:
        begin, _, end = span.partition("-")
        if not -1 < quarter(begin) < quarter(end):
            yield f"{path}.hours", "bad-hours", span
    if office.week and tuple(sorted(office.week)) != tuple(sorted(DAY_NAMES)):
        yield f"{path}.week", "unknown-weekday", ", ".join(office.week)
    for name, strengths in office.week.items():
        if len(strengths) != 24:
            yield f"{path}.week.{name}", "wrong-length", f"{len(strengths)}, expected 24"
        elif min(strengths) < 0:
            yield f"{path}.week.{name}", "negative", min(strengths)
    if not any(map(any, office.week.values())) if office.week else not (office.days and office.hours):
        yield path, "never-works", ""
