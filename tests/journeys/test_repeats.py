"""A command that comes again is recognised by its key, and one that comes too late by its version."""

from __future__ import annotations

from typing import Any

import pytest

from caseflow import Actor, Case, Desk, KeyReused, Refused, Stale, UnknownCase
from caseflow.ports import KeyClaim
from tests.journeys.people import CITIZEN, COORDINATOR, OFFICER, SUPERVISOR, refused, submitted


def test_a_repeat_returns_the_first_answer(desk: Desk) -> None:
    """The same key and command later, on a case that moved on: nothing happens, the first case comes back."""
    submitted(desk)
    first = desk.reply("c1", text="已修复", by=OFFICER, key="k-1")
    desk.clock.advance(days=3)
    desk.complete("c1", by=OFFICER)
    history = desk.history("c1")
    assert desk.reply("c1", text="已修复", by=OFFICER, key="k-1") == first
    assert desk.history("c1") == history


@pytest.mark.parametrize("case_id", ["c1", None])
def test_a_submission_may_be_repeated(desk: Desk, case_id: str | None) -> None:
    """A form sent twice makes one case, whether the portal gave the id or the desk did."""
    cases = [
        desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, key="form-1", case_id=case_id)
        for _ in range(2)
    ]
    assert cases[0] == cases[1]
    assert len(desk.cases()) == 1


def test_a_repeat_tells_that_it_is_one(desk: Desk) -> None:
    """The first answer does not; both are equal, and nothing that is stored says it."""
    first = desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, key="form-1")
    again = desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, key="form-1")
    assert (first.is_repeat, again.is_repeat, desk.get(first.id).is_repeat) == (False, True, False)
    assert first == again and again == first and hash(first) == hash(again)
    assert not (first != again or again != first)
    assert again != desk.acknowledge(first.id, by=COORDINATOR)
    assert again.to_dict() == first.to_dict()


def test_a_repeat_returns_the_first_case_whatever_id_it_proposes(desk: Desk) -> None:
    """A portal that draws an id for every form gets the one that is there; another form is refused."""
    first = desk.submit(title="路灯不亮", by=CITIZEN, key="form-1", case_id="drawn-1")
    again = desk.submit(title="路灯不亮", by=CITIZEN, key="form-1", case_id="drawn-2")
    assert (again, again.id, again.is_repeat) == (first, "drawn-1", True)
    with pytest.raises(UnknownCase):
        desk.get("drawn-2")
    with pytest.raises(KeyReused):
        desk.submit(title="路灯不亮", body="三天了", by=CITIZEN, key="form-1", case_id="drawn-3")


def test_a_repeat_that_expects_the_version_it_once_met_is_answered(desk: Desk) -> None:
    """The first one has moved the case on itself; a command of another key is `Stale` as ever."""
    submitted(desk)
    first = desk.reply("c1", text="已修复", by=OFFICER, key="k-1", expected_version=1)
    assert desk.reply("c1", text="已修复", by=OFFICER, key="k-1", expected_version=1) == first
    with pytest.raises(Stale):
        desk.reply("c1", text="已修复", by=OFFICER, key="k-2", expected_version=1)


@pytest.mark.parametrize(("action", "by"), [("close", COORDINATOR), ("reply", OFFICER)])
def test_a_twin_that_commits_in_between_is_answered_with(desk: Desk, action: str, by: Actor) -> None:
    """It comes after this command saw its key free, and before it looked at the case."""
    submitted(desk)
    desk.reply("c1", text="已修复", by=OFFICER)
    store, twin = desk.store, Desk(desk.rules, desk.store, clock=desk.clock)
    fields = {"text": "已修复"} if action == "reply" else {}
    load, first = store.load, list[Case]()

    def late(case_id: str) -> Case | None:
        if not first:
            first.append(load(case_id))  # type: ignore[arg-type]  # it is there
            first[:] = [twin.act("c1", action, by=by, fields=fields, key="k-1")]
        return load(case_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "load", late)
        again = desk.act("c1", action, by=by, fields=fields, key="k-1")
    assert (again, again.is_repeat) == (first[0], True)


