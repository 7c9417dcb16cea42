"""An exploration looks at what a submission may say: every value that a clock asks about, and others."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import i18n, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.testing.laws.liveness import Liveness, combinations_of
from caseflow.testing.laws.policy_laws import policy_laws

START = 1_740_967_800_000_000
POLICY = """
extends = "base"
name = "asks"
[actions.submit.fields]
elderly = { type = "bool" }
[clocks.fast]
start = ["submit"]
stop = ["reply"]
when = { urgency = ["high"], elderly = [true] }
rungs = [{ level = "slow", days = 1, recipients = ["supervisor"] }]
"""


def test_every_combination_is_looked_at(tmp_path: Path) -> None:
    """Urgency: none, the one asked about, another; elderly: none, yes, no; and a rung of both fires."""
    (tmp_path / "asks.toml").write_text(POLICY, encoding="utf-8")
    policy = load_policy(tmp_path / "asks.toml")
    combinations = combinations_of(CompiledPolicy(policy))
    assert {fields.get("urgency") for fields in combinations} == {None, "high", "urgency-other"}
    assert {fields.get("elderly") for fields in combinations} == {None, True, False}
    assert len(combinations) == 9
    ways = Liveness(policy, start=START, most=50)
    assert (ways.combinations, ("fast", "slow") in ways.fired) == (9, True)


@pytest.mark.soak
def test_the_report_says_how_many(tmp_path: Path) -> None:
    """The number stands in the report, in both languages."""
    (tmp_path / "asks.toml").write_text(POLICY, encoding="utf-8")
    report = policy_laws(tmp_path / "asks.toml", examples=1, steps=1)
    assert report.combinations == 9
    assert all(f"{i18n.mark('colon', lang)}9" in report.text(lang) for lang in i18n.SHIPPED)
