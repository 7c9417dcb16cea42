"""findings(policy) -> what is wrong with a policy that can be used, with the shortest way that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import product

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.core.model.commands import SYSTEM
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.model.events import Origin
from caseflow.core.policy import Policy, Rung, Scalar, When
from caseflow.core.time.instants import HOUR
from caseflow.core.time.span import length_of
from caseflow.policies.lint.clock_findings import clock_findings
from caseflow.policies.lint.field_findings import field_findings, update_findings
from caseflow.policies.lint.severity import Finding, by_weight, finding
from caseflow.policies.lint.state_space import Arrow, Graph, Spot, StateSpace, may, with_ancestors
from caseflow.policies.lint.way_findings import way_findings


def findings(policy: Policy, *, today: date | None = None) -> tuple[Finding, ...]:
    """What the policy gets wrong although it can be used.

    Args:
        policy: one that `load_policy` accepted.
        today: the day from which calendars must reach the last rungs, in the office's zone; without it
            horizons are not looked at.

    Returns:
        What matters most first: what fails a citizen, then what makes cards wrong, then what is untidy. Those
        of one code stand together; about states first, then about each clock in the policy's order. Empty
        when there are none.
    """
    return by_weight(_all(StateSpace(CompiledPolicy(policy)), today))


def _all(space: StateSpace, today: date | None) -> Iterator[Finding]:
    rules = space.rules
    yield from _states(space)
    yield from way_findings(space)
    for plan in rules.plans:
        graph = space.graph(with_ancestors(rules, plan))
        yield from _progress(rules, plan, graph)
        yield from clock_findings(space, plan, graph)
        yield from field_findings(rules, plan)
        yield from _delays(rules, plan, graph)
        yield from _recipients(rules, plan, graph)
        if today is not None:
            yield from _horizon(rules, plan, today)
    yield from update_findings(rules)
    yield from _guards(rules)
    yield from _roles(rules, space.graph())


# -- clocks that never start, rungs that never fire, states in which nothing runs ----------------------------

MOST_KINDS_OF_CASE = 200
"""Combinations of kind, urgency, channel and region that are looked at."""


def _progress(rules: CompiledPolicy, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """The findings about one clock alone."""
    path, kinds = f"clocks.{plan.name}", rules.policy.kinds
    wanted = plan.rule.when.admits.get("kind", ())
    unknown = [str(kind) for kind in wanted if kinds and kind not in kinds]
    for kind in unknown:
        yield finding("when-kind-unknown", f"{path}.when.kind", kind=kind, known=", ".join(kinds))
    if wanted and len(unknown) == len(wanted):
        return
    if graph.complete:  # what was not walked may hold what seems to be missing
        yield from _missing(plan, graph)


def _missing(plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """A start, a stop or a rung that no way leads to."""
    path = f"clocks.{plan.name}"
    if not any(spot.clocks[0].status for spot in graph.spots):
        yield finding("clock-never-starts", f"{path}.start", clock=plan.name)
        return
    is_only_waited_out = bool(graph.rules.chained[plan.name])  # others begin at its end
    meets = any(
        arrow.origin.clocks[0].status == "running" and arrow.target.clocks[0].status == "stopped"
        for arrow in graph.arrows()
    )
    if not meets and not plan.then and not is_only_waited_out:
        yield finding("clock-never-stops", f"{path}.stop", clock=plan.name)
    yield from _after_the_end(plan, graph)


def _after_the_end(plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """Rungs that a timed action of an earlier rung leaves no chance."""
    spots = {spot for spot in graph.spots if spot.clocks[0].runs}
    for index, rung in enumerate(plan.rule.rungs):
        if not spots:
            return  # it only ever runs paused, which is said elsewhere
        if rung.then:
            after = [end for spot in spots for end in graph.by_system(spot, rung.then)]
            reached = graph.spread(after, over=lambda arrow: 0 not in arrow.restarts)
            spots = {spot for spot in reached if spot.clocks[0].runs}
            if not spots:
                for later, lost in enumerate(plan.rule.rungs[index + 1 :], index + 1):
                    path = f"clocks.{plan.name}.rungs[{later}]"
                    yield finding(
                        "rung-after-end", path, level=lost.level, before=rung.level, action=rung.then
                    )


def _states(space: StateSpace) -> Iterator[Finding]:
    """Open states in which no clock runs, and kinds of case for which no clock ever does."""
    rules, plain = space.rules, space.graph()
    reached = {spot.state for spot in plain.spots}
    for name in rules.policy.states:
        if name not in reached and plain.complete:
            yield finding("state-out-of-reach", f"states.{name}", state=name)
    if not rules.plans:
        return
    idle: dict[str, tuple[tuple[str, ...], str]] = {}
    for origin, plans in _kinds_of_case(rules):
        if not plans:
            yield finding("case-without-clock", "clocks", case=origin)
            continue
        graph = space.graph(plans)
        for spot in graph.spots:
            if _is_idle(rules, spot):
                way = graph.way_to(spot)
                if spot.state not in idle or len(way) < len(idle[spot.state][0]):
                    idle[spot.state] = (way, origin)
    for name in rules.policy.states:
        if name in idle:
            yield finding("state-without-clock", f"states.{name}", way=idle[name][0], state=name)


def _is_idle(rules: CompiledPolicy, spot: Spot) -> bool:
    if not spot.state or rules.policy.states[spot.state].final:
        return False
    return all(clock.status != "running" for clock in spot.clocks)


def _kinds_of_case(rules: CompiledPolicy) -> Iterator[tuple[str, tuple[CompiledClock, ...]]]:
    """Each set of clocks that a case may have, with what the first such case is submitted as."""
    whens = [plan.rule.when for plan in rules.plans]
    if all(when == When() for when in whens):
        yield "", rules.plans
        return
    asked_about = {name for when in whens for name in (*when.admits, *when.excludes)}
    own = [name for name in rules.own_fields("submit") if name in asked_about]
    names = ("kind", "channel", "region", "urgency", *own)
    values: list[tuple[Scalar, ...]] = [_values(whens, name) for name in names]
    values[0] = tuple(rules.policy.kinds) or values[0]
    seen: set[tuple[str, ...]] = set()
    needed = rules.required.get("submit", ())
    offered = (
        some if name in needed and some else ("", *some) for name, some in zip(names, values, strict=True)
    )
    for turn, chosen in enumerate(product(*offered)):
        if turn >= MOST_KINDS_OF_CASE:
            return
        kind, channel, region, urgency = map(str, chosen[:4])
        fields = tuple(zip(own, chosen[4:], strict=True))
        origin = Origin(kind=kind, channel=channel, region=region, urgency=urgency, fields=fields)
        plans = tuple(plan for plan in rules.plans if plan.applies(origin, ""))
        clocks = tuple(plan.name for plan in plans)
        if clocks not in seen:
            seen.add(clocks)
            submitted = zip(names, chosen, strict=True)
            yield ", ".join(f'{name} = "{value}"' for name, value in submitted if name in asked_about), plans


def _values(whens: list[When], name: str) -> tuple[Scalar, ...]:
    values = (when.admits.get(name, ()) + when.excludes.get(name, ()) for when in whens)
    return tuple(dict.fromkeys(value for some in values for value in some))


# -- time that can be taken without limit --------------------------------------------------------------------

_OPEN = {"extensions_left": "extension-uncapped", "before_breach": "extension-after-breach"}
"""Guards whose absence leaves extensions open, and the code of that."""


def _delays(rules: CompiledPolicy, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """The findings about one clock."""
    path = f"clocks.{plan.name}"
    if graph.complete:  # what was not walked may hold the action that resumes
        yield from _never_resumed(plan, graph)
    yield from _loops(graph, "endless-pause", f"{path}.pause", plan.name, _pauses)
    yield from _loops(graph, "endless-retraction", f"{path}.revive", plan.name, lambda a: 0 in a.revives)
    yield from _loops(graph, "endless-restart", f"{path}.start", plan.name, lambda a: 0 in a.restarts)
    yield from _extension(rules, plan, graph)


def _pauses(arrow: Arrow) -> bool:
    return (
        arrow.origin.clocks[0].runs
        and arrow.target.clocks[0].status == "running"
        and (arrow.target.clocks[0].paused)
    )


def _loops(
    graph: Graph, code: str, path: str, clock: str, is_heart: Callable[[Arrow], bool]
) -> Iterator[Finding]:
    """One finding for each action at the heart of a loop: the shortest loop, on the shortest way to it."""
    shortest: dict[str, Finding] = {}
    for arrow in graph.arrows():
        if is_heart(arrow):
            loop = graph.loop(arrow)
            known = shortest.get(arrow.action)
            if loop and (known is None or len(loop) < len(known.loop)):
                row = graph.rules.table[arrow.origin.state][arrow.action]
                roles, way = ", ".join(row.scopes), graph.way_to(arrow.origin)
                shortest[arrow.action] = finding(
                    code, path, way=way, loop=loop, clock=clock, action=arrow.action, roles=roles
                )
    yield from shortest.values()


def _never_resumed(plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """Pauses from which no action lets the clock run on."""
    reported: set[str] = set()
    for arrow in graph.arrows():
        begins = _is_paused(arrow.target) and not _is_paused(arrow.origin)
        if not begins or arrow.action in reported:
            continue
        paused = graph.spread([arrow.target], over=lambda onward: _is_paused(onward.target))
        runs_on = any(out.target.clocks[0].runs for spot in paused for out in graph.arrows(spot))
        if not runs_on:
            reported.add(arrow.action)
            way = (*graph.way_to(arrow.origin), arrow.action)
            yield finding(
                "pause-never-ends", f"clocks.{plan.name}.pause", way=way, clock=plan.name, action=arrow.action
            )


def _is_paused(spot: Spot) -> bool:
    return spot.clocks[0].status == "running" and spot.clocks[0].paused


def _extension(rules: CompiledPolicy, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """Extensions, as many and as long as may be, that move the deadline to where another card would be."""
    breaches = [place for place, (_, is_breach) in enumerate(plan.ladder) if is_breach]
    extensible = _can(rules, graph, e.ExtensionRequested) and _can(rules, graph, e.ExtensionGranted)
    limits = rules.policy.limits
    times, amount = limits.extensions, limits.extension_days
    if not extensible or len(breaches) < 2 or not times * amount or plan.rule.extension is not None:
        return  # an extension of the clock's own is the law's
    start = _a_morning(plan)
    plain = plan.dues(start)[0]
    extended = plan.dues(start, (), ((start, amount, "days"),) * times)[0]
    first, moved = breaches[0], extended[breaches[0]]
    outlived = [
        plan.rule.rungs[place]
        for place in breaches[1:]
        if moved is not None and (due := plain[place]) is not None and moved >= due > (plain[first] or due)
    ]
    if outlived:
        yield finding(
            "extension-outlives-rung",
            "limits.extension_days",
            clock=plan.name,
            level=plan.rule.rungs[first].level,
            after=_said(plan.rule.rungs[first]),
            cap=f"{times} x {amount} d",
            rungs=", ".join(f"{rung.level} ({_said(rung)})" for rung in outlived),
        )


def _a_morning(plan: CompiledClock) -> int:
    """An instant of a working day, near the beginning of the clock's calendar."""
    calendar, day = plan.calendar, date(2025, 3, 3).toordinal()
    if calendar is not None:
        day = calendar.working_day(max(day, calendar.first.toordinal()))
    return plan.days.midnight(day) + 10 * HOUR


