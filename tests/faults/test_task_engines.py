"""Sweeps and relays by real workers of procrastinate and Celery, killed at random."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from procrastinate import App
from sqlalchemy import create_engine, text

from caseflow import Desk, ManualClock
from caseflow.contrib.celery import celery_work
from caseflow.contrib.procrastinate import procrastinate_work, wake
from caseflow.delivery.relay import Relay
from caseflow.stores.database_urls import parsed
from caseflow.stores.locations import open_store
from caseflow.stores.sqlalchemy import SqlStore
from tests.contracts import databases
from tests.faults.crew import START
from tests.faults.empty_stores import mariadb, postgresql
from tests.faults.orders import CITIZEN, OFFICER, UNIT, Journal, read
from tests.faults.soundness import check_sound, check_told, every_notice
from tests.faults.task_engines import PACE, brokered, connected
from tests.faults.workers import PEOPLE, RULES, Written

ROOT = Path(__file__).resolve().parents[2]
BROKERS = ("CASEFLOW_TEST_REDIS", "CASEFLOW_TEST_RABBITMQ")


@pytest.fixture
def url() -> Iterator[str]:
    """A store and the tables of procrastinate, in one schema."""
    with databases.postgres() as url:
        SqlStore.made(url).close()
        with connected(url).open() as app:
            app.schema_manager.apply_schema()
        yield url


def submitted(store: Any, count: int, *, prefix: str = "case") -> None:
    """So many cases whose cards are all due by today."""
    desk = Desk(RULES, store, clock=ManualClock(START))
    for number in range(count):
        desk.submit(title="t", kind="complaint", to=UNIT, by=CITIZEN, case_id=f"{prefix}-{number}")


def waiting_jobs(url: str) -> int:
    engine = create_engine(parsed(url))
    with engine.connect() as connection:
        jobs: int = connection.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
        ).scalar_one()
    engine.dispose()
    return jobs


def work_off(app: App) -> None:
    """A worker that ends when no job waits; periodic ones begin as it does."""

    async def run() -> None:
        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)

    asyncio.run(run())


@pytest.mark.postgres
def test_a_worker_sweeps_and_tells(url: str, tmp_path: Path) -> None:
    """The task's own pieces and those that its appends woke: every card is issued, everybody is told."""
    store, journal = SqlStore(url), Journal(tmp_path / "told")
    submitted(store, 30)
    app = connected(url)
    desk, relay = Desk(RULES, store), Relay(store, PEOPLE, Written(journal), retry_policy=PACE)
    task = procrastinate_work(app, desk, relay)
    wake(store, task)
    while store.next_due() is not None or any(row.next_try_us for row in every_notice(store)):
        with app.open():
            task.defer()
        work_off(app)
    journal.close()
    assert (check_sound(store).cards, waiting_jobs(url)) == (90, 0)
    check_told(store, read(tmp_path / "told").told)
    store.close()


@pytest.mark.postgres
def test_a_period_calls_others_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One job for each piece beyond the first; those that wait already are not deferred again."""
    monkeypatch.setattr("caseflow.contrib.work.PIECE", 2)
    app, store = connected(url), SqlStore(url)
    task = procrastinate_work(app, Desk(RULES, store))
    waiting = []
    with app.open():
        for prefix in ("a", "b"):
            submitted(store, 7, prefix=prefix)
            task.func(timestamp=1)
            waiting.append(waiting_jobs(url))
        task.func(timestamp=1)
    assert waiting == [3, 3]
    assert waiting_jobs(url) == 3, "nothing is due: nobody is called"
    assert check_sound(store).cards == 14 * 3
    store.close()


@pytest.mark.postgres
def test_a_job_is_deferred_with_the_append(url: str) -> None:
    """In the portal's transaction it comes and goes with it; in our own it is there once the case is."""
    app, engine = connected(url), create_engine(parsed(url))
    own = SqlStore(url)
    task = procrastinate_work(app, Desk(RULES, own))
    with app.open():
        with engine.connect() as connection:
            store = SqlStore.joined(connection)
            wake(store, task)
            submitted(store, 1)
            assert waiting_jobs(url) == 0
            connection.rollback()
            assert waiting_jobs(url) == 0
            submitted(store, 1)
            connection.commit()
            assert waiting_jobs(url) == 1
        wake(own, task)
        submitted(own, 1, prefix="own")
        assert waiting_jobs(url) == 2
        desk = Desk(RULES, own, clock=ManualClock(START))
        desk.note("own-0", text="t", by=OFFICER)
        assert waiting_jobs(url) == 2, "nobody is told of a note"
    own.close()
    engine.dispose()


@pytest.mark.postgres
def test_a_queue_that_is_not_there_undoes_the_append() -> None:
    """Without procrastinate's tables nothing is recorded, and the error is the store's."""
    with databases.postgres() as url:
        store = SqlStore.made(url)
        wake(store, procrastinate_work(connected(url), Desk(RULES, store)))
        with pytest.raises(Exception, match="procrastinate"):
            submitted(store, 1)
        assert store.load("case-0") is None
        store.close()


