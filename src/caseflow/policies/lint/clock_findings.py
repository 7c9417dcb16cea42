"""What is wrong with one clock: where it begins, how it ends, when it warns, who may extend it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from caseflow.core.engine.compiled_policy import HANDS_OVER, CompiledPolicy, Transition
from caseflow.core.model import events as e
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.policy import FieldRule, Rung, When
from caseflow.core.time.calendar import minutes_of
from caseflow.core.time.instants import HOUR, moment
from caseflow.core.time.span import length_of
from caseflow.policies.lint.severity import Finding, finding
from caseflow.policies.lint.state_space import Arrow, Graph, StateSpace, may, passes, with_ancestors

LONGEST_LOOK = 4 * 366
"""Days on which a clock is begun, to see whether a warning comes before what it warns of."""
_END = "end:"


def clock_findings(space: StateSpace, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """The findings about one clock that follow from its own keys.

    Args:
        graph: of the clock and those at whose ends it begins.
    """
    rules = space.rules
    if graph.complete and any(spot.clocks[0].status for spot in graph.spots):
        yield from _starts(space, plan, graph)
        yield from _runs_on(rules, plan, graph)
        yield from _extension_for_nobody(rules, plan, graph)
    yield from _hand_overs(rules, plan, graph)
    yield from _late_warnings(rules, plan)
    yield from _cut_off(plan)


# -- where it begins, and where it ends ----------------------------------------------------------------------


def _starts(space: StateSpace, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """What is named as a start and never starts it."""
    for verb in ("start", "restart"):
        for index, name in enumerate(getattr(plan.rule, verb)):
            path = f"clocks.{plan.name}.{verb}[{index}]"
            if name.startswith(_END):
                yield from _end(space, plan, space.rules.plan[name.removeprefix(_END)], path)
            elif not any(_is_start(arrow, name) for arrow in graph.arrows()):
                yield finding("start-never-comes", path, clock=plan.name, start=name)


def _is_start(arrow: Arrow, name: str) -> bool:
    """Whether the arrow is what a key of the first clock names, and that clock begins by it."""
    origin, target = arrow.origin, arrow.target
    entered = target.state != origin.state and name == f"state:{target.state}"
    return 0 in arrow.begins and (arrow.action == name or entered)


def _end(space: StateSpace, plan: CompiledClock, other: CompiledClock, path: str) -> Iterator[Finding]:
    """Another clock's end that never comes, or for no case of this one."""
    if not _have_cases_in_common(space.rules, plan.rule.when, other.rule.when):
        yield finding("end-of-other-cases", path, clock=plan.name, other=other.name)
    elif not _ends(space, other):
        yield finding("end-never-comes", path, clock=plan.name, other=other.name)


def _have_cases_in_common(rules: CompiledPolicy, one: When, other: When) -> bool:
    """Whether any case meets both conditions."""
    for name in one.admits.keys() | other.admits.keys() | one.excludes.keys() | other.excludes.keys():
        sets = [set(when.admits[name]) for when in (one, other) if name in when.admits]
        if name == "kind" and rules.policy.kinds:
            sets.append({"", *rules.policy.kinds})
        excluded = {*one.excludes.get(name, ()), *other.excludes.get(name, ())}
        if sets and not sets[0].intersection(*sets) - excluded:
            return False
    return True


def _ends(space: StateSpace, plan: CompiledClock) -> bool:
    """Whether the last rung of the clock can be reached while it runs."""
    graph = space.graph(with_ancestors(space.rules, plan))
    if not graph.complete:
        return True
    spots = {spot for spot in graph.spots if spot.clocks[0].runs}
    for rung in plan.rule.rungs[:-1]:
        if rung.then and spots:
            after = [end for spot in spots for end in graph.by_system(spot, rung.then)]
            reached = graph.spread(after, over=lambda arrow: 0 not in arrow.restarts)
            spots = {spot for spot in reached if spot.clocks[0].runs}
    return bool(spots)