def _guards(rules: CompiledPolicy) -> Iterator[Finding]:
    """Extensions that the policy's guards leave open."""
    requested, granted = (_rows(rules, event) for event in (e.ExtensionRequested, e.ExtensionGranted))
    if not requested or not granted:
        return
    for event, guard in ((e.ExtensionGranted, "extensions_left"), (e.ExtensionRequested, "before_breach")):
        for name in sorted(_rows(rules, event)):
            if guard not in rules.policy.actions[name].guards:
                yield finding(_OPEN[guard], f"actions.{name}.guards", action=name, guard=guard)


def _rows(rules: CompiledPolicy, event: type[e.Event]) -> set[str]:
    return {row.action for table in rules.table.values() for row in table.values() if row.event is event}


def _can(rules: CompiledPolicy, graph: Graph, event: type[e.Event]) -> bool:
    """Whether some role may take such an action while the clock runs."""
    return any(
        row.event is event and may(row, spot)
        for spot in graph.spots
        if spot.clocks[0].status == "running"
        for row in rules.table[spot.state].values()
    )


_SHORT = {"days": "d", "weeks": "w", "months": "m", "years": "y", "hours": "h", "minutes": "min"}


def _said(rung: Rung) -> str:
    """A rung's length in short, ``5 d``; what it hangs on where it has none of its own."""
    unit, amount = length_of(rung)
    if rung.of:
        return (
            f"{rung.of} {amount:+} d" if isinstance(amount, int) and unit else f"{rung.percent} % {rung.of}"
        )
    return f"{amount} {_SHORT[unit]}" if unit else rung.at