@pytest.mark.filterwarnings("default")  # those of Celery's own are not ours to mend
def test_a_celery_task_sweeps_and_tells(tmp_path: Path) -> None:
    """It stands in the schedule once a period; what it calls are further pieces of the same."""
    with open_store(f"sqlite:///{tmp_path}/cases.db") as store:
        submitted(store, 30)
        journal = Journal(tmp_path / "told")
        engine = brokered("memory://", "q")
        engine.conf.task_always_eager = engine.conf.task_eager_propagates = True
        relay = Relay(store, PEOPLE, Written(journal), retry_policy=PACE)
        task = celery_work(engine, Desk(RULES, store), relay, every=30.0)
        (entry,) = engine.conf.beat_schedule.values()
        assert (entry["task"], entry["schedule"], entry["args"], entry["options"]["expires"]) == (
            task.name, 30.0, (True,), 30.0,
        )  # fmt: skip
        while store.next_due() is not None or any(row.next_try_us for row in every_notice(store)):
            task.apply(entry["args"])
        journal.close()
        assert check_sound(store).cards == 90
        check_told(store, read(tmp_path / "told").told)


# -- real workers, killed ----------------------------------------------------------------------------------

ROUNDS, CASES = 20, 1_000
WORKERS = 3
LONGEST = 900
"""Seconds that a machine with other work may take."""


class Workers:
    """Real worker processes, each killed at a random moment and begun anew."""

    def __init__(self, command: list[str], environment: dict[str, str], dice: Random) -> None:
        self._command, self._dice = command, dice
        self._environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **environment}
        self.kills = 0
        self._running = [self._begun() for _ in range(WORKERS)]

    def _begun(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command, env=self._environment, cwd=ROOT, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill_one(self) -> None:
        which = self._dice.randrange(WORKERS)
        self._end(self._running[which])
        self.kills += 1
        self._running[which] = self._begun()

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for process in self._running:
            self._end(process)


def killed_until_done(url: str, folder: Path, workers: Workers, dice: Random) -> str:
    """Kill and begin anew while cases come, then wait until every card is issued and every notice settled."""
    with open_store(url) as store:
        until = time.monotonic() + LONGEST
        rounds = 0
        try:
            while rounds < 10 or store.next_due() is not None or _is_owing(store):
                assert time.monotonic() < until, (store.next_due(), rounds)
                if rounds < ROUNDS:
                    submitted(store, CASES // ROUNDS, prefix=f"{rounds}")
                    time.sleep(dice.uniform(0.1, 1.5))
                    workers.kill_one()
                else:
                    time.sleep(0.5)
                rounds += 1
        finally:
            workers.end()
        counts = check_sound(store)
        assert counts.cards == CASES * 3
        told = read(*folder.glob("told-*")).told
        check_told(store, told)
    again = len(told) - len(set(told))
    return (
        f"{workers.kills} kills; {counts.cards} cards, {len(told)} messages, {again} again under the same id"
    )


def _is_owing(store: Any) -> bool:
    return any(row.next_try_us for row in every_notice(store))


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_workers_of_procrastinate(url: str, tmp_path: Path, seed: int, counted: Any) -> None:
    """Every card once, every notice at least once under one id."""
    dice = Random(seed)
    command = [sys.executable, "-m", "procrastinate", "--app", "tests.faults.task_engines.portal", "worker"]
    workers = Workers(command, {"STORE": url, "JOURNAL": str(tmp_path / "told")}, dice)
    counted("procrastinate, kill -9: " + killed_until_done(url, tmp_path, workers, dice))


@pytest.mark.soak
@pytest.mark.parametrize("broker", BROKERS)
@pytest.mark.parametrize("kind", [
    pytest.param(postgresql, id="postgresql", marks=pytest.mark.postgres),
    pytest.param(mariadb, id="mariadb", marks=pytest.mark.mariadb),
])  # fmt: skip
def test_killed_workers_of_celery(kind: Any, broker: str, tmp_path: Path, counted: Any) -> None:
    """The same; the beat lives in each worker here, so that a period begins several pieces."""
    if not os.environ.get(broker):
        pytest.skip(f"{broker} names no server")
    dice = Random(broker)
    with kind(tmp_path) as url:
        environment = {
            "STORE": url, "JOURNAL": str(tmp_path / "told"), "BROKER": os.environ[broker],
            "QUEUE": f"caseflow-test-{os.getpid()}-{time.monotonic_ns()}",
        }  # fmt: skip
        command = [sys.executable, "-m", "celery", "--app", "tests.faults.task_engines:portal", "worker"]
        command += [
            "--concurrency",
            "1",
            "--beat",
            "--schedule",
            str(tmp_path / "beat"),
            "--loglevel",
            "ERROR",
        ]
        command += ["--without-gossip", "--without-mingle", "--pidfile", ""]
        workers = Workers(command, environment, dice)
        counted(
            f"Celery by {broker.rpartition('_')[2]}, kill -9: "
            + killed_until_done(url, tmp_path, workers, dice)
        )
