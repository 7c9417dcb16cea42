"""Findings about time that can be taken without limit: pauses, retractions, new cycles, extensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from caseflow.core import events as e
from caseflow.core.clocks import ClockPlan
from caseflow.core.lint.finding import Finding, finding
from caseflow.core.lint.graph import Arrow, Graph, Spot, may
from caseflow.core.policy import Rung
from caseflow.core.rules import Rules

_OPEN = {"extensions_left": "extension-uncapped", "before_breach": "extension-after-breach"}
"""Guards whose absence leaves extensions open, and the code of that."""


def of_clock(rules: Rules, plan: ClockPlan, graph: Graph) -> Iterator[Finding]:
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


def _never_resumed(plan: ClockPlan, graph: Graph) -> Iterator[Finding]:
    """Pauses from which no action lets the clock run on."""
    told: set[str] = set()
    for arrow in graph.arrows():
        begins = _is_paused(arrow.target) and not _is_paused(arrow.origin)
        if not begins or arrow.action in told:
            continue
        paused = graph.spread([arrow.target], over=lambda found: _is_paused(found.target))
        runs_on = any(out.target.clocks[0].runs for spot in paused for out in graph.arrows(spot))
        if not runs_on:
            told.add(arrow.action)
            way = (*graph.way_to(arrow.origin), arrow.action)
            yield finding(
                "pause-never-ends", f"clocks.{plan.name}.pause", way=way, clock=plan.name, action=arrow.action
            )


def _is_paused(spot: Spot) -> bool:
    return spot.clocks[0].status == "running" and spot.clocks[0].paused


def _extension(rules: Rules, plan: ClockPlan, graph: Graph) -> Iterator[Finding]:
    limits, rungs = rules.policy.limits, plan.rule.rungs
    extensible = _can(rules, graph, e.ExtensionRequested) and _can(rules, graph, e.ExtensionGranted)
    most = limits.extensions * limits.extension_days
    first = next((rung for rung in rungs if rung.kind == "breach"), None)
    if not extensible or not most or first is None:
        return
    length = {rung.level: _hours(rung) for rung in rungs}
    later = [rung for rung in rungs if _hours(rung) > _hours(first)]
    outlived = [rung for rung in later if length[first.level] + most * 24 >= length[rung.level]]
    if outlived:
        yield finding(
            "extension-outlives-rung",
            "limits.extension_days",
            clock=plan.name,
            level=first.level,
            after=_said(first),
            cap=f"{limits.extensions} x {limits.extension_days}",
            rungs=", ".join(f"{rung.level} ({_said(rung)})" for rung in outlived),
        )


def of_guards(rules: Rules) -> Iterator[Finding]:
    """Extensions that the policy's guards leave open."""
    asked, granted = (_rows(rules, event) for event in (e.ExtensionRequested, e.ExtensionGranted))
    if not asked or not granted:
        return
    for event, guard in ((e.ExtensionGranted, "extensions_left"), (e.ExtensionRequested, "before_breach")):
        for name in sorted(_rows(rules, event)):
            if guard not in rules.policy.actions[name].guards:
                yield finding(_OPEN[guard], f"actions.{name}.guards", action=name, guard=guard)


def _rows(rules: Rules, event: type[e.Event]) -> set[str]:
    return {row.action for table in rules.table.values() for row in table.values() if row.event is event}


def _can(rules: Rules, graph: Graph, event: type[e.Event]) -> bool:
    """Whether some role may take such an action while the clock runs."""
    return any(
        row.event is event and may(row, spot)
        for spot in graph.spots
        if spot.clocks[0].status == "running"
        for row in rules.table[spot.state].values()
    )


def _hours(rung: Rung) -> int:
    return rung.days * 24 + rung.hours


def _said(rung: Rung) -> str:
    return f"{rung.days} d" if rung.days else f"{rung.hours} h"
