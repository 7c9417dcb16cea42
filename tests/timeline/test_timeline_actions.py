"""Timelines have every built-in action, and keep each method's arguments the desk's own."""

from __future__ import annotations

import ast
import inspect
import runpy
from pathlib import Path

import pytest

from caseflow.core.engine.actions import ACTIONS
from caseflow.desk import Desk
from caseflow.testing.timeline.timeline import Timeline

WITHOUT = {"resume"}
"""Taken by the desk itself, when a primary ends."""


def test_every_built_in_action_is_a_method() -> None:
    """Of the desk and of a timeline."""
    assert [
        name
        for name in ACTIONS
        if name not in WITHOUT and not (hasattr(Desk, name) and hasattr(Timeline, name))
    ] == []


def test_methods_are_the_desks_own() -> None:
    """`python docs/timeline_methods.py` would change nothing."""
    module = runpy.run_path(str(ROOT / "docs" / "timeline_methods.py"))
    written = module["MODULE"].read_text(encoding="utf-8")
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(module["module"]()))


def test_methods_take_the_fields_of_their_action() -> None:
    """The desk's method takes every field that the core's table gives to the action, under the same name."""
    for name in set(ACTIONS) - WITHOUT:
        ours = set(inspect.signature(getattr(Desk, name)).parameters) | {"reason"}
        ours |= {"type"} if "as_" in ours else set()
        assert set(ACTIONS[name].fields) <= ours, name


ROOT = Path(__file__).resolve().parents[2]

OWN = """
extends = "wuhu"
name = "mine"
[actions.submit.fields]
on_paper = { type = "bool" }
[actions.close.fields]
outcome = { choices = ["granted", "denied"] }
"""


def test_methods_take_fields_of_the_policys_own(tmp_path: Path) -> None:
    """As ``own_fields``, as the desk's methods do, and the written test repeats them."""
    (tmp_path / "mine.toml").write_text(OWN, encoding="utf-8")
    timeline = Timeline(tmp_path / "mine.toml")
    case = timeline.submit("树", to="A局", own_fields={"on_paper": True})
    assert case.origin.fields == (("on_paper", True),)
    assert 'own_fields={"on_paper": True}' in timeline.as_test()


def test_what_no_method_takes_is_an_error() -> None:
    """A slip in a name is no field that is silently left out."""
    timeline = Timeline("wuhu")
    with pytest.raises(TypeError, match="submit takes no fields"):
        timeline.submit("树", fields={"on_paper": True})  # type: ignore[call-arg]  # that is the slip
