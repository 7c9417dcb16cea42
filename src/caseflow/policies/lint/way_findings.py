"""Ways that a case has lost: to a unit, to an answer, to an end, to a later calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.core.policy import Policy
from caseflow.policies.lint.reachability import leading
from caseflow.policies.lint.severity import Finding, finding
from caseflow.policies.lint.state_space import Arrow, Graph, Spot, StateSpace
from caseflow.policies.load import load_policy


def way_findings(space: StateSpace) -> Iterator[Finding]:
    """The findings about where cases can get, clocks aside."""
    rules = space.rules
    yield from _calendars(rules)
    yield from _added_states(rules)
    graph = space.graph(asks=True)
    if graph.complete:
        yield from _lost_ways(rules, graph)
        yield from _withins(rules, graph)


def _is_open(rules: CompiledPolicy, spot: Spot) -> bool:
    return spot.state != "" and not rules.policy.states[spot.state].final


Lost = Callable[[Spot], bool]


def _lost_ways(rules: CompiledPolicy, graph: Graph) -> Iterator[Finding]:
    """States from which a unit, an answer or an end has become impossible, or an answer is not taken."""
    events = {row.event for table in rules.table.values() for row in table.values()}

    def does(arrow: Arrow, event: type[e.Event]) -> bool:
        row = rules.table[arrow.origin.state].get(arrow.action)
        return row is not None and row.event is event

    open_spots = [spot for spot in graph.spots if _is_open(rules, spot)]
    stays = [(arrow.origin, arrow.target) for arrow in graph.arrows() if _is_open(rules, arrow.target)]
    to_unit = leading(stays, [spot for spot in open_spots if spot.held])
    answered = [arrow.origin for arrow in graph.arrows() if does(arrow, e.Replied)]
    to_answer = leading(stays, answered)
    ends = [spot for spot in graph.spots if spot.state and not _is_open(rules, spot)]
    to_end = leading(((arrow.origin, arrow.target) for arrow in graph.arrows()), ends)
    taken = {arrow.origin for arrow in graph.arrows() if does(arrow, e.InformationReceived)}
    lost: dict[str, Lost] = {
        "no-way-to-an-answer": lambda spot: bool(answered) and not spot.replied and spot not in to_answer,
        "no-way-to-a-unit": lambda spot: (
            bool(to_unit and answered) and not spot.replied and spot not in to_unit
        ),
        "no-way-to-the-end": lambda spot: spot not in to_end,
        "information-refused": lambda spot: (
            e.InformationReceived in events and spot.awaits and not spot.replied and spot not in taken
        ),
    }
    for code, is_lost in lost.items():
        reported: set[str] = set()
        for spot in open_spots:
            if spot.state not in reported and is_lost(spot):
                reported.add(spot.state)
                yield finding(code, f"states.{spot.state}", way=graph.way_to(spot), state=spot.state)


def _withins(rules: CompiledPolicy, graph: Graph) -> Iterator[Finding]:
    """Actions that are possible only after an act after which they never are."""
    for name, rule in rules.policy.actions.items():
        if rule.within is None or not any(name in table for table in rules.table.values()):
            continue
        after = [arrow.target for arrow in graph.arrows() if arrow.action == rule.within.of]
        reached = graph.spread(after, over=lambda arrow: True)
        if not any(arrow.action == name for spot in reached for arrow in graph.arrows(spot)):
            yield finding("within-never", f"actions.{name}.within.of", action=name, after=rule.within.of)


def _calendars(rules: CompiledPolicy) -> Iterator[Finding]:
    """Calendars that are bound by a policy which cannot bring its cases under a later one."""
    policy = rules.policy
    bound = {clock.calendar for clock in policy.clocks.values()}
    bound |= {action.within.calendar for action in policy.actions.values() if action.within}
    names = [name for name in policy.calendars if name in bound]
    if not names:
        return
    states = [
        name
        for name, state in policy.states.items()
        if not state.final and not any(row.event is e.Migrated for row in rules.table[name].values())
    ]
    if states:
        yield finding(
            "calendar-without-migrate",
            "actions.migrate",
            calendars=", ".join(names),
            states=", ".join(states),
        )


def _added_states(rules: CompiledPolicy) -> Iterator[Finding]:
    """States added to the ordinary ones, and what they lack of the ordinary one of their stage."""
    policy, ordinary = rules.policy, _ordinary(rules.policy)
    for name, state in policy.states.items():
        if state.final or state.keeps or name in ordinary:
            continue
        same = [one for one in ordinary if one in policy.states and policy.states[one].stage == state.stage]
        if not same:
            continue
        fullest = max(same, key=lambda one: len(rules.table[one]))
        absent = [action for action in rules.table[fullest] if action not in rules.table[name]]
        if absent:
            actions = ", ".join(absent)
            yield finding(
                "state-lacks-actions", f"states.{name}", state=name, ordinary=fullest, actions=actions
            )


def _ordinary(policy: Policy) -> tuple[str, ...]:
    """The open states of the base policy, where this one has them all; else none."""
    states = load_policy("base").states
    open_states = tuple(name for name, state in states.items() if not state.final)
    return open_states if all(name in policy.states for name in open_states) else ()
