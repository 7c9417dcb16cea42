"""A rung's timed action with fields: a transfer to the unit above, an outcome, a kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, PolicyError, load_policy
from caseflow.core.model.events import CardIssued, Transferred
from caseflow.core.model.evolve import replay

CITIZEN = Actor("c", role="citizen")
COORDINATOR = Actor("d", role="coordinator")
POLICY = """
extends = "wuhu"
name = "mine"
[units."A局"]
parent = "市政府"
lead = "B局"
[actions.close.fields]
outcome = {{ choices = ["expired", "done"], required = true }}
[clocks.up]
start = ["submit"]
rungs = [{{ level = "up", days = 2, recipients = ["supervisor"], then = "{then}", with = {{ {fields} }} }}]
"""


def desk(folder: Path, then: str, fields: str) -> Desk:
    file = folder / "mine.toml"
    file.write_text(POLICY.format(then=then, fields=fields), encoding="utf-8")
    return Desk(load_policy(file), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))


@pytest.mark.parametrize(
    ("place", "unit", "to"),
    [("parent", "A局", "市政府"), ("lead", "A局", "B局"), ("C局", "A局", "C局"), ("parent", "C局", "")],
)
def test_a_case_is_handed_over_by_the_system(tmp_path: Path, place: str, unit: str, to: str) -> None:
    """To the unit above the one that holds it, to its lead, or to one by name; if there is any."""
    portal = desk(tmp_path, "transfer", f'to = "{place}"')
    case_id = portal.submit(title="树", to=unit, by=CITIZEN).id
    portal.clock.advance(days=3)
    portal.sweep()
    case, events = portal.get(case_id), portal.history(case_id)
    assert case.unit == (to or unit)
    assert [event.unit for event in events if isinstance(event, Transferred)] == ([to] if to else [])
    cards = [event for event in events if isinstance(event, CardIssued)]
    assert [card.skipped for card in cards] == ["" if to else "no-such-unit"]
    assert replay(case_id, events) == case


def test_the_unit_is_the_one_of_that_instant(tmp_path: Path) -> None:
    """A transfer recorded after the rung was due, but not yet swept, comes after it."""
    portal = desk(tmp_path, "transfer", 'to = "parent"')
    case_id = portal.submit(title="树", to="A局", by=CITIZEN).id
    portal.clock.advance(days=3)
    portal.transfer(case_id, to="C局", by=COORDINATOR)
    units = [event.unit for event in portal.history(case_id) if isinstance(event, Transferred)]
    assert units == ["市政府", "C局"]


@pytest.mark.parametrize(
    ("then", "fields", "code"),
    [
        ("transfer", "", "then-needs-fields"),
        ("transfer", 'colour = "red", to = "x"', "bad-with"),
        ("transfer", "to = 5", "bad-with"),
        ("note", 'text = "x"', "bad-with"),
        ("reply", 'text = "x"', "bad-with"),
        ("close", 'outcome = "lost"', "bad-with"),
        ("close", "", "then-needs-fields"),
    ],
)
def test_what_the_system_cannot_give_is_no_policy(tmp_path: Path, then: str, fields: str, code: str) -> None:
    """Fields the action has not, values they cannot have, and texts."""
    with pytest.raises(PolicyError) as caught:
        desk(tmp_path, then, fields)
    assert code in [problem.code for problem in caught.value.problems]


def test_a_field_of_the_policys_own_may_be_given(tmp_path: Path) -> None:
    """The event says it as if a person had."""
    portal = desk(tmp_path, "close", 'outcome = "expired"')
    case_id = portal.submit(title="树", to="A局", by=CITIZEN).id
    portal.reply(case_id, text="好", by=Actor("o", role="handler", unit="A局"))
    portal.clock.advance(days=3)
    portal.sweep()
    assert portal.history(case_id)[-1].own == (("outcome", "expired"),)
