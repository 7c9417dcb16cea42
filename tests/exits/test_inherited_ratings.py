"""Ratings that were given before a case was taken over: by whom, what they come to, and silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caseflow import (
    Actor,
    BadInput,
    Case,
    Desk,
    LegacyCase,
    ManualClock,
    MemoryStore,
    PastRating,
    load_policy,
)
from caseflow.core.model import events as e
from caseflow.core.model.evolve import replay
from caseflow.interchange.log_mapping import load_legacy_mapping
from caseflow.interchange.takeover import take_over
from caseflow.serialization.codec import pack, unpack
from caseflow.testing import check_golden, record, write_golden
from caseflow.views.rates import satisfaction_rate

IMPORTER = Actor("importer", role="importer")


@pytest.fixture
def desk() -> Desk:
    return Desk(load_policy("leader-board"), MemoryStore(), clock=ManualClock("2025-06-01T09:00:00+08:00"))


def past(*ratings: PastRating, **changes: Any) -> LegacyCase:
    """A case that was answered in March and stood in evaluation from the 10th on."""
    known: dict[str, Any] = {
        "case_id": "old-1", "state": "evaluation", "submitted_at": "2025-03-03T09:00:00+08:00",
        "replied_at": "2025-03-05T09:00:00+08:00", "state_since": "2025-03-10T09:00:00+08:00",
        "unit": "城管局", "citizen": "c-1", "ratings": ratings, **changes,
    }  # fmt: skip
    return LegacyCase(**known)


def rating(day: str, *, by: str = "", **fields: Any) -> PastRating:
    return PastRating(at=f"2025-{day}T12:00:00+08:00", fields=fields, by=by)


def adopted(desk: Desk, legacy: LegacyCase) -> Case:
    done = desk.adopt_all(lambda: [legacy], by=IMPORTER, reason="接收")
    assert done.wrong == ()
    return desk.get(legacy.case_id)


def refused(desk: Desk, legacy: LegacyCase) -> str:
    (wrong,) = desk.adopt_all(lambda: [legacy], by=IMPORTER, reason="接收").wrong
    return wrong.error.code


def test_a_rating_says_what_it_said(desk: Desk) -> None:
    """Stars, axes and causes, by the citizen; satisfied by the policy's scale; the clock for it stopped."""
    case = adopted(desk, past(rating("03-20", score=2, attitude=5, causes=["slow", "rude"])))
    (one,) = case.facts.ratings
    assert (one.score, one.by, one.is_own, one.satisfied) == (2, "citizen", True, False)
    assert (one.causes, one.fields) == (("slow", "rude"), (("attitude", 5),))
    assert case.rating == one
    (run,) = [run for run in case.clocks if run.clock == "evaluation"]
    assert (run.status, run.until_us) == ("stopped", one.at_us)
    assert "unrated" not in [card.level for card in case.escalations]
    share = satisfaction_rate([case])
    assert (share.numerator, share.denominator) == (0, 1)


def test_who_said_nothing_is_on_record_as_silent(desk: Desk) -> None:
    """The rung that ends the time for a rating is inherited at its instant, and nobody is told."""
    case = adopted(desk, past())
    (card,) = [card for card in case.reminders if card.level == "unrated"]
    assert (card.inherited, card.effective_at.isoformat()) == (True, "2025-04-10T00:00:00+08:00")
    assert (case.rating, desk.store.notices()) == (None, ())


@pytest.mark.parametrize(("day", "levels"), [("04-09", []), ("04-10", ["unrated"])])
def test_the_last_day_is_in_time(desk: Desk, day: str, levels: list[str]) -> None:
    """The time ends at midnight after the thirtieth day; a rating after it counts, and so does silence."""
    case = adopted(desk, past(rating(day, score=5)))
    assert [card.level for card in case.reminders if card.level == "unrated"] == levels
    assert case.rating is not None


def test_a_rating_that_was_changed_keeps_both(desk: Desk) -> None:
    """The last one counts; one that an officer asked for says so."""
    case = adopted(desk, past(rating("03-25", score=5, by="handler"), rating("03-20", score=1)))
    assert [(one.score, one.by, one.is_own) for one in case.facts.ratings] == [
        (1, "citizen", True), (5, "handler", False),
    ]  # fmt: skip
    assert case.rating is not None and case.rating.score == 5


def test_a_rating_after_the_end_is_taken(desk: Desk) -> None:
    closed = past(rating("03-20", score=4), state="closed", ended={"evaluation": "2025-03-10T09:00:00+08:00"})
    assert refused(desk, closed) in ("clock-not-running", "adopt-clock")
    case = adopted(desk, past(rating("03-20", score=4), state="closed"))
    assert case.rating is not None and not case.is_open


