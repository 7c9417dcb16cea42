"""Duplicates follow their primary, never escalate, and go on by themselves when it falls away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caseflow import Case, Desk, Stale
from caseflow.core.model.evolve import replay
from caseflow.desk.unit_of_work import UnitOfWork
from tests.journeys.people import (
    CITIZEN,
    COORDINATOR,
    OFFICER,
    SUPERVISOR,
    desk_of,
    dues,
    policy,
    refused,
    submitted,
    told,
)

PRIMARY_ENDS = [(CITIZEN, "withdraw", {}), (SUPERVISOR, "reject", {"code": "out_of_scope"})]


@pytest.fixture
def merged(desk: Desk) -> Desk:
    """``p`` since Monday 3 March, its duplicate ``f`` since the 4th, merged on the 5th."""
    submitted(desk, "p")
    desk.clock.set("2025-03-04T09:30:00+08:00")
    submitted(desk, "f")
    desk.clock.set("2025-03-05T09:30:00+08:00")
    desk.merge("f", primary="p", by=COORDINATOR)
    return desk


def test_a_follower_never_escalates(merged: Desk) -> None:
    """Only the primary earns cards, however long it lasts; nothing of the follower is ever due."""
    assert merged.get("f").next_due is None
    merged.clock.set("2025-05-01T00:00:00+08:00")
    assert {card.case_id for card in merged.sweep().cards} == {"p"}
    assert merged.get("f").escalations == ()
    assert merged.forecast("f") == ()


@pytest.mark.parametrize(("who", "action", "fields"), PRIMARY_ENDS)
def test_followers_resume_and_get_what_they_missed(
    merged: Desk, who: Any, action: str, fields: dict[str, Any]
) -> None:
    """The primary ends; the follower goes on, and its cards come at their true instants after that event."""
    merged.clock.set("2025-03-12T10:00:00+08:00")
    merged.act("p", action, by=who, fields=fields)
    case = merged.get("f")
    assert (case.state, case.facts.primary) == ("handling", "")
    assert [event.name for event in merged.history("f")] == [
        "submitted", "merged", "resumed", "reminded", "card-issued",
    ]  # fmt: skip
    assert (told(case.reminders), told(case.cards)) == (["reminder @ 03-08"], ["yellow @ 03-10"])
    assert dues(case) == ["03-08", "03-10", "03-20", "04-04"]
    assert case.cards[0].detected_at.isoformat() == "2025-03-12T10:00:00+08:00"
    assert case == replay("f", merged.history("f"))


def test_a_reply_to_the_primary_lets_no_follower_go(merged: Desk) -> None:
    """Only withdrawal and rejection give followers back; an answered and closed primary keeps them."""
    merged.reply("p", text="已修复", by=OFFICER)
    merged.close("p", by=COORDINATOR)
    assert merged.get("f").state == "merged"


def test_the_case_whose_clock_started_first_is_primary(desk: Desk) -> None:
    """The younger one is refused as primary; of two that started together either may be."""
    submitted(desk, "a")
    submitted(desk, "b")
    desk.clock.advance(seconds=1)
    submitted(desk, "c")
    refusal = refused(desk, "a", "merge", COORDINATOR, primary="c")
    assert (refusal.code, refusal.found) == ("primary-is-younger", "c")
    assert desk.merge("a", primary="b", by=COORDINATOR).state == "merged"


def test_a_circle_is_refused(merged: Desk) -> None:
    """A case cannot follow itself, nor one that follows it, nor one that has ended; nor one unknown."""
    assert refused(merged, "p", "merge", COORDINATOR, primary="p").code == "merge-cycle"
    assert refused(merged, "p", "merge", COORDINATOR, primary="f").code == "merge-cycle"
    submitted(merged, "g")
    refusal = refused(merged, "g", "merge", COORDINATOR, primary="f")
    assert (refusal.code, refusal.missing) == ("primary-ended", ("p",))
    assert refused(merged, "g", "merge", COORDINATOR, primary="none").code == "primary-unknown"
    assert refused(merged, "g", "merge", COORDINATOR).code == "field-missing"


def test_both_cases_move_in_one_append(desk: Desk) -> None:
    """When the primary moves on between reading and writing, the merger is decided anew."""
    submitted(desk, "p")
    submitted(desk, "f")
    inner, appended = desk.store.append, list[bool]()

    def slower(appends: Any, claim: Any = None) -> None:
        if len(appends) == 2 and not appended:
            appended.append(True)
            desk.note("p", text="x", by=OFFICER)
        inner(appends, claim)

    desk.store.append = slower  # type: ignore[method-assign]  # another writer at the worst moment
    desk.merge("f", primary="p", by=COORDINATOR)
    assert appended
    assert [event.name for event in desk.history("p")] == ["submitted", "noted", "followed"]
    assert [event.name for event in desk.history("f")] == ["submitted", "merged"]


def test_an_explicit_version_is_kept_for_the_merged_case(merged: Desk) -> None:
    """With an expected version the desk does not decide again."""
    submitted(merged, "g")
    with pytest.raises(Stale):
        merged.merge("g", primary="p", by=COORDINATOR, expected_version=7)
    assert merged.get("g").version == 1
    assert merged.get("p").facts.followers == ("f",)


def test_a_case_merged_twice_into_one_primary_resumes_once(merged: Desk) -> None:
    """Rejected, reopened, merged again, rejected again: each end lets the follower go on exactly once."""
    merged.reject("p", code="unclear", by=SUPERVISOR)
    merged.reopen("p", reason="已补充", by=CITIZEN)
    merged.merge("f", primary="p", by=COORDINATOR)
    merged.reject("p", code="unclear", by=SUPERVISOR)
    assert merged.get("f").state == "handling"
    assert [event.name for event in merged.history("f")].count("resumed") == 2


def test_a_former_primary_no_longer_lets_go(desk: Desk) -> None:
    """A follower that went on and was merged elsewhere does not resume when its first primary ends again."""
    for name in ("p", "q", "f"):
        submitted(desk, name)
        desk.clock.advance(minutes=1)
    desk.merge("f", primary="p", by=COORDINATOR)
    desk.reject("p", code="unclear", by=SUPERVISOR)
    desk.reopen("p", reason="已补充", by=CITIZEN)
    desk.merge("f", primary="q", by=COORDINATOR)
    desk.reject("p", code="unclear", by=SUPERVISOR)
    assert (desk.get("f").state, desk.get("f").facts.primary) == ("merged", "q")


def test_a_chain_of_primaries_holds(desk: Desk) -> None:
    """A primary that is merged itself keeps its followers; each goes on only when its own primary ends."""
    for name in ("a", "b", "c"):
        submitted(desk, name)
        desk.clock.advance(minutes=1)
    desk.merge("c", primary="b", by=COORDINATOR)
    desk.merge("b", primary="a", by=COORDINATOR)
    desk.withdraw("a", by=CITIZEN)
    assert (desk.get("b").state, desk.get("c").state) == ("handling", "merged")
    desk.withdraw("b", by=CITIZEN)
    assert desk.get("c").state == "handling"


WINDOW = """
[clocks.window]
start = ["complete"]
stop = ["rate", "close"]
cancel = ["withdraw", "reject", "merge"]
rungs = [{ level = "lapsed", days = 7, kind = "breach", then = "close" }]
"""


@pytest.mark.parametrize("swept", [True, False])
def test_a_merge_is_judged_on_a_primary_with_all_that_is_due(tmp_path: Path, swept: bool) -> None:
    """A primary whose window has lapsed is closed, swept or not: nothing may follow it."""
    desk = desk_of(policy(tmp_path, WINDOW))
    submitted(desk, "p")
    desk.reply("p", text="已修复", by=OFFICER)
    desk.complete("p", by=OFFICER)
    desk.clock.advance(days=1)
    submitted(desk, "f")
    desk.clock.advance(days=10)
    if swept:
        desk.sweep()
    assert refused(desk, "f", "merge", COORDINATOR, primary="p").code == "primary-ended"
    desk.clock.advance(days=40)
    desk.sweep()
    assert "urge @ 04-04" in told(desk.get("f").cards)


LAPSING = """
[clocks.patience]
start = ["submit"]
stop = ["reply"]
cancel = ["withdraw", "reject"]
rungs = [{ level = "given up", days = 20, kind = "breach", then = "withdraw" }]
"""


@pytest.mark.parametrize("how", ["sweep", "batch", "command"])
def test_a_primary_that_ends_by_itself_frees_its_followers(tmp_path: Path, how: str) -> None:
    """Withdrawn by a rung: the followers go on in that sweep, with the cards they missed."""
    desk = desk_of(policy(tmp_path, LAPSING))
    submitted(desk, "p")
    desk.clock.advance(days=3)
    submitted(desk, "f")
    desk.merge("f", primary="p", by=COORDINATOR)
    if how == "batch":
        submitted(desk, "other")
    desk.clock.advance(days=19)
    if how == "command":
        assert refused(desk, "p", "reply", OFFICER, text="x").code == "not-in-state"
        assert desk.get("f").state == "merged"  # what is refused records nothing
    swept = desk.sweep()
    assert swept.quarantined == ()
    case = desk.get("f")
    assert (desk.get("p").state, case.state, case.facts.primary) == ("withdrawn", "handling", "")
    assert told(case.cards) == ["yellow @ 03-12", "red @ 03-22"]
    assert {card.case_id for card in swept.cards} >= {"p", "f"}
    assert case == replay("f", desk.history("f"))


def test_a_follower_that_cannot_go_on_keeps_back_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The primary ends and the other follower goes on; the one that cannot is named, once."""
    desk = desk_of(policy(tmp_path, LAPSING))
    submitted(desk, "p")
    desk.clock.advance(days=3)
    for name in ("f1", "f2"):
        submitted(desk, name)
        desk.merge(name, primary="p", by=COORDINATOR)
    resume = UnitOfWork._resume

    def broken(self: UnitOfWork, case_id: str, primary: Case) -> None:
        if case_id == "f1":
            raise LookupError
        resume(self, case_id, primary)

    monkeypatch.setattr(UnitOfWork, "_resume", broken)
    desk.clock.advance(days=19)
    swept = desk.sweep()
    assert [(one.name, one.code) for one in swept.quarantined] == [("f1", "LookupError")]
    assert [desk.get(name).state for name in ("p", "f1", "f2")] == ["withdrawn", "merged", "handling"]
    assert {card.case_id for card in swept.cards} == {"p", "f2"}
