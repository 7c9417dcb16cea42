"""A policy's own words for its states, clocks and levels; the key where it has none."""

from __future__ import annotations

from caseflow.cli.words import Lang
from caseflow.core.policy import Policy


def state_label(policy: Policy, state: str, lang: Lang) -> str:
    """What people call the state."""
    described = policy.states.get(state)
    return described.labels.get(lang, state) if described else state


def clock_label(policy: Policy, clock: str, lang: Lang) -> str:
    """What people call the clock."""
    rule = policy.clocks.get(clock)
    return rule.labels.get(lang, clock) if rule else clock


def level_label(policy: Policy, clock: str, level: str, lang: Lang) -> str:
    """What people call a rung of the clock."""
    rule = policy.clocks.get(clock)
    for rung in rule.rungs if rule else ():
        if rung.level == level:
            return rung.labels.get(lang, level)
    return level