WRONG: dict[str, tuple[PastRating, str]] = {
    "an unknown field": (rating("03-20", score=4, colour=1), "field-unknown"),
    "a person's text": (rating("03-20", score=4, text="很好"), "field-unknown"),
    "a token": (rating("03-20", token="x"), "field-unknown"),
    "out of range": (rating("03-20", score=6), "field-out-of-range"),
    "another type": (rating("03-20", score="5"), "field-not-int"),
    "no such cause": (rating("03-20", score=1, causes=["weather"]), "field-not-a-choice"),
    "no such role": (rating("03-20", score=1, by="mayor"), "role-may-not"),
    "before the submission": (rating("03-01", score=1), "adopt-before-submission"),
    "to come": (rating("07-01", score=1), "adopt-future"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_a_rating_is_refused(desk: Desk, name: str) -> None:
    wrong, code = WRONG[name]
    assert refused(desk, past(wrong)) == code


def test_one_that_says_nothing_is_none(desk: Desk) -> None:
    with pytest.raises(BadInput):
        desk.adopt("x", by=IMPORTER, reason="接收", state="submitted",
                   submitted_at="2025-05-01T09:00:00+08:00", ratings=[rating("05-02")])  # fmt: skip


def test_events_suffice_and_again_is_nothing_new(desk: Desk, tmp_path: Path) -> None:
    """Replayed, packed and decided again it is the same; taken over with another rating it is refused."""
    case = adopted(desk, past(rating("03-20", score=2, causes=["slow"])))
    assert replay(case.id, desk.history(case.id)) == case == unpack(pack(case))
    assert desk.adopt_all(
        lambda: [past(rating("03-20", score=2, causes=["slow"]))], by=IMPORTER, reason="接收"
    ).unchanged == 1  # fmt: skip
    assert refused(desk, past(rating("03-20", score=3))) == "case-exists"
    write_golden(tmp_path / "rated.json", record(desk, [case.id]))
    check_golden(tmp_path / "rated.json")


def test_a_late_reply_and_other_rules_keep_it(desk: Desk) -> None:
    """The history is folded again: the clock that a rating stopped stays stopped, the rating as it was."""
    case = adopted(desk, past(rating("03-20", score=2)))
    after = desk.migrate(case.id, by=IMPORTER, reason="新规则")
    assert after.facts.ratings == case.facts.ratings
    assert [run.until_us for run in after.clocks] == [run.until_us for run in case.clocks]
    assert isinstance(desk.history(case.id)[0], e.Adopted)


MAPPING = """
[case]
case_id = "id"
state = { value = "evaluation" }
submitted_at = "created"
state_since = "done"
replied_at = "answered"
citizen = "who"
policy = "rules"
[[ratings]]
at = "rated"
by = { column = "asked", translate = { "回访" = "handler", "" = "" } }
[ratings.fields]
score = { column = "stars", translate = { "未评价" = "", "5" = "5", "2" = "2", "x" = "x" } }
causes = "why"
"""
TABLE = """id,created,answered,done,who,rules,rated,asked,stars,why
1,2025-03-03 09:00,2025-03-05 09:00,2025-03-10 09:00,c-1,leader-board,2025-03-20 12:00,,2,slow rude
2,2025-03-03 09:00,2025-03-05 09:00,2025-03-10 09:00,c-2,,2025-03-20 12:00,回访,5,
3,2025-03-03 09:00,2025-03-05 09:00,2025-03-10 09:00,c-3,,2025-03-20 12:00,,未评价,
4,2025-03-03 09:00,2025-03-05 09:00,2025-03-10 09:00,c-4,,,,,
"""


@pytest.fixture
def taken(desk: Desk, tmp_path: Path) -> Callable[[str], Any]:
    def take(table: str) -> Any:
        (tmp_path / "old.toml").write_text(MAPPING, encoding="utf-8")
        (tmp_path / "old.csv").write_text(table, encoding="utf-8")
        mapping = load_legacy_mapping(tmp_path / "old.toml")
        return take_over(desk, tmp_path / "old.csv", mapping, reason="接收", timezone="Asia/Shanghai")

    return take


def test_a_table_brings_ratings_and_silence(desk: Desk, taken: Callable[[str], Any]) -> None:
    """What the mapping makes of a cell that says nobody answered is no rating."""
    assert taken(TABLE).wrong == ()
    cases = [desk.get(str(number)) for number in range(1, 5)]
    assert [[(one.score, one.causes, one.by) for one in case.facts.ratings] for case in cases] == [
        [(2, ("slow", "rude"), "citizen")], [(5, (), "handler")], [], [],
    ]  # fmt: skip
    assert [any(card.level == "unrated" for card in case.reminders) for case in cases] == [
        False, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "column", "code"), [
    ("5,\n", "x,\n", "stars", "bad-int"), ("2025-03-20 12:00,回访", "20 March,回访", "rated", "bad-instant"),
    ("5,\n", "5,weather\n", "rated", "field-not-a-choice"),
    ("c-2,,", "c-2,wuhan,", "rules", "policy-not-offered"),
])  # fmt: skip
def test_a_row_that_is_wrong_is_named(
    taken: Callable[[str], Any], before: str, after: str, column: str, code: str
) -> None:
    (wrong,) = taken(TABLE.replace(before, after)).wrong
    assert (wrong.data["line"], wrong.data["column"], wrong.data["found"].code) == (3, column, code)