# -- calendars that end too early ----------------------------------------------------------------------------


def _horizon(rules: CompiledPolicy, plan: CompiledClock, today: date) -> Iterator[Finding]:
    """Whether a clock that starts today has a last rung whose instant is certain."""
    calendar = plan.calendar
    if calendar is None or not plan.terms:
        return
    rung, day = plan.rule.rungs[-1], today.toordinal()
    if _is_certain(plan, day):
        return
    latest = _latest_start(plan, calendar.first.toordinal(), day)
    yield finding(
        "horizon-too-near",
        f"calendars.{calendar.name}" if calendar.name in rules.policy.calendars
        else f"clocks.{plan.name}.calendar",
        clock=plan.name,
        level=rung.level,
        after=_said(rung),
        today=today,
        first=calendar.first,
        last=calendar.last,
        latest=date.fromordinal(latest) if latest is not None else "-",
    )  # fmt: skip


def _is_certain(plan: CompiledClock, day: int) -> bool:
    _, unknown = plan.dues(plan.days.midnight(day))
    return not unknown >> len(plan.ladder) - 1


def _latest_start(plan: CompiledClock, first: int, before: int) -> int | None:
    """The last start day before that one whose deadline is certain; certainty only ends once."""
    if first >= before or not _is_certain(plan, first):
        return None
    low, high = first, before
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _is_certain(plan, middle) else (low, middle)
    return low


