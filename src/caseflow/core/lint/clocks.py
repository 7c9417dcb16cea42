"""Findings about clocks that never start, rungs that never fire, and states in which nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from caseflow.core.clocks import ClockPlan
from caseflow.core.events import Origin
from caseflow.core.lint.finding import Finding, finding
from caseflow.core.lint.graph import Graph, Spot
from caseflow.core.policy import When
from caseflow.core.rules import Rules

MOST_KINDS_OF_CASE = 200
"""Combinations of kind, urgency, channel and region that are looked at."""


def of_clock(rules: Rules, plan: ClockPlan, graph: Graph) -> Iterator[Finding]:
    """The findings about one clock alone."""
    path, kinds = f"clocks.{plan.name}", rules.policy.kinds
    unknown = [kind for kind in plan.rule.when.kind if kinds and kind not in kinds]
    for kind in unknown:
        yield finding("when-kind-unknown", f"{path}.when.kind", kind=kind, known=", ".join(kinds))
    if plan.rule.when.kind and len(unknown) == len(plan.rule.when.kind):
        return
    if not plan.rule.subject:
        for name in plan.rule.start:
            if name in plan.rule.stop or name in plan.rule.cancel:
                yield finding("stops-what-it-starts", f"{path}.start", clock=plan.name, action=name)
    if graph.complete:  # what was not walked may hold what seems to be missing
        yield from _missing(plan, graph)


def _missing(plan: ClockPlan, graph: Graph) -> Iterator[Finding]:
    """A start, a stop or a rung that no way leads to."""
    path = f"clocks.{plan.name}"
    if not any(spot.clocks[0].status for spot in graph.spots):
        yield finding("clock-never-starts", f"{path}.start", clock=plan.name)
        return
    meets = any(
        arrow.origin.clocks[0].status == "running" and arrow.target.clocks[0].status == "stopped"
        for arrow in graph.arrows()
    )
    if not meets and not plan.then:
        yield finding("clock-never-stops", f"{path}.stop", clock=plan.name)
    yield from _after_the_end(plan, graph)


def _after_the_end(plan: ClockPlan, graph: Graph) -> Iterator[Finding]:
    """Rungs that a timed action of an earlier rung leaves no chance."""
    spots = {spot for spot in graph.spots if spot.clocks[0].runs}
    for index, rung in enumerate(plan.rule.rungs):
        if not spots:
            return  # it only ever runs paused, which is told elsewhere
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


def of_states(rules: Rules) -> Iterator[Finding]:
    """Open states in which no clock runs, and kinds of case for which no clock ever does."""
    plain = Graph(rules)
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
        graph = Graph(rules, plans)
        for spot in graph.spots:
            if _is_idle(rules, spot):
                way = graph.way_to(spot)
                if spot.state not in idle or len(way) < len(idle[spot.state][0]):
                    idle[spot.state] = (way, origin)
    for name in rules.policy.states:
        if name in idle:
            yield finding("state-without-clock", f"states.{name}", way=idle[name][0], state=name)


def _is_idle(rules: Rules, spot: Spot) -> bool:
    if not spot.state or rules.policy.states[spot.state].final:
        return False
    return all(clock.status != "running" for clock in spot.clocks)


def _kinds_of_case(rules: Rules) -> Iterator[tuple[str, tuple[ClockPlan, ...]]]:
    """Each set of clocks that a case may have, with what the first such case is submitted as."""
    whens = [plan.rule.when for plan in rules.plans]
    if all(when == When() for when in whens):
        yield "", rules.plans
        return
    kinds = tuple(rules.policy.kinds) or _values(whens, "kind")
    others = [_values(whens, name) for name in ("channel", "region", "urgency")]
    seen: set[tuple[str, ...]] = set()
    for turn, (kind, channel, region, urgency) in enumerate(
        product(("", *kinds), *(("", *o) for o in others))
    ):
        if turn >= MOST_KINDS_OF_CASE:
            return
        origin = Origin(kind=kind, channel=channel, region=region, urgency=urgency)
        plans = tuple(plan for plan in rules.plans if plan.applies(origin))
        names = tuple(plan.name for plan in plans)
        if names not in seen:
            seen.add(names)
            given = {"kind": kind, "channel": channel, "region": region, "urgency": urgency}
            asked = {name for when in whens for name in given if getattr(when, name)}
            yield ", ".join(f'{name} = "{given[name]}"' for name in given if name in asked), plans


def _values(whens: list[When], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for when in whens for found in getattr(when, name)))
