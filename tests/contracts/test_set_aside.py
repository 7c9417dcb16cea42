"""What is set aside: named by one record, counted, observed, listed, tried again, and in nobody's way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.cli.app import run_app
from caseflow.errors import StoreBusy
from caseflow.ports import Quarantined, Seen
from caseflow.ports.observations import SweepDone
from tests.delivery.people import Kept, relay_of

START = "2025-03-03T09:30:00+08:00"
CITIZEN = Actor("c-17", role="citizen")
BAD = "c1"
SPOILED = (
    "UPDATE caseflow_cases SET snapshot = x'7b' WHERE id = 'c1'",
    "UPDATE caseflow_events SET body = CAST('{' || body AS BLOB) WHERE case_id = 'c1'",
    "UPDATE caseflow_notices SET body = '{' || body WHERE case_id = 'c1' AND level = 'yellow'",
)
MENDED = (
    "UPDATE caseflow_cases SET snapshot = (SELECT snapshot FROM kept) WHERE id = 'c1'",
    "UPDATE caseflow_events SET body = CAST(substr(body, 2) AS BLOB) WHERE case_id = 'c1'",
    "UPDATE caseflow_notices SET body = substr(body, 2) WHERE body LIKE '{{%'",
)


class Notes:
    """An observer that keeps what it was told."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def observe(self, seen: Seen, /) -> None:
        self.seen.append(seen)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with three cases that have their yellow cards, notices untold."""
    path = tmp_path / "cases.db"
    with closing(SqliteStore(path, synchronous="off")) as store:
        desk = desk_of(store, START)
        submit(desk, 3)
        desk.clock.advance(days=8)
        assert len(desk.sweep().cards) == 3
    return path


def desk_of(store: Any, now: str, **terms: Any) -> Desk:
    return Desk(load_policy("wuhu"), store, clock=ManualClock(now), **terms)


def submit(desk: Desk, count: int) -> None:
    for n in range(count):
        desk.submit(title="t", to="城管局", by=CITIZEN, case_id=f"c{n:02}" if count > 10 else f"c{n}")


def run(path: Path, *lines: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        for line in lines:
            file.execute(line)


LATE = "2025-03-20T09:30:00+08:00"


def test_what_is_set_aside_is_named_observed_and_listed(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By one record: in the sweep, the list, to the observer, by the command; only news are told again."""
    run(path, *SPOILED)
    notes = Notes()
    with closing(SqliteStore(path)) as store:
        desk = desk_of(store, LATE, observer=notes)
        (one,) = desk.sweep().quarantined
        assert (one.kind, one.name, one.code) == ("case", BAD, "bad-case")
        assert desk.cases().quarantined == (one,)
        desk.sweep()
        assert [entry for entry in notes.seen if isinstance(entry, Quarantined)] == [one, one]
        assert [entry.quarantined for entry in notes.seen if isinstance(entry, SweepDone)] == [1, 1]
        listed = {(entry.kind, entry.name.partition("@")[0]) for entry in desk.quarantined()}
    assert {("case", BAD), ("event", BAD)} < listed
    assert "notice" in {kind for kind, _ in listed}
    assert run_app(["store", "quarantine", "--store", f"sqlite:///{path}", "--lang", "en"]) == 1
    assert f"set aside: case {BAD}: case {BAD} cannot be read" in capsys.readouterr().out


def test_what_becomes_readable_is_taken_up_by_itself(path: Path) -> None:
    """The next sweep issues its card, the relay tells its notices: nothing was marked, nothing is dead."""
    run(path, "CREATE TABLE kept AS SELECT snapshot FROM caseflow_cases WHERE id = 'c1'", *SPOILED)
    with closing(SqliteStore(path)) as store:
        desk, told = desk_of(store, LATE), Kept()
        relay = relay_of(desk, told)
        for _ in range(30):  # many more than the attempts after which a notice is dead
            assert BAD not in {card.case_id for card in desk.sweep().cards}
            done = relay.until_empty()
            assert (done.dead, done.quarantined > 0) == (0, True)
            desk.clock.advance(hours=1)
        assert {one.notice.case_id for one in told.got} == {"c0", "c2"}
        run(path, *MENDED)
        assert [(card.case_id, card.level) for card in desk.sweep().cards] == [(BAD, "red")]
        desk.clock.advance(hours=1)
        relay.until_empty()
        assert {row.status for row in store.notices(case_id=BAD)} == {"sent", "collapsed"}
        assert "red" in {one.notice.level for one in told.got if one.notice.case_id == BAD}