@pytest.mark.parametrize(
    ("action", "fields", "effective_at"),
    [("reply", {"text": "别的"}, None), ("note", {"text": "已修复"}, None),
     ("reply", {"text": "已修复", "reason": "r"}, None),
     ("reply", {"text": "已修复"}, "2025-03-03T09:30:00+08:00")],
)  # fmt: skip
def test_a_key_used_for_something_else_is_refused(
    desk: Desk, action: str, fields: dict[str, str], effective_at: str | None
) -> None:
    """Another text, action, field or instant under a used key is an error that names key and actor."""
    submitted(desk)
    desk.reply("c1", text="已修复", by=OFFICER, key="k-1")
    with pytest.raises(KeyReused) as caught:
        desk.act("c1", action, by=OFFICER, fields=fields, effective_at=effective_at, key="k-1")
    assert caught.value.data == {"key": "k-1", "actor": "o-4"}
    assert desk.get("c1").version == 2


@pytest.mark.parametrize("text", ["已修复", "别的"])
def test_a_repeat_is_known_after_its_text_is_gone(desk: Desk, text: str) -> None:
    """Of a redacted text nothing is left to compare with; who gives its key gets the first answer."""
    submitted(desk)
    first = desk.reply("c1", text="已修复", by=OFFICER, key="k-1")
    desk.redact("c1", fields=["text@2"], basis="法", reason="r", by=SUPERVISOR)
    assert desk.reply("c1", text=text, by=OFFICER, key="k-1") == first
    with pytest.raises(KeyReused):
        desk.note("c1", text="已修复", by=OFFICER, key="k-1")
    with pytest.raises(KeyReused):
        desk.act("c1", "reply", by=OFFICER, key="k-1")


def test_a_field_of_none_was_not_given(desk: Desk) -> None:
    """With a key as without one."""
    submitted(desk)
    first = desk.act("c1", "acknowledge", by=OFFICER, fields={"text": None}, key="k-1")
    assert desk.act("c1", "acknowledge", by=OFFICER, key="k-1") == first
    with pytest.raises(Refused):
        desk.act("c1", "rate", by=CITIZEN, fields={"score": 10**5000}, key="k-2")


def test_a_key_that_came_without_its_events_is_not_taken_for_done(desk: Desk) -> None:
    """A store that holds a key of events it lacks refuses the command, and loses nothing in silence."""
    submitted(desk)
    store: Any = desk.store
    store.keep_keys([KeyClaim(OFFICER.id, "k-1", "d", "c1", 7, 7)])
    with pytest.raises(KeyReused):
        desk.reply("c1", text="已修复", by=OFFICER, key="k-1")
    assert desk.get("c1").version == 1


def test_a_key_remembers_nothing_of_a_text(desk: Desk) -> None:
    """Two texts leave the same hash, so that none can be guessed from it; another field does not."""
    for number, (text, unit) in enumerate([("13800000000", "a"), ("13900000000", "a"), ("13800000000", "b")]):
        officer = Actor("o-4", role="importer", unit=unit)
        desk.submit(title="t", to="城管局", by=CITIZEN, case_id="c1") if not number else None
        desk.note("c1", text=text, by=officer, key=f"k-{number}")
    found = [claim.digest for number in range(3) if (claim := desk.store.recall("o-4", f"k-{number}"))]
    assert found[0] == found[1] != found[2]


def test_a_key_belongs_to_its_actor_and_a_refusal_uses_none_up(desk: Desk) -> None:
    """Two people may use the same key; a refused command leaves its key free."""
    submitted(desk)
    assert refused(desk, "c1", "complete", OFFICER).code == "not-in-state"
    with pytest.raises(Refused):
        desk.complete("c1", by=OFFICER, key="k-1")
    desk.reply("c1", text="已修复", by=OFFICER, key="k-1")
    assert desk.acknowledge("c1", by=COORDINATOR, key="k-1").version == 3


def test_an_expected_version_is_checked(desk: Desk) -> None:
    """A command for a version the case has left is `Stale`, with both versions; for the right one it runs."""
    submitted(desk)
    desk.note("c1", text="x", by=OFFICER)
    with pytest.raises(Stale) as caught:
        desk.reply("c1", text="x", by=OFFICER, expected_version=1)
    assert caught.value.data == {"case": "c1", "expected": 1, "found": 2}
    assert desk.reply("c1", text="x", by=OFFICER, expected_version=2).version == 3
