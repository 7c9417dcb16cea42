"""How often an action may be taken in a cycle, and how long after another act, through the desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, SqliteStore, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.evolve import replay
from caseflow.core.policy import Policy
from caseflow.core.time.instants import micros
from caseflow.testing.laws.liveness import Liveness

CITIZEN = Actor("c", role="citizen")
OFFICER = Actor("o", role="handler", unit="A局")
SUPERVISOR = Actor("s", role="supervisor")
POLICY = """
extends = "wuhu"
name = "mine"
[actions.note]
at_most = 2
[actions.reopen]
within = { days = 30, of = "close" }
[actions.object]
moves = { open = "=" }
roles = ["citizen", "supervisor"]
within = { days = 3, of = "reply" }
"""


def policy(folder: Path, text: str = POLICY) -> Policy:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load_policy(file)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(policy(tmp_path), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))


def replied(desk: Desk) -> str:
    case = desk.submit(title="路灯", to="A局", by=CITIZEN)
    desk.reply(case.id, text="已修复", by=OFFICER)
    return case.id


def closed(desk: Desk) -> str:
    case_id = replied(desk)
    desk.close(case_id, by=SUPERVISOR)
    return case_id


def refused(desk: Desk, case_id: str, action: str, by: Actor, **options: object) -> Refused:
    with pytest.raises(Refused) as caught:
        desk.act(case_id, action, by=by, **options)  # type: ignore[arg-type]
    return caught.value


def test_an_action_is_taken_so_often_in_a_cycle_only(desk: Desk) -> None:
    """Two notes are accepted, the third is not; a reopening begins to count anew."""
    case_id = closed_after_notes(desk)
    desk.reopen(case_id, reason="又坏了", by=CITIZEN)
    desk.note(case_id, text="四", by=OFFICER)


def closed_after_notes(desk: Desk) -> str:
    case_id = replied(desk)
    desk.note(case_id, text="一", by=OFFICER)
    desk.note(case_id, text="二", by=OFFICER)
    error = refused(desk, case_id, "note", OFFICER, fields={"text": "三"})
    assert (error.code, error.refusal.found, error.refusal.rule) == (
        "times-used-up",
        "2",
        "actions.note.at_most",
    )
    desk.close(case_id, by=SUPERVISOR)
    return case_id


@pytest.mark.parametrize(
    ("at", "possible"),
    [
        ("2025-04-01T12:00:00+08:00", True),
        ("2025-04-02T23:59:59.999999+08:00", True),
        ("2025-04-03T00:00:00+08:00", False),
        ("2025-04-03T12:00:00+08:00", False),
    ],
)
def test_the_first_late_instant_is_the_first_refused(desk: Desk, at: str, possible: bool) -> None:
    """Thirty days after a closing on 3 March end with 2 April."""
    case_id = closed(desk)
    desk.clock.set(at)
    if possible:
        assert desk.reopen(case_id, reason="又坏了", by=CITIZEN).is_open
        return
    error = refused(desk, case_id, "reopen", CITIZEN, fields={"reason": "又坏了"})
    assert (error.code, error.refusal.missing) == ("too-late", ("close",))
    assert error.refusal.possible_until == micros("2025-04-03T00:00:00+08:00")
    assert "2025-04-03 00:00:00+08:00" in error.text("en")
    assert "2025-04-03 00:00:00+08:00" in error.text("zh")


def test_what_was_never_done_is_waited_for(desk: Desk) -> None:
    """Before what the time is counted from, the action is not possible; nor once that was taken back."""
    case = desk.submit(title="路灯", to="A局", by=CITIZEN)
    error = refused(desk, case.id, "object", CITIZEN)
    assert (error.code, error.refusal.missing) == ("not-yet", ("reply",))
    desk.reply(case.id, text="已修复", by=OFFICER)
    desk.act(case.id, "object", by=CITIZEN)
    desk.retract_reply(case.id, reason="答错了", by=SUPERVISOR)
    assert refused(desk, case.id, "object", CITIZEN).code == "not-yet"


def test_a_late_fact_is_judged_at_its_own_instant(desk: Desk) -> None:
    """An objection of the second day is recorded on the tenth; one of the fifth day is too late."""
    case_id = replied(desk)
    desk.clock.advance(days=9)
    late = {"fields": {"reason": "补记"}}
    desk.act(case_id, "object", by=SUPERVISOR, effective_at="2025-03-05T10:00:00+08:00", **late)  # type: ignore[arg-type]
    error = refused(desk, case_id, "object", SUPERVISOR, effective_at="2025-03-07T00:00:00+08:00", **late)
    assert error.code == "too-late"
    assert error.refusal.possible_until is not None


def test_a_case_keeps_only_what_is_asked_about(tmp_path: Path) -> None:
    """The events alone say what is kept, and only of actions that a rule asks about."""
    store = SqliteStore(tmp_path / "s.db")
    desk = Desk(policy(tmp_path), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case_id = closed_after_notes(desk)
    case, events = desk.get(case_id), desk.history(case_id)
    assert [name for name, *_ in case.facts.taken] == ["note", "note", "close"]
    assert [event.kept for event in events if event.kept] == ["note", "note", "close"]
    assert replay(case_id, events) == case


def test_other_rules_ask_about_what_was_done_before_them(tmp_path: Path) -> None:
    """A case that comes under rules which limit an action is counted from its whole history."""
    before = load_policy("wuhu")
    desk = Desk(before, MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case_id = replied(desk)
    desk.note(case_id, text="一", by=OFFICER)
    desk.note(case_id, text="二", by=OFFICER)
    desk = Desk(policy(tmp_path), desk.store, clock=desk.clock)
    desk.migrate(case_id, reason="新规则", by=SUPERVISOR)
    assert refused(desk, case_id, "note", OFFICER, fields={"text": "三"}).code == "times-used-up"


def test_a_timed_action_beyond_the_limit_is_skipped(tmp_path: Path) -> None:
    """The system may not do either what was done as often as it may be."""
    text = POLICY + (
        '[actions.remind]\nmoves = { open = "=" }\nat_most = 1\nroles = ["supervisor"]\n'
        '[clocks.c]\nstart = ["submit"]\n'
        '[[clocks.c.rungs]]\nlevel = "a"\ndays = 1\nthen = "remind"\n'
        '[[clocks.c.rungs]]\nlevel = "b"\ndays = 2\nthen = "remind"\n'
    )
    desk = Desk(policy(tmp_path, text), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    case = desk.submit(title="路灯", to="A局", by=CITIZEN)
    desk.clock.advance(days=4)
    desk.sweep()
    skipped = {getattr(event, "level", ""): getattr(event, "skipped", "") for event in desk.history(case.id)}
    assert (skipped["a"], skipped["b"]) == ("", "times-used-up")


@pytest.mark.soak
def test_a_policy_with_limits_can_be_lived(tmp_path: Path) -> None:
    """The exploration of every configuration ends, and no case is caught."""
    assert not Liveness(policy(tmp_path), start=1_740_967_800_000_000).dead_ends()
    assert CompiledPolicy(policy(tmp_path)).kept == {
        "note", "close", "rate", "request_information", "receive_information",
    }  # fmt: skip