@pytest.mark.parametrize("count", [1, 3, 10])
def test_a_case_that_the_database_does_not_take_holds_up_no_other(count: int, tmp_path: Path) -> None:
    """The rest of its batch is written, in few transactions more; from then on it is tried by itself."""
    path = tmp_path / "cases.db"
    with closing(SqliteStore(path, synchronous="off")) as store:
        desk = desk_of(store, START)
        submit(desk, count)
        bad = f"c{count // 2}"
        run(path, f"CREATE TRIGGER no BEFORE UPDATE ON caseflow_cases WHEN NEW.id = '{bad}'"
                  " BEGIN SELECT RAISE(ABORT, 'no'); END")  # fmt: skip
        desk.clock.advance(days=6)
        swept = desk.sweep()
        assert {card.case_id for card in swept.cards} == {f"c{n}" for n in range(count)} - {bad}
        assert [(one.name, one.code) for one in swept.quarantined] == [(bad, "unfit-row")]
        desk.clock.advance(days=10)
        writes = Writes(store)
        assert {card.level for card in desk.sweep().cards} == ({"red"} if count > 1 else set())
        assert writes.sizes == ([1, count - 1] if count > 1 else [1])


class Writes:
    """Notes of how many cases each append of a store is."""

    def __init__(self, store: Any) -> None:
        self.sizes: list[int] = []
        self._append = store.append
        store.append = self.append

    def append(self, entries: Any, claim: Any = None) -> None:
        self.sizes.append(len(entries))
        self._append(entries, claim)


def test_bad_cases_take_no_place_on_a_page_and_no_turn_of_a_limited_sweep(tmp_path: Path) -> None:
    """Though they are the first in every order, and more than the page or the limit."""
    path = tmp_path / "cases.db"
    with closing(SqliteStore(path, synchronous="off")) as store:
        submit(desk_of(store, START), 12)
    run(path, "UPDATE caseflow_cases SET snapshot = x'7b' WHERE id < 'c09'",
        "DELETE FROM caseflow_events WHERE case_id < 'c09'")  # fmt: skip
    with closing(SqliteStore(path)) as store:
        desk = desk_of(store, START)
        page = desk.cases(limit=2)
        assert ([case.id for case in page], len(page.quarantined)) == (["c09", "c10"], 9)
        assert [case.id for case in desk.cases(limit=2, cursor=page.cursor)] == ["c11"]
        desk.clock.advance(days=6)
        swept = desk.sweep(limit=2)
        assert ([card.case_id for card in swept.cards], swept.more) == (["c09", "c10"], True)


@pytest.mark.parametrize("place", [-5, 1])
def test_a_row_in_another_place_than_its_case_ends_no_list_and_no_sweep(place: int, path: Path) -> None:
    """What the index says and the case does not is named; pages neither repeat nor leave out the others."""
    run(path, f"UPDATE caseflow_cases SET due_order = {place} WHERE id = 'c1'")
    with closing(SqliteStore(path)) as store:
        desk = desk_of(store, "2025-03-11T09:30:00+08:00")
        pages = [desk.cases(limit=1)]
        while pages[-1].cursor:
            pages.append(desk.cases(limit=1, cursor=pages[-1].cursor))
            assert len(pages) < 5
        assert [case.id for page in pages for case in page] == ["c0", "c2"]
        (one,) = desk.sweep(limit=1).quarantined
        assert (one.name, one.code) == (BAD, "bad-case")


def test_a_row_that_is_locked_holds_up_its_case_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are written one by one, and it is a conflict; where all are locked it is the store."""
    store = MemoryStore()
    desk = desk_of(store, START)
    submit(desk, 5)
    locked = {"c1"}
    append = store.append

    def busy(entries: Any, claim: Any = None) -> None:
        if not locked.isdisjoint(entry.case.id for entry in entries):
            raise StoreBusy("store-busy", path="x", seconds=1)
        append(entries, claim)

    monkeypatch.setattr(store, "append", busy)  # a database whose rows others have locked
    desk.clock.advance(days=6)
    swept = desk.sweep()
    assert ([card.case_id for card in swept.cards], swept.conflicts) == (["c0", "c2", "c3", "c4"], ("c1",))
    desk.clock.advance(days=10)
    locked |= {f"c{n}" for n in range(5)}
    with pytest.raises(StoreBusy):
        desk.sweep()
