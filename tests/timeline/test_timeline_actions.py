"""Timelines have every built-in action, and keep each method's arguments the desk's own."""

from __future__ import annotations

import inspect

from caseflow.core.engine.actions import ACTIONS
from caseflow.desk import Desk
from caseflow.testing.timeline.timeline import Timeline

WITHOUT = {"resume"}
"""Taken by the desk itself, when a primary ends."""
OF_MANY = {"migrate": {"unit", "state", "kind", "policy_hash", "dry_run", "progress"}}
"""What the desk's method takes besides when it goes through many cases."""


def test_every_built_in_action_is_a_method() -> None:
    """Whatever the desk has a method for, a timeline has."""
    assert [name for name in ACTIONS if name not in WITHOUT and not hasattr(Timeline, name)] == []


def test_methods_take_the_fields_of_their_action() -> None:
    """A timeline's method takes every field that the desk's takes, under the same name."""
    for name in set(ACTIONS) - WITHOUT:
        theirs = set(inspect.signature(getattr(Desk, name)).parameters)
        ours = set(inspect.signature(getattr(Timeline, name)).parameters)
        besides = {"self", "case_id", "by", "terms", "placeholder", "internal"} | OF_MANY.get(name, set())
        assert theirs - besides <= ours, name
