"""``kill -9`` at random moments of those who write, sweep and carry notices."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, text

from caseflow import Desk, ManualClock
from caseflow.core.time.instants import DAY
from caseflow.delivery.relay import Relay
from caseflow.stores.database_urls import parsed
from caseflow.stores.locations import open_store
from tests.contracts.databases import CaughtUp
from tests.faults.crew import Crew, FastClock, Task, Workers
from tests.faults.empty_stores import mariadb, postgresql, sqlite
from tests.faults.orders import Journal, Read, read
from tests.faults.soundness import (
    Counts,
    Given,
    check_given,
    check_sound,
    check_told,
    every_case,
    every_notice,
)
from tests.faults.workers import PACE, PEOPLE, RULES, Written, carry, mix, sweep, write

pytestmark = pytest.mark.soak


PER_STORE = 10
"""Rounds on one store before the next begins empty."""
WITHIN = 0.15
"""Seconds from the moment all are at work to the last kill."""
CREW = {"write-1": write, "write-2": write, "sweep": sweep, "carry": carry}
MIXED = {"write": write, "mix-1": mix, "mix-2": mix, "sweep": sweep, "carry": carry}


def marked(url: str) -> str:
    """The URL for those who will be killed: the server knows their sessions by a name."""
    if not url.startswith("postgresql"):
        return url
    return f"{url}&application_name=killed-{os.getpid()}"


@contextmanager
def until_gone(url: str) -> Iterator[None]:
    """After it the server has seen that the killed are gone: what they had sent may still be under way."""
    if url.startswith("sqlite"):
        yield
        return
    engine = create_engine(parsed(url), isolation_level="AUTOCOMMIT")
    asked = text(
        f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'killed-{os.getpid()}'"
        if url.startswith("postgresql")
        else "SELECT count(*) FROM information_schema.processlist WHERE db = database()"
    )
    with engine.connect() as connection:
        before = connection.execute(asked).scalar() or 0
        yield
        until = time.monotonic() + 20
        while (connection.execute(asked).scalar() or 0) > before:
            assert time.monotonic() < until, "a session of a killed process does not end"
            time.sleep(0.005)
    engine.dispose()


@attrs.define
class Sums:
    """What all rounds came to."""

    given: list[Given] = attrs.Factory(list)
    counts: list[Counts] = attrs.Factory(list)
    told: int = 0
    again: int = 0
    redacted: int = 0

    def told_as(self, rounds: int, kind: str) -> str:
        def of(name: str, values: list[object]) -> str:
            return f"{sum(getattr(found, name) for found in values):,}"

        given, counts = list[object](self.given), list[object](self.counts)
        return (
            f"kill -9, {kind}: {rounds} rounds; {of('acknowledged', given)} commands"
            f" acknowledged, 0 lost, 0 twice; {of('retried', given)} cut off and given again,"
            f" {of('landed', given)} of them recorded before; {of('refused', given)} refused;"
            f" {of('cases', counts)} cases, {of('events', counts)} events, {of('cards', counts)} cards,"
            f" {of('documents', counts)} documents, {of('notices', counts)} notices, {self.told:,} messages,"
            f" {self.again:,} of them again under the same id; {self.redacted:,} titles redacted, none left"
        )


@pytest.mark.parametrize(("kind", "crew", "rounds", "seed"), [
    pytest.param(sqlite, CREW, 100, 1, id="sqlite-1"),
    pytest.param(sqlite, CREW, 100, 2, id="sqlite-2"),
    pytest.param(postgresql, CREW, 50, 3, id="postgresql", marks=pytest.mark.postgres),
    pytest.param(sqlite, MIXED, 20, 4, id="sqlite-mixed"),
    pytest.param(postgresql, MIXED, 20, 5, id="postgresql-mixed", marks=pytest.mark.postgres),
    pytest.param(mariadb, MIXED, 20, 6, id="mariadb-mixed", marks=pytest.mark.mariadb),
])  # fmt: skip
def test_what_was_acknowledged_survives_kills(
    kind: Callable[[Path], object], crew: Workers, rounds: int, seed: int, tmp_path: Path,
    counted: Callable[[str], None],
) -> None:  # fmt: skip
    """Every acknowledged command is there once, and each cut off too once it is given again with its key;
    chains and documents are whole; no notice is lost, and none was told under two ids.
    """  # fmt: skip
    sums = Sums()
    for first in range(0, rounds, PER_STORE):
        folder = tmp_path / str(first)
        folder.mkdir()
        with kind(folder) as url:  # type: ignore[attr-defined]  # a context manager of either kind
            run(url, folder, crew, [f"{seed}-{number}" for number in range(first, first + PER_STORE)], sums)
    assert sum(found.retried for found in sums.given) > rounds // 10, "kills must meet commands under way"
    counted(sums.told_as(rounds, f"{kind.__name__}, {len(crew)} processes ({', '.join(crew)})"))


def run(url: str, folder: Path, workers: Workers, rounds: list[str], sums: Sums) -> None:
    clock = FastClock.started(days=20)
    store = CaughtUp(url) if url.startswith("postgresql") else open_store(url)
    desk = Desk(RULES, store, clock=clock)
    journals: list[Path] = []
    for name in rounds:
        known = tuple(case_id for case_id, _ in every_case(store))
        of_all = Task(marked(url), folder, clock, name, known)
        tasks = [of_all.of(who, is_writer=who.startswith(("write", "mix"))) for who in workers]
        with until_gone(url):
            crew = Crew(list(zip(workers.values(), tasks, strict=True)))
            crew.wait_ready()
            crew.kill_at_random(Random(name), WITHIN)
        journals += [task.journal for task in tasks]
        journal = read(*[task.journal for task in tasks])
        sums.given.append(check_given(desk, journal))
        sums.redacted += check_redacted(store, journal)
        check_sound(store)
    desk.sweep()
    last = Journal(folder / "last")
    later = ManualClock(clock.now_us() + 400 * DAY)
    while any(row.next_try_us is not None for row in every_notice(store)):
        Relay(store, PEOPLE, Written(last), clock=later, retry_policy=PACE).until_empty()
        later.advance(days=30)
    last.close()
    told = read(*journals, folder / "last").told
    check_told(store, told)
    sums.counts.append(check_sound(store))
    sums.told += len(told)
    sums.again += len(told) - len(set(told))
    store.close()


def check_redacted(store: Any, journal: Read) -> int:
    """Of each acknowledged redaction nothing is left in any row; how many there were."""
    redacted = [order for order in journal.asked if order.action == "redact" and order.key in journal.done]
    rows = str([store.raw("texts"), store.raw("events"), store.raw("notices")]) if redacted else ""
    for order in redacted:
        assert f'{order.secret}"' not in rows, f"{order}: its title is there"
    return len(redacted)
