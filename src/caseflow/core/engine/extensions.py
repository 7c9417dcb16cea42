"""What an extension is for: which running instance of a clock, and how much of which unit."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case, ExtensionRequest
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.commands import Command
from caseflow.core.time.span import length_of

EXTENSION_UNITS = ("days", "weeks", "months", "until")
"""The fields by which an extension may say how much it is."""


def clocks_asked(rules: CompiledPolicy, case: Case, command: Command) -> tuple[ClockRun, ...]:
    """The running instances that an extension may be for: of the clock it names, or of any.

    Of a clock that has one for each value of a field, that of the value which the command gives, if it does.
    Where it answers without naming a clock, those for which one was asked.
    """
    name = command.fields.get("clock")
    running = tuple(run for run in case.clocks if run.until_us is None and name in (None, "", run.clock))
    running = tuple(run for run in running if _may_be_meant(rules, command, run))
    if not name and command.action != "request_extension":
        waiting = {request.key for request in case.pending_extensions}
        running = tuple(run for run in running if run.key in waiting) or running
    return tuple(run for run in running if run.subject in ("", case.unit)) or running


def _may_be_meant(rules: CompiledPolicy, command: Command, run: ClockRun) -> bool:
    plan = rules.plan.get(run.clock)
    if plan is None:
        return False  # of an import whose policy lacks it: nothing says how it may be extended
    value = command.fields.get(plan.subject_field) if plan.subject_field else None
    return value in (None, "", run.subject)


def clock_asked(rules: CompiledPolicy, case: Case, command: Command) -> ClockRun | None:
    """The one running instance an extension is for; ``None`` for none or several."""
    runs = clocks_asked(rules, case, command)
    return runs[0] if len(runs) == 1 else None


def extension_of(rules: CompiledPolicy, case: Case, command: Command, run: ClockRun) -> tuple[str, int | str]:
    """The unit and the amount of an extension: as it says, as was asked for, or as the clock's rule has it.

    The unit ``until`` goes with a date; an empty one says that there is none.
    """
    for unit in EXTENSION_UNITS:
        amount = command.fields.get(unit)
        if amount:
            return unit, amount
    request = pending_extension(case, run)
    for unit in EXTENSION_UNITS if request is not None else ():
        amount = getattr(request, unit)
        if amount:
            return unit, amount
    plan = rules.plan.get(run.clock)
    return ("", 0) if plan is None or plan.rule.extension is None else length_of(plan.rule.extension)


def extensions_to_ask(rules: CompiledPolicy, case: Case, command: Command) -> tuple[Command, ...]:
    """The command for each clock that it may be for, with a length where one must be said; itself for none.

    So it is told whether anything may be asked for before it is said for which clock, and how much.
    """
    ways: list[Command] = []
    for run in clocks_asked(rules, case, command):
        plan = rules.plan.get(run.clock)
        whose = {plan.subject_field: run.subject} if plan is not None and plan.subject_field else {}
        way = replace(command, fields={**command.fields, "clock": run.clock, **whose})
        is_to_a_date = plan is not None and plan.rule.extension is not None
        if not extension_of(rules, case, way, run)[0]:
            least = {"until": date.max.isoformat()} if is_to_a_date else {"days": 1}
            way = replace(way, fields={**way.fields, **least})
        ways.append(way)
    return tuple(ways) or (command,)


def pending_extension(case: Case, run: ClockRun) -> ExtensionRequest | None:
    """What waits for an answer for that instance."""
    return next((request for request in case.pending_extensions if request.key == run.key), None)
