"""One case is tampered with, in every column of every table: every batch serves the four others whole."""

from __future__ import annotations

import shutil
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from caseflow import Case, Desk, ManualClock, MemoryStore, SqliteStore
from caseflow.policies import registry
from tests.contracts.databases import DATABASES, CaughtUp, emptied
from tests.contracts.tampering import BAD, GOOD, LATE, Said, Statement, batches, lived, statements, tampered


class Template:
    """A file with the five cases, the hash that the bad one pins, and what the batches make of it whole."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "template.db"
        with closing(SqliteStore(self.file, synchronous="off")) as store:
            desk = lived(store, folder)
            self.pin = desk.get(BAD).origin.policy_hash
            self.rules = desk.rules
        self.whole = self.said(self.copy(folder / "whole.db"))

    def copy(self, path: Path) -> Path:
        shutil.copy(self.file, path)
        return path

    def said(self, path: Path) -> Said:
        """What the batches make of the file, in a process that knows no policy but the desk's."""
        with closing(SqliteStore(path, synchronous="off")) as store:
            return batches(Desk(self.rules, store, clock=ManualClock(LATE)))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("bulkheads"))


@pytest.fixture(autouse=True)
def _forgetful(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process knows of policies is forgotten, as by one that was begun today.

    Where a statement leaves the kept policies as they are it stays known, which spares compiling them.
    """
    callspec = getattr(request.node, "callspec", None)
    statement = callspec.params.get("statement") if callspec else None
    if statement is None or "policies" in statement[0]:
        monkeypatch.setattr(registry, "_compiled", OrderedDict())
    monkeypatch.setattr(registry, "_useless", OrderedDict())


def _forget() -> None:
    registry._compiled.clear()


@pytest.mark.parametrize(
    "statement",
    [pytest.param(statement, id=name, marks=() if is_worst else pytest.mark.soak)
     for name, statement, is_worst in statements(garbled=True)],
)  # fmt: skip
def test_what_is_wrong_with_one_case_is_felt_by_no_other(
    statement: Statement, template: Template, tmp_path: Path
) -> None:
    """Relay, lists, sweep, feed, exports, copy, audit, other rules: the others are as if it were not."""
    path = template.copy(tmp_path / "cases.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(*tampered(statement, template.pin)).rowcount > 0
    assert_felt_by_none(template.said(path), template.whole)


def assert_felt_by_none(said: Said, whole: Said) -> None:
    for batch, expected in whole.items():
        assert said[batch] == expected, batch


@pytest.fixture(params=DATABASES[:2])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaughtUp]:
    with emptied(request.param, tmp_path) as store:
        yield store


def on_server(store: CaughtUp, folder: Path, statement: Statement) -> None:
    """Tamper with the five cases on a server, and hold what the batches say against what they should."""
    desk = lived(store, folder)
    sql, values = tampered(statement, desk.get(BAD).origin.policy_hash)
    _forget()
    whole = [(name, desk.get(name).version) for name in GOOD]
    store._connections.write(lambda cursor: cursor.execute(sql.replace("?", "%s"), values))
    said = batches(Desk(desk.rules, store, clock=ManualClock(LATE)))
    assert said["sweep"] == [(name, "red") for name in GOOD]
    assert [sorted(ids) for ids in said["lists"]] == [list(GOOD)] * 4
    assert said["load"] == [version + 1 for _, version in whole]
    assert {name for name, *_ in said["relay"]} == set(said["copy"]) == set(GOOD)
    assert (said["audit"], said["migrate"], len(said["csv"])) == (set(), 4, sum(said["load"]))


FAR = "events.position=4611686"
"""A position that no transaction of a server can have come to: its feed waits for it."""
WORST = {"cases.snapshot=b'null'", "events.body=b'{'", "notices.body='{'", "policies.document='{'"}


@pytest.mark.parametrize(
    "statement",
    [pytest.param(statement, id=name, marks=() if name in WORST else pytest.mark.soak)
     for name, statement, _ in statements(garbled=False) if not name.startswith(FAR)],
)  # fmt: skip
def test_nor_is_it_on_a_server(server: CaughtUp, statement: Statement, tmp_path: Path) -> None:
    """The same on PostgreSQL and MariaDB."""
    on_server(server, tmp_path, statement)


MEMORY: dict[str, Callable[[MemoryStore, Case], object]] = {
    "event": lambda store, case: store._bodies.update({BAD: b"{\0" + store._bodies[BAD].partition(b"\0")[2]}),
    "policy": lambda store, case: store._documents.update({case.origin.policy_hash: '{"calendars": {}}'}),
    "no policy": lambda store, case: store._documents.pop(case.origin.policy_hash),
    "instants": lambda store, case: store._cases.update({BAD: case.replace(clocks=())}),
    "ladder": lambda store, case: store._cases.update({BAD: twice_a_level(case)}),
    "zone": lambda store, case: store._cases.update(
        {BAD: case.replace(origin=case.origin.replace(zone="Nowhere/Town"))}
    ),
    "texts": lambda store, case: store._texts.pop(BAD),
}
"""What may be wrong with a case in memory, where it came from another place."""


def twice_a_level(case: Case) -> Case:
    """Its ladder names the level that comes next twice, so that firing it leaves the other one owed."""
    (run,) = case.clocks
    ladder = tuple(
        ("yellow", is_breach) if level == "red" else (level, is_breach) for level, is_breach in run.ladder
    )
    return case.replace(clocks=(run.replace(ladder=ladder),))


@pytest.mark.parametrize("way", MEMORY)
def test_nor_is_it_in_memory(way: str, template: Template, tmp_path: Path) -> None:
    """The same of a store in memory; a sweep over a ladder that would never end comes back."""
    store = MemoryStore()
    desk = lived(store, tmp_path)
    case = desk.get(BAD)
    _forget()
    MEMORY[way](store, case)
    said = batches(Desk(desk.rules, store, clock=ManualClock(LATE)))
    for batch in ("sweep", "lists", "relay", "load", "feed", "csv", "xes", "copy", "issued", "migrate"):
        assert said[batch] == template.whole[batch], batch
