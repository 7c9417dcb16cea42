"""What really happened is never told as a fault: any life, any policy, others writing meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Actor, Desk, SqliteStore, load_policy
from caseflow.audit.checkpoint import (
    Checkpoint,
    PrivateKey,
    make_key,
    read_checkpoint,
    read_private_key,
    read_public_key,
    write_checkpoint,
)
from caseflow.audit.verify import verify
from caseflow.stores.copy import copy_cases
from caseflow.stores.sqlalchemy import SqlStore
from caseflow.testing import strategies as cs
from tests.audit.lived import CITIZEN, OFFICER, live
from tests.contracts.databases import DATABASES, emptied
from tests.laws.histories import World, steps

ROOT = Path(__file__).parents[2]
POLICIES = {
    "wuhu": load_policy("wuhu"),
    "receipt": load_policy(ROOT / "examples" / "policies" / "receipt.toml"),
    "five clocks": load_policy(ROOT / "tests" / "laws" / "policy.toml"),
}
PROPERTY = settings(derandomize=True, database=None, max_examples=15, deadline=None)
NOW = 1_742_000_000_000_000


def assert_sound(store: Any) -> None:
    """The store is sound; for a message that names the faults."""
    assert verify(store).faults == ()


@pytest.mark.parametrize("name", POLICIES)
def test_generated_lives_are_sound(name: str) -> None:
    """Replies, pauses, late facts, annulments, documents and corrections, each as the desk wrote it."""

    @PROPERTY
    @given(cs.timelines(POLICIES[name], cases=2, min_steps=4))
    def sound(script: cs.Script) -> None:
        with closing(SqliteStore(":memory:")) as store:
            script.run(script.desk(store))
            assert_sound(store)

    sound()


@PROPERTY
@given(steps(), st.booleans())
def test_merges_and_adopted_rules_are_sound(history: Any, swept: bool) -> None:
    """Cases that follow each other and change their policy leave nothing behind that the audit minds."""
    with closing(SqliteStore(":memory:")) as store:
        world = World(store).run(history)
        if swept:
            world.clock.advance(days=60)
            world.desk.sweep()
        assert_sound(store)


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    make_key(tmp_path / "key")
    return read_private_key(tmp_path / "key")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    with emptied(request.param, tmp_path) as store:
        yield store


def signed(store: Any, key: PrivateKey, path: Path) -> Checkpoint:
    write_checkpoint(store, key, path, now_us=NOW)
    return read_checkpoint(path, read_public_key(path.parent / "key.pub"))


def test_others_may_write_meanwhile(store: SqlStore, key: PrivateKey, tmp_path: Path) -> None:
    """Audits and checkpoints of a busy store find nothing, and every checkpoint holds afterwards."""
    desk, done = live(store, cases=40), threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            desk.submit(title="新件", to="城管局", by=CITIZEN, case_id=f"b{number}", key=f"b{number}")
            desk.note(f"a{2 + number % 38}", text="跟进", by=OFFICER)
            desk.clock.advance(hours=20)
            desk.sweep()
            done.wait(0.002)  # or a file's readers would seldom get their turn

    writer = threading.Thread(target=write)
    writer.start()
    try:
        marks = [signed(store, key, tmp_path / f"{number}.cp") for number in range(3)]
        reports = [verify(store, checkpoint=marks[number]) for number in range(3)]
    finally:
        done.set()
        writer.join()
    assert [report.faults for report in reports] == [(), (), ()]
    assert reports[-1].events > marks[0].events
    for mark in marks:
        assert verify(store, checkpoint=mark).is_sound


def test_a_checkpoint_follows_the_cases_anywhere(store: SqlStore, key: PrivateKey, tmp_path: Path) -> None:
    """Copied into another kind of database and again, cases fit the checkpoint, and are signed the same."""
    live(store)
    mark = signed(store, key, tmp_path / "first.cp")
    with (
        closing(SqliteStore(tmp_path / "moved.db")) as other,
        closing(SqliteStore(tmp_path / "b.db")) as back,
    ):
        copy_cases(store, other)
        copy_cases(other, back)
        for moved in (other, back):
            assert verify(moved, checkpoint=mark).is_sound
        again = signed(back, key, tmp_path / "again.cp")
    assert again.sha256 == mark.sha256


def test_a_desk_that_tells_nobody_is_sound(key: PrivateKey, tmp_path: Path) -> None:
    """Cases without notices and documents are as sound as those with them, alone and beside them."""
    with closing(SqliteStore(":memory:")) as store:
        telling = live(store)
        quiet = Desk(load_policy("wuhu"), store, clock=telling.clock, tells=False)
        quiet.submit(title="静", to="城管局", by=Actor("c-2", role="citizen"), case_id="q1")
        telling.clock.advance(days=40)
        quiet.sweep()
        assert store.documents("q1") == ()
        assert_sound(store)
