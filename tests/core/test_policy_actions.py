"""A policy's own states and actions, and what it removed, reached through the desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Refused, load_policy
from caseflow.core.engine.fields import from_text
from caseflow.core.model.events import Acted
from caseflow.errors import BadInput

CITIZEN = Actor("c-1", role="citizen")
OFFICER = Actor("o-1", role="handler", unit="城管局")
COORDINATOR = Actor("d-1", role="coordinator")
OWN = """
extends = "wuhu"
name = "mine"
remove = ["actions.assess", "actions.placeholder"]
[states.visiting]
stage = "handling"
labels = { zh = "上门中", en = "visiting" }
[actions.visit]
moves = { routed = "visiting", visiting = "=" }
roles = ["handler"]
labels = { zh = "上门", en = "visit" }
source = "入户核实办法"
[actions.visit.fields]
floor = { type = "int", required = true, min = -2, max = 99 }
result = { type = "string", choices = ["met", "nobody"] }
urgent = { type = "bool" }
due = { type = "instant" }
helper = { type = "unit" }
proof = { type = "sha256" }
remark = { type = "text" }
[actions.leave]
moves = { visiting = "handling" }
roles = ["handler"]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    file = tmp_path / "mine.toml"
    file.write_text(OWN, encoding="utf-8")
    return Desk(load_policy(file), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))


@pytest.fixture
def case(desk: Desk) -> Case:
    return desk.submit(title="路灯不亮", to="城管局", by=CITIZEN)


def test_an_action_of_the_policys_own_is_recorded_with_its_fields(desk: Desk, case: Case) -> None:
    """``act`` takes it by name; the event keeps the typed fields, and the text lies apart."""
    given = {
        "floor": 7,
        "result": "met",
        "urgent": True,
        "proof": "0" * 64,
        "helper": "电力局",
        "remark": "已见到本人",
    }
    after = desk.act(case.id, "visit", by=OFFICER, fields=given)
    assert (after.state, after.stage) == ("visiting", "handling")
    event = desk.history(case.id)[-1]
    assert isinstance(event, Acted)
    assert event.action == "visit"
    assert dict(event.fields) == {name: found for name, found in given.items() if name != "remark"}
    assert [(text.field, text.text) for text in desk.texts(case.id)][-1] == ("remark", "已见到本人")
    assert desk.act(case.id, "leave", by=OFFICER).state == "handling"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "field-missing"),
        ({"floor": None}, "field-missing"),
        ({"floor": "7"}, "field-not-int"),
        ({"floor": True}, "field-not-int"),
        ({"floor": 7.0}, "field-not-int"),
        ({"floor": 1 << 63}, "field-out-of-range"),
        ({"floor": -3}, "field-out-of-range"),
        ({"floor": 100}, "field-out-of-range"),
        ({"floor": 1, "result": "maybe"}, "field-not-a-choice"),
        ({"floor": 1, "urgent": 1}, "field-not-bool"),
        ({"floor": 1, "due": "tomorrow"}, "field-not-int"),
        ({"floor": 1, "proof": "0" * 63}, "field-not-sha256"),
        ({"floor": 1, "proof": "G" * 64}, "field-not-sha256"),
        ({"floor": 1, "helper": "a\nb"}, "field-not-printable"),
        ({"floor": 1, "helper": "x" * 501}, "field-not-printable"),
        ({"floor": 1, "remark": 5}, "field-not-text"),
        ({"floor": 1, "remark": "x" * 100_001}, "text-too-long"),
        ({"floor": 1, "remark": "a\x00b"}, "text-with-nul"),
        ({"floor": 1, "remark": "\ud800"}, "text-with-surrogate"),
        ({"floor": 1, "colour": "red"}, "field-unknown"),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(
    desk: Desk, case: Case, fields: dict[str, object], code: str
) -> None:
    """Each wrong value has its code, and nothing is recorded."""
    with pytest.raises(Refused) as caught:
        desk.act(case.id, "visit", by=OFFICER, fields=fields)
    assert caught.value.code == code
    assert desk.get(case.id) == case
    assert caught.value.text("en") != caught.value.text("zh")


@pytest.mark.parametrize("floor", [-2, 99])
def test_the_bounds_of_an_int_belong_to_it(desk: Desk, case: Case, floor: int) -> None:
    """``min`` and ``max`` themselves are accepted."""
    assert desk.act(case.id, "visit", by=OFFICER, fields={"floor": floor}).version == case.version + 1


def test_an_own_action_obeys_states_and_roles(desk: Desk, case: Case) -> None:
    """It is refused from other states, to other roles and to other units, like any action."""
    for actor, code in (
        (CITIZEN, "role-may-not"),
        (COORDINATOR, "role-may-not"),
        (Actor("o-2", role="handler", unit="水务局"), "not-your-unit"),
    ):
        with pytest.raises(Refused) as caught:
            desk.act(case.id, "visit", by=actor, fields={"floor": 1})
        assert caught.value.code == code
    with pytest.raises(Refused) as caught:
        desk.act(case.id, "leave", by=OFFICER)
    assert (caught.value.code, caught.value.refusal.state) == ("not-in-state", "routed")


def test_a_removed_action_is_refused(desk: Desk, case: Case) -> None:
    """What the policy took away is unknown to the desk, by method and by name."""
    with pytest.raises(Refused) as caught:
        desk.placeholder(case.id, text="已收到", by=OFFICER)
    assert (caught.value.code, caught.value.refusal.action) == ("unknown-action", "placeholder")
    names = [entry.action for entry in desk.allowed(case.id, by=OFFICER)]
    assert {"visit", "leave"} <= set(names)
    assert not {"assess", "placeholder"} & set(names)


def test_allowed_shows_the_fields_of_an_own_action(desk: Desk, case: Case) -> None:
    """The form of an action can be built from what `allowed` says: types, bounds, choices, required."""
    (visit,) = [entry for entry in desk.allowed(case.id, by=OFFICER) if entry.action == "visit"]
    assert visit.is_allowed
    assert visit.required == ("floor",)
    assert visit.fields["result"].choices == ("met", "nobody")
    assert (visit.fields["floor"].type, visit.fields["floor"].min) == ("int", -2)


def test_fields_can_be_read_from_text(desk: Desk) -> None:
    """What a log or a form writes becomes the field's type; empty cells are left out."""
    read = from_text(
        desk.rules.fields["visit"],
        {"floor": "7", "urgent": "Yes", "due": "1970-01-01T08:00:01+08:00", "remark": "7", "result": ""},
    )
    assert read == {"floor": 7, "urgent": True, "due": 1_000_000, "remark": "7"}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [("floor", "7.5", "bad-int"), ("urgent", "maybe", "bad-bool"), ("due", "soon", "bad-instant")],
)
def test_text_that_is_no_value_is_refused(desk: Desk, name: str, text: str, code: str) -> None:
    """A cell that cannot be the field's type gets a code of its own."""
    with pytest.raises(BadInput) as caught:
        from_text(desk.rules.fields["visit"], {name: text})
    assert caught.value.code == code
