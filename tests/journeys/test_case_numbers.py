"""A policy may number its cases: a series of each year, from 1, without a gap."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import attrs
import pytest

from caseflow import (
    Actor,
    Desk,
    LegacyCase,
    ManualClock,
    MemoryStore,
    PolicyError,
    Refused,
    SqliteStore,
    UnknownCase,
    load_policy,
)
from caseflow.audit.verify import verify
from tests.journeys.people import CITIZEN, OFFICER

IMPORTER = Actor("i-1", role="importer")
STRANGER = Actor("c-2", role="citizen")


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest) -> Any:
    store = MemoryStore() if request.param == "memory" else SqliteStore(":memory:")
    policy = attrs.evolve(load_policy("wuhu"), case_series="民声")
    with store:
        yield Desk(policy, store, clock=ManualClock("2025-12-31T23:00:00+08:00"))


def submitted(desk: Desk, **terms: Any) -> str:
    return desk.submit(**{"title": "路灯不亮", "by": CITIZEN, **terms}).id


def test_cases_are_numbered_as_documents_are(desk: Desk) -> None:
    """By the year of the office's zone in which they are recorded; what is refused takes no number."""
    first = submitted(desk)
    with pytest.raises(Refused):
        submitted(desk, kind="no such kind")
    second = submitted(desk)
    desk.clock.advance(hours=2)
    third = submitted(desk)
    assert [desk.number(case) for case in (first, second, third)] == [
        "民声〔2025〕第1号", "民声〔2025〕第2号", "民声〔2026〕第1号",
    ]  # fmt: skip
    assert desk.number(first, lang="en") == "民声 (2025) No. 1"
    assert desk.get_by_number(2026, 1).id == third


def test_a_repeat_has_the_number_of_the_first(desk: Desk) -> None:
    """And takes no other, whatever id it proposes."""
    first = submitted(desk, key="form", case_id="a")
    assert submitted(desk, key="form", case_id="b") == first
    assert (desk.number(first), desk.number(submitted(desk))) == ("民声〔2025〕第1号", "民声〔2025〕第2号")


def test_a_number_that_nobody_has_is_no_case(desk: Desk) -> None:
    """Nor is one of another year, nor any under rules that number none."""
    submitted(desk)
    plain = Desk(load_policy("wuhu"), desk.store, clock=desk.clock)
    for asked, year, number in ((desk, 2025, 2), (desk, 2024, 1), (desk, 2025, 0), (plain, 2025, 1)):
        with pytest.raises(UnknownCase):
            asked.get_by_number(year, number)


def test_what_others_brought_has_no_number(desk: Desk) -> None:
    """A takeover, a log, a case of other rules: their numbers are others'."""
    past = LegacyCase(
        case_id="old", state="handling", submitted_at="2025-11-03T09:00:00+08:00", unit="城管局"
    )
    desk.adopt_all(lambda: [past], by=IMPORTER, reason="r")
    quiet = Desk(desk.rules, desk.store, clock=desk.clock, tells=False)
    others = Desk(load_policy("wuhu"), desk.store, clock=desk.clock)
    cases = ["old", submitted(quiet), submitted(others)]
    desk.migrate(cases[2], by=Actor("s", role="supervisor"), reason="r")
    assert [desk.number(case) for case in cases] == ["", "", ""]
    assert desk.number(submitted(desk)) == "民声〔2025〕第1号"


def test_the_number_is_no_document_of_the_case(desk: Desk) -> None:
    """Documents are what rungs issue, and are signed for; the citizen may know the number, nobody else's."""
    case = submitted(desk, to="城管局")
    assert desk.documents(case) == desk.seen_by(OFFICER).documents(case) == ()
    assert desk.seen_by(CITIZEN).number(case) == "民声〔2025〕第1号"
    assert desk.seen_by(CITIZEN).get_by_number(2025, 1).id == case
    questions: list[Any] = [lambda seen: seen.number(case), lambda seen: seen.get_by_number(2025, 1)]
    for question in questions:
        with pytest.raises(UnknownCase):
            question(desk.seen_by(STRANGER))
    desk.clock.advance(days=40)
    desk.sweep()
    (urging,) = desk.documents(case)
    assert urging.draft.series == "催办"
    with pytest.raises(UnknownCase):
        desk.number("none")


def test_many_at_once_leave_no_gap(tmp_path: Path) -> None:
    """Threads with desks of their own; every number is given once."""
    policy = attrs.evolve(load_policy("wuhu"), case_series="民声")
    with SqliteStore(tmp_path / "cases.db") as store:
        desk = Desk(policy, store, clock=ManualClock("2025-03-03T09:30:00+08:00"))

        def submit() -> None:
            for _ in range(10):
                submitted(desk)

        threads = [threading.Thread(target=submit) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [one.number for one in store.issued("民声", 2025)] == list(range(1, 41))
        assert len({one.draft.case_id for one in store.issued("民声", 2025)}) == 40


def test_the_audit_knows_what_a_submission_owes(tmp_path: Path) -> None:
    """A number is as the event owes it; one that somebody took away is a fault."""
    import sqlite3

    policy = attrs.evolve(load_policy("wuhu"), case_series="民声")
    with SqliteStore(tmp_path / "cases.db") as store:
        desk = Desk(policy, store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        for _ in range(2):
            submitted(desk, to="城管局")
        assert list(verify(store).faults) == []
        with sqlite3.connect(tmp_path / "cases.db") as other:
            other.execute("DELETE FROM caseflow_documents WHERE number = 1")
        other.close()
        assert {fault.code for fault in verify(store).faults} >= {"audit-told-lost"}


def test_a_series_belongs_to_cases_or_to_documents(tmp_path: Path) -> None:
    """One that a document has is refused when the policy is read."""
    (tmp_path / "own.toml").write_text(
        'extends = "wuhu"\nname = "own"\ncase_series = "催办"\n', encoding="utf-8"
    )
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "own.toml")
    assert [(one.path, one.code) for one in caught.value.problems] == [("case_series", "series-taken")]