def _runs_on(rules: CompiledPolicy, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """A last rung whose timed action leaves the clock running, with nothing left to come."""
    rung = plan.rule.rungs[-1]
    if not rung.then or rung.then in (*plan.rule.start, *plan.rule.restart):
        return
    for spot in graph.spots:
        row = rules.table[spot.state].get(rung.then)
        if row is None or not spot.clocks[0].runs or row.event in HANDS_OVER or not passes(rules, row, spot):
            continue
        if graph.by_system(spot, rung.then)[0].clocks[0].runs:
            path = f"clocks.{plan.name}.rungs[{len(plan.rule.rungs) - 1}].then"
            way = graph.way_to(spot)
            yield finding(
                "runs-on-after-end", path, way=way, clock=plan.name, level=rung.level, action=rung.then
            )
            return


# -- hand-overs, and extensions that nobody can grant --------------------------------------------------------


def _hand_overs(rules: CompiledPolicy, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """Actions that take the case from a unit whose clock then runs on."""
    if plan.rule.subject != "unit":
        return
    reported: set[str] = set()
    for arrow in graph.arrows():
        origin, row = arrow.origin, rules.table[arrow.origin.state].get(arrow.action)
        if row is None or row.event not in HANDS_OVER or row.event is e.Submitted:
            continue
        runs = origin.held and origin.clocks[0].status == "running"
        if runs and arrow.action not in reported and not _is_ended(plan, row, held=arrow.target.held):
            reported.add(arrow.action)
            way = (*graph.way_to(origin), arrow.action)
            path = f"clocks.{plan.name}.cancel"
            yield finding("unit-clock-after-hand-over", path, way=way, clock=plan.name, action=arrow.action)


def _is_ended(plan: CompiledClock, row: Transition, *, held: bool) -> bool:
    effects = row.held_effects if held else row.effects
    return any(verb in ("stop", "cancel") and clock.name == plan.name for verb, clock, _ in effects)


def _extension_for_nobody(rules: CompiledPolicy, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """A rule of extension by which nothing can be granted."""
    rule = plan.rule.extension
    if rule is None:
        return
    running = [spot for spot in graph.spots if spot.clocks[0].status == "running"]
    grants = [
        row.replace(
            scopes={role: scope for role, scope in row.scopes.items() if not rule.by or role in rule.by}
        )
        for row in _rows(rules, e.ExtensionGranted)
    ]
    requested = _rows(rules, e.ExtensionRequested)
    is_granted = any(
        rules.table[spot.state].get(row.action) is not None and may(row, spot)
        for spot in running
        for row in grants
    )
    needs_request = all("extension_pending" in row.guards for row in grants)
    if not is_granted or (needs_request and not requested):
        who = ", ".join(rule.by) or "-"
        yield finding("extension-for-nobody", f"clocks.{plan.name}.extension", clock=plan.name, roles=who)


def _rows(rules: CompiledPolicy, event: type[e.Event]) -> list[Transition]:
    rows = {row.action: row for table in rules.table.values() for row in table.values()}
    return [row for row in rows.values() if row.event is event]


# -- warnings that are none, and times of day that make no difference ----------------------------------------


def _late_warnings(rules: CompiledPolicy, plan: CompiledClock) -> Iterator[Finding]:
    """Warnings that come at the instant of what they warn of, or after it."""
    for place, governor in enumerate(plan.governors):
        warning, breach = plan.rule.rungs[place], plan.rule.rungs[governor]
        if place == governor or warning.of == breach.level:
            continue
        example = _example(plan, place, governor) or _own_term(rules, plan, warning, breach)
        if example:
            yield finding(
                "warning-not-before",
                f"clocks.{plan.name}.rungs[{place}]",
                clock=plan.name,
                level=warning.level,
                breach=breach.level,
                example=example,
            )


def _example(plan: CompiledClock, warning: int, breach: int) -> str:
    """A day of a start on which the warning comes too late, with both instants; empty for none."""
    calendar, zone = plan.calendar, plan.days.zone
    first = date(2025, 1, 1).toordinal() if calendar is None else calendar.first.toordinal()
    last = first + LONGEST_LOOK if calendar is None else min(calendar.last.toordinal(), first + LONGEST_LOOK)
    for day in range(first, last, 1 if plan.is_by_days else 7):
        dues, unknown = plan.dues(plan.days.midnight(day) + 10 * HOUR)
        at, late = dues[warning], dues[breach]
        if at is not None and late is not None and at >= late and not unknown >> breach & 1:
            days = (date.fromordinal(day), *(moment(due - 1, zone).date() for due in (at, late)))
            return "{}: {} / {}".format(*days)
    return ""


def _own_term(rules: CompiledPolicy, plan: CompiledClock, warning: Rung, breach: Rung) -> str:
    """The field that gives the deadline, where it may give one no later than the warning."""
    unit, amount = length_of(warning)
    own = breach.at or (breach.days if isinstance(breach.days, str) else "")
    if not own or not unit or not isinstance(amount, int) or warning.of:
        return ""
    field = own.removeprefix("field:")
    typed = [rules.fields[name].get(field, FieldRule()) for name in plan.rule.start if name in rules.fields]
    is_longer = all(rule.min is not None and rule.min > amount for rule in typed)
    return "" if unit == "days" and not breach.at and is_longer else own


def _cut_off(plan: CompiledClock) -> Iterator[Finding]:
    """A time of day at which the office is closed, so that it says nothing that the calendar does not."""
    calendar, cut_off = plan.calendar, plan.rule.cut_off
    if calendar is None or not cut_off or not calendar.hours:
        return
    opens, closes = calendar.hours[0][0], calendar.hours[-1][1]
    if not opens < minutes_of(cut_off) <= closes:
        hours = f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
        path = f"clocks.{plan.name}.cut_off"
        yield finding("cut-off-outside-hours", path, clock=plan.name, cut_off=cut_off, hours=hours)
