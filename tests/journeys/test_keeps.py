"""A state that is added to a stage keeps the actions of another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Policy, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.machine import transitions

POLICY = """
extends = "wuhu"
name = "mine"
[states.visiting]
stage = "handling"
keeps = "{keeps}"
[states.talking]
stage = "handling"
keeps = "visiting"
[actions.visit]
moves = {{ handling = "visiting", visiting = "=" }}
roles = ["handler"]
[actions.talk]
moves = {{ visiting = "talking" }}
roles = ["handler"]
[actions.send_back.moves]
visiting = "handling"
"""


def policy(folder: Path, keeps: str) -> Policy:
    file = folder / "mine.toml"
    file.write_text(POLICY.format(keeps=keeps), encoding="utf-8")
    return load_policy(file)


def targets(policy: Policy, state: str) -> dict[str, str]:
    return {way.action: way.target for way in transitions(policy) if way.state == state}


@pytest.mark.parametrize(("keeps", "kept"), [("handling", "handling"), ("stage", "routed")])
def test_a_state_accepts_what_another_does(tmp_path: Path, keeps: str, kept: str) -> None:
    """With the same targets; what stays there stays here, and what the state names wins."""
    mine = policy(tmp_path, keeps)
    there, here = targets(mine, kept), targets(mine, "visiting")
    own = {"visit": "visiting", "send_back": "handling", "talk": "talking"}
    stays = {action: "visiting" for action, target in there.items() if target == kept}
    assert here == there | stays | own
    assert CompiledPolicy(mine).table["visiting"]["reply"].place is not None


def test_a_chain_ends_at_the_state_that_keeps_no_other(tmp_path: Path) -> None:
    """A state that keeps one which keeps another accepts what the last of them does."""
    mine = policy(tmp_path, "handling")
    talking = targets(mine, "talking")
    assert talking.keys() == targets(mine, "handling").keys()
    assert talking["visit"] == "visiting"
    assert talking["dispatch"] == "talking"