# -- roles that never act, notices that reach nobody ---------------------------------------------------------


def _roles(rules: CompiledPolicy, graph: Graph) -> Iterator[Finding]:
    """Roles without anything to do, and actions without anyone who may take them."""
    policy = rules.policy
    named = {role for clock in policy.clocks.values() for rung in clock.rungs for role in rung.recipients}
    named |= {role for notice in policy.notices.values() for role in notice.to}
    acting = {role for action in policy.actions.values() for role in action.roles}
    for name, rights in policy.roles.items():
        if not rights.everything and name not in named | acting:
            yield finding("role-idle", f"roles.{name}", role=name)
    timed = {rung.then for clock in policy.clocks.values() for rung in clock.rungs}
    everyone = any(role.everything for role in policy.roles.values())
    for name, action in policy.actions.items():
        path = f"actions.{name}.roles"
        if not action.roles and not everyone and name not in timed:
            yield finding("action-for-nobody", path, action=name)
        spots = [spot for spot in graph.spots if name in rules.table[spot.state]]
        if action.co_handlers or not graph.complete or not spots or any(spot.held for spot in spots):
            continue
        for role in action.roles:
            if policy.roles[role].scope == "unit":
                states = ", ".join(dict.fromkeys(spot.state or "start" for spot in spots))
                yield finding("role-never-acts", path, role=role, action=name, states=states)


def _recipients(rules: CompiledPolicy, plan: CompiledClock, graph: Graph) -> Iterator[Finding]:
    """Rungs whose notice or document reaches nobody."""
    roles = rules.policy.roles
    alone = next((spot for spot in graph.spots if spot.clocks[0].runs and not spot.held), None)
    for index, rung in enumerate(plan.rule.rungs):
        path, level = f"clocks.{plan.name}.rungs[{index}]", rung.level
        recipients = [roles[name] for name in rung.recipients]
        if not recipients:
            yield finding("notice-to-nobody", f"{path}.recipients", level=level)
        elif all(role.everything for role in recipients):
            names = ", ".join(rung.recipients)
            yield finding("notice-to-program", f"{path}.recipients", level=level, roles=names)
        elif rules.policy.without_unit:
            pass  # they are told where there is no unit
        elif alone is not None and not plan.rule.subject and all(role.scope == "unit" for role in recipients):
            names, way = ", ".join(rung.recipients), graph.way_to(alone)
            yield finding(
                "notice-without-unit", f"{path}.recipients",
                way=way, level=level, roles=names, state=alone.state,
            )  # fmt: skip
        if rung.document and not _has_office(rules, rung):
            yield finding("document-without-office", f"{path}.document", level=level, document=rung.document)


def _has_office(rules: CompiledPolicy, rung: Rung) -> bool:
    """Whether someone over all cases, who is no program, is told, and so can issue the document."""
    roles = [rules.policy.roles[name] for name in rung.recipients if name != SYSTEM.role]
    return any(role.scope == "any" and not role.everything for role in roles)
